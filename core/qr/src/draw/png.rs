//! PNG by hand: one bit a pixel, the rows stored without compression. That is 60 lines and no
//! dependency, and a payment code at 8 pixels a module has about 20 KB.

use crc::{CRC_32_ISO_HDLC, Crc};

use super::Matrix;

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Keeps the largest code below 8,000 pixels.
const LARGEST_SCALE: u8 = 40;

impl Matrix {
    /// A black and white PNG with `scale` pixels (1 to 40) for each module.
    pub fn to_png(&self, scale: u8) -> Vec<u8> {
        let scale = usize::from(scale.clamp(1, LARGEST_SCALE));
        let side = self.outer_size() * scale;
        let width = u32::try_from(side).unwrap_or(u32::MAX).to_be_bytes();
        let mut header = [width, width].concat();
        header.extend([1, 0, 0, 0, 0]);

        let mut png = SIGNATURE.to_vec();
        chunk(&mut png, b"IHDR", &header);
        chunk(&mut png, b"IDAT", &zlib_stored(&self.pixels(scale)));
        chunk(&mut png, b"IEND", &[]);
        png
    }

    /// Rows of bits, each after its filter byte; a set bit is white.
    fn pixels(&self, scale: usize) -> Vec<u8> {
        let side = self.outer_size() * scale;
        let mut pixels = Vec::with_capacity(side * (side / 8 + 2));
        for module_row in 0..self.outer_size() {
            let mut row = vec![0_u8; 1 + side.div_ceil(8)];
            for x in (0..side).filter(|x| !self.is_dark(module_row, x / scale)) {
                if let Some(byte) = row.get_mut(1 + x / 8) {
                    *byte |= 0x80 >> (x % 8);
                }
            }
            (0..scale).for_each(|_| pixels.extend_from_slice(&row));
        }
        pixels
    }
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let mut digest = CRC.digest();
    digest.update(kind);
    digest.update(data);
    png.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    png.extend(kind);
    png.extend(data);
    png.extend(digest.finalize().to_be_bytes());
}

/// A zlib stream of stored blocks (RFC 1950, RFC 1951).
fn zlib_stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks = data.chunks(usize::from(u16::MAX));
    let last = blocks.len().saturating_sub(1);
    for (index, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(index == last));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler32(data).to_be_bytes());
    stream
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}
