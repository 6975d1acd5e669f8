//! Bodies as they travel, made what they were (RFC 9110, section 8.4.1; RFC 8878).
//!
//! Done here and not by reqwest, which does not tell how many bytes came over the wire.

use std::io::Write as _;

use flate2::write::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue};
use sokhoe_domain::ports::TransportError;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer};

/// What this can read, the smallest first.
pub(crate) const ACCEPTED: HeaderValue = HeaderValue::from_static("zstd, gzip");
/// What zstd may look back at most, as a power of two (RFC 8878, section 3.1.1.1.2 recommends 8 MB).
const WINDOW: u32 = 23;
/// Bytes taken in at once; gzip makes at most a thousand times as many of them.
const PIECE: usize = 1 << 10;

/// Makes a body what it was, piece by piece.
pub(crate) enum Decode {
    Plain,
    Gzip {
        inner: Box<MultiGzDecoder<Vec<u8>>>,
        is_begun: bool,
    },
    Zstd {
        inner: Box<Decoder<'static>>,
        /// Whether a frame is not at its end.
        is_open: bool,
    },
}

impl Decode {
    /// What the head asks for; it then speaks of the body as it was.
    pub(crate) fn of(head: &mut HeaderMap) -> Result<Self, TransportError> {
        let encoding = head.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
        let decode = match encoding {
            Some(b"gzip" | b"x-gzip") => Self::Gzip {
                inner: Box::new(MultiGzDecoder::new(Vec::new())),
                is_begun: false,
            },
            Some(b"zstd") => {
                let mut inner = Decoder::new().map_err(|_| TransportError::Broken)?;
                inner
                    .set_parameter(DParameter::WindowLogMax(WINDOW))
                    .map_err(|_| TransportError::Broken)?;
                Self::Zstd {
                    inner: Box::new(inner),
                    is_open: false,
                }
            }
            _ => return Ok(Self::Plain),
        };
        head.remove(CONTENT_ENCODING);
        head.remove(CONTENT_LENGTH);
        Ok(decode)
    }

    /// What came, as it was. `most` is what there may be more; what goes beyond it is cut off soon after.
    pub(crate) fn push(&mut self, came: &[u8], most: usize) -> Result<Vec<u8>, TransportError> {
        match self {
            Self::Plain => Ok(came.to_vec()),
            Self::Gzip { inner, is_begun } => {
                for piece in came.chunks(PIECE) {
                    *is_begun = true;
                    inner.write_all(piece).map_err(|_| TransportError::Broken)?;
                    inner.flush().map_err(|_| TransportError::Broken)?;
                    if inner.get_ref().len() > most {
                        break;
                    }
                }
                Ok(std::mem::take(inner.get_mut()))
            }
            Self::Zstd { inner, is_open } => {
                let (mut made, mut piece) = (Vec::new(), vec![0_u8; 64 << 10]);
                let mut input = InBuffer::around(came);
                while made.len() <= most {
                    let mut output = OutBuffer::around(piece.as_mut_slice());
                    let read = input.pos();
                    let left = inner
                        .run(&mut input, &mut output)
                        .map_err(|_| TransportError::Broken)?;
                    let written = output.as_slice();
                    made.extend_from_slice(written);
                    let is_still = input.pos() == read && written.is_empty();
                    // What a frame left in its buffer comes without further input.
                    *is_open = left != 0 || is_still && *is_open;
                    if is_still || left == 0 && input.pos() == came.len() {
                        break;
                    }
                }
                Ok(made)
            }
        }
    }

    /// Whether the body ended where it should.
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>, TransportError> {
        match self {
            Self::Plain
            | Self::Gzip {
                is_begun: false, ..
            } => Ok(Vec::new()),
            Self::Gzip { inner, .. } => {
                inner.try_finish().map_err(|_| TransportError::Broken)?;
                Ok(std::mem::take(inner.get_mut()))
            }
            Self::Zstd { is_open: true, .. } => Err(TransportError::Broken),
            Self::Zstd { .. } => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(encoding: &'static str) -> Decode {
        let mut head = HeaderMap::new();
        head.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        head.insert(CONTENT_LENGTH, HeaderValue::from_static("7"));
        let decode = Decode::of(&mut head).unwrap();
        assert_eq!(head.is_empty(), encoding != "identity");
        decode
    }

    fn whole(
        encoding: &'static str,
        body: &[u8],
        pieces: usize,
    ) -> Result<Vec<u8>, TransportError> {
        let mut decode = decode(encoding);
        let mut made = Vec::new();
        for piece in body.chunks(pieces.max(1)) {
            made.extend(decode.push(piece, usize::MAX)?);
        }
        made.extend(decode.finish()?);
        Ok(made)
    }

    proptest! {
        #[test]
        fn every_body_comes_back_however_it_is_cut(
            text in proptest::collection::vec(any::<u8>(), 0..4000), times in 1_usize..60, pieces in 1_usize..3000,
        ) {
            let text = text.repeat(times);
            let zstd = zstd::encode_all(text.as_slice(), 3).unwrap();
            prop_assert_eq!(whole("gzip", &gzip(&text), pieces), Ok(text.clone()));
            prop_assert_eq!(whole("zstd", &zstd, pieces), Ok(text.clone()));
            prop_assert_eq!(whole("identity", &text, pieces), Ok(text));
        }

        #[test]
        fn what_is_cut_off_is_broken_and_what_is_garbled_is_no_fault(
            text in proptest::collection::vec(any::<u8>(), 1..2000), at in any::<prop::sample::Index>(), to in any::<u8>(),
        ) {
            for (encoding, body) in [
                ("gzip", gzip(&text)),
                ("zstd", zstd::encode_all(text.as_slice(), 3).unwrap()),
            ] {
                let cut = 1 + at.index(body.len() - 1);
                prop_assert_eq!(whole(encoding, &body[..cut], 500).is_err(), cut < body.len());
                let mut garbled = body.clone();
                garbled[at.index(body.len())] = to;
                let _ = whole(encoding, &garbled, 77);
            }
        }
    }

    #[test]
    fn what_was_compressed_in_parts_is_one_body_and_nothing_is_nothing() {
        let twice = [gzip(b"mot"), gzip(b"hai")].concat();
        assert_eq!(whole("gzip", &twice, 3).unwrap(), b"mothai");
        let zstd = |text: &[u8]| zstd::encode_all(text, 3).unwrap();
        let twice = [zstd(b"mot"), zstd(b"hai")].concat();
        assert_eq!(whole("zstd", &twice, 3).unwrap(), b"mothai");
        for encoding in ["gzip", "zstd", "identity"] {
            assert_eq!(whole(encoding, b"", 1).unwrap(), b"");
        }
    }

    #[test]
    fn what_is_said_is_heard_before_the_body_ends() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"event: ready\n\n").unwrap();
        encoder.flush().unwrap();
        let heard = decode("gzip").push(encoder.get_ref(), 1000).unwrap();
        assert_eq!(heard, b"event: ready\n\n");
    }

    #[test]
    fn a_bomb_is_cut_off() {
        let zeros = vec![0_u8; 200 << 20];
        for (encoding, bomb) in [
            ("gzip", gzip(&zeros)),
            ("zstd", zstd::encode_all(zeros.as_slice(), 19).unwrap()),
        ] {
            let made = decode(encoding).push(&bomb, 1 << 20).unwrap();
            assert!(made.len() > 1 << 20 && made.len() < 4 << 20, "{encoding}");
        }
    }
}
