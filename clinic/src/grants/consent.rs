//! The Consent of a grant (FHIR R4, Consent): who may do what, for how long, by whose word, and what they were shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};
use sokhoe_domain::Timestamp;

use super::{Giver, GrantRequest};

/// What a grant allows, as codes of `GrantScope`.
const SCOPES: &str = "https://sokhoe.vn/fhir/CodeSystem/grant-scope";

pub(super) fn of(request: &GrantRequest, id: &str, now: Timestamp) -> String {
    let person = json!({"reference": format!("Patient/{}", request.patient)});
    let performer = match &request.giver {
        Giver::Person => person.clone(),
        Giver::Guardian(name) => json!({"display": name.trim()}),
    };
    let scopes: Vec<Value> = request
        .scopes
        .iter()
        .map(|scope| json!({"coding": [{"system": SCOPES, "code": scope}]}))
        .collect();
    let shown = request.shown.text.as_bytes();
    // FHIR's Attachment says SHA-1, which here finds a slip and not a forger: the record is the clinic's.
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, shown);
    json!({
        "resourceType": "Consent",
        "id": id,
        "status": "active",
        "scope": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/consentscope",
            "code": "patient-privacy",
        }]},
        "category": [{"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "INFA",
        }]}],
        "patient": person,
        "dateTime": now.to_fhir(),
        "performer": [performer],
        "sourceAttachment": {
            "contentType": "text/plain; charset=utf-8",
            "language": request.shown.language,
            "data": STANDARD.encode(shown),
            "hash": STANDARD.encode(hash.as_ref()),
            "title": request.shown.version,
            "creation": now.to_fhir(),
        },
        "policyRule": {"text": "Luật 91/2025/QH15"},
        "provision": {
            "type": "permit",
            "period": {"start": now.to_fhir(), "end": request.until.to_fhir()},
            "actor": [{
                "role": {"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
                    "code": "DELEGATEE",
                }]},
                "reference": {"display": request.helper.trim()},
            }],
            "action": scopes,
        },
    })
    .to_string()
}

/// The same once it is taken back; nothing when it is over already.
pub(super) fn ended(json: &str, now: Timestamp) -> Option<String> {
    let mut consent: Value = serde_json::from_str(json).ok()?;
    if consent["status"] != "active" {
        return None;
    }
    consent["status"] = json!("inactive");
    consent["provision"]["period"]["end"] = json!(now.to_fhir());
    Some(consent.to_string())
}
