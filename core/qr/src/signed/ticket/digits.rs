//! Bytes as decimal digits, both of a fixed length. Three digits take ten bits in a QR code, so that
//! hardly a bit is lost.

const CHUNK: u64 = 1_000_000_000;
const CHUNK_DIGITS: usize = 9;

/// The bytes as one number of `N` digits, zeros in front included; unset when it has more.
pub(super) fn write<const B: usize>(bytes: [u8; B], digits: usize) -> Option<String> {
    let mut number = bytes;
    let mut chunks = Vec::with_capacity(digits / CHUNK_DIGITS + 1);
    while number.iter().any(|byte| *byte != 0) {
        let mut rest = 0;
        for byte in &mut number {
            let part = rest << 8 | u64::from(*byte);
            *byte = u8::try_from(part / CHUNK).ok()?;
            rest = part % CHUNK;
        }
        chunks.push(rest);
    }
    let text: String = chunks
        .iter()
        .rev()
        .map(|chunk| format!("{chunk:09}"))
        .collect();
    let text = text.trim_start_matches('0');
    (text.len() <= digits).then(|| format!("{text:0>digits$}"))
}

/// The bytes of a number; unset when it does not fit, or is not digits.
pub(super) fn read<const B: usize>(text: &str) -> Option<[u8; B]> {
    let mut number = [0_u8; B];
    let first = text.len() % CHUNK_DIGITS;
    let (head, tail) = text.split_at_checked(first)?;
    let chunks = tail.as_bytes().chunks(CHUNK_DIGITS);
    for chunk in [head.as_bytes()].into_iter().chain(chunks) {
        let digits = std::str::from_utf8(chunk).ok()?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut carry: u64 = if digits.is_empty() {
            0
        } else {
            digits.parse().ok()?
        };
        let scale = 10_u64.pow(u32::try_from(digits.len()).ok()?);
        for byte in number.iter_mut().rev() {
            let part = u64::from(*byte) * scale + carry;
            *byte = u8::try_from(part & 0xFF).ok()?;
            carry = part >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_largest_fits_and_the_next_does_not() {
        let largest = write([0xFF; 73], 176).unwrap();
        assert_eq!(read(&largest), Some([0xFF; 73]));
        assert_eq!(write([0xFF; 73], 175), None);
        assert_eq!(read::<73>(&"9".repeat(176)), None);
        assert_eq!(read::<2>("65535"), Some([0xFF; 2]));
        assert_eq!(read::<2>("65536"), None);
        assert_eq!(write([0; 2], 5).as_deref(), Some("00000"));
        for bad in ["1a", "+1", "-1", "１", " 1"] {
            assert_eq!(read::<4>(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn comes_back(bytes: [u8; 20], digits in 49_usize..80) {
            let text = write(bytes, digits).unwrap();
            prop_assert_eq!(text.len(), digits);
            prop_assert_eq!(read(&text), Some(bytes));
        }
    }
}
