//! What can be wrong with FHIR JSON.

/// Why a text could not be read as what was asked for. The texts never hold personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FhirError {
    /// Not JSON; where reading stopped, counted from 1 (column in bytes).
    #[error("not JSON (line {line}, column {column})")]
    NotJson {
        /// The line.
        line: usize,
        /// The column, in bytes.
        column: usize,
    },
    /// JSON, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// Nested deeper than allowed.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The deepest nesting allowed.
        limit: usize,
    },
    /// Longer than this crate reads at once (4 GB).
    #[error("longer than can be read")]
    TooLong,
    /// No `resourceType`, or one that is not a type's name.
    #[error("no resource type")]
    MissingType,
    /// No `id`, or one that breaks FHIR's rule for ids.
    #[error("no valid resource id")]
    BadId,
    /// Something needed is missing or of another kind.
    #[error("expected {expected}")]
    Unexpected {
        /// What should have been there.
        expected: &'static str,
    },
}

impl FhirError {
    /// A stable code for logs and for what is set aside.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "not-json",
            Self::NotAnObject => "not-an-object",
            Self::TooDeep { .. } => "too-deep",
            Self::TooLong => "too-long",
            Self::MissingType => "missing-type",
            Self::BadId => "bad-id",
            Self::Unexpected { .. } => "unexpected",
        }
    }
}
