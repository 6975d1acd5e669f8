use std::fmt;

use minicbor::{Decode, Encode};
use ring::digest::{SHA256, digest};
use ring::signature::Ed25519KeyPair;
use sokhoe_domain::Timestamp;

use super::fields::{instant, is_name, seconds};
use super::key::PublicKey;
use super::refusal::{Refusal, SignError};
use super::unproven::{Code, Trust, Unproven, sign_carried};
use super::wire::{Kind, Unverified};
use crate::text::trim_scan;

/// What a new phone shows to the old one: "give me what you keep, sealed for this key".
///
/// It is signed by a key made for it, which it carries. That proves only that the text is whole; the
/// trust comes from the person who holds both phones.
#[derive(Clone, PartialEq, Eq)]
pub struct MoveRequest {
    /// What the new phone is called, at most 200 characters.
    pub device_name: String,
    /// The X25519 key for which the answer is sealed; made for this request.
    pub sealing_key: [u8; 32],
    /// The key that signed the request; made for it.
    pub public_key: PublicKey,
    /// From this instant on it is refused; the code holds whole seconds.
    pub expires: Timestamp,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire<'a> {
    #[n(0)]
    device_name: &'a str,
    #[cbor(n(1), with = "minicbor::bytes")]
    sealing_key: [u8; 32],
    #[cbor(n(2), with = "minicbor::bytes")]
    public_key: [u8; 32],
    #[n(3)]
    expires_seconds: i64,
}

impl MoveRequest {
    /// Signs it, with the pair whose public half it carries.
    ///
    /// # Errors
    /// [`SignError`]
    pub fn sign(&self, key: &Ed25519KeyPair) -> Result<String, SignError> {
        let wire = Wire {
            device_name: &self.device_name,
            sealing_key: self.sealing_key,
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

    /// The id by which parcels name a request: the first half of the SHA-256 of its text.
    #[must_use]
    pub fn id_of(text: &str) -> [u8; 16] {
        let hash = digest(&SHA256, trim_scan(text).as_bytes());
        hash.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

impl Code for MoveRequest {
    const KIND: Kind = Kind::MoveRequest;

    fn decode(unverified: &Unverified) -> Result<Self, Refusal> {
        let wire: Wire<'_> = unverified.says()?;
        Ok(Self {
            device_name: wire.device_name.to_owned(),
            sealing_key: wire.sealing_key,
            public_key: PublicKey::from_bytes(wire.public_key),
            expires: instant(wire.expires_seconds)?,
        })
    }

    fn is_sound(&self) -> bool {
        is_name(&self.device_name)
    }

    fn carried_key(&self) -> Option<PublicKey> {
        Some(self.public_key)
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.expires)
    }
}

impl fmt::Debug for MoveRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoveRequest")
            .field("device_name", &self.device_name)
            .field("public_key", &self.public_key)
            .field("expires", &self.expires.as_millis())
            .finish_non_exhaustive()
    }
}
