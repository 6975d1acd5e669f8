//! How long the way to a clinic takes, so that the phone can say when to leave.

use std::time::Duration;

use sokhoe_domain::ClinicId;

use crate::error::AppError;
use crate::session::SoKhoe;

/// The longest way, in minutes: a day.
const LONGEST: u32 = 24 * 60;

impl SoKhoe {
    /// How many minutes the way from home to a clinic takes; nothing unless somebody told it on this phone.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a clinic that is not on this phone; what opening the account may give.
    pub fn travel_minutes(&self, clinic_id: &str) -> Result<Option<u32>, AppError> {
        self.inner.clinic(clinic_id)?;
        let told = self.inner.account()?.travel_times()?;
        let way = told.get(&ClinicId::from(clinic_id));
        Ok(way.and_then(|way| u32::try_from(way.as_secs() / 60).ok()))
    }

    /// Tells how many minutes the way from home to a clinic takes, for all people on this phone; nothing forgets it.
    /// [`SoKhoe::reminders`] then say when to leave; what was scheduled of them is to be asked for again.
    ///
    /// # Errors
    /// [`AppError::Validation`] unless it is 1 minute to a day; [`AppError::NotFound`] for a clinic that is not on this
    /// phone; [`AppError::DiskFull`], what opening the account may give. What was told before stays then.
    pub fn set_travel_minutes(
        &self,
        clinic_id: &str,
        minutes: Option<u32>,
    ) -> Result<Option<u32>, AppError> {
        self.inner.clinic(clinic_id)?;
        if minutes.is_some_and(|minutes| !(1..=LONGEST).contains(&minutes)) {
            return Err(AppError::invalid("minutes", "must be 1 minute to a day"));
        }
        let way = minutes.map(|minutes| Duration::from_mins(minutes.into()));
        let account = self.inner.account()?;
        account.set_travel_time(&ClinicId::from(clinic_id), way)?;
        self.travel_minutes(clinic_id)
    }
}
