//! What nobody's request does: offers that ran out go on, places end, times that are freed without anybody's doing are
//! offered. Any number of processes may do it at once: each step locks its person and looks again.

use std::sync::Arc;

use sokhoe_domain::Timestamp;
use sokhoe_fhir::Coded;
use sokhoe_fhir::appointment::{CANCELATION_REASON, PERIOD_OVER};

use super::super::book::Office;
use super::super::source::Source;
use super::offering::{Taken, first_that_suits, freed, offer_what_is_free};
use super::{COLUMNS, Entry, again, entry};
use crate::access;
use crate::clinic::Inner;
use crate::store::{Sql, StoreError, Tx, params, resources};

/// What is to be done with a place.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Its time was kept long enough.
    Lapse,
    /// Its period is over.
    End,
    /// Something that suits is free.
    Offer,
}

/// Does what is due; with `whole` also looks for free times for everybody who waits. Blocks on the database.
pub(crate) fn tend(inner: &Arc<Inner>, whole: bool) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let due = inner.store.read(|sql| due(sql, now))?;
    for (pk, step) in due {
        do_step(inner, pk, step)?;
    }
    if whole {
        let reading = Arc::clone(inner);
        for pk in inner
            .store
            .read(move |sql| with_a_free_time(sql, &reading))?
        {
            do_step(inner, pk, Step::Offer)?;
        }
    }
    Ok(())
}

/// In the order of the list.
fn due(sql: Sql<'_>, now: Timestamp) -> Result<Vec<(i64, Step)>, StoreError> {
    let read = |condition: &str, step: Step| {
        sql.rows(
            &format!("SELECT pk FROM waiting WHERE {condition} ORDER BY joined, pk"),
            params![now.as_millis()],
            |row| Ok((row.get(0)?, step)),
        )
    };
    let mut due = read("offered_until <= ?1", Step::Lapse)?;
    due.extend(read("ends <= ?1 AND offered_until IS NULL", Step::End)?);
    Ok(due)
}

/// The places for which something is free, in the order of the list. Nothing is decided by this: it only spares the
/// writer those for whom nothing is.
fn with_a_free_time(sql: Sql<'_>, inner: &Arc<Inner>) -> Result<Vec<i64>, StoreError> {
    let now = inner.clock.now();
    let text = format!("{COLUMNS} WHERE offered_until IS NULL AND ends > ?1 ORDER BY joined, pk");
    let waiting = sql.rows(&text, params![now.as_millis()], entry)?;
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let calendar = inner.calendar_in(sql)?;
    let mut taken = Taken::default();
    let mut found = Vec::new();
    for entry in waiting {
        if first_that_suits(sql, &calendar, &entry, now, &mut taken)?.is_some() {
            found.push(entry.pk);
        }
    }
    Ok(found)
}

fn do_step(inner: &Arc<Inner>, pk: i64, step: Step) -> Result<(), StoreError> {
    let office = Office::of(inner, Source::App, "");
    inner.store.write(move |tx| {
        let Some(found) = again(tx, pk)? else {
            return Ok(());
        };
        resources::lock_person(tx, &found.patient)?;
        let Some(entry) = again(tx, pk)? else {
            return Ok(());
        };
        let (office, now) = (&office.up_to_date(tx)?, tx.now());
        match step {
            Step::Lapse if entry.has_lapsed(now) => {
                let time = entry.lapse(tx, office)?;
                if entry.ends <= now {
                    entry.end(tx, office, Some(period_over()))?;
                }
                if let Some(time) = time {
                    freed(tx, office, time, false)?;
                }
            }
            Step::End if entry.offered_until.is_none() && entry.ends <= now => {
                entry.end(tx, office, Some(period_over()))?;
            }
            Step::Offer => {
                offer_what_is_free(tx, office, &entry)?;
            }
            Step::Lapse | Step::End => {}
        }
        Ok(())
    })
}

/// Ends a person's places whose period is over.
pub(super) fn end_what_is_over(
    tx: &mut Tx<'_>,
    office: &Office,
    patient: &str,
) -> Result<(), StoreError> {
    let text = format!("{COLUMNS} WHERE patient = ?1 AND ends <= ?2 AND offered_until IS NULL");
    let over = tx
        .sql()
        .rows(&text, params![patient, tx.now().as_millis()], entry)?;
    for entry in over {
        entry.end(tx, office, Some(period_over()))?;
    }
    Ok(())
}

/// Access to a person was taken away: what was offered to somebody who can no longer be asked goes on.
pub(crate) fn nobody_answers(
    tx: &mut Tx<'_>,
    inner: &Arc<Inner>,
    patient: &str,
) -> Result<(), StoreError> {
    if access::has_booker(tx.sql(), patient, tx.now())? {
        return Ok(());
    }
    resources::lock_person(tx, patient)?;
    let office = &Office::of(inner, Source::App, "").up_to_date(tx)?;
    let text = format!("{COLUMNS} WHERE patient = ?1 AND offered_until IS NOT NULL");
    let offered: Vec<Entry> = tx.sql().rows(&text, params![patient], entry)?;
    for entry in offered {
        if let Some(time) = entry.lapse(tx, office)? {
            freed(tx, office, time, false)?;
        }
    }
    Ok(())
}

fn period_over() -> Coded {
    Coded {
        system: CANCELATION_REASON.to_owned(),
        code: PERIOD_OVER.to_owned(),
        name: "Khoảng thời gian chờ đã hết mà không có giờ phù hợp.".to_owned(),
    }
}
