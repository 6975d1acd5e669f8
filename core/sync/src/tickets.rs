//! The tickets of booked visits, so that they are here when there is no network.
//!
//! They come after everything else, and nothing waits for them or fails because of them.

use std::time::Duration;

use sokhoe_client::ClientError;
use sokhoe_domain::{ResourceKey, VisitMode};
use sokhoe_fhir::Appointment;
use sokhoe_qr::TicketSheet;
use sokhoe_vault::{KeptTicket, StoredBooking};

use crate::error::SyncError;
use crate::lane::{Engine, Lane};

/// A clinic that gives no tickets is asked again after so long, e.g. when its server is a newer one.
const NOT_GIVEN: Duration = Duration::from_secs(86_400);
/// One that gave no answer, or not yet those of the present start, after so long.
const NO_ANSWER: Duration = Duration::from_secs(15 * 60);
/// A synchronisation takes so much longer for tickets at most.
const PATIENCE: Duration = Duration::from_secs(10);

impl Engine {
    /// Fetches the tickets of confirmed visits to come at a clinic of ours that has none of their start here.
    pub(crate) async fn pull_tickets(&self, lane: &Lane) -> Result<(), SyncError> {
        let begun = self.clock.now();
        for booking in self.vault.without_ticket(&lane.clinic, begun)? {
            if self.is_remote(&booking)? {
                continue;
            }
            let left = PATIENCE.saturating_sub(self.clock.now().since(begun));
            if left.is_zero() {
                break;
            }
            let id = booking.id.to_string();
            let answer = tokio::select! {
                biased;
                answer = lane.client.ticket_sheet(&id) => answer,
                () = async { self.clock.sleep(left).await } => Err(ClientError::NoAnswer),
            };
            self.keep(lane, &booking, answer)?;
        }
        Ok(())
    }

    /// Whether doctor and patient meet by telephone or video: nobody shows a ticket there.
    fn is_remote(&self, booking: &StoredBooking) -> Result<bool, SyncError> {
        let key = ResourceKey::new("Appointment", booking.id.to_string());
        let stored = self.vault.resource(&booking.clinic, &key)?;
        let visit = stored.and_then(|stored| Appointment::from_json(&stored.json).ok());
        Ok(visit.is_some_and(|visit| visit.mode == Some(VisitMode::Remote)))
    }

    /// Keeps a sheet that the clinic signed for this very start, or when to ask again.
    fn keep(
        &self,
        lane: &Lane,
        booking: &StoredBooking,
        answer: Result<String, ClientError>,
    ) -> Result<(), SyncError> {
        let now = self.clock.now();
        let (sheet, wait) = match answer {
            Ok(text) => match TicketSheet::verify(&text, &lane.public_key) {
                Ok(sheet) if sheet.start() == booking.start => (Some(text), Duration::ZERO),
                // The booking was moved, and what is here is of before.
                Ok(_) => (None, NO_ANSWER),
                Err(refusal) => {
                    tracing::warn!(%refusal, "a clinic gave tickets that it did not sign");
                    (None, NOT_GIVEN)
                }
            },
            Err(error) => (None, wait_after(&error)),
        };
        let ticket = KeptTicket {
            booking: booking.id,
            start: booking.start,
            sheet,
            not_before: now.plus(wait),
        };
        self.vault.keep_ticket(&ticket, now)?;
        Ok(())
    }
}

/// How long a clinic is left alone that gave none.
fn wait_after(error: &ClientError) -> Duration {
    match error {
        ClientError::NotFound
        | ClientError::Gone
        | ClientError::Refused { .. }
        | ClientError::Garbled(_)
        | ClientError::Invalid => NOT_GIVEN,
        ClientError::Busy { retry_after } => retry_after.unwrap_or_default().max(NO_ANSWER),
        ClientError::Unreachable
        | ClientError::NoAnswer
        | ClientError::Key(_)
        | ClientError::Unauthorized
        | ClientError::Server { .. } => NO_ANSWER,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bytes::Bytes;
    use ring::signature::Ed25519KeyPair;
    use sokhoe_client::ClinicClient;
    use sokhoe_domain::ports::{BoxFuture, Clock, Limits, Transport, TransportError};
    use sokhoe_domain::{BookingState, ClinicId, IntentId, Timestamp, Wire};
    use sokhoe_fhir::TicketAnswer;
    use sokhoe_fhir::bundle::Change;
    use sokhoe_qr::PublicKey;
    use sokhoe_testing::disk::{Promise, SimDisk};
    use sokhoe_testing::{FakeClock, MemoryKeys, SeededRng};
    use sokhoe_vault::{Page, Vault, VaultPorts};

    use super::*;

    /// What the clinic answers.
    #[derive(Clone)]
    enum Says {
        Sheet(String),
        Status(u16),
        Nothing,
        /// Takes the request and never answers.
        Silence,
    }

    struct Clinic {
        says: Mutex<Says>,
        asked: Mutex<u32>,
    }

    impl Transport for Clinic {
        fn send(
            &self,
            _: http::Request<Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            *self.asked.lock().unwrap() += 1;
            let says = self.says.lock().unwrap().clone();
            Box::pin(async move {
                let (status, body) = match says {
                    Says::Sheet(sheet) => (200, TicketAnswer { sheet }.to_parameters()),
                    Says::Status(status) => (
                        status,
                        r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#
                            .to_owned(),
                    ),
                    Says::Nothing => return Err(TransportError::Unreachable),
                    Says::Silence => std::future::pending().await,
                };
                let answer = http::Response::builder().status(status);
                Ok(answer.body(Bytes::from(body)).unwrap())
            })
        }
    }

    struct World {
        engine: Engine,
        lane: Lane,
        vault: Vault,
        clinic: Arc<Clinic>,
        clock: Arc<FakeClock>,
        key: Ed25519KeyPair,
        id: IntentId,
    }

    impl World {
        fn new() -> Self {
            let ports = VaultPorts::new(
                Arc::new(SimDisk::new(Promise::PowersafeOverwrite)),
                Arc::new(MemoryKeys::default()),
                Arc::new(SeededRng::new(1)),
            );
            let vault = Vault::create(&ports, "me").unwrap();
            let clock = Arc::new(FakeClock::at("2026-11-24T08:00:00+07:00"));
            let rng = Arc::new(SeededRng::new(2));
            let clinic = Arc::new(Clinic {
                says: Mutex::new(Says::Nothing),
                asked: Mutex::new(0),
            });
            let key = Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap();
            let world = Self {
                engine: Engine::new(vault.clone(), clock.clone(), rng.clone()),
                lane: Lane {
                    wire: Wire::Clinic,
                    clinic: ClinicId::from("c"),
                    patient_id: "p".to_owned(),
                    public_key: PublicKey::of(&key).unwrap(),
                    client: ClinicClient::new("https://clinic.example", None, clinic.clone())
                        .unwrap(),
                },
                id: IntentId::new(clock.now(), &*rng),
                vault,
                clinic,
                clock,
                key,
            };
            world.at(world.start());
            world
        }

        fn start(&self) -> Timestamp {
            Timestamp::parse_fhir("2026-11-26T08:30:00+07:00").unwrap()
        }

        /// The booking is confirmed at this start.
        fn at(&self, start: Timestamp) {
            let booking = StoredBooking {
                id: self.id,
                clinic: self.lane.clinic.clone(),
                start,
                end: start.plus(Duration::from_secs(900)),
                service: "Khám mắt".to_owned(),
                practitioner: String::new(),
                location: String::new(),
                state: BookingState::Confirmed,
                updated: start,
                asked: None,
                occurrence: None,
                changeable_until: None,
            };
            self.comes(&[], &[booking]);
        }

        fn comes(&self, changes: &[Change<'_>], bookings: &[StoredBooking]) {
            let page = Page {
                clinic: &self.lane.clinic,
                changes,
                cursor: "1",
                received: self.clock.now(),
                bookings,
                events: &[],
            };
            self.vault.apply(&page).unwrap();
        }

        fn sheet(&self, start: Timestamp) -> Says {
            let sheet = TicketSheet::for_appointment(7, start, &self.key).unwrap();
            Says::Sheet(sheet.sign(&self.key).unwrap())
        }

        /// How often the clinic was asked by a synchronisation.
        async fn asked(&self, says: Says) -> u32 {
            *self.clinic.says.lock().unwrap() = says;
            self.engine.pull_tickets(&self.lane).await.unwrap();
            std::mem::take(&mut *self.clinic.asked.lock().unwrap())
        }

        /// The start of the sheet that is kept.
        fn has(&self) -> Option<Timestamp> {
            let kept = self.vault.ticket(self.id).unwrap()?;
            let sheet = TicketSheet::verify(&kept.sheet?, &self.lane.public_key).unwrap();
            assert_eq!(sheet.start(), kept.start);
            Some(kept.start)
        }
    }

    #[tokio::test]
    async fn a_ticket_is_fetched_once_and_anew_when_the_booking_was_moved() {
        let world = World::new();
        let first = world.start();
        assert_eq!(world.asked(world.sheet(first)).await, 1);
        assert_eq!(world.has(), Some(first));
        world.clock.advance(Duration::from_secs(86_400));
        assert_eq!(world.asked(world.sheet(first)).await, 0);

        let second = first.plus(Duration::from_secs(3_600));
        world.at(second);
        // The clinic has moved it once more meanwhile.
        let third = second.plus(Duration::from_secs(3_600));
        assert_eq!(world.asked(world.sheet(third)).await, 1);
        assert_eq!(world.has(), None);
        world.at(third);
        assert_eq!(world.asked(world.sheet(third)).await, 1);
        assert_eq!(world.has(), Some(third));
    }

    #[tokio::test]
    async fn what_the_clinic_did_not_sign_is_not_kept() {
        let world = World::new();
        let other = Ed25519KeyPair::from_seed_unchecked(&[4; 32]).unwrap();
        let sheet = TicketSheet::for_appointment(7, world.start(), &other).unwrap();
        let forged = Says::Sheet(sheet.sign(&other).unwrap());
        assert_eq!(world.asked(forged).await, 1);
        assert_eq!(world.has(), None);
        assert_eq!(world.asked(world.sheet(world.start())).await, 0);
    }

    #[tokio::test]
    async fn who_gives_none_is_asked_once_a_day_and_who_is_not_there_soon_again() {
        for (says, wait) in [
            (Says::Status(404), NOT_GIVEN),
            (Says::Status(422), NOT_GIVEN),
            (Says::Nothing, NO_ANSWER),
            (Says::Status(503), NO_ANSWER),
            (Says::Status(500), NO_ANSWER),
        ] {
            let world = World::new();
            assert_eq!(world.asked(says.clone()).await, 1);
            world.clock.advance(wait - Duration::from_secs(1));
            assert_eq!(world.asked(says.clone()).await, 0);
            world.clock.advance(Duration::from_secs(1));
            assert_eq!(world.asked(world.sheet(world.start())).await, 1);
            assert_eq!(world.has(), Some(world.start()));
        }
    }

    #[tokio::test]
    async fn a_clinic_that_does_not_answer_holds_nothing_up() {
        let world = World::new();
        let begun = world.clock.now();
        assert_eq!(world.asked(Says::Silence).await, 1);
        assert_eq!(world.clock.now().since(begun), PATIENCE);
        assert_eq!(world.asked(world.sheet(world.start())).await, 0);
    }

    #[tokio::test]
    async fn a_visit_by_video_or_over_needs_none() {
        let world = World::new();
        let id = world.id.to_string();
        let by_video = Appointment {
            id: Some(id.clone()),
            mode: Some(VisitMode::Remote),
            ..Appointment::default()
        };
        let json = by_video.to_json();
        let change = Change::Put {
            key: ResourceKey::new("Appointment", id),
            version: None,
            json: &json,
        };
        world.comes(&[change], &[]);
        assert_eq!(world.asked(world.sheet(world.start())).await, 0);

        let world = World::new();
        world.clock.advance(Duration::from_secs(3 * 86_400));
        assert_eq!(world.asked(world.sheet(world.start())).await, 0);
    }
}
