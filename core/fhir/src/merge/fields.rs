//! Whose words a field holds.

use crate::json::{Document, Node};

/// Who decides over a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// The clinic: a fact of its record.
    Clinic,
    /// The person.
    Patient,
    /// Whoever signed each of its notes.
    WhoeverSigned,
}

/// What a person may write into their Patient.
pub(super) const OF_PATIENT: [&str; 4] = ["telecom", "address", "contact", "communication"];

/// Who decides over a member of a resource.
pub(super) fn author(kind: &str, name: &str, is_own: bool) -> Author {
    let values = name.strip_prefix('_').unwrap_or(name);
    match (kind, values) {
        // What names a resource and its version is the server's always.
        (_, "resourceType" | "id" | "meta") => Author::Clinic,
        ("Observation", _) if is_own => Author::Patient,
        // Who may help, and for how long.
        ("Consent", "status" | "provision") => Author::Patient,
        ("Patient", _) if OF_PATIENT.contains(&values) => Author::Patient,
        (_, "note") => Author::WhoeverSigned,
        _ => Author::Clinic,
    }
}

/// Whether an Observation is the person's own: nobody but the person, or who is close to them, performed it.
///
/// A text that cannot be read is nobody's.
#[must_use]
pub fn is_own_observation(json: &str) -> bool {
    Document::parse(json).is_ok_and(|document| is_performed_by_patient(document.root()))
}

/// As it began, or as the person made it, and as the clinic has it.
pub(super) fn is_own(
    base: Option<Node<'_>>,
    ours: Option<Node<'_>>,
    theirs: Option<Node<'_>>,
) -> bool {
    let began = base.filter(|base| base.fields().next().is_some()).or(ours);
    began.is_some_and(is_performed_by_patient) && theirs.is_some_and(is_performed_by_patient)
}

fn is_performed_by_patient(resource: Node<'_>) -> bool {
    let performers = resource.get("performer");
    resource.get("resourceType").is_text("Observation")
        && performers.first().exists()
        && performers.items().all(is_person)
}

/// Whether a note is of the person, or of who is close to them.
pub(super) fn is_signed_by_patient(note: Node<'_>) -> bool {
    is_person(note.get("authorReference"))
}

fn is_person(reference: Node<'_>) -> bool {
    reference.str("reference").is_some_and(|reference| {
        let mut parts = reference.rsplit('/');
        let kind = parts.nth(1);
        matches!(kind, Some("Patient" | "RelatedPerson"))
    })
}
