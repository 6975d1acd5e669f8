//! A fictional provincial hospital to show and to test with. No person in it is real.

mod departments;
mod doctors;
mod patients;
mod resources;
mod tables;

use crate::ClinicError;
use crate::clinic::Inner;

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

/// Fills the clinic; what is there already stays.
pub(crate) fn seed(inner: &Inner) -> Result<SeedReport, ClinicError> {
    inner.store.write(|tx| {
        resources::write(tx)?;
        tables::write(tx)
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
