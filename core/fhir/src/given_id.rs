//! A reading of the person's own at a server that gives all ids itself: what they made is known there by an
//! identifier, whatever the server calls it.

use sokhoe_domain::IntentId;

use crate::json::Object;
use crate::{FhirError, read};

/// The system of the identifier that a reading carries to such a server: its value is the id of the change that made
/// it, which was also its id on the phone.
pub const READING: &str = "https://sokhoe.vn/fhir/NamingSystem/reading";

/// An Observation that the person made as such a server is to create it: without an id, and with the identifier.
/// Every other member keeps its bytes.
///
/// # Errors
/// When it is no Observation.
pub fn to_be_created(reading: &str, id: IntentId) -> Result<String, FhirError> {
    let document = read::resource(reading, "Observation")?;
    let root = document.root();
    let own = Object::new()
        .text("system", READING)
        .text("value", &id.to_string())
        .finish();
    let others = root.get("identifier").items();
    let others = others.filter(|other| !other.get("system").is_text(READING));
    let identifiers: Vec<&str> = std::iter::once(own.as_str())
        .chain(others.map(|other| other.raw()))
        .collect();
    let mut created =
        Object::resource("Observation").raw("identifier", &format!("[{}]", identifiers.join(",")));
    for (key, value) in root.fields() {
        let Some(name) = key.text() else { continue };
        if !matches!(&*name, "resourceType" | "id" | "meta" | "identifier") {
            created = created.raw(&name, value.raw());
        }
    }
    Ok(created.finish())
}

/// Which change made an Observation, by its identifier.
#[must_use]
pub fn change_of(observation: &str) -> Option<IntentId> {
    read::intent(observation, "Observation", READING)
}

/// The same Observation byte for byte under the id that a server gave it.
///
/// # Errors
/// When it is no Observation with an id.
pub fn with_id(observation: &str, id: &str) -> Result<String, FhirError> {
    read::with_text(observation, "Observation", "id", "a resource's id", id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::merge::{merge, says_the_same};

    const ID: &str = "01900000-0000-7000-8000-000000000000";
    const READ: &str = r#"{"resourceType":"Observation","id":"01900000-0000-7000-8000-000000000000","status":"final",
        "performer":[{"reference":"Patient/p"}],"valueQuantity":{"value":61.50 , "unit":"kg"}}"#;

    fn id() -> IntentId {
        ID.parse().unwrap()
    }

    #[test]
    fn a_reading_goes_out_without_an_id_and_is_known_by_its_identifier() {
        let created = to_be_created(READ, id()).unwrap();
        insta::assert_snapshot!(created);
        assert_eq!(change_of(&created), Some(id()));
        assert_eq!(to_be_created(&created, id()), Ok(created.clone()));
        assert_eq!(change_of(READ), None);
        let theirs = r#"[{"system":"urn:x","value":"7"}]"#;
        let known = READ.replace("\"status\"", &format!("\"identifier\":{theirs},\"status\""));
        let created = to_be_created(&known, id()).unwrap();
        assert!(
            created.contains(r#"{"system":"urn:x","value":"7"}]"#),
            "{created}"
        );
        assert!(to_be_created("{}", id()).is_err());
        for (system, value) in [("urn:x", ID), (READING, "7"), (READING, "")] {
            let json = format!(
                r#"{{"resourceType":"Observation","identifier":[{{"system":"{system}","value":"{value}"}}]}}"#
            );
            assert_eq!(change_of(&json), None, "{system} {value}");
        }
    }

    #[test]
    fn what_the_server_then_has_says_all_that_the_person_said() {
        let created = to_be_created(READ, id()).unwrap();
        let theirs = created.replacen('{', r#"{"id":"7","meta":{"versionId":"1"},"#, 1);
        let ours = with_id(READ, "7").unwrap();
        assert_eq!(ours, READ.replace(ID, "7"));
        let merged = merge("{}", &ours, &theirs).unwrap();
        assert!(merged.conflicts.is_empty());
        assert!(says_the_same(&merged.json, &theirs).unwrap());
        assert!(with_id("{}", "7").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String, inner in r#"[ \[\]{}",:a-z0-9]{0,40}"#) {
            for text in [text, format!("{{\"resourceType\":\"Observation\",{inner}}}")] {
                let _ = (to_be_created(&text, id()), change_of(&text), with_id(&text, "7"));
            }
        }
    }
}
