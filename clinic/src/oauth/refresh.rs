//! Refresh tokens (RFC 6749, 6): each used once, and given again to whoever did not get its answer.

use super::proof::{Proof, nonce};
use super::session::first_use;
use super::tokens::{Given, Token};
use crate::clinic::Inner;
use crate::store::{StoreError, Tx, params};

/// Milliseconds.
const SECOND: i64 = 1_000;
const DAY: i64 = 86_400 * SECOND;
/// A session that asks for nothing for so long is over, and every session after so long: the phone comes in again.
pub(super) const IDLE: i64 = 30 * DAY;
pub(super) const WHOLE: i64 = 90 * DAY;
/// Seconds after a renewal within which the same phone may ask with the token before, whatever it did since.
const GRACE: i64 = 60;

/// What came of a refresh token.
#[derive(Debug)]
pub(crate) enum Refreshed {
    Given(Given),
    /// Its session is over.
    Refused,
    /// Somebody who should not have it has it: its session is over from now on.
    Reused,
    /// The proof came before.
    Replayed,
    /// When it was asked must be known for certain before anything is concluded from it: with this nonce it is.
    UseNonce(String),
}

struct Session {
    pk: i64,
    thumbprint: Vec<u8>,
    generation: u32,
    issued: i64,
    used_generation: i64,
    created: i64,
    moved_from: Option<Vec<u8>>,
}

/// Gives the successors of a refresh token that this clinic made. The same token gives the same phone the same successors
/// until they are used, so that a lost answer logs nobody out.
pub(crate) fn refresh(
    tx: &mut Tx<'_>,
    inner: &Inner,
    token: Token,
    proof: Proof,
) -> Result<Refreshed, StoreError> {
    let found = tx.sql().first(
        "SELECT pk, thumbprint, generation, issued, used_generation, created, moved_from
         FROM session WHERE family = ?1 AND thumbprint IS NOT NULL AND revoked IS NULL",
        params![token.family],
        |row| {
            Ok(Session {
                pk: row.get(0)?,
                thumbprint: row.get(1)?,
                generation: row.get(2)?,
                issued: row.get(3)?,
                used_generation: row.get(4)?,
                created: row.get(5)?,
                moved_from: row.get(6)?,
            })
        },
    )?;
    let Some(session) = found else {
        return Ok(Refreshed::Refused);
    };
    let now = tx.now().as_millis();
    // The phone before, which does not know yet that another has its place, steals nothing.
    if session.moved_from.as_deref() == Some(&proof.thumbprint[..]) {
        return Ok(Refreshed::Refused);
    }
    if session.thumbprint != proof.thumbprint {
        end(tx, session.pk, "refresh-token-of-another-key")?;
        return Ok(Refreshed::Reused);
    }
    if !first_use(tx, &proof)? {
        return Ok(Refreshed::Replayed);
    }
    if now >= session.issued.saturating_add(IDLE) || now >= session.created.saturating_add(WHOLE) {
        return Ok(Refreshed::Refused);
    }
    let of = |generation: u32| Token {
        generation,
        ..token
    };
    let gives = |tx: &mut Tx<'_>, generation: u32| {
        tx.sql().execute(
            "UPDATE session SET generation = ?2, issued = ?3 WHERE pk = ?1",
            params![session.pk, generation, now],
        )?;
        let given = Given::of(&inner.keys, &of(generation), now, now);
        Ok(Refreshed::Given(given))
    };
    // A clinic that came out of a backup knows less than it gave, and goes on from there.
    if token.generation >= session.generation {
        return gives(tx, token.generation.saturating_add(1));
    }
    let is_before = token.generation.checked_add(1) == Some(session.generation);
    let is_unused = session.used_generation < i64::from(session.generation);
    if is_before && is_unused {
        // The same as before, good from now on: the answer may have been lost days ago.
        return gives(tx, session.generation);
    }
    // By when it was asked, not by when it arrived, since networks keep things back; and by this clinic's clock, since a phone's
    // that is ahead makes what is late look new.
    if !proof.has_nonce {
        return Ok(Refreshed::UseNonce(nonce(inner)));
    }
    let is_soon = proof.made <= session.issued.div_euclid(SECOND).saturating_add(GRACE);
    if is_before && is_soon {
        let present = of(session.generation);
        let given = Given::of(&inner.keys, &present, session.issued, now);
        return Ok(Refreshed::Given(given));
    }
    if is_soon {
        // Asked before the present tokens were given: the phone has others by now.
        return Ok(Refreshed::Refused);
    }
    end(tx, session.pk, "refresh-token-reused")?;
    Ok(Refreshed::Reused)
}

/// Ends a session for a reason that the clinic should know of.
pub(crate) fn end(tx: &mut Tx<'_>, session: i64, reason: &str) -> Result<(), StoreError> {
    tx.sql().execute(
        "UPDATE session SET revoked = ?2, revoked_for = ?3 WHERE pk = ?1",
        params![session, tx.now().as_millis(), reason],
    )?;
    tracing::warn!(session, reason, "a phone's session was ended");
    Ok(())
}
