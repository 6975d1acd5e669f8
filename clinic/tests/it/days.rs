//! The ends of days, leap days, and a clinic's clock that is wrong by days.

use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_clinic::{DayHours, Timetable};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Clock as _;

use crate::support::{Hospital, MOTHER, Phone, SON, hospital, id, key, parameters, refusal};

const SERVICE: &str = "kham-tim-mach";
const TWO_DAYS: Duration = Duration::from_secs(48 * 3_600);

fn open(day: &str, from: &str, until: &str) -> DayHours {
    DayHours {
        day: day.parse().unwrap(),
        from: from.parse().unwrap(),
        until: until.parse().unwrap(),
        open: true,
        reason: String::new(),
    }
}

/// Only these hours are left for the service.
fn only(hospital: &Hospital, days: Vec<DayHours>) {
    let all = hospital.clinic.timetables().unwrap();
    let of_service = all.into_iter().filter(|timetable| {
        let mut services = timetable.services.iter();
        services.any(|service| service.id == SERVICE)
    });
    let mut days = Some(days);
    for timetable in of_service {
        let changed = Timetable {
            weekly: Vec::new(),
            days: days.take().unwrap_or_default(),
            seats: 1,
            ..timetable
        };
        hospital.clinic.set_timetables(vec![changed]).unwrap();
    }
}

async fn free(phone: &Phone, from: &str, to: &str) -> Vec<Value> {
    let find = parameters(&[
        ("start", json!({"valueDateTime": from})),
        ("end", json!({"valueDateTime": to})),
        ("visit-type", json!({"valueString": SERVICE})),
    ]);
    let path = "/fhir/Appointment/$find?_count=200";
    let reply = phone.post(path, None, &find).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.resources("Appointment")
}

fn starts(slots: &[Value]) -> Vec<&str> {
    let starts = slots.iter().map(|slot| slot["start"].as_str().unwrap());
    starts.collect()
}

/// The ids of a day's bookings at the clinic.
fn booked_on(hospital: &Hospital, day: &str) -> Vec<String> {
    let rows = hospital
        .clinic
        .bookings_of_day(day.parse().unwrap())
        .unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn the_night_from_a_leap_day_to_march_belongs_to_both_days_in_vietnam() {
    let hospital = hospital().await;
    let sunday = Timestamp::parse_fhir("2028-02-27T06:00:00+07:00").unwrap();
    hospital.clock.advance(sunday.since(hospital.clock.now()));
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    only(
        &hospital,
        vec![
            open("2028-02-29", "22:00", "24:00"),
            open("2028-03-01", "00:00", "01:00"),
        ],
    );
    let evening = free(
        &phone,
        "2028-02-29T00:00:00+07:00",
        "2028-02-29T23:59:59+07:00",
    )
    .await;
    assert_eq!(starts(&evening)[0], "2028-02-29T22:00:00+07:00");
    let last = evening.last().unwrap();
    assert_eq!(
        last["end"], "2028-03-01T00:00:00+07:00",
        "a visit ends with its day"
    );
    let night = free(
        &phone,
        "2028-03-01T00:00:00+07:00",
        "2028-03-01T23:59:59+07:00",
    )
    .await;
    assert_eq!(starts(&night)[0], "2028-03-01T00:00:00+07:00");
    // Midnight in Vietnam is 17:00 of the day before in UTC.
    let around = free(&phone, "2028-02-29T16:30:00Z", "2028-02-29T17:00:00Z").await;
    let around = starts(&around);
    assert!(
        around.contains(&last["start"].as_str().unwrap()),
        "{around:?}"
    );
    assert_eq!(*around.last().unwrap(), "2028-03-01T00:00:00+07:00");

    let (before, after) = (key(), key());
    assert_eq!(phone.book(&before, id(last), MOTHER).await.status, 200);
    assert_eq!(phone.book(&after, id(&night[0]), MOTHER).await.status, 200);
    assert_eq!(booked_on(&hospital, "2028-02-29"), [before]);
    assert_eq!(booked_on(&hospital, "2028-03-01"), [after]);
    assert!(booked_on(&hospital, "2028-02-28").is_empty());
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_clock_that_was_days_ahead_gives_no_time_twice() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-one", &[MOTHER]).await;
    let son = hospital.phone("device-two", &[SON]).await;
    only(
        &hospital,
        vec![
            open("2026-11-24", "08:00", "09:00"),
            open("2026-11-27", "08:00", "09:00"),
        ],
    );
    let days = ("2026-11-24T00:00:00+07:00", "2026-11-28T00:00:00+07:00");
    let slots = free(&mother, days.0, days.1).await;
    let (tomorrow, friday) = (&slots[0], slots.last().unwrap());
    let held = key();
    assert_eq!(mother.hold(&held, id(friday), MOTHER).await.status, 200);

    hospital.clock.advance(TWO_DAYS);
    let past = key();
    let late = mother.book(&past, id(tomorrow), MOTHER).await;
    assert_eq!(refusal(&late), "not-offered");
    // By this clock the hold is over.
    let theirs = key();
    assert_eq!(son.book(&theirs, id(friday), SON).await.status, 200);

    hospital.clock.go_back(TWO_DAYS);
    let again = mother.book(&past, id(tomorrow), MOTHER).await;
    assert_eq!(again.body, late.body, "a refused id stays refused");
    let lost = mother.book(&key(), &held, MOTHER).await;
    assert_eq!(refusal(&lost), "slot-taken");
    assert_eq!(
        son.book(&theirs, id(friday), SON).await.status,
        200,
        "its first answer"
    );
    let booked = key();
    assert_eq!(mother.book(&booked, id(tomorrow), MOTHER).await.status, 200);

    // Two days behind: what is there stays there.
    hospital.clock.go_back(TWO_DAYS);
    let taken = son.book(&key(), id(tomorrow), SON).await;
    assert_eq!(refusal(&taken), "slot-taken");
    assert_eq!(booked_on(&hospital, "2026-11-24"), [booked]);
    assert_eq!(booked_on(&hospital, "2026-11-27"), [theirs]);
    hospital.running.shutdown().await;
}
