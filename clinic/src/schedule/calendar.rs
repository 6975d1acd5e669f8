//! What is offered: services, schedules and their openings. Small, so it is held in memory and read again
//! after it changed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};
use rusqlite::Connection;
use sokhoe_domain::{Timestamp, Vnd};
use sokhoe_fhir::{Appointment, AppointmentStatus, Coded, Ref};

use super::cells::Cell;
use crate::store::StoreError;

/// The code system of the clinic's specialities.
pub(crate) const SPECIALTY: &str = "https://sokhoe.vn/fhir/CodeSystem/specialty";
/// How far ahead one can book.
const HORIZON_DAYS: i64 = 60;

/// A service that can be booked.
#[derive(Debug)]
pub(crate) struct Service {
    pub pk: i64,
    pub id: String,
    pub name: String,
    pub specialty: Coded,
    pub minutes: i64,
    pub price: Vnd,
    pub insured_price: Vnd,
}

/// Who works where, and when.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub pk: i64,
    pub practitioner: Ref,
    pub location: Ref,
    pub seats: u32,
    services: BTreeSet<i64>,
    openings: Vec<Opening>,
}

#[derive(Debug)]
struct Opening {
    weekday: u32,
    from: i64,
    to: i64,
}

/// A time at which a service is offered; whether it is free is another question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer<'a> {
    pub schedule: &'a Schedule,
    pub service: &'a Service,
    pub cell: Cell,
}

/// All that is offered.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    services: BTreeMap<i64, Service>,
    schedules: BTreeMap<i64, Schedule>,
    closed: BTreeSet<NaiveDate>,
}

impl Calendar {
    /// Reads it.
    pub fn load(sql: &Connection) -> Result<Self, StoreError> {
        let mut calendar = Self::default();
        let mut rows = sql.prepare(
            "SELECT pk, id, name, specialty, specialty_name, minutes, price, insured_price FROM service",
        )?;
        let services = rows.query_map([], |row| {
            Ok(Service {
                pk: row.get(0)?,
                id: row.get(1)?,
                name: row.get(2)?,
                specialty: Coded {
                    system: SPECIALTY.to_owned(),
                    code: row.get(3)?,
                    name: row.get(4)?,
                },
                minutes: row.get(5)?,
                price: Vnd::new(row.get(6)?),
                insured_price: Vnd::new(row.get(7)?),
            })
        })?;
        for service in services {
            let service = service?;
            calendar.services.insert(service.pk, service);
        }
        let mut rows = sql.prepare(
            "SELECT pk, practitioner, practitioner_name, location, location_name, seats FROM schedule",
        )?;
        let schedules = rows.query_map([], |row| {
            Ok(Schedule {
                pk: row.get(0)?,
                practitioner: Ref::new(row.get::<_, String>(1)?, row.get::<_, String>(2)?),
                location: Ref::new(row.get::<_, String>(3)?, row.get::<_, String>(4)?),
                seats: row.get(5)?,
                services: BTreeSet::new(),
                openings: Vec::new(),
            })
        })?;
        for schedule in schedules {
            let schedule = schedule?;
            calendar.schedules.insert(schedule.pk, schedule);
        }
        let mut rows = sql.prepare("SELECT schedule, service FROM schedule_service")?;
        for pair in rows.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))? {
            let (schedule, service) = pair?;
            if let Some(schedule) = calendar.schedules.get_mut(&schedule) {
                schedule.services.insert(service);
            }
        }
        let mut rows = sql.prepare(
            "SELECT schedule, weekday, from_minute, to_minute FROM opening ORDER BY schedule, weekday, from_minute",
        )?;
        let openings = rows.query_map([], |row| {
            let opening = Opening {
                weekday: row.get(1)?,
                from: row.get(2)?,
                to: row.get(3)?,
            };
            Ok((row.get::<_, i64>(0)?, opening))
        })?;
        for pair in openings {
            let (schedule, opening) = pair?;
            if let Some(schedule) = calendar.schedules.get_mut(&schedule) {
                schedule.openings.push(opening);
            }
        }
        let mut rows = sql.prepare("SELECT day FROM closed_day")?;
        for day in rows.query_map([], |row| row.get::<_, String>(0))? {
            calendar.closed.extend(day?.parse::<NaiveDate>());
        }
        Ok(calendar)
    }

    /// Every schedule with every service it offers.
    pub fn pairs(&self) -> impl Iterator<Item = (&Schedule, &Service)> {
        self.schedules.values().flat_map(|schedule| {
            schedule
                .services
                .iter()
                .filter_map(|service| self.services.get(service))
                .map(move |service| (schedule, service))
        })
    }

    /// The times at which a schedule offers a service on a day, the earliest first.
    pub fn starts<'a>(
        &'a self,
        schedule: &'a Schedule,
        service: &'a Service,
        day: NaiveDate,
    ) -> impl Iterator<Item = Offer<'a>> {
        let weekday = day.weekday().number_from_monday();
        let open = !self.closed.contains(&day);
        schedule
            .openings
            .iter()
            .filter(move |opening| open && opening.weekday == weekday)
            .flat_map(move |opening| {
                let count = (opening.to - opening.from) / service.minutes;
                (0..count).map(move |n| Offer {
                    schedule,
                    service,
                    cell: Cell::on(day, opening.from + n * service.minutes),
                })
            })
    }

    /// The offer at a place in time, when it is one that can be booked now.
    pub fn offer(
        &self,
        schedule: i64,
        service: i64,
        cell: Cell,
        now: Timestamp,
    ) -> Option<Offer<'_>> {
        let place = self.place(schedule, service, cell)?;
        let day = cell.day();
        let in_reach = cell.start() > now && day <= last_day(now);
        in_reach.then(|| {
            self.starts(place.schedule, place.service, day)
                .find(|offer| offer.cell == cell)
        })?
    }

    /// The offer that an id of a proposed Appointment stands for, when it can still be booked.
    pub fn proposed(&self, id: &str, now: Timestamp) -> Option<Offer<'_>> {
        let named = self.named(id)?;
        self.offer(named.schedule.pk, named.service.pk, named.cell, now)
    }

    /// What an id of a proposed Appointment names, whether it is offered or no longer.
    pub fn named(&self, id: &str) -> Option<Offer<'_>> {
        let digits = id.strip_prefix('p').filter(|digits| digits.len() == 24)?;
        let part = |from: usize| i64::from_str_radix(digits.get(from..from + 8)?, 16).ok();
        self.place(part(0)?, part(8)?, Cell(part(16)?))
    }

    /// A schedule, what it is for and a time, whether that is offered or no longer.
    pub fn place(&self, schedule: i64, service: i64, cell: Cell) -> Option<Offer<'_>> {
        let schedule = self.schedules.get(&schedule)?;
        let service = schedule.services.get(&service)?;
        Some(Offer {
            schedule,
            service: self.services.get(service)?,
            cell,
        })
    }
}

/// The last day on which one can book now.
pub(crate) fn last_day(now: Timestamp) -> NaiveDate {
    now.vietnam_day() + chrono::Duration::days(HORIZON_DAYS)
}

impl Offer<'_> {
    /// The id of the proposed Appointment.
    pub fn id(&self) -> String {
        format!(
            "p{:08x}{:08x}{:08x}",
            self.schedule.pk, self.service.pk, self.cell.0
        )
    }

    /// When it ends.
    pub fn end(&self) -> Timestamp {
        self.cell.plus_minutes(self.service.minutes).start()
    }

    /// As an Appointment, for nobody yet.
    pub fn appointment(&self) -> Appointment {
        Appointment {
            id: Some(self.id()),
            status: AppointmentStatus::Proposed,
            start: Some(self.cell.start()),
            end: Some(self.end()),
            minutes: u32::try_from(self.service.minutes).ok(),
            service: Some(Ref::new(&*self.service.id, &*self.service.name)),
            specialty: Some(self.service.specialty.clone()),
            practitioner: Some(self.schedule.practitioner.clone()),
            location: Some(self.schedule.location.clone()),
            price: Some(self.service.price),
            ..Appointment::default()
        }
    }
}
