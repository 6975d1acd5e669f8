//! Who acted for whom: what a helper's phone writes says so, in the Appointment and in a Provenance.
//!
//! The job that a helper's request runs knows who acts ([`Acting`]); whatever it stores in the record of somebody whom they
//! help is noted, and one Provenance (FHIR R4) for each of these people says who did it, on whose behalf, by which Consent.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sokhoe_domain::GrantScope;

use super::stored;
use crate::access::Access;
use crate::store::{StoreError, Tx, resources};

/// A helper as a grant names them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Helper {
    name: String,
    consent: String,
}

/// Who acts in a job that a phone asked for.
#[derive(Default)]
pub(crate) struct Acting {
    /// For whom a helper acts.
    helpers: BTreeMap<String, Helper>,
    /// What was stored in the record of somebody who is helped: whose, and which resource.
    written: Vec<(String, String)>,
}

impl Acting {
    /// Who acts for a person; nothing when they do themselves.
    pub fn helper_of(&self, patient: &str) -> Option<&str> {
        self.helpers.get(patient).map(|helper| helper.name.as_str())
    }

    /// A resource is stored in a person's record.
    pub fn writes(&mut self, patient: &str, kind: &str, id: &str) {
        if kind != "Provenance" && self.helpers.contains_key(patient) {
            self.written
                .push((patient.to_owned(), format!("{kind}/{id}")));
        }
    }
}

/// Whether the session may do this for the person; from now on the job knows who acts for them.
pub(crate) fn may(
    tx: &mut Tx<'_>,
    access: &Access,
    patient: &str,
    scope: GrantScope,
) -> Result<bool, StoreError> {
    let (scopes, _, consent) = access.grant(tx.sql(), patient)?;
    let helper = match consent {
        Some(consent) => stored(tx.sql(), &consent)?.map(|(_, grant)| Helper {
            name: grant.helper,
            consent,
        }),
        None => None,
    };
    let acting = tx.acting();
    if let Some(helper) = helper {
        acting.helpers.insert(patient.to_owned(), helper);
    }
    Ok(scopes.has(scope))
}

/// Says who acted in this job, by Provenances of this id, which is the act's.
pub(crate) fn note(tx: &mut Tx<'_>, id: &str) -> Result<(), StoreError> {
    let Acting { helpers, written } = std::mem::take(tx.acting());
    let recorded = tx.now().to_fhir();
    for (place, (patient, helper)) in helpers.iter().enumerate() {
        let targets: Vec<Value> = written
            .iter()
            .filter(|(whose, _)| whose == patient)
            .map(|(_, reference)| json!({"reference": reference}))
            .collect();
        if targets.is_empty() {
            continue;
        }
        let id = match place {
            0 => id.to_owned(),
            more => format!("{id}.{more}"),
        };
        let participant = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
        let provenance = json!({
            "resourceType": "Provenance",
            "id": id,
            "target": targets,
            "recorded": recorded,
            "agent": [{
                "type": {"coding": [{"system": participant, "code": "enterer"}]},
                "who": {"display": helper.name},
                "onBehalfOf": {"reference": format!("Patient/{patient}")},
            }],
            "entity": [{"role": "source", "what": {"reference": format!("Consent/{}", helper.consent)}}],
        });
        resources::put(
            tx,
            "Provenance",
            &id,
            Some(patient),
            &provenance.to_string(),
        )?;
    }
    Ok(())
}
