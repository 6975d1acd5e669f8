//! The book as a FHIR Bundle.

use std::collections::{HashMap, HashSet};
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sokhoe_domain::{BookingState, ClinicId, IntentId, ResourceKey, Timestamp};
use sokhoe_fhir::slot_booking::intent_of;
use sokhoe_sync::MoveIntent;
use sokhoe_vault::{IntentKind, StoredBooking, StoredIntent};

use super::documents::{Referred, own_documents};
use super::sink::{Sink, walk};
use crate::error::AppError;
use crate::session::{OpenBook, Session};

/// Who sent an entry's resource, and when this phone received it.
const RECEIVED: &str = "https://sokhoe.vn/fhir/StructureDefinition/received-from";
/// Says that a resource was made on the phone, and how far it has come: no clinic's record.
const ON_PHONE: &str = "https://sokhoe.vn/fhir/StructureDefinition/on-phone";

pub(super) fn write(
    session: &Session,
    book: &OpenBook,
    out: &mut dyn Write,
) -> Result<(), AppError> {
    let mut bundle = Bundle {
        sink: Sink::new(out),
        bases: Bases::of(session)?,
        entries: 0,
    };
    bundle.begin(session.now())?;
    let vault = &book.vault;
    let mut referred = Referred::default();
    let mut booked = Booked::new();
    walk(
        |each| vault.for_each_resource(each),
        |stored| {
            // Below: their bytes are read by transactions of their own.
            if stored.clinic.is_own() {
                return Ok(());
            }
            referred.note(&stored);
            if stored.key.kind == "Appointment"
                && let Some(booking) = intent_of(&stored.json)
            {
                booked.insert((stored.clinic.clone(), booking), stored.key.clone());
            }
            let url = bundle.bases.url(&stored.clinic, &stored.key);
            let received = bundle.bases.received(&stored.clinic, stored.received, None);
            bundle.entry(&url, Some(received), &stored.json)
        },
    )?;
    referred.write(book, &mut bundle)?;
    let mut number = 0_u32;
    walk(
        |each| vault.for_each_set_aside(&mut |record, raw| each((record, raw))),
        |(record, raw)| {
            number += 1;
            let key = ResourceKey::new("Binary", format!("sokhoe-set-aside-{number}"));
            let binary = json!({
                "resourceType": "Binary",
                "id": key.id,
                "contentType": "application/fhir+json",
                "data": STANDARD.encode(raw),
            });
            let reason = Some(record.reason.as_str());
            let received = bundle
                .bases
                .received(&record.clinic, record.received, reason);
            let url = bundle.bases.url(&record.clinic, &key);
            bundle.entry(&url, Some(received), &binary.to_string())
        },
    )?;
    own_documents(book, &mut bundle)?;
    on_phone(session, book, &booked, &mut bundle)?;
    bundle.end()
}

/// The Appointments that bookings are at servers that gave them ids of their own.
type Booked = HashMap<(ClinicId, IntentId), ResourceKey>;

/// What the person decided on this phone and no clinic's record says yet.
fn on_phone(
    session: &Session,
    book: &OpenBook,
    booked: &Booked,
    bundle: &mut Bundle<'_>,
) -> Result<(), AppError> {
    let patients: HashMap<_, _> = session
        .account()?
        .links(&book.person.id)?
        .into_iter()
        .map(|link| {
            let patient = ResourceKey::new("Patient", link.patient_id);
            (
                link.clinic.clone(),
                bundle.bases.url(&link.clinic, &patient),
            )
        })
        .collect();
    for booking in book.vault.bookings()? {
        let key = ResourceKey::new("Appointment", booking.id.to_string());
        let is_known = booked.contains_key(&(booking.clinic.clone(), booking.id))
            || book.vault.resource(&booking.clinic, &key)?.is_some();
        if !is_known {
            let patient = patients.get(&booking.clinic);
            let appointment = appointment(session, book, &booking, patient);
            let url = format!("urn:uuid:{}", booking.id);
            bundle.entry(&url, None, &appointment.to_string())?;
        }
    }
    for intent in book.vault.waiting()? {
        let description = match intent.kind {
            // It is its Appointment, above.
            IntentKind::Book | IntentKind::Wait => None,
            IntentKind::Take => Some(session.words.say("waiting-taking")),
            IntentKind::Decline => Some(session.words.say("waiting-declining")),
            IntentKind::Cancel => Some(session.words.say("booking-cancelling")),
            IntentKind::Move => MoveIntent::read(&intent.body)
                .map(|wanted| session.words.moving(wanted.start, session.now())),
        };
        if let Some(description) = description {
            let patient = patients.get(&intent.clinic);
            let booking = intent.thing.parse().ok();
            let known = booking.and_then(|id| booked.get(&(intent.clinic.clone(), id)));
            let by_id = ResourceKey::new("Appointment", intent.thing.clone());
            let about = bundle.bases.url(&intent.clinic, known.unwrap_or(&by_id));
            let task = change(&intent, &description, &about, patient);
            let url = format!("urn:uuid:{}", intent.id);
            bundle.entry(&url, None, &task.to_string())?;
        }
    }
    Ok(())
}

fn appointment(
    session: &Session,
    book: &OpenBook,
    booking: &StoredBooking,
    patient: Option<&String>,
) -> Value {
    let (status, state) = match booking.state {
        BookingState::WaitingForNetwork => ("proposed", "waiting-for-network"),
        BookingState::Sending => ("proposed", "sending"),
        BookingState::OnWaitingList { .. } => ("waitlist", "on-waiting-list"),
        BookingState::Offered { .. } => ("proposed", "offered"),
        BookingState::Confirmed => ("booked", "confirmed"),
        BookingState::CheckedIn => ("checked-in", "checked-in"),
        BookingState::Fulfilled => ("fulfilled", "fulfilled"),
        BookingState::NoShow => ("noshow", "no-show"),
        BookingState::Refused(_) => ("cancelled", "refused"),
        BookingState::Cancelled => ("cancelled", "cancelled"),
    };
    let mut participants = vec![json!({
        "actor": actor(patient, &book.person.name),
        "status": "accepted",
    })];
    participants.extend(
        [&booking.practitioner, &booking.location]
            .into_iter()
            .filter(|name| !name.trim().is_empty())
            .map(|name| json!({"actor": {"display": name}, "status": "needs-action"})),
    );
    let mut appointment = json!({
        "resourceType": "Appointment",
        "id": booking.id.to_string(),
        "extension": [{"url": ON_PHONE, "valueCode": state}],
        "status": status,
        "description": session.words.booking(&booking.state, session.now()),
        "start": booking.start.to_fhir(),
        "end": booking.end.to_fhir(),
        "participant": participants,
    });
    if !booking.service.trim().is_empty() {
        appointment["serviceType"] = json!([{"text": booking.service}]);
    }
    appointment
}

/// What is on its way for a booking: that it be cancelled or moved.
fn change(
    intent: &StoredIntent,
    description: &str,
    about: &str,
    patient: Option<&String>,
) -> Value {
    let mut task = json!({
        "resourceType": "Task",
        "id": intent.id.to_string(),
        "extension": [{
            "url": ON_PHONE,
            "valueCode": if intent.sent { "sending" } else { "waiting-for-network" },
        }],
        "status": "requested",
        "intent": "order",
        "description": description,
        "focus": {"reference": about},
        "authoredOn": intent.created.to_fhir(),
    });
    if let Some(patient) = patient {
        task["for"] = json!({"reference": patient});
    }
    task
}

fn actor(reference: Option<&String>, display: &str) -> Value {
    let mut actor = json!({});
    if let Some(reference) = reference {
        actor["reference"] = json!(reference);
    }
    if !display.trim().is_empty() {
        actor["display"] = json!(display);
    }
    actor
}

/// Below which address the resources of each clinic are.
pub(super) struct Bases {
    clinics: HashMap<ClinicId, (String, String)>,
}

impl Bases {
    fn of(session: &Session) -> Result<Self, AppError> {
        let mut taken = HashSet::new();
        let clinics = session
            .account()?
            .clinics()?
            .into_iter()
            .map(|clinic| {
                let mut base = format!("{}/fhir", clinic.base_url.trim_end_matches('/'));
                // One address for two clinics would give two resources one name.
                if !taken.insert(base.clone()) {
                    base = unknown_base(&clinic.id);
                }
                (clinic.id, (base, clinic.name))
            })
            .collect();
        Ok(Self { clinics })
    }

    pub(super) fn url(&self, clinic: &ClinicId, key: &ResourceKey) -> String {
        let base = self
            .clinics
            .get(clinic)
            .map_or_else(|| unknown_base(clinic), |(base, _)| base.clone());
        format!("{base}/{}/{}", key.kind, key.id)
    }

    fn received(&self, clinic: &ClinicId, at: Timestamp, set_aside: Option<&str>) -> Value {
        let name = self
            .clinics
            .get(clinic)
            .map_or(clinic.as_str(), |(_, name)| name.as_str());
        let mut says = vec![
            json!({"url": "clinic", "valueString": name}),
            json!({"url": "at", "valueInstant": at.to_fhir()}),
        ];
        says.extend(
            set_aside.map(|reason| json!({"url": "set-aside-because", "valueCode": reason})),
        );
        json!([{"url": RECEIVED, "extension": says}])
    }
}

/// For a clinic that the account no longer knows.
fn unknown_base(clinic: &ClinicId) -> String {
    format!("https://sokhoe.vn/clinic/{clinic}/fhir")
}

pub(super) struct Bundle<'a> {
    pub(super) sink: Sink<'a>,
    pub(super) bases: Bases,
    entries: u64,
}

impl Bundle<'_> {
    fn begin(&mut self, now: Timestamp) -> Result<(), AppError> {
        let now = now.to_fhir();
        self.sink.put(&format!(
            r#"{{"resourceType":"Bundle","type":"collection","timestamp":"{now}""#
        ))
    }

    /// `resource` goes out byte for byte.
    fn entry(
        &mut self,
        full_url: &str,
        received: Option<Value>,
        resource: &str,
    ) -> Result<(), AppError> {
        self.begin_entry(full_url, received)?;
        self.sink.put(resource)?;
        self.end_entry()
    }

    /// The resource goes into the sink next, then [`Bundle::end_entry`].
    pub(super) fn begin_entry(
        &mut self,
        full_url: &str,
        received: Option<Value>,
    ) -> Result<(), AppError> {
        // FHIR has no empty lists.
        self.sink.put(if self.entries == 0 {
            ",\"entry\":[\n{"
        } else {
            ",\n{"
        })?;
        self.entries += 1;
        if let Some(received) = received {
            self.sink.put(&format!(r#""extension":{received},"#))?;
        }
        let full_url = Value::from(full_url);
        self.sink
            .put(&format!(r#""fullUrl":{full_url},"resource":"#))
    }

    pub(super) fn end_entry(&mut self) -> Result<(), AppError> {
        self.sink.put("}")
    }

    fn end(&mut self) -> Result<(), AppError> {
        self.sink
            .put(if self.entries == 0 { "}\n" } else { "\n]}\n" })?;
        self.sink.flush()
    }
}
