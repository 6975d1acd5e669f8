use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use sokhoe_domain::merkle::{Hash, TreeHead};

use super::key::PublicKey;
use super::refusal::Refusal;

/// Longer texts are not read.
const LONGEST: usize = 2_048;
/// The algorithm byte of an Ed25519 key (C2SP signed-note).
const ED25519_NOTE: u8 = 1;
/// Bytes of a key's id before a signature.
const KEY_ID: usize = 4;

/// The signed head of a clinic's access log: a C2SP tlog-checkpoint in a C2SP signed note. It has no time: who signs one of a
/// log says that this is how it begins, for ever.
#[derive(Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose log: the clinic's id and what the log is called there.
    pub origin: String,
    /// Its state.
    pub head: TreeHead,
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

impl Checkpoint {
    /// The head of the access log of the clinic with this id.
    #[must_use]
    pub fn of_access_log(clinic: &str, head: TreeHead) -> Self {
        Self {
            origin: format!("{clinic}/access-log"),
            head,
        }
    }

    /// The note with the signature of this pair.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when the pair has no key of its kind.
    pub fn sign(&self, key: &Ed25519KeyPair) -> Result<String, Refusal> {
        let public = PublicKey::of(key).map_err(|_| Refusal::Malformed)?;
        let text = self.text();
        let mut signature = key_id(&self.origin, &public).to_vec();
        signature.extend_from_slice(key.sign(text.as_bytes()).as_ref());
        Ok(format!(
            "{text}\n— {} {}\n",
            self.origin,
            STANDARD.encode(signature)
        ))
    }

    /// Reads a note of the access log of this clinic, which it must have signed.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when it is no such note, [`Refusal::Foreign`] when it is of another log or signed by nobody
    /// that is known, [`Refusal::Altered`] when the signature does not hold.
    pub fn verify(note: &str, clinic: &str, key: &PublicKey) -> Result<Self, Refusal> {
        if note.len() > LONGEST {
            return Err(Refusal::Malformed);
        }
        let (text, signatures) = note.split_once("\n\n").ok_or(Refusal::Malformed)?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(Refusal::Malformed);
        };
        let size: u64 = size.parse().map_err(|_| Refusal::Malformed)?;
        let root: Hash = STANDARD
            .decode(root)
            .ok()
            .and_then(|root| root.try_into().ok())
            .ok_or(Refusal::Malformed)?;
        let read = Self {
            origin: origin.to_owned(),
            head: TreeHead { size, root },
        };
        // What stands there besides, or is written in another way, is nothing that this reader could answer for.
        if read.text().strip_suffix('\n') != Some(text) {
            return Err(Refusal::Malformed);
        }
        if read != Self::of_access_log(clinic, read.head) {
            return Err(Refusal::Foreign);
        }
        let prefix = format!("— {origin} ");
        let id = key_id(origin, key);
        let signature = signatures
            .split('\n')
            .filter_map(|line| STANDARD.decode(line.strip_prefix(&*prefix)?).ok())
            .find(|signature| signature.starts_with(&id))
            .ok_or(Refusal::Foreign)?;
        let signature = signature.get(KEY_ID..).unwrap_or_default();
        UnparsedPublicKey::new(&ED25519, key.as_bytes())
            .verify(read.text().as_bytes(), signature)
            .map_err(|_| Refusal::Altered)?;
        Ok(read)
    }

    /// What is signed.
    fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.head.size,
            STANDARD.encode(self.head.root)
        )
    }
}

/// SHA-256 for [`sokhoe_domain::merkle`].
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Which key of which name (C2SP signed-note).
fn key_id(name: &str, key: &PublicKey) -> [u8; KEY_ID] {
    let hash = sha256(&[name.as_bytes(), b"\n", &[ED25519_NOTE], key.as_bytes()]);
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        let head = TreeHead {
            size: 1_234,
            root: [7; 32],
        };
        Checkpoint::of_access_log("clinic-1", head)
    }

    #[test]
    fn a_checkpoint_comes_back_to_whoever_knows_the_clinic() {
        let (key, other) = (pair(1), pair(2));
        let (public, stranger) = (PublicKey::of(&key).unwrap(), PublicKey::of(&other).unwrap());
        let note = checkpoint().sign(&key).unwrap();
        assert!(note.starts_with(
            "clinic-1/access-log\n1234\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n— clinic-1/access-log "
        ));
        assert_eq!(
            Checkpoint::verify(&note, "clinic-1", &public),
            Ok(checkpoint())
        );
        assert_eq!(
            Checkpoint::verify(&note, "clinic-1", &stranger),
            Err(Refusal::Foreign)
        );
        assert_eq!(
            Checkpoint::verify(&note, "clinic-2", &public),
            Err(Refusal::Foreign)
        );
        // A witness may sign besides.
        let witnessed = format!("{note}— witness.example AAAA\n");
        assert!(Checkpoint::verify(&witnessed, "clinic-1", &public).is_ok());
    }

    #[test]
    fn what_was_changed_is_refused() {
        let key = pair(1);
        let public = PublicKey::of(&key).unwrap();
        let note = checkpoint().sign(&key).unwrap();
        for (from, to, expected) in [
            ("1234", "1233", Refusal::Altered),
            ("BwcH", "BwcI", Refusal::Altered),
            ("1234", "01234", Refusal::Malformed),
            ("1234", "+1234", Refusal::Malformed),
            ("1234\n", "1234\r\n", Refusal::Malformed),
            ("\n\n", "\nmore\n\n", Refusal::Malformed),
            ("\n\n", "\n", Refusal::Malformed),
            ("— ", "- ", Refusal::Foreign),
        ] {
            let bent = note.replacen(from, to, 1);
            assert_ne!(bent, note);
            assert_eq!(
                Checkpoint::verify(&bent, "clinic-1", &public),
                Err(expected),
                "{bent}"
            );
        }
    }

    proptest! {
        #[test]
        fn noise_is_refused(note in "(clinic-1/access-log\n[0-9]{1,3}\n.{0,50}\n\n|)(\\PC|\n){0,200}") {
            let public = PublicKey::of(&pair(1)).unwrap();
            prop_assert!(Checkpoint::verify(&note, "clinic-1", &public).is_err());
        }
    }
}
