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
    /// The person is on that waiting list already.
    AlreadyWaiting,
    /// What was offered to the person, who waits, is offered to them no longer.
    OfferOver,
    /// The person is there: what they are booked for is changed at the desk.
    CheckedIn,
    /// What is booked begins too soon for the person to change it by themselves.
    TooLate,
}

impl Refusal {
    /// Its code on the wire and in the database; never changed once released.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SlotTaken => "slot-taken",
            Self::NotOffered => "not-offered",
            Self::TooMany => "too-many",
            Self::AlreadyWaiting => "already-waiting",
            Self::OfferOver => "offer-over",
            Self::CheckedIn => "checked-in",
            Self::TooLate => "too-late",
        }
    }

    /// Every one.
    const ALL: [Self; 7] = [
        Self::SlotTaken,
        Self::NotOffered,
        Self::TooMany,
        Self::AlreadyWaiting,
        Self::OfferOver,
        Self::CheckedIn,
        Self::TooLate,
    ];

    /// The refusal of a code.
    pub(super) fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }

    /// As it is answered.
    pub(super) fn outcome(self) -> Outcome {
        let (kind, text) = match self {
            Self::SlotTaken => ("conflict", "Giờ này vừa có người đặt."),
            Self::NotOffered => ("business-rule", "Giờ này không có trong lịch khám."),
            Self::TooMany => ("business-rule", "Đã có đủ số lịch khám cho phép."),
            Self::AlreadyWaiting => ("business-rule", "Đã có tên trong danh sách chờ này."),
            Self::OfferOver => (
                "business-rule",
                "Giờ này đã chuyển cho người kế tiếp trong danh sách chờ.",
            ),
            Self::CheckedIn => (
                "business-rule",
                "Đã báo đến khám: chỉ đổi hoặc hủy được tại quầy tiếp đón.",
            ),
            Self::TooLate => (
                "business-rule",
                "Đã quá hạn tự đổi hoặc hủy lịch khám này: xin gọi cho cơ sở khám.",
            ),
        };
        Outcome::refused(kind, self.code(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a phone does not know it reads as unknown.
    #[test]
    fn phones_know_every_code() {
        for refusal in Refusal::ALL {
            let json = refusal.outcome().to_json();
            let read = Outcome::from_json(&json).unwrap();
            assert_eq!(read.refusal(), Some(refusal.code()));
        }
    }
}
