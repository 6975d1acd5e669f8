use std::fmt;

use minicbor::{Decode, Encode};
use ring::signature::Ed25519KeyPair;
use sokhoe_domain::Timestamp;

use super::clinic_url;
use super::fields::{instant, is_name, is_secret, seconds};
use super::key::PublicKey;
use super::refusal::{Refusal, SignError};
use super::unproven::{Code, Trust, Unproven, sign_carried};
use super::wire::{Kind, Unverified};
use crate::text::Hidden;

/// What a clinic shows at its counter to bring a phone in.
///
/// It is signed by the key that it carries. That proves only that the text is whole; the trust
/// comes from the counter, where a person shows it to a person. From then on the phone knows the
/// clinic by this key.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Where the clinic answers: https, or http on this very machine.
    pub clinic_url: String,
    /// The clinic's name as people read it.
    pub clinic_name: String,
    /// The secret that the clinic exchanges for a device's access, once. Never in `Debug`.
    pub code: String,
    /// The key with which the clinic signs.
    pub public_key: PublicKey,
    /// From this instant on it is refused; the code holds whole seconds.
    pub expires: Timestamp,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire<'a> {
    #[n(0)]
    clinic_url: &'a str,
    #[n(1)]
    clinic_name: &'a str,
    #[n(2)]
    code: &'a str,
    #[cbor(n(3), with = "minicbor::bytes")]
    public_key: [u8; 32],
    #[n(4)]
    expires_seconds: i64,
}

impl Enrolment {
    /// Signs it, with the pair whose public half it carries.
    ///
    /// # Errors
    /// [`SignError`]
    pub fn sign(&self, key: &Ed25519KeyPair) -> Result<String, SignError> {
        let wire = Wire {
            clinic_url: &self.clinic_url,
            clinic_name: &self.clinic_name,
            code: &self.code,
            public_key: *self.public_key.as_bytes(),
            expires_seconds: seconds(self.expires),
        };
        sign_carried(self, &wire, key)
    }

    /// Reads and checks a scanned text.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn read(text: &str, now: Timestamp) -> Result<Self, Refusal> {
        Unproven::<Self>::read(text)?.prove(now, Trust::Carried)
    }
}

impl Code for Enrolment {
    const KIND: Kind = Kind::Enrolment;

    fn decode(unverified: &Unverified) -> Result<Self, Refusal> {
        let wire: Wire<'_> = unverified.says()?;
        Ok(Self {
            clinic_url: wire.clinic_url.to_owned(),
            clinic_name: wire.clinic_name.to_owned(),
            code: wire.code.to_owned(),
            public_key: PublicKey::from_bytes(wire.public_key),
            expires: instant(wire.expires_seconds)?,
        })
    }

    fn is_sound(&self) -> bool {
        is_name(&self.clinic_name)
            && is_secret(&self.code)
            && clinic_url::is_allowed(&self.clinic_url)
    }

    fn carried_key(&self) -> Option<PublicKey> {
        Some(self.public_key)
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.expires)
    }
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolment")
            .field("clinic_url", &self.clinic_url)
            .field("clinic_name", &self.clinic_name)
            .field("code", &Hidden)
            .field("public_key", &self.public_key)
            .field("expires", &self.expires.as_millis())
            .finish()
    }
}
