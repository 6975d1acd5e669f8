//! Whose record a session may see, and why: of whoever is here today, at once; of anybody else after a reason, which the
//! person reads in their access log.

use std::time::Duration;

use sokhoe_domain::{AccessReason, Timestamp};

use crate::store::{Sql, StoreError, Tx, params};

/// How long a record stays open for a reason.
const OPEN: Duration = Duration::from_secs(30 * 60);

/// Why a session may see a person's record now; nothing where it has to say why first.
pub(crate) fn reason(
    sql: Sql<'_>,
    session: i64,
    patient: &str,
    now: Timestamp,
) -> Result<Option<AccessReason>, StoreError> {
    if is_here(sql, patient, now)? {
        return Ok(Some(AccessReason::Visit));
    }
    let code: Option<String> = sql.first(
        "SELECT reason FROM staff_opening WHERE session = ?1 AND patient = ?2 AND at > ?3",
        params![session, patient, now.minus(OPEN).as_millis()],
        |row| row.get(0),
    )?;
    Ok(code.as_deref().and_then(AccessReason::of_code))
}

/// Whether the person has a booking today that stands, or a number.
fn is_here(sql: Sql<'_>, patient: &str, now: Timestamp) -> Result<bool, StoreError> {
    let today = now.vietnam_day();
    let from = Timestamp::start_of_day(today);
    let to = Timestamp::start_of_day(today.succ_opt().unwrap_or(today));
    sql.exists(
        "SELECT 1 FROM appointment
         WHERE patient = ?1 AND starts >= ?2 AND starts < ?3 AND state NOT IN ('held', 'cancelled')",
        params![patient, from.as_millis(), to.as_millis()],
    )
}

/// Says why.
pub(crate) fn open(
    tx: &Tx<'_>,
    session: i64,
    patient: &str,
    reason: AccessReason,
) -> Result<(), StoreError> {
    tx.sql().execute(
        "INSERT INTO staff_opening (session, patient, reason, at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (session, patient) DO UPDATE SET reason = ?3, at = ?4",
        params![session, patient, reason.code(), tx.now().as_millis()],
    )?;
    Ok(())
}
