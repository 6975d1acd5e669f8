use std::fmt;

use minicbor::{Decode, Encode};
use ring::signature::Ed25519KeyPair;
use sokhoe_domain::Timestamp;

use super::fields::{instant, is_name, seconds};
use super::key::PublicKey;
use super::refusal::{Refusal, SignError};
use super::unproven::{Code, Trust, Unproven, sign_carried};
use super::wire::{Kind, Unverified};
use crate::health_link::HealthLink;

/// A SMART Health Link that a clinic signed: lets a doctor elsewhere see a document, and know from
/// whom it is before anything is fetched.
#[derive(Clone, PartialEq, Eq)]
pub struct ShareLink {
    /// Where the document is, and the key that opens it. It must expire.
    pub link: HealthLink,
    /// The name of the clinic that answers for it.
    pub clinic_name: String,
    /// The key with which the clinic signs.
    pub public_key: PublicKey,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire<'a> {
    #[n(0)]
    url: &'a str,
    #[cbor(n(1), with = "minicbor::bytes")]
    key: [u8; 32],
    #[n(2)]
    expires_seconds: i64,
    #[n(3)]
    flags: u8,
    #[n(4)]
    label: &'a str,
    #[n(5)]
    clinic_name: &'a str,
    #[cbor(n(6), with = "minicbor::bytes")]
    public_key: [u8; 32],
}

const LONG_TERM: u8 = 1;
const PASSCODE: u8 = 2;
const SINGLE_FILE: u8 = 4;

impl ShareLink {
    /// Signs it, with the pair whose public half it carries.
    ///
    /// # Errors
    /// [`SignError`]
    pub fn sign(&self, key: &Ed25519KeyPair) -> Result<String, SignError> {
        // Without an end it is not sound, and not signed.
        let expires = self.link.expires.unwrap_or_default();
        let flag = |is_set, bit| if is_set { bit } else { 0 };
        let wire = Wire {
            url: &self.link.url,
            key: *self.link.key(),
            expires_seconds: seconds(expires),
            flags: flag(self.link.long_term, LONG_TERM)
                | flag(self.link.passcode, PASSCODE)
                | flag(self.link.single_file, SINGLE_FILE),
            label: self.link.label.as_deref().unwrap_or_default(),
            clinic_name: &self.clinic_name,
            public_key: *self.public_key.as_bytes(),
        };
        sign_carried(self, &wire, key)
    }

    /// Reads and checks a scanned text.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn read(text: &str, now: Timestamp, trust: Trust<'_>) -> Result<Self, Refusal> {
        Unproven::<Self>::read(text)?.prove(now, trust)
    }
}

impl Code for ShareLink {
    const KIND: Kind = Kind::ShareLink;

    fn decode(unverified: &Unverified) -> Result<Self, Refusal> {
        let wire: Wire<'_> = unverified.says()?;
        if wire.flags & !(LONG_TERM | PASSCODE | SINGLE_FILE) != 0 {
            return Err(Refusal::NewerVersion);
        }
        let mut link = HealthLink::new(wire.url, wire.key);
        link.expires = Some(instant(wire.expires_seconds)?);
        link.label = Some(wire.label.to_owned()).filter(|label| !label.is_empty());
        link.long_term = wire.flags & LONG_TERM != 0;
        link.passcode = wire.flags & PASSCODE != 0;
        link.single_file = wire.flags & SINGLE_FILE != 0;
        Ok(Self {
            link,
            clinic_name: wire.clinic_name.to_owned(),
            public_key: PublicKey::from_bytes(wire.public_key),
        })
    }

    fn is_sound(&self) -> bool {
        is_name(&self.clinic_name) && self.link.is_sound() && self.link.expires.is_some()
    }

    fn carried_key(&self) -> Option<PublicKey> {
        Some(self.public_key)
    }

    fn expires(&self) -> Option<Timestamp> {
        self.link.expires
    }
}

impl fmt::Debug for ShareLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShareLink")
            .field("link", &self.link)
            .field("clinic_name", &self.clinic_name)
            .field("public_key", &self.public_key)
            .finish()
    }
}
