//! Which types there are, and which of them belong to a patient.

/// The types whose search parameter `patient` HAPI 8.8 knows.
pub const PATIENT_KINDS: &[&str] = &[
    "Account",
    "AllergyIntolerance",
    "Appointment",
    "AppointmentResponse",
    "AuditEvent",
    "Basic",
    "BodyStructure",
    "CarePlan",
    "CareTeam",
    "ChargeItem",
    "Claim",
    "ClaimResponse",
    "ClinicalImpression",
    "Communication",
    "CommunicationRequest",
    "Composition",
    "Condition",
    "Consent",
    "Contract",
    "Coverage",
    "CoverageEligibilityRequest",
    "CoverageEligibilityResponse",
    "DetectedIssue",
    "Device",
    "DeviceRequest",
    "DeviceUseStatement",
    "DiagnosticReport",
    "DocumentManifest",
    "DocumentReference",
    "Encounter",
    "EnrollmentRequest",
    "EpisodeOfCare",
    "ExplanationOfBenefit",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "GuidanceResponse",
    "ImagingStudy",
    "Immunization",
    "ImmunizationEvaluation",
    "ImmunizationRecommendation",
    "Invoice",
    "List",
    "MeasureReport",
    "Media",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationRequest",
    "MedicationStatement",
    "MolecularSequence",
    "NutritionOrder",
    "Observation",
    "Person",
    "Procedure",
    "Provenance",
    "QuestionnaireResponse",
    "RelatedPerson",
    "RequestGroup",
    "ResearchSubject",
    "RiskAssessment",
    "ServiceRequest",
    "Specimen",
    "SupplyDelivery",
    "Task",
    "VisionPrescription",
];

/// Those of them without a search parameter `subject`.
const WITHOUT_SUBJECT: &[&str] = &[
    "AllergyIntolerance",
    "Appointment",
    "AppointmentResponse",
    "AuditEvent",
    "BodyStructure",
    "Claim",
    "ClaimResponse",
    "Consent",
    "Coverage",
    "CoverageEligibilityRequest",
    "CoverageEligibilityResponse",
    "DetectedIssue",
    "Device",
    "EpisodeOfCare",
    "ExplanationOfBenefit",
    "FamilyMemberHistory",
    "Immunization",
    "ImmunizationEvaluation",
    "ImmunizationRecommendation",
    "MolecularSequence",
    "NutritionOrder",
    "Person",
    "Provenance",
    "RelatedPerson",
    "ResearchSubject",
    "SupplyDelivery",
    "VisionPrescription",
];

/// What belongs to no patient and is here all the same.
pub(super) const OTHER_KINDS: &[&str] = &[
    "AdverseEvent",
    "Binary",
    "ChargeItemDefinition",
    "Endpoint",
    "Group",
    "HealthcareService",
    "Location",
    "Medication",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Questionnaire",
    "Schedule",
    "Slot",
    "Substance",
];

pub(super) fn is_known(kind: &str) -> bool {
    PATIENT_KINDS.contains(&kind) || OTHER_KINDS.contains(&kind)
}

/// Whether `{kind}?patient=` is a search.
#[must_use]
pub fn has_patient(kind: &str) -> bool {
    PATIENT_KINDS.contains(&kind)
}

pub(super) fn has_subject(kind: &str) -> bool {
    (has_patient(kind) && !WITHOUT_SUBJECT.contains(&kind)) || kind == "AdverseEvent"
}

/// The members that a reference parameter looks into; none when it is no such parameter.
pub(super) fn members_of(kind: &str, parameter: &str) -> &'static [&'static str] {
    match parameter {
        "patient" if has_patient(kind) => &[
            "agent",
            "beneficiary",
            "candidate",
            "entity",
            "for",
            "individual",
            "link",
            "participant",
            "patient",
            "subject",
            "target",
        ],
        "subject" if has_subject(kind) => &["candidate", "for", "subject"],
        "actor" if matches!(kind, "Appointment" | "AppointmentResponse") => {
            &["actor", "participant"]
        }
        "actor" if kind == "Schedule" => &["actor"],
        "schedule" if kind == "Slot" => &["schedule"],
        "slot" if kind == "Appointment" => &["slot"],
        "practitioner" if matches!(kind, "PractitionerRole") => &["practitioner"],
        "practitioner" | "location" if kind == "Appointment" => &["participant"],
        "organization" if matches!(kind, "PractitionerRole" | "HealthcareService" | "Patient") => {
            &["managingOrganization", "organization", "providedBy"]
        }
        "location" if matches!(kind, "PractitionerRole" | "HealthcareService") => &["location"],
        "service" if kind == "PractitionerRole" => &["healthcareService"],
        "encounter" if has_patient(kind) => &["encounter"],
        _ => &[],
    }
}

/// The member that a token parameter looks into.
pub(super) fn token_member(kind: &str, parameter: &str) -> Option<&'static str> {
    match parameter {
        "identifier" if !matches!(kind, "Binary") => Some("identifier"),
        "status" if kind != "Patient" => Some("status"),
        "active" => Some("active"),
        "category" => Some("category"),
        "code" => Some("code"),
        _ => None,
    }
}

/// The member that a date parameter looks into.
pub(super) fn date_member(kind: &str, parameter: &str) -> Option<&'static str> {
    match (kind, parameter) {
        ("Slot", "start") | ("Appointment", "date") => Some("start"),
        ("Observation" | "DiagnosticReport", "date") => Some("effectiveDateTime"),
        ("Invoice", "date") => Some("date"),
        _ => None,
    }
}
