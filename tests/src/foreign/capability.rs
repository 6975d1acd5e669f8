//! What it says it can.

use serde_json::{Value, json};

use super::kinds::{OTHER_KINDS, PATIENT_KINDS, date_member, members_of, token_member};
use super::manners::Manners;

const PARAMETERS: &[&str] = &[
    "active",
    "actor",
    "category",
    "code",
    "date",
    "encounter",
    "identifier",
    "location",
    "organization",
    "patient",
    "practitioner",
    "schedule",
    "service",
    "slot",
    "start",
    "status",
    "subject",
];

pub(super) fn statement(base: &str, manners: &Manners, date: &str) -> Value {
    let (software, version) = manners.software;
    let mut kinds = [PATIENT_KINDS, OTHER_KINDS].concat();
    kinds.sort_unstable();
    let resources: Vec<Value> = kinds
        .iter()
        .map(|kind| resource(base, kind, manners))
        .collect();
    let bundles = if manners.transactions {
        "transaction"
    } else {
        "batch"
    };
    let mut system = vec![json!({"code": bundles})];
    if manners.history {
        system.push(json!({"code": "history-system"}));
    }
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": software, "version": version},
        "implementation": {"description": software, "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{"mode": "server", "resource": resources, "interaction": system}],
    })
}

fn resource(base: &str, kind: &str, manners: &Manners) -> Value {
    let mut interactions = vec!["search-type", "update", "vread", "read", "delete", "create"];
    if manners.history {
        interactions.extend(["history-type", "history-instance"]);
    }
    let interactions: Vec<Value> = interactions
        .into_iter()
        .map(|code| json!({"code": code}))
        .collect();
    let parameters: Vec<Value> = PARAMETERS
        .iter()
        .filter_map(|name| Some((name, parameter_type(kind, name)?)))
        .chain([(&"_id", "token"), (&"_lastUpdated", "date")])
        .map(|(name, kind)| json!({"name": name, "type": kind}))
        .collect();
    let mut resource = json!({
        "type": kind,
        "profile": format!("http://hl7.org/fhir/StructureDefinition/{kind}"),
        "interaction": interactions,
        "versioning": "versioned-update",
        "searchParam": parameters,
    });
    if manners.says_client_ids {
        resource["updateCreate"] = json!(manners.client_ids);
    }
    if manners.includes {
        let includes = PARAMETERS
            .iter()
            .filter(|name| !members_of(kind, name).is_empty())
            .map(|name| format!("{kind}:{name}"));
        let all = std::iter::once("*".to_owned()).chain(includes);
        resource["searchInclude"] = json!(all.collect::<Vec<_>>());
    }
    if kind == "Patient" && manners.everything {
        resource["operation"] = json!([{
            "name": "everything",
            "definition": format!("{base}/OperationDefinition/Patient-it-everything"),
        }]);
    }
    resource
}

fn parameter_type(kind: &str, parameter: &str) -> Option<&'static str> {
    if !members_of(kind, parameter).is_empty() {
        return Some("reference");
    }
    if date_member(kind, parameter).is_some() {
        return Some("date");
    }
    token_member(kind, parameter).map(|_| "token")
}
