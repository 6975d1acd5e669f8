//! Answers as they lie in the database: byte for byte what was said, in little room. A refusal names other times, each
//! with nearly the same words.

use std::cell::RefCell;
use std::sync::OnceLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::store::StoreError;

/// As it is.
const RAW: u8 = 0;
/// zstd with the dictionary below. A newer dictionary gets the next number; this one stays as long as there may be rows
/// that were written with it.
const WITH_DICTIONARY_1: u8 = 1;

/// An answer of each kind, the one that comes most last.
static DICTIONARY_1: &[u8] = include_bytes!("../../dictionaries/1.answers");

const LEVEL: i32 = 1;
/// No answer is longer: guards the room that is taken for one.
const LONGEST: usize = 1 << 20;

thread_local! {
    /// Keeps its working memory: answers are packed on the threads that write.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// A body as it is stored.
#[derive(PartialEq, Eq)]
pub(super) struct Packed {
    pub encoding: u8,
    pub bytes: Vec<u8>,
}

/// Packs a body where that pays.
pub(super) fn pack(body: &str) -> Packed {
    let compressed = COMPRESSOR.with_borrow_mut(|compressor| {
        if compressor.is_none() {
            *compressor = new_compressor();
        }
        compressor.as_mut()?.compress(body.as_bytes()).ok()
    });
    match compressed {
        Some(bytes) if bytes.len() < body.len() => Packed {
            encoding: WITH_DICTIONARY_1,
            bytes,
        },
        Some(_) | None => Packed {
            encoding: RAW,
            bytes: body.as_bytes().to_vec(),
        },
    }
}

/// The body that was packed.
pub(super) fn unpack(encoding: u8, bytes: Vec<u8>) -> Result<String, StoreError> {
    let body = match encoding {
        RAW => bytes,
        WITH_DICTIONARY_1 => {
            static PREPARED: OnceLock<DecoderDictionary<'static>> = OnceLock::new();
            let prepared = PREPARED.get_or_init(|| DecoderDictionary::copy(DICTIONARY_1));
            Decompressor::with_prepared_dictionary(prepared)
                .and_then(|mut decompressor| decompressor.decompress(&bytes, LONGEST))
                .map_err(|_| StoreError::Unexpected)?
        }
        _ => return Err(StoreError::Unexpected),
    };
    String::from_utf8(body).map_err(|_| StoreError::Unexpected)
}

fn new_compressor() -> Option<Compressor<'static>> {
    static PREPARED: OnceLock<EncoderDictionary<'static>> = OnceLock::new();
    let prepared = PREPARED.get_or_init(|| EncoderDictionary::copy(DICTIONARY_1, LEVEL));
    let mut compressor = Compressor::with_prepared_dictionary(prepared).ok()?;
    // The row knows the dictionary.
    compressor.include_dictid(false).ok()?;
    Some(compressor)
}

#[cfg(test)]
mod tests {
    use super::super::refusal::Refusal;
    use super::*;

    /// Four times of one doctor, as a clinic of other names says them.
    fn refusal() -> String {
        let times: Vec<String> = (0..4)
            .map(|n| {
                let (id, minute) = (0x005b_52f7 + 3 * n, 15 + 15 * n);
                format!(
                    r#"{{"fullUrl":"https://phong-kham.vn/fhir/Appointment/p0000001100000007{id:08x}","resource":{{"resourceType":"Appointment","id":"p0000001100000007{id:08x}","extension":[{{"url":"https://sokhoe.vn/fhir/StructureDefinition/estimated-price","valueMoney":{{"value":210000,"currency":"VND"}}}}],"status":"proposed","serviceType":[{{"text":"Khám da liễu"}}],"specialty":[{{"coding":[{{"system":"https://sokhoe.vn/fhir/CodeSystem/specialty","code":"da-lieu","display":"Da liễu"}}],"text":"Da liễu"}}],"start":"2027-01-05T09:{minute}:00+07:00","end":"2027-01-05T09:{minute}:00+07:00","minutesDuration":15,"participant":[{{"actor":{{"reference":"Practitioner/bs-han","display":"BS. Đỗ Hân"}},"status":"needs-action"}},{{"actor":{{"reference":"Location/phong-9","display":"Phòng 9"}},"status":"needs-action"}},{{"actor":{{"reference":"HealthcareService/da-lieu","display":"Khám da liễu"}},"status":"needs-action"}}]}},"search":{{"mode":"match"}}}}"#
                )
            })
            .collect();
        times.join(",")
    }

    #[test]
    fn an_answer_is_the_same_again_and_takes_little_room() {
        let refusal = refusal();
        assert!(refusal.len() > 3_000);
        for body in [&*refusal, r#"{"resourceType":"OperationOutcome"}"#, "ờ", ""] {
            let Packed { encoding, bytes } = pack(body);
            assert!(bytes.len() <= body.len());
            assert_eq!(unpack(encoding, bytes).unwrap(), body);
        }
        let packed = pack(&refusal);
        assert!(packed.bytes.len() < 400, "{} bytes", packed.bytes.len());
    }

    #[test]
    fn what_was_packed_by_the_first_release_can_be_read() {
        let packed = vec![
            0x28, 0xb5, 0x2f, 0xfd, 0x20, 0xef, 0x8d, 0x00, 0x00, 0x00, 0x04, 0x40, 0x00, 0x62,
            0x82, 0x07, 0xfd, 0x8a, 0x3c, 0x13, 0x7b, 0x00, 0x4f, 0xa3, 0xb3, 0x08,
        ];
        let body = unpack(WITH_DICTIONARY_1, packed).unwrap();
        assert_eq!(body, Refusal::NotOffered.outcome().to_json());
    }

    #[test]
    fn what_was_not_packed_here_is_no_answer() {
        for (encoding, bytes) in [(WITH_DICTIONARY_1, b"{}".to_vec()), (7, Vec::new())] {
            assert!(matches!(
                unpack(encoding, bytes),
                Err(StoreError::Unexpected)
            ));
        }
    }
}
