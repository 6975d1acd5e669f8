//! Why an intent is refused.

use sokhoe_fhir::Outcome;

/// Why a booking or a hold is refused. It stays so for its intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody else has the time.
    SlotTaken,
    /// The time is not offered, or not theirs.
    NotOffered,
    /// The person has as many as one may have.
    TooMany,
}

impl Refusal {
    /// Its code on the wire and in the database; never changed once released.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SlotTaken => "slot-taken",
            Self::NotOffered => "not-offered",
            Self::TooMany => "too-many",
        }
    }

    /// The refusal of a code.
    pub(super) fn of_code(code: &str) -> Option<Self> {
        [Self::SlotTaken, Self::NotOffered, Self::TooMany]
            .into_iter()
            .find(|refusal| refusal.code() == code)
    }

    /// As it is answered.
    pub(super) fn outcome(self) -> Outcome {
        let (kind, text) = match self {
            Self::SlotTaken => ("conflict", "Giờ này vừa có người đặt."),
            Self::NotOffered => ("business-rule", "Giờ này không có trong lịch khám."),
            Self::TooMany => ("business-rule", "Đã có đủ số lịch khám cho phép."),
        };
        Outcome::refused(kind, self.code(), text)
    }
}
