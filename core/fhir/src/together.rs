//! `Appointment/$book` for several people at once (ours): the parameter `together`, once for each of them, and what is
//! answered.
//!
//! Its parts are `appointment-reference` (a proposed Appointment), `patient-reference` and `id` (`valueId`: of the
//! Appointment that is booked). Each stands there once, and beside them nothing: all of it is booked, or nothing is.
//! When it cannot be, an OperationOutcome says of whom (`expression`), and its extensions [`TIMES_TOGETHER`] name other
//! neighbouring times for all, whose Appointments stand in the same Bundle.

use std::collections::{BTreeMap, BTreeSet};

use sokhoe_domain::{IntentId, trip};

use crate::bundle::SearchPage;
use crate::common::Ref;
use crate::json::{Document, Node, Object};
use crate::otherwise::{once, only, value};
use crate::scheduling::{Given, parameters, reference};
use crate::{Appointment, FhirError, Outcome, read};

/// Extension on the OperationOutcome of a refusal: neighbouring times for everybody, in the order of the request.
pub const TIMES_TOGETHER: &str = "https://sokhoe.vn/fhir/StructureDefinition/times-together";

/// The parameter's name.
const NAME: &str = "together";
const APPOINTMENT: &str = "appointment-reference";
const PATIENT: &str = "patient-reference";
const ID: &str = "id";
/// The one nested extension of [`TIMES_TOGETHER`], once for each of the people.
const VISIT: &str = "visit";

const UNREADABLE: FhirError = FhirError::Unexpected { expected: NAME };

/// The visit of one of several who go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// Id of a proposed Appointment.
    pub appointment: String,
    /// Id of the Patient.
    pub patient: String,
    /// The id that the booked Appointment gets.
    pub id: IntentId,
}

/// `Appointment/$book` for several people: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookTogetherRequest {
    /// Two to six visits of as many people.
    pub visits: Vec<Together>,
}

impl BookTogetherRequest {
    /// As a Parameters resource.
    #[must_use]
    pub fn to_parameters(&self) -> String {
        parameters(self.visits.iter().map(|visit| {
            let parts = [
                reference(APPOINTMENT, "Appointment", &visit.appointment),
                reference(PATIENT, "Patient", &visit.patient),
                Object::new()
                    .text("name", ID)
                    .text("valueId", &visit.id.to_string()),
            ];
            Some(Object::new().text("name", NAME).list("part", parts))
        }))
    }

    /// Reads a Parameters resource; nothing when it has no `together`.
    ///
    /// # Errors
    /// When it is none, or there is anything else in it, or a part is missing, or there are too few or too many people
    /// or one of them twice.
    pub fn from_parameters(json: &str) -> Result<Option<Self>, FhirError> {
        let given = Given::parse(json)?;
        let is_ours = |parameter: Node<'_>| parameter.get("name").is_text(NAME);
        if !given.all().any(is_ours) {
            return Ok(None);
        }
        let visits: Vec<Together> = given
            .all()
            .map(|parameter| match is_ours(parameter) {
                true => Together::read(parameter),
                false => Err(UNREADABLE),
            })
            .collect::<Result<_, _>>()?;
        let patients: BTreeSet<_> = visits.iter().map(|visit| &visit.patient).collect();
        let ids: BTreeSet<_> = visits.iter().map(|visit| visit.id).collect();
        let differ = patients.len() == visits.len() && ids.len() == visits.len();
        if !differ || !(trip::FEWEST..=trip::MOST).contains(&visits.len()) {
            return Err(UNREADABLE);
        }
        Ok(Some(Self { visits }))
    }
}

impl Together {
    fn read(parameter: Node<'_>) -> Result<Self, FhirError> {
        let (mut appointment, mut patient, mut id) = (None, None, None);
        only(parameter, &["name", "part"])?;
        for part in parameter.get("part").items() {
            let id_of = |kind| {
                let reference = value(part, "valueReference")?;
                let key = read::key(reference).filter(|key| key.kind == kind);
                key.map(|key| key.id).ok_or(UNREADABLE)
            };
            match &*part.str("name").ok_or(UNREADABLE)? {
                APPOINTMENT => once(&mut appointment, id_of("Appointment")?)?,
                PATIENT => once(&mut patient, id_of("Patient")?)?,
                ID => {
                    let text = value(part, "valueId")?.text().ok_or(UNREADABLE)?;
                    once(&mut id, text.parse().map_err(|_| UNREADABLE)?)?;
                }
                _ => return Err(UNREADABLE),
            }
        }
        Ok(Self {
            appointment: appointment.ok_or(UNREADABLE)?,
            patient: patient.ok_or(UNREADABLE)?,
            id: id.ok_or(UNREADABLE)?,
        })
    }
}

/// What a clinic answers to [`BookTogetherRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TogetherAnswer {
    /// All are booked.
    Booked(Vec<Appointment>),
    /// Nobody is.
    Refused(TogetherRefusal),
}

/// Why nobody of several is booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TogetherRefusal {
    /// The code of the refusal.
    pub code: String,
    /// Because of whom, as places in the request.
    pub because_of: Vec<usize>,
    /// Other neighbouring times for all, the best first; each has one Appointment for each of the people.
    pub others: Vec<Vec<Appointment>>,
}

impl TogetherRefusal {
    /// Reads what a clinic answers in the place of a success: an OperationOutcome with one of our codes, alone or in a
    /// Bundle. Nothing when it is anything else.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        let page = SearchPage::parse(body).ok();
        let outcome = match &page {
            Some(page) => page.of_kind("OperationOutcome").next()?,
            None => body,
        };
        let said = Outcome::from_json(outcome).ok()?;
        let mut offered = BTreeMap::new();
        for json in page.iter().flat_map(|page| page.of_kind("Appointment")) {
            if let Ok(appointment) = Appointment::from_json(json) {
                offered.insert(appointment.id.clone(), appointment);
            }
        }
        let document = Document::parse(outcome).ok()?;
        let others = times_together(document.root()).filter_map(|ids| {
            let times = ids.map(|id| offered.get(&id).cloned());
            times.collect::<Option<Vec<_>>>()
        });
        Some(Self {
            code: said.refusal()?.to_owned(),
            because_of: said
                .issues
                .iter()
                .filter_map(|issue| place(issue.expression.as_deref()?))
                .collect(),
            others: others.collect(),
        })
    }
}

/// The ids of each of the proposed times for all.
fn times_together<'d>(
    outcome: Node<'d>,
) -> impl Iterator<Item = impl Iterator<Item = Option<String>> + 'd> + 'd {
    let extensions = outcome.get("extension").items();
    let sets = extensions.filter(|extension| extension.get("url").is_text(TIMES_TOGETHER));
    sets.map(|set| {
        let visits = set.get("extension").items();
        let visits = visits.filter(|visit| visit.get("url").is_text(VISIT));
        visits.map(|visit| {
            let key = read::reference(visit.get("valueReference"), "Appointment");
            key.map(|key| key.id)
        })
    })
}

/// The OperationOutcome with other neighbouring times, as the ids of their Appointments.
#[must_use]
pub fn outcome_with_times(outcome: &Outcome, others: &[Vec<String>]) -> String {
    let sets = others.iter().map(|ids| {
        let visits = ids.iter().map(|id| {
            let reference = read::write_reference("Appointment", &Ref::new(id.as_str(), ""));
            Object::new()
                .text("url", VISIT)
                .object("valueReference", reference)
        });
        Object::new()
            .list("extension", visits)
            .text("url", TIMES_TOGETHER)
    });
    outcome.to_object().list("extension", sets).finish()
}

/// Which parameter of the request an issue is about.
#[must_use]
pub fn expression(place: usize) -> String {
    format!("Parameters.parameter[{place}]")
}

fn place(expression: &str) -> Option<usize> {
    let number = expression.strip_prefix("Parameters.parameter[")?;
    number.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bundle::{SearchBundleWriter, SearchMode};
    use crate::outcome::Issue;
    use sokhoe_domain::ResourceKey;

    const MAI: &str = "01930000-0000-7000-8000-000000000001";
    const NAM: &str = "01930000-0000-7000-8000-000000000002";

    fn request() -> BookTogetherRequest {
        let visit = |appointment: &str, patient: &str, id: &str| Together {
            appointment: appointment.to_owned(),
            patient: patient.to_owned(),
            id: id.parse().unwrap(),
        };
        BookTogetherRequest {
            visits: vec![visit("p1", "bn1", MAI), visit("p2", "bn2", NAM)],
        }
    }

    #[test]
    fn is_written_in_the_manner_of_the_other_parameters() {
        let json = request().to_parameters();
        insta::assert_snapshot!(json);
        let read = BookTogetherRequest::from_parameters(&json).unwrap();
        assert_eq!(read, Some(request()));
    }

    #[test]
    fn what_is_no_trip_is_refused() {
        let json = request().to_parameters();
        let other = crate::BookRequest {
            appointment: Some("p1".to_owned()),
            resource: None,
            patient: "bn1".to_owned(),
            comment: None,
            otherwise: None,
            move_to: None,
            occurrence: None,
        };
        let alone = other.to_parameters();
        assert_eq!(BookTogetherRequest::from_parameters(&alone), Ok(None));
        assert!(crate::BookRequest::from_parameters(&json).is_err());
        let one = BookTogetherRequest {
            visits: request().visits[..1].to_vec(),
        };
        let seven = |n: u32| Together {
            appointment: "p".to_owned(),
            patient: n.to_string(),
            id: format!("01930000-0000-7000-8000-00000000000{n}")
                .parse()
                .unwrap(),
        };
        let seven = BookTogetherRequest {
            visits: (0..7).map(seven).collect(),
        };
        let comment = r#"{"name":"comment","valueString":"x"}"#;
        for bad in [
            json.replace("bn2", "bn1"),
            json.replace(NAM, MAI),
            json.replace(NAM, "2"),
            json.replace("Patient/bn2", "Device/bn2"),
            json.replace(r#""valueId""#, r#""valueString""#),
            json.replacen(r#""name":"id""#, r#""name":"ids""#, 1),
            json.replacen(
                r#"{"name":"together""#,
                &format!(r#"{comment},{{"name":"together""#),
                1,
            ),
            one.to_parameters(),
            seven.to_parameters(),
        ] {
            assert!(BookTogetherRequest::from_parameters(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refusal_says_because_of_whom_and_what_is_free_for_all() {
        let issue = |place| Issue {
            expression: Some(expression(place)),
            ..Outcome::refused("conflict", "slot-taken", "x")
                .issues
                .remove(0)
        };
        let outcome = Outcome {
            issues: vec![issue(1)],
        };
        let free = |id: &str| Appointment {
            id: Some(id.to_owned()),
            ..Appointment::default()
        };
        let sets = vec![
            vec!["p3".to_owned(), "p4".to_owned()],
            vec!["p4".to_owned(), "p5".to_owned()],
            vec!["p4".to_owned(), "not there".to_owned()],
        ];
        let mut bundle = SearchBundleWriter::new("https://a.example/fhir");
        bundle.push_outcome(&outcome_with_times(&outcome, &sets));
        for id in ["p3", "p4", "p5"] {
            let key = ResourceKey::new("Appointment", id);
            bundle.push(&key, SearchMode::Match, &free(id).to_json());
        }
        let body = bundle.finish(None, "https://a.example/fhir/Appointment", None);
        let refusal = TogetherRefusal::read(&body).unwrap();
        assert_eq!(refusal.code, "slot-taken");
        assert_eq!(refusal.because_of, [1]);
        let both = [vec![free("p3"), free("p4")], vec![free("p4"), free("p5")]];
        assert_eq!(refusal.others, both);
        let alone = TogetherRefusal::read(&outcome.to_json()).unwrap();
        assert_eq!((alone.because_of, alone.others), (vec![1], Vec::new()));
        assert_eq!(TogetherRefusal::read("<html>"), None);
        let others = Outcome::error("conflict", "x").to_json();
        assert_eq!(TogetherRefusal::read(&others), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = BookTogetherRequest::from_parameters(&text);
            let _ = TogetherRefusal::read(&text);
        }
    }
}
