//! CapabilityStatement: what a server says it can.

use crate::json::Node;
use crate::{FhirError, read};

/// What the client needs of a CapabilityStatement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapabilityView {
    /// `fhirVersion`, e.g. `4.0.1`.
    pub fhir_version: String,
    /// The software's name; may be empty.
    pub software: String,
    /// The software's version; may be empty.
    pub software_version: String,
    /// Operations as `Type/$name`, or `$name` for one on the whole system.
    pub operations: Vec<String>,
    /// Interactions of the whole system, e.g. `batch`, `transaction`, `history-system`.
    pub interactions: Vec<String>,
    /// The resource types with their interactions, e.g. `Patient` and `read`, `search-type`.
    pub resources: Vec<ResourceCapability>,
}

/// What a server can with one resource type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceCapability {
    /// The type.
    pub kind: String,
    /// The interactions' codes.
    pub interactions: Vec<String>,
    /// The names of the search parameters.
    pub search_params: Vec<String>,
    /// What may come along with a search, e.g. `Slot:schedule`.
    pub search_includes: Vec<String>,
    /// How it keeps versions, e.g. `versioned-update`; may be empty.
    pub versioning: String,
    /// Whether a client may give a new resource its id; unset when the server does not say.
    pub update_create: Option<bool>,
}

impl CapabilityView {
    /// Reads a CapabilityStatement resource.
    ///
    /// # Errors
    /// When it is not one or has no `fhirVersion`.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "CapabilityStatement")?;
        let root = document.root();
        let software = root.get("software");
        let mut view = Self {
            fhir_version: root
                .str("fhirVersion")
                .ok_or(FhirError::Unexpected {
                    expected: "fhirVersion",
                })?
                .into(),
            software: read::string(software, "name"),
            software_version: read::string(software, "version"),
            ..Self::default()
        };
        for rest in root.get("rest").items() {
            if rest.get("mode").is_text("client") {
                continue;
            }
            view.operations.extend(operations(rest, ""));
            view.interactions.extend(texts(rest, "interaction", "code"));
            for resource in rest.get("resource").items() {
                let Some(kind) = resource.str("type") else {
                    continue;
                };
                view.operations
                    .extend(operations(resource, &format!("{kind}/")));
                view.resources.push(ResourceCapability {
                    kind: kind.into(),
                    interactions: texts(resource, "interaction", "code"),
                    search_params: texts(resource, "searchParam", "name"),
                    search_includes: resource
                        .get("searchInclude")
                        .items()
                        .filter_map(Node::text)
                        .map(Into::into)
                        .collect(),
                    versioning: read::string(resource, "versioning"),
                    update_create: resource.get("updateCreate").bool(),
                });
            }
        }
        Ok(view)
    }

    /// Whether an operation is offered, e.g. `Appointment/$find`.
    #[must_use]
    pub fn offers(&self, operation: &str) -> bool {
        self.operations.iter().any(|o| o == operation)
    }

    /// Whether an interaction of the whole system is offered, e.g. `transaction`.
    #[must_use]
    pub fn can_as_system(&self, interaction: &str) -> bool {
        self.interactions.iter().any(|i| i == interaction)
    }

    /// Whether a type can be searched by a parameter.
    #[must_use]
    pub fn can_search_by(&self, kind: &str, param: &str) -> bool {
        self.resources
            .iter()
            .any(|r| r.kind == kind && r.search_params.iter().any(|p| p == param))
    }

    /// What is said of a type, when anything is.
    #[must_use]
    pub fn resource(&self, kind: &str) -> Option<&ResourceCapability> {
        self.resources.iter().find(|r| r.kind == kind)
    }

    /// Whether an interaction is offered, e.g. `Slot` and `search-type`.
    #[must_use]
    pub fn can(&self, kind: &str, interaction: &str) -> bool {
        self.resources
            .iter()
            .any(|r| r.kind == kind && r.interactions.iter().any(|i| i == interaction))
    }
}

/// One text of each element of an array.
fn texts(part: Node<'_>, array: &str, name: &str) -> Vec<String> {
    part.get(array)
        .items()
        .filter_map(|element| element.str(name))
        .map(Into::into)
        .collect()
}

/// The operations of a part, with `$` whether or not the server wrote it.
fn operations(part: Node<'_>, prefix: &str) -> Vec<String> {
    part.get("operation")
        .items()
        .filter_map(|operation| operation.str("name"))
        .map(|name| format!("{prefix}${}", name.trim_start_matches('$')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_server_offers() {
        let json = r#"{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1",
            "software":{"name":"sokhoe","version":"0.1.0"},
            "rest":[{"mode":"server","operation":[{"name":"versions"}],"resource":[
                {"type":"Appointment","interaction":[{"code":"read"},{"code":"search-type"}],
                 "versioning":"versioned-update","updateCreate":false,"searchInclude":["*","Appointment:slot"],
                 "operation":[{"name":"find","definition":"x"},{"name":"$book"}]}, 7]}]}"#;
        let view = CapabilityView::from_json(json).unwrap();
        assert_eq!(view.fhir_version, "4.0.1");
        assert_eq!(
            (view.software.as_str(), view.software_version.as_str()),
            ("sokhoe", "0.1.0")
        );
        assert_eq!(
            view.operations,
            ["$versions", "Appointment/$find", "Appointment/$book"]
        );
        assert!(view.offers("Appointment/$book") && !view.offers("Appointment/$hold"));
        assert!(view.can("Appointment", "read") && !view.can("Slot", "read"));
        let appointment = view.resource("Appointment").unwrap();
        assert_eq!(appointment.search_includes, ["*", "Appointment:slot"]);
        assert_eq!(appointment.versioning, "versioned-update");
        assert_eq!(appointment.update_create, Some(false));
        assert_eq!(view.resource("Slot"), None);
        assert!(CapabilityView::from_json(r#"{"resourceType":"CapabilityStatement"}"#).is_err());
    }
}
