//! Which questions a server is asked, by what its CapabilityStatement offers.

use serde::{Deserialize, Serialize};
use sokhoe_client::ServerQuery;
use sokhoe_domain::Timestamp;
use sokhoe_domain::planted::{Bug, is_planted};
use sokhoe_fhir::CapabilityView;

use crate::server_slots::BookingWays;
use crate::up::ReadingWays;

/// What belongs in a health book, the most useful first, with the search parameters that may name the
/// patient.
const KINDS: &[(&str, &[&str])] = &[
    ("Appointment", &["patient", "actor"]),
    ("MedicationRequest", &["patient", "subject"]),
    ("MedicationStatement", &["patient", "subject"]),
    ("AllergyIntolerance", &["patient"]),
    ("Condition", &["patient", "subject"]),
    ("Observation", &["patient", "subject"]),
    ("DiagnosticReport", &["patient", "subject"]),
    ("Immunization", &["patient"]),
    ("Encounter", &["patient", "subject"]),
    ("DocumentReference", &["patient", "subject"]),
    ("Procedure", &["patient", "subject"]),
    ("ImagingStudy", &["patient", "subject"]),
    ("Invoice", &["patient", "subject"]),
    ("CarePlan", &["patient", "subject"]),
    ("Coverage", &["patient", "beneficiary"]),
    ("MedicationDispense", &["patient", "subject"]),
    ("MedicationAdministration", &["patient", "subject"]),
    ("ServiceRequest", &["patient", "subject"]),
    ("FamilyMemberHistory", &["patient"]),
    ("Consent", &["patient"]),
];

/// One question of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Everything of the patient.
    Everything,
    /// The Patient itself.
    Patient,
    /// A type, by the parameter that names the patient.
    Kind { kind: String, param: String },
    /// The Patient and all types, in one exchange.
    Batch,
    /// What was deleted.
    Deletions,
}

impl Step {
    /// By which the cursor knows it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Everything => "$everything",
            Self::Patient => "Patient",
            Self::Kind { kind, .. } => kind,
            Self::Batch => "batch",
            Self::Deletions => "_history",
        }
    }
}

const fn yes() -> bool {
    true
}

/// What a server can, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    pub everything: bool,
    /// Whether `$everything` heeds `_since`, as far as is known: HAPI's does not.
    #[serde(default = "yes")]
    pub everything_since: bool,
    /// Whether several questions can be asked at once.
    #[serde(default)]
    pub batch: bool,
    /// Whether deletions can be read from the history.
    pub history: bool,
    /// The types that can be listed for the patient, with the parameter that names them.
    pub kinds: Vec<(String, String)>,
    /// How times are booked; unset when an older program asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<BookingWays>,
    /// How readings are sent; unset when an older program asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readings: Option<ReadingWays>,
}

impl Plan {
    pub(super) fn of(server: &CapabilityView) -> Self {
        let searched = |kind: &str, params: &[&'static str]| {
            if !server.can(kind, "search-type") {
                return None;
            }
            let offered = params
                .iter()
                .find(|param| server.can_search_by(kind, param));
            // Some servers list no parameters at all.
            let lists_none = server
                .resources
                .iter()
                .any(|resource| resource.kind == kind && resource.search_params.is_empty());
            offered.or(params.first().filter(|_| lists_none)).copied()
        };
        Self {
            everything: server.offers("Patient/$everything"),
            everything_since: true,
            // Whoever does all or nothing does each by itself, too; HAPI says only the one.
            batch: server.can_as_system("batch") || server.can_as_system("transaction"),
            history: server.can_as_system("history-system"),
            kinds: KINDS
                .iter()
                .filter_map(|(kind, params)| {
                    Some(((*kind).to_owned(), searched(kind, params)?.to_owned()))
                })
                .collect(),
            booking: Some(BookingWays::of(server)),
            readings: Some(ReadingWays::of(server)),
        }
    }

    /// The questions of a round, in their order.
    pub(super) fn steps(&self, first: bool) -> Vec<Step> {
        let mut steps = if self.everything && (first || self.everything_since) {
            vec![Step::Everything]
        } else if self.batch && !first {
            vec![Step::Batch]
        } else {
            let kinds = self.kinds.iter().cloned();
            let kinds = kinds.map(|(kind, param)| Step::Kind { kind, param });
            std::iter::once(Step::Patient).chain(kinds).collect()
        };
        // At first there is nothing that could be gone.
        if self.history && !first {
            steps.push(Step::Deletions);
        }
        steps
    }
}

/// The search of a type for a patient.
pub(super) fn search(
    kind: &str,
    param: &str,
    patient: &str,
    others: Vec<(String, String)>,
) -> ServerQuery {
    // Only these say by themselves what they refer to.
    let value = match param {
        "patient" | "_id" => patient.to_owned(),
        _ => format!("Patient/{patient}"),
    };
    ServerQuery::Search {
        kind: kind.to_owned(),
        patient: (param.to_owned(), value),
        others,
    }
}

/// The questions of [`Step::Batch`].
pub(super) fn queries(plan: &Plan, patient: &str, since: Option<Timestamp>) -> Vec<ServerQuery> {
    let kinds = plan.kinds.iter().cloned();
    std::iter::once(Step::Patient)
        .chain(kinds.map(|(kind, param)| Step::Kind { kind, param }))
        .filter_map(|step| query(&step, patient, since))
        .collect()
}

/// What a step asks; nothing when there is nothing to ask.
pub(super) fn query(step: &Step, patient: &str, since: Option<Timestamp>) -> Option<ServerQuery> {
    let newer = |since: Option<Timestamp>| {
        let from = match is_planted(Bug::OnlyNewerThanSeen) {
            true => "gt",
            false => "ge",
        };
        let since = since.map(|since| {
            let bound = format!("{from}{}", since.to_fhir());
            ("_lastUpdated".to_owned(), bound)
        });
        since.into_iter().collect::<Vec<_>>()
    };
    Some(match step {
        Step::Everything => ServerQuery::Everything {
            patient: patient.to_owned(),
            since,
        },
        Step::Patient => search("Patient", "_id", patient, newer(since)),
        Step::Kind { kind, param } => search(kind, param, patient, newer(since)),
        Step::Batch => return None,
        Step::Deletions => ServerQuery::History { since: since? },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(rest: &str) -> Plan {
        let json = format!(
            r#"{{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{{"mode":"server",{rest}}}]}}"#
        );
        Plan::of(&CapabilityView::from_json(&json).unwrap())
    }

    #[test]
    fn a_server_is_asked_what_it_offers() {
        let all = server(
            r#""interaction":[{"code":"history-system"}],
               "resource":[{"type":"Patient","operation":[{"name":"everything"}]}]"#,
        );
        assert_eq!(all.steps(true), [Step::Everything]);
        assert_eq!(all.steps(false), [Step::Everything, Step::Deletions]);
        let poor = server(
            r#""resource":[
                {"type":"Observation","interaction":[{"code":"search-type"}],"searchParam":[{"name":"subject"}]},
                {"type":"Appointment","interaction":[{"code":"search-type"}]},
                {"type":"Condition","interaction":[{"code":"read"}],"searchParam":[{"name":"patient"}]},
                {"type":"Immunization","interaction":[{"code":"search-type"}],"searchParam":[{"name":"date"}]}]"#,
        );
        let kind = |kind: &str, param: &str| Step::Kind {
            kind: kind.to_owned(),
            param: param.to_owned(),
        };
        assert_eq!(
            poor.steps(false),
            [
                Step::Patient,
                kind("Appointment", "patient"),
                kind("Observation", "subject")
            ]
        );
    }
}
