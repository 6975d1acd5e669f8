use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::key::PublicKey;
use crate::text::Hidden;

const VERSION: &str = "SK1";

/// Longer texts are refused before anything is decoded; a payment order has about 500 characters.
const LONGEST: usize = 8_192;

/// What a signed text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `E`: brings a phone to a clinic.
    Enrolment,
    /// `P`: says to whom and how much to pay.
    PaymentOrder,
}

/// Why a text cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// It does not begin as our texts do, or is of another kind.
    #[error("not a code of this kind")]
    NotOurs,
    /// It begins as our texts do, but is cut off or garbled.
    #[error("the code is cut off or garbled")]
    Malformed,
    /// The signature is not that of this key over this text.
    #[error("the code was altered, or signed by someone else")]
    Altered,
}

/// Why a text cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignError {
    /// The payload has no JSON form, or one too long to be read again.
    #[error("the payload cannot be written")]
    Payload,
    /// What it says would be refused by the reader.
    #[error("a reader would refuse the payload")]
    Invalid,
    /// The key pair does not belong to the public key inside.
    #[error("the key pair is not that of the public key")]
    WrongKey,
}

/// A text whose signature holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified {
    kind: Kind,
    payload: Vec<u8>,
}

impl Kind {
    /// The kind that a text says it is, without any check.
    pub fn of(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        (parts.next() == Some(VERSION)).then_some(())?;
        Self::from_letter(parts.next()?)
    }

    /// Whether a text is ours, of whatever version and kind.
    pub(crate) fn looks_like_ours(text: &str) -> bool {
        let mut parts = text.split('.');
        let version = parts.next().and_then(|first| first.strip_prefix("SK"));
        version.is_some_and(crate::text::is_digits) && parts.count() >= 3
    }

    fn from_letter(letter: &str) -> Option<Self> {
        match letter {
            "E" => Some(Self::Enrolment),
            "P" => Some(Self::PaymentOrder),
            _ => None,
        }
    }

    fn letter(self) -> &'static str {
        match self {
            Self::Enrolment => "E",
            Self::PaymentOrder => "P",
        }
    }
}

impl Verified {
    /// What the text is for.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The payload in its type.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, TokenError> {
        serde_json::from_slice(&self.payload).map_err(|_| TokenError::Malformed)
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("kind", &self.kind)
            .field("payload", &Hidden)
            .finish()
    }
}

/// Signs a payload.
pub fn sign(
    kind: Kind,
    payload: &impl Serialize,
    key: &Ed25519KeyPair,
) -> Result<String, SignError> {
    let json = serde_json::to_vec(payload).map_err(|_| SignError::Payload)?;
    let mut text = format!(
        "{VERSION}.{}.{}",
        kind.letter(),
        URL_SAFE_NO_PAD.encode(json)
    );
    let signature = key.sign(text.as_bytes());
    text.push('.');
    text.push_str(&URL_SAFE_NO_PAD.encode(signature));
    if text.len() > LONGEST {
        Err(SignError::Payload)
    } else {
        Ok(text)
    }
}

/// Checks that `key` signed this text.
pub fn verify(text: &str, key: &PublicKey) -> Result<Verified, TokenError> {
    Unverified::read(text)?.verify(key)
}

/// A text taken apart. Its payload says nothing yet.
pub(super) struct Unverified<'a> {
    pub(super) kind: Kind,
    payload: Vec<u8>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, TokenError> {
        let kind = Kind::of(text).ok_or(TokenError::NotOurs)?;
        if text.len() > LONGEST {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let mut parts = signed.split('.').skip(2);
        let (Some(payload), None) = (parts.next(), parts.next()) else {
            return Err(TokenError::Malformed);
        };
        let decode = |part: &str| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| TokenError::Malformed)
        };
        Ok(Self {
            kind,
            payload: decode(payload)?,
            signed,
            signature: decode(signature)?,
        })
    }

    /// The payload before any check: only to find the key with which to check it.
    pub(super) fn peek<T: DeserializeOwned>(&self) -> Result<T, TokenError> {
        serde_json::from_slice(&self.payload).map_err(|_| TokenError::Malformed)
    }

    pub(super) fn verify(self, key: &PublicKey) -> Result<Verified, TokenError> {
        UnparsedPublicKey::new(&ED25519, key.as_bytes())
            .verify(self.signed.as_bytes(), &self.signature)
            .map_err(|_| TokenError::Altered)?;
        Ok(Verified {
            kind: self.kind,
            payload: self.payload,
        })
    }
}
