//! A phone that puts the app to sleep.

use std::time::Duration;

use sokhoe_vault::VaultError;

use crate::error::AppError;
use crate::session::SoKhoe;

/// iOS ends an app that still holds a file lock some seconds after it went to the background; half a
/// second leaves the rest of them to the app.
const WITHIN: Duration = Duration::from_millis(500);

impl SoKhoe {
    /// Lets every file of every book go within half a second: to be called when the app goes to the
    /// background. What runs is interrupted and rolled back, a sync under way ends with
    /// [`AppError::Paused`], and so does every call until [`SoKhoe::resume`]; what was kept is kept.
    /// Calling it twice does no harm.
    ///
    /// # Errors
    /// [`AppError::Busy`] when something could not be interrupted in time: the files are let go as soon as
    /// it ends.
    pub fn pause(&self) -> Result<(), AppError> {
        match self.inner.switch.pause(WITHIN) {
            Err(VaultError::Busy) => Err(AppError::Busy {
                retry_after_seconds: 1,
            }),
            other => Ok(other?),
        }
    }

    /// Goes on after [`SoKhoe::pause`]; whoever observes a book is given it anew.
    pub fn resume(&self) {
        self.inner.switch.resume();
    }
}
