//! Patients.

use crate::identifiers::IdentifierKind;
use crate::json::{Node, Object};
use crate::{FhirError, read};

/// What screens need of a FHIR Patient.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PatientView {
    /// The logical id at the clinic.
    pub id: String,
    /// The whole name as Vietnam writes it: family, middle, given; may be empty.
    pub name: String,
    /// `birthDate` as it came: a year, a month or a day.
    pub birth_date: Option<String>,
    /// `male`, `female`, `other`, `unknown`.
    pub gender: Option<String>,
    /// The first telephone number.
    pub phone: Option<String>,
    /// The identifiers.
    pub identifiers: Vec<Identifier>,
}

/// One identifier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identifier {
    /// The system; may be empty.
    pub system: String,
    /// The value.
    pub value: String,
}

impl Identifier {
    /// What it is, when the system is known.
    #[must_use]
    pub fn kind(&self) -> Option<IdentifierKind> {
        IdentifierKind::from_system(&self.system)
    }
}

impl PatientView {
    /// Reads a Patient resource.
    ///
    /// # Errors
    /// When it is not one or has no id.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Patient")?;
        let root = document.root();
        let phone = root
            .get("telecom")
            .items()
            .find(|t| t.get("system").is_text("phone"))
            .and_then(|t| t.str("value"));
        let identifiers = root.get("identifier").items().filter_map(|identifier| {
            Some(Identifier {
                system: read::string(identifier, "system"),
                value: identifier.str("value")?.into(),
            })
        });
        Ok(Self {
            id: read::id(root)?,
            name: human_name(root.get("name")),
            birth_date: root.str("birthDate").map(Into::into),
            gender: root.str("gender").map(Into::into),
            phone: phone.map(Into::into),
            identifiers: identifiers.collect(),
        })
    }

    /// Writes it as a FHIR R4 Patient.
    #[must_use]
    pub fn to_json(&self) -> String {
        let identifiers = self.identifiers.iter().map(|identifier| {
            Object::new()
                .text("system", &identifier.system)
                .text("value", &identifier.value)
        });
        let phone = self
            .phone
            .as_ref()
            .map(|phone| Object::new().text("system", "phone").text("value", phone));
        Object::resource("Patient")
            .text("id", &self.id)
            .list("identifier", identifiers)
            .list("name", [write_human_name(&self.name)])
            .list("telecom", phone)
            .maybe("gender", self.gender.as_deref())
            .maybe("birthDate", self.birth_date.as_deref())
            .finish()
    }

    /// The value of the first identifier of a kind.
    #[must_use]
    pub fn identifier(&self, kind: IdentifierKind) -> Option<&str> {
        self.identifiers
            .iter()
            .find(|identifier| identifier.kind() == Some(kind))
            .map(|identifier| identifier.value.as_str())
    }
}

/// The name to show of a list of HumanName: the official one, else the usual, else the first; its
/// text, else family and given names in Vietnam's order.
pub(crate) fn human_name(names: Node<'_>) -> String {
    let with_use = |code| names.items().find(move |n| n.get("use").is_text(code));
    let name = with_use("official")
        .or_else(|| with_use("usual"))
        .unwrap_or(names.first());
    if let Some(text) = name.str("text") {
        return text.trim().to_owned();
    }
    let mut whole = String::new();
    let parts = ["prefix", "family", "given"]
        .into_iter()
        .flat_map(|part| name.get(part).items())
        .filter_map(Node::text);
    for part in parts {
        if !whole.is_empty() {
            whole.push(' ');
        }
        whole.push_str(part.trim());
    }
    whole
}

/// Writes a name as text with its family name first, the given name last and the middle names
/// before it, as FHIR has them in `given`.
pub(crate) fn write_human_name(name: &str) -> Object {
    let mut words = name.split_whitespace();
    let family = words.next().unwrap_or("");
    let given: Vec<String> = words.map(read::quoted).collect();
    let object = Object::new().text("text", name);
    if given.is_empty() {
        return object;
    }
    object
        .text("family", family)
        .raw("given", &format!("[{}]", given.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_fhir_wants_it_and_comes_back() {
        let patient = PatientView {
            id: "bn1".to_owned(),
            name: "Nguyễn Thị Hoa".to_owned(),
            birth_date: Some("1952".to_owned()),
            gender: Some("female".to_owned()),
            phone: Some("0912345678".to_owned()),
            identifiers: vec![
                Identifier {
                    system: IdentifierKind::Cccd.system().to_owned(),
                    value: "001152012345".to_owned(),
                },
                Identifier {
                    system: String::new(),
                    value: "BN-7".to_owned(),
                },
            ],
        };
        let json = patient.to_json();
        insta::assert_snapshot!(json);
        assert_eq!(PatientView::from_json(&json).unwrap(), patient);
        assert_eq!(
            patient.identifier(IdentifierKind::Cccd),
            Some("001152012345")
        );
        assert_eq!(patient.identifier(IdentifierKind::Bhyt), None);
    }

    #[test]
    fn names_without_text_are_put_together() {
        for (name, whole) in [
            (
                r#"[{"family":"Nguyễn","given":["Văn","An"]}]"#,
                "Nguyễn Văn An",
            ),
            (
                r#"[{"use":"nickname","text":"Tí"},{"use":"official","family":"Lê","given":["Tí"]}]"#,
                "Lê Tí",
            ),
            (r#"[{"given":"An"}]"#, "An"),
            ("[]", ""),
            ("7", ""),
            (r#"[{"family":7,"given":[null,{}]}]"#, ""),
        ] {
            let json = format!(r#"{{"resourceType":"Patient","id":"1","name":{name}}}"#);
            assert_eq!(PatientView::from_json(&json).unwrap().name, whole, "{name}");
        }
        assert_eq!(
            PatientView::from_json(r#"{"resourceType":"Patient"}"#),
            Err(FhirError::BadId)
        );
    }
}
