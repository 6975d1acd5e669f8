//! Cursors: opaque to phones, bound to what they were given for, worth nothing to anybody else. Sealed, since a place in
//! the order of commits says how much happened to all others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::keys::Keys;

const POSITION: usize = 8;

/// A position as text. `bound` is what must be the same when it comes back: person, device, question. Equal for equal
/// ones, so that a question asked again has the answer that it had.
pub(crate) fn seal(keys: &Keys, purpose: &str, bound: &[&str], position: i64) -> String {
    let position = position.to_be_bytes();
    let bound = code(keys, purpose, bound);
    // Two positions have two nonces.
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&keys.mac("cursor nonce", &[&bound, &position])[..NONCE_LEN]);
    let mut text = nonce.to_vec();
    let mut sealed = position.to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    let done =
        key(keys).map(|key| key.seal_in_place_append_tag(nonce, Aad::from(bound), &mut sealed));
    // What could not be sealed is not told, and opens for nobody.
    if !matches!(done, Some(Ok(()))) {
        sealed.clear();
    }
    text.append(&mut sealed);
    URL_SAFE_NO_PAD.encode(text)
}

/// The position of a text that [`seal`] gave for the same; nothing for any other.
pub(crate) fn open(keys: &Keys, purpose: &str, bound: &[&str], text: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
    let (nonce, mut sealed) = (Nonce::assume_unique_for_key(*nonce), sealed.to_vec());
    let bound = Aad::from(code(keys, purpose, bound));
    let position = key(keys)?.open_in_place(nonce, bound, &mut sealed).ok()?;
    let position: [u8; POSITION] = (&*position).try_into().ok()?;
    Some(i64::from_be_bytes(position))
}

fn key(keys: &Keys) -> Option<LessSafeKey> {
    // A place in a feed from before a restore is none in the feed after it, whose numbers were given twice.
    let restored = keys.restored();
    let restored = (!restored.is_empty()).then_some(restored.as_bytes());
    let parts: Vec<&[u8]> = restored.into_iter().collect();
    UnboundKey::new(&CHACHA20_POLY1305, &keys.mac("cursor key", &parts))
        .ok()
        .map(LessSafeKey::new)
}

fn code(keys: &Keys, purpose: &str, bound: &[&str]) -> [u8; 32] {
    let parts: Vec<&[u8]> = bound.iter().map(|part| part.as_bytes()).collect();
    keys.mac(purpose, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DataSource;
    use crate::system::SystemRng;

    #[test]
    fn a_cursor_is_worth_something_only_where_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataSource::Folder(folder.path().to_owned());
        let keys = Keys::open(&data, &SystemRng::default(), None).unwrap();
        let text = seal(&keys, "changes", &["p", "d"], 42);
        assert_eq!(open(&keys, "changes", &["p", "d"], &text), Some(42));
        assert_eq!(open(&keys, "search", &["p", "d"], &text), None);
        assert_eq!(open(&keys, "changes", &["q", "d"], &text), None);
        assert_eq!(open(&keys, "changes", &["p", "e"], &text), None);
        assert_eq!(open(&keys, "changes", &["pd", ""], &text), None);
        // Where a person stands says nothing of how far the clinic is.
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        assert!(
            !bytes
                .windows(POSITION)
                .any(|part| part == 42_i64.to_be_bytes())
        );
        assert_eq!(seal(&keys, "changes", &["p", "d"], 42), text);
        for bad in ["", "x", "AAAA", &text[1..], &"A".repeat(4000)] {
            assert_eq!(open(&keys, "changes", &["p", "d"], bad), None);
        }
    }
}
