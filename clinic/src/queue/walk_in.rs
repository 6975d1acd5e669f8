//! People who come without a booking: they get an Appointment of now, and take nobody's time.

use std::sync::Arc;

use sokhoe_domain::{IntentId, Timestamp};
use sokhoe_fhir::{Appointment, AppointmentStatus, BookedBy, Ref, queue};

use crate::billing;
use crate::clinic::Inner;
use crate::schedule::{Calendar, Cell, Source, patient_of, put_appointment};
use crate::store::{StoreError, Tx, params, resources};

/// What somebody comes for.
pub(super) struct Wanted {
    calendar: Arc<Calendar>,
    schedule: i64,
    service: i64,
}

/// To whom somebody comes, and for what; nothing when there is no such person, schedule or service.
pub(super) fn find(
    tx: &Tx<'_>,
    inner: &Arc<Inner>,
    patient: &str,
    schedule: &str,
    service: Option<&str>,
) -> Result<Option<Wanted>, StoreError> {
    if resources::json_of(tx.sql(), "Patient", patient)?.is_none() {
        return Ok(None);
    }
    let schedule: Option<i64> = tx.sql().first(
        "SELECT pk FROM schedule WHERE id = ?1",
        params![schedule],
        |row| row.get(0),
    )?;
    let calendar = inner.calendar_in(tx.sql())?;
    let found = calendar
        .pairs()
        .find(|(there, what)| {
            Some(there.pk) == schedule && service.is_none_or(|service| service == what.id)
        })
        .map(|(there, what)| (there.pk, what.pk));
    Ok(found.map(|(schedule, service)| Wanted {
        calendar,
        schedule,
        service,
    }))
}

impl Wanted {
    pub fn schedule(&self) -> i64 {
        self.schedule
    }

    /// Makes the Appointment, with its Invoice. Its row.
    pub fn make(&self, tx: &mut Tx<'_>, inner: &Inner, patient: &str) -> Result<i64, StoreError> {
        let now = Timestamp::from_millis(tx.now().as_millis() / 1_000 * 1_000);
        let place = self
            .calendar
            .place(self.schedule, self.service, Cell::from(now));
        let offer = place.ok_or(StoreError::Unexpected)?;
        let minutes = u64::try_from(offer.minutes).unwrap_or_default();
        let ends = now.plus(std::time::Duration::from_secs(minutes * 60));
        let id = IntentId::new(now, &*inner.rng).to_string();
        let pk = tx.sql().one(
            "INSERT INTO appointment (id, schedule, service, patient, starts, ends, state, created, source)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'booked', ?7, ?8) RETURNING pk",
            params![
                id,
                self.schedule,
                self.service,
                patient,
                now.as_millis(),
                ends.as_millis(),
                tx.now().as_millis(),
                Source::Counter.as_str(),
            ],
            |row| row.get(0),
        )?;
        let person = patient_of(tx, patient)?;
        let appointment = Appointment {
            // What they come to says more in a moment.
            status: AppointmentStatus::Booked,
            start: Some(now),
            end: Some(ends),
            patient: Some(Ref::new(patient, &*person.name)),
            created: Some(now),
            kind: Some(queue::walk_in()),
            booked_by: Some(BookedBy::Counter),
            ..offer.appointment()
        };
        put_appointment(tx, &id, patient, appointment)?;
        let visit = billing::Visit {
            appointment: pk,
            service: offer.service,
            day: now.vietnam_day(),
            insurance: self.calendar.insurance.as_ref(),
        };
        billing::issue_for_visit(tx, inner, &person, &visit)?;
        Ok(pk)
    }
}
