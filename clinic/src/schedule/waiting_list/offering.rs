//! Who is offered a time.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use chrono::NaiveDate;
use sokhoe_domain::Timestamp;
use sokhoe_fhir::{Appointment, AppointmentStatus};

use super::super::allowance;
use super::super::book::{Office, patient_ref, remove, store};
use super::super::calendar::{Calendar, Offer, Schedule, last_day};
use super::super::cells::Cell;
use super::super::claim::{free_seat, take};
use super::super::free::{Wanted, has_free_seat, taken_seats};
use super::super::source::Source;
use super::{COLUMNS, Entry, OFFER, Time, again, entry};
use crate::access;
use crate::store::{Sql, StoreError, Tx, params, resources};

/// Times that a place was offered and need not be again: schedule and first cell.
type Had = BTreeSet<(i64, i64)>;

/// What of each schedule's days is taken, read once.
#[derive(Default)]
pub(super) struct Taken(BTreeMap<(i64, NaiveDate), BTreeMap<i64, u64>>);

impl Taken {
    fn of(
        &mut self,
        sql: Sql<'_>,
        schedule: &Schedule,
        day: NaiveDate,
        now: Timestamp,
    ) -> Result<&BTreeMap<i64, u64>, StoreError> {
        match self.0.entry((schedule.pk, day)) {
            btree_map::Entry::Occupied(known) => Ok(known.into_mut()),
            btree_map::Entry::Vacant(unknown) => {
                let from = Cell::on(day, 0);
                let until = from.plus_minutes(24 * 60);
                Ok(unknown.insert(taken_seats(sql, schedule, from, until, now)?))
            }
        }
    }
}

/// Whether a time will do for a place: when it is, and that the person can still think about it.
fn suits(wanted: &Wanted, had: &Had, offer: &Offer<'_>, now: Timestamp) -> bool {
    let start = offer.cell.start();
    start > now.plus(OFFER)
        && (wanted.start..=wanted.end).contains(&start)
        && wanted.criteria.times.allows(start)
        && !had.contains(&(offer.schedule.pk, offer.cell.0))
}

fn had(sql: Sql<'_>, entry: &Entry) -> Result<Had, StoreError> {
    let had = sql.rows(
        "SELECT schedule, cell FROM time_offered WHERE waiting = ?1",
        params![entry.pk],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(had.into_iter().collect())
}

/// The earliest free time that suits a place and that it was not offered yet.
pub(super) fn first_that_suits<'c>(
    sql: Sql<'_>,
    calendar: &'c Calendar,
    entry: &Entry,
    now: Timestamp,
    taken: &mut Taken,
) -> Result<Option<Offer<'c>>, StoreError> {
    let Some(wanted) = entry.wanted() else {
        return Ok(None);
    };
    let had = had(sql, entry)?;
    let pairs: Vec<_> = calendar
        .pairs()
        .filter(|(schedule, service)| service.pk == entry.service && wanted.fits(schedule, service))
        .collect();
    let last = wanted.end.vietnam_day().min(last_day(now));
    let days = wanted.start.max(now).vietnam_day().iter_days();
    for day in days
        .take_while(|day| *day <= last)
        .filter(|day| wanted.criteria.times.allows_day(*day))
    {
        let mut first: Option<Offer<'c>> = None;
        for (schedule, service) in &pairs {
            if !schedule.is_released(day, Source::App, now) {
                continue;
            }
            let mut offers = calendar
                .starts(schedule, service, day)
                .filter(|offer| suits(&wanted, &had, offer, now))
                .peekable();
            if offers.peek().is_none() {
                continue;
            }
            let taken = taken.of(sql, schedule, day, now)?;
            let free = offers.find(|offer| has_free_seat(offer, taken, Source::App));
            if let Some(free) = free
                && first.is_none_or(|first| free.cell < first.cell)
            {
                first = Some(free);
            }
        }
        if first.is_some() {
            return Ok(first);
        }
    }
    Ok(None)
}

/// Offers a place the earliest free time that suits. Its person is locked. Whether there was one.
pub(super) fn offer_what_is_free(
    tx: &mut Tx<'_>,
    office: &Office,
    entry: &Entry,
) -> Result<bool, StoreError> {
    if !may_be_offered(tx, office, entry)? {
        return Ok(false);
    }
    let (sql, now) = (tx.sql(), tx.now());
    let found = first_that_suits(sql, &office.calendar, entry, now, &mut Taken::default())?;
    match found {
        Some(offer) => offer_to(tx, office, entry, &offer),
        None => Ok(false),
    }
}

/// Whether the person could take a time: somebody who can answer sees their book, and they may have one more booking.
fn may_be_offered(tx: &Tx<'_>, office: &Office, entry: &Entry) -> Result<bool, StoreError> {
    Ok(entry.offered_until.is_none()
        && access::has_booker(tx.sql(), &entry.patient, tx.now())?
        && !allowance::is_used_up(tx, &office.calendar, &entry.patient, entry.service)?)
}

/// Keeps a time for a place, and tells the person. Whether a seat was free.
fn offer_to(
    tx: &mut Tx<'_>,
    office: &Office,
    entry: &Entry,
    offer: &Offer<'_>,
) -> Result<bool, StoreError> {
    let Some(seat) = free_seat(tx, offer, Source::App)? else {
        return Ok(false);
    };
    let until = tx.now().plus(OFFER);
    let pk = insert_hold(tx, entry, offer, until)?;
    if !take(tx, offer, seat, pk, Source::App, Some(until))? {
        remove(tx, pk)?;
        return Ok(false);
    }
    let time = Time::of_offer(offer);
    tx.sql().execute(
        "INSERT INTO time_offered (waiting, schedule, cell, cell_after) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
        params![entry.pk, time.schedule, time.cell, time.after],
    )?;
    tx.sql().execute(
        "UPDATE waiting SET offered_until = ?2 WHERE pk = ?1",
        params![entry.pk, until.as_millis()],
    )?;
    let appointment = Appointment {
        status: AppointmentStatus::Proposed,
        patient: Some(patient_ref(tx, &entry.patient)?),
        held_until: Some(until),
        requested: Some((entry.starts, entry.ends)),
        created: Some(entry.joined),
        ..offer.appointment()
    };
    store(tx, office, &entry.id, &entry.patient, appointment)?;
    Ok(true)
}

/// The row by which a time is held for a place.
pub(super) fn insert_hold(
    tx: &Tx<'_>,
    entry: &Entry,
    offer: &Offer<'_>,
    until: Timestamp,
) -> Result<i64, StoreError> {
    tx.sql().one(
        "INSERT INTO appointment (id, schedule, service, patient, starts, ends, state, expires, created, source)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'held', ?7, ?8, ?9) RETURNING pk",
        params![
            entry.id,
            offer.schedule.pk,
            offer.service.pk,
            entry.patient,
            offer.cell.start().as_millis(),
            offer.end().as_millis(),
            until.as_millis(),
            tx.now().as_millis(),
            Source::App.as_str(),
        ],
        |row| row.get(0),
    )
}

/// A time is free again: the first whom it suits is offered it, in this very transaction. `was_booked` when somebody had
/// it for good: then those may have it now who did not want it before.
pub(in crate::schedule) fn freed(
    tx: &mut Tx<'_>,
    office: &Office,
    time: Time,
    was_booked: bool,
) -> Result<(), StoreError> {
    if !does_anybody_wait(tx)? {
        return Ok(());
    }
    if was_booked {
        tx.sql().execute(
            "DELETE FROM time_offered WHERE schedule = ?1 AND cell < ?3 AND cell_after > ?2",
            params![time.schedule, time.cell, time.after],
        )?;
    }
    let now = tx.now();
    let day = Cell(time.cell).day();
    let here = |schedule: &Schedule| schedule.pk == time.schedule;
    let there: Vec<_> = office
        .calendar
        .pairs()
        .filter(|(schedule, _)| here(schedule) && schedule.is_released(day, Source::App, now))
        .collect();
    if day > last_day(now) || there.is_empty() {
        return Ok(());
    }
    let text = format!("{COLUMNS} WHERE offered_until IS NULL AND ends > ?1 ORDER BY joined, pk");
    let waiting = tx.sql().rows(&text, params![now.as_millis()], entry)?;
    for entry in waiting {
        let pair = there
            .iter()
            .find(|(_, service)| service.pk == entry.service);
        let (Some((schedule, service)), Some(wanted)) = (pair, entry.wanted()) else {
            continue;
        };
        if !wanted.fits(schedule, service) || !wanted.criteria.times.allows_day(day) {
            continue;
        }
        let had = had(tx.sql(), &entry)?;
        let offers = office
            .calendar
            .starts(schedule, service, day)
            .filter(|it| Time::of_offer(it).overlaps(&time) && suits(&wanted, &had, it, now));
        for offer in offers {
            if free_seat(tx, &offer, Source::App)?.is_none() {
                continue;
            }
            if !resources::try_lock_person(tx, &entry.patient)? {
                // It is their turn, and they are busy just now: not the next one's. [`super::tend`] asks them.
                tx.tell_waiting_list();
                return Ok(());
            }
            let Some(entry) = again(tx, entry.pk)? else {
                break;
            };
            if !may_be_offered(tx, office, &entry)? || offer_to(tx, office, &entry, &offer)? {
                break;
            }
        }
    }
    Ok(())
}

/// Where holds and offers ended and nobody noticed yet, those who wait come before whoever wants to book now.
pub(in crate::schedule) fn before_others(
    tx: &mut Tx<'_>,
    office: &Office,
    offer: &Offer<'_>,
) -> Result<(), StoreError> {
    if !does_anybody_wait(tx)? {
        return Ok(());
    }
    let (time, now) = (Time::of_offer(offer), tx.now().as_millis());
    let lapsed = tx.sql().rows(
        "SELECT w.pk, w.patient FROM waiting w JOIN appointment a ON a.id = w.id
         WHERE w.offered_until <= ?1 AND a.schedule = ?2 AND a.starts < ?4 AND a.ends > ?3",
        params![
            now,
            time.schedule,
            offer.cell.start().as_millis(),
            offer.end().as_millis()
        ],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
    )?;
    for (pk, patient) in lapsed {
        if resources::try_lock_person(tx, &patient)?
            && let Some(entry) = again(tx, pk)?.filter(|entry| entry.has_lapsed(tx.now()))
        {
            entry.lapse(tx, office)?;
        }
    }
    freed(tx, office, time, false)
}

impl Entry {
    /// Whether its time was offered long enough.
    pub(super) fn has_lapsed(&self, now: Timestamp) -> bool {
        self.offered_until.is_some_and(|until| until <= now)
    }
}

fn does_anybody_wait(tx: &Tx<'_>) -> Result<bool, StoreError> {
    tx.sql().exists("SELECT 1 FROM waiting LIMIT 1", &[])
}
