//! Free time: what is offered and not taken.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sokhoe_domain::otherwise::nearness;
use sokhoe_domain::{Criteria, Otherwise, Timestamp};

use super::calendar::{Calendar, Offer, Schedule, Service, facts, last_day};
use super::cells::{Cell, MINUTES};
use super::source::Source;
use crate::store::{Sql, StoreError, params};

/// Days looked at for other times when one is taken.
const DAYS_OF_ALTERNATIVES: u64 = 7;
/// Other times that are given.
const ALTERNATIVES: usize = 5;
const DAY_MILLIS: u64 = 24 * 3_600_000;

/// What somebody looks for. An unset part is any.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub start: Timestamp,
    pub end: Timestamp,
    pub service: Option<String>,
    pub location: Option<String>,
    pub criteria: Criteria,
}

impl Wanted {
    /// Whether a visit there will do, whenever it is.
    pub(super) fn fits(&self, schedule: &Schedule, service: &Service) -> bool {
        let is = |wanted: &Option<String>, id: &str| wanted.as_deref().is_none_or(|w| w == id);
        is(&self.service, &service.id)
            && is(&self.location, &schedule.location.id)
            && (self.criteria.take_any_visit() || self.criteria.allow(&facts(schedule, service)))
    }
}

/// Free times that begin between `start` and `end`, the earliest first, at most `limit`.
pub(crate) fn find<'a>(
    sql: Sql<'_>,
    calendar: &'a Calendar,
    wanted: &Wanted,
    source: Source,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Offer<'a>>, StoreError> {
    let pairs: Vec<_> = calendar
        .pairs()
        .filter(|(schedule, service)| wanted.fits(schedule, service))
        .collect();
    let times = &wanted.criteria.times;
    let mut found = Vec::new();
    let from = wanted
        .start
        .max(Timestamp::from_millis(now.as_millis() + 1));
    let last = wanted.end.vietnam_day().min(last_day(now));
    for day in from
        .vietnam_day()
        .iter_days()
        .take_while(|day| *day <= last)
        .filter(|day| times.allows_day(*day))
    {
        let mut of_day = free_of_day(sql, calendar, &pairs, day, source, now)?;
        of_day.retain(|offer| {
            let start = offer.cell.start();
            (from..=wanted.end).contains(&start) && times.allows(start)
        });
        of_day.sort_by_key(|offer| offer.cell);
        found.append(&mut of_day);
        if found.len() >= limit {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// Other free times of the same service, the nearest to `cell` first.
pub(crate) fn alternatives<'a>(
    sql: Sql<'_>,
    calendar: &'a Calendar,
    taken: Offer<'_>,
    source: Source,
    now: Timestamp,
) -> Result<Vec<Offer<'a>>, StoreError> {
    let pairs: Vec<_> = calendar
        .pairs()
        .filter(|(_, service)| service.pk == taken.service.pk)
        .collect();
    let mut found = Vec::new();
    let first = taken.cell.day();
    let last = last_day(now);
    let days = first
        .iter_days()
        .take_while(|day| *day <= last)
        .zip(0..DAYS_OF_ALTERNATIVES);
    for (day, _) in days {
        let mut of_day = free_of_day(sql, calendar, &pairs, day, source, now)?;
        of_day.retain(|offer| offer.cell.start() > now && offer.cell != taken.cell);
        // The same doctor first where two are as near.
        of_day.sort_by_key(|offer| {
            let other = offer.schedule.pk != taken.schedule.pk;
            (offer.cell.0.abs_diff(taken.cell.0), other, offer.cell)
        });
        found.append(&mut of_day);
        if found.len() >= ALTERNATIVES {
            break;
        }
    }
    found.truncate(ALTERNATIVES);
    Ok(found)
}

/// What of a day is free for a service.
pub(super) fn free_for_service<'a>(
    sql: Sql<'_>,
    calendar: &'a Calendar,
    service: i64,
    day: NaiveDate,
    source: Source,
    now: Timestamp,
) -> Result<Vec<Offer<'a>>, StoreError> {
    let pairs = calendar.pairs();
    let pairs: Vec<_> = pairs.filter(|(_, it)| it.pk == service).collect();
    let mut free = free_of_day(sql, calendar, &pairs, day, source, now)?;
    free.retain(|offer| offer.cell.start() > now);
    Ok(free)
}

/// Free times that will do in the place of the named one, the nearest first. Days are looked at from the named one
/// outwards, until none that is left can have a nearer time.
pub(crate) fn allowed<'a>(
    sql: Sql<'_>,
    calendar: &'a Calendar,
    named: Offer<'_>,
    otherwise: &Otherwise,
    source: Source,
    now: Timestamp,
) -> Result<Vec<Offer<'a>>, StoreError> {
    let is_same = |schedule: &Schedule| schedule.practitioner.id == named.schedule.practitioner.id;
    let pairs: Vec<_> = calendar
        .pairs()
        .filter(|(schedule, service)| {
            service.pk == named.service.pk && (otherwise.any_practitioner() || is_same(schedule))
        })
        .collect();
    let start = named.cell.start();
    let reach = now.vietnam_day()..=last_day(now);
    let mut days: Vec<(u64, NaiveDate)> = otherwise
        .days()
        .filter(|day| reach.contains(day))
        .map(|day| (days_between(day, start.vietnam_day()), day))
        .collect();
    days.sort();
    let mut found: Vec<Offer<'a>> = Vec::new();
    for (away, day) in days {
        let least = away.saturating_sub(1).saturating_mul(DAY_MILLIS);
        let nearest = found
            .first()
            .map(|offer| nearness(offer.cell.start(), start).0);
        if nearest.is_some_and(|nearest| nearest < least) {
            break;
        }
        let of_day = free_of_day(sql, calendar, &pairs, day, source, now)?;
        found.extend(of_day.into_iter().filter(|offer| {
            offer.cell.start() > now
                && otherwise.allows(offer.cell.start(), is_same(offer.schedule))
        }));
        // The same doctor first where two are at one time.
        found.sort_by_key(|offer| {
            let other = !is_same(offer.schedule);
            (
                nearness(offer.cell.start(), start),
                other,
                offer.schedule.pk,
            )
        });
    }
    Ok(found)
}

fn days_between(one: NaiveDate, other: NaiveDate) -> u64 {
    one.signed_duration_since(other).num_days().unsigned_abs()
}

/// What of a day is free.
fn free_of_day<'a>(
    sql: Sql<'_>,
    calendar: &'a Calendar,
    pairs: &[(&'a Schedule, &'a Service)],
    day: NaiveDate,
    source: Source,
    now: Timestamp,
) -> Result<Vec<Offer<'a>>, StoreError> {
    let mut free = Vec::new();
    // Services of one schedule follow one another: what is taken is read once for all of them.
    let mut taken: Option<(i64, BTreeMap<i64, u64>)> = None;
    for (schedule, service) in pairs {
        if !schedule.is_released(day, source, now) {
            continue;
        }
        let mut offers = calendar.starts(schedule, service, day).peekable();
        if offers.peek().is_none() {
            continue;
        }
        if taken.as_ref().is_none_or(|(pk, _)| *pk != schedule.pk) {
            let from = Cell::on(day, 0);
            let end = from.plus_minutes(24 * 60);
            taken = Some((schedule.pk, taken_seats(sql, schedule, from, end, now)?));
        }
        let Some((_, seats)) = &taken else { continue };
        free.extend(offers.filter(|offer| has_free_seat(offer, seats, source)));
    }
    Ok(free)
}

/// Which seats are taken in each cell from one to before another, as bits.
pub(super) fn taken_seats(
    sql: Sql<'_>,
    schedule: &Schedule,
    from: Cell,
    end: Cell,
    now: Timestamp,
) -> Result<BTreeMap<i64, u64>, StoreError> {
    let mut taken = BTreeMap::new();
    let found = sql.rows(
        "SELECT cell, seat FROM busy
         WHERE schedule = ?1 AND cell >= ?2 AND cell < ?3 AND (expires IS NULL OR expires > ?4)",
        params![schedule.pk, from.0, end.0, now.as_millis()],
        |row| Ok((row.get::<i64>(0)?, row.get::<u32>(1)?)),
    )?;
    for (cell, seat) in found {
        *taken.entry(cell).or_insert(0) |= 1_u64.checked_shl(seat).unwrap_or(0);
    }
    Ok(taken)
}

/// Whether one seat is free for the whole time.
pub(super) fn has_free_seat(offer: &Offer<'_>, taken: &BTreeMap<i64, u64>, source: Source) -> bool {
    let end = offer.cell.0 + offer.minutes / MINUTES;
    let used = taken
        .range(offer.cell.0..end)
        .fold(0, |used, (_, seats)| used | seats);
    let all = 1_u64
        .checked_shl(offer.schedule.seats(source))
        .map_or(u64::MAX, |bit| bit - 1);
    used & all != all
}
