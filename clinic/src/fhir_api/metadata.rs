//! `GET /fhir/metadata`: what is implemented, written from the very table that the routes read.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use sokhoe_domain::Timestamp;

use super::Api;
use super::error::fhir;
use super::types::{INCLUDES, Rule, Served, TYPES};
use crate::access::WRITABLE;

/// The operations by type: name and definition.
const OPERATIONS: &[(&str, &str, &str)] = &[
    (
        "Appointment",
        "find",
        "https://profiles.ihe.net/ITI/Scheduling/OperationDefinition/appointment-find",
    ),
    (
        "Appointment",
        "hold",
        "https://profiles.ihe.net/ITI/Scheduling/OperationDefinition/appointment-hold",
    ),
    (
        "Appointment",
        "book",
        "https://profiles.ihe.net/ITI/Scheduling/OperationDefinition/appointment-book",
    ),
    (
        "Appointment",
        "join",
        "https://sokhoe.vn/fhir/OperationDefinition/appointment-join",
    ),
    (
        "Appointment",
        "ticket",
        "https://sokhoe.vn/fhir/OperationDefinition/appointment-ticket",
    ),
    (
        "Appointment",
        "queue",
        "https://sokhoe.vn/fhir/OperationDefinition/appointment-queue",
    ),
    (
        "Appointment",
        "wait",
        "https://sokhoe.vn/fhir/OperationDefinition/appointment-wait",
    ),
    (
        "Patient",
        "changes",
        "https://sokhoe.vn/fhir/OperationDefinition/patient-changes",
    ),
];
/// The day this statement was last changed.
const DATE: &str = "2026-11-30";

pub(super) async fn metadata(State(api): State<Api>) -> Response {
    fhir(StatusCode::OK, statement(&api).to_string())
}

fn statement(api: &Api) -> Value {
    let (root, base, name) = (&*api.root, &*api.base, &*api.inner.name);
    let mut endpoints = vec![json!({"url": "token", "valueUri": format!("{root}/token")})];
    if api.inner.provider.is_some() {
        endpoints.push(json!({"url": "authorize", "valueUri": format!("{root}/authorize")}));
    }
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": Timestamp::parse_fhir(DATE).unwrap_or_default().to_fhir(),
        "publisher": name,
        "kind": "instance",
        "software": {"name": "Sổ Khỏe clinic", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": name, "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "security": {
                "extension": [{
                    "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                    "extension": endpoints,
                }],
                "cors": false,
                "service": [{"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                    "code": "SMART-on-FHIR",
                }]}],
                "description": "Phones: access token of an enrolment or a sign-in, bound to a key by DPoP (RFC 9449). The clinic's own systems: SMART Backend Services, reading and searching only.",
            },
            "resource": TYPES.iter().map(resource).chain([access_log()]).collect::<Vec<_>>(),
        }],
    })
}

/// Who did what with a person's record: made when it is asked for, of a log that holds no resources.
fn access_log() -> Value {
    json!({
        "type": "AuditEvent",
        "interaction": [{"code": "search-type"}],
        "versioning": "no-version",
        "readHistory": false,
        "updateCreate": false,
        "searchParam": [{
            "name": "patient",
            "type": "reference",
            "documentation": "Needed: whose log it is.",
        }],
    })
}

fn resource(served: &Served) -> Value {
    let writable = WRITABLE.contains(&served.name);
    let mut interactions = vec![json!({"code": "read"})];
    if served.rule != Rule::Referred {
        interactions.push(json!({"code": "search-type"}));
    }
    if writable {
        interactions.push(json!({
            "code": "update",
            "documentation": "What a person says of themselves. If-Match names the version of the ETag.",
        }));
    }
    let mut resource = json!({
        "type": served.name,
        "interaction": interactions,
        // Resources are served as they came: their `meta.versionId` is not ours. The ETag tells the version.
        "versioning": "no-version",
        "readHistory": false,
        // A reading gets its id on the phone.
        "updateCreate": served.name == "Observation",
        "conditionalRead": "not-match",
        "searchParam": served
            .params
            .iter()
            .filter_map(|param| Some(json!({"name": param.name(), "type": param.kind()?})))
            .collect::<Vec<_>>(),
    });
    let prefix = format!("{}:", served.name);
    let includes: Vec<&str> = INCLUDES
        .iter()
        .map(|(name, _, _)| *name)
        .filter(|name| name.starts_with(&prefix))
        .collect();
    let operations: Vec<Value> = OPERATIONS
        .iter()
        .filter(|(kind, _, _)| *kind == served.name)
        .map(|(_, name, definition)| json!({"name": name, "definition": definition}))
        .collect();
    if !includes.is_empty() {
        resource["searchInclude"] = json!(includes);
    }
    if !operations.is_empty() {
        resource["operation"] = json!(operations);
    }
    resource
}
