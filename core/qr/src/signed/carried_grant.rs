use std::fmt;

use minicbor::{Decode, Decoder, Encode};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use sokhoe_domain::ports::{EcdsaSignature, SigningPublicKey};
use sokhoe_domain::{GrantScopes, Timestamp};

use super::checkpoint::sha256;
use super::invitation::LONGEST_WORD;
use super::refusal::{Refusal, SignError};

/// What is signed begins so, so that it never passes as anything else that the key signs.
const MARK: &[u8] = b"sokhoe carried grant\0";
const SIGNATURE: usize = 64;
/// A point's long form begins with it (SEC 1, 2.3.3).
const LONG_FORM: u8 = 4;

/// A grant as a person's own phone, which has no network, hands it to the helper's: the word of an
/// [`Invitation`](super::Invitation), for the clinic.
///
/// A CBOR array and the signature (ES256) of the key by which the clinic knows the person's phone. The signature covers the
/// hash of the invitation's code, too: a word brings in by no other.
#[derive(Clone, PartialEq, Eq)]
pub struct CarriedGrant {
    /// The Consent's id.
    pub id: String,
    /// The Patient's id at the clinic.
    pub patient: String,
    /// The helper's name.
    pub helper: String,
    /// What the helper may do.
    pub scopes: GrantScopes,
    /// When it was given.
    pub given: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who decided it for a child: their name, and whether the child was asked and agrees.
    pub guardian: Option<(String, bool)>,
    /// The words that were shown.
    pub shown: String,
    /// Their language.
    pub language: String,
    /// Their version.
    pub version: String,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire<'a> {
    #[n(0)]
    id: &'a str,
    #[n(1)]
    patient: &'a str,
    #[n(2)]
    helper: &'a str,
    /// A bit for each scope.
    #[n(3)]
    scopes: u16,
    #[n(4)]
    given_millis: i64,
    #[n(5)]
    until_millis: i64,
    #[n(6)]
    shown: &'a str,
    #[n(7)]
    language: &'a str,
    #[n(8)]
    version: &'a str,
    /// The phone's key: X and Y.
    #[cbor(n(9), with = "minicbor::bytes")]
    key: [u8; 64],
    // What follows is left out where the person decides.
    #[n(10)]
    guardian: Option<&'a str>,
    #[n(11)]
    child_agrees: Option<bool>,
}

/// A word that the phone's key has still to sign.
pub struct UnsignedWord {
    says: Vec<u8>,
    message: Vec<u8>,
}

/// Names are not for logs.
impl fmt::Debug for UnsignedWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsignedWord").finish_non_exhaustive()
    }
}

impl UnsignedWord {
    /// What is to be signed.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The word, with the signature of [`UnsignedWord::message`].
    #[must_use]
    pub fn signed(mut self, signature: &EcdsaSignature) -> Vec<u8> {
        self.says.extend_from_slice(signature);
        self.says
    }
}

fn message(says: &[u8], code: &str) -> Vec<u8> {
    [MARK, &sha256(&[code.as_bytes()]), says].concat()
}

impl CarriedGrant {
    /// The word for the invitation with this code, to be signed by the key that this is the public half of.
    ///
    /// # Errors
    /// [`SignError::TooLong`] where it is longer than an invitation carries; [`SignError::WrongKey`] for what is no point.
    pub fn word(&self, code: &str, key: &SigningPublicKey) -> Result<UnsignedWord, SignError> {
        let (LONG_FORM, Ok(key)) = (key[0], key[1..].try_into()) else {
            return Err(SignError::WrongKey);
        };
        let wire = Wire {
            id: &self.id,
            patient: &self.patient,
            helper: &self.helper,
            scopes: self.scopes.bits(),
            given_millis: self.given.as_millis(),
            until_millis: self.until.as_millis(),
            shown: &self.shown,
            language: &self.language,
            version: &self.version,
            key,
            guardian: self.guardian.as_ref().map(|(name, _)| &**name),
            child_agrees: self.guardian.as_ref().map(|(_, agrees)| *agrees),
        };
        let says = minicbor::to_vec(&wire).map_err(|_| SignError::Invalid)?;
        if says.len() + SIGNATURE > LONGEST_WORD {
            return Err(SignError::TooLong);
        }
        let message = message(&says, code);
        Ok(UnsignedWord { says, message })
    }

    /// Reads the word of the invitation with this code, with the key that signed it: whose that is, is for the clinic to know.
    ///
    /// # Errors
    /// [`Refusal::Malformed`], [`Refusal::Altered`]; [`Refusal::NewerVersion`] for a scope that is not known.
    pub fn read(word: &[u8], code: &str) -> Result<(Self, SigningPublicKey), Refusal> {
        if word.len() > LONGEST_WORD {
            return Err(Refusal::Malformed);
        }
        let (says, signature) = word
            .len()
            .checked_sub(SIGNATURE)
            .and_then(|length| word.split_at_checked(length))
            .ok_or(Refusal::Malformed)?;
        let mut decoder = Decoder::new(says);
        let wire: Wire<'_> = decoder.decode().map_err(|_| Refusal::Malformed)?;
        if decoder.position() != says.len() {
            return Err(Refusal::Malformed);
        }
        let mut key = [LONG_FORM; 65];
        key[1..].copy_from_slice(&wire.key);
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key)
            .verify(&message(says, code), signature)
            .map_err(|_| Refusal::Altered)?;
        let guardian = match (wire.guardian, wire.child_agrees) {
            (None, None) => None,
            (Some(name), Some(agrees)) => Some((name.to_owned(), agrees)),
            _ => return Err(Refusal::Malformed),
        };
        let carried = Self {
            id: wire.id.to_owned(),
            patient: wire.patient.to_owned(),
            helper: wire.helper.to_owned(),
            scopes: GrantScopes::from_bits(wire.scopes).ok_or(Refusal::NewerVersion)?,
            given: Timestamp::from_millis(wire.given_millis),
            until: Timestamp::from_millis(wire.until_millis),
            guardian,
            shown: wire.shown.to_owned(),
            language: wire.language.to_owned(),
            version: wire.version.to_owned(),
        };
        Ok((carried, key))
    }
}

/// Names are not for logs.
impl fmt::Debug for CarriedGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarriedGrant")
            .field("id", &self.id)
            .field("scopes", &self.scopes)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use sokhoe_domain::GrantScope;

    use super::*;

    const CODE: &str = "AAAAAAAAAAAAAAAAAAAAAA";

    struct Phone(EcdsaKeyPair);

    impl Phone {
        fn new() -> Self {
            let with = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let rng = SystemRandom::new();
            let pair = EcdsaKeyPair::generate_pkcs8(with, &rng).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(with, pair.as_ref(), &rng).unwrap())
        }

        fn key(&self) -> SigningPublicKey {
            self.0.public_key().as_ref().try_into().unwrap()
        }

        fn signs(&self, word: UnsignedWord) -> Vec<u8> {
            let signature = self.0.sign(&SystemRandom::new(), word.message()).unwrap();
            word.signed(signature.as_ref().try_into().unwrap())
        }
    }

    fn grant(guardian: Option<(&str, bool)>) -> CarriedGrant {
        CarriedGrant {
            id: "01a19b9d-3acf-76a3-9efa-7216ce7bb1e2".to_owned(),
            patient: "bn-000001".to_owned(),
            helper: "Lò Văn Giúp".to_owned(),
            scopes: GrantScopes::of(&[GrantScope::Book, GrantScope::Pay]),
            given: Timestamp::from_millis(1_764_000_000_250),
            until: Timestamp::from_millis(1_766_000_000_000),
            guardian: guardian.map(|(name, agrees)| (name.to_owned(), agrees)),
            shown: "Tôi đồng ý.".to_owned(),
            language: "vi".to_owned(),
            version: "1".to_owned(),
        }
    }

    #[test]
    fn a_word_comes_back_as_it_was_said_with_the_code_that_it_belongs_to() {
        let phone = Phone::new();
        for guardian in [None, Some(("Lò Thị Mẹ", false)), Some(("Lò Thị Mẹ", true))] {
            let grant = grant(guardian);
            let word = phone.signs(grant.word(CODE, &phone.key()).unwrap());
            assert_eq!(
                CarriedGrant::read(&word, CODE),
                Ok((grant.clone(), phone.key()))
            );
            assert_eq!(
                CarriedGrant::read(&word, "BAAAAAAAAAAAAAAAAAAAAA"),
                Err(Refusal::Altered)
            );
            let logged = format!("{grant:?} {:?}", grant.word(CODE, &phone.key()));
            assert!(!logged.contains("Giúp") && !logged.contains("bn-"));
        }
    }

    #[test]
    fn no_byte_of_it_can_be_another_and_none_be_left_out() {
        let phone = Phone::new();
        let word = phone.signs(grant(Some(("Mẹ", true))).word(CODE, &phone.key()).unwrap());
        for at in 0..word.len() {
            for bit in 0..8 {
                let mut spoiled = word.clone();
                spoiled[at] ^= 1 << bit;
                assert!(CarriedGrant::read(&spoiled, CODE).is_err(), "{at} {bit}");
            }
            assert!(CarriedGrant::read(&word[..at], CODE).is_err(), "{at}");
        }
        let longer = [&word[..], &[0]].concat();
        assert!(CarriedGrant::read(&longer, CODE).is_err());
        assert_eq!(
            CarriedGrant::read(&[0; LONGEST_WORD + 1], CODE),
            Err(Refusal::Malformed)
        );
    }

    #[test]
    fn one_that_no_code_holds_is_not_made() {
        let phone = Phone::new();
        let mut long = grant(None);
        long.shown = "đ".repeat(500);
        let said = long.word(CODE, &phone.key()).map(drop);
        assert_eq!(said, Err(SignError::TooLong));
        let said = grant(None).word(CODE, &[2; 65]).map(drop);
        assert_eq!(said, Err(SignError::WrongKey));
    }
}
