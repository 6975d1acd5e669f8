//! Phones for tests: the app in a folder of its own, with a clock, keys and a network that tests hold.

use std::sync::Arc;

use bytes::Bytes;
use sokhoe_domain::ports::{BoxFuture, Clock, Limits, Ports, Transport, TransportError};
use sokhoe_domain::{BookingState, ClinicId, IntentId, PersonId, Timestamp, Wire};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::{FakeClock, MemoryKeys, SeededRng};
use sokhoe_vault::{
    ClinicRecord, ClinicSession, IntentKind, LinkedPerson, NewIntent, Page, PersonRecord,
    StoredBooking,
};
use tempfile::TempDir;

use crate::{AppConfig, BrowseRequest, Language, SoKhoe, system_ports};

/// A phone without a network.
pub(crate) struct NoNetwork;

impl Transport for NoNetwork {
    fn send(
        &self,
        _: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async { Err(TransportError::Unreachable) })
    }
}

/// A phone at 08:30 of 24/11/2026 whose network answers as `clinic`.
pub(crate) struct TestPhone<T = NoNetwork, C = FakeClock> {
    pub(crate) app: SoKhoe,
    pub(crate) clinic: Arc<T>,
    pub(crate) clock: Arc<C>,
    pub(crate) keys: Arc<MemoryKeys>,
    pub(crate) folder: TempDir,
}

impl<T: Transport + 'static> TestPhone<T> {
    /// With these people, who are the same at one clinic, [`clinic`].
    pub(crate) fn of(language: Language, people: &[&str], transport: T) -> Self {
        let phone = Self::new(config(language), 1, transport, clock());
        phone.enrol(&clinic(), people.iter().map(|id| person(id)))
    }
}

impl<T: Transport + 'static, C: Clock + 'static> TestPhone<T, C> {
    /// With nobody.
    pub(crate) fn new(config: AppConfig, seed: u64, transport: T, clock: C) -> Self {
        let (folder, keys) = (TempDir::new().unwrap(), Arc::<MemoryKeys>::default());
        let (clinic, clock) = (Arc::new(transport), Arc::new(clock));
        let app = open(config, seed, &folder, &keys, &clinic, &clock);
        Self {
            app,
            clinic,
            clock,
            keys,
            folder,
        }
    }

    pub(crate) fn enrol(
        self,
        clinic: &ClinicRecord,
        people: impl IntoIterator<Item = LinkedPerson>,
    ) -> Self {
        let people: Vec<_> = people.into_iter().collect();
        enrol(&self.app, clinic, &people);
        self
    }

    /// The same phone after its process ended.
    pub(crate) fn restarted(mut self) -> Self {
        // The folder is one process's at a time.
        let (nowhere, config) = (TempDir::new().unwrap(), self.app.inner.config.clone());
        let open = |at: &TempDir| {
            let config = config.clone();
            open(config, 1, at, &self.keys, &self.clinic, &self.clock)
        };
        drop(std::mem::replace(&mut self.app, open(&nowhere)));
        self.app = open(&self.folder);
        self
    }

    pub(crate) fn apply(&self, person: &str, changes: &[Change<'_>], bookings: &[StoredBooking]) {
        apply(&self.app, person, changes, bookings);
    }
}

/// What a clinic answers to whoever asks for tokens.
pub(crate) const TOKENS: &str =
    r#"{"access_token":"access","token_type":"DPoP","expires_in":86400,"refresh_token":"refresh"}"#;

/// Lets people in at a clinic, as if it had given tokens.
pub(crate) fn enrol(app: &SoKhoe, clinic: &ClinicRecord, people: &[LinkedPerson]) {
    let session = &*app.inner;
    let known_by = (clinic.wire == Wire::Clinic).then(|| ClinicSession {
        device_key: session.signing_key(&clinic.public_key).unwrap(),
        access_token: "access".to_owned().into(),
        access_ends: Timestamp::from_millis(i64::MAX),
        renewal: "refresh".to_owned().into(),
        is_assertion: false,
    });
    let account = session.account().unwrap();
    account.enrol(clinic, known_by.as_ref(), people).unwrap();
}

/// Stores a page of the clinic in a person's book.
pub(crate) fn apply(
    app: &SoKhoe,
    person: &str,
    changes: &[Change<'_>],
    bookings: &[StoredBooking],
) {
    let page = Page {
        clinic: &clinic().id,
        changes,
        cursor: "1",
        received: app.inner.now(),
        bookings,
        events: &[],
    };
    let book = app.inner.book(person).unwrap();
    book.vault.apply(&page).unwrap();
}

fn open<T: Transport + 'static, C: Clock + 'static>(
    config: AppConfig,
    seed: u64,
    folder: &TempDir,
    keys: &Arc<MemoryKeys>,
    clinic: &Arc<T>,
    clock: &Arc<C>,
) -> SoKhoe {
    let ports = Ports {
        clock: clock.clone(),
        rng: Arc::new(SeededRng::new(seed)),
        transport: clinic.clone(),
        ..system_ports(folder.path(), keys.clone()).unwrap()
    };
    SoKhoe::open(config, ports).unwrap()
}

pub(crate) fn config(language: Language) -> AppConfig {
    AppConfig {
        language,
        device_name: "test".to_owned(),
    }
}

pub(crate) fn clock() -> FakeClock {
    FakeClock::at("2026-11-24T08:30:00+07:00")
}

/// The clinic `a`.
pub(crate) fn clinic() -> ClinicRecord {
    ClinicRecord {
        id: ClinicId::from("a"),
        name: "Bệnh viện A".to_owned(),
        base_url: "https://a.example".to_owned(),
        public_key: [7; 32],
        token: "token".to_owned().into(),
        enrolled: Timestamp::from_millis(0),
        wire: Wire::Clinic,
    }
}

/// A person whose id is their name and their number at the clinic.
pub(crate) fn person(id: &str) -> LinkedPerson {
    LinkedPerson {
        person: PersonRecord {
            id: PersonId(id.to_owned()),
            name: id.to_owned(),
            birth_date: None,
            gender: None,
            vault_name: format!("person-{id}"),
        },
        patient_id: id.to_owned(),
        helping: None,
    }
}

/// A quarter of an hour at the clinic, known since `now`, not sent yet. Another `n` is another one.
pub(crate) fn booking(n: u64, start: Timestamp, now: Timestamp) -> StoredBooking {
    StoredBooking {
        id: IntentId::new(now, &SeededRng::new(n)),
        clinic: clinic().id,
        start,
        end: start.plus(std::time::Duration::from_secs(900)),
        service: "Cardiology".to_owned(),
        practitioner: String::new(),
        location: String::new(),
        state: BookingState::WaitingForNetwork,
        updated: now,
        asked: None,
        occurrence: None,
        changeable_until: None,
    }
}

/// The intent to book `booking`.
pub(crate) fn to_book(booking: &StoredBooking, body: &str) -> NewIntent {
    NewIntent {
        id: booking.id,
        clinic: booking.clinic.clone(),
        kind: IntentKind::Book,
        thing: booking.id.to_string(),
        body: body.to_owned(),
        created: booking.updated,
    }
}

/// Everything that a book lists.
pub(crate) fn all_of(person: &str) -> BrowseRequest {
    BrowseRequest {
        person_id: person.to_owned(),
        text: String::new(),
        section: None,
        clinic_id: None,
        from: None,
        to: None,
        cursor: None,
        limit: 200,
    }
}
