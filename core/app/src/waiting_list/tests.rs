//! A place on a waiting list, as a person sees it.

use std::sync::Mutex;

use bytes::Bytes;
use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
use sokhoe_vault::ClinicRecord;

use super::*;
use crate::test_phone::{TestPhone, booking, clinic, clock, config, person};
use crate::{BookingStatus, Language};

const MAI: &str = "mai";

/// Knows nothing but the time, while it says that.
#[derive(Default)]
struct OnlyADate(Mutex<Option<&'static str>>);

impl Transport for OnlyADate {
    fn send(
        &self,
        _: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let date = *self.0.lock().unwrap();
        Box::pin(async move {
            let date = date.ok_or(TransportError::Unreachable)?;
            let answer = http::Response::builder().status(503).header("date", date);
            Ok(answer.body(Bytes::new()).unwrap())
        })
    }
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse_fhir(&format!("2026-11-24T{time}+07:00")).unwrap()
}

/// A phone, where it is 08:30, with a time that is kept until then.
fn offered(until: &str) -> (TestPhone<OnlyADate>, String) {
    let phone = TestPhone::of(Language::En, &[MAI], OnlyADate::default());
    let now = phone.app.inner.now();
    let place = StoredBooking {
        state: BookingState::Offered {
            since: at("07:00:00"),
            until: at(until),
        },
        practitioner: "BS. Hoa".to_owned(),
        ..booking(1, at("15:00:00"), now)
    };
    phone.apply(MAI, &[], std::slice::from_ref(&place));
    (phone, place.id.to_string())
}

fn request(clinic: &str) -> JoinWaitingListRequest {
    JoinWaitingListRequest {
        person_id: MAI.to_owned(),
        clinic_id: clinic.to_owned(),
        service_id: "kham-mat".to_owned(),
        service: "Eyes".to_owned(),
        from: at("09:00:00"),
        to: at("17:00:00"),
        criteria: None,
    }
}

#[tokio::test]
async fn a_phone_never_says_that_an_offer_is_over_but_that_time_is_short() {
    let (phone, id) = offered("08:40:00");
    let view = phone.app.booking(MAI, &id).unwrap();
    assert_eq!(view.status, BookingStatus::Offered);
    assert_eq!(view.when_text, "Today, 15:00");
    assert_eq!(
        view.status_text,
        "The hospital keeps this time for you until Today, 08:40. Take it or decline it."
    );

    // By this phone's clock it ended hours ago.
    let (phone, id) = offered("06:00:00");
    let view = phone.app.booking(MAI, &id).unwrap();
    assert_eq!(view.status, BookingStatus::Offered);
    assert!(view.waiting.unwrap().is_short);
    assert!(
        view.status_text.contains("Time is short"),
        "{}",
        view.status_text
    );

    // Once the clinic told the time, its clock counts: there it is five to six, in UTC.
    *phone.clinic.0.lock().unwrap() = Some("Mon, 23 Nov 2026 22:55:00 GMT");
    let _nothing_else = phone.app.sync(MAI).await;
    let view = phone.app.booking(MAI, &id).unwrap();
    assert!(!view.waiting.unwrap().is_short, "{}", view.status_text);
}

#[tokio::test]
async fn an_answer_waits_for_a_network_and_may_be_thought_over_until_it_goes_out() {
    let (phone, id) = offered("08:40:00");
    let taking = phone.app.take_offer(MAI, &id).await.unwrap();
    assert_eq!(taking.status, BookingStatus::Offered);
    assert!(taking.waiting.as_ref().unwrap().taking);
    let again = phone.app.take_offer(MAI, &id).await.unwrap();
    assert!(again.waiting.unwrap().taking);
    let book = phone.app.inner.book(MAI).unwrap();
    assert_eq!(book.vault.waiting().unwrap().len(), 1);

    let phone = phone.restarted();
    let declining = phone.app.decline_offer(MAI, &id).await.unwrap();
    let waiting = declining.waiting.unwrap();
    assert!(waiting.declining && !waiting.taking);
    let book = phone.app.inner.book(MAI).unwrap();
    let kinds: Vec<_> = book.vault.waiting().unwrap();
    assert_eq!(kinds.len(), 1);
    assert_eq!(kinds[0].kind, IntentKind::Decline);

    // Whoever leaves the list has nothing to answer.
    phone.app.cancel_booking(MAI, &id).await.unwrap();
    let late = phone.app.take_offer(MAI, &id).await;
    assert!(matches!(late, Err(AppError::Validation { .. })), "{late:?}");
}

#[tokio::test]
async fn joining_is_kept_without_a_network_and_says_so() {
    let phone = TestPhone::of(Language::En, &[MAI], OnlyADate::default());
    let place = phone.app.join_waiting_list(request("a")).await.unwrap();
    assert_eq!(place.status, BookingStatus::WaitingForNetwork);
    assert_eq!(place.when_text, "Today");
    let waiting = place.waiting.clone().unwrap();
    assert_eq!((waiting.since, waiting.offered_until), (None, None));
    let phone = phone.restarted();
    assert_eq!(phone.app.booking(MAI, &place.id).unwrap(), place);
    // It has no time that could be in the way of another.
    let overlaps = phone
        .app
        .overlaps(MAI, "a", at("10:00:00"), at("11:00:00"))
        .unwrap();
    assert!(overlaps.is_empty());

    let mut bad = request("a");
    bad.to = at("08:00:00");
    let refused = phone.app.join_waiting_list(bad).await;
    assert!(matches!(refused, Err(AppError::Validation { .. })));
}

#[tokio::test]
async fn at_a_server_of_somebody_else_nobody_can_wait() {
    let server = ClinicRecord {
        wire: Wire::Server,
        ..clinic()
    };
    let phone = TestPhone::new(config(Language::En), 1, OnlyADate::default(), clock())
        .enrol(&server, [person(MAI)]);
    let refused = phone.app.join_waiting_list(request("a")).await.unwrap_err();
    assert_eq!(
        refused,
        AppError::BadAnswer {
            what: "keeps-no-waiting-list".to_owned()
        }
    );
    assert!(phone.app.bookings(MAI).unwrap().is_empty());
    let words = crate::words::Words::new(Language::En);
    assert!(words.error(&refused).contains("no waiting list"));
}
