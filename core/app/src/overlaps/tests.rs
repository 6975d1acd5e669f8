//! A helper who goes along with everybody.

use sokhoe_domain::{ClinicId, IntentId};
use sokhoe_testing::SeededRng;
use sokhoe_vault::{ClinicRecord, NewIntent};

use super::*;
use crate::Language;
use crate::test_phone::{NoNetwork, TestPhone, apply, booking, clinic, person, to_book};

const MAI: &str = "mai";
const SON: &str = "son";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_fhir(&format!("2026-12-01T{text}:00+07:00")).unwrap()
}

/// Mai and her son, both at two hospitals.
fn phone(language: Language) -> TestPhone {
    let other = ClinicRecord {
        id: ClinicId::from("b"),
        name: "Bệnh viện B".to_owned(),
        base_url: "https://b.example".to_owned(),
        ..clinic()
    };
    let phone = TestPhone::of(language, &[MAI, SON], NoNetwork);
    phone.enrol(&other, [person(MAI), person(SON)])
}

fn confirmed(n: u64, clinic: &str, start: &str) -> StoredBooking {
    StoredBooking {
        clinic: ClinicId::from(clinic),
        state: BookingState::Confirmed,
        ..booking(n, at(start), at("00:00"))
    }
}

/// What a visit of Mai's at hospital `a` would leave no room for.
fn overlaps(phone: &TestPhone, start: &str, end: &str) -> Vec<(OverlapKind, String)> {
    let overlaps = phone.app.overlaps(MAI, "a", at(start), at(end)).unwrap();
    overlaps
        .into_iter()
        .map(|overlap| (overlap.kind, overlap.text))
        .collect()
}

fn kinds(phone: &TestPhone, start: &str, end: &str) -> Vec<OverlapKind> {
    let overlaps = overlaps(phone, start, end);
    overlaps.into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn the_whole_familys_bookings_count_and_the_sentence_says_what() {
    let phone = phone(Language::En);
    // 09:00 to 09:15 each.
    apply(&phone.app, MAI, &[], &[confirmed(1, "a", "09:00")]);
    apply(&phone.app, SON, &[], &[confirmed(2, "b", "09:10")]);
    assert_eq!(
        overlaps(&phone, "09:00", "09:30"),
        [
            (
                OverlapKind::SamePerson,
                "mai already has an appointment at that time: Tuesday, 01/12/2026, 09:00, Bệnh viện A."
                    .to_owned()
            ),
            (
                OverlapKind::Family,
                "son has an appointment at that time: Tuesday, 01/12/2026, 09:10, Bệnh viện B."
                    .to_owned()
            ),
        ]
    );
    assert_eq!(
        overlaps(&phone, "08:30", "08:50"),
        [(
            OverlapKind::LittleTime,
            "Only 20 minutes between: son has an appointment Tuesday, 01/12/2026, 09:10, Bệnh viện B."
                .to_owned()
        )]
    );
    // Touching is no overlap, and within one hospital nobody has far to go.
    assert_eq!(kinds(&phone, "09:15", "09:20"), [OverlapKind::Family]);
    let no_time = overlaps(&phone, "09:25", "09:30");
    assert!(no_time[0].1.starts_with("No time between:"), "{no_time:?}");
    assert_eq!(kinds(&phone, "10:24", "10:30"), [OverlapKind::LittleTime]);
    assert!(kinds(&phone, "10:25", "10:30").is_empty());
    assert!(kinds(&phone, "07:30", "08:10").is_empty());
    assert_eq!(kinds(&phone, "07:30", "08:11"), [OverlapKind::LittleTime]);
}

#[test]
fn a_visit_of_which_only_the_begin_is_told_takes_time_all_the_same() {
    let phone = phone(Language::Vi);
    apply(&phone.app, SON, &[], &[confirmed(2, "a", "09:00")]);
    assert_eq!(kinds(&phone, "09:00", "09:00"), [OverlapKind::Family]);
    assert!(kinds(&phone, "09:15", "09:15").is_empty());
    let said = overlaps(&phone, "09:00", "09:00").remove(0).1;
    assert_eq!(
        said,
        "son có lịch khám trùng giờ này: Thứ Ba, 01/12/2026, 09:00, Bệnh viện A."
    );
}

#[test]
fn what_waits_counts_and_what_was_called_off_does_not() {
    let phone = phone(Language::En);
    let now = phone.app.inner.now();
    let book = phone.app.inner.book(SON).unwrap();
    let waiting = booking(3, at("09:00"), now);
    book.vault
        .enqueue(&to_book(&waiting, "{}"), &waiting)
        .unwrap();
    assert_eq!(kinds(&phone, "09:00", "09:30"), [OverlapKind::Family]);

    let mut refused = confirmed(4, "a", "10:00");
    refused.state = BookingState::Refused(sokhoe_domain::Refusal::NotOffered);
    let mut cancelled = confirmed(5, "a", "10:00");
    cancelled.state = BookingState::Cancelled;
    let stands = confirmed(6, "a", "11:00");
    apply(&phone.app, SON, &[], &[refused, cancelled, stands.clone()]);
    assert!(kinds(&phone, "10:00", "10:30").is_empty());
    assert_eq!(kinds(&phone, "11:00", "11:30"), [OverlapKind::Family]);

    // The cancellation is on its way; kept back, the appointment may well take place.
    let cancel = NewIntent {
        id: IntentId::new(now, &SeededRng::new(77)),
        clinic: stands.clinic.clone(),
        kind: IntentKind::Cancel,
        thing: stands.id.to_string(),
        body: "{}".to_owned(),
        created: now,
    };
    book.vault.enqueue(&cancel, &stands).unwrap();
    assert!(kinds(&phone, "11:00", "11:30").is_empty());
    let why = sokhoe_vault::ParkedWhy::Unclear;
    book.vault.park(cancel.id, &why, now, &[]).unwrap();
    assert_eq!(kinds(&phone, "11:00", "11:30"), [OverlapKind::Family]);

    assert!(matches!(
        phone.app.overlaps("nobody", "a", at("09:00"), at("10:00")),
        Err(AppError::NotFound { .. })
    ));
}
