//! The book as a FHIR Bundle.

use std::collections::{HashMap, HashSet};
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sokhoe_domain::{BookingState, ClinicId, ResourceKey, Timestamp};
use sokhoe_vault::{BlobHash, IntentKind, OpenedBlob, StoredBooking, StoredIntent, VaultError};

use super::sink::{Sink, walk};
use crate::error::AppError;
use crate::session::{OpenBook, Session};

/// Who sent an entry's resource, and when this phone received it.
const RECEIVED: &str = "https://sokhoe.vn/fhir/StructureDefinition/received-from";
/// Says that a resource was made on the phone, and how far it has come: no clinic's record.
const ON_PHONE: &str = "https://sokhoe.vn/fhir/StructureDefinition/on-phone";

/// FHIR's own: why there is no value.
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

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
    walk(
        |each| vault.for_each_resource(each),
        |stored| {
            // Below: their bytes are read by transactions of their own.
            if stored.clinic.is_own() {
                return Ok(());
            }
            let url = bundle.bases.url(&stored.clinic, &stored.key);
            let received = bundle.bases.received(&stored.clinic, stored.received, None);
            bundle.entry(&url, Some(received), &stored.json)
        },
    )?;
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
    on_phone(session, book, &mut bundle)?;
    bundle.end()
}

/// What the person put in, with its bytes in the place of their url.
fn own_documents(book: &OpenBook, bundle: &mut Bundle<'_>) -> Result<(), AppError> {
    for document in book.vault.own_documents()? {
        let unreadable = || AppError::internal("own-document");
        let mut resource: Value =
            serde_json::from_str(&document.resource.json).map_err(|_| unreadable())?;
        let attachment = resource.pointer_mut("/content/0/attachment");
        let mut attachment = attachment.ok_or_else(unreadable)?.take();
        let members = attachment.as_object_mut().ok_or_else(unreadable)?;
        members.remove("url");
        let blob = document.blob.map(|blob| blob.hash);
        // Read to its end first: what is damaged must not end the whole export half-way.
        let is_whole = match blob {
            Some(hash) => put_bytes(book, &hash, None)?,
            None => false,
        };
        if !is_whole {
            let lost = json!({"extension": [{"url": ABSENT, "valueCode": "error"}]});
            members.insert("_data".to_owned(), lost);
        }
        resource
            .as_object_mut()
            .ok_or_else(unreadable)?
            .remove("content");
        let (resource, attachment) = (resource.to_string(), attachment.to_string());
        let open = |object: &str| object.strip_suffix('}').map(str::to_owned);
        bundle.begin_entry(&format!("urn:uuid:{}", document.id), None)?;
        bundle.sink.put(&open(&resource).ok_or_else(unreadable)?)?;
        bundle.sink.put(r#","content":[{"attachment":"#)?;
        match blob.filter(|_| is_whole) {
            Some(hash) => {
                bundle
                    .sink
                    .put(&open(&attachment).ok_or_else(unreadable)?)?;
                bundle.sink.put(r#","data":""#)?;
                if !put_bytes(book, &hash, Some(&mut bundle.sink))? {
                    return Err(unreadable());
                }
                bundle.sink.put("\"}")?;
            }
            None => bundle.sink.put(&attachment)?,
        }
        bundle.sink.put("}]}}")?;
    }
    Ok(())
}

/// Reads a document and puts it as base64, when there is where to; whether it is whole.
fn put_bytes(
    book: &OpenBook,
    hash: &BlobHash,
    mut sink: Option<&mut Sink<'_>>,
) -> Result<bool, AppError> {
    let mut reader = match book.vault.open_blob(hash) {
        Ok(OpenedBlob::Here(reader)) => reader,
        Ok(OpenedBlob::AtClinic) | Err(VaultError::BlobDamaged | VaultError::UnknownBlob) => {
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    // Three bytes are four letters: what is left over waits for the next piece.
    let mut piece = Vec::new();
    loop {
        match reader.next_chunk() {
            Ok(Some(_)) if sink.is_none() => {}
            Ok(Some(chunk)) => piece.extend_from_slice(chunk),
            Ok(None) => break,
            Err(VaultError::BlobDamaged) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        if let Some(sink) = &mut sink {
            let later = piece.split_off(piece.len() / 3 * 3);
            sink.put(&STANDARD.encode(&piece))?;
            piece = later;
        }
    }
    if let Some(sink) = &mut sink {
        sink.put(&STANDARD.encode(&piece))?;
    }
    Ok(true)
}

/// What the person decided on this phone and no clinic's record says yet.
fn on_phone(session: &Session, book: &OpenBook, bundle: &mut Bundle<'_>) -> Result<(), AppError> {
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
        if book.vault.resource(&booking.clinic, &key)?.is_none() {
            let patient = patients.get(&booking.clinic);
            let appointment = appointment(session, book, &booking, patient);
            let url = format!("urn:uuid:{}", booking.id);
            bundle.entry(&url, None, &appointment.to_string())?;
        }
    }
    for intent in book.vault.due(Timestamp::from_millis(i64::MAX))? {
        // A booking's intent is its Appointment, above.
        if intent.kind == IntentKind::Cancel {
            let patient = patients.get(&intent.clinic);
            let appointment = ResourceKey::new("Appointment", intent.thing.clone());
            let about = bundle.bases.url(&intent.clinic, &appointment);
            let task = cancellation(session, &intent, &about, patient);
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
        BookingState::Confirmed => ("booked", "confirmed"),
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

fn cancellation(
    session: &Session,
    intent: &StoredIntent,
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
        "description": session.words.say("booking-cancelling"),
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
struct Bases {
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

    fn url(&self, clinic: &ClinicId, key: &ResourceKey) -> String {
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

struct Bundle<'a> {
    sink: Sink<'a>,
    bases: Bases,
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
        self.sink.put("}")
    }

    /// The resource and the end of the object are the caller's to put.
    fn begin_entry(&mut self, full_url: &str, received: Option<Value>) -> Result<(), AppError> {
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

    fn end(&mut self) -> Result<(), AppError> {
        self.sink
            .put(if self.entries == 0 { "}\n" } else { "\n]}\n" })?;
        self.sink.flush()
    }
}
