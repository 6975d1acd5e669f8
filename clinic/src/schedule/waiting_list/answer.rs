//! What the person says of their place: the offered time is taken, declined, or the place given up.

use sokhoe_domain::Timestamp;
use sokhoe_fhir::{Appointment, AppointmentStatus, BookRequest};

use super::super::allowance;
use super::super::answers::Answer;
use super::super::book::{Office, confirm, refused};
use super::super::claim::claim;
use super::super::refusal::Refusal;
use super::offering::freed;
use super::{Entry, Kept, Time, again};
use crate::store::{StoreError, Tx, params};

/// Which offer a person answers: a place may have been offered another time since they saw it.
#[derive(Debug, Clone, Copy)]
pub(in crate::schedule) struct Named {
    start: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Named {
    /// As the person saw it.
    fn of(appointment: &Appointment) -> Self {
        Self {
            start: appointment.start,
            until: appointment.held_until,
        }
    }

    /// Whether it is that which is offered now. Whoever names none means any.
    fn is(self, kept: &Kept, entry: &Entry) -> bool {
        self.start.is_none_or(|start| start == kept.starts)
            && (self.until.is_none() || self.until == entry.offered_until)
    }
}

/// `$book` with a changed Appointment that is a place on the list: `booked` takes what is offered, `waitlist` declines it,
/// `cancelled` gives the place up.
pub(in crate::schedule) fn answer(
    tx: &mut Tx<'_>,
    office: &Office,
    entry: &Entry,
    request: &BookRequest,
    changed: &Appointment,
) -> Result<Answer, StoreError> {
    match changed.status {
        AppointmentStatus::Booked => {
            if allowance::is_used_up(tx, &office.calendar, &entry.patient, entry.service)? {
                return Ok(refused(Refusal::TooMany));
            }
            take(tx, office, entry, Some(changed), request)
        }
        AppointmentStatus::Waitlist => decline(tx, office, entry, Named::of(changed)),
        AppointmentStatus::Cancelled => {
            let time = entry.let_go(tx)?;
            let answer = entry.end(tx, office, None)?;
            if let Some(time) = time {
                freed(tx, office, time, false)?;
            }
            Ok(answer)
        }
        AppointmentStatus::Proposed
        | AppointmentStatus::Pending
        | AppointmentStatus::Arrived
        | AppointmentStatus::Fulfilled
        | AppointmentStatus::Noshow
        | AppointmentStatus::EnteredInError
        | AppointmentStatus::CheckedIn => Ok(refused(Refusal::NotOffered)),
    }
}

/// Books what is offered: as the person saw it, where they say what they saw. Later than the clinic keeps it, it is theirs
/// only when nobody who waits wants it and nobody else took it.
pub(in crate::schedule) fn take(
    tx: &mut Tx<'_>,
    office: &Office,
    entry: &Entry,
    seen: Option<&Appointment>,
    request: &BookRequest,
) -> Result<Answer, StoreError> {
    let kept = entry.kept(tx)?;
    let named = seen.map(Named::of);
    let Some(kept) = kept.filter(|kept| named.is_none_or(|named| named.is(kept, entry))) else {
        return Ok(refused(Refusal::OfferOver));
    };
    let now = tx.now();
    let cell = super::super::cells::Cell::beginning_at(kept.starts);
    let offer = cell.and_then(|cell| {
        office
            .calendar
            .offer(kept.schedule, kept.service, cell, office.source, now)
    });
    let Some(offer) = offer else {
        // The clinic works otherwise by now, or the time itself has passed.
        entry.lapse(tx, office)?;
        return Ok(refused(Refusal::OfferOver));
    };
    if entry.offered_until.is_none_or(|until| until <= now) {
        entry.lapse(tx, office)?;
        freed(tx, office, Time::of_offer(&offer), false)?;
        if again(tx, entry.pk)?.is_none_or(|entry| entry.offered_until.is_some()) {
            return Ok(refused(Refusal::OfferOver));
        }
        let pk = super::offering::insert_hold(tx, entry, &offer, now)?;
        if !claim(tx, &offer, pk, office.source)? {
            super::super::book::remove(tx, pk)?;
            return Ok(refused(Refusal::OfferOver));
        }
        return booked(tx, office, entry, &offer, pk, request);
    }
    tx.sql().execute(
        "UPDATE busy SET expires = NULL WHERE appointment = ?1",
        params![kept.appointment],
    )?;
    booked(tx, office, entry, &offer, kept.appointment, request)
}

fn booked(
    tx: &mut Tx<'_>,
    office: &Office,
    entry: &Entry,
    offer: &super::Offer<'_>,
    pk: i64,
    request: &BookRequest,
) -> Result<Answer, StoreError> {
    tx.sql().execute(
        "UPDATE appointment SET state = 'booked', expires = NULL WHERE pk = ?1",
        params![pk],
    )?;
    entry.forget(tx)?;
    confirm(tx, office, offer, pk, &entry.id, request)
}

/// The time goes on, the person stays on the list. What is offered no longer, or another time by now, needs no declining.
fn decline(
    tx: &mut Tx<'_>,
    office: &Office,
    entry: &Entry,
    named: Named,
) -> Result<Answer, StoreError> {
    let kept = entry.kept(tx)?.filter(|kept| named.is(kept, entry));
    if kept.is_some()
        && let Some(time) = entry.lapse(tx, office)?
    {
        freed(tx, office, time, false)?;
    }
    entry.as_it_stands(tx, office)
}
