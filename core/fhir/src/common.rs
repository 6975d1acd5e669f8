//! Small types that several resources share.

/// A reference to a resource of a known type: its id and what to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ref {
    /// The logical id at the clinic.
    pub id: String,
    /// What to show; may be empty.
    pub name: String,
}

impl Ref {
    /// From an id and a name.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
        }
    }
}

/// A code with its name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coded {
    /// The code system; may be empty.
    pub system: String,
    /// The code; may be empty when only words are known.
    pub code: String,
    /// What to show; may be empty.
    pub name: String,
}
