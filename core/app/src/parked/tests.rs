//! Clinics that stumble or are away, as a person sees it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};

use super::*;
use crate::test_phone::{TestPhone, booking, to_book};
use crate::{BookRequest, BookingStatus, Language, SlotView};

/// Says the same to everybody; no network while nothing is to be said.
#[derive(Default)]
struct OneAnswer {
    said: Mutex<Option<(u16, String)>>,
    asked: AtomicU32,
}

impl OneAnswer {
    fn say(&self, status: u16, body: &str) {
        *self.said.lock().unwrap() = Some((status, body.to_owned()));
    }

    fn asked(&self) -> u32 {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

impl Transport for OneAnswer {
    fn send(
        &self,
        _: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let said = self.said.lock().unwrap().clone();
        Box::pin(async move {
            let (status, body) = said.ok_or(TransportError::Unreachable)?;
            let answer = http::Response::builder().status(status);
            Ok(answer.body(Bytes::from(body)).unwrap())
        })
    }
}

type Phone = TestPhone<OneAnswer>;

const FAMILY: [&str; 3] = ["mai", "an", "binh"];

fn phone() -> Phone {
    TestPhone::of(Language::En, &FAMILY, OneAnswer::default())
}

impl Phone {
    async fn book(&self) -> String {
        let start = self.app.inner.now().plus(Duration::from_secs(86_400));
        let slot = SlotView {
            id: "slot".to_owned(),
            clinic_id: "a".to_owned(),
            start,
            end: start.plus(Duration::from_secs(900)),
            service: "Cardiology".to_owned(),
            ..SlotView::default()
        };
        let request = BookRequest {
            person_id: FAMILY[0].to_owned(),
            slot,
            otherwise: None,
        };
        self.app.book(request).await.unwrap().id
    }

    /// Something that was kept so that nobody can read it any more.
    fn keep_unreadable(&self) -> String {
        let book = self.app.inner.book(FAMILY[0]).unwrap();
        let now = self.app.inner.now();
        let booking = booking(9, now, now);
        let intent = to_book(&booking, "?");
        book.vault.enqueue(&intent, &booking).unwrap();
        booking.id.to_string()
    }

    fn status(&self, id: &str) -> (BookingStatus, String) {
        let view = self.app.booking(FAMILY[0], id).unwrap();
        (view.status, view.status_text)
    }
}

#[tokio::test]
async fn what_is_kept_back_is_shown_and_can_be_given_up() {
    let phone = phone();
    let id = phone.keep_unreadable();
    let _offline = phone.app.sync(FAMILY[0]).await;
    let parked = phone.app.parked(FAMILY[0]).unwrap().remove(0);
    assert_eq!((&parked.id, &parked.booking_id), (&id, &id));
    assert_eq!(parked.what_text, "Booking: Cardiology, Today, 08:30");
    assert!(!parked.can_mend);
    let parked_at = phone.app.sync_state(FAMILY[0]).unwrap().remove(0);
    assert_eq!((parked_at.parked, parked_at.waiting), (1, 0));
    assert!(phone.status(&id).1.contains("kept back"));
    assert!(phone.app.parked(FAMILY[1]).unwrap().is_empty());

    phone.app.drop_parked(FAMILY[0], &id).await.unwrap();
    assert!(phone.app.parked(FAMILY[0]).unwrap().is_empty());
    let (status, text) = phone.status(&id);
    assert_eq!(status, BookingStatus::Refused);
    assert!(text.contains("No longer sent"), "{text}");
    for known_no_more in [
        phone.app.drop_parked(FAMILY[0], &id).await,
        phone.app.retry_parked(FAMILY[0], &id).await,
    ] {
        assert_eq!(known_no_more, Err(AppError::not_found("parked")));
    }
}

#[tokio::test]
async fn what_is_kept_back_is_sent_again_under_its_id() {
    let phone = phone();
    // Possibly arrived, and then the clinic knows nothing of it.
    phone.clinic.say(500, "");
    let id = phone.book().await;
    phone.clinic.say(
        404,
        r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#,
    );
    for _ in 0..5 {
        let _not_enrolled = phone.app.sync(FAMILY[0]).await;
    }
    let parked = phone.app.parked(FAMILY[0]).unwrap().remove(0);
    assert!(parked.can_mend);
    let booked = format!(
        r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{{"resourceType":"Appointment",
            "id":"{id}","status":"booked"}}}}]}}"#
    );
    phone.clinic.say(200, &booked);
    phone.app.retry_parked(FAMILY[0], &id).await.unwrap();
    assert_eq!(phone.status(&id).0, BookingStatus::Confirmed);
    assert!(phone.app.parked(FAMILY[0]).unwrap().is_empty());
}

#[tokio::test]
async fn a_host_that_is_down_costs_a_family_one_call_and_says_when_the_next_is() {
    let phone = phone();
    let id = phone.book().await;
    let _offline = phone.app.sync(FAMILY[0]).await;
    for person in FAMILY {
        let _offline = phone.app.sync(person).await;
    }
    assert_eq!(phone.clinic.asked(), 5);
    for person in FAMILY {
        let said = phone.app.sync(person).await.unwrap_err();
        assert!(matches!(said, AppError::Busy { .. }), "{said:?}");
    }
    assert_eq!(phone.clinic.asked(), 0);
    let state = phone.app.sync_state(FAMILY[0]).unwrap().remove(0);
    assert!(state.next_try > Some(phone.app.inner.now()), "{state:?}");
    let (status, text) = phone.status(&id);
    assert_eq!(status, BookingStatus::WaitingForNetwork);
    assert!(text.contains("Next try: Today, 08:3"), "{text}");
    // After the wait the family costs one call a wait, not one a person.
    phone.clock.advance(Duration::from_secs(120));
    for person in FAMILY {
        assert!(phone.app.sync(person).await.is_err());
    }
    assert_eq!(phone.clinic.asked(), 1);
    // A network that is back ends what was learned without one.
    phone.app.network_is_back();
    assert!(!phone.status(&id).1.contains("Next try"));
    let _offline = phone.app.sync(FAMILY[1]).await;
    assert_eq!(phone.clinic.asked(), 1);
}
