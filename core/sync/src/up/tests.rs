//! The outbox against clinics that stumble.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_client::ClinicClient;
use sokhoe_domain::ports::{BoxFuture, Clock, Limits, Rng, Transport, TransportError};
use sokhoe_domain::{BookingState, ClinicId, IntentId, Refusal};
use sokhoe_qr::PublicKey;
use sokhoe_testing::disk::{Promise, SimDisk};
use sokhoe_testing::{FakeClock, MemoryKeys, SeededRng};
use sokhoe_vault::{IntentKind, NewIntent, ParkedWhy, StoredBooking, Vault, VaultPorts};

use super::Urgency::{Background, Foreground};
use super::{Pushed, UNCLEAR_ANSWERS, Urgency};
use crate::intent::{BookIntent, CancelIntent, MoveIntent};
use crate::lane::{Engine, Lane};
use crate::pace::HostPaces;
use crate::waiting_list::{OfferIntent, WaitIntent};

type Answer = Result<(u16, &'static str, Option<&'static str>), TransportError>;

const NOT_FOUND: &str =
    r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#;
const REFUSED: &str =
    r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"business-rule"}]}"#;

/// Says what it is told of each intent, else that it is booked.
#[derive(Default)]
struct ScriptedClinic {
    answers: Mutex<HashMap<String, Answer>>,
    asked: Mutex<Vec<String>>,
}

impl ScriptedClinic {
    fn says(&self, id: IntentId, answer: Answer) {
        self.answers.lock().unwrap().insert(id.to_string(), answer);
    }

    fn works_again(&self) {
        self.answers.lock().unwrap().clear();
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Transport for ScriptedClinic {
    fn send(
        &self,
        request: Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let id = request.headers()["idempotency-key"]
            .to_str()
            .unwrap()
            .to_owned();
        self.asked.lock().unwrap().push(id.clone());
        let answer = self.answers.lock().unwrap().get(&id).cloned();
        Box::pin(async move {
            let booked = format!(
                r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{{"resourceType":"Appointment",
                    "id":"{id}","status":"booked"}}}}]}}"#
            );
            let Some(answer) = answer else {
                return Ok(Response::new(booked.into()));
            };
            let (status, body, retry_after) = answer?;
            let mut response = Response::builder().status(status);
            if let Some(seconds) = retry_after {
                response = response.header("retry-after", seconds);
            }
            Ok(response.body(Bytes::from_static(body.as_bytes())).unwrap())
        })
    }
}

struct World {
    engine: Engine,
    lane: Lane,
    vault: Vault,
    clinic: Arc<ScriptedClinic>,
    clock: Arc<FakeClock>,
    rng: Arc<SeededRng>,
    paces: HostPaces,
}

impl World {
    fn new() -> Self {
        let disk = SimDisk::new(Promise::PowersafeOverwrite);
        let ports = VaultPorts::new(
            Arc::new(disk),
            Arc::new(MemoryKeys::default()),
            Arc::new(SeededRng::new(1)),
        );
        let vault = Vault::create(&ports, "me").unwrap();
        let clock = Arc::new(FakeClock::at("2026-11-24T08:00:00+07:00"));
        let rng = Arc::new(SeededRng::new(2));
        let (of_clock, of_rng): (Arc<dyn Clock>, Arc<dyn Rng>) = (clock.clone(), rng.clone());
        let clinic = Arc::new(ScriptedClinic::default());
        Self {
            engine: Engine::new(vault.clone(), of_clock.clone(), of_rng.clone()),
            lane: Lane {
                wire: sokhoe_domain::Wire::Clinic,
                clinic: ClinicId::from("c"),
                patient_id: "p".to_owned(),
                public_key: PublicKey::from_bytes([0; 32]),
                client: ClinicClient::new("https://clinic.example", None, clinic.clone()).unwrap(),
            },
            vault,
            clinic,
            paces: HostPaces::new(of_clock, of_rng),
            clock,
            rng,
        }
    }

    fn decides(&self, kind: IntentKind, about: Option<IntentId>, body: Option<&str>) -> IntentId {
        self.clock.advance(Duration::from_millis(10));
        let now = self.clock.now();
        let id = IntentId::new(now, &*self.rng);
        let about = about.unwrap_or(id);
        let written = match kind {
            IntentKind::Book => serde_json::to_string(&BookIntent {
                slot_id: "s".to_owned(),
                patient_id: "p".to_owned(),
                otherwise: None,
                trying: None,
                trip: None,
                occurrence: None,
            }),
            IntentKind::Cancel => serde_json::to_string(&CancelIntent {
                appointment_id: about.to_string(),
                patient_id: "p".to_owned(),
            }),
            IntentKind::Move => serde_json::to_string(&MoveIntent {
                appointment_id: about.to_string(),
                patient_id: "p".to_owned(),
                slot_id: "s2".to_owned(),
                start: now.plus(Duration::from_secs(86_400)),
                end: now.plus(Duration::from_secs(87_300)),
                practitioner: String::new(),
                location: String::new(),
            }),
            IntentKind::Wait => serde_json::to_string(&WaitIntent {
                patient_id: "p".to_owned(),
                parameters: "{}".to_owned(),
            }),
            IntentKind::Take | IntentKind::Decline => serde_json::to_string(&OfferIntent {
                appointment_id: about.to_string(),
                patient_id: "p".to_owned(),
                start: now.plus(Duration::from_secs(86_400)),
                until: now.plus(Duration::from_secs(600)),
            }),
        };
        let intent = NewIntent {
            id,
            clinic: ClinicId::from("c"),
            kind,
            thing: about.to_string(),
            body: body.map_or(written.unwrap(), str::to_owned),
            created: now,
        };
        let booking = StoredBooking {
            id: about,
            clinic: ClinicId::from("c"),
            start: now.plus(Duration::from_secs(86_400)),
            end: now.plus(Duration::from_secs(87_300)),
            service: String::new(),
            practitioner: String::new(),
            location: String::new(),
            state: BookingState::WaitingForNetwork,
            updated: now,
            asked: None,
            occurrence: None,
            changeable_until: None,
        };
        self.vault.enqueue(&intent, &booking).unwrap();
        id
    }

    fn books(&self) -> IntentId {
        self.decides(IntentKind::Book, None, None)
    }

    async fn push(&self, urgency: Urgency) -> Pushed {
        let lanes = [self.lane.clone()];
        self.engine
            .push(&lanes, urgency, &self.paces)
            .await
            .unwrap()
    }

    fn state(&self, id: IntentId) -> BookingState {
        self.vault.booking(id).unwrap().unwrap().state
    }

    fn events(&self) -> Vec<String> {
        let events = self.vault.events().unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_kept_back_and_holds_up_nothing_else() {
    let world = World::new();
    let unreadable = world.decides(IntentKind::Book, None, Some("nonsense"));
    let after = world.decides(IntentKind::Cancel, Some(unreadable), None);
    let fine = world.books();
    let pushed = world.push(Foreground).await;
    assert_eq!((pushed.parked, pushed.settled, pushed.waiting), (1, 1, 0));
    assert_eq!(world.state(fine), BookingState::Confirmed);
    assert_eq!(world.clinic.asked(), [fine.to_string()]);
    let parked = world.vault.parked().unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (parked[0].intent.id, &parked[0].why),
        (unreadable, &ParkedWhy::Unreadable)
    );
    assert!(world.events().contains(&"intent-parked".to_owned()));
    // Said once.
    assert_eq!(world.push(Foreground).await.parked, 0);
    let waiting: Vec<_> = world
        .vault
        .waiting()
        .unwrap()
        .iter()
        .map(|i| i.id)
        .collect();
    assert_eq!(waiting, [unreadable, after]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clinic_that_knows_nothing_of_what_was_sent_is_asked_a_few_times_and_not_for_ever() {
    let world = World::new();
    let id = world.books();
    world.clinic.says(id, Err(TransportError::Timeout));
    world.push(Foreground).await;
    assert_eq!(world.state(id), BookingState::Sending);
    world.clinic.says(id, Ok((404, NOT_FOUND, None)));
    for _ in 1..UNCLEAR_ANSWERS {
        assert_eq!(world.push(Foreground).await.parked, 0);
    }
    assert_eq!(world.push(Foreground).await.parked, 1);
    assert_eq!(world.vault.parked().unwrap()[0].why, ParkedWhy::Unclear);
    world.clinic.asked();
    world.push(Foreground).await;
    assert!(world.clinic.asked().is_empty());
    // The person sends it again: the same id, and now there is an answer.
    world.clinic.works_again();
    world.vault.unpark(id, world.clock.now()).unwrap();
    assert_eq!(world.push(Background).await.settled, 1);
    assert_eq!(world.clinic.asked(), [id.to_string()]);
    assert_eq!(world.state(id), BookingState::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_cancellation_is_kept_back_and_its_booking_stands() {
    let world = World::new();
    let id = world.books();
    world.push(Foreground).await;
    let cancel = world.decides(IntentKind::Cancel, Some(id), None);
    world.clinic.says(cancel, Ok((409, REFUSED, None)));
    assert_eq!(world.push(Foreground).await.parked, 1);
    assert_eq!(world.state(id), BookingState::Confirmed);
    let code = "business-rule".to_owned();
    assert_eq!(
        world.vault.parked().unwrap()[0].why,
        ParkedWhy::Refused { code }
    );
    assert!(world.events().contains(&"cancellation-refused".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_let_wait_is_told_so_and_no_server_of_others_is_asked() {
    let mut world = World::new();
    let id = world.decides(IntentKind::Wait, None, None);
    world.clinic.says(id, Ok((409, REFUSED, None)));
    assert_eq!(world.push(Foreground).await.settled, 1);
    let refused = |code: &str| {
        BookingState::Refused(Refusal::Other {
            code: code.to_owned(),
        })
    };
    assert_eq!(world.state(id), refused("business-rule"));
    assert_eq!(world.events(), ["waiting-refused"]);
    assert_eq!(world.clinic.asked(), [id.to_string()]);

    world.lane.wire = sokhoe_domain::Wire::Server;
    let id = world.decides(IntentKind::Wait, None, None);
    assert_eq!(world.push(Foreground).await.settled, 1);
    assert_eq!(world.state(id), refused(Refusal::KEEPS_NO_WAITING_LIST));
    assert!(world.clinic.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_booking_that_a_clinic_fails_at_does_not_hold_up_the_others() {
    let world = World::new();
    let poisoned = world.books();
    world.clinic.says(poisoned, Ok((500, "", None)));
    world.push(Foreground).await;
    let fine = [world.books(), world.books()];
    world.push(Foreground).await;
    for id in fine {
        assert_eq!(world.state(id), BookingState::Confirmed);
    }
    assert_eq!(world.state(poisoned), BookingState::Sending);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_down_is_left_alone_until_a_tap_after_the_wait() {
    let world = World::new();
    let id = world.books();
    world.clinic.says(id, Err(TransportError::Unreachable));
    for _ in 0..5 {
        assert!(world.push(Foreground).await.next_try.is_empty());
    }
    assert_eq!(world.clinic.asked().len(), 5);
    let until = world.push(Foreground).await.next_try[&world.lane.clinic];
    assert!(world.clinic.asked().is_empty());
    assert_eq!(world.state(id), BookingState::WaitingForNetwork);
    assert_eq!(
        world.paces.next_try(&world.lane.client.origin()),
        Some(until)
    );
    world.clinic.works_again();
    world.clock.advance(until.since(world.clock.now()));
    assert_eq!(world.push(Foreground).await.settled, 1);
    assert_eq!(world.paces.next_try(&world.lane.client.origin()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_at_the_screen_waits_as_the_clinic_asks_too() {
    let world = World::new();
    let id = world.books();
    world.clinic.says(id, Ok((503, "", Some("60"))));
    world.push(Foreground).await;
    world.clinic.works_again();
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.push(Foreground).await.settled, 0);
    assert_eq!(world.clinic.asked().len(), 1);
    // Spread over as long again.
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(world.push(Foreground).await.settled, 1);
}
