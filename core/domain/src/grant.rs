//! What a helper may do for a person.

use std::fmt;

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

    /// The scope's bit, in codes and in databases. Never another one.
    #[must_use]
    pub const fn bit(self) -> u16 {
        match self {
            Self::Book => 1,
            Self::SeeSummary => 2,
            Self::SeeEverything => 4,
            Self::Pay => 8,
        }
    }
}

/// Several scopes; what a grant holds, or what any one of is enough for.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct GrantScopes(u16);

impl GrantScopes {
    /// Everything: what the person themselves may do.
    pub const ALL: Self = Self::of(&GrantScope::ALL);

    /// These.
    #[must_use]
    pub const fn of(scopes: &[GrantScope]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < scopes.len() {
            bits |= scopes[at].bit();
            at += 1;
        }
        Self(bits)
    }

    /// The scopes of these bits; nothing when one of them is of no scope.
    #[must_use]
    pub fn from_bits(bits: u16) -> Option<Self> {
        Some(Self(bits)).filter(|_| bits & !Self::ALL.0 == 0)
    }

    /// A bit for each.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this scope is among them.
    #[must_use]
    pub const fn has(self, scope: GrantScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether one of `others` is among them.
    #[must_use]
    pub const fn meets(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Whether all that `others` allow is allowed by them: seeing everything includes the summary.
    #[must_use]
    pub const fn include(self, others: Self) -> bool {
        let mut own = self.0;
        if self.has(GrantScope::SeeEverything) {
            own |= GrantScope::SeeSummary.bit();
        }
        others.0 & !own == 0
    }

    /// Them, in the order of [`GrantScope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = GrantScope> {
        GrantScope::ALL
            .into_iter()
            .filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<GrantScope> for GrantScopes {
    fn from_iter<I: IntoIterator<Item = GrantScope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Debug for GrantScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeing_everything_includes_the_summary_and_nothing_else_includes_anything() {
        for one in GrantScope::ALL {
            for other in GrantScope::ALL {
                let expected = one == other
                    || (one == GrantScope::SeeEverything && other == GrantScope::SeeSummary);
                let (one, other) = (GrantScopes::of(&[one]), GrantScopes::of(&[other]));
                assert_eq!(one.include(other), expected, "{one:?} {other:?}");
            }
        }
        assert!(GrantScopes::ALL.include(GrantScopes::ALL));
        assert!(GrantScopes::default().is_empty());
    }

    #[test]
    fn bits_say_the_scope_and_no_other() {
        assert_eq!(GrantScopes::ALL.bits(), 15);
        assert_eq!(GrantScopes::from_bits(16), None);
        for scope in GrantScope::ALL {
            let alone = GrantScopes::from_bits(scope.bit()).unwrap();
            assert_eq!(alone.iter().collect::<Vec<_>>(), [scope]);
            assert_eq!(alone, [scope].into_iter().collect());
        }
    }
}
