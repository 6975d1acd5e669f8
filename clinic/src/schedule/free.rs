//! Free time: what is offered and not taken.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, params};
use sokhoe_domain::Timestamp;

use super::calendar::{Calendar, Offer, Schedule, Service, last_day};
use super::cells::{Cell, MINUTES};
use crate::store::StoreError;

/// Days looked at for other times when one is taken.
const DAYS_OF_ALTERNATIVES: u64 = 7;
/// Other times that are given.
const ALTERNATIVES: usize = 5;

/// What somebody looks for. An unset part is any.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub start: Timestamp,
    pub end: Timestamp,
    pub specialty: Option<String>,
    pub service: Option<String>,
    pub practitioner: Option<String>,
    pub location: Option<String>,
}

impl Wanted {
    fn fits(&self, schedule: &Schedule, service: &Service) -> bool {
        let is = |wanted: &Option<String>, id: &str| wanted.as_deref().is_none_or(|w| w == id);
        is(&self.specialty, &service.specialty.code)
            && is(&self.service, &service.id)
            && is(&self.practitioner, &schedule.practitioner.id)
            && is(&self.location, &schedule.location.id)
    }
}

/// Free times that begin between `start` and `end`, the earliest first, at most `limit`.
pub(crate) fn find<'a>(
    sql: &Connection,
    calendar: &'a Calendar,
    wanted: &Wanted,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Offer<'a>>, StoreError> {
    let pairs: Vec<_> = calendar
        .pairs()
        .filter(|(schedule, service)| wanted.fits(schedule, service))
        .collect();
    let mut found = Vec::new();
    let from = wanted
        .start
        .max(Timestamp::from_millis(now.as_millis() + 1));
    let last = wanted.end.vietnam_day().min(last_day(now));
    for day in from
        .vietnam_day()
        .iter_days()
        .take_while(|day| *day <= last)
    {
        let mut of_day = free_of_day(sql, calendar, &pairs, day, now)?;
        of_day.retain(|offer| (from..=wanted.end).contains(&offer.cell.start()));
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
    sql: &Connection,
    calendar: &'a Calendar,
    taken: Offer<'_>,
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
        let mut of_day = free_of_day(sql, calendar, &pairs, day, now)?;
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

/// What of a day is free.
fn free_of_day<'a>(
    sql: &Connection,
    calendar: &'a Calendar,
    pairs: &[(&'a Schedule, &'a Service)],
    day: NaiveDate,
    now: Timestamp,
) -> Result<Vec<Offer<'a>>, StoreError> {
    let mut free = Vec::new();
    // Services of one schedule follow one another: what is taken is read once for all of them.
    let mut taken: Option<(i64, BTreeMap<i64, u64>)> = None;
    for (schedule, service) in pairs {
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
        free.extend(offers.filter(|offer| has_free_seat(offer, seats)));
    }
    Ok(free)
}

/// Which seats are taken in each cell from one to before another, as bits.
pub(super) fn taken_seats(
    sql: &Connection,
    schedule: &Schedule,
    from: Cell,
    end: Cell,
    now: Timestamp,
) -> Result<BTreeMap<i64, u64>, StoreError> {
    let mut rows = sql.prepare_cached(
        "SELECT cell, seat FROM busy
         WHERE schedule = ?1 AND cell >= ?2 AND cell < ?3 AND (expires IS NULL OR expires > ?4)",
    )?;
    let mut taken = BTreeMap::new();
    let found = rows.query_map(
        params![schedule.pk, from.0, end.0, now.as_millis()],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?)),
    )?;
    for pair in found {
        let (cell, seat) = pair?;
        *taken.entry(cell).or_insert(0) |= 1_u64.checked_shl(seat).unwrap_or(0);
    }
    Ok(taken)
}

/// Whether one seat is free for the whole time.
pub(super) fn has_free_seat(offer: &Offer<'_>, taken: &BTreeMap<i64, u64>) -> bool {
    let end = offer.cell.0 + offer.service.minutes / MINUTES;
    let used = taken
        .range(offer.cell.0..end)
        .fold(0, |used, (_, seats)| used | seats);
    let all = 1_u64
        .checked_shl(offer.schedule.seats)
        .map_or(u64::MAX, |bit| bit - 1);
    used & all != all
}
