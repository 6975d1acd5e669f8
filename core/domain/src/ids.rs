//! Identifiers as types.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;
use crate::ports::Rng;

/// A person whose health book this phone keeps. Made on the phone; clinics know it by other ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub String);

/// A clinic this phone is enrolled with: the id the clinic gave itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClinicId(pub String);

/// What a clinic speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wire {
    /// FHIR with the operations of ours: the feed, and booking as IHE has it.
    #[default]
    Clinic,
    /// Any FHIR R4 server.
    Server,
}

impl Wire {
    /// The text that is stored; never changed once released.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clinic => "clinic",
            Self::Server => "server",
        }
    }

    /// From the stored text.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Clinic, Self::Server]
            .into_iter()
            .find(|wire| wire.as_str() == text)
    }
}

macro_rules! string_id {
    ($name:ident) => {
        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}
string_id!(PersonId);
string_id!(ClinicId);

impl ClinicId {
    /// In the place of a clinic: what the person put into the book. Reserved, no clinic can have it.
    pub const OWN: &'static str = "own";

    /// [`ClinicId::OWN`] as an id.
    #[must_use]
    pub fn own() -> Self {
        Self(Self::OWN.to_owned())
    }

    /// Whether it stands for the person and not for a clinic.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.0 == Self::OWN
    }
}

/// The id of an intent: a UUIDv7 made before the first byte is sent, the same on every retry.
/// It becomes the id of the FHIR resource that the intent makes at the clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(Uuid);

impl IntentId {
    /// A new id from the given clock reading and random numbers.
    #[must_use]
    pub fn new(now: Timestamp, rng: &dyn Rng) -> Self {
        let mut random = [0_u8; 10];
        rng.fill(&mut random);
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for IntentId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self)
    }
}

impl Serialize for IntentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IntentId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A FHIR resource's type and logical id, e.g. `Observation/8f1c`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceKey {
    /// The resource type, e.g. `Observation`.
    pub kind: String,
    /// The logical id.
    pub id: String,
}

impl ResourceKey {
    /// From a type and an id.
    #[must_use]
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            id: id.into(),
        }
    }

    /// Reads a relative reference, e.g. `Patient/42` or `Patient/42/_history/1`. An absolute URL is
    /// read by its last two parts only when it is given with the server's own base by the caller.
    #[must_use]
    pub fn parse(reference: &str) -> Option<Self> {
        let mut parts = reference.split('/');
        let (kind, id) = (parts.next()?, parts.next()?);
        let versioned = match (parts.next(), parts.next(), parts.next()) {
            (None, None, None) => true,
            (Some("_history"), Some(version), None) => is_fhir_id(version),
            _ => false,
        };
        let kind_ok = kind.len() <= 40
            && kind.starts_with(|c: char| c.is_ascii_uppercase())
            && kind.chars().all(|c| c.is_ascii_alphabetic());
        (versioned && kind_ok && is_fhir_id(id)).then(|| Self::new(kind, id))
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

/// Whether a text is a FHIR `id`: 1 to 64 of `[A-Za-z0-9\-.]` (FHIR R4, 2.24.0.1).
#[must_use]
pub fn is_fhir_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;
    impl Rng for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn an_intent_id_is_a_uuid_v7_of_its_time() {
        let id = IntentId::new(Timestamp::from_millis(0x0190_0000_0000), &Zeros);
        assert_eq!(id.to_string(), "01900000-0000-7000-8000-000000000000");
        assert_eq!(id.to_string().parse::<IntentId>().unwrap(), id);
        assert!(is_fhir_id(&id.to_string()));
    }

    #[test]
    fn references_are_read_strictly() {
        assert_eq!(
            ResourceKey::parse("Patient/42"),
            Some(ResourceKey::new("Patient", "42"))
        );
        assert_eq!(
            ResourceKey::parse("Patient/42/_history/3"),
            Some(ResourceKey::new("Patient", "42"))
        );
        for bad in [
            "",
            "Patient",
            "Patient/",
            "/42",
            "patient/42",
            "Patient/4 2",
            "Patient/42/x",
            "http://a/Patient/42",
            "Patient/../42",
            "#inline",
        ] {
            assert_eq!(ResourceKey::parse(bad), None, "{bad}");
        }
    }
}
