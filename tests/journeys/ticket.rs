//! The ticket at the kiosk, shown without a network.

use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::domain::Timestamp;
use sokhoe_app::{FindSlotsRequest, MoveBookingRequest, SlotView, SystemClock, TicketState};
use sokhoe_qr::TicketGate;
use sokhoe_qr::signed::Refusal;
use sokhoe_testing::{Cut, FakeClock};
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

/// Times of one service on two days, both from the day after tomorrow on.
async fn on_two_days(phone: &TestPhone, person: &str) -> (SlotView, SlotView) {
    let mut day = sokhoe_tests::now().plus(Duration::from_secs(86_400));
    let mut found = Vec::new();
    while found.len() < 2 {
        day = day.plus(Duration::from_secs(86_400));
        let request = FindSlotsRequest {
            person_id: person.to_owned(),
            clinic_id: phone.app.clinics().unwrap()[0].id.clone(),
            service_id: Some("kham-mat".to_owned()),
            from: Timestamp::start_of_day(day.vietnam_day()),
            to: Timestamp::start_of_day(day.vietnam_day()).plus(Duration::from_secs(86_399)),
            limit: 1,
            criteria: None,
            has_referral: false,
        };
        found.extend(phone.app.find_slots(request).await.unwrap());
    }
    let later = found.pop().unwrap();
    (found.pop().unwrap(), later)
}

fn clock_at(at: Timestamp) -> Arc<FakeClock> {
    Arc::new(FakeClock::at(&at.to_fhir()))
}

fn is_open(phone: &TestPhone, person: &str, booking: &str) -> String {
    let ticket = phone.app.ticket(person, booking).unwrap();
    assert_eq!(ticket.state, TicketState::Open, "{}", ticket.text);
    ticket.code.unwrap().payload
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_shown_without_a_network_and_admits_once() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (slot, later) = on_two_days(&phone, &person).await;
    let booking = phone.book(&person, slot.clone()).await.unwrap();
    let before = phone.app.ticket(&person, &booking.id).unwrap();
    assert_eq!(before.state, TicketState::Absent, "{}", before.text);

    phone.app.sync(&person).await.unwrap();
    let early = phone.app.ticket(&person, &booking.id).unwrap();
    assert_eq!(
        (early.state, early.start),
        (TicketState::NotYet, slot.start)
    );
    let number = early.number.unwrap();

    phone.network.cut(Cut::NoNetwork);
    let an_hour_before = slot.start.minus(Duration::from_secs(3_600));
    let phone = phone.restarted_under(clock_at(an_hour_before));
    let shown = is_open(&phone, &person, &booking.id);
    let mut gate = TicketGate::new([clinic.clinic.public_key()]);
    let admitted = gate.admit(&shown, an_hour_before).unwrap();
    assert_eq!((admitted.number, admitted.start), (number, slot.start));
    assert!(matches!(
        gate.admit(&shown, an_hour_before),
        Err(Refusal::Replayed { .. })
    ));

    // Moved to another day: the old ticket lets nobody in then.
    let phone = phone.restarted_under(Arc::new(SystemClock));
    phone.network.cut(Cut::Whole);
    let wanted = MoveBookingRequest {
        person_id: person.clone(),
        booking_id: booking.id.clone(),
        slot: later.clone(),
    };
    let moved = phone.app.move_booking(wanted).await.unwrap();
    assert_eq!(moved.start, later.start);
    let between = phone.app.ticket(&person, &booking.id).unwrap();
    assert_eq!(between.state, TicketState::Absent, "that of before is none");
    phone.app.sync(&person).await.unwrap();
    phone.network.cut(Cut::NoNetwork);
    let phone = phone.restarted_under(clock_at(later.start));
    let mut gate = TicketGate::new([clinic.clinic.public_key()]);
    assert_eq!(gate.admit(&shown, later.start), Err(Refusal::Expired));
    let new = is_open(&phone, &person, &booking.id);
    assert_eq!(gate.admit(&new, later.start).unwrap().start, later.start);

    // Called off: it goes with its booking.
    let phone = phone.restarted_under(Arc::new(SystemClock));
    phone.network.cut(Cut::Whole);
    phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    let phone = phone.restarted_under(clock_at(later.start));
    let gone = phone.app.ticket(&person, &booking.id).unwrap();
    assert_eq!((gone.state, gone.code), (TicketState::Absent, None));
}
