//! How often somebody may try a password: five times in a quarter of an hour, also for a login that does not exist.
//!
//! Counted in the database, so that several processes count together. A browser that was signed in with the login before is
//! counted apart ("device cookies", OWASP): whoever tries somebody's login out from elsewhere does not lock them out.

use std::time::Duration;

use super::accounts::login;
use crate::clinic::Inner;
use crate::store::{Sql, StoreError, Tx, params};

/// Attempts in a quarter of an hour.
const ATTEMPTS: u32 = 5;
const QUARTER: Duration = Duration::from_secs(900);

/// Who tries: a login, and the browser where that is known.
pub(super) fn key(inner: &Inner, typed: &str, browser: Option<&str>) -> [u8; 32] {
    let login = login(typed);
    let parts: &[&[u8]] = match browser {
        Some(browser) => &[login.as_bytes(), browser.as_bytes()],
        None => &[login.as_bytes()],
    };
    inner.keys.mac("staff attempt", parts)
}

/// Counts an attempt before it is looked at, so that many at once are many. How long to wait, where it is one too many.
pub(super) fn count(tx: &Tx<'_>, who: &[u8; 32]) -> Result<Result<(), Duration>, StoreError> {
    let (now, begins) = (tx.now(), tx.now().minus(QUARTER).as_millis());
    let (count, since): (u32, i64) = tx.sql().one(
        "INSERT INTO staff_attempt (who, count, since) VALUES (?1, 1, ?2)
         ON CONFLICT (who) DO UPDATE SET
           count = CASE WHEN staff_attempt.since <= ?3 THEN 1 ELSE staff_attempt.count + 1 END,
           since = CASE WHEN staff_attempt.since <= ?3 THEN ?2 ELSE staff_attempt.since END
         RETURNING count, since",
        params![who, now.as_millis(), begins],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if count <= ATTEMPTS {
        return Ok(Ok(()));
    }
    let over = sokhoe_domain::Timestamp::from_millis(since).plus(QUARTER);
    Ok(Err(over.since(now)))
}

/// Whoever it is came in.
pub(super) fn succeeded(sql: Sql<'_>, who: &[u8; 32]) -> Result<(), StoreError> {
    sql.execute("DELETE FROM staff_attempt WHERE who = ?1", params![who])?;
    Ok(())
}

/// A login has another password.
pub(super) fn forget(sql: Sql<'_>, inner: &Inner, login: &str) -> Result<(), StoreError> {
    succeeded(sql, &key(inner, login, None))
}

/// Forgets those that do not count any more.
pub(super) fn forget_old(tx: &Tx<'_>) -> Result<(), StoreError> {
    let begins = tx.now().minus(QUARTER).as_millis();
    let text = "DELETE FROM staff_attempt WHERE since <= ?1";
    tx.sql().execute(text, params![begins])?;
    Ok(())
}
