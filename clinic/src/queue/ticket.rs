//! Scanned tickets: proved by the clinic's own key, and used once, whichever process sees them.

use sokhoe_domain::Timestamp;
use sokhoe_qr::PublicKey;
use sokhoe_qr::signed::{Admission, Refusal, Ticket, TicketGate};

use super::QueueRefusal;
use crate::store::{Sql, StoreError, Tx, params};

/// What a scanned ticket says, if it may be shown now. That it is used is noted by [`admit`], once its holder has a
/// number.
pub(super) fn check(text: &str, key: PublicKey, now: Timestamp) -> Result<Ticket, QueueRefusal> {
    TicketGate::new([key])
        .check(text, now)
        .map_err(|refusal| match refusal {
            Refusal::NotYet { from } if from.vietnam_day() != now.vietnam_day() => {
                QueueRefusal::AnotherDay(from.vietnam_day())
            }
            other => QueueRefusal::BadTicket(other),
        })
}

/// When a ticket was used first.
pub(super) fn admitted(sql: Sql<'_>, ticket: &Ticket) -> Result<Option<Timestamp>, StoreError> {
    sql.first(
        "SELECT at FROM ticket_admission WHERE number = ?1",
        params![ticket.number],
        |row| Ok(Timestamp::from_millis(row.get(0)?)),
    )
}

/// Notes that a ticket is used.
pub(super) fn admit(tx: &Tx<'_>, ticket: &Ticket) -> Result<(), StoreError> {
    let admission = Admission::new(ticket, tx.now());
    tx.sql().execute(
        "INSERT INTO ticket_admission (number, at, ends) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![
            admission.number,
            admission.at.as_millis(),
            admission.ends.as_millis()
        ],
    )?;
    Ok(())
}

/// The ticket of an appointment's row can be used once more.
pub(super) fn forget(tx: &Tx<'_>, appointment: i64) -> Result<(), StoreError> {
    tx.sql().execute(
        "DELETE FROM ticket_admission WHERE number = ?1",
        params![appointment],
    )?;
    Ok(())
}

/// Drops tickets of which none passed any more at this time.
pub(crate) fn forget_ended(tx: &Tx<'_>, before: Timestamp) -> Result<(), StoreError> {
    tx.sql().execute(
        "DELETE FROM ticket_admission WHERE ends < ?1",
        params![before.as_millis()],
    )?;
    Ok(())
}
