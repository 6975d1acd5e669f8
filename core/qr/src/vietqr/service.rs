use std::fmt;

/// What a payment does (38.02).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// `QRIBFTTA`: a transfer to an account.
    ToAccount,
    /// `QRIBFTTC`: a transfer to a card.
    ToCard,
    /// `QRPUSH`: a payment to a merchant; also what an absent code means.
    Push,
    /// `QRCASH`: cash from a machine.
    Cash,
    /// A code that we do not know.
    Other(String),
}

/// Whether a code is for one payment or for many (tag 01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initiation {
    /// `11`: used many times.
    Static,
    /// `12`: one transaction.
    Dynamic,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ToAccount => "ToAccount",
            Self::ToCard => "ToCard",
            Self::Push => "Push",
            Self::Cash => "Cash",
            Self::Other(_) => "Other",
        })
    }
}

impl Service {
    pub(crate) fn read(code: &str) -> Self {
        match code {
            "QRIBFTTA" => Self::ToAccount,
            "QRIBFTTC" => Self::ToCard,
            "QRPUSH" => Self::Push,
            "QRCASH" => Self::Cash,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The code as it stands in 38.02.
    pub fn as_code(&self) -> &str {
        match self {
            Self::ToAccount => "QRIBFTTA",
            Self::ToCard => "QRIBFTTC",
            Self::Push => "QRPUSH",
            Self::Cash => "QRCASH",
            Self::Other(code) => code,
        }
    }

    /// Whether the amount limit of transfers holds.
    pub(crate) fn is_transfer(&self) -> bool {
        matches!(self, Self::ToAccount | Self::ToCard)
    }
}

impl Initiation {
    pub(crate) fn read(code: &str) -> Option<Self> {
        match code {
            "11" => Some(Self::Static),
            "12" => Some(Self::Dynamic),
            _ => None,
        }
    }

    /// The code as it stands in tag 01.
    pub fn as_code(self) -> &'static str {
        match self {
            Self::Static => "11",
            Self::Dynamic => "12",
        }
    }
}
