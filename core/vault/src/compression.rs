//! Resources as they lie on disk: byte for byte what came, compressed when that pays.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::error::VaultError;

/// As it is.
const RAW: u8 = 0;
/// zstd without a dictionary.
const PLAIN: u8 = 1;
/// zstd with the dictionary below. A newer dictionary gets the next number; this one stays as long
/// as there may be rows written with it.
const WITH_DICTIONARY_1: u8 = 2;

/// Trained by `examples/train_dictionary.rs` on `tests/data`.
static DICTIONARY_1: &[u8] = include_bytes!("../dictionaries/1.zdict");

/// Higher ones take longer and gain little beside the dictionary.
const LEVEL: i32 = 1;
/// Shorter texts gain nothing.
const WORTH_IT: usize = 48;
/// Longer texts fill their own window better than a dictionary can.
const LONG: usize = 128 * 1024;
/// No resource is longer; guards the allocation against a damaged length.
const LONGEST: usize = 1 << 30;

/// A text as it is stored.
#[derive(Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) encoding: u8,
    pub(crate) length: usize,
    pub(crate) bytes: Cow<'a, [u8]>,
}

/// Compresses; keeps its working memory.
#[derive(Default)]
pub(crate) struct Encoder {
    plain: Option<Compressor<'static>>,
    with_dictionary: Option<Compressor<'static>>,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl Encoder {
    pub(crate) fn encode<'a>(&mut self, text: &'a str) -> Stored<'a> {
        let bytes = text.as_bytes();
        let compressed = if bytes.len() < WORTH_IT {
            None
        } else if bytes.len() < LONG {
            lazily(&mut self.with_dictionary, || {
                static PREPARED: OnceLock<EncoderDictionary<'static>> = OnceLock::new();
                let prepared =
                    PREPARED.get_or_init(|| EncoderDictionary::copy(DICTIONARY_1, LEVEL));
                Compressor::with_prepared_dictionary(prepared)
            })
            .and_then(|compressor| compressor.compress(bytes).ok())
            .map(|compressed| (WITH_DICTIONARY_1, compressed))
        } else {
            lazily(&mut self.plain, || Compressor::new(LEVEL))
                .and_then(|compressor| compressor.compress(bytes).ok())
                .map(|compressed| (PLAIN, compressed))
        };
        match compressed {
            Some((encoding, compressed)) if compressed.len() < bytes.len() => Stored {
                encoding,
                length: bytes.len(),
                bytes: Cow::Owned(compressed),
            },
            _ => Stored {
                encoding: RAW,
                length: bytes.len(),
                bytes: Cow::Borrowed(bytes),
            },
        }
    }
}

/// The compressor, made at its first use. The dictionary's number and a checksum are left out of the
/// frames: the row knows the one, the cipher's MAC does the work of the other.
fn lazily<'a>(
    slot: &'a mut Option<Compressor<'static>>,
    make: impl FnOnce() -> std::io::Result<Compressor<'static>>,
) -> Option<&'a mut Compressor<'static>> {
    if slot.is_none() {
        let mut compressor = make().ok()?;
        compressor.include_dictid(false).ok()?;
        compressor.include_checksum(false).ok()?;
        compressor.include_contentsize(false).ok()?;
        *slot = Some(compressor);
    }
    slot.as_mut()
}

/// Decompresses; keeps its working memory.
#[derive(Default)]
pub(crate) struct Decoder {
    plain: Option<Decompressor<'static>>,
    with_dictionary: Option<Decompressor<'static>>,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    /// The text that was stored.
    pub(crate) fn decode(
        &mut self,
        encoding: u8,
        length: i64,
        bytes: &[u8],
    ) -> Result<String, VaultError> {
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= LONGEST)
            .ok_or(VaultError::Corrupt)?;
        let text = match encoding {
            RAW => bytes.to_vec(),
            PLAIN => {
                let slot = &mut self.plain;
                if slot.is_none() {
                    *slot = Decompressor::new().ok();
                }
                unpack(slot, bytes, length)?
            }
            WITH_DICTIONARY_1 => {
                static PREPARED: OnceLock<DecoderDictionary<'static>> = OnceLock::new();
                let slot = &mut self.with_dictionary;
                if slot.is_none() {
                    let prepared = PREPARED.get_or_init(|| DecoderDictionary::copy(DICTIONARY_1));
                    *slot = Decompressor::with_prepared_dictionary(prepared).ok();
                }
                unpack(slot, bytes, length)?
            }
            _ => return Err(VaultError::Corrupt),
        };
        if text.len() != length {
            return Err(VaultError::Corrupt);
        }
        String::from_utf8(text).map_err(|_| VaultError::Corrupt)
    }
}

fn unpack(
    slot: &mut Option<Decompressor<'static>>,
    bytes: &[u8],
    length: usize,
) -> Result<Vec<u8>, VaultError> {
    slot.as_mut()
        .and_then(|decompressor| decompressor.decompress(bytes, length).ok())
        .ok_or(VaultError::Corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_byte_for_byte() {
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        let long = "{\"a\":\"đường huyết\"} ".repeat(10_000);
        for text in [
            "",
            "{}",
            "{\"resourceType\":\"Patient\",\"id\":\"1\",\"name\":[{\"text\":\"Đào\"}]}",
            &long,
        ] {
            let stored = encoder.encode(text);
            let length = i64::try_from(stored.length).unwrap();
            assert_eq!(
                decoder
                    .decode(stored.encoding, length, &stored.bytes)
                    .unwrap(),
                text
            );
            assert_eq!(
                decoder.decode(9, length, &stored.bytes),
                Err(VaultError::Corrupt)
            );
            assert!(
                decoder
                    .decode(stored.encoding, length + 1, &stored.bytes)
                    .is_err()
            );
            assert!(decoder.decode(stored.encoding, -1, &stored.bytes).is_err());
        }
        assert!(encoder.encode(&long).bytes.len() < long.len() / 10);
    }
}
