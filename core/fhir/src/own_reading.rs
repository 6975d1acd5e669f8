//! What a person measures at home, as an Observation: written by the phone, checked by the clinic, from one table.

use sokhoe_domain::{ResourceKey, Timestamp};

use crate::json::{Node, Object};
use crate::{FhirError, read};

const LOINC: &str = "http://loinc.org";
const UCUM: &str = "http://unitsofmeasure.org";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Systolic and diastolic.
    BloodPressure,
    /// Heart rate.
    Pulse,
    /// Glucose in blood, as a meter shows it.
    Glucose,
    /// Body weight.
    Weight,
    /// Body temperature.
    Temperature,
    /// Oxygen saturation by pulse oximetry.
    OxygenSaturation,
}

/// One number of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    loinc: &'static str,
    display: &'static str,
    /// In UCUM; the first is what the phone writes.
    units: &'static [&'static str],
}

const fn part(loinc: &'static str, display: &'static str, units: &'static [&'static str]) -> Part {
    Part {
        loinc,
        display,
        units,
    }
}

/// LOINC's panel of both pressures.
const PANEL: &str = "85354-9";
const PRESSURES: [Part; 2] = [
    part("8480-6", "Systolic blood pressure", &["mm[Hg]"]),
    part("8462-4", "Diastolic blood pressure", &["mm[Hg]"]),
];

impl Measure {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::BloodPressure,
        Self::Pulse,
        Self::Glucose,
        Self::Weight,
        Self::Temperature,
        Self::OxygenSaturation,
    ];

    /// Numbers that make one reading.
    #[must_use]
    pub const fn numbers(self) -> usize {
        match self {
            Self::BloodPressure => PRESSURES.len(),
            _ => 1,
        }
    }

    /// Its LOINC code.
    #[must_use]
    pub const fn loinc(self) -> &'static str {
        match self {
            Self::BloodPressure => PANEL,
            _ => self.single().loinc,
        }
    }

    const fn display(self) -> &'static str {
        match self {
            Self::BloodPressure => "Blood pressure panel with all children optional",
            _ => self.single().display,
        }
    }

    /// The one number; of a blood pressure the first.
    const fn single(self) -> Part {
        match self {
            Self::BloodPressure => PRESSURES[0],
            Self::Pulse => part("8867-4", "Heart rate", &["/min"]),
            Self::Glucose => part("15074-8", "Glucose [Moles/volume] in Blood", &["mmol/L"]),
            Self::Weight => part("29463-7", "Body weight", &["kg"]),
            Self::Temperature => part("8310-5", "Body temperature", &["Cel"]),
            Self::OxygenSaturation => part(
                "59408-5",
                "Oxygen saturation in Arterial blood by Pulse oximetry",
                &["%"],
            ),
        }
    }

    /// A blood glucose is no vital sign of FHIR's; what a person says of themselves is a survey.
    const fn category(self) -> (&'static str, &'static str) {
        match self {
            Self::Glucose => ("survey", "Survey"),
            _ => ("vital-signs", "Vital Signs"),
        }
    }
}

/// How a unit is printed.
fn printed(ucum: &str) -> &str {
    match ucum {
        "mm[Hg]" => "mmHg",
        "/min" => "/phút",
        "Cel" => "°C",
        other => other,
    }
}

/// A reading that the person made.
#[derive(Clone, PartialEq)]
pub struct OwnReading<'a> {
    /// The resource's id: that of the intent.
    pub id: &'a str,
    /// The person's Patient id at the clinic.
    pub patient: &'a str,
    /// What was measured.
    pub measure: Measure,
    /// Its numbers, in the units of the measure: as many as [`Measure::numbers`], all of them finite.
    pub values: &'a [f64],
    /// When it was measured.
    pub at: Timestamp,
    /// What lists call it.
    pub title: &'a str,
}

impl std::fmt::Debug for OwnReading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnReading")
            .field("id", &self.id)
            .field("measure", &self.measure)
            .finish_non_exhaustive()
    }
}

fn coding(system: &str, code: &str, display: &str) -> Object {
    Object::new()
        .text("system", system)
        .text("code", code)
        .text("display", display)
}

fn quantity(part: &Part, value: f64) -> Object {
    let unit = part.units.first().copied().unwrap_or_default();
    Object::new()
        .raw("value", &value.to_string())
        .text("unit", printed(unit))
        .text("system", UCUM)
        .text("code", unit)
}

impl OwnReading<'_> {
    /// As an Observation whose subject and performer are the person.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (category, category_display) = self.measure.category();
        let category = coding(CATEGORY, category, category_display);
        let code = Object::new()
            .list(
                "coding",
                [coding(LOINC, self.measure.loinc(), self.measure.display())],
            )
            .text("text", self.title);
        let patient = format!("Patient/{}", self.patient);
        let patient = || Object::new().text("reference", &patient);
        let observation = Object::resource("Observation")
            .text("id", self.id)
            .text("status", "final")
            .list("category", [Object::new().list("coding", [category])])
            .object("code", code)
            .object("subject", patient())
            .text("effectiveDateTime", &self.at.to_fhir())
            .list("performer", [patient()]);
        match self.measure {
            Measure::BloodPressure => {
                let parts = PRESSURES.iter().zip(self.values).map(|(part, value)| {
                    let code = coding(LOINC, part.loinc, part.display);
                    Object::new()
                        .object("code", Object::new().list("coding", [code]))
                        .object("valueQuantity", quantity(part, *value))
                });
                observation.list("component", parts)
            }
            measure => {
                let value = self.values.first().copied().unwrap_or_default();
                observation.object("valueQuantity", quantity(&measure.single(), value))
            }
        }
        .finish()
    }
}

/// What a reading says of whom it is about.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnReadingView {
    /// The resource's id.
    pub id: String,
    /// The Patient's id.
    pub patient: String,
    /// Who says so: Patients and RelatedPersons.
    pub performers: Vec<ResourceKey>,
}

impl std::fmt::Debug for OwnReadingView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnReadingView")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// All that a reading may say. What is not here (`interpretation`, `encounter`, `hasMember`, …) is not a person's to say.
const MEMBERS: [&str; 13] = [
    "resourceType",
    "id",
    "meta",
    "language",
    "status",
    "category",
    "code",
    "subject",
    "effectiveDateTime",
    "performer",
    "valueQuantity",
    "component",
    "note",
];

impl OwnReadingView {
    /// Reads an Observation strictly: nothing that is not a reading of a person's own passes.
    ///
    /// # Errors
    /// What is wrong with it first.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Observation")?;
        let root = document.root();
        let unexpected = |expected| Err(FhirError::Unexpected { expected });
        let mut seen = Vec::new();
        for (key, _) in root.fields() {
            let Some(name) = MEMBERS.into_iter().find(|name| key.is_text(name)) else {
                return unexpected("nothing but what a person measures");
            };
            if seen.contains(&name) {
                return unexpected("each member once");
            }
            seen.push(name);
        }
        let status = root.str("status").unwrap_or_default();
        if !["final", "amended", "corrected", "entered-in-error"].contains(&status.as_ref()) {
            return unexpected("a status of a person's own reading");
        }
        if root
            .str("effectiveDateTime")
            .and_then(|at| Timestamp::parse_fhir(&at))
            .is_none()
        {
            return unexpected("a time of measuring");
        }
        check_category(root)?;
        check_values(root)?;
        let subject = reference(root.get("subject"), &["Patient"])?;
        let performers: Vec<_> = root
            .get("performer")
            .items()
            .map(|performer| reference(performer, &["Patient", "RelatedPerson"]))
            .collect::<Result<_, _>>()?;
        if performers.is_empty() {
            return unexpected("a performer");
        }
        Ok(Self {
            id: read::id(root)?,
            patient: subject.id,
            performers,
        })
    }
}

fn reference(node: Node<'_>, kinds: &[&str]) -> Result<ResourceKey, FhirError> {
    node.str("reference")
        .and_then(|reference| ResourceKey::parse(&reference))
        .filter(|key| kinds.contains(&key.kind.as_str()))
        .ok_or(FhirError::Unexpected {
            expected: "a reference to the person",
        })
}

fn check_category(root: Node<'_>) -> Result<(), FhirError> {
    let mut any = false;
    for coding in root
        .get("category")
        .items()
        .flat_map(|category| category.get("coding").items())
    {
        let code = coding.get("code");
        any = coding.get("system").is_text(CATEGORY)
            && (code.is_text("vital-signs") || code.is_text("survey"));
        if !any {
            break;
        }
    }
    if any {
        Ok(())
    } else {
        Err(FhirError::Unexpected {
            expected: "vital-signs or survey",
        })
    }
}

fn has_code(concept: Node<'_>, loinc: &str) -> bool {
    let coding = concept.get("coding");
    coding.items().count() == 1
        && coding.first().get("system").is_text(LOINC)
        && coding.first().get("code").is_text(loinc)
}

fn is_quantity(value: Node<'_>, part: &Part) -> bool {
    value.get("value").f64().is_some()
        && !value.get("comparator").exists()
        && value.get("system").is_text(UCUM)
        && part
            .units
            .iter()
            .any(|unit| value.get("code").is_text(unit))
}

fn check_values(root: Node<'_>) -> Result<(), FhirError> {
    let code = root.get("code");
    let value = root.get("valueQuantity");
    let components = root.get("component");
    let is_sound = Measure::ALL
        .into_iter()
        .find(|measure| has_code(code, measure.loinc()))
        .is_some_and(|measure| match measure {
            Measure::BloodPressure => {
                !value.exists()
                    && components.items().count() == PRESSURES.len()
                    && PRESSURES.iter().all(|part| {
                        components.items().any(|component| {
                            has_code(component.get("code"), part.loinc)
                                && is_quantity(component.get("valueQuantity"), part)
                        })
                    })
            }
            measure => !components.exists() && is_quantity(value, &measure.single()),
        });
    if is_sound {
        Ok(())
    } else {
        Err(FhirError::Unexpected {
            expected: "a measure that a person can take, in its unit",
        })
    }
}

#[cfg(test)]
mod tests {
    use sokhoe_domain::Section;

    use super::*;

    fn reading(measure: Measure, values: &[f64]) -> String {
        OwnReading {
            id: "01900000-0000-7000-8000-000000000000",
            patient: "bn-1",
            measure,
            values,
            at: Timestamp::parse_fhir("2026-11-23T06:30:00+07:00").unwrap(),
            title: "Huyết áp",
        }
        .to_json()
    }

    #[test]
    fn every_measure_is_a_row_with_a_trend_and_passes_the_clinics_check() {
        for measure in Measure::ALL {
            let json = reading(measure, &[61.5, 40.0][..measure.numbers()]);
            let indexed = crate::index(&json).unwrap();
            assert_eq!(
                indexed.entries[0].section,
                Section::Measurements,
                "{measure:?}"
            );
            assert_eq!(indexed.points.len(), measure.numbers());
            assert!(indexed.entries[0].trend.is_some());
            let view = OwnReadingView::from_json(&json).unwrap();
            assert_eq!(view.patient, "bn-1");
            assert_eq!(view.performers, [ResourceKey::new("Patient", "bn-1")]);
            assert!(crate::merge::is_own_observation(&json));
            assert!(!format!("{view:?}").contains("bn-1"));
        }
        insta::assert_snapshot!(reading(Measure::BloodPressure, &[135.0, 82.0]));
        insta::assert_snapshot!(reading(Measure::Temperature, &[36.6]));
    }

    #[test]
    fn what_is_not_a_persons_to_say_does_not_pass() {
        let json = reading(Measure::Pulse, &[72.0]);
        for (from, to) in [
            (r#""status":"final""#, r#""status":"registered""#),
            ("vital-signs", "laboratory"),
            ("8867-4", "4548-4"),
            (r#""code":"/min""#, r#""code":"kg""#),
            (r#""value":72"#, r#""value":72,"comparator":"<""#),
            (r#""value":72"#, r#""value":"72""#),
            ("2026-11-23T06:30:00+07:00", "yesterday"),
            (
                r#""performer":[{"reference":"Patient/bn-1"}]"#,
                r#""performer":[]"#,
            ),
            (
                r#""performer":[{"reference":"Patient/bn-1"}]"#,
                r#""performer":[{"reference":"Practitioner/d"}]"#,
            ),
            (
                r#""subject":{"reference":"Patient/bn-1"}"#,
                r#""subject":{"reference":"Group/g"}"#,
            ),
            (
                r#""status":"final""#,
                r#""status":"final","encounter":{"reference":"Encounter/e"}"#,
            ),
            (
                r#""status":"final""#,
                r#""status":"final","status":"final""#,
            ),
            (r#""Observation""#, r#""Condition""#),
        ] {
            let other = json.replace(from, to);
            assert_ne!(other, json, "{from}");
            assert!(OwnReadingView::from_json(&other).is_err(), "{to}");
        }
        let half = reading(Measure::BloodPressure, &[135.0]);
        assert!(OwnReadingView::from_json(&half).is_err());
    }
}
