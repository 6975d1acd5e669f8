use std::fmt;

use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use sokhoe_domain::Timestamp;
use thiserror::Error;

use super::clinic_url;
use super::key::PublicKey;
use super::token::{Kind, SignError, TokenError, Unverified, sign};
use crate::text::{Hidden, trim_scan};

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
    /// From this instant on it is refused.
    pub expires: Timestamp,
}

/// Why a phone cannot enrol with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EnrolmentError {
    /// It is something else.
    #[error("not an enrolment code")]
    NotOurs,
    /// The signature does not hold: someone changed it, or it was misread.
    #[error("the enrolment code was altered")]
    Altered,
    /// It was shown too long ago.
    #[error("the enrolment code has expired")]
    Expired,
    /// It is cut off, garbled, or names an address that no phone may talk to.
    #[error("the enrolment code is malformed")]
    Malformed,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(rename = "u")]
    clinic_url: String,
    #[serde(rename = "n")]
    clinic_name: String,
    #[serde(rename = "c")]
    code: String,
    #[serde(rename = "k")]
    public_key: PublicKey,
    #[serde(rename = "x")]
    expires_millis: i64,
}

impl Enrolment {
    /// Signs it, with the pair whose public half it carries.
    pub fn sign(&self, key: &Ed25519KeyPair) -> Result<String, SignError> {
        if PublicKey::of(key) != Ok(self.public_key) {
            return Err(SignError::WrongKey);
        }
        if !self.is_sound() {
            return Err(SignError::Invalid);
        }
        let wire = Wire {
            clinic_url: self.clinic_url.clone(),
            clinic_name: self.clinic_name.clone(),
            code: self.code.clone(),
            public_key: self.public_key,
            expires_millis: self.expires.as_millis(),
        };
        sign(Kind::Enrolment, &wire, key)
    }

    /// Reads and checks a scanned text.
    pub fn read(text: &str, now: Timestamp) -> Result<Self, EnrolmentError> {
        let unverified = Unverified::read(trim_scan(text))?;
        if unverified.kind != Kind::Enrolment {
            return Err(EnrolmentError::NotOurs);
        }
        let claimed: Wire = unverified.peek()?;
        let wire: Wire = unverified.verify(&claimed.public_key)?.payload()?;
        let enrolment = Self {
            clinic_url: wire.clinic_url,
            clinic_name: wire.clinic_name,
            code: wire.code,
            public_key: wire.public_key,
            expires: Timestamp::from_millis(wire.expires_millis),
        };
        if !enrolment.is_sound() {
            return Err(EnrolmentError::Malformed);
        }
        if now >= enrolment.expires {
            return Err(EnrolmentError::Expired);
        }
        Ok(enrolment)
    }

    fn is_sound(&self) -> bool {
        let name = self.clinic_name.trim();
        let name_is_sound =
            !name.is_empty() && name.chars().count() <= 200 && !name.contains(char::is_control);
        let code_is_sound =
            (1..=200).contains(&self.code.len()) && self.code.bytes().all(|b| b.is_ascii_graphic());
        name_is_sound && code_is_sound && clinic_url::is_allowed(&self.clinic_url)
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

impl From<TokenError> for EnrolmentError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::NotOurs => Self::NotOurs,
            TokenError::Malformed => Self::Malformed,
            TokenError::Altered => Self::Altered,
        }
    }
}
