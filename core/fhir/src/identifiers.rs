//! Identifier systems of the two VN Core guides: one is written, both are read.

/// What an identifier of a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentifierKind {
    /// Citizen identity number (CCCD, căn cước).
    Cccd,
    /// The old identity card number (CMND).
    Cmnd,
    /// Health insurance (BHYT) number.
    Bhyt,
    /// Social insurance (BHXH) number.
    Bhxh,
    /// Passport.
    Passport,
    /// The clinic's own record number.
    RecordNumber,
    /// Birth certificate (GKS). Since 2016 it has the personal number that the child's citizen card will have.
    BirthCertificate,
    /// Number of the electronic health book (Sổ SKĐT).
    HealthBook,
}

impl IdentifierKind {
    /// The system that is written.
    #[must_use]
    pub const fn system(self) -> &'static str {
        match self {
            Self::Cccd => "http://fhir.hl7.org.vn/core/sid/cccd",
            Self::Cmnd => "http://fhir.hl7.org.vn/core/sid/cmnd",
            Self::Bhyt => "http://fhir.hl7.org.vn/core/sid/bhyt",
            Self::Bhxh => "http://fhir.hl7.org.vn/core/sid/bhxh",
            Self::Passport => "http://fhir.hl7.org.vn/core/sid/passport",
            Self::RecordNumber => "http://fhir.hl7.org.vn/core/sid/mrn",
            Self::BirthCertificate => "http://fhir.hl7.org.vn/core/sid/gks",
            Self::HealthBook => "http://fhir.hl7.org.vn/core/sid/so-skdt",
        }
    }

    /// What a system means, by either guide.
    #[must_use]
    pub fn from_system(system: &str) -> Option<Self> {
        // One guide's naming systems spell with dashes what its profiles spell with underscores.
        let name = SYSTEMS.iter().find_map(|base| system.strip_prefix(base))?;
        Some(match name.replace('_', "-").as_str() {
            "cccd" | "national-id" => Self::Cccd,
            "cmnd" | "citizen-id" => Self::Cmnd,
            "bhyt" | "insurance-number" => Self::Bhyt,
            "bhxh" => Self::Bhxh,
            "passport" | "passport-number" => Self::Passport,
            "mrn" | "patient-internal-id" => Self::RecordNumber,
            "gks" => Self::BirthCertificate,
            "so-skdt" => Self::HealthBook,
            _ => return None,
        })
    }
}

/// Where both guides keep their systems: that which is written first.
const SYSTEMS: [&str; 2] = [
    "http://fhir.hl7.org.vn/core/sid/",
    "http://fhir.ehealth.gov.vn/core/sid/",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_the_other_guide() {
        for kind in [
            IdentifierKind::Cccd,
            IdentifierKind::Cmnd,
            IdentifierKind::Bhyt,
            IdentifierKind::Bhxh,
            IdentifierKind::Passport,
            IdentifierKind::RecordNumber,
            IdentifierKind::BirthCertificate,
            IdentifierKind::HealthBook,
        ] {
            assert_eq!(IdentifierKind::from_system(kind.system()), Some(kind));
        }
        for (name, kind) in [
            ("national_id", IdentifierKind::Cccd),
            ("national-id", IdentifierKind::Cccd),
            ("citizen_id", IdentifierKind::Cmnd),
            ("insurance_number", IdentifierKind::Bhyt),
            ("passport_number", IdentifierKind::Passport),
            ("patient-internal-id", IdentifierKind::RecordNumber),
        ] {
            let system = format!("http://fhir.ehealth.gov.vn/core/sid/{name}");
            assert_eq!(IdentifierKind::from_system(&system), Some(kind));
        }
        assert_eq!(IdentifierKind::from_system("http://other/sid/cccd"), None);
        assert_eq!(IdentifierKind::from_system(""), None);
    }
}
