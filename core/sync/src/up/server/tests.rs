//! A server with one Slot that answers writes as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use sokhoe_client::ClinicClient;
use sokhoe_domain::ports::{BoxFuture, Clock, Limits, Rng, Transport, TransportError};
use sokhoe_domain::{BookingState, ClinicId, IntentId, Refusal, Timestamp, Wire};
use sokhoe_qr::PublicKey;
use sokhoe_testing::disk::{Promise, SimDisk};
use sokhoe_testing::{FakeClock, MemoryKeys, SeededRng};
use sokhoe_vault::{IntentKind, NewIntent, ParkedWhy, StoredBooking, Vault, VaultPorts};

use super::ROUNDS;
use crate::intent::BookIntent;
use crate::lane::{Engine, Lane};
use crate::pace::HostPaces;
use crate::up::{Pushed, UNCLEAR_ANSWERS, Urgency};

const START: &str = "2026-12-01T08:00:00+07:00";
const CAN: &str = r#"{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{"mode":"server",
    "interaction":[{"code":"transaction"}],"resource":[
    {"type":"Slot","interaction":[{"code":"read"},{"code":"search-type"},{"code":"update"}]},
    {"type":"Appointment","interaction":[{"code":"read"},{"code":"update"}],"updateCreate":true}]}]}"#;
const EMPTY: &str = r#"{"resourceType":"Bundle","type":"searchset"}"#;

type Answer = Result<u16, TransportError>;

struct OneSlot {
    statement: String,
    slot: Mutex<Option<String>>,
    /// Under the intent's id, whatever it is.
    appointment: Mutex<Option<String>>,
    /// To writes, in this order, the last one for ever.
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<String>>,
}

fn slot(status: &str) -> String {
    format!(
        r#"{{"resourceType":"Slot","id":"s","meta":{{"versionId":"7"}},"status":"{status}","start":"{START}","end":"2026-12-01T08:30:00+07:00"}}"#
    )
}

fn outcome(code: &str) -> String {
    format!(
        r#"{{"resourceType":"OperationOutcome","issue":[{{"severity":"error","code":"{code}"}}]}}"#
    )
}

impl OneSlot {
    fn answer(
        &self,
        method: &Method,
        place: &str,
        body: &str,
    ) -> Result<(u16, String), TransportError> {
        let shown = |resource: &Option<String>| match resource {
            Some(json) => (200, json.clone()),
            None => (404, outcome("not-found")),
        };
        Ok(match (method, place) {
            (&Method::GET, "metadata") => (200, self.statement.clone()),
            (&Method::GET, "Slot/s") => shown(&self.slot.lock().unwrap()),
            (&Method::GET, place) if place.starts_with("Appointment/") => {
                shown(&self.appointment.lock().unwrap())
            }
            (&Method::GET, _) => (200, EMPTY.to_owned()),
            _ => {
                assert!(body.contains(r#""ifMatch":"W/\"7\"""#), "{body}");
                let mut answers = self.answers.lock().unwrap();
                let answer = match answers.len() {
                    0 | 1 => answers.front().cloned().unwrap(),
                    _ => answers.pop_front().unwrap(),
                };
                (answer?, outcome("forbidden"))
            }
        })
    }
}

impl Transport for OneSlot {
    fn send(
        &self,
        request: Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let path = request.uri().path().to_owned();
        let place = path.strip_prefix("/r4").unwrap().trim_start_matches('/');
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        self.asked
            .lock()
            .unwrap()
            .push(format!("{} {place}", request.method()));
        let answer = self.answer(request.method(), place, &body);
        Box::pin(async move {
            let (status, body) = answer?;
            Ok(Response::builder()
                .status(status)
                .body(body.into())
                .unwrap())
        })
    }
}

struct World {
    engine: Engine,
    lane: Lane,
    vault: Vault,
    server: Arc<OneSlot>,
    clock: Arc<FakeClock>,
    paces: HostPaces,
    id: IntentId,
}

impl World {
    /// A phone that decided to book the Slot.
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::at(CAN, answers)
    }

    fn at(statement: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        let disk = SimDisk::new(Promise::PowersafeOverwrite);
        let ports = VaultPorts::new(
            Arc::new(disk),
            Arc::new(MemoryKeys::default()),
            Arc::new(SeededRng::new(1)),
        );
        let vault = Vault::create(&ports, "me").unwrap();
        let clock = Arc::new(FakeClock::at("2026-11-24T08:00:00+07:00"));
        let rng: Arc<dyn Rng> = Arc::new(SeededRng::new(2));
        let of_clock: Arc<dyn Clock> = clock.clone();
        let server = Arc::new(OneSlot {
            statement: statement.to_owned(),
            slot: Mutex::new(Some(slot("free"))),
            appointment: Mutex::new(None),
            answers: Mutex::new(answers.into_iter().collect()),
            asked: Mutex::default(),
        });
        let id = IntentId::new(clock.now(), &*rng);
        let start = Timestamp::parse_fhir(START).unwrap();
        let intent = NewIntent {
            id,
            clinic: ClinicId::from("c"),
            kind: IntentKind::Book,
            thing: id.to_string(),
            body: serde_json::to_string(&BookIntent {
                slot_id: "s".to_owned(),
                patient_id: "p".to_owned(),
                otherwise: None,
                trying: None,
                trip: None,
                occurrence: None,
            })
            .unwrap(),
            created: clock.now(),
        };
        let booking = StoredBooking {
            id,
            clinic: ClinicId::from("c"),
            start,
            end: start.plus(Duration::from_secs(1_800)),
            service: String::new(),
            practitioner: String::new(),
            location: String::new(),
            state: BookingState::WaitingForNetwork,
            updated: clock.now(),
            asked: None,
            occurrence: None,
            changeable_until: None,
        };
        vault.enqueue(&intent, &booking).unwrap();
        let client =
            ClinicClient::of_server("https://fhir.example/r4", None, server.clone()).unwrap();
        Self {
            engine: Engine::new(vault.clone(), of_clock.clone(), rng.clone()),
            lane: Lane {
                wire: Wire::Server,
                clinic: ClinicId::from("c"),
                patient_id: "p".to_owned(),
                public_key: PublicKey::from_bytes([0; 32]),
                client,
            },
            vault,
            server,
            paces: HostPaces::new(of_clock, rng),
            clock,
            id,
        }
    }

    async fn push(&self) -> Pushed {
        self.clock.advance(Duration::from_secs(600));
        let lanes = [self.lane.clone()];
        self.engine
            .push(&lanes, Urgency::Foreground, &self.paces)
            .await
            .unwrap()
    }

    fn state(&self) -> BookingState {
        self.vault.booking(self.id).unwrap().unwrap().state
    }

    fn asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.server.asked.lock().unwrap());
        asked
            .into_iter()
            .filter(|it| it != "GET metadata")
            .collect()
    }

    fn writes(&self) -> usize {
        self.asked().iter().filter(|it| **it == "POST ").count()
    }

    fn there(&self, patient: &str, status: &str) {
        let json = format!(
            r#"{{"resourceType":"Appointment","id":"{}","status":"{status}","start":"{START}","participant":[{{"actor":{{"reference":"Patient/{patient}"}}}}]}}"#,
            self.id
        );
        *self.server.appointment.lock().unwrap() = Some(json);
    }
}

fn refused(code: &str) -> BookingState {
    BookingState::Refused(Refusal::Other {
        code: code.to_owned(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_always_too_late_for_a_free_time_stops_asking() {
    for status in [409, 412] {
        let world = World::new([Ok(status)]);
        for _ in 1..UNCLEAR_ANSWERS {
            assert_eq!(world.push().await.parked, 0);
            assert_eq!(world.state(), BookingState::Sending);
            assert_eq!(world.writes(), ROUNDS as usize, "{status}");
        }
        assert_eq!(world.push().await.parked, 1);
        assert_eq!(world.vault.parked().unwrap()[0].why, ParkedWhy::Unclear);
        world.asked();
        world.push().await;
        assert!(world.asked().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_transaction_is_a_refusal_and_nothing_is_asked_again() {
    for status in [400, 403, 422] {
        let world = World::new([Ok(status)]);
        assert_eq!(world.push().await.settled, 1);
        assert_eq!(world.state(), refused("forbidden"), "{status}");
        let mut asked = vec!["GET Slot/s", "POST "];
        // Whether that is the door, or this one thing.
        asked.extend((status == 403).then_some("GET Patient/p"));
        assert_eq!(world.asked(), asked);
        world.push().await;
        assert!(world.asked().is_empty());
    }
    let world = World::new([Ok(501)]);
    world.push().await;
    assert_eq!(world.state(), refused(Refusal::TAKES_NO_BOOKINGS));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_know_asks_before_writing_again() {
    for answer in [
        Err(TransportError::Timeout),
        Err(TransportError::Broken),
        Ok(500),
        Ok(502),
        Ok(503),
    ] {
        let world = World::new([answer.clone()]);
        world.push().await;
        assert_eq!(world.state(), BookingState::Sending, "{answer:?}");
        let id = world.id;
        assert_eq!(world.asked(), ["GET Slot/s", "POST "]);
        // It did not arrive.
        world.push().await;
        let first = format!("GET Appointment/{id}");
        assert_eq!(world.asked(), [first.as_str(), "GET Slot/s", "POST "]);
        // It did.
        world.there("p", "booked");
        assert_eq!(world.push().await.settled, 1, "{answer:?}");
        assert_eq!(world.asked(), [first]);
        assert_eq!(world.state(), BookingState::Confirmed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_have_arrived_waits_for_a_network() {
    let world = World::new([Err(TransportError::Unreachable)]);
    world.push().await;
    assert_eq!(world.state(), BookingState::WaitingForNetwork);
    assert_eq!(world.asked(), ["GET Slot/s", "POST "]);
    world.push().await;
    assert_eq!(world.asked(), ["GET Slot/s", "POST "]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undecided_appointment_is_never_a_confirmation_and_never_written_again() {
    for status in ["proposed", "pending", "waitlist"] {
        let world = World::new([Err(TransportError::Timeout)]);
        world.push().await;
        world.there("p", status);
        world.asked();
        for _ in 0..8 {
            world.push().await;
            assert_eq!(world.state(), BookingState::Sending, "{status}");
            assert_eq!(world.writes(), 0);
        }
        world.there("p", "cancelled");
        world.push().await;
        assert_eq!(world.state(), BookingState::Cancelled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_appointment_under_our_id_is_no_answer() {
    let world = World::new([Err(TransportError::Timeout)]);
    world.push().await;
    world.there("q", "booked");
    world.asked();
    world.push().await;
    assert_eq!(world.state(), BookingState::Sending);
    assert_eq!(world.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_read_is_kept_back() {
    let world = World::new([Ok(200)]);
    *world.server.slot.lock().unwrap() = Some(slot("whatever"));
    for _ in 1..UNCLEAR_ANSWERS {
        let pushed = world.push().await;
        assert_eq!((pushed.parked, pushed.unreachable.len()), (0, 0));
    }
    assert_eq!(world.push().await.parked, 1);
    assert_eq!(world.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_without_a_version_cannot_be_taken() {
    let world = World::new([Ok(200)]);
    let unversioned = slot("free").replace(r#""meta":{"versionId":"7"},"#, "");
    *world.server.slot.lock().unwrap() = Some(unversioned);
    world.push().await;
    assert_eq!(world.state(), refused(Refusal::TAKES_NO_BOOKINGS));
    assert_eq!(world.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_gone_or_busy_is_refused_unless_we_have_it() {
    for busy in [
        "busy",
        "busy-unavailable",
        "busy-tentative",
        "entered-in-error",
    ] {
        let world = World::new([Ok(200)]);
        *world.server.slot.lock().unwrap() = Some(slot(busy));
        world.push().await;
        let none = Refusal::SlotTaken {
            alternatives: Vec::new(),
        };
        assert_eq!(world.state(), BookingState::Refused(none), "{busy}");
        assert_eq!(world.writes(), 0);
    }
    let world = World::new([Ok(200)]);
    *world.server.slot.lock().unwrap() = None;
    world.push().await;
    assert_eq!(world.state(), BookingState::Refused(Refusal::NotOffered));
    let world = World::new([Ok(200)]);
    *world.server.slot.lock().unwrap() = Some(slot("busy"));
    world.there("p", "booked");
    world.push().await;
    assert_eq!(world.state(), BookingState::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_transactions_is_never_written_to() {
    let world = World::at(&CAN.replace("transaction", "batch"), [Ok(200)]);
    world.push().await;
    assert_eq!(world.state(), refused(Refusal::TAKES_NO_BOOKINGS));
    assert!(world.asked().is_empty());
}
