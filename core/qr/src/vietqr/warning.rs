use std::fmt;

use crate::bank::Bin;
use crate::emv::TagPath;

/// Something odd about a code that can be paid all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The checksum is in lower case, as one bank's app writes it.
    LowerCaseCrc,
    /// The code has letters outside ASCII; some bank apps refuse it.
    NotAscii,
    /// Lengths count bytes or units of UTF-16 instead of characters.
    OtherLengths,
    /// A value is empty.
    Empty(TagPath),
    /// A tag stands twice; nothing says which of the two counts.
    Duplicate(TagPath),
    /// The tag stands after tag 62, before which codes have it.
    OutOfOrder(TagPath),
    /// A value has characters that cannot be seen, and may look like another.
    Invisible,
    /// A value is longer than the standard allows.
    TooLong(TagPath),
    /// A value is none of those that the standard allows.
    Unexpected(TagPath),
    /// A tag that this kind of code needs is missing.
    Missing(TagPath),
    /// The value is not a template.
    NotTemplate(TagPath),
    /// The code is for many payments, yet has an amount.
    StaticWithAmount,
    /// The code is for one payment, yet has no amount.
    DynamicWithoutAmount,
    /// The table of banks does not know this one.
    UnknownBank(Bin),
    /// The service is none that we know.
    UnknownService,
    /// The fee tags 55, 56 and 57 contradict each other.
    FeeMismatch,
    /// The country is not Vietnam.
    ForeignCountry,
    /// The amount is not a whole number of đồng.
    BadAmount,
}

impl Warning {
    /// A stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::LowerCaseCrc => "lower_case_crc",
            Self::NotAscii => "not_ascii",
            Self::OtherLengths => "other_lengths",
            Self::Empty(_) => "empty",
            Self::Duplicate(_) => "duplicate_tag",
            Self::OutOfOrder(_) => "out_of_order",
            Self::Invisible => "invisible",
            Self::TooLong(_) => "too_long",
            Self::Unexpected(_) => "unexpected",
            Self::Missing(_) => "missing",
            Self::NotTemplate(_) => "not_template",
            Self::StaticWithAmount => "static_with_amount",
            Self::DynamicWithoutAmount => "dynamic_without_amount",
            Self::UnknownBank(_) => "unknown_bank",
            Self::UnknownService => "unknown_service",
            Self::FeeMismatch => "fee_mismatch",
            Self::ForeignCountry => "foreign_country",
            Self::BadAmount => "bad_amount",
        }
    }

    /// The tag it is about, where there is one.
    pub fn tag(self) -> Option<TagPath> {
        match self {
            Self::Empty(tag)
            | Self::Duplicate(tag)
            | Self::OutOfOrder(tag)
            | Self::TooLong(tag)
            | Self::Unexpected(tag)
            | Self::Missing(tag)
            | Self::NotTemplate(tag) => Some(tag),
            Self::LowerCaseCrc
            | Self::NotAscii
            | Self::OtherLengths
            | Self::StaticWithAmount
            | Self::DynamicWithoutAmount
            | Self::UnknownBank(_)
            | Self::UnknownService
            | Self::FeeMismatch
            | Self::ForeignCountry
            | Self::Invisible
            | Self::BadAmount => None,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        self.tag().map_or(Ok(()), |tag| write!(f, " {tag}"))
    }
}
