//! FHIR's `base64Binary`, decoded piece by piece: documents are long, and none is held decoded as a whole.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a piece at most, as in a stored document's file.
pub const PIECE: usize = 64 * 1024;
/// Letters that make a piece: whole groups of four.
const LETTERS: usize = PIECE / 3 * 4;

/// The text is not base64 (RFC 4648, section 4; white space between is allowed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not base64")]
pub struct NotBase64;

/// Text in base64, decoded from its beginning.
#[derive(Clone)]
pub struct Base64Text {
    text: String,
    at: usize,
    ended: bool,
}

impl fmt::Debug for Base64Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base64Text").finish_non_exhaustive()
    }
}

impl Base64Text {
    /// Nothing is decoded yet.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self {
            text,
            at: 0,
            ended: false,
        }
    }

    /// Bytes that it gives, when it is base64.
    #[must_use]
    pub fn decoded_length(&self) -> u64 {
        decoded_length(&self.text)
    }

    /// The next bytes, at most [`PIECE`]; nothing at the end.
    ///
    /// # Errors
    /// [`NotBase64`]: what was given before was right.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, NotBase64> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let mut letters = Vec::with_capacity(rest.len().min(LETTERS));
        for byte in rest {
            if letters.len() == LETTERS {
                break;
            }
            self.at += 1;
            if !is_space(*byte) {
                letters.push(*byte);
            }
        }
        if letters.is_empty() {
            return Ok(None);
        }
        // Only the end is padded.
        if self.ended {
            return Err(NotBase64);
        }
        self.ended = letters.last() == Some(&b'=');
        STANDARD.decode(&letters).map(Some).map_err(|_| NotBase64)
    }
}

/// Bytes that a text in base64 gives.
pub(crate) fn decoded_length(text: &str) -> u64 {
    let letters = text.bytes().filter(|b| !is_space(*b) && *b != b'=').count() as u64;
    letters / 4 * 3 + (letters % 4).saturating_sub(1)
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(text: &str) -> Result<Vec<u8>, NotBase64> {
        let mut text = Base64Text::new(text.to_owned());
        let mut all = Vec::new();
        while let Some(piece) = text.next_piece()? {
            assert!(!piece.is_empty() && piece.len() <= PIECE);
            all.extend(piece);
        }
        Ok(all)
    }

    #[test]
    fn padding_ends_it() {
        assert_eq!(decoded(""), Ok(vec![]));
        assert_eq!(decoded(" TQ\n==\t"), Ok(b"M".to_vec()));
        for bad in ["TQ", "TQ==TQ==", "T Q = = x", "TR==", "T*==", "é", "===="] {
            assert_eq!(decoded(bad), Err(NotBase64), "{bad}");
        }
        // The padding stands at the end of a piece, and more follows.
        let mut long = "A".repeat(LETTERS - 2);
        long.push_str("==TQ==");
        assert_eq!(decoded(&long), Err(NotBase64));
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back_in_pieces(
            bytes in prop::collection::vec(any::<u8>(), 0..40), times in 1..6_000_usize, every in 1..90_usize,
        ) {
            let bytes = bytes.repeat(times);
            let text = STANDARD.encode(&bytes);
            let broken: Vec<&str> = text.as_bytes().chunks(every * 4)
                .map(|line| std::str::from_utf8(line).unwrap()).collect();
            let text = broken.join("\r\n");
            prop_assert_eq!(decoded_length(&text), bytes.len() as u64);
            prop_assert_eq!(decoded(&text), Ok(bytes));
        }

        #[test]
        fn no_text_breaks_it(text in any::<String>()) {
            let _ = decoded(&text);
            let _ = decoded_length(&text);
        }
    }
}
