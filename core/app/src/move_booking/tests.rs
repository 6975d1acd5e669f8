//! Another time, as a person sees it: with a clinic that gives scripted answers.

use std::sync::Mutex;

use bytes::Bytes;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
use sokhoe_vault::StoredBooking;

use super::*;
use crate::test_phone::{TestPhone, booking};
use crate::{BookingStatus, Language, SlotView};

const MAI: &str = "mai";

/// Says what it is told to, whatever it is asked; no network while that is nothing.
#[derive(Default)]
struct Scripted {
    /// To `$book`, and to whoever reads an Appointment.
    said: Mutex<Option<[(u16, String); 2]>>,
    asked: Mutex<Vec<String>>,
}

impl Transport for Scripted {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let is_read = request.method() == http::Method::GET;
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let path = request.uri().path();
        self.asked.lock().unwrap().push(format!("{path} {body}"));
        let said = self.said.lock().unwrap().clone();
        Box::pin(async move {
            let [booked, read] = said.ok_or(TransportError::Unreachable)?;
            let (status, body) = if is_read { read } else { booked };
            if status == 0 {
                return Err(TransportError::Broken);
            }
            let answer = http::Response::builder().status(status);
            Ok(answer.body(Bytes::from(body)).unwrap())
        })
    }
}

type Phone = TestPhone<Scripted>;

fn at(hour: u32) -> Timestamp {
    Timestamp::parse_fhir(&format!("2026-12-01T{hour:02}:00:00+07:00")).unwrap()
}

fn appointment(id: &str, status: &str, hour: u32) -> String {
    let (start, end) = (at(hour).to_fhir(), at(hour + 1).to_fhir());
    format!(
        r#"{{"resourceType":"Appointment","id":"{id}","status":"{status}","start":"{start}","end":"{end}",
            "participant":[{{"actor":{{"reference":"Patient/mai"}},"status":"accepted"}}]}}"#
    )
}

fn bundle(appointment: &str) -> String {
    format!(
        r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{appointment}}}]}}"#
    )
}

const TAKEN: &str = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"conflict",
    "details":{"coding":[{"system":"https://sokhoe.vn/fhir/CodeSystem/refusal","code":"slot-taken"}]}}]}"#;

impl Phone {
    /// With a booking at nine.
    fn booked() -> (Self, String) {
        let phone = TestPhone::of(Language::En, &[MAI], Scripted::default());
        let now = phone.app.inner.now();
        let confirmed = StoredBooking {
            state: BookingState::Confirmed,
            practitioner: "BS. Hoa".to_owned(),
            ..booking(1, at(9), now)
        };
        phone.apply(MAI, &[], std::slice::from_ref(&confirmed));
        (phone, confirmed.id.to_string())
    }

    fn says(&self, booked: (u16, &str), read: (u16, &str)) {
        let owned = |(status, body): (u16, &str)| (status, body.to_owned());
        *self.clinic.said.lock().unwrap() = Some([owned(booked), owned(read)]);
    }

    async fn moves(&self, id: &str, hour: u32) -> Result<BookingView, AppError> {
        let slot = SlotView {
            id: format!("slot-{hour}"),
            clinic_id: "a".to_owned(),
            start: at(hour),
            end: at(hour + 1),
            service: "Cardiology".to_owned(),
            practitioner: "BS. Nam".to_owned(),
            ..SlotView::default()
        };
        let request = MoveBookingRequest {
            person_id: MAI.to_owned(),
            booking_id: id.to_owned(),
            slot,
        };
        self.app.move_booking(request).await
    }

    async fn syncs(&self) {
        self.app.network_is_back();
        // What else it asks for is not scripted.
        let _garbled = self.app.sync(MAI).await;
    }

    fn told(&self) -> Vec<(String, String)> {
        let events = self.app.events(MAI).unwrap();
        events
            .into_iter()
            .map(|event| (event.kind, event.text))
            .collect()
    }
}

#[tokio::test]
async fn without_a_network_it_stands_where_it_was_and_says_where_to() {
    let (phone, id) = Phone::booked();
    let waiting = phone.moves(&id, 14).await.unwrap();
    assert_eq!(waiting.status, BookingStatus::Confirmed);
    assert_eq!((waiting.start, waiting.moving_to), (at(9), Some(at(14))));
    assert!(
        waiting.status_text.contains("01/12/2026, 14:00"),
        "{waiting:?}"
    );
    // At either time may somebody else not be gone to.
    for hour in [9, 14] {
        let overlaps = phone
            .app
            .overlaps(MAI, "a", at(hour), at(hour + 1))
            .unwrap();
        assert_eq!(overlaps.len(), 1, "{hour}");
    }
    phone.says((200, &bundle(&appointment(&id, "booked", 14))), (500, ""));
    phone.syncs().await;
    let moved = phone.app.booking(MAI, &id).unwrap();
    assert_eq!((moved.start, moved.moving_to), (at(14), None));
    assert_eq!(moved.practitioner, "BS. Nam");
    let [(kind, text)] = phone.told().try_into().unwrap();
    assert_eq!(kind, sokhoe_sync::MOVED);
    assert!(
        text.contains("14:00, BS. Nam") && text.contains("09:00"),
        "{text}"
    );
}

#[tokio::test]
async fn a_time_that_is_taken_leaves_it_where_it_was() {
    let (phone, id) = Phone::booked();
    phone.says((409, TAKEN), (500, ""));
    let refused = phone.moves(&id, 14).await.unwrap();
    assert_eq!(refused.status, BookingStatus::Confirmed);
    assert_eq!((refused.start, refused.moving_to), (at(9), None));
    assert_eq!(refused.practitioner, "BS. Hoa");
    let [(kind, text)] = phone.told().try_into().unwrap();
    assert_eq!(kind, sokhoe_sync::MOVE_REFUSED);
    assert!(text.contains("14:00") && text.contains("taken"), "{text}");
    assert!(phone.app.parked(MAI).unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_given_again_is_not_what_stands() {
    let (phone, id) = Phone::booked();
    phone.says((0, ""), (500, ""));
    let sent = phone.moves(&id, 14).await.unwrap();
    assert_eq!((sent.start, sent.moving_to), (at(9), Some(at(14))));
    // The clinic moved it on since, and says again what it said first.
    let first = bundle(&appointment(&id, "booked", 14));
    phone.says((200, &first), (200, &appointment(&id, "booked", 16)));
    phone.syncs().await;
    let stands = phone.app.booking(MAI, &id).unwrap();
    assert_eq!((stands.start, stands.moving_to), (at(16), None));
    assert_eq!(stands.practitioner, "", "nobody said with whom");
}

#[tokio::test]
async fn what_was_called_off_is_not_moved_any_more() {
    let (phone, id) = Phone::booked();
    phone.moves(&id, 14).await.unwrap();
    phone.clinic.asked.lock().unwrap().clear();
    let book = phone.app.inner.book(MAI).unwrap();
    let before = book.vault.bookings().unwrap().remove(0);
    let cancelled = StoredBooking {
        state: BookingState::Cancelled,
        ..before
    };
    phone.apply(MAI, &[], &[cancelled]);
    phone.says((500, ""), (500, ""));
    phone.syncs().await;
    let view = phone.app.booking(MAI, &id).unwrap();
    assert_eq!(
        (view.status, view.moving_to),
        (BookingStatus::Cancelled, None)
    );
    let asked = phone.clinic.asked.lock().unwrap().clone();
    assert!(
        !asked.iter().any(|asked| asked.contains("$book")),
        "{asked:?}"
    );
    assert!(book.vault.waiting().unwrap().is_empty());
    assert!(phone.moves(&id, 15).await.is_err());
}

#[tokio::test]
async fn the_last_word_counts() {
    let (phone, id) = Phone::booked();
    phone.moves(&id, 14).await.unwrap();
    // The clock stands still, so that only their order tells them apart.
    let last = phone.moves(&id, 15).await.unwrap();
    assert_eq!(last.moving_to, Some(at(15)));
    let again = phone.moves(&id, 15).await.unwrap();
    assert_eq!(again, last, "asking twice is asking once");
    let book = phone.app.inner.book(MAI).unwrap();
    assert_eq!(book.vault.waiting().unwrap().len(), 2);
    phone.app.cancel_booking(MAI, &id).await.unwrap();
    let cancelling = phone.app.booking(MAI, &id).unwrap();
    assert!(cancelling.cancelling && cancelling.moving_to.is_none());
    let kinds: Vec<_> = book.vault.waiting().unwrap();
    let kinds: Vec<_> = kinds.iter().map(|intent| intent.kind).collect();
    assert_eq!(
        kinds,
        [IntentKind::Move, IntentKind::Move, IntentKind::Cancel]
    );
    assert!(phone.moves(&id, 16).await.is_err(), "it is being cancelled");
}

#[tokio::test]
async fn another_clinics_time_and_what_is_no_time_are_refused() {
    let (phone, id) = Phone::booked();
    let mut request = MoveBookingRequest {
        person_id: MAI.to_owned(),
        booking_id: id.clone(),
        slot: SlotView {
            id: "s".to_owned(),
            clinic_id: "b".to_owned(),
            start: at(10),
            end: at(11),
            ..SlotView::default()
        },
    };
    let elsewhere = phone.app.move_booking(request.clone()).await;
    assert!(matches!(elsewhere, Err(AppError::Validation { .. })));
    request.slot.clinic_id = "a".to_owned();
    request.slot.id = "no id".to_owned();
    let no_id = phone.app.move_booking(request.clone()).await;
    assert!(matches!(no_id, Err(AppError::Validation { .. })));
    request.slot.id = "s".to_owned();
    request.booking_id = IntentId::new(at(0), &sokhoe_testing::SeededRng::new(5)).to_string();
    let nobodys = phone.app.move_booking(request).await;
    assert_eq!(nobodys, Err(AppError::not_found("booking")));
    assert!(
        phone
            .app
            .inner
            .book(MAI)
            .unwrap()
            .vault
            .waiting()
            .unwrap()
            .is_empty()
    );
}
