//! The hospital's openings, prices and tariff as the scheduler keeps them.

use super::departments::services;
use super::doctors::{AFTERNOON, DOCTORS, Doctor, MORNING};
use super::resources::{room_id, room_name, schedule_id, specialty_name};
use crate::store::{StoreError, Tx, params};

/// Public holidays by the sun's calendar (month, day), and lunar New Year's days of the next years.
const HOLIDAYS: &[(u32, u32, &str)] = &[
    (1, 1, "Tết Dương lịch"),
    (4, 30, "Ngày Giải phóng miền Nam"),
    (5, 1, "Ngày Quốc tế Lao động"),
    (9, 2, "Quốc khánh"),
];
const YEARS: std::ops::RangeInclusive<i32> = 2026..=2030;
const LUNAR: &[(&str, &str)] = &[
    ("2027-02-05", "Tết Nguyên đán"),
    ("2027-02-06", "Tết Nguyên đán"),
    ("2027-02-07", "Tết Nguyên đán"),
    ("2027-02-08", "Tết Nguyên đán"),
    ("2027-02-09", "Tết Nguyên đán"),
    ("2027-04-16", "Giỗ Tổ Hùng Vương"),
];
/// Benefit level on the card, and what it pays.
const LEVELS: &[(u8, u8)] = &[(1, 100), (2, 100), (3, 95), (4, 80), (5, 100)];

/// Writes what is not there yet.
pub(super) fn write(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let sql = tx.sql();
    for (department, service) in services() {
        sql.execute(
            "INSERT INTO service (id, name, specialty, specialty_name, minutes, price, insured_price)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING",
            params![
                service.id,
                service.name,
                department.code,
                specialty_name(department),
                service.minutes,
                service.price,
                service.insured_price
            ],
        )?;
    }
    for doctor in DOCTORS {
        write_doctor(tx, doctor)?;
    }
    let close = |day: &str, reason: &str| {
        sql.execute(
            "INSERT INTO closed_day (day, reason) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![day, reason],
        )
    };
    for year in YEARS {
        for (month, day, reason) in HOLIDAYS {
            close(&format!("{year}-{month:02}-{day:02}"), reason)?;
        }
    }
    for (day, reason) in LUNAR {
        close(day, reason)?;
    }
    for level in LEVELS {
        sql.execute(
            "INSERT INTO insurance_level (level, percent) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![level.0, level.1],
        )?;
    }
    tx.tell_calendar()
}

fn write_doctor(tx: &Tx<'_>, doctor: &Doctor) -> Result<(), StoreError> {
    let sql = tx.sql();
    let id = schedule_id(doctor);
    let schedule: Option<i64> = sql.first(
        "INSERT INTO schedule (id, practitioner, practitioner_name, location, location_name, seats)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING RETURNING pk",
        params![
            id,
            doctor.id,
            doctor.name,
            room_id(doctor),
            room_name(doctor),
            doctor.seats
        ],
        |row| row.get(0),
    )?;
    // Whoever changed the timetable of one that is there meant it.
    let Some(schedule) = schedule else {
        return Ok(());
    };
    for service in doctor.services {
        sql.execute(
            "INSERT INTO schedule_service (schedule, service)
             SELECT CAST(?1 AS BIGINT), pk FROM service WHERE id = ?2 ON CONFLICT DO NOTHING",
            params![schedule, service],
        )?;
    }
    for (weekdays, (from, to)) in [(doctor.mornings, MORNING), (doctor.afternoons, AFTERNOON)] {
        for weekday in weekdays {
            sql.execute(
                "INSERT INTO weekly_hours (schedule, weekday, from_minute, to_minute) VALUES (?1, ?2, ?3, ?4)",
                params![schedule, weekday, from, to],
            )?;
        }
    }
    Ok(())
}
