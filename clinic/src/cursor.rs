//! Cursors: opaque to phones, bound to what they were given for, worth nothing to anybody else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::keys::{Keys, same};

const POSITION: usize = 8;
const CODE: usize = 16;

/// A position as text. `bound` is what must be the same when it comes back: person, device, question.
pub(crate) fn seal(keys: &Keys, purpose: &str, bound: &[&str], position: i64) -> String {
    let position = position.to_be_bytes();
    let mut bytes = Vec::with_capacity(POSITION + CODE);
    bytes.extend_from_slice(&position);
    bytes.extend_from_slice(&code(keys, purpose, bound, &position));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position of a text that [`seal`] gave for the same; nothing for any other.
pub(crate) fn open(keys: &Keys, purpose: &str, bound: &[&str], text: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (position, given) = bytes.split_first_chunk::<POSITION>()?;
    same(given, &code(keys, purpose, bound, position)).then(|| i64::from_be_bytes(*position))
}

fn code(keys: &Keys, purpose: &str, bound: &[&str], position: &[u8]) -> [u8; CODE] {
    let mut parts: Vec<&[u8]> = vec![position];
    parts.extend(bound.iter().map(|part| part.as_bytes()));
    let whole = keys.mac(purpose, &parts);
    let mut code = [0; CODE];
    code.copy_from_slice(&whole[..CODE]);
    code
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
        for bad in ["", "x", "AAAA", &text[1..], &"A".repeat(4000)] {
            assert_eq!(open(&keys, "changes", &["p", "d"], bad), None);
        }
    }
}
