use std::collections::BTreeSet;
use std::fmt;

use minicbor::{Decode, Encode};
use ring::signature::Ed25519KeyPair;
use sokhoe_domain::{GrantScope, GrantScopes, Timestamp};

use super::clinic_url;
use super::fields::{instant, is_name, is_secret, seconds};
use super::key::PublicKey;
use super::refusal::{Refusal, SignError};
use super::unproven::{Code, Trust, Unproven, sign_carried};
use super::wire::{Kind, Unverified};
use crate::text::Hidden;

/// Asks a helper to help a person: made by the clinic, or by the person's own phone, shown to the helper's, and
/// exchanged at the clinic for a grant. It grants nothing by itself.
///
/// Like an [`Enrolment`](super::Enrolment) it carries the key that signed it, because the helper's phone may not
/// know the clinic yet. One that a phone made is signed by a key made for it, which proves only that the text is whole; the
/// trust is the hand's that shows it, and the clinic's.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Where the clinic answers: https, or http on this very machine.
    pub clinic_url: String,
    /// The clinic's name as people read it.
    pub clinic_name: String,
    /// The secret that the clinic exchanges for the grant, once. Never in `Debug`.
    pub code: String,
    /// How the person calls themselves to the helper, at most 200 characters. Never in `Debug`.
    pub person: String,
    /// What the helper will be allowed to do. Never empty.
    pub scopes: BTreeSet<GrantScope>,
    /// The key that signed this.
    pub public_key: PublicKey,
    /// From this instant on it is refused; the code holds whole seconds.
    pub expires: Timestamp,
    /// The clinic's key, where a phone made this.
    pub clinic_key: Option<PublicKey>,
    /// What that phone says to the clinic, for the helper's phone to bring along: a
    /// [`CarriedGrant`](super::CarriedGrant) of at most 1,000 bytes. Never in `Debug`.
    pub word: Option<Vec<u8>>,
}

/// Bytes of a word at most.
pub(super) const LONGEST_WORD: usize = 1_000;

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire<'a> {
    #[n(0)]
    clinic_url: &'a str,
    #[n(1)]
    clinic_name: &'a str,
    #[n(2)]
    code: &'a str,
    #[n(3)]
    person: &'a str,
    /// A bit for each scope.
    #[n(4)]
    scopes: u16,
    #[cbor(n(5), with = "minicbor::bytes")]
    public_key: [u8; 32],
    #[n(6)]
    expires_seconds: i64,
    // What follows is left out where there is none.
    #[cbor(n(7), with = "minicbor::bytes")]
    clinic_key: Option<[u8; 32]>,
    #[b(8)]
    word: Option<&'a minicbor::bytes::ByteSlice>,
}

impl Invitation {
    /// The key with which the clinic signs.
    #[must_use]
    pub fn key_of_clinic(&self) -> PublicKey {
        self.clinic_key.unwrap_or(self.public_key)
    }

    /// Signs it, with the pair whose public half it carries.
    ///
    /// # Errors
    /// [`SignError`]
    pub fn sign(&self, key: &Ed25519KeyPair) -> Result<String, SignError> {
        let wire = Wire {
            clinic_url: &self.clinic_url,
            clinic_name: &self.clinic_name,
            code: &self.code,
            person: &self.person,
            scopes: self.scopes.iter().copied().collect::<GrantScopes>().bits(),
            public_key: *self.public_key.as_bytes(),
            expires_seconds: seconds(self.expires),
            clinic_key: self.clinic_key.map(|key| *key.as_bytes()),
            word: self.word.as_deref().map(Into::into),
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

impl Code for Invitation {
    const KIND: Kind = Kind::Invitation;

    fn decode(unverified: &Unverified) -> Result<Self, Refusal> {
        let wire: Wire<'_> = unverified.says()?;
        // A helper must not agree to something that this phone cannot name.
        let scopes = GrantScopes::from_bits(wire.scopes).ok_or(Refusal::NewerVersion)?;
        Ok(Self {
            clinic_url: wire.clinic_url.to_owned(),
            clinic_name: wire.clinic_name.to_owned(),
            code: wire.code.to_owned(),
            person: wire.person.to_owned(),
            scopes: scopes.iter().collect(),
            public_key: PublicKey::from_bytes(wire.public_key),
            expires: instant(wire.expires_seconds)?,
            clinic_key: wire.clinic_key.map(PublicKey::from_bytes),
            word: wire.word.map(|word| word.to_vec()),
        })
    }

    fn is_sound(&self) -> bool {
        is_name(&self.clinic_name)
            && is_name(&self.person)
            && is_secret(&self.code)
            && !self.scopes.is_empty()
            && self
                .word
                .as_ref()
                .is_none_or(|word| word.len() <= LONGEST_WORD)
            && clinic_url::is_allowed(&self.clinic_url)
    }

    fn carried_key(&self) -> Option<PublicKey> {
        Some(self.public_key)
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.expires)
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("clinic_url", &self.clinic_url)
            .field("clinic_name", &self.clinic_name)
            .field("code", &Hidden)
            .field("person", &Hidden)
            .field("scopes", &self.scopes)
            .field("public_key", &self.public_key)
            .field("expires", &self.expires.as_millis())
            .finish()
    }
}
