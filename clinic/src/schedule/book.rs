//! Holds, bookings, changes. Each runs inside the writer's transaction, under [`super::once`], after the
//! caller asked `access`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sokhoe_domain::{Occurrence, ResourceKey, Timestamp};
use sokhoe_fhir::bundle::SearchMode;
use sokhoe_fhir::{
    Appointment, AppointmentStatus, BookRequest, HoldRequest, Outcome, PatientView, Ref,
    SearchBundleWriter,
};

use super::allowance;
use super::answers::{Answer, Asked};
use super::calendar::{Calendar, Offer};
use super::cells::Cell;
use super::claim::{FreeSeat, claim, free_seat, release, take};
use super::free::{allowed, alternatives};
use super::refusal::Refusal;
use super::source::Source;
use super::waiting_list::{self, Time};
use crate::billing;
use crate::clinic::Inner;
use crate::queue;
use crate::store::{DeskNews, StoreError, Tx, calendar_version, params, resources};

/// How long a time is held.
const HOLD: Duration = Duration::from_secs(5 * 60);
/// Live holds that one person may have here.
const MAX_HOLDS: i64 = 3;
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
    ends: Timestamp,
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
    let Some((offer, seat)) = seen_free(tx, office, Some(offer))? else {
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
        let id = changed.id.as_deref().unwrap_or_default();
        return match waiting_list::find(tx, id, &request.patient)? {
            Some(place) => waiting_list::answer(tx, office, &place, request, changed),
            None => change(tx, office, request, changed),
        };
    }
    let Some(wanted) = &request.appointment else {
        return Ok(refused(Refusal::NotOffered));
    };
    let held = find(tx, wanted, &request.patient)?;
    let calendar = &office.calendar;
    let service = match &held {
        Some(held) => Some(held.service),
        None => calendar.named(wanted).map(|named| named.service.pk),
    };
    let has_too_many = match service {
        Some(service) => allowance::is_used_up(tx, calendar, &request.patient, service)?,
        None => false,
    };
    if has_too_many {
        return Ok(refused(Refusal::TooMany));
    }
    match held {
        Some(held) if held.state == "held" => {
            match waiting_list::find(tx, wanted, &request.patient)? {
                Some(place) => waiting_list::take(tx, office, &place, None, request),
                None => book_held(tx, office, &held, request),
            }
        }
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

/// What is offered, with a seat, where one is free and nobody waits for it.
pub(super) fn seen_free<'o>(
    tx: &mut Tx<'_>,
    office: &Office,
    offered: Option<Offer<'o>>,
) -> Result<Option<(Offer<'o>, FreeSeat)>, StoreError> {
    let Some(offer) = offered else {
        return Ok(None);
    };
    let mut seat = free_seat(tx, &offer, office.source)?;
    if seat.as_ref().is_some_and(FreeSeat::has_ended_holds) {
        waiting_list::before_others(tx, office, &offer)?;
        seat = free_seat(tx, &offer, office.source)?;
    }
    Ok(seat.map(|seat| (offer, seat)))
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
pub(super) fn confirm(
    tx: &mut Tx<'_>,
    office: &Office,
    offer: &Offer<'_>,
    pk: i64,
    id: &str,
    request: &BookRequest,
) -> Result<Answer, StoreError> {
    let said = Said {
        comment: request.comment.as_deref(),
        occurrence: request.occurrence,
    };
    let (appointment, json) = put_booked(tx, office, offer, pk, id, &request.patient, said)?;
    Ok(office.done(&appointment, &json))
}

/// What whoever books says of it beside its time.
#[derive(Clone, Copy, Default)]
pub(super) struct Said<'a> {
    pub comment: Option<&'a str>,
    pub occurrence: Option<Occurrence>,
}

/// Writes a booked Appointment and its Invoice into the person's book.
pub(super) fn put_booked(
    tx: &mut Tx<'_>,
    office: &Office,
    offer: &Offer<'_>,
    pk: i64,
    id: &str,
    patient_id: &str,
    said: Said<'_>,
) -> Result<(Appointment, String), StoreError> {
    let patient = patient(tx, patient_id)?;
    let appointment = Appointment {
        status: AppointmentStatus::Booked,
        patient: Some(Ref::new(patient_id, &*patient.name)),
        comment: said.comment.map(str::to_owned),
        occurrence: said.occurrence,
        booked_by: office.source.booked_by(),
        changeable_until: offer.changeable_until(tx.now()),
        ..offer.appointment()
    };
    let put = put(tx, id, patient_id, appointment)?;
    let visit = billing::Visit {
        appointment: pk,
        service: offer.service,
        day: offer.cell.start().vietnam_day(),
        insurance: office.calendar.insurance.as_ref(),
    };
    billing::issue_for_visit(tx, &office.inner, &patient, &visit)?;
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
        return no_booking(tx, office, patient, changed);
    };
    if queue::has_visit(tx.sql(), row.pk)? {
        return Ok(refused(Refusal::CheckedIn));
    }
    let Some(mut appointment) = resources::json_of(tx.sql(), "Appointment", id)?
        .and_then(|json| Appointment::from_json(&json).ok())
    else {
        return Ok(refused(Refusal::NotOffered));
    };
    if row.starts <= tx.now() && row.state != "cancelled" {
        return Ok(refused(Refusal::NotOffered));
    }
    if row.state == "booked" && is_too_late(tx, office, &row, &appointment) {
        return Ok(refused(Refusal::TooLate));
    }
    match changed.status {
        AppointmentStatus::Cancelled if row.state == "cancelled" => {
            let json = appointment.to_json();
            Ok(office.done(&appointment, &json))
        }
        AppointmentStatus::Cancelled => {
            call_off(tx, row.pk)?;
            appointment.status = AppointmentStatus::Cancelled;
            let answer = store(tx, office, id, patient, appointment)?;
            row.is_free(tx, office)?;
            Ok(answer)
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
            appointment.changeable_until = offer.changeable_until(tx.now());
            appointment.practitioner = offered.practitioner;
            appointment.location = offered.location;
            let answer = store(tx, office, id, patient, appointment)?;
            row.is_free(tx, office)?;
            Ok(answer)
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

/// An appointment has no time any more, and nothing is owed for it; what its person's book says of it is the caller's.
pub(crate) fn call_off(tx: &mut Tx<'_>, pk: i64) -> Result<(), StoreError> {
    release(tx, pk)?;
    tx.sql().execute(
        "UPDATE appointment SET state = 'cancelled' WHERE pk = ?1",
        params![pk],
    )?;
    billing::cancel_for_visit(tx, pk)
}

/// Whether only the clinic may change it by now, as the Appointment told the person. What the clinic itself offers no longer
/// may be left at any time.
fn is_too_late(tx: &Tx<'_>, office: &Office, row: &Row, appointment: &Appointment) -> bool {
    let now = tx.now();
    let is_over = appointment
        .changeable_until
        .is_some_and(|until| until < now);
    is_over
        && !office.source.may_change_late()
        && office
            .calendar
            .still_has(row.schedule, row.service, row.starts, now)
}

/// What is called off a second time under another key may have been a place on the waiting list, of which no row is left.
fn no_booking(
    tx: &Tx<'_>,
    office: &Office,
    patient: &str,
    changed: &Appointment,
) -> Result<Answer, StoreError> {
    let id = changed.id.as_deref().unwrap_or_default();
    let stands = resources::json_of(tx.sql(), "Appointment", id)?
        .and_then(|json| Some((Appointment::from_json(&json).ok()?, json)));
    let is_over = |one: &Appointment| {
        let of = one.patient.as_ref().map(|of| of.id.as_str());
        one.status == AppointmentStatus::Cancelled && one.requested.is_some() && of == Some(patient)
    };
    Ok(match stands {
        Some((place, json))
            if changed.status == AppointmentStatus::Cancelled && is_over(&place) =>
        {
            office.done(&place, &json)
        }
        _ => refused(Refusal::NotOffered),
    })
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
pub(super) fn store(
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
pub(crate) fn put(
    tx: &mut Tx<'_>,
    id: &str,
    patient: &str,
    mut appointment: Appointment,
) -> Result<(Appointment, String), StoreError> {
    let version = resources::next_version(tx, "Appointment", id)?;
    appointment.id = Some(id.to_owned());
    appointment.version = Some(version.to_string());
    // What the clinic itself does leaves who booked.
    if let Some(acting) = tx.acts() {
        appointment.helped_by = acting.helper_of(patient).map(str::to_owned);
    }
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

    /// Its time is nobody's any more: whoever waits for it comes first.
    fn is_free(&self, tx: &mut Tx<'_>, office: &Office) -> Result<(), StoreError> {
        match Time::of(self.schedule, self.starts, self.ends) {
            Some(time) => waiting_list::freed(tx, office, time, true),
            None => Ok(()),
        }
    }

    /// The same whether it is still offered or not.
    fn place<'c>(&self, calendar: &'c Calendar) -> Option<Offer<'c>> {
        let cell = Cell::beginning_at(self.starts)?;
        calendar.place(self.schedule, self.service, cell)
    }
}

fn find(tx: &Tx<'_>, id: &str, patient: &str) -> Result<Option<Row>, StoreError> {
    tx.sql().first(
        "SELECT pk, id, schedule, service, starts, ends, state FROM appointment WHERE id = ?1 AND patient = ?2",
        params![id, patient],
        |row| {
            Ok(Row {
                pk: row.get(0)?,
                id: row.get(1)?,
                schedule: row.get(2)?,
                service: row.get(3)?,
                starts: Timestamp::from_millis(row.get(4)?),
                ends: Timestamp::from_millis(row.get(5)?),
                state: row.get(6)?,
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

pub(super) fn remove(tx: &Tx<'_>, pk: i64) -> Result<(), StoreError> {
    tx.sql()
        .execute("DELETE FROM appointment WHERE pk = ?1", params![pk])?;
    Ok(())
}

fn live_holds(tx: &Tx<'_>, patient: &str) -> Result<i64, StoreError> {
    tx.sql().one(
        "SELECT count(*) FROM appointment WHERE patient = ?1 AND state = 'held' AND expires > ?2
         AND id NOT IN (SELECT id FROM waiting WHERE patient = ?1)",
        params![patient, tx.now().as_millis()],
        |row| row.get(0),
    )
}

/// A person; nameless where their Patient cannot be read.
pub(crate) fn patient(tx: &Tx<'_>, id: &str) -> Result<PatientView, StoreError> {
    let view = resources::json_of(tx.sql(), "Patient", id)?
        .and_then(|json| PatientView::from_json(&json).ok())
        .unwrap_or_default();
    Ok(PatientView {
        id: id.to_owned(),
        ..view
    })
}

pub(super) fn patient_ref(tx: &Tx<'_>, id: &str) -> Result<Ref, StoreError> {
    Ok(Ref::new(id, patient(tx, id)?.name))
}

impl Office {
    /// Of this clinic, as what is offered was known last.
    pub fn of(inner: &Arc<Inner>, source: Source, base: &str) -> Self {
        Self {
            inner: Arc::clone(inner),
            calendar: inner.calendar(),
            source,
            base: Arc::from(base),
        }
    }

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
    pub(super) fn done(&self, appointment: &Appointment, json: &str) -> Answer {
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

pub(super) fn refused(refusal: Refusal) -> Answer {
    Answer::refused(refusal, refusal.outcome().to_json())
}

/// The id is that of an appointment already.
pub(super) fn reused() -> Answer {
    let text = "The Idempotency-Key was used for another request.";
    Answer::id_used(Outcome::error("duplicate", text).to_json())
}
