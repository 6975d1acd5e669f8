//! What moves: the account, and what the clinics do not know yet. Never a key of a vault.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use sokhoe_client::{ClientError, Renewal, Tokens};
use sokhoe_domain::ports::Zeroizing;
use sokhoe_domain::{
    BookingState, ClinicId, GrantScopes, IntentId, Occurrence, PersonId, ResourceKey, Timestamp,
    Wire,
};
use sokhoe_sync::BookIntent;
use sokhoe_vault::{
    Account, ClinicRecord, ClinicSession, Helping, IntentKind, Link, NewChange, NewEvent,
    NewIntent, NotedTrip, PersonRecord, StoredBooking, StoredChange, StoredIntent, Vault,
};

use super::{all_differ, refused};
use crate::device_keys::session_of;
use crate::error::{AppError, MoveRefusal};
use crate::session::Session;

/// The form of the luggage. A phone that does not know it says that it needs a newer app.
const VERSION: u32 = 4;

/// The same without people whom the phone helps: a phone that knows nothing of leases would keep their books for ever.
const WITHOUT_HELPING: u32 = 3;

/// The same without a trip of several: a phone that knows nothing of trips would book for one of them alone.
const WITHOUT_TRIPS: u32 = 2;

/// Bytes of an unpacked answer at most: far more than 40 codes hold, and no memory to speak of.
const LONGEST: usize = 1 << 20;

/// zstd's level: the bytes are few and each code is a moment of somebody's life.
const LEVEL: i32 = 19;

#[derive(Serialize, Deserialize)]
pub(super) struct Luggage {
    version: u32,
    device_id: String,
    clinics: Vec<Clinic>,
    persons: Vec<Person>,
}

#[derive(Serialize, Deserialize)]
struct Clinic {
    id: String,
    name: String,
    base_url: String,
    #[serde(with = "hex_key")]
    public_key: [u8; 32],
    /// What somebody else's server wants to see.
    #[serde(with = "secret_text")]
    token: Zeroizing<String>,
    /// What the new phone takes this one's place at a clinic of ours with; unset where this phone had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assertion: Option<Assertion>,
    enrolled: i64,
    /// That of a plain FHIR server; unset for a clinic of ours, whose phones may be older.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wire: Option<String>,
}

/// Signed with this phone's key at a clinic: a secret.
#[derive(Serialize, Deserialize)]
struct Assertion(#[serde(with = "secret_text")] Zeroizing<String>);

#[derive(Serialize, Deserialize)]
struct Person {
    id: String,
    name: String,
    birth_date: Option<String>,
    gender: Option<String>,
    /// Clinic and Patient id.
    links: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    helping: Vec<OfGrant>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    intents: Vec<Intent>,
    /// Refused, waiting, or about to be cancelled: what no feed brings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bookings: Vec<Booking>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<Event>,
    /// With whom bookings belong together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trips: Vec<Trip>,
    /// What the person wrote for clinics that do not have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<WrittenChange>,
}

/// What a clinic granted of a person who is not the phone's own.
#[derive(Serialize, Deserialize)]
struct OfGrant {
    clinic: String,
    patient_id: String,
    /// A bit for each scope.
    scopes: u16,
    ends: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct WrittenChange {
    id: String,
    clinic: String,
    resource: String,
    /// Unset for what the person made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    ours: String,
    created: i64,
    sent: bool,
}

#[derive(Serialize, Deserialize)]
struct Intent {
    id: String,
    clinic: String,
    /// As a vault names the kind.
    asks: String,
    thing: String,
    body: String,
    created: i64,
    sent: bool,
}

#[derive(Serialize, Deserialize)]
struct Booking {
    id: String,
    clinic: String,
    start: i64,
    end: i64,
    service: String,
    practitioner: String,
    location: String,
    state: BookingState,
    updated: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    occurrence: Option<Occurrence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changeable_until: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct Trip {
    booking: String,
    clinic: String,
    body: String,
}

#[derive(Serialize, Deserialize)]
struct Event {
    kind: String,
    subject: String,
    at: i64,
    body: String,
}

/// A text that is wiped from memory when it is dropped.
mod secret_text {
    use serde::{Deserialize, Deserializer, Serializer};
    use sokhoe_domain::ports::Zeroizing;

    pub(super) fn serialize<S: Serializer>(
        text: &Zeroizing<String>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Zeroizing<String>, D::Error> {
        String::deserialize(from).map(Zeroizing::new)
    }
}

/// A key as text, half as long as a list of numbers.
mod hex_key {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use sokhoe_qr::PublicKey;

    pub(super) fn serialize<S: Serializer>(key: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&PublicKey::from_bytes(*key))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(from)?;
        let key: PublicKey = text.parse().map_err(de::Error::custom)?;
        Ok(*key.as_bytes())
    }
}

impl OfGrant {
    fn pack(helping: &[Helping], links: &[(String, String)]) -> Vec<Self> {
        let of_person = |of: &&Helping| {
            let is_it = |(clinic, patient): &(String, String)| {
                of.clinic.as_str() == clinic && of.patient_id == *patient
            };
            links.iter().any(is_it)
        };
        let helping = helping.iter().filter(of_person).map(|of| Self {
            clinic: of.clinic.0.clone(),
            patient_id: of.patient_id.clone(),
            scopes: of.scopes.bits(),
            ends: of.ends.map(Timestamp::as_millis),
        });
        helping.collect()
    }

    /// The new phone asks the clinic before it shows anything.
    fn record(&self) -> Helping {
        Helping {
            clinic: ClinicId(self.clinic.clone()),
            patient_id: self.patient_id.clone(),
            scopes: GrantScopes::from_bits(self.scopes).unwrap_or_default(),
            ends: self.ends.map(Timestamp::from_millis),
            lease: None,
        }
    }
}

impl Luggage {
    /// Everything that this phone has to give.
    pub(super) fn pack(session: &Session) -> Result<Self, AppError> {
        let account = session.account()?.whole()?;
        let persons = account
            .persons
            .iter()
            .map(|person| {
                let book = session.book(person.id.as_str())?;
                session.settle_trips(&book)?;
                let links = account.links.iter().filter(|(id, _)| *id == person.id);
                let links = links.map(|(_, link)| link);
                let mut packed = Person::pack(person, links, &book.vault, session.now())?;
                packed.helping = OfGrant::pack(&account.helping, &packed.links);
                Ok(packed)
            })
            .collect::<Result<Vec<Person>, AppError>>()?;
        let mut intents = persons.iter().flat_map(|person| &person.intents);
        let has_trips = intents.any(Intent::is_of_trip);
        let helps = persons.iter().any(|person| !person.helping.is_empty());
        Ok(Self {
            version: match (helps, has_trips) {
                (true, _) => VERSION,
                (false, true) => WITHOUT_HELPING,
                (false, false) => WITHOUT_TRIPS,
            },
            device_id: account.device_id,
            clinics: account
                .clinics
                .iter()
                .map(|clinic| Clinic::pack(session, clinic))
                .collect::<Result<_, _>>()?,
            persons,
        })
    }

    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, AppError> {
        let json = serde_json::to_vec(self).map_err(|_| AppError::internal("move"))?;
        let json = Zeroizing::new(json);
        zstd::bulk::compress(&json, LEVEL)
            .map(Zeroizing::new)
            .map_err(|_| AppError::internal("move"))
    }

    /// # Errors
    /// [`MoveRefusal::Damaged`] for what no phone packs, [`MoveRefusal::NewerVersion`].
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, AppError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let damaged = || refused(MoveRefusal::Damaged);
        let json = zstd::bulk::decompress(bytes, LONGEST).map_err(|_| damaged())?;
        let json = Zeroizing::new(json);
        let head: Head = serde_json::from_slice(&json).map_err(|_| damaged())?;
        if !(WITHOUT_TRIPS..=VERSION).contains(&head.version) {
            return Err(refused(MoveRefusal::NewerVersion));
        }
        let luggage: Self = serde_json::from_slice(&json).map_err(|_| damaged())?;
        if luggage.is_sound() {
            Ok(luggage)
        } else {
            Err(damaged())
        }
    }

    /// Whether it says only what a phone packs: its ids become names of files and rows.
    fn is_sound(&self) -> bool {
        let is_id = |id: &str| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let clinics = || self.clinics.iter().map(|clinic| clinic.id.as_str());
        is_id(&self.device_id)
            && !self.clinics.is_empty()
            && clinics().all(|id| id != ClinicId::OWN)
            && all_differ(clinics())
            && all_differ(self.persons.iter().map(|person| person.id.as_str()))
            && self.persons.iter().all(|person| {
                is_id(&person.id)
                    && person
                        .links
                        .iter()
                        .all(|(clinic, _)| clinics().any(|known| known == clinic))
            })
    }

    pub(super) fn persons(&self) -> Vec<PersonRecord> {
        self.persons.iter().map(Person::record).collect()
    }

    pub(super) fn account(&self, session: &Session) -> Result<Account, AppError> {
        let mut sessions = Vec::new();
        for clinic in &self.clinics {
            let known_by = clinic.session(session)?;
            sessions.extend(known_by.map(|it| (ClinicId(clinic.id.clone()), it)));
        }
        let links = self.persons.iter().flat_map(|person| {
            person.links.iter().map(|(clinic, patient_id)| {
                let link = Link {
                    clinic: ClinicId(clinic.clone()),
                    patient_id: patient_id.clone(),
                };
                (PersonId(person.id.clone()), link)
            })
        });
        Ok(Account {
            device_id: self.device_id.clone(),
            clinics: self.clinics.iter().map(Clinic::record).collect(),
            sessions,
            persons: self.persons(),
            links: links.collect(),
            helping: self
                .persons
                .iter()
                .flat_map(|person| &person.helping)
                .map(OfGrant::record)
                .collect(),
        })
    }

    /// Puts what was decided into a person's vault. Repeating it changes nothing.
    pub(super) fn unpack_into(
        &self,
        vault: &Vault,
        id: &PersonId,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let Some(person) = self.persons.iter().find(|person| person.id == id.as_str()) else {
            return Ok(());
        };
        let bookings = person
            .bookings
            .iter()
            .map(Booking::record)
            .collect::<Result<Vec<_>, _>>()?;
        for trip in &person.trips {
            vault.note_trip(&trip.record()?)?;
        }
        for intent in &person.intents {
            let (new, sent) = intent.record()?;
            // A booking is about itself; a cancellation names its booking.
            let about = bookings
                .iter()
                .find(|booking| booking.id.to_string() == intent.thing)
                .ok_or_else(|| refused(MoveRefusal::Damaged))?;
            let mut about = about.clone();
            if new.kind.makes_its_booking() {
                about.state = BookingState::WaitingForNetwork;
            }
            vault.enqueue(&new, &about)?;
            let waits = vault
                .due(Timestamp::from_millis(i64::MAX))?
                .iter()
                .any(|known| known.id == new.id && !known.sent);
            // The old phone may have reached the clinic: only the clinic's answer ends that.
            if sent && waits {
                vault.mark_sending(new.id, now)?;
                vault.postpone(new.id, now, BookingState::Sending)?;
            }
        }
        for change in &person.changes {
            let new = change.record()?;
            vault.keep_change(&new)?;
            let waits = vault.change(new.id)?.is_some_and(|known| !known.sent);
            // As with intents: the clinic is asked first.
            if change.sent && waits {
                vault.mark_change_sending(new.id, now)?;
                vault.postpone_change(new.id, now, true)?;
            }
        }
        let events: Vec<NewEvent> = person
            .events
            .iter()
            .map(|event| NewEvent {
                kind: event.kind.clone(),
                subject: event.subject.clone(),
                at: Timestamp::from_millis(event.at),
                body: event.body.clone(),
            })
            .collect();
        Ok(vault.keep_moved(&bookings, &events)?)
    }
}

impl Clinic {
    fn pack(session: &Session, clinic: &ClinicRecord) -> Result<Self, AppError> {
        let assertion = match clinic.wire {
            Wire::Server => None,
            Wire::Clinic => match session.client(clinic)?.hand_over() {
                Ok(assertion) => Some(Assertion(assertion)),
                // This phone has lost its own key: the new one comes in at the counter.
                Err(ClientError::Unauthorized) => None,
                Err(error) => return Err(error.into()),
            },
        };
        Ok(Self {
            id: clinic.id.0.clone(),
            name: clinic.name.clone(),
            base_url: clinic.base_url.clone(),
            public_key: clinic.public_key,
            token: Zeroizing::new(clinic.token.expose().to_owned()),
            assertion,
            enrolled: clinic.enrolled.as_millis(),
            wire: (clinic.wire != Wire::Clinic).then(|| clinic.wire.as_str().to_owned()),
        })
    }

    /// What the new phone is known by: its own key, and until it was there what the old one signed.
    fn session(&self, session: &Session) -> Result<Option<ClinicSession>, AppError> {
        let Some(Assertion(assertion)) = &self.assertion else {
            return Ok(None);
        };
        let tokens = Tokens {
            access: Zeroizing::default(),
            access_ends: Timestamp::from_millis(0),
            renewal: Renewal::Assertion(assertion.clone()),
        };
        let device_key = session.signing_key(&self.public_key)?;
        Ok(Some(session_of(device_key, &tokens)))
    }

    fn record(&self) -> ClinicRecord {
        ClinicRecord {
            id: ClinicId(self.id.clone()),
            name: self.name.clone(),
            base_url: self.base_url.clone(),
            public_key: self.public_key,
            token: self.token.clone().into(),
            enrolled: Timestamp::from_millis(self.enrolled),
            wire: self
                .wire
                .as_deref()
                .and_then(Wire::from_stored)
                .unwrap_or_default(),
        }
    }
}

impl Person {
    fn pack<'a>(
        person: &PersonRecord,
        links: impl Iterator<Item = &'a Link>,
        vault: &Vault,
        now: Timestamp,
    ) -> Result<Self, AppError> {
        let intents = vault.waiting()?;
        // Of visits that are over nobody need know.
        let coming: HashSet<IntentId> = vault
            .bookings()?
            .into_iter()
            .filter(|booking| booking.end >= now)
            .map(|booking| booking.id)
            .collect();
        let trips = vault.trips()?.into_iter();
        let trips = trips.filter(|trip| coming.contains(&trip.booking));
        let trips = trips.map(Trip::pack).collect();
        let bookings = vault.bookings()?.into_iter().filter(|booking| {
            let id = booking.id.to_string();
            // The feed brings the others.
            !matches!(
                booking.state,
                BookingState::Confirmed
                    | BookingState::CheckedIn
                    | BookingState::Fulfilled
                    | BookingState::NoShow
                    | BookingState::Cancelled
                    | BookingState::OnWaitingList { .. }
                    | BookingState::Offered { .. }
            ) || intents.iter().any(|intent| intent.thing == id)
        });
        Ok(Self {
            id: person.id.0.clone(),
            name: person.name.clone(),
            birth_date: person.birth_date.clone(),
            gender: person.gender.clone(),
            links: links
                .map(|link| (link.clinic.0.clone(), link.patient_id.clone()))
                .collect(),
            helping: Vec::new(),
            trips,
            bookings: bookings.map(Booking::pack).collect(),
            intents: intents.into_iter().map(Intent::pack).collect(),
            changes: vault
                .changes()?
                .into_iter()
                .map(WrittenChange::pack)
                .collect(),
            events: vault
                .events()?
                .into_iter()
                .map(|event| Event {
                    kind: event.kind,
                    subject: event.subject,
                    at: event.at.as_millis(),
                    body: event.body,
                })
                .collect(),
        })
    }

    fn record(&self) -> PersonRecord {
        PersonRecord {
            id: PersonId(self.id.clone()),
            name: self.name.clone(),
            birth_date: self.birth_date.clone(),
            gender: self.gender.clone(),
            vault_name: format!("person-{}", self.id),
        }
    }
}

impl Intent {
    fn pack(intent: StoredIntent) -> Self {
        Self {
            id: intent.id.to_string(),
            clinic: intent.clinic.0,
            asks: intent.kind.as_str().to_owned(),
            thing: intent.thing,
            body: intent.body,
            created: intent.created.as_millis(),
            sent: intent.sent,
        }
    }

    fn is_of_trip(&self) -> bool {
        BookIntent::read(&self.body).is_some_and(|intent| intent.trip.is_some())
    }

    /// The intent, and whether a byte of it may have left the old phone.
    fn record(&self) -> Result<(NewIntent, bool), AppError> {
        let intent = NewIntent {
            id: id(&self.id)?,
            clinic: ClinicId(self.clinic.clone()),
            kind: IntentKind::parse(&self.asks).ok_or_else(|| refused(MoveRefusal::Damaged))?,
            thing: self.thing.clone(),
            body: self.body.clone(),
            created: Timestamp::from_millis(self.created),
        };
        Ok((intent, self.sent))
    }
}

impl WrittenChange {
    fn pack(change: StoredChange) -> Self {
        Self {
            base: (!change.is_new()).then(|| change.base.clone()),
            id: change.id.to_string(),
            clinic: change.clinic.0,
            resource: change.key.to_string(),
            ours: change.ours,
            created: change.created.as_millis(),
            sent: change.sent,
        }
    }

    fn record(&self) -> Result<NewChange, AppError> {
        Ok(NewChange {
            id: id(&self.id)?,
            clinic: ClinicId(self.clinic.clone()),
            key: ResourceKey::parse(&self.resource).ok_or_else(|| refused(MoveRefusal::Damaged))?,
            base: self.base.clone(),
            ours: self.ours.clone(),
            created: Timestamp::from_millis(self.created),
        })
    }
}

impl Trip {
    fn pack(trip: NotedTrip) -> Self {
        Self {
            booking: trip.booking.to_string(),
            clinic: trip.clinic.0,
            body: trip.body,
        }
    }

    fn record(&self) -> Result<NotedTrip, AppError> {
        Ok(NotedTrip {
            booking: id(&self.booking)?,
            clinic: ClinicId(self.clinic.clone()),
            body: self.body.clone(),
        })
    }
}

impl Booking {
    fn pack(booking: StoredBooking) -> Self {
        Self {
            id: booking.id.to_string(),
            clinic: booking.clinic.0,
            start: booking.start.as_millis(),
            end: booking.end.as_millis(),
            service: booking.service,
            practitioner: booking.practitioner,
            location: booking.location,
            state: booking.state,
            updated: booking.updated.as_millis(),
            asked: booking.asked.map(Timestamp::as_millis),
            occurrence: booking.occurrence,
            changeable_until: booking.changeable_until.map(Timestamp::as_millis),
        }
    }

    fn record(&self) -> Result<StoredBooking, AppError> {
        Ok(StoredBooking {
            id: id(&self.id)?,
            clinic: ClinicId(self.clinic.clone()),
            start: Timestamp::from_millis(self.start),
            end: Timestamp::from_millis(self.end),
            service: self.service.clone(),
            practitioner: self.practitioner.clone(),
            location: self.location.clone(),
            state: self.state.clone(),
            updated: Timestamp::from_millis(self.updated),
            asked: self.asked.map(Timestamp::from_millis),
            occurrence: self.occurrence,
            changeable_until: self.changeable_until.map(Timestamp::from_millis),
        })
    }
}

fn id(text: &str) -> Result<IntentId, AppError> {
    text.parse().map_err(|_| refused(MoveRefusal::Damaged))
}
