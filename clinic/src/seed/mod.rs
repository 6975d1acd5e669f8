//! A fictional provincial hospital to show and to test with. No person in it is real.

mod departments;
mod doctors;
mod patients;
mod resources;
mod tables;

use std::sync::Arc;

use sokhoe_domain::insurance::{FacilityLevel, InsuranceTerms};

use crate::access_log::Who;
use crate::clinic::Inner;
use crate::{ClinicError, insurance};

/// The hospital's name.
pub const HOSPITAL_NAME: &str = "Bệnh viện Đa khoa tỉnh Mường Thanh";

/// What is there after [`crate::Clinic::seed_hospital`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedReport {
    /// How many departments.
    pub departments: usize,
    /// How many doctors and technicians.
    pub doctors: usize,
    /// The Patients' ids; the first is the mother of the story, the second her son.
    pub patients: Vec<String>,
    /// The HealthcareServices' ids.
    pub services: Vec<String>,
}

/// The hospital's own code, as cards have it that are registered there.
pub(crate) const FACILITY: &str = "11001";

/// How the hospital stands to the health insurance: of the basic level, half of the benefit outside the right route.
fn terms() -> InsuranceTerms {
    InsuranceTerms {
        facility: FACILITY.to_owned(),
        level: FacilityLevel::Basic,
        outside_route_percent: 50,
        base_salary: InsuranceTerms::BASE_SALARY,
        small_cost_percent: InsuranceTerms::SMALL_COST_PERCENT,
    }
}

/// Fills the clinic; what is there already stays.
pub(crate) fn seed(inner: &Arc<Inner>) -> Result<SeedReport, ClinicError> {
    let office = Arc::clone(inner);
    inner.store.write(move |tx| {
        tx.by(Who::Import);
        resources::write(tx)?;
        tables::write(tx)?;
        // What somebody said of it, or that it is not told, stays.
        match insurance::is_said(tx.sql())? {
            true => Ok(()),
            false => insurance::set(tx, &office, Some(&terms())),
        }
    })?;
    inner.reload_calendar()?;
    Ok(SeedReport {
        departments: departments::DEPARTMENTS.len(),
        doctors: doctors::DOCTORS.len(),
        patients: patients::PATIENTS.iter().map(|p| p.id.to_owned()).collect(),
        services: departments::services()
            .map(|(_, s)| s.id.to_owned())
            .collect(),
    })
}
