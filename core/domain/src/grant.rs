//! What a helper may do for a person.

use serde::{Deserialize, Serialize};

/// One thing that a grant allows. A grant may hold several; nothing follows from another, but that
/// seeing everything includes the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantScope {
    /// Book, move and cancel appointments.
    Book,
    /// See the summary: allergies, current medicines, next appointments.
    SeeSummary,
    /// See the whole health book.
    SeeEverything,
    /// See invoices and pay them.
    Pay,
}

impl GrantScope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::Book, Self::SeeSummary, Self::SeeEverything, Self::Pay];
}
