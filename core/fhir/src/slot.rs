//! Slots: the times of FHIR servers that are not ours, and what they are for.

use sokhoe_domain::{ResourceKey, Timestamp, VisitMode};

use crate::common::Coded;
use crate::json::{Document, Node};
use crate::{FhirError, read, visit};

/// What booking needs of a Slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotView {
    /// The logical id.
    pub id: String,
    /// `meta.versionId`.
    pub version: Option<String>,
    /// Whether it can be had.
    pub status: SlotStatus,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// The id of its Schedule, when that is at the same server.
    pub schedule: Option<String>,
    /// The first service type.
    pub service: Option<Coded>,
    /// The first specialty.
    pub specialty: Option<Coded>,
}

/// `Slot.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotStatus {
    /// Nobody has it.
    Free,
    /// Somebody has it.
    Busy,
    /// It is not for booking.
    BusyUnavailable,
    /// Somebody may have it.
    BusyTentative,
    /// Never meant.
    EnteredInError,
}

impl SlotStatus {
    /// The FHIR code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Busy => "busy",
            Self::BusyUnavailable => "busy-unavailable",
            Self::BusyTentative => "busy-tentative",
            Self::EnteredInError => "entered-in-error",
        }
    }

    /// The status of a FHIR code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [
            Self::Free,
            Self::Busy,
            Self::BusyUnavailable,
            Self::BusyTentative,
            Self::EnteredInError,
        ]
        .into_iter()
        .find(|status| status.code() == code)
    }
}

impl SlotView {
    /// Reads a Slot.
    ///
    /// # Errors
    /// When it is of another type, has no id, no status of FHIR's, or no begin and end.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Slot")?;
        let root = document.root();
        let time = |member: &str| {
            read::timestamp(root.get(member)).ok_or(FhirError::Unexpected {
                expected: "a slot's begin and end",
            })
        };
        Ok(Self {
            id: read::id(root)?,
            version: root.get("meta").str("versionId").map(Into::into),
            status: root
                .str("status")
                .and_then(|code| SlotStatus::from_code(&code))
                .ok_or(FhirError::Unexpected {
                    expected: "a slot's status",
                })?,
            start: time("start")?,
            end: time("end")?,
            schedule: read::reference(root.get("schedule"), "Schedule").map(|schedule| schedule.id),
            service: read::coded(root.get("serviceType")),
            specialty: read::coded(root.get("specialty")),
        })
    }
}

/// The same Slot byte for byte with another status.
///
/// # Errors
/// When `json` is not a Slot with a status.
pub fn with_status(json: &str, status: SlotStatus) -> Result<String, FhirError> {
    read::with_text(json, "Slot", "status", "a slot's status", status.code())
}

/// Who and what a Schedule is of, with what to show; only what is at the same server.
///
/// # Errors
/// When it is not a Schedule.
pub fn actors(schedule: &str) -> Result<Vec<(ResourceKey, String)>, FhirError> {
    let document = read::resource(schedule, "Schedule")?;
    Ok(document
        .root()
        .get("actor")
        .items()
        .filter_map(|actor| Some((read::key(actor)?, read::string(actor, "display"))))
        .collect())
}

/// The codes of a member that is a list of concepts, as (system, code): `serviceType` of a Slot or a
/// Schedule, `type` of a HealthcareService. None of what cannot be read.
#[must_use]
pub fn codes(resource: &str, member: &str) -> Vec<(String, String)> {
    let Ok(document) = Document::parse(resource) else {
        return Vec::new();
    };
    let concepts = document.root().get(member).items();
    concepts
        .flat_map(|concept: Node<'_>| concept.get("coding").items())
        .map(|coding| (read::string(coding, "system"), read::string(coding, "code")))
        .filter(|(_, code)| !code.is_empty())
        .collect()
}

/// Where doctor and patient meet, by what a Slot says of its service; nothing when it does not tell.
#[must_use]
pub fn mode(slot: &str) -> Option<VisitMode> {
    let document = Document::parse(slot).ok()?;
    visit::mode(document.root(), &["serviceCategory", "serviceType"])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: &str = r#"{ "resourceType":"Slot","id":"s1","meta":{"versionId":"3"}, "status" : "free","x":4.50,
        "schedule":{"reference":"Schedule/a"},"start":"2026-12-01T08:00:00+07:00","end":"2026-12-01T08:30:00+07:00",
        "serviceType":[{"coding":[{"system":"s","code":"57"},{"code":"x"}],"text":"Tim mạch"}]}"#;

    #[test]
    fn reads_what_booking_needs() {
        let slot = SlotView::from_json(SLOT).unwrap();
        assert_eq!(
            (slot.id.as_str(), slot.version.as_deref(), slot.status),
            ("s1", Some("3"), SlotStatus::Free)
        );
        assert_eq!(slot.schedule.as_deref(), Some("a"));
        assert_eq!(slot.service.unwrap().name, "Tim mạch");
        assert_eq!(
            codes(SLOT, "serviceType"),
            [
                ("s".to_owned(), "57".to_owned()),
                (String::new(), "x".to_owned())
            ]
        );
        for (from, to) in [
            ("\"free\"", "\"maybe\""),
            ("\"end\"", "\"until\""),
            ("\"Slot\"", "\"Schedule\""),
            ("\"s1\"", "\"a b\""),
        ] {
            assert!(
                SlotView::from_json(&SLOT.replace(from, to)).is_err(),
                "{to}"
            );
        }
    }

    #[test]
    fn another_status_leaves_every_other_byte() {
        assert_eq!(
            with_status(SLOT, SlotStatus::Busy).unwrap(),
            SLOT.replace("\"free\"", "\"busy\"")
        );
        assert!(with_status(r#"{"resourceType":"Slot"}"#, SlotStatus::Busy).is_err());
        assert!(
            with_status(
                r#"{"resourceType":"Task","status":"free"}"#,
                SlotStatus::Busy
            )
            .is_err()
        );
    }

    #[test]
    fn a_schedule_names_its_actors() {
        let schedule = r#"{"resourceType":"Schedule","id":"a","actor":[
            {"reference":"PractitionerRole/r","display":"BS. Mai"},{"display":"somebody"},{"reference":"Location/p"}]}"#;
        assert_eq!(
            actors(schedule).unwrap(),
            [
                (
                    ResourceKey::new("PractitionerRole", "r"),
                    "BS. Mai".to_owned()
                ),
                (ResourceKey::new("Location", "p"), String::new()),
            ]
        );
        assert!(actors(SLOT).is_err());
    }
}
