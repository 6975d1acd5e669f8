//! How the phone's clock stands to a clinic's, as far as that told the time since the app began.

use sokhoe_domain::ClinicId;

use crate::session::Session;

/// Clocks that differ by fewer minutes agree.
const CLOSE: u64 = 2;

impl Session {
    /// How many milliseconds the phone's clock is ahead of a clinic's; nothing when that is not known.
    pub(crate) fn phone_ahead(&self, clinic: &ClinicId) -> Option<i64> {
        let clinic = self.clinic(clinic.as_str()).ok()?;
        let host = self.client(&clinic).ok()?.origin();
        self.server_clocks.phone_ahead(&host)
    }

    /// By how much a clock is off, in words; nothing when it agrees.
    pub(crate) fn span_off(&self, ahead: i64) -> Option<String> {
        let minutes = ahead.unsigned_abs() / 60_000;
        let span = [
            ("days", (minutes / 1_440).to_string()),
            ("hours", (minutes / 60 % 24).to_string()),
            ("minutes", (minutes % 60).to_string()),
        ];
        (minutes >= CLOSE).then(|| self.words.say_with("report-span", &span))
    }
}
