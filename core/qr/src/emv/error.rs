use thiserror::Error;

/// A text that is not a whole EMVCo code, and where reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at character {position})")]
pub struct FormatError {
    /// What is wrong.
    pub kind: FormatErrorKind,
    /// The character, counted from 0, at which it is wrong.
    pub position: usize,
}

/// What is wrong with the form of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatErrorKind {
    /// The text does not begin with the payload format indicator, tag 00.
    #[error("not an EMVCo payment code")]
    NotEmv,
    /// The text does not end with tag 63 and four digits.
    #[error("the checksum is missing")]
    NoCrc,
    /// The checksum belongs to another text: a character was misread or changed.
    #[error("the checksum does not match")]
    WrongCrc,
    /// Tag 63 stands before the end.
    #[error("the checksum is not last")]
    CrcNotLast,
    /// Two digits were expected as a tag.
    #[error("a tag is not two digits")]
    BadTag,
    /// Two digits were expected as a length.
    #[error("a length is not two digits")]
    BadLength,
    /// Letters outside ASCII make it two different codes, by characters and by bytes: two apps would pay two
    /// different payments.
    #[error("the code can be read in two ways")]
    Ambiguous,
    /// A value is said to be longer than what is left.
    #[error("a value ends after its text")]
    Overrun,
}

impl FormatErrorKind {
    /// A stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotEmv => "not_emv",
            Self::NoCrc => "no_crc",
            Self::WrongCrc => "wrong_crc",
            Self::CrcNotLast => "crc_not_last",
            Self::BadTag => "bad_tag",
            Self::BadLength => "bad_length",
            Self::Ambiguous => "ambiguous",
            Self::Overrun => "overrun",
        }
    }

    pub(crate) fn at(self, position: usize) -> FormatError {
        FormatError {
            kind: self,
            position,
        }
    }
}
