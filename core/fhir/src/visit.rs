//! What resources tell of a visit beside its time: languages, the way in, and where doctor and patient meet.

use sokhoe_domain::VisitMode;

use crate::json::{Node, Object};
use crate::read;

/// Codes of languages.
const BCP_47: &str = "urn:ietf:bcp:47";
/// HL7's codes of how people meet: `AMB` at the clinic, `VR` apart.
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
/// FHIR R5's codes of what a place has; in R4 they stand in a HealthcareService, and in a Location by the extension that
/// HL7 has for elements of R5.
const PLACE_CHARACTERISTIC: &str = "http://hl7.org/fhir/location-characteristic";
const WHEELCHAIR: &str = "wheelchair";
const CHARACTERISTIC_OF_R5: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Location.characteristic";
/// Extension on a Location, a HealthcareService or an Appointment: whether one gets there without a step
/// (`valueBoolean`). FHIR's own codes cannot say that one does not.
const STEP_FREE: &str = "https://sokhoe.vn/fhir/StructureDefinition/step-free";
/// Extension on an Appointment: a language that somebody there speaks (`valueCode`, BCP 47).
const SPOKEN_LANGUAGE: &str = "https://sokhoe.vn/fhir/StructureDefinition/spoken-language";
/// Extension on an Appointment: how people meet (`valueCoding` of HL7's ActCode).
const VISIT_MODE: &str = "https://sokhoe.vn/fhir/StructureDefinition/visit-mode";

/// A language is at most so long: `zh-Hant-HK`.
const LONGEST_LANGUAGE: usize = 35;

/// The languages of `communication`, each once.
pub(crate) fn languages(root: Node<'_>) -> Vec<String> {
    let mut languages = Vec::new();
    let concepts = root.get("communication").items();
    // FHIR R5 has a concept in each; a Patient has so, too.
    let codings = concepts.flat_map(|one| {
        let inner = one.get("language");
        let concept = if inner.exists() { inner } else { one };
        concept.get("coding").items()
    });
    for coding in codings {
        let is_of_bcp = coding.str("system").is_none_or(|system| system == BCP_47);
        if let Some(code) = coding.str("code").filter(|_| is_of_bcp) {
            push(&mut languages, &code);
        }
    }
    languages
}

fn push(languages: &mut Vec<String>, code: &str) {
    let is_code = (2..=LONGEST_LANGUAGE).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_code && !languages.iter().any(|known| known == code) {
        languages.push(code.to_owned());
    }
}

/// `communication`
pub(crate) fn write_languages(languages: &[String]) -> impl Iterator<Item = Object> {
    languages.iter().map(|code| concept(BCP_47, code))
}

/// Whether one gets to a place or a service without a step; nothing when it is not told.
pub(crate) fn step_free(root: Node<'_>) -> Option<bool> {
    let told = read::extension(root, STEP_FREE).and_then(|it| it.get("valueBoolean").bool());
    let of_r5 = root
        .get("extension")
        .items()
        .filter(|extension| extension.get("url").is_text(CHARACTERISTIC_OF_R5))
        .map(|extension| extension.get("valueCodeableConcept"));
    let mut concepts = root.get("characteristic").items().chain(of_r5);
    told.or_else(|| {
        concepts
            .any(|concept| has_code(concept, PLACE_CHARACTERISTIC, WHEELCHAIR))
            .then_some(true)
    })
}

/// As an extension of a Location.
pub(crate) fn write_step_free_place(step_free: Option<bool>) -> Option<Object> {
    match step_free? {
        true => {
            let concept = concept(PLACE_CHARACTERISTIC, WHEELCHAIR).finish();
            Some(read::write_extension(
                CHARACTERISTIC_OF_R5,
                "valueCodeableConcept",
                &concept,
            ))
        }
        false => write_step_free(Some(false)),
    }
}

/// As our own extension.
pub(crate) fn write_step_free(step_free: Option<bool>) -> Option<Object> {
    let told = if step_free? { "true" } else { "false" };
    Some(read::write_extension(STEP_FREE, "valueBoolean", told))
}

/// Where doctor and patient meet, by the codes of these members; nothing when none says it, or both are said.
pub(crate) fn mode(root: Node<'_>, members: &[&str]) -> Option<VisitMode> {
    let has = |code: &str| {
        let mut concepts = members.iter().flat_map(|member| root.get(member).items());
        concepts.any(|concept| has_code(concept, ACT_CODE, code))
    };
    match (
        has(act_code(VisitMode::InPerson)),
        has(act_code(VisitMode::Remote)),
    ) {
        (true, false) => Some(VisitMode::InPerson),
        (false, true) => Some(VisitMode::Remote),
        (true, true) | (false, false) => None,
    }
}

/// As a concept.
pub(crate) fn write_mode(mode: Option<VisitMode>) -> Option<Object> {
    Some(concept(ACT_CODE, act_code(mode?)))
}

const fn act_code(mode: VisitMode) -> &'static str {
    match mode {
        VisitMode::InPerson => "AMB",
        VisitMode::Remote => "VR",
    }
}

/// What an Appointment tells: its languages, whether one gets there without a step, and where they meet.
pub(crate) fn of_appointment(root: Node<'_>) -> (Vec<String>, Option<bool>, Option<VisitMode>) {
    let mut languages = Vec::new();
    let extensions = root.get("extension").items();
    for extension in extensions.filter(|it| it.get("url").is_text(SPOKEN_LANGUAGE)) {
        if let Some(code) = extension.str("valueCode") {
            push(&mut languages, &code);
        }
    }
    let mode = read::extension(root, VISIT_MODE).and_then(|extension| {
        let code = extension.get("valueCoding").str("code")?;
        [VisitMode::InPerson, VisitMode::Remote]
            .into_iter()
            .find(|mode| act_code(*mode) == code)
    });
    (languages, step_free(root), mode)
}

/// The same as extensions of an Appointment.
pub(crate) fn write_for_appointment(
    languages: &[String],
    step_free: Option<bool>,
    mode: Option<VisitMode>,
) -> impl Iterator<Item = Object> {
    let languages = languages
        .iter()
        .map(|code| read::write_extension(SPOKEN_LANGUAGE, "valueCode", &read::quoted(code)));
    let mode = mode.map(|mode| {
        let coding = coding(ACT_CODE, act_code(mode)).finish();
        read::write_extension(VISIT_MODE, "valueCoding", &coding)
    });
    languages.chain(write_step_free(step_free)).chain(mode)
}

fn has_code(concept: Node<'_>, system: &str, code: &str) -> bool {
    concept
        .get("coding")
        .items()
        .any(|coding| coding.get("system").is_text(system) && coding.get("code").is_text(code))
}

fn coding(system: &str, code: &str) -> Object {
    Object::new().text("system", system).text("code", code)
}

fn concept(system: &str, code: &str) -> Object {
    Object::new().list("coding", [coding(system, code)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    #[test]
    fn languages_are_read_as_r4_and_r5_write_them() {
        for (communication, read) in [
            (
                r#"[{"coding":[{"system":"urn:ietf:bcp:47","code":"vi"}]}]"#,
                vec!["vi"],
            ),
            (
                r#"[{"language":{"coding":[{"code":"hmn"}]},"preferred":true}]"#,
                vec!["hmn"],
            ),
            (
                r#"[{"coding":[{"code":"vi"},{"code":"vi"},{"code":"en-US"}]}]"#,
                vec!["vi", "en-US"],
            ),
            (
                r#"[{"coding":[{"system":"urn:other","code":"vi"}]}]"#,
                vec![],
            ),
            (
                r#"[{"coding":[{"code":"tiếng Việt"}]},{"coding":[{"code":""}]},{"text":"Tày"}]"#,
                vec![],
            ),
            ("{}", vec![]),
        ] {
            let json = format!(r#"{{"communication":{communication}}}"#);
            let document = Document::parse(&json).unwrap();
            assert_eq!(languages(document.root()), read, "{json}");
        }
    }

    #[test]
    fn the_way_in_is_told_or_not_told_and_never_guessed() {
        let wheelchair = r#"{"coding":[{"system":"http://hl7.org/fhir/location-characteristic","code":"wheelchair"}]}"#;
        let other = wheelchair.replace("wheelchair", "has-icu");
        let of_r5 = |concept: &str| {
            format!(
                r#"{{"extension":[{{"url":"{CHARACTERISTIC_OF_R5}","valueCodeableConcept":{concept}}}]}}"#
            )
        };
        let own = |told: &str| {
            format!(
                r#"{{"extension":[{{"url":"{STEP_FREE}","valueBoolean":{told}}}],"characteristic":[{wheelchair}]}}"#
            )
        };
        for (json, told) in [
            (
                format!(r#"{{"characteristic":[{other},{wheelchair}]}}"#),
                Some(true),
            ),
            (of_r5(wheelchair), Some(true)),
            (own("false"), Some(false)),
            (of_r5(&other), None),
            (
                r#"{"characteristic":[{"text":"wheelchair"}]}"#.to_owned(),
                None,
            ),
            ("{}".to_owned(), None),
        ] {
            let document = Document::parse(&json).unwrap();
            assert_eq!(step_free(document.root()), told, "{json}");
        }
    }

    #[test]
    fn who_offers_both_ways_does_not_say_which_a_time_is() {
        let act =
            |code: &str| format!(r#"{{"coding":[{{"system":"{ACT_CODE}","code":"{code}"}}]}}"#);
        let (here, apart) = (act("AMB"), act("VR"));
        for (json, told) in [
            (format!(r#"{{"type":[{apart}]}}"#), Some(VisitMode::Remote)),
            (
                format!(r#"{{"characteristic":[{here}]}}"#),
                Some(VisitMode::InPerson),
            ),
            (
                format!(r#"{{"characteristic":[{here}],"type":[{apart}]}}"#),
                None,
            ),
            (format!(r#"{{"other":[{apart}]}}"#), None),
            (r#"{"type":[{"coding":[{"code":"VR"}]}]}"#.to_owned(), None),
        ] {
            let document = Document::parse(&json).unwrap();
            let read = mode(document.root(), &["characteristic", "type"]);
            assert_eq!(read, told, "{json}");
        }
    }
}
