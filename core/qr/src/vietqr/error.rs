use thiserror::Error;

use crate::emv::{FormatError, TagPath};

/// A text that cannot be paid as VietQR.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The form is broken: misread, cut off or not an EMVCo code.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The form is whole, but what it says cannot be paid. Never empty.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Problems(Vec<Problem>),
}

/// A reason why a well-formed code cannot be paid as VietQR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Tag 00 is not `01`.
    #[error("the payload format is unknown")]
    UnknownFormat,
    /// A tag stands twice, so that two apps could read two different payments.
    #[error("tag {0} stands twice")]
    Duplicate(TagPath),
    /// A template has nothing in it: the values that belong inside stand somewhere else, or are lost.
    #[error("the template {0} is empty")]
    EmptyTemplate(TagPath),
    /// The tag stands after tag 62, before which codes have it: a writer that counts beyond 99 leaves fields of
    /// tag 62 there, and the purpose may be lost.
    #[error("tag {0} stands in the wrong place")]
    OutOfOrder(TagPath),
    /// A value has characters that cannot be seen, and may look like another.
    #[error("a value has characters that cannot be seen")]
    Invisible,
    /// Tag 38 is missing, or its 00 is not that of NAPAS.
    #[error("there is no NAPAS template")]
    NotNapas,
    /// 38.01 is missing, or is not a template.
    #[error("the payee is missing")]
    NoBeneficiary,
    /// The bank is not six digits.
    #[error("the bank is not six digits")]
    BadBin,
    /// The account is missing.
    #[error("the account is missing")]
    NoAccount,
    /// The account is too long or has characters that no account has.
    #[error("the account number is malformed")]
    BadAccount,
    /// The service code stands inside 38.01 instead of beside it.
    #[error("the service code stands inside the payee")]
    ServiceInsideBeneficiary,
    /// Tag 01 is neither `11` nor `12`.
    #[error("the point of initiation is unknown")]
    BadInitiation,
    /// Tag 53 is missing.
    #[error("the currency is missing")]
    NoCurrency,
    /// Tag 53 is not 704.
    #[error("the currency is not Vietnamese đồng")]
    NotVnd,
    /// Tag 54 is not a whole number of at most 13 digits.
    #[error("the amount is malformed")]
    BadAmount,
    /// Tag 54 is zero.
    #[error("the amount is zero")]
    ZeroAmount,
    /// A transfer must stay below 500,000,000 đồng.
    #[error("the amount is above the limit of a transfer")]
    AmountTooLarge,
    /// Tag 55 is none of `01`, `02`, `03`.
    #[error("the fee indicator is unknown")]
    BadFeeIndicator,
}

impl ReadError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Format(error) => error.kind.code(),
            Self::Problems(problems) => {
                problems.first().map_or("problem", |problem| problem.code())
            }
        }
    }

    /// Where the form is broken, in characters from 0; unset for semantic problems.
    pub fn position(&self) -> Option<usize> {
        match self {
            Self::Format(error) => Some(error.position),
            Self::Problems(_) => None,
        }
    }
}

impl Problem {
    /// A stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownFormat => "unknown_format",
            Self::Duplicate(_) => "duplicate_tag",
            Self::EmptyTemplate(_) => "empty_template",
            Self::OutOfOrder(_) => "out_of_order",
            Self::Invisible => "invisible",
            Self::NotNapas => "not_napas",
            Self::NoBeneficiary => "no_beneficiary",
            Self::BadBin => "bad_bin",
            Self::NoAccount => "no_account",
            Self::BadAccount => "bad_account",
            Self::ServiceInsideBeneficiary => "service_inside_beneficiary",
            Self::BadInitiation => "bad_initiation",
            Self::NoCurrency => "no_currency",
            Self::NotVnd => "not_vnd",
            Self::BadAmount => "bad_amount",
            Self::ZeroAmount => "zero_amount",
            Self::AmountTooLarge => "amount_too_large",
            Self::BadFeeIndicator => "bad_fee_indicator",
        }
    }
}
