//! The person's own times of the day, for medicines that are to be taken so often a day.

use sokhoe_fhir::timing::DayTimes;

use crate::error::AppError;
use crate::session::SoKhoe;

/// When medicines are taken that a prescription gives so often a day without saying when: once in the morning;
/// twice in the morning and the evening; three times at noon, too; four times at night, too. In minutes since
/// midnight in Vietnam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTimesView {
    /// In the morning; 420 (07:00) unless it was set.
    pub morning: u32,
    /// At noon; 720 (12:00) unless it was set.
    pub noon: u32,
    /// In the evening; 1,080 (18:00) unless it was set.
    pub evening: u32,
    /// At night; 1,260 (21:00) unless it was set.
    pub night: u32,
}

impl From<DayTimes> for DayTimesView {
    fn from(day: DayTimes) -> Self {
        let [morning, noon, evening, night] = day.parts().map(u32::from);
        Self {
            morning,
            noon,
            evening,
            night,
        }
    }
}

impl SoKhoe {
    /// The times of the day on this phone, the same for all of its people.
    ///
    /// # Errors
    /// What opening the account may give.
    pub fn day_times(&self) -> Result<DayTimesView, AppError> {
        Ok(self.inner.account()?.day_times()?.into())
    }

    /// Sets the times of the day on this phone. What was scheduled of [`SoKhoe::reminders`] is to be asked for
    /// again. Prescriptions that name a time of the clock are not touched; meals and bedtime move along.
    ///
    /// # Errors
    /// [`AppError::Validation`] unless they are from 03:00 on, until 23:00, in their order and two hours apart;
    /// [`AppError::DiskFull`], what opening the account may give. The old times stay then.
    pub fn set_day_times(&self, times: DayTimesView) -> Result<DayTimesView, AppError> {
        let parts = [times.morning, times.noon, times.evening, times.night];
        let parts = parts.map(|minutes| u16::try_from(minutes).unwrap_or(u16::MAX));
        let day = DayTimes::new(parts).ok_or_else(|| {
            AppError::invalid("day_times", "must be 03:00 to 23:00, 2 hours apart")
        })?;
        self.inner.account()?.set_day_times(day)?;
        self.day_times()
    }
}
