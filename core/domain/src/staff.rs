//! Who works at a clinic, and why they may open a person's record.

/// What a member of staff does at the clinic: it decides what they may. The code is in the access log for ever: never another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StaffRole {
    /// Receives people, books for them, gives out numbers.
    Reception,
    /// Sees patients, calls them in.
    Doctor,
    /// Takes money and gives it back.
    Cashier,
    /// Answers the telephone.
    Operator,
    /// Lets staff in and sets the clinic up. No patient's record is theirs.
    Administrator,
}

impl StaffRole {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Reception,
        Self::Doctor,
        Self::Cashier,
        Self::Operator,
        Self::Administrator,
    ];

    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reception => "reception",
            Self::Doctor => "doctor",
            Self::Cashier => "cashier",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// Why a member of staff opens the record of somebody who is not here today. The person reads it. The code is in the access log
/// for ever: never another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessReason {
    /// Who opens it has to do with the person today: a booking, a number in the queue.
    Visit,
    /// The person, or who helps them, is on the telephone.
    Caller,
    /// The person stands there without a booking.
    AtCounter,
    /// There is a result or a document to hand out.
    HandOut,
    /// An emergency.
    Emergency,
    /// Something in the record is wrong and is to be put right.
    Correction,
    /// The person complained.
    Complaint,
}

impl AccessReason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Visit,
        Self::Caller,
        Self::AtCounter,
        Self::HandOut,
        Self::Emergency,
        Self::Correction,
        Self::Complaint,
    ];

    /// Those that somebody chooses; the other follows from what the clinic knows.
    pub const CHOSEN: [Self; 6] = [
        Self::Caller,
        Self::AtCounter,
        Self::HandOut,
        Self::Emergency,
        Self::Correction,
        Self::Complaint,
    ];

    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Caller => "caller",
            Self::AtCounter => "at-counter",
            Self::HandOut => "hand-out",
            Self::Emergency => "emergency",
            Self::Correction => "correction",
            Self::Complaint => "complaint",
        }
    }

    /// The reason of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back() {
        for role in StaffRole::ALL {
            assert_eq!(StaffRole::of_code(role.code()), Some(role));
        }
        for reason in AccessReason::ALL {
            assert_eq!(AccessReason::of_code(reason.code()), Some(reason));
        }
        assert_eq!(StaffRole::of_code("root"), None);
        assert_eq!(AccessReason::of_code(""), None);
    }
}
