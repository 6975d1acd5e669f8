//! Timetables: what they say is what is offered.

use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_clinic::{
    ClinicError, DayHours, DeskAnswer, DeskBooking, DeskRequest, Refusal, Release, Source,
    Timetable, TimetableError, TimetableService,
};

use crate::support::{
    Hospital, MOTHER, Phone, SON, STRANGER, hospital, id, key, parameters, refusal,
};

const SERVICE: &str = "kham-tim-mach";

/// The timetable of the only doctor who is left for the service.
fn the_only_one(hospital: &Hospital) -> Timetable {
    let mut of_service: Vec<Timetable> = hospital
        .clinic
        .timetables()
        .unwrap()
        .into_iter()
        .filter(|timetable| {
            timetable
                .services
                .iter()
                .any(|service| service.id == SERVICE)
        })
        .collect();
    let kept = of_service.remove(0);
    for mut other in of_service {
        other.weekly.clear();
        hospital.clinic.set_timetables(vec![other]).unwrap();
    }
    kept
}

/// The starts that are free on a day.
async fn starts(phone: &Phone, day: &str) -> Vec<String> {
    free(phone, day)
        .await
        .iter()
        .map(|slot| slot["start"].as_str().unwrap()[11..16].to_owned())
        .collect()
}

async fn free(phone: &Phone, day: &str) -> Vec<Value> {
    let find = parameters(&[
        (
            "start",
            json!({"valueDateTime": format!("{day}T00:00:00+07:00")}),
        ),
        (
            "end",
            json!({"valueDateTime": format!("{day}T23:59:59+07:00")}),
        ),
        ("visit-type", json!({"valueString": SERVICE})),
    ]);
    let reply = phone
        .post("/fhir/Appointment/$find?_count=200", None, &find)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.resources("Appointment")
}

fn hours(day: &str, from: &str, until: &str, open: bool) -> DayHours {
    DayHours {
        day: day.parse().unwrap(),
        from: from.parse().unwrap(),
        until: until.parse().unwrap(),
        open,
        reason: "Hội thảo".to_owned(),
    }
}

#[tokio::test]
async fn a_day_has_other_hours_and_who_was_booked_then_is_named() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let timetable = the_only_one(&hospital);
    let day = "2026-11-24";
    let before = free(&phone, day).await;
    let booked = key();
    assert_eq!(
        phone.book(&booked, id(&before[1]), MOTHER).await.status,
        200
    );
    let taken_away = before[1]["start"].as_str().unwrap()[11..16].to_owned();
    let until = before[2]["start"].as_str().unwrap()[11..16].to_owned();

    let changed = Timetable {
        days: vec![
            hours(day, &taken_away, &until, false),
            hours(day, "18:00", "19:00", true),
        ],
        ..timetable.clone()
    };
    let stranded = hospital
        .clinic
        .set_timetables(vec![changed.clone()])
        .unwrap();
    assert_eq!(stranded.len(), 1);
    assert_eq!(
        (&*stranded[0].id, &*stranded[0].patient),
        (&*booked, MOTHER)
    );
    let after = starts(&phone, day).await;
    assert!(!after.contains(&taken_away));
    assert!(after.contains(&"18:00".to_owned()));
    assert_eq!(after[0], before[0]["start"].as_str().unwrap()[11..16]);
    // As it was set, so it is told.
    let told = hospital.clinic.timetables().unwrap();
    assert!(told.contains(&changed));

    assert!(
        hospital
            .clinic
            .set_timetables(vec![timetable])
            .unwrap()
            .is_empty()
    );
    let stranded = hospital
        .clinic
        .close_day(day.parse().unwrap(), "Nghỉ bù")
        .unwrap();
    assert_eq!(stranded.len(), 1);
    assert!(starts(&phone, day).await.is_empty());
    assert!(hospital.clinic.open_day(day.parse().unwrap()).unwrap());
    assert!(!starts(&phone, day).await.is_empty());
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn next_week_opens_on_friday_at_six_and_the_counter_need_not_wait() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let timetable = the_only_one(&hospital);
    // A Tuesday of next week; it is Monday, six in the morning.
    let day = "2026-12-01";
    let slot = free(&phone, day).await.remove(0);
    hospital
        .clinic
        .set_timetables(vec![Timetable {
            release: Some(Release {
                weekday: chrono::Weekday::Fri,
                at: "06:00".parse().unwrap(),
                weeks_before: 1,
            }),
            ..timetable
        }])
        .unwrap();
    assert!(starts(&phone, day).await.is_empty());
    assert!(!starts(&phone, "2026-11-24").await.is_empty());
    let early = phone.book(&key(), id(&slot), MOTHER).await;
    assert_eq!(refusal(&early), "not-offered");

    hospital
        .clock
        .advance(Duration::from_secs(4 * 24 * 3_600 - 1));
    assert!(starts(&phone, day).await.is_empty());
    hospital.clock.advance(Duration::from_secs(1));
    assert!(!starts(&phone, day).await.is_empty());
    assert_eq!(phone.book(&key(), id(&slot), MOTHER).await.status, 200);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_counter_takes_one_more_when_all_seats_are_taken_and_marks_it() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let timetable = the_only_one(&hospital);
    hospital
        .clinic
        .set_timetables(vec![Timetable {
            seats: 1,
            extra_seats: 1,
            ..timetable
        }])
        .unwrap();
    let slot = free(&phone, "2026-11-24").await.remove(0);
    assert_eq!(phone.book(&key(), id(&slot), MOTHER).await.status, 200);
    let desk = |patient: &str, source: Source, key: &str| {
        hospital
            .clinic
            .book_at_desk(DeskBooking {
                patient: patient.to_owned(),
                request: DeskRequest::Book {
                    appointment: id(&slot).to_owned(),
                    comment: None,
                },
                source,
                key: key.to_owned(),
            })
            .unwrap()
    };
    let refused = DeskAnswer::Refused(Refusal::SlotTaken);
    let by_the_hotline = key();
    assert_eq!(desk(SON, Source::Hotline, &by_the_hotline), refused);
    assert_eq!(desk(SON, Source::Hotline, &by_the_hotline), refused);
    let at_the_counter = key();
    assert_eq!(
        desk(SON, Source::Counter, &at_the_counter),
        DeskAnswer::Done
    );
    // The same again is the same; the same key for somebody else is not.
    assert_eq!(
        desk(SON, Source::Counter, &at_the_counter),
        DeskAnswer::Done
    );
    assert_eq!(
        desk(SON, Source::Hotline, &at_the_counter),
        DeskAnswer::BadKey
    );
    assert_eq!(desk(STRANGER, Source::Counter, &key()), refused);
    assert_eq!(
        hospital
            .database
            .rows("SELECT source FROM appointment ORDER BY source"),
        [["app"], ["counter"]]
    );
    // The person's own phones see who wrote it down.
    let of_son = hospital.phone("device-two", &[SON]).await;
    for (phone, patient, by) in [(&phone, MOTHER, None), (&of_son, SON, Some("counter"))] {
        let (entries, _) = phone.changes(patient, None).await;
        let resources = entries.iter().map(|entry| &entry["resource"]);
        let booked: Vec<&Value> = resources
            .filter(|resource| resource["status"] == "booked")
            .collect();
        assert_eq!(booked.len(), 1);
        let extensions = booked[0]["extension"].as_array().unwrap();
        let url = "https://sokhoe.vn/fhir/StructureDefinition/booked-by";
        let marked = extensions.iter().find(|it| it["url"] == url);
        assert_eq!(marked.map(|it| it["valueCode"].as_str().unwrap()), by);
    }
    let nobody = hospital.clinic.book_at_desk(DeskBooking {
        patient: "nobody".to_owned(),
        request: DeskRequest::Book {
            appointment: id(&slot).to_owned(),
            comment: None,
        },
        source: Source::Counter,
        key: key(),
    });
    assert!(matches!(nobody, Err(ClinicError::NoSuchPatient)));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn who_has_no_time_any_more_is_moved_by_the_desk() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    the_only_one(&hospital);
    let slot = free(&phone, "2026-11-24").await.remove(0);
    let booked = key();
    assert_eq!(phone.book(&booked, id(&slot), MOTHER).await.status, 200);
    let close = || {
        let day = "2026-11-24".parse().unwrap();
        hospital.clinic.close_day(day, "Bão").unwrap()
    };
    assert_eq!(close().len(), 1);
    let other = free(&phone, "2026-11-25").await.remove(0);
    let moves = |patient: &str, moved: &str, key: &str| {
        hospital
            .clinic
            .book_at_desk(DeskBooking {
                patient: patient.to_owned(),
                request: DeskRequest::Move {
                    booking: moved.to_owned(),
                    to: id(&other).to_owned(),
                },
                source: Source::Hotline,
                key: key.to_owned(),
            })
            .unwrap()
    };
    let intent = key();
    let not_offered = DeskAnswer::Refused(Refusal::NotOffered);
    assert_eq!(
        moves(SON, &booked, &key()),
        not_offered,
        "it is not the son's"
    );
    assert_eq!(moves(MOTHER, &key(), &key()), not_offered, "there is none");
    assert_eq!(moves(MOTHER, &booked, &intent), DeskAnswer::Done);
    assert_eq!(moves(MOTHER, &booked, &intent), DeskAnswer::Done);
    assert!(close().is_empty());
    let (entries, _) = phone.changes(MOTHER, None).await;
    let appointments: Vec<&Value> = entries
        .iter()
        .map(|entry| &entry["resource"])
        .filter(|resource| resource["resourceType"] == "Appointment")
        .collect();
    assert_eq!(appointments.len(), 1);
    assert_eq!(appointments[0]["id"], *booked);
    assert_eq!(appointments[0]["start"], other["start"]);
    assert_eq!(appointments[0]["status"], "booked");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_timetable_that_somebody_else_changed_holds_for_the_next_booking() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    the_only_one(&hospital);
    let slot = free(&phone, "2026-11-24").await.remove(0);
    // Another process, of which this one has heard nothing.
    hospital
        .database
        .execute(
            "INSERT INTO closed_day VALUES ('2026-11-24', 'bão');
             UPDATE setting SET value = '1000' WHERE name = 'calendar-version';",
        )
        .unwrap();
    let late = phone.book(&key(), id(&slot), MOTHER).await;
    assert_eq!(refusal(&late), "not-offered");
    // Now it knows.
    assert!(starts(&phone, "2026-11-24").await.is_empty());
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_doctor_can_take_longer_than_others_and_a_bad_timetable_changes_nothing() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let timetable = the_only_one(&hospital);
    let usual = starts(&phone, "2026-11-24").await;
    hospital
        .clinic
        .set_timetables(vec![Timetable {
            services: vec![TimetableService {
                id: SERVICE.to_owned(),
                minutes: Some(60),
            }],
            ..timetable.clone()
        }])
        .unwrap();
    let slots = free(&phone, "2026-11-24").await;
    assert!(slots.len() < usual.len());
    assert_eq!(slots[0]["minutesDuration"], 60);
    assert_eq!(phone.book(&key(), id(&slots[0]), MOTHER).await.status, 200);
    // For the whole hour.
    let cells = hospital.database.number("SELECT count(*) FROM busy");
    assert_eq!(cells, 12);

    let bad = Timetable {
        services: vec![TimetableService {
            id: "no-such-service".to_owned(),
            minutes: None,
        }],
        ..timetable.clone()
    };
    let refused = hospital.clinic.set_timetables(vec![timetable, bad]);
    assert!(matches!(
        refused,
        Err(ClinicError::BadTimetable(TimetableError::Service))
    ));
    assert_eq!(free(&phone, "2026-11-24").await.len(), slots.len() - 1);
    hospital.running.shutdown().await;
}
