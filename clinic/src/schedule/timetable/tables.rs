//! Timetables in the database.

use chrono::{NaiveDate, Weekday};

use super::{
    DayHours, Named, Release, TimeOfDay, Timetable, TimetableError, TimetableService, WeeklyHours,
};
use crate::store::{Row, Sql, StoreError, Tx, params};

/// Services by their numbers, and how long each takes where it differs.
type Offered = Vec<(i64, Option<u32>)>;

/// Every timetable, by its schedule's id.
pub(crate) fn all(sql: Sql<'_>) -> Result<Vec<Timetable>, StoreError> {
    let schedules = sql.rows(
        "SELECT pk, id, practitioner, practitioner_name, location, location_name, seats, extra_seats
         FROM schedule ORDER BY id",
        &[],
        |row| {
            let timetable = Timetable {
                schedule: row.get(1)?,
                practitioner: named(row, 2)?,
                location: named(row, 4)?,
                seats: row.get(6)?,
                extra_seats: row.get(7)?,
                services: Vec::new(),
                weekly: Vec::new(),
                days: Vec::new(),
                release: None,
            };
            Ok((row.get::<i64>(0)?, timetable))
        },
    )?;
    let fill = |(pk, timetable): (i64, Timetable)| {
        Ok(Timetable {
            services: services(sql, pk)?,
            weekly: weekly(sql, pk)?,
            days: days(sql, pk)?,
            release: release(sql, pk)?,
            ..timetable
        })
    };
    schedules.into_iter().map(fill).collect()
}

fn named(row: Row<'_>, column: usize) -> Result<Named, StoreError> {
    Ok(Named {
        id: row.get(column)?,
        name: row.get(column + 1)?,
    })
}

fn services(sql: Sql<'_>, schedule: i64) -> Result<Vec<TimetableService>, StoreError> {
    sql.rows(
        "SELECT v.id, s.minutes FROM schedule_service s JOIN service v ON v.pk = s.service
         WHERE s.schedule = ?1 ORDER BY v.id",
        params![schedule],
        |row| {
            Ok(TimetableService {
                id: row.get(0)?,
                minutes: row.get(1)?,
            })
        },
    )
}

fn weekly(sql: Sql<'_>, schedule: i64) -> Result<Vec<WeeklyHours>, StoreError> {
    let rows = sql.rows(
        "SELECT weekday, from_minute, to_minute, first_day, last_day FROM weekly_hours
         WHERE schedule = ?1 ORDER BY from_minute, to_minute, first_day, last_day, weekday",
        params![schedule],
        |row| {
            Ok(WeeklyHours {
                weekdays: vec![weekday(row.get(0)?).ok_or(StoreError::Unexpected)?],
                from: time(row, 1)?,
                until: time(row, 2)?,
                first_day: day_or_null(row, 3)?,
                last_day: day_or_null(row, 4)?,
            })
        },
    )?;
    // As people say it: the same hours on several days are one line.
    let mut hours: Vec<WeeklyHours> = Vec::new();
    for row in rows {
        match hours.last_mut().filter(|last| {
            (last.from, last.until, last.first_day, last.last_day)
                == (row.from, row.until, row.first_day, row.last_day)
        }) {
            Some(last) => last.weekdays.extend(row.weekdays),
            None => hours.push(row),
        }
    }
    Ok(hours)
}

fn days(sql: Sql<'_>, schedule: i64) -> Result<Vec<DayHours>, StoreError> {
    sql.rows(
        "SELECT day, from_minute, to_minute, is_open, reason FROM day_hours
         WHERE schedule = ?1 ORDER BY day, from_minute",
        params![schedule],
        |row| {
            Ok(DayHours {
                day: day_or_null(row, 0)?.ok_or(StoreError::Unexpected)?,
                from: time(row, 1)?,
                until: time(row, 2)?,
                open: row.get(3)?,
                reason: row.get(4)?,
            })
        },
    )
}

fn release(sql: Sql<'_>, schedule: i64) -> Result<Option<Release>, StoreError> {
    sql.first(
        "SELECT weekday, minute, weeks_before FROM release_rule WHERE schedule = ?1",
        params![schedule],
        |row| {
            Release::from_numbers(row.get(0)?, row.get(1)?, row.get(2)?)
                .ok_or(StoreError::Unexpected)
        },
    )
}

/// Puts timetables in the place of those of their schedules, or adds them: all, or when one cannot be none.
pub(crate) fn set(
    tx: &mut Tx<'_>,
    timetables: &[Timetable],
) -> Result<Result<(), TimetableError>, StoreError> {
    let mut checked = Vec::new();
    for timetable in timetables {
        match timetable.check().and(known_services(tx.sql(), timetable)?) {
            Ok(services) => checked.push((timetable, services)),
            Err(error) => return Ok(Err(error)),
        }
    }
    for (timetable, services) in checked {
        write(tx.sql(), timetable, services)?;
    }
    tx.tell_calendar()?;
    Ok(Ok(()))
}

/// The services of a timetable, by their numbers, with how long they take.
fn known_services(
    sql: Sql<'_>,
    timetable: &Timetable,
) -> Result<Result<Offered, TimetableError>, StoreError> {
    let mut services = Vec::new();
    for service in &timetable.services {
        let known: Option<i64> = sql.first(
            "SELECT pk FROM service WHERE id = ?1",
            params![service.id],
            |row| row.get(0),
        )?;
        let Some(pk) = known else {
            return Ok(Err(TimetableError::Service));
        };
        services.push((pk, service.minutes));
    }
    Ok(Ok(services))
}

fn write(sql: Sql<'_>, timetable: &Timetable, services: Offered) -> Result<(), StoreError> {
    let schedule: i64 = sql.one(
        "INSERT INTO schedule (id, practitioner, practitioner_name, location, location_name, seats, extra_seats)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE
         SET practitioner = excluded.practitioner, practitioner_name = excluded.practitioner_name,
             location = excluded.location, location_name = excluded.location_name,
             seats = excluded.seats, extra_seats = excluded.extra_seats
         RETURNING pk",
        params![
            timetable.schedule,
            timetable.practitioner.id,
            timetable.practitioner.name,
            timetable.location.id,
            timetable.location.name,
            timetable.seats,
            timetable.extra_seats
        ],
        |row| row.get(0),
    )?;
    for table in [
        "schedule_service",
        "weekly_hours",
        "day_hours",
        "release_rule",
    ] {
        sql.execute(
            &format!("DELETE FROM {table} WHERE schedule = ?1"),
            params![schedule],
        )?;
    }
    for (service, minutes) in services {
        sql.execute(
            "INSERT INTO schedule_service (schedule, service, minutes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![schedule, service, minutes],
        )?;
    }
    for hours in &timetable.weekly {
        for weekday in &hours.weekdays {
            add_weekly(sql, schedule, *weekday, hours)?;
        }
    }
    for hours in &timetable.days {
        sql.execute(
            "INSERT INTO day_hours (schedule, day, from_minute, to_minute, is_open, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                schedule,
                hours.day.to_string(),
                hours.from.minutes(),
                hours.until.minutes(),
                hours.open,
                hours.reason
            ],
        )?;
    }
    if let Some(release) = &timetable.release {
        sql.execute(
            "INSERT INTO release_rule (schedule, weekday, minute, weeks_before) VALUES (?1, ?2, ?3, ?4)",
            params![
                schedule,
                release.weekday.number_from_monday(),
                release.at.minutes(),
                release.weeks_before
            ],
        )?;
    }
    Ok(())
}

fn add_weekly(
    sql: Sql<'_>,
    schedule: i64,
    weekday: Weekday,
    hours: &WeeklyHours,
) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO weekly_hours (schedule, weekday, from_minute, to_minute, first_day, last_day)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            schedule,
            weekday.number_from_monday(),
            hours.from.minutes(),
            hours.until.minutes(),
            hours.first_day.map(|day| day.to_string()),
            hours.last_day.map(|day| day.to_string())
        ],
    )?;
    Ok(())
}

/// Closes the whole clinic on a day.
pub(crate) fn close_day(tx: &mut Tx<'_>, day: NaiveDate, reason: &str) -> Result<(), StoreError> {
    tx.sql().execute(
        "INSERT INTO closed_day (day, reason) VALUES (?1, ?2)
         ON CONFLICT (day) DO UPDATE SET reason = excluded.reason",
        params![day.to_string(), reason],
    )?;
    tx.tell_calendar()?;
    Ok(())
}

/// Opens it again. Whether it was closed.
pub(crate) fn open_day(tx: &mut Tx<'_>, day: NaiveDate) -> Result<bool, StoreError> {
    let opened = tx.sql().execute(
        "DELETE FROM closed_day WHERE day = ?1",
        params![day.to_string()],
    )?;
    tx.tell_calendar()?;
    Ok(opened > 0)
}

/// A day of the week from its number; Monday is 1.
pub(super) fn weekday(number: u8) -> Option<Weekday> {
    Weekday::try_from(number.checked_sub(1)?).ok()
}

fn time(row: Row<'_>, column: usize) -> Result<TimeOfDay, StoreError> {
    TimeOfDay::from_minutes(row.get(column)?).ok_or(StoreError::Unexpected)
}

fn day_or_null(row: Row<'_>, column: usize) -> Result<Option<NaiveDate>, StoreError> {
    row.text_or_null(column)?
        .map(|day| day.parse().map_err(|_| StoreError::Unexpected))
        .transpose()
}
