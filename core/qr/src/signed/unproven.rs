use std::fmt;

use minicbor::Encode;
use ring::signature::Ed25519KeyPair;
use sokhoe_domain::Timestamp;

use super::key::PublicKey;
use super::refusal::{Refusal, SignError};
use super::wire::{Kind, Unverified, sign};
use crate::text::trim_scan;

/// Whose signature counts.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// The key that the code itself carries. That proves only that the code is whole; the trust comes
    /// from the counter or the hand that showed it.
    Carried,
    /// One of these keys.
    Known(&'a [PublicKey]),
}

/// What the kinds of code have in common.
pub(super) trait Code: Sized {
    const KIND: Kind;

    /// Reads and checks what a code says; its signature and its time are checked elsewhere.
    fn decode(unverified: &Unverified) -> Result<Self, Refusal>;

    /// Whether it says only what a code may say: neither read nor signed otherwise.
    fn is_sound(&self) -> bool;

    /// The key that the code carries, if it does.
    fn carried_key(&self) -> Option<PublicKey>;

    /// From this instant on the code is refused.
    fn expires(&self) -> Option<Timestamp>;
}

/// Signs a code with the pair whose public half it carries; `says` is what it says on the wire.
pub(super) fn sign_carried<T: Code>(
    code: &T,
    says: &impl Encode<()>,
    key: &Ed25519KeyPair,
) -> Result<String, SignError> {
    if PublicKey::of(key).ok() != code.carried_key() {
        return Err(SignError::WrongKey);
    }
    if !code.is_sound() {
        return Err(SignError::Invalid);
    }
    sign(T::KIND, says, key)
}

/// A code of ours that was read, and whose signature and time were not checked yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Unproven<T> {
    unverified: Unverified,
    claims: T,
}

#[expect(private_bounds, reason = "the kinds of code are ours to make")]
impl<T: Code> Unproven<T> {
    /// Takes a text apart.
    ///
    /// # Errors
    /// [`Refusal::NotOurs`], [`Refusal::NewerVersion`], [`Refusal::Malformed`]
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let unverified = Unverified::read(trim_scan(text), T::KIND)?;
        let claims = T::decode(&unverified)?;
        if claims.is_sound() {
            Ok(Self { unverified, claims })
        } else {
            Err(Refusal::Malformed)
        }
    }

    /// What the code claims. Anybody may have written it.
    pub fn claims(&self) -> &T {
        &self.claims
    }

    /// What the code says, if it is whole, of a trusted clinic, and not expired.
    ///
    /// # Errors
    /// [`Refusal::Altered`], [`Refusal::Foreign`], [`Refusal::Expired`]
    pub fn prove(self, now: Timestamp, trust: Trust<'_>) -> Result<T, Refusal> {
        self.check_signature(trust)?;
        match self.claims.expires() {
            Some(expires) if now >= expires => Err(Refusal::Expired),
            _ => Ok(self.claims),
        }
    }

    fn check_signature(&self, trust: Trust<'_>) -> Result<(), Refusal> {
        let signed_by = |key: &PublicKey| self.unverified.is_signed_by(key);
        match (self.claims.carried_key(), trust) {
            (Some(key), _) if !signed_by(&key) => Err(Refusal::Altered),
            (Some(_), Trust::Carried) => Ok(()),
            (Some(key), Trust::Known(keys)) if keys.contains(&key) => Ok(()),
            (Some(_), Trust::Known(_)) | (None, Trust::Carried) => Err(Refusal::Foreign),
            (None, Trust::Known(keys)) if keys.iter().any(signed_by) => Ok(()),
            (None, Trust::Known(_)) => Err(Refusal::Altered),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Unproven<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Unproven").field(&self.claims).finish()
    }
}
