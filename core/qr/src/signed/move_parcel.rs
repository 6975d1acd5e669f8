use std::fmt;

use minicbor::{Decode, Encode};
use ring::signature::Ed25519KeyPair;
use sokhoe_domain::Timestamp;

use super::key::PublicKey;
use super::refusal::{Refusal, SignError};
use super::unproven::{Code, Trust, Unproven, sign_carried};
use super::wire::{Kind, Unverified};

/// A part of what an old phone gives to a new one, shown as one of several codes.
///
/// All parts of one answer carry the same key, made for that answer, and are signed by it: parts of two
/// answers never mix. What they carry together is sealed for the key of the request.
#[derive(Clone, PartialEq, Eq)]
pub struct MoveParcel {
    /// Which request it answers: [`MoveRequest::id_of`](super::MoveRequest::id_of).
    pub request: [u8; 16],
    /// Which part this is, from 1.
    pub part: u8,
    /// How many there are.
    pub of: u8,
    /// The part of the sealed bytes.
    pub content: Vec<u8>,
    /// The key that signed all parts of this answer.
    pub public_key: PublicKey,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    request: [u8; 16],
    #[n(1)]
    part: u8,
    #[n(2)]
    of: u8,
    #[cbor(n(3), with = "minicbor::bytes")]
    content: &'a [u8],
    #[cbor(n(4), with = "minicbor::bytes")]
    public_key: [u8; 32],
}

impl MoveParcel {
    /// Bytes of content at most: its text then has at most 1,000 characters, a code of version 20 or
    /// less that cheap cameras read from a screen.
    pub const LONGEST_CONTENT: usize = 500;

    /// Signs it, with the pair whose public half it carries.
    ///
    /// # Errors
    /// [`SignError`]
    pub fn sign(&self, key: &Ed25519KeyPair) -> Result<String, SignError> {
        let wire = Wire {
            request: self.request,
            part: self.part,
            of: self.of,
            content: &self.content,
            public_key: *self.public_key.as_bytes(),
        };
        sign_carried(self, &wire, key)
    }

    /// Reads and checks a scanned text.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn read(text: &str) -> Result<Self, Refusal> {
        // It has no time of its own: the request has.
        Unproven::<Self>::read(text)?.prove(Timestamp::from_millis(0), Trust::Carried)
    }
}

impl Code for MoveParcel {
    const KIND: Kind = Kind::MoveParcel;

    fn decode(unverified: &Unverified) -> Result<Self, Refusal> {
        let wire: Wire<'_> = unverified.says()?;
        Ok(Self {
            request: wire.request,
            part: wire.part,
            of: wire.of,
            content: wire.content.to_owned(),
            public_key: PublicKey::from_bytes(wire.public_key),
        })
    }

    fn is_sound(&self) -> bool {
        (1..=self.of).contains(&self.part)
            && (1..=Self::LONGEST_CONTENT).contains(&self.content.len())
    }

    fn carried_key(&self) -> Option<PublicKey> {
        Some(self.public_key)
    }

    fn expires(&self) -> Option<Timestamp> {
        None
    }
}

impl fmt::Debug for MoveParcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoveParcel")
            .field("part", &self.part)
            .field("of", &self.of)
            .field("public_key", &self.public_key)
            .finish_non_exhaustive()
    }
}
