use crc::{CRC_16_IBM_3740, Crc};

const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_IBM_3740);

/// The checksum of EMVCo codes (CRC-16/IBM-3740, also called CCITT-FALSE).
pub fn crc16(bytes: &[u8]) -> u16 {
    CRC.checksum(bytes)
}

#[cfg(test)]
mod tests {
    use super::crc16;

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
}
