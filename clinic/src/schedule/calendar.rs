//! What is offered: services, schedules and their openings. Small, so it is held in memory and read again
//! after it changed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::NaiveDate;
use sokhoe_domain::{Timestamp, VisitFacts, VisitMode, Vnd};
use sokhoe_fhir::{
    Appointment, AppointmentStatus, Coded, LocationView, PractitionerView, Ref, ServiceView,
};

use super::cells::Cell;
use super::source::Source;
use super::timetable::{Hours, OfDay, Release, Weekly};
use crate::insurance::{self, Insurance};
use crate::store::{Row, Sql, StoreError, calendar_version};

/// The code system of the clinic's specialities.
pub(crate) const SPECIALTY: &str = "https://sokhoe.vn/fhir/CodeSystem/specialty";
/// How far ahead one can book.
const HORIZON_DAYS: i64 = 60;
/// How long what was just booked can be changed all the same where the service's notice is over already.
const SECOND_THOUGHTS: Duration = Duration::from_secs(15 * 60);

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
    /// Of its HealthcareService, as far as that tells it: languages, the way in, where people meet.
    languages: Vec<String>,
    step_free: Option<bool>,
    mode: Option<VisitMode>,
    /// As many of it one person may have booked ahead, where its HealthcareService tells a number of its own.
    pub bookings_ahead: Option<u32>,
    /// Before it begins the person can change nothing of a visit by themselves for so long, where its HealthcareService tells
    /// of a notice.
    change_notice: Option<Duration>,
}

impl Service {
    /// Until when the person may themselves change a visit that begins then and is decided now; unset where they may until
    /// it begins.
    pub fn changeable_until(&self, start: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let notice = self.change_notice?;
        let until = start.minus(notice).max(now.plus(SECOND_THOUGHTS));
        Some(until.min(start))
    }
}

/// Who works where, and when.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub pk: i64,
    pub practitioner: Ref,
    pub location: Ref,
    /// Of the Practitioner, as far as that tells it.
    languages: Vec<String>,
    /// Of the Location, as far as that tells it.
    step_free: Option<bool>,
    seats: u32,
    extra_seats: u32,
    /// What for, and for how many minutes where that differs from the service's own.
    services: BTreeMap<i64, Option<i64>>,
    hours: Hours,
    release: Option<Release>,
}

impl Schedule {
    /// How long the service takes here.
    fn minutes(&self, service: &Service) -> i64 {
        self.services
            .get(&service.pk)
            .copied()
            .flatten()
            .unwrap_or(service.minutes)
    }

    /// The seats that this source may give.
    pub fn seats(&self, source: Source) -> u32 {
        if source.may_overbook() {
            self.seats + self.extra_seats
        } else {
            self.seats
        }
    }

    /// Whether this source may give a day's times now.
    pub fn is_released(&self, day: NaiveDate, source: Source, now: Timestamp) -> bool {
        source.need_not_wait() || self.release.is_none_or(|release| release.of(day) <= now)
    }
}

/// A time at which a service is offered; whether it is free is another question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer<'a> {
    pub schedule: &'a Schedule,
    pub service: &'a Service,
    pub minutes: i64,
    pub cell: Cell,
}

/// All that is offered.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    /// Of which version of what is offered it is.
    version: i64,
    services: BTreeMap<i64, Service>,
    schedules: BTreeMap<i64, Schedule>,
    closed: BTreeSet<NaiveDate>,
    /// How the clinic stands to the health insurance; unset when it does not tell.
    pub insurance: Option<Insurance>,
}

impl Calendar {
    /// Reads it.
    pub fn load(sql: Sql<'_>) -> Result<Self, StoreError> {
        let mut calendar = Self {
            version: calendar_version::read(sql)?,
            insurance: insurance::read(sql)?,
            ..Self::default()
        };
        let services = sql.rows(
            "SELECT pk, id, name, specialty, specialty_name, minutes, price, insured_price FROM service",
            &[],
            |row| {
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
                    languages: Vec::new(),
                    step_free: None,
                    mode: None,
                    bookings_ahead: None,
                    change_notice: None,
                })
            },
        )?;
        calendar
            .services
            .extend(services.into_iter().map(|service| (service.pk, service)));
        let schedules = sql.rows(
            "SELECT pk, practitioner, practitioner_name, location, location_name, seats, extra_seats FROM schedule",
            &[],
            |row| {
                Ok(Schedule {
                    pk: row.get(0)?,
                    practitioner: Ref::new(row.text(1)?, row.text(2)?),
                    location: Ref::new(row.text(3)?, row.text(4)?),
                    languages: Vec::new(),
                    step_free: None,
                    seats: row.get(5)?,
                    extra_seats: row.get(6)?,
                    services: BTreeMap::new(),
                    hours: Hours::default(),
                    release: None,
                })
            },
        )?;
        calendar.schedules.extend(
            schedules
                .into_iter()
                .map(|schedule| (schedule.pk, schedule)),
        );
        calendar.load_services(sql)?;
        calendar.load_hours(sql)?;
        calendar.load_told(sql)?;
        let days = sql.rows("SELECT day FROM closed_day", &[], |row| {
            Ok(row.text(0)?.parse::<NaiveDate>())
        })?;
        calendar.closed.extend(days.into_iter().flatten());
        Ok(calendar)
    }

    /// What the clinic's own resources tell of doctors, rooms and services. One that cannot be read tells nothing.
    fn load_told(&mut self, sql: Sql<'_>) -> Result<(), StoreError> {
        let practitioners = told(
            sql,
            "SELECT id, json FROM resource WHERE type = 'Practitioner' AND json IS NOT NULL
             AND id IN (SELECT practitioner FROM schedule)",
            |json| Some(PractitionerView::from_json(json).ok()?.languages),
        )?;
        let locations = told(
            sql,
            "SELECT id, json FROM resource WHERE type = 'Location' AND json IS NOT NULL
             AND id IN (SELECT location FROM schedule)",
            |json| LocationView::from_json(json).ok()?.step_free,
        )?;
        let services = told(
            sql,
            "SELECT id, json FROM resource WHERE type = 'HealthcareService' AND json IS NOT NULL
             AND id IN (SELECT id FROM service)",
            |json| ServiceView::from_json(json).ok(),
        )?;
        for schedule in self.schedules.values_mut() {
            let languages = practitioners.get(&schedule.practitioner.id);
            schedule.languages = languages.cloned().unwrap_or_default();
            schedule.step_free = locations.get(&schedule.location.id).copied();
        }
        for service in self.services.values_mut() {
            if let Some(told) = services.get(&service.id) {
                service.languages.clone_from(&told.languages);
                service.step_free = told.step_free;
                service.mode = told.mode;
                service.bookings_ahead = told.bookings_ahead;
                let notice = told.change_notice.map(u64::from);
                service.change_notice = notice.map(|minutes| Duration::from_secs(minutes * 60));
            }
        }
        Ok(())
    }

    /// Of which version of what is offered it is.
    pub fn version(&self) -> i64 {
        self.version
    }

    fn load_services(&mut self, sql: Sql<'_>) -> Result<(), StoreError> {
        let pairs = sql.rows(
            "SELECT schedule, service, minutes FROM schedule_service",
            &[],
            |row| Ok((row.get::<i64>(0)?, row.get(1)?, row.get(2)?)),
        )?;
        for (schedule, service, minutes) in pairs {
            if let Some(schedule) = self.schedules.get_mut(&schedule) {
                schedule.services.insert(service, minutes);
            }
        }
        Ok(())
    }

    fn load_hours(&mut self, sql: Sql<'_>) -> Result<(), StoreError> {
        let day = |row: Row<'_>, column| {
            Ok::<_, StoreError>(row.text_or_null(column)?.and_then(|day| day.parse().ok()))
        };
        let weekly = sql.rows(
            "SELECT schedule, weekday, from_minute, to_minute, first_day, last_day FROM weekly_hours",
            &[],
            |row| {
                let hours = Weekly {
                    weekday: row.get(1)?,
                    from: row.get(2)?,
                    until: row.get(3)?,
                    first_day: day(row, 4)?,
                    last_day: day(row, 5)?,
                };
                Ok((row.get::<i64>(0)?, hours))
            },
        )?;
        for (schedule, hours) in weekly {
            if let Some(schedule) = self.schedules.get_mut(&schedule) {
                schedule.hours.weekly.push(hours);
            }
        }
        let days = sql.rows(
            "SELECT schedule, day, from_minute, to_minute, is_open FROM day_hours",
            &[],
            |row| {
                let hours = OfDay {
                    day: day(row, 1)?.ok_or(StoreError::Unexpected)?,
                    from: row.get(2)?,
                    until: row.get(3)?,
                    is_open: row.get(4)?,
                };
                Ok((row.get::<i64>(0)?, hours))
            },
        )?;
        for (schedule, hours) in days {
            if let Some(schedule) = self.schedules.get_mut(&schedule) {
                schedule.hours.days.push(hours);
            }
        }
        let rules = sql.rows(
            "SELECT schedule, weekday, minute, weeks_before FROM release_rule",
            &[],
            |row| {
                let rule = Release::from_numbers(row.get(1)?, row.get(2)?, row.get(3)?);
                Ok((row.get::<i64>(0)?, rule))
            },
        )?;
        for (schedule, rule) in rules {
            if let Some(schedule) = self.schedules.get_mut(&schedule) {
                schedule.release = rule;
            }
        }
        Ok(())
    }

    /// Every schedule with every service it offers.
    pub fn pairs(&self) -> impl Iterator<Item = (&Schedule, &Service)> {
        self.schedules.values().flat_map(|schedule| {
            schedule
                .services
                .keys()
                .filter_map(|service| self.services.get(service))
                .map(move |service| (schedule, service))
        })
    }

    /// The times at which a schedule offers a service on a day, the earliest first, given out or not yet.
    pub fn starts<'a>(
        &'a self,
        schedule: &'a Schedule,
        service: &'a Service,
        day: NaiveDate,
    ) -> impl Iterator<Item = Offer<'a>> {
        let minutes = schedule.minutes(service);
        let open = !self.closed.contains(&day);
        let starts = schedule.hours.starts(day, open, minutes);
        starts.into_iter().map(move |start| Offer {
            schedule,
            service,
            minutes,
            cell: Cell::on(day, start),
        })
    }

    /// The offer at a place in time, when it is one that this source can book now.
    pub fn offer(
        &self,
        schedule: i64,
        service: i64,
        cell: Cell,
        source: Source,
        now: Timestamp,
    ) -> Option<Offer<'_>> {
        let place = self.place(schedule, service, cell)?;
        let day = cell.day();
        let in_reach = cell.start() > now
            && day <= last_day(now)
            && place.schedule.is_released(day, source, now);
        in_reach.then(|| {
            self.starts(place.schedule, place.service, day)
                .find(|offer| offer.cell == cell)
        })?
    }

    /// The offer that an id of a proposed Appointment stands for, when it can still be booked.
    pub fn proposed(&self, id: &str, source: Source, now: Timestamp) -> Option<Offer<'_>> {
        let named = self.named(id)?;
        self.offer(named.schedule.pk, named.service.pk, named.cell, source, now)
    }

    /// Whether the clinic still has the time of what is booked: as the counter has it, which need not wait until times are given out.
    pub fn still_has(
        &self,
        schedule: i64,
        service: i64,
        starts: Timestamp,
        now: Timestamp,
    ) -> bool {
        Cell::beginning_at(starts)
            .and_then(|cell| self.offer(schedule, service, cell, Source::Counter, now))
            .is_some()
    }

    /// A service.
    pub fn service(&self, pk: i64) -> Option<&Service> {
        self.services.get(&pk)
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
        let service = schedule
            .services
            .contains_key(&service)
            .then(|| self.services.get(&service))??;
        Some(Offer {
            schedule,
            service,
            minutes: schedule.minutes(service),
            cell,
        })
    }
}

/// What resources tell, by their ids.
fn told<T>(
    sql: Sql<'_>,
    text: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<BTreeMap<String, T>, StoreError> {
    let rows = sql.rows(text, &[], |row| {
        Ok((row.text(0)?.to_owned(), read(row.text(1)?)))
    })?;
    let told = rows.into_iter().filter_map(|(id, told)| Some((id, told?)));
    Ok(told.collect())
}

/// What is told of a visit for a service with who works there.
pub(super) fn facts<'a>(schedule: &'a Schedule, service: &'a Service) -> VisitFacts<'a> {
    VisitFacts {
        practitioner: Some(&schedule.practitioner.id),
        specialty: Some(&service.specialty.code),
        price: Some(service.price),
        languages: languages(schedule, service).map(String::as_str).collect(),
        step_free: schedule.step_free.or(service.step_free),
        mode: service.mode,
    }
}

/// What the doctor speaks, and what is spoken at the service; each once.
fn languages<'a>(schedule: &'a Schedule, service: &'a Service) -> impl Iterator<Item = &'a String> {
    let of_service = service
        .languages
        .iter()
        .filter(|language| !schedule.languages.contains(language));
    schedule.languages.iter().chain(of_service)
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
        self.cell.plus_minutes(self.minutes).start()
    }

    /// Until when the person may themselves change what they book now; unset where they may until it begins.
    pub fn changeable_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.service.changeable_until(self.cell.start(), now)
    }

    /// As an Appointment, for nobody yet.
    pub fn appointment(&self) -> Appointment {
        Appointment {
            id: Some(self.id()),
            status: AppointmentStatus::Proposed,
            start: Some(self.cell.start()),
            end: Some(self.end()),
            minutes: u32::try_from(self.minutes).ok(),
            service: Some(Ref::new(&*self.service.id, &*self.service.name)),
            specialty: Some(self.service.specialty.clone()),
            practitioner: Some(self.schedule.practitioner.clone()),
            location: Some(self.schedule.location.clone()),
            price: Some(self.service.price),
            languages: languages(self.schedule, self.service).cloned().collect(),
            step_free: self.schedule.step_free.or(self.service.step_free),
            mode: self.service.mode,
            ..Appointment::default()
        }
    }
}
