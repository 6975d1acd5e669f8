//! What a phone reminds of.

use proptest::prelude::*;
use sokhoe_domain::IntentId;
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::SeededRng;
use sokhoe_vault::{ClinicRecord, IntentKind, NewIntent, StoredBooking};

use super::*;
use crate::test_phone::{self, NoNetwork, TestPhone, clinic, config, person, to_book};
use crate::{DayTimesView, Language};

fn at(text: &str) -> Timestamp {
    Timestamp::parse_fhir(&format!("2026-{text}:00+07:00")).unwrap()
}

impl TestPhone {
    fn reminding(language: Language) -> Self {
        let clinic = ClinicRecord {
            name: "Bệnh viện Ung bướu".to_owned(),
            ..clinic()
        };
        let phone = Self::new(config(language), 1, NoNetwork, test_phone::clock());
        phone.enrol(&clinic, ["mai", "an"].map(person))
    }

    fn give(&self, resources: &[(&str, &str, String)], bookings: &[StoredBooking]) {
        let changes: Vec<_> = resources
            .iter()
            .map(|(kind, id, json)| Change::Put {
                key: ResourceKey::new(*kind, *id),
                version: None,
                json: json.as_str(),
            })
            .collect();
        self.apply("mai", &changes, bookings);
    }

    fn reminders(&self, from: &str, to: &str, limit: u32) -> RemindersView {
        self.app.reminders("mai", at(from), at(to), limit).unwrap()
    }
}

fn said(view: &RemindersView) -> Vec<String> {
    let reminders = view.reminders.iter();
    reminders
        .map(|one| {
            let at = one.at.in_vietnam().format("%d %H:%M");
            format!("{at} {}", one.body.replace('\n', " + "))
        })
        .collect()
}

fn booking(n: u64, start: &str, state: BookingState) -> StoredBooking {
    StoredBooking {
        service: format!("Khám {n}"),
        state,
        ..test_phone::booking(n, at(start), at("11-24T08:00"))
    }
}

fn medicine(id: &'static str, name: &str, repeat: &str) -> (&'static str, &'static str, String) {
    let json = format!(
        r#"{{"resourceType":"MedicationRequest","id":"{id}","status":"active","intent":"order","authoredOn":"2026-11-24T10:00:00+07:00","medicationCodeableConcept":{{"text":"{name}"}},"dosageInstruction":[{{"timing":{{"repeat":{{{repeat}}}}},"doseAndRate":[{{"doseQuantity":{{"value":1,"unit":"viên"}}}}]}}]}}"#
    );
    ("MedicationRequest", id, json)
}

#[test]
fn an_appointment_that_stands_is_told_the_evening_before_and_two_hours_before() {
    let phone = TestPhone::reminding(Language::Vi);
    let stands = booking(1, "11-26T08:30", BookingState::Confirmed);
    let others = [
        booking(2, "11-26T09:00", BookingState::Sending),
        booking(3, "11-26T10:00", BookingState::Cancelled),
        booking(4, "11-26T11:00", BookingState::WaitingForNetwork),
    ];
    phone.give(&[], &[std::slice::from_ref(&stands), &others].concat());
    let view = phone.reminders("11-24T08:30", "12-24T00:00", 64);
    assert_eq!(
        said(&view),
        [
            "25 18:00 Khám 1, Ngày mai, 08:30. Bệnh viện Ung bướu",
            "26 06:30 Khám 1, Hôm nay, 08:30. Bệnh viện Ung bướu"
        ]
    );
    assert_eq!(view.reminders[0].title, "Ngày mai bạn có lịch khám");
    assert_eq!(view.complete_until, at("12-24T00:00"));
    for one in &view.reminders {
        assert!(!one.discreet_text.contains("Khám 1") && !one.discreet_text.contains("Ung bướu"));
        assert_eq!(one.about[0].resource, format!("Appointment/{}", stands.id));
    }
    // What is moved is told under the same ids, so that the phone replaces what it scheduled.
    let moved = StoredBooking {
        start: at("11-27T14:00"),
        ..stands.clone()
    };
    phone.give(&[], &[moved]);
    let after = phone.reminders("11-24T08:30", "12-24T00:00", 64);
    let ids = |view: &RemindersView| {
        view.reminders
            .iter()
            .map(|r| r.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&view), ids(&after));
    assert_eq!(after.reminders[1].at, at("11-27T12:00"));
    // What is called off is told no more.
    let cancelled = StoredBooking {
        state: BookingState::Cancelled,
        start: at("11-27T14:00"),
        ..stands
    };
    phone.give(&[], &[cancelled]);
    assert!(
        phone
            .reminders("11-24T08:30", "12-24T00:00", 64)
            .reminders
            .is_empty()
    );
}

#[test]
fn who_told_how_long_the_way_is_hears_when_to_leave() {
    let phone = TestPhone::reminding(Language::En);
    phone.give(&[], &[booking(1, "11-26T08:30", BookingState::Confirmed)]);
    let clinic = clinic().id.0;
    let told = |phone: &TestPhone| {
        let view = phone.reminders("11-24T08:30", "12-24T00:00", 64);
        let reminders = view.reminders.into_iter();
        let told = reminders.map(|one| {
            let at = one.at.in_vietnam().format("%d %H:%M");
            format!("{at} {}", one.title)
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(phone.app.travel_minutes(&clinic).unwrap(), None);
    let without = told(&phone);

    phone.app.set_travel_minutes(&clinic, Some(90)).unwrap();
    assert_eq!(
        told(&phone),
        [
            "25 18:00 You have an appointment tomorrow",
            "26 06:30 It is time to leave for your appointment",
        ]
    );
    // From far away one leaves the evening before.
    let view = phone.app.set_travel_minutes(&clinic, Some(12 * 60));
    assert_eq!(view.unwrap(), Some(720));
    assert_eq!(
        told(&phone),
        [
            "24 18:00 You have an appointment soon",
            "25 20:00 It is time to leave for your appointment",
        ]
    );
    for wrong in [0, 1_441] {
        let refused = phone.app.set_travel_minutes(&clinic, Some(wrong));
        assert!(matches!(refused, Err(AppError::Validation { .. })));
    }
    assert!(phone.app.set_travel_minutes("nobody's", Some(5)).is_err());
    phone.app.set_travel_minutes(&clinic, None).unwrap();
    assert_eq!(told(&phone), without);
}

#[test]
fn what_a_clinic_booked_itself_is_told_once_and_only_with_a_time() {
    let phone = TestPhone::reminding(Language::Vi);
    let appointment = |id: &str, status: &str, start: &str| {
        format!(
            r#"{{"resourceType":"Appointment","id":"{id}","status":"{status}","description":"Tái khám","start":"{start}","participant":[]}}"#
        )
    };
    let booked = booking(1, "11-26T08:30", BookingState::Confirmed);
    let same = booked.id.to_string();
    let json = |id: &str, status, start| ("Appointment", appointment(id, status, start));
    let identifier = format!(
        r#""identifier":[{{"system":"{}","value":"{same}"}}],"status""#,
        sokhoe_fhir::slot_booking::BOOKING
    );
    let named = appointment("v", "booked", "2026-11-26T08:30:00+07:00");
    let named = named.replacen(r#""status""#, &identifier, 1);
    let given = [
        ("x", json("x", "booked", "2026-11-26T15:00:00+07:00")),
        ("y", json("y", "cancelled", "2026-11-26T16:00:00+07:00")),
        ("z", json("z", "booked", "2026-11-26")),
        (
            "w",
            json("w", "entered-in-error", "2026-11-26T17:00:00+07:00"),
        ),
        (&same, json(&same, "booked", "2026-11-26T08:30:00+07:00")),
        // As a server has it that gives all ids itself.
        ("v", ("Appointment", named)),
    ];
    let given = given.map(|(id, (kind, json))| (kind, id, json));
    phone.give(&given, &[booked]);
    let view = phone.reminders("11-26T00:00", "11-27T00:00", 64);
    assert_eq!(
        said(&view),
        [
            "26 06:30 Khám 1, Hôm nay, 08:30. Bệnh viện Ung bướu",
            "26 13:00 Tái khám, Hôm nay, 15:00. Bệnh viện Ung bướu"
        ]
    );
}

#[tokio::test]
async fn an_appointment_that_the_person_calls_off_is_told_no_more() {
    let phone = TestPhone::reminding(Language::Vi);
    let stands = booking(1, "11-26T08:30", BookingState::Confirmed);
    phone.give(&[], std::slice::from_ref(&stands));
    let book = phone.app.inner.book("mai").unwrap();
    let intent = NewIntent {
        id: IntentId::new(at("11-24T08:00"), &SeededRng::new(77)),
        kind: IntentKind::Cancel,
        ..to_book(&stands, "{}")
    };
    book.vault.enqueue(&intent, &stands).unwrap();
    assert!(
        phone
            .reminders("11-24T08:30", "12-24T00:00", 64)
            .reminders
            .is_empty()
    );
}

#[test]
fn medicines_of_one_time_are_told_together_and_unclear_ones_are_not_told() {
    let phone = TestPhone::reminding(Language::Vi);
    phone.give(
        &[
            medicine(
                "m1",
                "Amlodipin 5 mg",
                r#""when":["MORN"],"boundsPeriod":{"start":"2026-11-25","end":"2026-11-26"}"#,
            ),
            medicine(
                "m2",
                "Metformin 500 mg",
                r#""when":["MORN","EVE"],"boundsPeriod":{"start":"2026-11-25","end":"2026-11-25"}"#,
            ),
            medicine(
                "m3",
                "Paracetamol",
                r#""frequency":3,"frequencyMax":4,"period":1,"periodUnit":"d""#,
            ),
            // The same, prescribed again.
            medicine(
                "m4",
                "Amlodipin 5 mg",
                r#""when":["MORN"],"boundsPeriod":{"start":"2026-11-25","end":"2026-11-25"}"#,
            ),
        ],
        &[],
    );
    let view = phone.reminders("11-24T08:30", "12-24T00:00", 64);
    assert_eq!(
        said(&view),
        [
            "25 07:00 Amlodipin 5 mg: mỗi lần 1 viên + Metformin 500 mg: mỗi lần 1 viên",
            "25 18:00 Metformin 500 mg: mỗi lần 1 viên",
            "26 07:00 Amlodipin 5 mg: mỗi lần 1 viên",
        ]
    );
    assert_eq!(view.reminders[0].about.len(), 3);
    assert_eq!(view.reminders[0].title, "Đến giờ dùng thuốc");
    for one in &view.reminders {
        assert!(!one.discreet_text.contains("thuốc") && !one.discreet_text.contains("Amlodipin"));
    }
    let unclear = &view.see_prescription;
    assert_eq!(unclear.len(), 1);
    assert_eq!(
        (&*unclear[0].title, &*unclear[0].about.resource),
        ("Paracetamol", "MedicationRequest/m3")
    );
    assert_eq!(unclear[0].text, "Xem giờ dùng trong đơn thuốc.");
    // What is stopped is told no more, and who has the book of another is told nothing.
    let stopped = medicine("m2", "Metformin 500 mg", r#""when":["MORN"]"#)
        .2
        .replace("active", "stopped");
    phone.give(&[("MedicationRequest", "m2", stopped)], &[]);
    let view = phone.reminders("11-24T08:30", "12-24T00:00", 64);
    assert_eq!(said(&view).len(), 2);
    let other = phone
        .app
        .reminders("an", at("11-24T08:30"), at("12-24T00:00"), 64)
        .unwrap();
    assert!(other.reminders.is_empty() && other.see_prescription.is_empty());
}

#[test]
fn so_often_a_day_is_told_at_the_persons_own_times_and_says_whose_they_are() {
    for (language, whose) in [
        (
            Language::Vi,
            "(giờ do điện thoại chọn, đơn thuốc không ghi giờ)",
        ),
        (
            Language::En,
            "(time chosen by the phone, not written in the prescription)",
        ),
    ] {
        let phone = TestPhone::reminding(language);
        phone.give(
            &[
                medicine(
                    "m1",
                    "Metformin",
                    r#""frequency":2,"period":1,"periodUnit":"d""#,
                ),
                medicine("m2", "Amlodipin", r#""when":["MORN"]"#),
                medicine(
                    "m3",
                    "Methotrexat",
                    r#""frequency":1,"period":1,"periodUnit":"wk""#,
                ),
            ],
            &[],
        );
        let view = phone.reminders("11-25T00:00", "11-26T00:00", 64);
        let at = |view: &RemindersView| -> Vec<_> {
            let reminders = view.reminders.iter();
            reminders
                .map(|one| one.at.in_vietnam().format("%H:%M").to_string())
                .collect()
        };
        assert_eq!(at(&view), ["07:00", "18:00"]);
        assert!(view.reminders.iter().all(|one| one.has_chosen_time));
        let lines: Vec<_> = view.reminders[0].body.lines().collect();
        assert!(lines[0].starts_with("Amlodipin") && !lines[0].contains(whose));
        assert!(lines[1].starts_with("Metformin") && lines[1].ends_with(whose));
        assert!(!view.reminders[0].discreet_text.contains(whose));
        // Once a week from nobody knows when is nothing that a phone chooses.
        assert_eq!(view.see_prescription[0].title, "Methotrexat");

        let usual = phone.app.day_times().unwrap();
        let early = DayTimesView {
            morning: 270,
            evening: 1_050,
            ..usual
        };
        assert_eq!(phone.app.set_day_times(early).unwrap(), early);
        let view = phone.reminders("11-25T00:00", "11-26T00:00", 64);
        assert_eq!(at(&view), ["04:30", "17:30"]);
        let too_close = DayTimesView {
            noon: early.evening - 119,
            ..early
        };
        for bad in [
            too_close,
            DayTimesView {
                night: 1_440,
                ..usual
            },
            DayTimesView {
                morning: u32::MAX,
                ..usual
            },
        ] {
            let refused = phone.app.set_day_times(bad);
            assert!(matches!(refused, Err(AppError::Validation { .. })));
        }
        let phone = phone.restarted();
        assert_eq!(phone.app.day_times().unwrap(), early);
    }
}

#[test]
fn a_limit_says_until_when_these_are_all() {
    let phone = TestPhone::reminding(Language::En);
    phone.give(
        &[medicine("m", "A", r#""when":["MORN","EVE"]"#)],
        &[booking(1, "11-25T11:00", BookingState::Confirmed)],
    );
    let all = phone.reminders("11-24T08:30", "11-28T00:00", 64);
    assert_eq!(all.complete_until, at("11-28T00:00"));
    let few = phone.reminders("11-24T08:30", "11-28T00:00", 3);
    assert_eq!(few.reminders[..], all.reminders[..3]);
    assert_eq!(few.complete_until, all.reminders[3].at);
    let rest = phone
        .app
        .reminders("mai", few.complete_until, at("11-28T00:00"), 64)
        .unwrap();
    assert_eq!(rest.reminders[..], all.reminders[3..]);
    for bad in [0, 501] {
        let refused = phone
            .app
            .reminders("mai", at("11-24T08:30"), at("11-28T00:00"), bad);
        assert!(matches!(refused, Err(AppError::Validation { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn windows_and_limits_leave_nothing_out_and_nothing_double(
        times in prop::collection::vec(prop::sample::select(vec!["MORN", "NOON", "EVE", "HS", "PC"]), 1..5),
        appointments in prop::collection::vec((24_u32..31, 0_u32..24), 0..5), cuts in prop::collection::vec(1_u64..200, 1..6), limit in 1_u32..20,
    ) {
        let phone = TestPhone::reminding(Language::Vi);
        let medicines: Vec<_> = ["a", "b", "c", "d", "e"].into_iter().zip(&times)
            .map(|(id, when)| medicine(id, id, &format!(r#""when":["{when}"]"#))).collect();
        let bookings: Vec<_> = (1..).zip(&appointments)
            .map(|(n, (day, hour))| booking(n, &format!("11-{day}T{hour:02}:15"), BookingState::Confirmed)).collect();
        phone.give(&medicines, &bookings);
        let (from, to) = (at("11-24T08:30"), at("12-03T00:00"));
        let all = phone.app.reminders("mai", from, to, 500).unwrap();
        prop_assert_eq!(&phone.app.reminders("mai", from, to, 500).unwrap(), &all, "the same every time");
        let ids: HashSet<_> = all.reminders.iter().map(|one| &one.id).collect();
        prop_assert_eq!(ids.len(), all.reminders.len());
        prop_assert!(all.reminders.windows(2).all(|two| two[0].at <= two[1].at));
        prop_assert!(all.reminders.iter().all(|one| one.at >= from && one.at < to));
        // Cut into windows.
        let mut parts = Vec::new();
        let mut begin = from;
        for hours in cuts {
            let end = begin.plus(Duration::from_secs(hours * 3_600)).min(to);
            parts.extend(phone.app.reminders("mai", begin, end, 500).unwrap().reminders);
            begin = end;
        }
        parts.extend(phone.app.reminders("mai", begin, to, 500).unwrap().reminders);
        prop_assert_eq!(&parts, &all.reminders);
        // And into pieces of a length.
        let few = phone.app.reminders("mai", from, to, limit).unwrap();
        prop_assert_eq!(&few.reminders[..], &all.reminders[..few.reminders.len()]);
        prop_assert!(all.reminders[few.reminders.len()..].iter().all(|one| one.at >= few.complete_until));
    }
}
