use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};

use super::{Matrix, QUIET_ZONE};

/// Keeps the largest code below 8,000 pixels.
const LARGEST_SCALE: u8 = 40;

impl Matrix {
    /// A black and white PNG with `scale` pixels (1 to 40) for each module.
    pub fn to_png(&self, scale: u8) -> Vec<u8> {
        self.png(usize::from(scale.clamp(1, LARGEST_SCALE)))
            .expect("a Vec takes every byte, and the size is that of the pixels")
    }

    /// The largest PNG of at most `side` pixels a side. Each module has the same whole number of
    /// pixels (at most 40), because scaled modules blur. Unset when `side` has fewer pixels than
    /// the code has modules with its quiet zone.
    pub fn to_png_within(&self, side: u32) -> Option<Vec<u8>> {
        let scale = usize::try_from(side).unwrap_or(usize::MAX) / self.outer_size();
        let scale = u8::try_from(scale).unwrap_or(LARGEST_SCALE);
        (scale > 0).then(|| self.to_png(scale))
    }

    fn png(&self, scale: usize) -> Result<Vec<u8>, EncodingError> {
        let side = self.outer_size() * scale;
        let pixels = self.pixels(scale);
        let side = u32::try_from(side).unwrap_or(u32::MAX);
        let mut file = Vec::with_capacity(4 << 10);
        let mut encoder = Encoder::new(&mut file, side, side);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::One);
        encoder.set_compression(Compression::Fast);
        // The pixel rows of a module are equal, so that all but the first become zeros.
        encoder.set_filter(Filter::Up);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        Ok(file)
    }

    /// Rows of bits; a set bit is white.
    fn pixels(&self, scale: usize) -> Vec<u8> {
        let side = self.outer_size() * scale;
        let stride = side.div_ceil(8);
        let mut pixels = vec![0xff; stride * side];
        let first = QUIET_ZONE * scale;
        let bands = pixels[first * stride..].chunks_exact_mut(stride * scale);
        for (band, modules) in bands.zip(self.rows()) {
            let (row, copies) = band.split_at_mut(stride);
            for (column, _) in modules.iter().enumerate().filter(|(_, dark)| **dark) {
                let start = first + column * scale;
                for x in start..start + scale {
                    row[x / 8] &= !(0x80 >> (x % 8));
                }
            }
            for copy in copies.chunks_exact_mut(stride) {
                copy.copy_from_slice(row);
            }
        }
        pixels
    }
}
