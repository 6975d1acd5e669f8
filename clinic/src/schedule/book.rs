//! Holds, bookings, changes. Each runs inside the writer's transaction, under [`super::once`], after the
//! caller asked `access`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sokhoe_domain::{ResourceKey, Timestamp};
use sokhoe_fhir::bundle::SearchMode;
use sokhoe_fhir::{
    Appointment, AppointmentStatus, BookRequest, HoldRequest, Outcome, PatientView, Ref,
    SearchBundleWriter,
};

use super::answers::{Answer, Asked};
use super::calendar::{Calendar, Offer};
use super::cells::Cell;
use super::claim::{FreeSeat, claim, free_seat, release, take};
use super::free::{allowed, alternatives};
use super::refusal::Refusal;
use super::source::Source;
use crate::billing;
use crate::clinic::Inner;
use crate::store::{DeskNews, StoreError, Tx, calendar_version, params, resources};

/// How long a time is held.
const HOLD: Duration = Duration::from_secs(5 * 60);
/// Live holds and coming bookings that one person may have here.
const MAX_HOLDS: i64 = 3;
pub(super) const MAX_BOOKINGS: i64 = 5;
/// Times that are tried when the named one is taken: what is seen to be free nobody else takes in the same
/// transaction, or they do now and then where several write.
const TRIES: usize = 20;

/// What bookings are made with.
#[derive(Clone)]
pub(crate) struct Office {
    pub inner: Arc<Inner>,
    pub calendar: Arc<Calendar>,
    /// Who books.
    pub source: Source,
    /// The server's FHIR base, for links.
    pub base: Arc<str>,
}

impl fmt::Debug for Office {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Office").finish_non_exhaustive()
    }
}

/// An appointment's row.
struct Row {
    pk: i64,
    id: String,
    schedule: i64,
    service: i64,
    starts: Timestamp,
    state: String,
}

/// `$hold`: keeps a proposed time for a few minutes.
pub(crate) fn hold(
    tx: &mut Tx<'_>,
    office: &Office,
    asked: &Asked,
    request: &HoldRequest,
) -> Result<Answer, StoreError> {
    let office = &office.up_to_date(tx)?;
    let now = tx.now();
    let Some(offer) = office
        .calendar
        .proposed(&request.appointment, office.source, now)
    else {
        return Ok(refused(Refusal::NotOffered));
    };
    if live_holds(tx, &request.patient)? >= MAX_HOLDS {
        return Ok(refused(Refusal::TooMany));
    }
    let Some(seat) = free_seat(tx, &offer, office.source)? else {
        return too_late(tx, office, asked.key(), offer);
    };
    let until = now.plus(HOLD);
    let Some(pk) = insert(
        tx,
        asked.key(),
        &offer,
        &request.patient,
        office.source,
        Some(until),
    )?
    else {
        return Ok(reused());
    };
    if !take(tx, &offer, seat, pk, office.source, Some(until))? {
        remove(tx, pk)?;
        return taken(tx, office, offer);
    }
    let appointment = Appointment {
        id: Some(asked.key().to_owned()),
        status: AppointmentStatus::Pending,
        patient: Some(patient_ref(tx, &request.patient)?),
        held_until: Some(until),
        ..offer.appointment()
    };
    Ok(office.done(&appointment, &appointment.to_json()))
}

/// `$book`: takes a proposed or held time, or changes what is booked.
pub(crate) fn book(
    tx: &mut Tx<'_>,
    office: &Office,
    asked: &Asked,
    request: &BookRequest,
) -> Result<Answer, StoreError> {
    let office = &office.up_to_date(tx)?;
    if let Some(changed) = &request.resource {
        return change(tx, office, request, changed);
    }
    let Some(wanted) = &request.appointment else {
        return Ok(refused(Refusal::NotOffered));
    };
    if coming_bookings(tx, &request.patient)? >= MAX_BOOKINGS {
        return Ok(refused(Refusal::TooMany));
    }
    match find(tx, wanted, &request.patient)? {
        Some(held) if held.state == "held" => book_held(tx, office, &held, request),
        Some(_) => Ok(refused(Refusal::NotOffered)),
        None => book_proposed(tx, office, asked, wanted, request),
    }
}

fn book_proposed(
    tx: &mut Tx<'_>,
    office: &Office,
    asked: &Asked,
    proposed: &str,
    request: &BookRequest,
) -> Result<Answer, StoreError> {
    let offered = office.calendar.proposed(proposed, office.source, tx.now());
    // A wish holds, too, when the time has passed since.
    let wish = request.otherwise.as_ref();
    let Some(named) = offered.or(wish.and_then(|_| office.calendar.named(proposed))) else {
        return Ok(refused(Refusal::NotOffered));
    };
    let free = seen_free(tx, office, offered)?;
    if let Some(offer) = offered.filter(|_| free.is_none() && wish.is_none()) {
        return too_late(tx, office, asked.key(), offer);
    }
    let Some(pk) = insert(
        tx,
        asked.key(),
        &named,
        &request.patient,
        office.source,
        None,
    )?
    else {
        return Ok(reused());
    };
    match claim_or_otherwise(tx, office, free, named, pk, request)? {
        Some(offer) => confirm(tx, office, &offer, pk, asked.key(), request),
        None => nothing_had(tx, office, offered, pk),
    }
}

/// What is offered, with a seat, where one is free.
fn seen_free<'o>(
    tx: &Tx<'_>,
    office: &Office,
    offered: Option<Offer<'o>>,
) -> Result<Option<(Offer<'o>, FreeSeat)>, StoreError> {
    let Some(offer) = offered else {
        return Ok(None);
    };
    Ok(free_seat(tx, &offer, office.source)?.map(|seat| (offer, seat)))
}

/// The named time where it was seen to be free, or the nearest that the person said would do instead, taken for their
/// appointment; nothing when there is none.
fn claim_or_otherwise<'o>(
    tx: &Tx<'_>,
    office: &'o Office,
    free: Option<(Offer<'o>, FreeSeat)>,
    named: Offer<'_>,
    pk: i64,
    request: &BookRequest,
) -> Result<Option<Offer<'o>>, StoreError> {
    if let Some((offer, seat)) = free
        && take(tx, &offer, seat, pk, office.source, None)?
    {
        return Ok(Some(offer));
    }
    let Some(otherwise) = &request.otherwise else {
        return Ok(None);
    };
    let others = allowed(
        tx.sql(),
        &office.calendar,
        named,
        otherwise,
        office.source,
        tx.now(),
    )?;
    for offer in others.into_iter().take(TRIES) {
        if claim(tx, &offer, pk, office.source)? {
            tx.sql().execute(
                "UPDATE appointment SET schedule = ?2, starts = ?3, ends = ?4 WHERE pk = ?1",
                params![
                    pk,
                    offer.schedule.pk,
                    offer.cell.start().as_millis(),
                    offer.end().as_millis()
                ],
            )?;
            return Ok(Some(offer));
        }
    }
    Ok(None)
}

/// Nothing of the appointment stays.
fn nothing_had(
    tx: &Tx<'_>,
    office: &Office,
    offered: Option<Offer<'_>>,
    pk: i64,
) -> Result<Answer, StoreError> {
    remove(tx, pk)?;
    match offered {
        Some(offer) => taken(tx, office, offer),
        None => Ok(refused(Refusal::NotOffered)),
    }
}

/// A hold that ran out is booked all the same when nobody took its time meanwhile.
fn book_held(
    tx: &mut Tx<'_>,
    office: &Office,
    held: &Row,
    request: &BookRequest,
) -> Result<Answer, StoreError> {
    let offered = held.offer(office, tx.now());
    let wish = request.otherwise.as_ref();
    let Some(named) = offered.or(wish.and_then(|_| held.place(&office.calendar))) else {
        return Ok(refused(Refusal::NotOffered));
    };
    release(tx, held.pk)?;
    let free = seen_free(tx, office, offered)?;
    let had = claim_or_otherwise(tx, office, free, named, held.pk, request)?;
    let Some(offer) = had else {
        return nothing_had(tx, office, offered, held.pk);
    };
    tx.sql().execute(
        "UPDATE appointment SET state = 'booked', expires = NULL WHERE pk = ?1",
        params![held.pk],
    )?;
    confirm(tx, office, &offer, held.pk, &held.id, request)
}

/// The time is taken: writes the Appointment and its Invoice.
fn confirm(
    tx: &mut Tx<'_>,
    office: &Office,
    offer: &Offer<'_>,
    pk: i64,
    id: &str,
    request: &BookRequest,
) -> Result<Answer, StoreError> {
    let comment = request.comment.as_deref();
    let (appointment, json) = put_booked(tx, office, offer, pk, id, &request.patient, comment)?;
    Ok(office.done(&appointment, &json))
}

/// Writes a booked Appointment and its Invoice into the person's book.
pub(super) fn put_booked(
    tx: &mut Tx<'_>,
    office: &Office,
    offer: &Offer<'_>,
    pk: i64,
    id: &str,
    patient_id: &str,
    comment: Option<&str>,
) -> Result<(Appointment, String), StoreError> {
    let patient = patient(tx, patient_id)?;
    let appointment = Appointment {
        status: AppointmentStatus::Booked,
        patient: Some(Ref::new(patient_id, &*patient.name)),
        comment: comment.map(str::to_owned),
        ..offer.appointment()
    };
    let put = put(tx, id, patient_id, appointment)?;
    billing::issue_for_visit(tx, &office.inner, &patient, offer.service, pk)?;
    Ok(put)
}

/// A changed Appointment: called off, or at another time of the same service: of the same doctor, unless it says with
/// whom.
fn change(
    tx: &mut Tx<'_>,
    office: &Office,
    request: &BookRequest,
    changed: &Appointment,
) -> Result<Answer, StoreError> {
    let patient = &*request.patient;
    let id = changed.id.as_deref().unwrap_or_default();
    let Some(row) = find(tx, id, patient)?.filter(|row| row.state != "held") else {
        return Ok(refused(Refusal::NotOffered));
    };
    let Some(mut appointment) = resources::json_of(tx, "Appointment", id)?
        .and_then(|json| Appointment::from_json(&json).ok())
    else {
        return Ok(refused(Refusal::NotOffered));
    };
    if row.starts <= tx.now() && row.state != "cancelled" {
        return Ok(refused(Refusal::NotOffered));
    }
    match changed.status {
        AppointmentStatus::Cancelled if row.state == "cancelled" => {
            let json = appointment.to_json();
            Ok(office.done(&appointment, &json))
        }
        AppointmentStatus::Cancelled => {
            release(tx, row.pk)?;
            tx.sql().execute(
                "UPDATE appointment SET state = 'cancelled' WHERE pk = ?1",
                params![row.pk],
            )?;
            billing::cancel_for_visit(tx, row.pk)?;
            appointment.status = AppointmentStatus::Cancelled;
            store(tx, office, id, patient, appointment)
        }
        AppointmentStatus::Booked if row.state == "booked" => {
            let Some(offer) = wanted_instead(tx, office, &row, request, changed) else {
                return Ok(refused(Refusal::NotOffered));
            };
            if offer.schedule.pk == row.schedule && offer.cell.start() == row.starts {
                let json = appointment.to_json();
                return Ok(office.done(&appointment, &json));
            }
            // The old time must not depend on being offered still: it is released and comes back by undoing.
            let moved = tx.or_undo(|| {
                release(tx, row.pk)?;
                claim(tx, &offer, row.pk, office.source)
            })?;
            if !moved {
                return taken(tx, office, offer);
            }
            tx.sql().execute(
                "UPDATE appointment SET schedule = ?2, starts = ?3, ends = ?4 WHERE pk = ?1",
                params![
                    row.pk,
                    offer.schedule.pk,
                    offer.cell.start().as_millis(),
                    offer.end().as_millis()
                ],
            )?;
            let offered = offer.appointment();
            appointment.start = offered.start;
            appointment.end = offered.end;
            appointment.practitioner = offered.practitioner;
            appointment.location = offered.location;
            store(tx, office, id, patient, appointment)
        }
        AppointmentStatus::Booked
        | AppointmentStatus::Proposed
        | AppointmentStatus::Pending
        | AppointmentStatus::Arrived
        | AppointmentStatus::Fulfilled
        | AppointmentStatus::Noshow
        | AppointmentStatus::EnteredInError
        | AppointmentStatus::CheckedIn
        | AppointmentStatus::Waitlist => Ok(refused(Refusal::NotOffered)),
    }
}

/// The offered time at which an Appointment is to be from now on.
fn wanted_instead<'o>(
    tx: &Tx<'_>,
    office: &'o Office,
    row: &Row,
    request: &BookRequest,
    changed: &Appointment,
) -> Option<Offer<'o>> {
    let start = changed.start?;
    let (calendar, source, now) = (&office.calendar, office.source, tx.now());
    match &request.move_to {
        Some(proposed) => calendar
            .proposed(proposed, source, now)
            .filter(|offer| offer.service.pk == row.service && offer.cell.start() == start),
        None => {
            let cell = Cell::beginning_at(start)?;
            calendar.offer(row.schedule, row.service, cell, source, now)
        }
    }
}

/// Writes the Appointment into the person's book and answers with it.
fn store(
    tx: &mut Tx<'_>,
    office: &Office,
    id: &str,
    patient: &str,
    appointment: Appointment,
) -> Result<Answer, StoreError> {
    let (appointment, json) = put(tx, id, patient, appointment)?;
    Ok(office.done(&appointment, &json))
}

/// Writes the Appointment into the person's book; as it is there.
fn put(
    tx: &mut Tx<'_>,
    id: &str,
    patient: &str,
    mut appointment: Appointment,
) -> Result<(Appointment, String), StoreError> {
    let version = resources::next_version(tx, "Appointment", id)?;
    appointment.id = Some(id.to_owned());
    appointment.version = Some(version.to_string());
    let json = appointment.to_json();
    resources::put(tx, "Appointment", id, Some(patient), &json)?;
    tx.tell_desk(DeskNews::Bookings);
    Ok((appointment, json))
}

impl Row {
    fn offer<'o>(&self, office: &'o Office, now: Timestamp) -> Option<Offer<'o>> {
        office.calendar.offer(
            self.schedule,
            self.service,
            Cell::beginning_at(self.starts)?,
            office.source,
            now,
        )
    }

    /// The same whether it is still offered or not.
    fn place<'c>(&self, calendar: &'c Calendar) -> Option<Offer<'c>> {
        let cell = Cell::beginning_at(self.starts)?;
        calendar.place(self.schedule, self.service, cell)
    }
}

fn find(tx: &Tx<'_>, id: &str, patient: &str) -> Result<Option<Row>, StoreError> {
    tx.sql().first(
        "SELECT pk, id, schedule, service, starts, state FROM appointment WHERE id = ?1 AND patient = ?2",
        params![id, patient],
        |row| {
            Ok(Row {
                pk: row.get(0)?,
                id: row.get(1)?,
                schedule: row.get(2)?,
                service: row.get(3)?,
                starts: Timestamp::from_millis(row.get(4)?),
                state: row.get(5)?,
            })
        },
    )
}

/// A new row, held or booked. Nothing when there is an Appointment of this id already: one made here, or one
/// that came from outside, also when it was deleted.
pub(super) fn insert(
    tx: &Tx<'_>,
    id: &str,
    offer: &Offer<'_>,
    patient: &str,
    source: Source,
    held_until: Option<Timestamp>,
) -> Result<Option<i64>, StoreError> {
    let state = if held_until.is_some() {
        "held"
    } else {
        "booked"
    };
    let is_there = tx.sql().exists(
        "SELECT 1 FROM resource WHERE type = 'Appointment' AND id = ?1",
        params![id],
    )?;
    if is_there {
        return Ok(None);
    }
    tx.sql().first(
        "INSERT INTO appointment (id, schedule, service, patient, starts, ends, state, expires, created, source)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING RETURNING pk",
        params![
            id,
            offer.schedule.pk,
            offer.service.pk,
            patient,
            offer.cell.start().as_millis(),
            offer.end().as_millis(),
            state,
            held_until.map(Timestamp::as_millis),
            tx.now().as_millis(),
            source.as_str(),
        ],
        |row| row.get(0),
    )
}

/// Nobody's seat is left, and nothing need be written to find it out: taken, unless the id is that of an appointment
/// already.
fn too_late(
    tx: &Tx<'_>,
    office: &Office,
    id: &str,
    offer: Offer<'_>,
) -> Result<Answer, StoreError> {
    if is_id_used(tx, id)? {
        return Ok(reused());
    }
    taken(tx, office, offer)
}

pub(super) fn is_id_used(tx: &Tx<'_>, id: &str) -> Result<bool, StoreError> {
    let used = "SELECT 1 FROM appointment WHERE id = ?1
                UNION ALL SELECT 1 FROM resource WHERE type = 'Appointment' AND id = ?1";
    tx.sql().exists(used, params![id])
}

fn remove(tx: &Tx<'_>, pk: i64) -> Result<(), StoreError> {
    tx.sql()
        .execute("DELETE FROM appointment WHERE pk = ?1", params![pk])?;
    Ok(())
}

fn live_holds(tx: &Tx<'_>, patient: &str) -> Result<i64, StoreError> {
    tx.sql().one(
        "SELECT count(*) FROM appointment WHERE patient = ?1 AND state = 'held' AND expires > ?2",
        params![patient, tx.now().as_millis()],
        |row| row.get(0),
    )
}

pub(super) fn coming_bookings(tx: &Tx<'_>, patient: &str) -> Result<i64, StoreError> {
    tx.sql().one(
        "SELECT count(*) FROM appointment WHERE patient = ?1 AND state = 'booked' AND ends > ?2",
        params![patient, tx.now().as_millis()],
        |row| row.get(0),
    )
}

fn patient(tx: &Tx<'_>, id: &str) -> Result<PatientView, StoreError> {
    let view = resources::json_of(tx, "Patient", id)?
        .and_then(|json| PatientView::from_json(&json).ok())
        .unwrap_or_default();
    Ok(PatientView {
        id: id.to_owned(),
        ..view
    })
}

fn patient_ref(tx: &Tx<'_>, id: &str) -> Result<Ref, StoreError> {
    Ok(Ref::new(id, patient(tx, id)?.name))
}

impl Office {
    /// With what is offered as this transaction finds it, and as it stays until the transaction is over: who changes a
    /// timetable is told of every booking that it leaves without a time.
    pub(super) fn up_to_date(&self, tx: &Tx<'_>) -> Result<Self, StoreError> {
        let mut office = self.clone();
        if calendar_version::read_and_hold(tx.sql())? != self.calendar.version() {
            office.calendar = Arc::new(Calendar::load(tx.sql())?);
            self.inner.remember_calendar(Arc::clone(&office.calendar));
        }
        Ok(office)
    }

    /// The answer that something was done: the Appointment, whose JSON is given, as it is now.
    fn done(&self, appointment: &Appointment, json: &str) -> Answer {
        Answer::done(self.bundle(&[(appointment, json)], None))
    }

    /// Appointments with their JSON, after an OperationOutcome's.
    pub(super) fn bundle(
        &self,
        appointments: &[(&Appointment, &str)],
        outcome: Option<&str>,
    ) -> String {
        let mut bundle = SearchBundleWriter::new(&self.base);
        if let Some(outcome) = outcome {
            bundle.push_outcome(outcome);
        }
        for (appointment, json) in appointments {
            let id = appointment.id.as_deref().unwrap_or_default();
            bundle.push(
                &ResourceKey::new("Appointment", id),
                SearchMode::Match,
                json,
            );
        }
        let total = u64::try_from(appointments.len()).ok();
        let link = format!("{}/Appointment", self.base);
        bundle.finish(total, &link, None)
    }
}

/// Somebody else has it: says so, with other times.
fn taken(tx: &Tx<'_>, office: &Office, offer: Offer<'_>) -> Result<Answer, StoreError> {
    let others: Vec<(Appointment, String)> =
        alternatives(tx.sql(), &office.calendar, offer, office.source, tx.now())?
            .iter()
            .map(|other| {
                let appointment = other.appointment();
                let json = appointment.to_json();
                (appointment, json)
            })
            .collect();
    let others: Vec<(&Appointment, &str)> = others.iter().map(|(a, json)| (a, &**json)).collect();
    let outcome = Refusal::SlotTaken.outcome().to_json();
    let body = office.bundle(&others, Some(&outcome));
    Ok(Answer::refused(Refusal::SlotTaken, body))
}

fn refused(refusal: Refusal) -> Answer {
    Answer::refused(refusal, refusal.outcome().to_json())
}

/// The id is that of an appointment already.
pub(super) fn reused() -> Answer {
    let text = "The Idempotency-Key was used for another request.";
    Answer::id_used(Outcome::error("duplicate", text).to_json())
}
