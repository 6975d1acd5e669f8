//! The desk while people come: what a phone does is there without a reload, also after the network was away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sokhoe_app::domain::StaffRole;
use sokhoe_app::domain::ports::Clock;
use sokhoe_app::{BookingStatus, FindSlotsRequest};
use sokhoe_clinic::{DeskAnswer, DeskBooking, DeskRequest, Source};
use sokhoe_tests::shifted_clock::ShiftedClock;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

use crate::chromium::Chromium;
use crate::{employ, signs_in};

/// Calls a person's only booking off, while no page and no phone reaches the clinic.
fn cancel(clinic: &TestClinic, patient: &str) {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    let bookings = clinic.clinic.bookings_of_day(day).unwrap();
    let booking = bookings
        .into_iter()
        .find(|it| it.patient == patient)
        .unwrap();
    let answer = clinic.clinic.book_at_desk(DeskBooking {
        patient: patient.to_owned(),
        request: DeskRequest::Cancel {
            booking: booking.id,
        },
        source: Source::Hotline,
        key: "0b6f1a52-6a39-4c0e-9d2e-2f6d1c1f7a10".to_owned(),
    });
    assert!(matches!(answer, Ok(DeskAnswer::Done)), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_of_a_phone_is_there_without_a_reload() {
    let clock = Arc::new(ShiftedClock::at("2026-11-24T07:30:00+07:00"));
    let mut clinic = TestClinic::start_at(Arc::clone(&clock) as Arc<dyn Clock>).await;
    employ(&clinic, "hoa", "Nguyễn Thị Hoa", &[StaffRole::Reception]);
    let phone = TestPhone::new_at(Arc::clone(&clock) as Arc<dyn Clock>);
    let enrolment = phone.enrol(&clinic, EMPTY_PATIENT).await;
    let person = enrolment.persons[0].id.clone();
    let name = enrolment.persons[0].name.clone();
    let chromium = Chromium::start(&clinic.url);
    let hoa = chromium.person("hoa");
    signs_in(hoa, "hoa");
    hoa.sees("Trực tuyến");
    hoa.sees("Chưa có lịch khám nào");
    let now = clock.now();
    let request = FindSlotsRequest {
        person_id: person.clone(),
        clinic_id: enrolment.clinic.id.clone(),
        service_id: Some("kham-mat".to_owned()),
        from: now,
        to: now.plus(Duration::from_secs(8 * 3_600)),
        limit: 100,
        criteria: None,
        has_referral: false,
    };
    let mut slots = phone.app.find_slots(request).await.unwrap().into_iter();
    let booked = phone.book(&person, slots.next().unwrap()).await.unwrap();
    assert_eq!(booked.status, BookingStatus::Confirmed);
    let at = Instant::now();
    hoa.sees(&name);
    println!(
        "on the desk {} ms after the phone had its answer",
        at.elapsed().as_millis()
    );
    hoa.keeps_picture("desk");
    hoa.has_screen(820, 1180);
    hoa.keeps_picture("desk-tablet");
    hoa.has_screen(1366, 768);

    // The network is away: the page says so, keeps what it shows, and is in step again by itself.
    clinic.stop().await;
    hoa.sees("Mất kết nối");
    hoa.sees(&name);
    cancel(&clinic, EMPTY_PATIENT);
    clinic.serve_again().await;
    hoa.sees("Trực tuyến");
    hoa.sees("Đã hủy lịch");
    chromium.complains_of_nothing();
}
