//! Who is on this phone, and with which clinics.

use sokhoe_domain::text::name_sort_key;
use sokhoe_vault::ClinicRecord;

use crate::error::AppError;
use crate::session::SoKhoe;
use crate::views::{ClinicView, PersonView};

impl SoKhoe {
    /// The people whose books are on this phone, by given name.
    ///
    /// # Errors
    /// What opening the account may give.
    pub fn persons(&self) -> Result<Vec<PersonView>, AppError> {
        let mut persons = self
            .inner
            .account()?
            .persons()?
            .into_iter()
            .map(|person| self.inner.person_view(person))
            .collect::<Result<Vec<_>, _>>()?;
        persons.sort_by_cached_key(|person| name_sort_key(&person.name));
        Ok(persons)
    }

    /// The clinics this phone is enrolled with.
    ///
    /// # Errors
    /// What opening the account may give.
    pub fn clinics(&self) -> Result<Vec<ClinicView>, AppError> {
        Ok(self
            .inner
            .account()?
            .clinics()?
            .into_iter()
            .map(clinic_view)
            .collect())
    }
}

pub(crate) fn clinic_view(clinic: ClinicRecord) -> ClinicView {
    ClinicView {
        id: clinic.id.0,
        name: clinic.name,
        base_url: clinic.base_url,
    }
}
