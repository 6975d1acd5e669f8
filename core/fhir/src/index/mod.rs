//! What a list, a search and a trend need of a resource, read in one pass.
//!
//! One file per group of resource types; each reads what it needs and adds rows to the book.
//! Nothing here can fail: the shape was checked before, and what is missing reads as nothing.

mod appointments;
mod documents;
mod images;
mod invoices;
mod medicines;
mod problems;
mod procedures;
mod results;
mod row;
mod vaccines;
mod visits;

use sokhoe_domain::{Entry, Point, ResourceKey, Timestamp};

use crate::json::{Document, Node};
use crate::{FhirError, read};
use row::Book;

/// What the vault keeps beside a resource's bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Indexed {
    /// The resource's type and id.
    pub key: ResourceKey,
    /// `meta.versionId`.
    pub version_id: Option<String>,
    /// `meta.lastUpdated`.
    pub last_updated: Option<Timestamp>,
    /// Whose it is, when it says so by a relative reference (`Patient/…`). For a Patient: itself.
    pub patient: Option<ResourceKey>,
    /// The rows it gives the book; none for directory and bookkeeping resources and for whatever
    /// was entered in error.
    pub entries: Vec<Entry>,
    /// The numbers it gives to trends.
    pub points: Vec<Point>,
    /// The Medication that it speaks of and does not name: [`Indexed::name_medicine`] puts the name in.
    pub medication: Option<ResourceKey>,
}

impl Indexed {
    /// Calls the medicine what its Medication, a resource of its own, says. A Medication that cannot
    /// be read or has no name changes nothing.
    pub fn name_medicine(&mut self, medication: &str) {
        let Ok(document) = Document::parse(medication) else {
            return;
        };
        let Some((name, folded)) = medicines::name_of(document.root()) else {
            return;
        };
        for entry in &mut self.entries {
            entry.title.clone_from(&name);
            if !entry.folded.is_empty() {
                entry.folded.push(' ');
            }
            entry.folded.push_str(&folded);
        }
    }
}

/// Reads one resource. A field of a wrong kind makes the entry poorer; only a text that is not a
/// resource at all is an error.
///
/// # Errors
/// `NotJson`, `NotAnObject`, `TooDeep`, `TooLong`, `MissingType`, `BadId`
pub fn index(json: &str) -> Result<Indexed, FhirError> {
    let document = Document::parse(json)?;
    let root = document.root();
    let key = key(root)?;
    let meta = root.get("meta");
    let mut book = Book::new(root, &key);
    let mut medication = None;
    if !entered_in_error(root) {
        add(&mut book, root, &key.kind);
        medication = medicines::unnamed(root, &key.kind);
    }
    let (entries, points) = book.into_parts();
    Ok(Indexed {
        version_id: meta.str("versionId").map(Into::into),
        last_updated: read::timestamp(meta.get("lastUpdated")),
        patient: patient(root, &key),
        key,
        entries,
        points,
        medication,
    })
}

/// The type and id of a resource.
pub(crate) fn key(root: Node<'_>) -> Result<ResourceKey, FhirError> {
    let kind = root
        .str("resourceType")
        .filter(|kind| {
            kind.len() <= 40
                && kind.starts_with(|c: char| c.is_ascii_uppercase())
                && kind.bytes().all(|b| b.is_ascii_alphabetic())
        })
        .ok_or(FhirError::MissingType)?;
    Ok(ResourceKey::new(kind, read::id(root)?))
}

fn add(book: &mut Book<'_>, root: Node<'_>, kind: &str) {
    match kind {
        "Observation" => results::observation(book, root),
        "DiagnosticReport" => results::report(book, root),
        kind if medicines::KINDS.contains(&kind) => medicines::medicine(book, root),
        "Encounter" => visits::encounter(book, root),
        "ImagingStudy" => images::study(book, root),
        "Media" => images::media(book, root),
        "Immunization" => vaccines::given(book, root),
        "ImmunizationRecommendation" => vaccines::recommended(book, root),
        "AllergyIntolerance" => problems::allergy(book, root),
        "Condition" => problems::condition(book, root),
        "FamilyMemberHistory" => problems::family(book, root),
        "Flag" | "DetectedIssue" | "AdverseEvent" => problems::warning(book, root),
        "Procedure" => procedures::procedure(book, root),
        "ServiceRequest" | "DeviceRequest" => procedures::request(book, root),
        "Appointment" => appointments::appointment(book, root),
        "Invoice" => invoices::invoice(book, root),
        "DocumentReference" | "DocumentManifest" => documents::reference(book, root),
        "QuestionnaireResponse" => documents::answers(book, root),
        "CareTeam" => documents::team(book, root),
        "Goal" => documents::goal(book, root),
        "Composition" | "CarePlan" | "ClinicalImpression" | "Communication" | "Consent"
        | "NutritionOrder" | "RiskAssessment" | "VisionPrescription" => {
            documents::other(book, root, kind);
        }
        _ => {}
    }
}

/// Whether the clinic says that it was never so.
fn entered_in_error(root: Node<'_>) -> bool {
    const CODE: &str = "entered-in-error";
    root.get("status").is_text(CODE)
        || root
            .get("verificationStatus")
            .get("coding")
            .items()
            .any(|coding| coding.get("code").is_text(CODE))
}

/// Whose it is.
fn patient(root: Node<'_>, key: &ResourceKey) -> Option<ResourceKey> {
    let is_patient = |key: &ResourceKey| key.kind == "Patient";
    if is_patient(key) {
        return Some(key.clone());
    }
    let direct = ["subject", "patient", "beneficiary", "for", "individual"]
        .into_iter()
        .find_map(|field| {
            root.get(field)
                .items()
                .find_map(|reference| read::key(reference).filter(is_patient))
        });
    direct.or_else(|| {
        root.get("participant")
            .items()
            .find_map(|participant| read::key(participant.get("actor")).filter(is_patient))
    })
}

#[cfg(test)]
mod tests;
