//! An entry as an AuditEvent (FHIR R4) of IHE's Basic Audit Log Patterns (BALP, <https://profiles.ihe.net/ITI/BALP>).
//!
//! Their profiles are for what was done; what was refused or denied has none there, and names none here. Networks are not
//! recorded, which the profiles want to be told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sokhoe_domain::{AccessAction, AccessAgent, AccessEntry, AccessOutcome, AccessReason};
use sokhoe_fhir::access_log::ENTRY;

use super::reading::Line;
use crate::clinic::{Inner, hex};
use crate::keys::sha256;

const PROFILES: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit";
const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const ENTITY_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const OPERATION: &str = "https://sokhoe.vn/fhir/CodeSystem/access-operation";
const STAFF: &str = "https://sokhoe.vn/fhir/NamingSystem/staff";
const STAFF_ROLE: &str = "https://sokhoe.vn/fhir/CodeSystem/staff-role";
const REASON: &str = "https://sokhoe.vn/fhir/CodeSystem/access-reason";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const DEVICE: &str = "https://sokhoe.vn/fhir/NamingSystem/device-digest";

/// The id of the AuditEvent and its JSON. `base` is the FHIR base.
pub(crate) fn audit_event(inner: &Inner, base: &str, line: &Line) -> (String, String) {
    let entry = &line.entry;
    let id = id(entry);
    let proof: Vec<u8> = line.proof.concat();
    let mut parts = vec![
        json!({"url": "entry", "valueString": line.text}),
        json!({"url": "index", "valueUnsignedInt": line.index}),
    ];
    // FHIR has no empty values: the only entry of a log has no proof.
    if !proof.is_empty() {
        parts.push(json!({"url": "proof", "valueBase64Binary": STANDARD.encode(proof)}));
    }
    let mut event = json!({
        "resourceType": "AuditEvent",
        "id": id,
        "extension": [{"url": ENTRY, "extension": parts}],
        "type": coding(
            "http://terminology.hl7.org/CodeSystem/audit-event-type", "rest", "Restful Operation",
        ),
        "subtype": [
            json!({"system": "http://hl7.org/fhir/restful-interaction", "code": interaction(entry)}),
            json!({"system": OPERATION, "code": entry.operation.code()}),
        ],
        "action": entry.action.code(),
        "recorded": entry.at.to_fhir(),
        "outcome": match entry.outcome {
            AccessOutcome::Done => "0",
            AccessOutcome::Refused | AccessOutcome::Denied => "4",
        },
        "agent": agents(base, line),
        "source": {
            "site": inner.name,
            "observer": {"display": inner.name},
            "type": [coding(
                "http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server",
            )],
        },
        "entity": entities(entry),
    });
    if let Some(profile) = profile(entry) {
        event["meta"] = json!({"profile": [format!("{PROFILES}.{profile}")]});
    }
    if let Some(reason) = entry.reason {
        event["purposeOfEvent"] = json!([purpose(reason)]);
    }
    if entry.outcome != AccessOutcome::Done {
        event["outcomeDesc"] = json!(entry.outcome.code());
    }
    (id, event.to_string())
}

/// Steady for an entry, and says nothing of the log's size.
fn id(entry: &AccessEntry) -> String {
    let of = format!("{}\n{}", entry.patient, entry.number);
    let hash = sha256(of.as_bytes());
    hex(hash.get(..16).unwrap_or_default())
}

fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({"system": system, "code": code, "display": display})
}

/// FHIR's name of the interaction.
fn interaction(entry: &AccessEntry) -> &'static str {
    match entry.action {
        AccessAction::Create => "create",
        AccessAction::Read => "read",
        AccessAction::Update => "update",
        AccessAction::Delete => "delete",
        AccessAction::Execute => "search-type",
    }
}

/// The profile that fits; a deletion's wants other agents than these.
fn profile(entry: &AccessEntry) -> Option<&'static str> {
    match (entry.outcome, entry.action) {
        (AccessOutcome::Refused | AccessOutcome::Denied, _) | (_, AccessAction::Delete) => None,
        (AccessOutcome::Done, AccessAction::Create) => Some("PatientCreate"),
        (AccessOutcome::Done, AccessAction::Read) => Some("PatientRead"),
        (AccessOutcome::Done, AccessAction::Update) => Some("PatientUpdate"),
        (AccessOutcome::Done, AccessAction::Execute) => Some("PatientQuery"),
    }
}

fn agents(base: &str, line: &Line) -> Value {
    let entry = &line.entry;
    let source = json!({"coding": [coding(DCM, "110153", "Source Role ID")]});
    let destination = json!({"coding": [coding(DCM, "110152", "Destination Role ID")]});
    // What is read flows to whoever asked; what is asked or written flows to the clinic.
    let (client_role, server_role) = match entry.action {
        AccessAction::Read => (destination, source),
        AccessAction::Create
        | AccessAction::Update
        | AccessAction::Delete
        | AccessAction::Execute => (source, destination),
    };
    let who = match &entry.agent {
        AccessAgent::Phone(digest) => {
            json!({"type": "Device", "identifier": {"system": DEVICE, "value": digest}})
        }
        AccessAgent::Staff(id, _) => {
            json!({"type": "Practitioner", "identifier": {"system": STAFF, "value": id}})
        }
        other => json!({"display": other.code()}),
    };
    let mut client = json!({
        "type": client_role,
        "who": who,
        "requestor": true,
        "network": {"extension": [{
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "masked",
        }]},
    });
    if let AccessAgent::Staff(_, role) = &entry.agent {
        client["role"] = json!([{"coding": [{"system": STAFF_ROLE, "code": role.code()}]}]);
    }
    if let Some(reason) = entry.reason {
        client["purposeOfUse"] = json!([purpose(reason)]);
    }
    if let Some(name) = &line.name {
        client["name"] = json!(name);
    }
    if let Some(consent) = &entry.consent {
        client["policy"] = json!([format!("{base}/Consent/{consent}")]);
    }
    let server = json!({
        "type": server_role,
        "who": {"display": base},
        "requestor": false,
        "network": {"address": base, "type": "5"},
    });
    json!([client, server])
}

/// Why, in our code and in HL7's that is nearest.
fn purpose(reason: AccessReason) -> Value {
    let (code, display) = match reason {
        AccessReason::Visit => ("PATADMIN", "patient administration"),
        AccessReason::Caller | AccessReason::AtCounter | AccessReason::HandOut => {
            ("PATRQT", "patient requested")
        }
        AccessReason::Emergency => ("ETREAT", "Emergency Treatment"),
        AccessReason::Correction => ("RECORDMGT", "records management"),
        AccessReason::Complaint => ("HOPERAT", "healthcare operations"),
    };
    json!({"coding": [
        {"system": REASON, "code": reason.code()},
        coding(ACT_REASON, code, display),
    ]})
}

fn entities(entry: &AccessEntry) -> Value {
    let patient = json!({
        "what": {"reference": format!("Patient/{}", entry.patient)},
        "type": coding(ENTITY_TYPE, "1", "Person"),
        "role": coding(ENTITY_ROLE, "1", "Patient"),
    });
    let object = coding(ENTITY_TYPE, "2", "System Object");
    let other = match (entry.action, &entry.id) {
        (AccessAction::Execute, _) => {
            // What was asked for is not remembered, only of whom and of which type.
            let query = format!("{}?patient={}", entry.kind, entry.patient);
            json!({
                "type": object,
                "role": coding(ENTITY_ROLE, "24", "Query"),
                "description": query,
                "query": STANDARD.encode(&query),
            })
        }
        (_, Some(id)) => json!({
            "what": {"reference": format!("{}/{id}", entry.kind)},
            "type": object,
            "role": coding(ENTITY_ROLE, "4", "Domain Resource"),
        }),
        (_, None) => json!({
            "what": {"type": entry.kind, "display": entry.kind},
            "type": object,
            "role": coding(ENTITY_ROLE, "4", "Domain Resource"),
        }),
    };
    json!([patient, other])
}
