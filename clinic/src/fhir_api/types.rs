//! The resource types that are served, under which rule, and by what they can be searched. The routes, the
//! access rules and `metadata` all read this one table.

use sokhoe_domain::GrantScope::{Book, Pay, SeeEverything, SeeSummary};
use sokhoe_domain::{GrantScope, GrantScopes};

/// Who may see resources of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Every enrolled device.
    Directory,
    /// Those to whom the person is granted.
    Compartment,
    /// Those who may see the resource of a person that it belongs to: the one that its securityContext names, or
    /// one that refers to it. It is read by its id alone: neither searched nor in a feed.
    Referred,
}

/// A search parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Param {
    /// `_id`
    Id,
    /// `_lastUpdated`
    LastUpdated,
    /// `patient`
    Patient,
    /// `category`
    Category,
    /// `code`
    Code,
    /// `date`
    Date,
    /// `status`
    Status,
    /// `_include`
    Include,
    /// `_sort`, by which only the newest come first: `-date`.
    Sort,
}

impl Param {
    /// The name in a query.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "_id",
            Self::LastUpdated => "_lastUpdated",
            Self::Patient => "patient",
            Self::Category => "category",
            Self::Code => "code",
            Self::Date => "date",
            Self::Status => "status",
            Self::Include => "_include",
            Self::Sort => "_sort",
        }
    }

    /// FHIR's type of search parameter; `_include` and `_sort` are none.
    pub const fn kind(self) -> Option<&'static str> {
        match self {
            Self::Id | Self::Category | Self::Code | Self::Status => Some("token"),
            Self::LastUpdated | Self::Date => Some("date"),
            Self::Patient => Some("reference"),
            Self::Include | Self::Sort => None,
        }
    }
}

/// A type that is served.
#[derive(Debug)]
pub(crate) struct Served {
    pub name: &'static str,
    pub rule: Rule,
    /// Any one of these opens it, where it belongs to a person.
    pub scopes: GrantScopes,
    pub params: &'static [Param],
}

const DIRECTORY: &[Param] = &[Param::Id, Param::LastUpdated];
const OWN: &[Param] = &[Param::Id, Param::LastUpdated, Param::Patient];
const CODED: &[Param] = &[
    Param::Id,
    Param::LastUpdated,
    Param::Patient,
    Param::Category,
    Param::Code,
    Param::Date,
    Param::Status,
    Param::Sort,
];
const WITH_STATUS: &[Param] = &[Param::Id, Param::LastUpdated, Param::Patient, Param::Status];
const APPOINTMENT: &[Param] = &[
    Param::Id,
    Param::LastUpdated,
    Param::Patient,
    Param::Date,
    Param::Status,
];
const ROLE: &[Param] = &[Param::Id, Param::LastUpdated, Param::Include];

/// What `_include` brings along: the parameter's value and where the references stand.
pub(crate) const INCLUDES: &[(&str, &str, &str)] = &[
    (
        "PractitionerRole:practitioner",
        "Practitioner",
        "/practitioner",
    ),
    ("PractitionerRole:location", "Location", "/location"),
    (
        "PractitionerRole:service",
        "HealthcareService",
        "/healthcareService",
    ),
    (
        "PractitionerRole:organization",
        "Organization",
        "/organization",
    ),
];

const fn directory(name: &'static str) -> Served {
    Served {
        name,
        rule: Rule::Directory,
        scopes: GrantScopes::ALL,
        params: DIRECTORY,
    }
}

/// Opened by seeing everything alone.
const fn own(name: &'static str, params: &'static [Param]) -> Served {
    also(name, &[SeeEverything], params)
}

/// Opened by any of these.
const fn also(name: &'static str, scopes: &[GrantScope], params: &'static [Param]) -> Served {
    Served {
        name,
        rule: Rule::Compartment,
        scopes: GrantScopes::of(scopes),
        params,
    }
}

/// Allergies and current medicines.
const SUMMARY: &[GrantScope] = &[SeeEverything, SeeSummary];
/// What a visit is arranged with: next appointments are in the summary, too.
const VISITS: &[GrantScope] = &[SeeEverything, SeeSummary, Book];
/// The insurance is asked for in both.
const COVERED: &[GrantScope] = &[SeeEverything, Book, Pay];
const PAYING: &[GrantScope] = &[SeeEverything, Pay];

/// Every type that is served: the directory, and of FHIR's Patient compartment what belongs in a health book
/// (its administration does not: AuditEvent, Basic, Group, Person, …).
pub(crate) const TYPES: &[Served] = &[
    directory("HealthcareService"),
    directory("Location"),
    directory("Medication"),
    directory("Organization"),
    directory("Practitioner"),
    Served {
        name: "PractitionerRole",
        rule: Rule::Directory,
        scopes: GrantScopes::ALL,
        params: ROLE,
    },
    directory("Schedule"),
    own("Account", OWN),
    also("AllergyIntolerance", SUMMARY, OWN),
    also("Appointment", VISITS, APPOINTMENT),
    also("AppointmentResponse", VISITS, OWN),
    Served {
        name: "Binary",
        rule: Rule::Referred,
        scopes: GrantScopes::of(&[SeeEverything]),
        params: &[],
    },
    own("BodyStructure", OWN),
    own("CarePlan", OWN),
    own("CareTeam", OWN),
    own("ChargeItem", OWN),
    own("Claim", OWN),
    own("ClaimResponse", OWN),
    own("ClinicalImpression", OWN),
    own("Communication", OWN),
    own("CommunicationRequest", OWN),
    own("Composition", OWN),
    own("Condition", OWN),
    own("Consent", OWN),
    also("Coverage", COVERED, OWN),
    own("CoverageEligibilityRequest", OWN),
    own("CoverageEligibilityResponse", OWN),
    own("DetectedIssue", OWN),
    own("Device", OWN),
    own("DeviceRequest", OWN),
    own("DeviceUseStatement", OWN),
    own("DiagnosticReport", CODED),
    own("DocumentManifest", OWN),
    own("DocumentReference", OWN),
    own("Encounter", OWN),
    own("EpisodeOfCare", OWN),
    own("ExplanationOfBenefit", OWN),
    own("FamilyMemberHistory", OWN),
    own("Flag", OWN),
    own("Goal", OWN),
    own("ImagingStudy", OWN),
    own("Immunization", OWN),
    own("ImmunizationEvaluation", OWN),
    own("ImmunizationRecommendation", OWN),
    also("Invoice", PAYING, WITH_STATUS),
    own("List", OWN),
    own("Media", OWN),
    own("MedicationAdministration", OWN),
    own("MedicationDispense", OWN),
    also("MedicationRequest", SUMMARY, WITH_STATUS),
    also("MedicationStatement", SUMMARY, WITH_STATUS),
    own("MolecularSequence", OWN),
    own("NutritionOrder", OWN),
    own("Observation", CODED),
    also(
        "Patient",
        &GrantScope::ALL,
        &[Param::Id, Param::LastUpdated],
    ),
    also("PaymentNotice", PAYING, OWN),
    own("Procedure", OWN),
    own("Provenance", OWN),
    own("QuestionnaireResponse", OWN),
    own("RelatedPerson", OWN),
    own("RequestGroup", OWN),
    own("RiskAssessment", OWN),
    own("ServiceRequest", OWN),
    own("Specimen", OWN),
    own("SupplyDelivery", OWN),
    own("SupplyRequest", OWN),
    own("Task", OWN),
    own("VisionPrescription", OWN),
];

/// The entry of a type.
pub(crate) fn served(kind: &str) -> Option<&'static Served> {
    TYPES.iter().find(|served| served.name == kind)
}

/// Which scopes open a type of a person's; none: it is not served.
pub(crate) fn scopes_of(kind: &str) -> GrantScopes {
    served(kind).map_or_else(GrantScopes::default, |served| served.scopes)
}

/// The rule of a type; none: it is not served.
pub(crate) fn rule_of(kind: &str) -> Option<Rule> {
    served(kind).map(|served| served.rule)
}
