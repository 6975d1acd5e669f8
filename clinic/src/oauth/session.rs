//! Which session a request is of.

use std::sync::Arc;

use super::jws::Thumbprint;
use super::proof::{Proof, WINDOW};
use super::refresh::WHOLE;
use super::seconds;
use super::seen_proofs::Seen;
use super::tokens::{ACCESS_LASTS, Token};
use sokhoe_domain::Timestamp;

use crate::access::Access;
use crate::clinic::Inner;
use crate::store::{Dialect, Isolation, Row, Sql, StoreError, Tx, params};

/// Seconds for which the access token before the present one is still good: requests with it are on their way while
/// the tokens are renewed.
const PREVIOUS_LASTS: i64 = 600;

/// Whose a request is.
#[derive(Debug)]
pub(crate) enum Known {
    /// This session's.
    As(Access),
    /// Nobody's: the token was not made for this key, is over, or its session has ended.
    Nobody,
    /// The proof came before.
    Replayed,
    /// There is no room to tell whether it did.
    Crowded,
}

/// A session as it is asked for.
struct Found {
    session: i64,
    device: String,
    generation: u32,
    issued: i64,
    used_generation: i64,
    created: i64,
    /// With PostgreSQL: whether the proof comes for the first time.
    is_first: bool,
}

impl Found {
    fn of(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            session: row.get(0)?,
            device: row.get(1)?,
            generation: row.get(2)?,
            issued: row.get(3)?,
            used_generation: row.get(4)?,
            created: row.get(5)?,
            is_first: row.get(6)?,
        })
    }
}

/// The session of a token that this clinic made, shown with this proof.
pub(crate) async fn authenticate(
    inner: &Arc<Inner>,
    token: Token,
    proof: Proof,
) -> Result<Known, StoreError> {
    let now = seconds(&*inner.clock);
    let found = inner
        .store
        .note_async(move |sql| find(sql, &token, &proof, now))
        .await?;
    let Some(found) = found else {
        return Ok(Known::Nobody);
    };
    let age = now.saturating_sub(found.issued.div_euclid(1_000));
    let lasts = if token.generation == found.generation {
        ACCESS_LASTS
    } else if token.generation.checked_add(1) == Some(found.generation) {
        PREVIOUS_LASTS
    } else {
        0
    };
    let whole = now.saturating_sub(found.created.div_euclid(1_000));
    if age >= lasts || whole >= WHOLE / 1_000 {
        return Ok(Known::Nobody);
    }
    let seen = match inner.store.is_shared() {
        true if found.is_first => Seen::First,
        true => Seen::Again,
        false => inner.proving.seen.note(&proof.id, now),
    };
    match seen {
        Seen::First => {}
        Seen::Again => return Ok(Known::Replayed),
        Seen::Full => return Ok(Known::Crowded),
    }
    // Once a renewal: from now on the tokens before are known not to be needed any more.
    let is_news = found.used_generation < i64::from(found.generation);
    if is_news && token.generation == found.generation {
        let (session, generation) = (found.session, found.generation);
        let work = move |tx: &mut Tx<'_>| {
            tx.sql().execute(
                "UPDATE session SET used_generation = ?2 WHERE pk = ?1 AND used_generation < ?2",
                params![session, generation],
            )
        };
        inner.store.write_async(Isolation::LocksRows, work).await?;
    }
    Ok(Known::As(Access::of_session(
        found.session,
        &found.device,
        &inner.clock,
    )))
}

/// One statement. Where several processes share the database it also notes the proof.
fn find(sql: Sql<'_>, token: &Token, proof: &Proof, now: i64) -> Result<Option<Found>, StoreError> {
    const SESSION: &str = "SELECT pk, device, generation, issued, used_generation, created";
    const WHERE: &str = "FROM session WHERE family = ?1 AND thumbprint = ?2 AND revoked IS NULL";
    match sql.dialect() {
        Dialect::Sqlite => sql.first(
            &format!("{SESSION}, 1 = 1 {WHERE}"),
            params![token.family, proof.thumbprint],
            Found::of,
        ),
        Dialect::Postgres => sql.first(
            &format!(
                "WITH noted AS (
                     INSERT INTO dpop_proof (id, ends) SELECT CAST(?3 AS BYTEA), CAST(?4 AS BIGINT) {WHERE}
                     ON CONFLICT DO NOTHING RETURNING 1)
                 {SESSION}, EXISTS (SELECT 1 FROM noted) {WHERE}"
            ),
            params![
                token.family,
                proof.thumbprint,
                proof.id,
                ends(now)
            ],
            Found::of,
        ),
    }
}

/// The sessions of a key that have not ended.
pub(crate) fn sessions_of_key(
    sql: Sql<'_>,
    inner: &Inner,
    thumbprint: Thumbprint,
    now: Timestamp,
) -> Result<Vec<Access>, StoreError> {
    let found: Vec<(i64, String)> = sql.rows(
        "SELECT pk, device FROM session
         WHERE thumbprint = ?1 AND revoked IS NULL AND created > ?2 ORDER BY pk",
        params![thumbprint, now.as_millis() - WHOLE],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let access =
        |(session, device): &(i64, String)| Access::of_session(*session, device, &inner.clock);
    Ok(found.iter().map(access).collect())
}

/// Until when a proof is remembered: it may be of the future, and good for as long after.
fn ends(now: i64) -> i64 {
    now.saturating_add(2 * WINDOW)
}

/// Whether a proof comes for the first time, within what it is for. A job may be done again: where one process has the
/// database it is asked before, by [`super::SeenProofs`].
pub(crate) fn first_use(tx: &Tx<'_>, proof: &Proof) -> Result<bool, StoreError> {
    if tx.sql().dialect() == Dialect::Sqlite {
        return Ok(true);
    }
    let now = tx.now().as_millis().div_euclid(1_000);
    let noted = tx.sql().execute(
        "INSERT INTO dpop_proof (id, ends) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![proof.id, ends(now)],
    )?;
    Ok(noted > 0)
}

/// Forgets proofs that are too old to be believed.
pub(crate) fn forget_proofs(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    if tx.sql().dialect() == Dialect::Postgres {
        let now = tx.now().as_millis().div_euclid(1_000);
        tx.sql()
            .execute("DELETE FROM dpop_proof WHERE ends < ?1", params![now])?;
    }
    Ok(())
}
