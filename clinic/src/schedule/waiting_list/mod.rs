//! The waiting list: who waits until a time that suits is freed, and to whom it is offered.
//!
//! A place on the list is a row of `waiting` and an Appointment `waitlist`. An offer is a hold like any other, guarded by
//! the same UNIQUE (schedule, cell, seat), in the `appointment` of the same id; the Appointment is `proposed` meanwhile.
//!
//! Who came first is asked first, for [`OFFER`] by the clinic's clock. Whoever declines or does not answer keeps their
//! place; only that very time goes on, and is not offered to them again until somebody booked it and gave it back. What
//! all of them had offered is simply free.
//!
//! A row here changes only under its person's lock ([`resources::lock_person`]). A job that frees a time holds one person
//! already and must not wait for another: where the next one is busy it leaves the time to [`tend`], which holds nobody.

mod answer;
mod join;
mod offering;
mod tending;

use std::time::Duration;

use sokhoe_domain::Timestamp;
use sokhoe_fhir::{Appointment, AppointmentStatus, Coded, FindRequest, Ref};

use super::answers::Answer;
use super::book::{Office, patient_ref, store};
use super::calendar::Offer;
use super::cells::{Cell, MINUTES};
use super::free::Wanted;
use crate::store::{Row, StoreError, Tx, params, resources};

pub(super) use answer::{answer, take};
pub(crate) use join::join;
pub(super) use offering::{before_others, freed};
pub(crate) use tending::{nobody_answers, tend};

/// How long a freed time is kept for whom it is offered to. Times that begin sooner are offered to nobody.
const OFFER: Duration = Duration::from_secs(10 * 60);

/// A place on the list.
#[derive(Clone)]
pub(super) struct Entry {
    pk: i64,
    id: String,
    patient: String,
    service: i64,
    starts: Timestamp,
    ends: Timestamp,
    request: String,
    joined: Timestamp,
    pub(super) offered_until: Option<Timestamp>,
}

const COLUMNS: &str =
    "SELECT pk, id, patient, service, starts, ends, request, joined, offered_until FROM waiting";

fn entry(row: Row<'_>) -> Result<Entry, StoreError> {
    Ok(Entry {
        pk: row.get(0)?,
        id: row.get(1)?,
        patient: row.get(2)?,
        service: row.get(3)?,
        starts: Timestamp::from_millis(row.get(4)?),
        ends: Timestamp::from_millis(row.get(5)?),
        request: row.get(6)?,
        joined: Timestamp::from_millis(row.get(7)?),
        offered_until: row.get::<Option<i64>>(8)?.map(Timestamp::from_millis),
    })
}

/// The person's place of this id.
pub(super) fn find(tx: &Tx<'_>, id: &str, patient: &str) -> Result<Option<Entry>, StoreError> {
    let text = format!("{COLUMNS} WHERE id = ?1 AND patient = ?2");
    tx.sql().first(&text, params![id, patient], entry)
}

/// The place as it is now, once its person is locked.
fn again(tx: &Tx<'_>, pk: i64) -> Result<Option<Entry>, StoreError> {
    let text = format!("{COLUMNS} WHERE pk = ?1");
    tx.sql().first(&text, params![pk], entry)
}

/// The time that is kept for a place.
struct Kept {
    appointment: i64,
    schedule: i64,
    service: i64,
    starts: Timestamp,
    ends: Timestamp,
}

impl Kept {
    fn time(&self) -> Option<Time> {
        Time::of(self.schedule, self.starts, self.ends)
    }
}

/// A piece of a schedule's time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    schedule: i64,
    cell: i64,
    after: i64,
}

impl Time {
    /// From when to when.
    pub fn of(schedule: i64, starts: Timestamp, ends: Timestamp) -> Option<Self> {
        Some(Self {
            schedule,
            cell: Cell::beginning_at(starts)?.0,
            after: Cell::from(ends).0,
        })
    }

    /// That of an offer.
    pub fn of_offer(offer: &Offer<'_>) -> Self {
        Self {
            schedule: offer.schedule.pk,
            cell: offer.cell.0,
            after: offer.cell.0 + offer.minutes / MINUTES,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.cell < other.after && other.cell < self.after
    }
}

impl Entry {
    /// What the person asked for; nothing when it cannot be read any more.
    fn asked(&self) -> Option<FindRequest> {
        FindRequest::from_parameters(&self.request).ok()
    }

    /// The same as times are looked for.
    fn wanted(&self) -> Option<Wanted> {
        let asked = self.asked()?;
        Some(Wanted {
            start: self.starts,
            end: self.ends,
            service: None,
            location: asked.location,
            criteria: asked.criteria,
        })
    }

    fn kept(&self, tx: &Tx<'_>) -> Result<Option<Kept>, StoreError> {
        tx.sql().first(
            "SELECT pk, schedule, service, starts, ends FROM appointment WHERE id = ?1 AND state = 'held'",
            params![self.id],
            |row| {
                Ok(Kept {
                    appointment: row.get(0)?,
                    schedule: row.get(1)?,
                    service: row.get(2)?,
                    starts: Timestamp::from_millis(row.get(3)?),
                    ends: Timestamp::from_millis(row.get(4)?),
                })
            },
        )
    }

    /// The place without a time, as an Appointment.
    fn appointment(&self, tx: &Tx<'_>, office: &Office) -> Result<Appointment, StoreError> {
        let mut appointment = Appointment {
            id: Some(self.id.clone()),
            status: AppointmentStatus::Waitlist,
            patient: Some(patient_ref(tx, &self.patient)?),
            requested: Some((self.starts, self.ends)),
            created: Some(self.joined),
            ..Appointment::default()
        };
        let doctor = self.asked().and_then(|asked| asked.criteria.practitioner);
        for (schedule, service) in office.calendar.pairs() {
            if service.pk != self.service {
                continue;
            }
            if appointment.service.is_none() {
                appointment.service = Some(Ref::new(&*service.id, &*service.name));
                appointment.specialty = Some(service.specialty.clone());
            }
            if doctor.as_ref() == Some(&schedule.practitioner.id) {
                appointment.practitioner = Some(schedule.practitioner.clone());
            }
        }
        Ok(appointment)
    }

    /// Writes the place into the person's book as it is without a time, and answers with it.
    fn show_waiting(&self, tx: &mut Tx<'_>, office: &Office) -> Result<Answer, StoreError> {
        let appointment = self.appointment(tx, office)?;
        store(tx, office, &self.id, &self.patient, appointment)
    }

    /// As it stands in the person's book.
    fn as_it_stands(&self, tx: &Tx<'_>, office: &Office) -> Result<Answer, StoreError> {
        let json = resources::json_of(tx.sql(), "Appointment", &self.id)?;
        let read = json.and_then(|json| Some((Appointment::from_json(&json).ok()?, json)));
        let Some((appointment, json)) = read else {
            return Err(StoreError::Unexpected);
        };
        Ok(office.done(&appointment, &json))
    }

    /// Gives back the time that is kept for the place. Which it was.
    fn let_go(&self, tx: &Tx<'_>) -> Result<Option<Time>, StoreError> {
        let kept = self.kept(tx)?;
        if let Some(kept) = &kept {
            super::claim::release(tx, kept.appointment)?;
            super::book::remove(tx, kept.appointment)?;
        }
        tx.sql().execute(
            "UPDATE waiting SET offered_until = NULL WHERE pk = ?1",
            params![self.pk],
        )?;
        Ok(kept.and_then(|kept| kept.time()))
    }

    /// Takes the place off the list.
    fn forget(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        tx.sql()
            .execute("DELETE FROM waiting WHERE pk = ?1", params![self.pk])?;
        Ok(())
    }

    /// Ends the place, which has no time any more: the person's book says so, and why.
    fn end(
        &self,
        tx: &mut Tx<'_>,
        office: &Office,
        reason: Option<Coded>,
    ) -> Result<Answer, StoreError> {
        self.forget(tx)?;
        let appointment = Appointment {
            status: AppointmentStatus::Cancelled,
            cancelation_reason: reason,
            ..self.appointment(tx, office)?
        };
        store(tx, office, &self.id, &self.patient, appointment)
    }

    /// The offer was not taken in time, or declined: back to the list. Which time is free now.
    fn lapse(&self, tx: &mut Tx<'_>, office: &Office) -> Result<Option<Time>, StoreError> {
        let time = self.let_go(tx)?;
        self.show_waiting(tx, office)?;
        Ok(time)
    }
}
