//! From the desk into the doctor's room, on the clock of a Tuesday morning.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sokhoe_app::domain::ports::Clock;
use sokhoe_app::{
    AppError, BookObserver, BookView, BookingStatus, BookingView, FindSlotsRequest, QueueState,
    TicketState,
};
use sokhoe_clinic::{Arrival, CheckIn, ClinicError};
use sokhoe_testing::Cut;
use sokhoe_tests::shifted_clock::ShiftedClock;
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};

const LINE: &str = "lich-bs-pham-duc-long";
const DOCTOR: &str = "bs-pham-duc-long";
const ROOM: &str = "Phòng 111";

fn without_booking(patient: &str) -> CheckIn {
    CheckIn {
        arrival: Arrival::WalkIn {
            patient: patient.to_owned(),
            schedule: LINE.to_owned(),
            service: None,
        },
        goes_first: false,
    }
}

/// A clinic and a phone on that morning, where somebody is booked at the line's doctor for later.
async fn booked() -> (TestClinic, TestPhone, String, BookingView) {
    let clock = Arc::new(ShiftedClock::at("2026-11-24T07:30:00+07:00"));
    let clinic = TestClinic::start_at(Arc::clone(&clock) as Arc<dyn Clock>).await;
    let phone = TestPhone::new_at(Arc::clone(&clock) as Arc<dyn Clock>);
    let enrolment = phone.enrol(&clinic, EMPTY_PATIENT).await;
    let person = enrolment.persons[0].id.clone();
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
    let slots = phone.app.find_slots(request).await.unwrap();
    let slot = slots.into_iter().find(|it| it.practitioner_id == DOCTOR);
    let booking = phone.book(&person, slot.unwrap()).await.unwrap();
    assert_eq!(booking.status, BookingStatus::Confirmed);
    (clinic, phone, person, booking)
}

/// What a screen shows of the booking, as it changes.
struct Screen {
    booking: String,
    shown: Mutex<Vec<BookingView>>,
}

impl BookObserver for Screen {
    fn on_change(&self, book: BookView) {
        let booking = book.bookings.into_iter().find(|it| it.id == self.booking);
        self.shown.lock().unwrap().extend(booking);
    }
}

impl Screen {
    /// Waits until it shows this.
    async fn until(&self, wanted: impl Fn(&BookingView) -> bool) -> BookingView {
        for _ in 0..1_500 {
            let last = self.shown.lock().unwrap().last().cloned();
            if let Some(last) = last.filter(|last| wanted(last)) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never shown; last: {:?}", self.shown.lock().unwrap().last());
    }

    async fn until_ahead(&self, ahead: u32) -> BookingView {
        let wanted = Some(ahead);
        self.until(|it| it.queue.as_ref().is_some_and(|queue| queue.ahead == wanted))
            .await
    }

    async fn until_state(&self, state: QueueState) -> BookingView {
        self.until(|it| it.queue.as_ref().is_some_and(|queue| queue.state == state))
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ticket_on_the_screen_checks_in_once_without_a_network_of_its_own() {
    let (clinic, phone, person, booking) = booked().await;
    phone.app.sync(&person).await.unwrap();
    phone.network.cut(Cut::NoNetwork);
    // The `Date` of the answers is the machine's, which is not the clinic's here: the phone forgets it.
    let phone = phone.restarted();
    let ticket = phone.app.ticket(&person, &booking.id).unwrap();
    assert_eq!(ticket.state, TicketState::Open, "{}", ticket.text);
    let shown = || CheckIn {
        arrival: Arrival::Ticket(ticket.code.clone().unwrap().payload),
        goes_first: false,
    };
    let (appointment, number) = clinic.clinic.check_in(shown()).unwrap();
    assert_eq!(appointment, booking.id);
    // A picture of it, in somebody else's hand.
    let again = clinic.clinic.check_in(shown());
    assert!(matches!(again, Err(ClinicError::Queue(_))), "{again:?}");
    phone.network.cut(Cut::Whole);
    phone.app.sync(&person).await.unwrap();
    let queue = phone.app.booking(&person, &booking.id).unwrap().queue;
    assert_eq!(queue.unwrap().number, number);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_moves_on_the_screen_until_one_is_called_and_seen() {
    let (clinic, phone, person, booking) = booked().await;
    let desk = clinic.clinic.clone();
    for patient in ["bn-000001", NEIGHBOUR] {
        desk.check_in(without_booking(patient)).unwrap();
    }
    let screen = Arc::new(Screen {
        booking: booking.id.clone(),
        shown: Mutex::default(),
    });
    let _watching = phone
        .app
        .observe(&person, Arc::clone(&screen) as Arc<dyn BookObserver>)
        .unwrap();
    let app = phone.app.clone();
    let followed = person.clone();
    let following = tokio::spawn(async move { app.keep_in_step(&followed).await });

    let coming = CheckIn {
        arrival: Arrival::Booking(booking.id.clone()),
        goes_first: false,
    };
    assert_eq!(desk.check_in(coming.clone()).unwrap().1, 3);
    let shown = screen.until_ahead(2).await;
    assert_eq!(shown.status, BookingStatus::CheckedIn);
    let queue = shown.queue.unwrap();
    assert_eq!(queue.number, 3);
    // Nobody is expected before their own time.
    assert!(queue.expected.unwrap() >= booking.start && !queue.is_old);
    assert!(
        shown.status_text.starts_with("Number 3. 2 people ahead"),
        "{}",
        shown.status_text
    );

    // Others are called: nothing of this person's is written, and the screen knows.
    let (first, _) = desk.call_next(LINE, ROOM).unwrap().unwrap();
    assert!(
        screen
            .until_ahead(1)
            .await
            .status_text
            .contains("1 person ahead")
    );
    desk.begin_visit(&first).unwrap();
    desk.finish_visit(&first).unwrap();
    desk.call_next(LINE, ROOM).unwrap().unwrap();
    assert!(
        screen
            .until_ahead(0)
            .await
            .status_text
            .contains("your turn is next")
    );

    let (mine, number) = desk.call_next(LINE, ROOM).unwrap().unwrap();
    assert_eq!((&mine, number), (&booking.id, 3));
    let shown = screen.until_state(QueueState::Called).await;
    assert_eq!(
        shown.status_text,
        format!("Number 3, it is your turn. Go to {ROOM} now.")
    );
    desk.missed_call(&mine).unwrap();
    let shown = screen.until_state(QueueState::Missed).await;
    assert!(
        shown.status_text.contains("your number stays"),
        "{}",
        shown.status_text
    );
    assert_eq!(desk.check_in(coming).unwrap().1, 3);
    screen.until_state(QueueState::Waiting).await;
    desk.call_next(LINE, ROOM).unwrap().unwrap();
    screen.until_state(QueueState::Called).await;
    desk.begin_visit(&mine).unwrap();
    let shown = screen.until_state(QueueState::InRoom).await;
    assert_eq!(shown.status_text, "With the doctor");
    desk.finish_visit(&mine).unwrap();
    let shown = screen
        .until(|it| it.status == BookingStatus::Fulfilled)
        .await;
    assert_eq!(shown.queue, None);
    following.abort();

    let told: Vec<String> = phone
        .app
        .events(&person)
        .unwrap()
        .into_iter()
        .map(|event| event.kind)
        .filter(|kind| kind != "invoice-issued")
        .collect();
    assert_eq!(
        told,
        [
            "booking-confirmed",
            "queue-called",
            "queue-missed",
            "queue-called"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_goes_leaves_the_last_word() {
    let (clinic, phone, person, booking) = booked().await;
    let desk = clinic.clinic.clone();
    desk.check_in(without_booking(NEIGHBOUR)).unwrap();
    let coming = CheckIn {
        arrival: Arrival::Booking(booking.id.clone()),
        goes_first: false,
    };
    desk.check_in(coming).unwrap();
    phone.app.sync(&person).await.unwrap();
    let shown = phone.app.booking(&person, &booking.id).unwrap();
    assert_eq!(shown.queue.as_ref().unwrap().ahead, Some(1));

    phone.network.cut(Cut::NoNetwork);
    desk.call_next(LINE, ROOM).unwrap().unwrap();
    assert_eq!(phone.app.sync(&person).await, Err(AppError::Offline));
    let kept = phone.app.booking(&person, &booking.id).unwrap();
    assert_eq!(kept.queue, shown.queue);
    // Nothing of it goes with the process.
    let phone = phone.restarted();
    assert_eq!(
        phone.app.booking(&person, &booking.id).unwrap().queue,
        shown.queue
    );

    phone.network.cut(Cut::Whole);
    phone.app.network_is_back();
    phone.app.sync(&person).await.unwrap();
    let now = phone.app.booking(&person, &booking.id).unwrap();
    assert_eq!(now.queue.unwrap().ahead, Some(0));

    // What is decided on the phone comes too late for somebody who is there.
    let refused = phone.app.cancel_booking(&person, &booking.id).await;
    assert!(matches!(refused, Err(AppError::Validation { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_arrives_after_its_person_is_refused_in_plain_words() {
    let (clinic, phone, person, booking) = booked().await;
    phone.network.cut(Cut::NoNetwork);
    let cancelling = phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    assert!(cancelling.cancelling);
    let coming = CheckIn {
        arrival: Arrival::Booking(booking.id.clone()),
        goes_first: false,
    };
    clinic.clinic.check_in(coming).unwrap();
    phone.network.cut(Cut::Whole);
    phone.app.network_is_back();
    phone.app.sync(&person).await.unwrap();
    let now = phone.app.booking(&person, &booking.id).unwrap();
    assert_eq!(now.status, BookingStatus::CheckedIn);
    assert_eq!(now.queue.unwrap().number, 1);
    let told = phone.app.events(&person).unwrap();
    let refused = told.iter().find(|it| it.kind == "cancellation-refused");
    let text = &refused.unwrap().text;
    assert!(
        text.contains("not cancelled") && text.contains("desk"),
        "{text}"
    );
    assert!(phone.app.parked(&person).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_a_booking_sees_their_number_too() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    let (appointment, number) = clinic
        .clinic
        .check_in(without_booking(EMPTY_PATIENT))
        .unwrap();
    phone.app.sync(&person).await.unwrap();
    let shown = phone.app.booking(&person, &appointment).unwrap();
    assert_eq!(shown.status, BookingStatus::CheckedIn);
    assert_eq!(shown.queue.unwrap().number, number);
    let told = phone.app.events(&person).unwrap();
    assert!(
        told.iter().all(|event| event.kind == "invoice-issued"),
        "{told:?}"
    );
}
