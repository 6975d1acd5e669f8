//! What a system may: SMART's scopes of version 2, of which only reading is given (`system/Observation.rs`).

use std::collections::BTreeMap;
use std::fmt;

use crate::fhir_api::types::rule_of;

/// A scope that is none of those that are given here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "scopes are like system/*.rs or system/Observation.r, of types that are served, and only r and s"
)]
pub struct BadScope;

/// What a system wants to do with a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Read one by its id.
    Read,
    /// Search.
    Search,
}

/// Reading and searching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Opened {
    read: bool,
    search: bool,
}

impl Opened {
    fn or(self, other: Self) -> Self {
        Self {
            read: self.read || other.read,
            search: self.search || other.search,
        }
    }

    fn includes(self, other: Self) -> bool {
        self.or(other) == self
    }

    fn has(self, doing: Doing) -> bool {
        match doing {
            Doing::Read => self.read,
            Doing::Search => self.search,
        }
    }
}

/// Scopes of a system, e.g. `system/*.rs` or `system/Patient.r system/Observation.rs`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemScopes {
    /// Of every type.
    all: Opened,
    types: BTreeMap<String, Opened>,
}

impl SystemScopes {
    /// Reads scopes, one space between two.
    ///
    /// # Errors
    /// [`BadScope`] for none, and for one that is not given here.
    pub fn read(text: &str) -> Result<Self, BadScope> {
        let mut scopes = Self::default();
        for scope in text.split_ascii_whitespace() {
            let one = Self::one(scope).ok_or(BadScope)?;
            scopes = scopes.and(&one);
        }
        if scopes == Self::default() {
            return Err(BadScope);
        }
        Ok(scopes)
    }

    fn one(scope: &str) -> Option<Self> {
        let (kind, letters) = scope.strip_prefix("system/")?.split_once('.')?;
        let opened = Opened {
            read: letters.starts_with('r'),
            search: letters.ends_with('s'),
        };
        let mut scopes = Self::default();
        match (letters, kind) {
            ("r" | "s" | "rs", "*") => scopes.all = opened,
            ("r" | "s" | "rs", kind) if rule_of(kind).is_some() => {
                scopes.types.insert(kind.to_owned(), opened);
            }
            _ => return None,
        }
        Some(scopes)
    }

    fn and(mut self, other: &Self) -> Self {
        self.all = self.all.or(other.all);
        for (kind, opened) in &other.types {
            let place = self.types.entry(kind.clone()).or_default();
            *place = place.or(*opened);
        }
        self
    }

    fn of(&self, kind: &str) -> Opened {
        let of_type = self.types.get(kind).copied().unwrap_or_default();
        self.all.or(of_type)
    }

    /// Whether this may be done with a type.
    pub(crate) fn open(&self, kind: &str, doing: Doing) -> bool {
        self.of(kind).has(doing)
    }

    /// The types that may be read; nothing when all may.
    pub(crate) fn read_types(&self) -> Option<Vec<&str>> {
        let of_types = self.types.iter().filter(|(_, opened)| opened.read);
        (!self.all.read).then(|| of_types.map(|(kind, _)| kind.as_str()).collect())
    }

    /// Of what is asked for what is given: each scope that is included, and no other. Nothing when none is.
    pub(crate) fn given(&self, asked: &str) -> Option<Self> {
        let mut given = Self::default();
        for scope in asked.split_ascii_whitespace().filter_map(Self::one) {
            let of_types = |(kind, opened): (&String, &Opened)| self.of(kind).includes(*opened);
            if self.all.includes(scope.all) && scope.types.iter().all(of_types) {
                given = given.and(&scope);
            }
        }
        (given != Self::default()).then_some(given)
    }
}

/// As SMART writes them, in one order.
impl fmt::Display for SystemScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = (!self.all.eq(&Opened::default())).then_some(("*", self.all));
        let types = self
            .types
            .iter()
            .map(|(kind, opened)| (kind.as_str(), *opened));
        for (number, (kind, opened)) in all.into_iter().chain(types).enumerate() {
            let space = if number > 0 { " " } else { "" };
            let (read, search) = (
                if opened.read { "r" } else { "" },
                if opened.search { "s" } else { "" },
            );
            write!(f, "{space}system/{kind}.{read}{search}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_open_what_they_say_and_nothing_else() {
        let scopes = SystemScopes::read("system/Observation.r  system/Patient.rs").unwrap();
        assert_eq!(scopes.to_string(), "system/Observation.r system/Patient.rs");
        assert!(scopes.open("Observation", Doing::Read));
        assert!(!scopes.open("Observation", Doing::Search));
        assert!(!scopes.open("Condition", Doing::Read));
        assert_eq!(scopes.read_types(), Some(vec!["Observation", "Patient"]));
        let all = SystemScopes::read("system/*.rs").unwrap();
        assert!(all.open("Condition", Doing::Search));
        assert_eq!(all.read_types(), None);
        for bad in [
            "",
            "system/*.cruds",
            "system/*.sr",
            "system/*.",
            "system/*",
            "system/Nothing.r",
            "system/Observation.r?category=x",
            "patient/Observation.rs",
            "user/*.rs",
            "system/*.read",
            "system/*.rs system/x.r",
        ] {
            assert_eq!(SystemScopes::read(bad), Err(BadScope), "{bad}");
        }
    }

    #[test]
    fn nothing_is_given_that_was_not_registered() {
        let given = |registered: &str, asked: &str| {
            let scopes = SystemScopes::read(registered).unwrap();
            scopes.given(asked).map(|given| given.to_string())
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            given("system/*.rs", "system/Patient.r"),
            text("system/Patient.r")
        );
        assert_eq!(given("system/*.r", "system/*.rs"), None);
        assert_eq!(given("system/Patient.rs", "system/*.rs"), None);
        assert_eq!(
            given(
                "system/Patient.rs",
                "system/Patient.s system/Observation.r openid"
            ),
            text("system/Patient.s")
        );
        assert_eq!(given("system/Patient.rs", ""), None);
    }
}
