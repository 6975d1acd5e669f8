use std::fmt::Write as _;

use super::checkpoint::sha256;

/// Bytes of a digest.
const DIGEST: usize = 8;

/// How a phone is called in a clinic's access log, by its device id: it knows itself by this, and nobody can tell the id from
/// it, which is random.
#[must_use]
pub fn device_digest(device_id: &str) -> String {
    let hash = sha256(&[b"sokhoe device\0", device_id.as_bytes()]);
    hash.iter()
        .take(DIGEST)
        .fold(String::new(), |mut out, byte| {
            let _infallible = write!(out, "{byte:02x}");
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_has_one_name_and_another_phone_another() {
        // In logs for ever: it may not change.
        assert_eq!(device_digest("device-one"), device_digest("device-one"));
        assert_eq!(device_digest("device-one").len(), 2 * DIGEST);
        assert_ne!(device_digest("device-one"), device_digest("device-two"));
    }
}
