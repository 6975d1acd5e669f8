use minicbor::{Decoder, Encode};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

use super::key::PublicKey;
use super::refusal::{Refusal, SignError};

const VERSION: char = '1';
const MARK: &str = "SK";
const SIGNATURE: usize = 64;

/// Longer texts are refused before anything is decoded; a ticket sheet of a whole day has about 5,000.
const LONGEST: usize = 8_192;

/// What a signed text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `E`: brings a phone to a clinic.
    Enrolment,
    /// `P`: says to whom and how much to pay.
    PaymentOrder,
    /// `I`: asks a helper to help a person.
    Invitation,
    /// `L`: lets somebody see a document.
    ShareLink,
    /// `S`: the tickets of a booking, one for each half hour. No QR code holds it.
    TicketSheet,
    /// `M`: a new phone asks the old one for what it keeps.
    MoveRequest,
    /// `D`: a part of what the old phone gives.
    MoveParcel,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Enrolment,
        Self::PaymentOrder,
        Self::Invitation,
        Self::ShareLink,
        Self::TicketSheet,
        Self::MoveRequest,
        Self::MoveParcel,
    ];

    /// The kind that a text says it is, without any check.
    ///
    /// # Errors
    /// [`Refusal::NotOurs`], or [`Refusal::NewerVersion`] for a text of ours that this reader does not know.
    pub fn of(text: &str) -> Result<Self, Refusal> {
        let (head, _) = text
            .strip_prefix(MARK)
            .and_then(|rest| rest.split_once(':'))
            .ok_or(Refusal::NotOurs)?;
        let mut letters = head.chars();
        match (letters.next(), letters.next(), letters.next()) {
            (Some(version), Some(letter), None)
                if version.is_ascii_digit() && letter.is_ascii_uppercase() =>
            {
                Self::ALL
                    .into_iter()
                    .find(|kind| version == VERSION && kind.letter() == letter)
                    .ok_or(Refusal::NewerVersion)
            }
            _ => Err(Refusal::NotOurs),
        }
    }

    pub(super) fn letter(self) -> char {
        match self {
            Self::Enrolment => 'E',
            Self::PaymentOrder => 'P',
            Self::Invitation => 'I',
            Self::ShareLink => 'L',
            Self::TicketSheet => 'S',
            Self::MoveRequest => 'M',
            Self::MoveParcel => 'D',
        }
    }

    fn prefix(self) -> String {
        format!("{MARK}{VERSION}{}:", self.letter())
    }
}

/// Signs what a code says.
pub(super) fn sign(
    kind: Kind,
    says: &impl Encode<()>,
    key: &Ed25519KeyPair,
) -> Result<String, SignError> {
    let mut text = kind.prefix();
    let mut bytes = text.clone().into_bytes();
    minicbor::encode(says, &mut bytes).map_err(|_| SignError::Invalid)?;
    let signature = key.sign(&bytes);
    bytes.extend_from_slice(signature.as_ref());
    let payload = bytes.get(text.len()..).unwrap_or_default();
    text.push_str(&base45::encode(payload));
    if text.len() > LONGEST {
        Err(SignError::TooLong)
    } else {
        Ok(text)
    }
}

/// A text taken apart. What it says proves nothing yet.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Unverified {
    kind: Kind,
    /// CBOR, then the signature.
    payload: Vec<u8>,
}

impl Unverified {
    pub(super) fn read(text: &str, kind: Kind) -> Result<Self, Refusal> {
        if Kind::of(text)? != kind {
            return Err(Refusal::NotOurs);
        }
        if text.len() > LONGEST {
            return Err(Refusal::Malformed);
        }
        let (_, code) = text.split_once(':').ok_or(Refusal::Malformed)?;
        let payload = base45::decode(code).map_err(|_| Refusal::Malformed)?;
        // One code has one text (RFC 9285, section 6): the decoder takes a last pair that is too large.
        let is_canonical = base45::encode(&payload) == code;
        if payload.len() <= SIGNATURE || !is_canonical {
            return Err(Refusal::Malformed);
        }
        Ok(Self { kind, payload })
    }

    /// What the text says.
    pub(super) fn says<'a, T: minicbor::Decode<'a, ()>>(&'a self) -> Result<T, Refusal> {
        let (cbor, _) = self.parts();
        let mut decoder = Decoder::new(cbor);
        let says = decoder.decode().map_err(|_| Refusal::Malformed)?;
        if decoder.position() == cbor.len() {
            Ok(says)
        } else {
            Err(Refusal::Malformed)
        }
    }

    /// Whether this key signed the text.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        let (cbor, signature) = self.parts();
        let signed = [self.kind.prefix().as_bytes(), cbor].concat();
        UnparsedPublicKey::new(&ED25519, key.as_bytes())
            .verify(&signed, signature)
            .is_ok()
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        self.payload
            .split_at_checked(self.payload.len() - SIGNATURE)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_its_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(&format!("{}X", kind.prefix())), Ok(kind));
        }
        for newer in ["SK3E:X", "SK1Z:X", "SK2E:X"] {
            assert_eq!(Kind::of(newer), Err(Refusal::NewerVersion), "{newer}");
        }
        for other in [
            "", "SK", "SK1E", "SK1:X", "SKxE:X", "sk2E:X", "SK1e:X", "SK12E:X", "SKU:1",
        ] {
            assert_eq!(Kind::of(other), Err(Refusal::NotOurs), "{other}");
        }
    }
}
