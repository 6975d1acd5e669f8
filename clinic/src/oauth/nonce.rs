//! Nonces (RFC 9449, 8): the clinic's own time, for phones whose clocks are wrong. Any process of the clinic believes
//! those of the others, and none keeps them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::jws::decode;
use crate::keys::{Keys, same};

/// Bytes of the code over the time.
const CODE: usize = 12;

/// Makes and reads nonces.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Nonces;

impl Nonces {
    /// One that says what time it is, in seconds since 1970.
    pub fn make(self, keys: &Keys, second: i64) -> String {
        let time = second.to_be_bytes();
        let mut bytes = time.to_vec();
        bytes.extend_from_slice(&keys.mac("dpop-nonce", &[&time])[..CODE]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The time that it says; nothing when it is none of this clinic's.
    pub fn read(self, keys: &Keys, nonce: &str) -> Option<i64> {
        let bytes = decode(nonce)?;
        let (time, code) = bytes.split_first_chunk::<8>()?;
        let expected = keys.mac("dpop-nonce", &[time]);
        same(code, &expected[..CODE]).then(|| i64::from_be_bytes(*time))
    }
}
