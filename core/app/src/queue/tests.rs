//! The queue of the day, as a person sees it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
use sokhoe_domain::{QueueCall, ResourceKey};
use sokhoe_fhir::{Appointment, AppointmentStatus, ChangeBundleWriter, queue};
use sokhoe_vault::ClinicRecord;

use super::*;
use crate::test_phone::{TestPhone, booking, clinic, clock, config, person};
use crate::{AppError, BookingStatus, BookingView, Language, MoveBookingRequest, SlotView};

const MAI: &str = "mai";
const ROOM: &str = "Phòng 3";

fn at(time: &str) -> Timestamp {
    Timestamp::parse_fhir(&format!("2026-11-24T{time}:00+07:00")).unwrap()
}

/// A clinic with a feed of one appointment, and a queue.
#[derive(Default)]
struct Desk {
    /// As it was told, one after the other.
    told: Mutex<Vec<Appointment>>,
    /// How the person stands; nothing where there is no queue.
    standing: Mutex<Option<QueueStanding>>,
    /// Whether nothing gets through, or the queue alone does not answer.
    is_away: AtomicBool,
    is_queue_away: AtomicBool,
    asked: Mutex<u32>,
}

impl Desk {
    fn answer(&self, request: &http::Request<Bytes>) -> Result<(u16, String), TransportError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(TransportError::Unreachable);
        }
        let path = request.uri().path();
        if path.ends_with("/$queue") {
            *self.asked.lock().unwrap() += 1;
            if self.is_queue_away.load(Ordering::SeqCst) {
                return Err(TransportError::Unreachable);
            }
            return Ok(match &*self.standing.lock().unwrap() {
                Some(standing) => (200, queue::to_parameters(standing)),
                None => (404, r#"{"resourceType":"OperationOutcome"}"#.to_owned()),
            });
        }
        if !path.ends_with("/$changes") {
            let nothing = r#"{"resourceType":"Bundle","type":"searchset"}"#;
            return Ok((200, nothing.to_owned()));
        }
        let query = request.uri().query().unwrap_or_default();
        let cursor = query.split('&').find_map(|it| it.strip_prefix("cursor="));
        let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let told = self.told.lock().unwrap();
        let mut page = ChangeBundleWriter::new("https://a.example/fhir");
        // A feed has the last word alone.
        if let Some(last) = told.get(from..).and_then(<[_]>::last) {
            let key = ResourceKey::new("Appointment", last.id.clone().unwrap());
            page.push_put(&key, &told.len().to_string(), at("08:00"), &last.to_json());
        }
        let this = format!("https://a.example/x?cursor={}", told.len());
        Ok((200, page.finish(None, &this, None)))
    }
}

impl Transport for Desk {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let answer = self.answer(&request).map(|(status, body)| {
            let answer = http::Response::builder().status(status);
            answer.body(Bytes::from(body)).unwrap()
        });
        Box::pin(async move { answer })
    }
}

type Phone = TestPhone<Desk>;

/// A phone at 08:30 whose booking at 09:00 is confirmed, and the Appointment of it.
async fn booked() -> (Phone, Appointment) {
    let phone = TestPhone::of(Language::En, &[MAI], Desk::default());
    let visit = booking(1, at("09:00"), at("08:00"));
    let appointment = Appointment {
        id: Some(visit.id.to_string()),
        status: AppointmentStatus::Booked,
        start: Some(at("09:00")),
        end: Some(at("09:15")),
        ..Appointment::default()
    };
    tell(&phone, &appointment);
    phone.app.sync(MAI).await.unwrap();
    (phone, appointment)
}

fn tell(phone: &Phone, appointment: &Appointment) {
    let mut told = phone.clinic.told.lock().unwrap();
    told.push(appointment.clone());
}

fn stand(phone: &Phone, standing: QueueStanding) {
    *phone.clinic.standing.lock().unwrap() = Some(standing);
}

fn waiting(ahead: u32, as_of: &str) -> QueueStanding {
    QueueStanding {
        number: 12,
        state: QueueState::Waiting,
        ahead: Some(ahead),
        expected: Some(at("09:10")),
        called: None,
        station: String::new(),
        as_of: at(as_of),
    }
}

/// The same as checked in, and called where there is a call.
fn there(appointment: &Appointment, called: Option<QueueCall>) -> Appointment {
    Appointment {
        status: AppointmentStatus::CheckedIn,
        queue_number: Some(12),
        called,
        ..appointment.clone()
    }
}

fn call(time: &str, missed: Option<&str>) -> Option<QueueCall> {
    Some(QueueCall {
        at: at(time),
        station: ROOM.to_owned(),
        missed: missed.map(at),
    })
}

async fn synced(phone: &Phone, appointment: &Appointment) -> BookingView {
    phone.app.sync(MAI).await.unwrap();
    shown(phone, appointment)
}

fn shown(phone: &Phone, appointment: &Appointment) -> BookingView {
    let id = appointment.id.as_deref().unwrap();
    phone.app.booking(MAI, id).unwrap()
}

/// The events of calls that nobody acknowledged.
fn heard(phone: &Phone) -> Vec<(String, String)> {
    let events = phone.app.events(MAI).unwrap();
    let of_calls = events.into_iter().filter(|it| it.kind.starts_with("queue"));
    of_calls.map(|event| (event.kind, event.text)).collect()
}

#[tokio::test]
async fn from_the_desk_into_the_room_each_step_says_what_to_do() {
    let (phone, booked) = booked().await;
    let view = shown(&phone, &booked);
    assert_eq!((view.status, view.queue), (BookingStatus::Confirmed, None));
    assert_eq!(
        *phone.clinic.asked.lock().unwrap(),
        0,
        "nobody is there yet"
    );

    tell(&phone, &there(&booked, None));
    stand(&phone, waiting(4, "08:30"));
    let view = synced(&phone, &booked).await;
    assert_eq!(view.status, BookingStatus::CheckedIn);
    let queue = view.queue.unwrap();
    assert_eq!(
        (queue.number, queue.ahead, queue.is_old),
        (12, Some(4), false)
    );
    assert_eq!(queue.text, "Number 12. 4 people ahead, about 09:10.");
    assert_eq!(view.status_text, queue.text);
    for (ahead, said) in [
        (1, "Number 12. 1 person ahead, about 09:10."),
        (0, "Number 12. Nobody is ahead: your turn is next."),
    ] {
        stand(&phone, waiting(ahead, "08:30"));
        assert_eq!(synced(&phone, &booked).await.status_text, said);
    }
    assert_eq!(heard(&phone), []);

    tell(&phone, &there(&booked, call("08:30", None)));
    let called = QueueStanding {
        state: QueueState::Called,
        ahead: None,
        expected: None,
        called: Some(at("08:30")),
        station: ROOM.to_owned(),
        ..waiting(0, "08:30")
    };
    stand(&phone, called.clone());
    let view = synced(&phone, &booked).await;
    assert_eq!(
        view.status_text,
        "Number 12, it is your turn. Go to Phòng 3 now."
    );
    phone.clock.advance(Duration::from_secs(6 * 60));
    stand(
        &phone,
        QueueStanding {
            as_of: at("08:36"),
            ..called.clone()
        },
    );
    let view = synced(&phone, &booked).await;
    assert!(
        view.status_text
            .starts_with("Number 12 was called at 08:30."),
        "{}",
        view.status_text
    );

    let missed = QueueStanding {
        state: QueueState::Missed,
        as_of: at("08:36"),
        ..called.clone()
    };
    tell(&phone, &there(&booked, call("08:30", Some("08:36"))));
    stand(&phone, missed);
    let view = synced(&phone, &booked).await;
    assert!(
        view.status_text
            .contains("Go to the desk: your number stays")
    );

    tell(&phone, &there(&booked, None));
    stand(
        &phone,
        QueueStanding {
            state: QueueState::InRoom,
            ..called
        },
    );
    assert_eq!(synced(&phone, &booked).await.status_text, "With the doctor");
    let asked = *phone.clinic.asked.lock().unwrap();
    let over = Appointment {
        status: AppointmentStatus::Fulfilled,
        ..there(&booked, None)
    };
    tell(&phone, &over);
    let view = synced(&phone, &booked).await;
    assert_eq!((view.status, view.queue), (BookingStatus::Fulfilled, None));
    assert_eq!(view.status_text, "The visit is over");
    assert_eq!(
        *phone.clinic.asked.lock().unwrap(),
        asked,
        "it is asked for no longer"
    );
    let book = phone.app.inner.book(MAI).unwrap();
    assert_eq!(book.vault.noted_queues().unwrap(), []);
}

#[tokio::test]
async fn each_call_is_heard_once_and_that_it_was_missed_once() {
    let (phone, booked) = booked().await;
    let confirmed = phone.app.events(MAI).unwrap().len();
    stand(&phone, waiting(0, "08:30"));
    // Checked in and called while the phone was away.
    tell(&phone, &there(&booked, None));
    tell(&phone, &there(&booked, call("08:31", None)));
    phone.app.sync(MAI).await.unwrap();
    phone.app.sync(MAI).await.unwrap();
    let first = (
        "queue-called".to_owned(),
        "Number 12, it is your turn: go to Phòng 3. Called at 08:31.".to_owned(),
    );
    assert_eq!(heard(&phone), std::slice::from_ref(&first));
    // Its place, not its call, is told anew.
    let elsewhere = Appointment {
        location: Some(sokhoe_fhir::Ref::new("p3", "P.3")),
        ..there(&booked, call("08:31", None))
    };
    tell(&phone, &elsewhere);
    phone.app.sync(MAI).await.unwrap();
    assert_eq!(heard(&phone), std::slice::from_ref(&first));
    for told in [call("08:35", None), call("08:35", Some("08:40"))] {
        tell(&phone, &there(&booked, told));
        phone.app.sync(MAI).await.unwrap();
    }
    let kinds: Vec<String> = heard(&phone).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["queue-called", "queue-called", "queue-missed"]);
    assert!(heard(&phone)[2].1.contains("Go to the desk"));
    // Nothing else is news: they were there.
    assert_eq!(phone.app.events(MAI).unwrap().len(), confirmed + 3);
    for event in phone.app.events(MAI).unwrap() {
        phone.app.acknowledge(MAI, event.id).unwrap();
    }
    let phone = phone.restarted();
    phone.app.sync(MAI).await.unwrap();
    assert_eq!(heard(&phone), []);
}

#[tokio::test]
async fn a_call_in_the_feed_counts_where_the_queue_cannot_be_asked() {
    let (phone, booked) = booked().await;
    stand(&phone, waiting(2, "08:30"));
    tell(&phone, &there(&booked, None));
    assert!(
        synced(&phone, &booked)
            .await
            .status_text
            .contains("2 people ahead")
    );
    phone.clinic.is_queue_away.store(true, Ordering::SeqCst);
    phone.clock.advance(Duration::from_secs(60));
    tell(&phone, &there(&booked, call("08:31", None)));
    assert_eq!(phone.app.sync(MAI).await, Err(AppError::Offline));
    let view = shown(&phone, &booked);
    let queue = view.queue.unwrap();
    assert_eq!((queue.state, &*queue.station), (QueueState::Called, ROOM));
    assert_eq!((queue.as_of, queue.is_old), (at("08:31"), false));
    assert_eq!(heard(&phone).len(), 1);
}

#[tokio::test]
async fn without_a_network_the_last_word_stays_with_its_time() {
    let (phone, booked) = booked().await;
    stand(&phone, waiting(4, "08:31"));
    tell(&phone, &there(&booked, None));
    synced(&phone, &booked).await;
    phone.clinic.is_away.store(true, Ordering::SeqCst);
    phone.clock.advance(Duration::from_secs(2 * 60));
    assert!(!shown(&phone, &booked).queue.unwrap().is_old);
    phone.clock.advance(Duration::from_secs(20 * 60));
    let phone = phone.restarted();
    let _nobody_answers = phone.app.sync(MAI).await;
    let queue = shown(&phone, &booked).queue.unwrap();
    assert_eq!(
        (queue.ahead, queue.is_old, queue.as_of),
        (Some(4), true, at("08:31"))
    );
    assert_eq!(
        queue.text,
        "Number 12. 4 people ahead, about 09:10. (As of 08:31)"
    );
    assert!(!format!("{queue:?}").contains("12"));
    // The clinic is back, and so is the time.
    phone.clinic.is_away.store(false, Ordering::SeqCst);
    phone.app.network_is_back();
    stand(&phone, waiting(1, "08:53"));
    let queue = synced(&phone, &booked).await.queue.unwrap();
    assert_eq!((queue.ahead, queue.is_old), (Some(1), false));
}

#[tokio::test]
async fn a_clinic_without_a_queue_is_believed_what_it_tells() {
    let (phone, booked) = booked().await;
    tell(&phone, &there(&booked, None));
    let view = synced(&phone, &booked).await;
    let queue = view.queue.unwrap();
    assert_eq!((queue.number, queue.ahead), (12, None));
    assert_eq!(queue.text, "Number 12. Wait until it is your turn.");
    let unnumbered = Appointment {
        queue_number: None,
        ..there(&booked, None)
    };
    tell(&phone, &unnumbered);
    let view = synced(&phone, &booked).await;
    assert_eq!((view.status, view.queue), (BookingStatus::CheckedIn, None));
    assert_eq!(view.status_text, "Checked in. Wait until it is your turn.");
}

#[tokio::test]
async fn who_is_there_changes_it_at_the_desk_and_is_reminded_no_more() {
    let (phone, booked) = booked().await;
    let id = booked.id.clone().unwrap();
    let reminded = || {
        let (from, to) = (at("00:00"), at("23:59"));
        phone
            .app
            .reminders(MAI, from, to, 9)
            .unwrap()
            .reminders
            .len()
    };
    assert_eq!(reminded(), 1);
    tell(&phone, &there(&booked, None));
    phone.app.sync(MAI).await.unwrap();
    assert_eq!(reminded(), 0);
    let refused = phone.app.cancel_booking(MAI, &id).await;
    assert!(
        matches!(refused, Err(AppError::Validation { .. })),
        "{refused:?}"
    );
    let slot = SlotView {
        id: "s".to_owned(),
        clinic_id: clinic().id.0,
        ..SlotView::default()
    };
    let request = MoveBookingRequest {
        person_id: MAI.to_owned(),
        booking_id: id,
        slot,
    };
    let refused = phone.app.move_booking(request).await;
    assert!(
        matches!(refused, Err(AppError::Validation { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn who_is_late_is_told_what_to_do_and_who_never_came_that_they_did_not() {
    let (phone, booked) = booked().await;
    phone.clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(shown(&phone, &booked).status_text, "Confirmed");
    phone.clock.advance(Duration::from_secs(2 * 60));
    let late = shown(&phone, &booked).status_text;
    assert!(
        late.contains("Go to the desk") && late.contains("15 minutes"),
        "{late}"
    );
    let remote = Appointment {
        mode: Some(VisitMode::Remote),
        ..booked.clone()
    };
    tell(&phone, &remote);
    assert_eq!(synced(&phone, &booked).await.status_text, "Confirmed");
    phone.clock.advance(Duration::from_secs(24 * 3600));
    tell(&phone, &booked);
    assert_eq!(
        synced(&phone, &booked).await.status_text,
        "Confirmed",
        "it was yesterday"
    );
    let never = Appointment {
        status: AppointmentStatus::Noshow,
        ..booked.clone()
    };
    tell(&phone, &never);
    let view = synced(&phone, &booked).await;
    assert_eq!(view.status, BookingStatus::NoShow);
    assert!(
        view.status_text.contains("nobody came"),
        "{}",
        view.status_text
    );
}

#[tokio::test]
async fn a_server_of_somebody_else_tells_the_status_alone() {
    let server = ClinicRecord {
        wire: Wire::Server,
        ..clinic()
    };
    let phone = TestPhone::new(config(Language::En), 1, Desk::default(), clock())
        .enrol(&server, [person(MAI)]);
    let there = StoredBooking {
        state: BookingState::CheckedIn,
        ..booking(1, at("08:15"), at("08:00"))
    };
    let late = StoredBooking {
        state: BookingState::Confirmed,
        ..booking(2, at("08:15"), at("08:00"))
    };
    phone.apply(MAI, &[], &[there.clone(), late.clone()]);
    let view = |of: &StoredBooking| phone.app.booking(MAI, &of.id.to_string()).unwrap();
    assert_eq!(view(&there).status, BookingStatus::CheckedIn);
    assert_eq!(view(&there).queue, None);
    assert_eq!(view(&late).status_text, "Confirmed");
    assert_eq!(*phone.clinic.asked.lock().unwrap(), 0);
}

#[tokio::test]
async fn whoever_is_taken_back_and_comes_again_has_the_later_number() {
    let (phone, booked) = booked().await;
    tell(&phone, &there(&booked, None));
    stand(&phone, waiting(4, "08:30"));
    assert_eq!(synced(&phone, &booked).await.queue.unwrap().number, 12);
    tell(&phone, &booked);
    let view = synced(&phone, &booked).await;
    assert_eq!((view.status, view.queue), (BookingStatus::Confirmed, None));
    assert_eq!(phone.app.events(MAI).unwrap(), [], "the desk says so");
    tell(&phone, &there(&booked, None));
    assert_eq!(synced(&phone, &booked).await.queue.unwrap().number, 12);
    // Back and forth between two syncs, and nobody tells how they stand now.
    tell(&phone, &booked);
    let again = Appointment {
        queue_number: Some(15),
        ..there(&booked, None)
    };
    tell(&phone, &again);
    *phone.clinic.standing.lock().unwrap() = None;
    let queue = synced(&phone, &booked).await.queue.unwrap();
    assert_eq!((queue.number, queue.ahead), (15, None));
}
