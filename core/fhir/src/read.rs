//! Readings that the views share.

use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::{IntentId, ResourceKey, Timestamp, Vnd};

use crate::FhirError;
use crate::common::{Coded, Ref};
use crate::json::{Document, Node, Object};

/// Parses a resource of one type.
pub(crate) fn resource<'a>(json: &'a str, kind: &'static str) -> Result<Document<'a>, FhirError> {
    let document = Document::parse(json)?;
    if document.root().get("resourceType").is_text(kind) {
        Ok(document)
    } else {
        Err(FhirError::Unexpected { expected: kind })
    }
}

/// The same resource byte for byte with another text in one of its members, which must be there.
pub(crate) fn with_text(
    json: &str,
    kind: &'static str,
    member: &str,
    expected: &'static str,
    text: &str,
) -> Result<String, FhirError> {
    let document = resource(json, kind)?;
    let span = Some(document.root().get(member))
        .filter(|old| old.text().is_some())
        .and_then(Node::span)
        .ok_or(FhirError::Unexpected { expected })?;
    let mut changed = json.to_owned();
    changed.replace_range(span, &quoted(text));
    Ok(changed)
}

/// What a person decided, of which a resource came, by an identifier of this system.
pub(crate) fn intent(json: &str, kind: &'static str, system: &str) -> Option<IntentId> {
    let document = resource(json, kind).ok()?;
    document
        .root()
        .get("identifier")
        .items()
        .filter(|identifier| identifier.get("system").is_text(system))
        .find_map(|identifier| identifier.str("value")?.parse().ok())
}

/// The logical id.
pub(crate) fn id(root: Node<'_>) -> Result<String, FhirError> {
    root.str("id")
        .filter(|id| is_fhir_id(id))
        .map(Into::into)
        .ok_or(FhirError::BadId)
}

/// A string member; empty when there is none.
pub(crate) fn string(node: Node<'_>, key: &str) -> String {
    node.str(key).map(Into::into).unwrap_or_default()
}

/// A `date`, `dateTime` or `instant`; a time without an offset (not FHIR) still gives its day.
pub(crate) fn timestamp(node: Node<'_>) -> Option<Timestamp> {
    let text = node.text()?;
    Timestamp::parse_fhir(&text).or_else(|| Timestamp::parse_fhir(text.get(..10)?))
}

/// The key of a relative reference.
pub(crate) fn key(reference: Node<'_>) -> Option<ResourceKey> {
    ResourceKey::parse(&reference.str("reference")?)
}

/// A relative reference to a resource of this type.
pub(crate) fn reference(node: Node<'_>, kind: &str) -> Option<Ref> {
    let key = key(node).filter(|key| key.kind == kind)?;
    Some(Ref::new(key.id, string(node, "display")))
}

/// The first coding of the first CodeableConcept, with its text as the name where there is one.
pub(crate) fn coded(concepts: Node<'_>) -> Option<Coded> {
    let concept = concepts.first();
    let coding = concept.get("coding").first();
    let coded = Coded {
        system: string(coding, "system"),
        code: string(coding, "code"),
        name: concept
            .str("text")
            .or_else(|| coding.str("display"))
            .map(Into::into)
            .unwrap_or_default(),
    };
    (!coded.code.is_empty() || !coded.name.is_empty()).then_some(coded)
}

/// The extension of this URL.
pub(crate) fn extension<'d>(node: Node<'d>, url: &str) -> Option<Node<'d>> {
    node.get("extension")
        .items()
        .find(|extension| extension.get("url").is_text(url))
}

/// An amount of Money in whole đồng.
pub(crate) fn vnd(money: Node<'_>) -> Option<Vnd> {
    if !money.get("currency").is_text("VND") {
        return None;
    }
    let digits = money.get("value").number()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.bytes().any(|b| b != b'0') {
        return None;
    }
    whole.parse().ok().map(Vnd::new)
}

/// Writes Money in đồng.
pub(crate) fn write_vnd(amount: Vnd) -> Object {
    Object::new()
        .raw("value", &amount.dong().to_string())
        .text("currency", "VND")
}

/// Writes a relative reference.
pub(crate) fn write_reference(kind: &str, to: &Ref) -> Object {
    let reference = if to.id.is_empty() {
        String::new()
    } else {
        format!("{kind}/{}", to.id)
    };
    Object::new()
        .text("reference", &reference)
        .text("display", &to.name)
}

/// Writes a CodeableConcept.
pub(crate) fn write_coded(coded: &Coded) -> Object {
    let coding = (!coded.code.is_empty()).then(|| {
        Object::new()
            .text("system", &coded.system)
            .text("code", &coded.code)
            .text("display", &coded.name)
    });
    Object::new()
        .list("coding", coding)
        .text("text", &coded.name)
}

/// Writes an extension with one value, e.g. `valueString`.
pub(crate) fn write_extension(url: &str, key: &str, json: &str) -> Object {
    Object::new().text("url", url).raw(key, json)
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    crate::json::push_string(&mut json, text);
    json
}
