//! What waits between the steps: who was sent to the provider, and whose code was not exchanged yet. Of what opens something
//! the database has the hash alone.

use super::authorize::AuthorizationRequest;
use crate::keys::sha256;
use crate::store::{StoreError, Tx, params};

/// Milliseconds that a person has to sign in.
pub(crate) const SIGNING_IN: i64 = 600_000;
/// Milliseconds for which a code is good (RFC 6749, 4.1.2: short).
pub(super) const CODE: i64 = 60_000;
/// Milliseconds for which it is remembered that a code was used: whoever uses it again has what they should not.
const USED: i64 = 86_400_000;
/// People who may be signing in at once: more is somebody's noise. Counted are all who began since the oldest that still waits.
const MOST: i64 = 100_000;

/// Somebody who was sent to the provider.
#[derive(Clone)]
pub(crate) struct Waiting {
    /// Where the app waits for an answer.
    pub redirect_uri: String,
    /// What the app knows its request by.
    pub app_state: String,
    challenge: Vec<u8>,
    thumbprint: Vec<u8>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}

/// Remembers a request under the state that the provider gives back. Whether there was room.
pub(crate) fn begin(
    tx: &mut Tx<'_>,
    state: &str,
    request: &AuthorizationRequest,
) -> Result<bool, StoreError> {
    let now = tx.now().as_millis();
    tx.sql()
        .execute("DELETE FROM sign_in WHERE expires <= ?1", params![now])?;
    // Two looks into an index: this is asked for each of them, of one writer.
    let waiting: i64 = tx.sql().one(
        "SELECT coalesce((SELECT max(number) FROM sign_in) - (SELECT min(number) FROM sign_in) + 1, 0)",
        &[],
        |row| row.get(0),
    )?;
    if waiting >= MOST {
        return Ok(false);
    }
    tx.sql().execute(
        "INSERT INTO sign_in (state_hash, redirect_uri, app_state, challenge, thumbprint, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            sha256(state.as_bytes()),
            request.redirect_uri,
            request.state,
            request.challenge,
            request.thumbprint,
            now.saturating_add(SIGNING_IN),
        ],
    )?;
    Ok(true)
}

/// Whoever was remembered under a state, once.
pub(crate) fn take(tx: &mut Tx<'_>, state: &str) -> Result<Option<Waiting>, StoreError> {
    let found = tx.sql().first(
        "DELETE FROM sign_in WHERE state_hash = ?1
         RETURNING redirect_uri, app_state, challenge, thumbprint, expires",
        params![sha256(state.as_bytes())],
        |row| {
            let waiting = Waiting {
                redirect_uri: row.get(0)?,
                app_state: row.get(1)?,
                challenge: row.get(2)?,
                thumbprint: row.get(3)?,
            };
            Ok((waiting, row.get::<i64>(4)?))
        },
    )?;
    let now = tx.now().as_millis();
    Ok(found
        .filter(|(_, expires)| now < *expires)
        .map(|(waiting, _)| waiting))
}

/// A code that lets the phone of this request in for this patient.
pub(crate) fn give_code(
    tx: &mut Tx<'_>,
    waiting: &Waiting,
    patient: &str,
    code: &str,
) -> Result<(), StoreError> {
    tx.sql().execute(
        "INSERT INTO authorization_code (code_hash, patient, redirect_uri, challenge, thumbprint, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            sha256(code.as_bytes()),
            patient,
            waiting.redirect_uri,
            waiting.challenge,
            waiting.thumbprint,
            tx.now().as_millis().saturating_add(CODE),
        ],
    )?;
    Ok(())
}

/// From now on no code that is on its way brings in a phone for this patient.
pub(crate) fn cancel(tx: &mut Tx<'_>, patient: &str) -> Result<(), StoreError> {
    tx.sql().execute(
        "DELETE FROM authorization_code WHERE patient = ?1 AND session IS NULL",
        params![patient],
    )?;
    Ok(())
}

/// Forgets what is over.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let now = tx.now().as_millis();
    tx.sql()
        .execute("DELETE FROM sign_in WHERE expires <= ?1", params![now])?;
    tx.sql().execute(
        "DELETE FROM authorization_code WHERE expires <= ?1 AND (session IS NULL OR expires <= ?2)",
        params![now, now.saturating_sub(USED)],
    )?;
    Ok(())
}
