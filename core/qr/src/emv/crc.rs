use crc::{CRC_16_IBM_3740, Crc, Table};

/// Sixteen bytes a step: a payment code is checked wherever it is met.
const CRC: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_IBM_3740);

/// The checksum of EMVCo codes (CRC-16/IBM-3740, also called CCITT-FALSE).
pub fn crc16(bytes: &[u8]) -> u16 {
    CRC.checksum(bytes)
}

/// A checksum as it stands in a code: four digits in upper case.
pub(super) fn digits(crc: u16) -> [u8; 4] {
    crc.to_be_bytes()
        .map(|byte| [digit(byte >> 4), digit(byte & 0x0F)])
        .as_flattened()
        .try_into()
        .unwrap_or_default()
}

fn digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'A' + nibble - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values() {
        for (text, sum) in [
            ("123456789", 0x29B1),
            ("", 0xFFFF),
            ("00", 0x2EC9),
            ("01", 0x3EE8),
            ("A", 0xB915),
        ] {
            assert_eq!(crc16(text.as_bytes()), sum, "{text}");
        }
    }

    #[test]
    fn zeros_in_front_are_written() {
        assert_eq!(&digits(0x003C), b"003C");
        assert_eq!(&digits(0xFA09), b"FA09");
    }
}
