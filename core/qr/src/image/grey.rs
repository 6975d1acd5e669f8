//! A grey picture, and what is done to it before a code is looked for.

/// Grey values row by row, 0 is black. Neither side is 0.
#[derive(Clone)]
pub(super) struct Grey {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

/// The darkest and the lightest 1/64 do not count for the range of a picture.
const OUTLIERS: usize = 64;

impl Grey {
    pub(super) fn area(&self) -> usize {
        self.width * self.height
    }

    pub(super) fn shorter_side(&self) -> usize {
        self.width.min(self.height)
    }

    fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.width)
    }

    /// A row; the first or the last one outside.
    fn row(&self, y: usize) -> &[u8] {
        let start = y.min(self.height - 1) * self.width;
        self.pixels
            .get(start..start + self.width)
            .unwrap_or_default()
    }

    fn with_pixels(&self, pixels: Vec<u8>) -> Self {
        Self { pixels, ..*self }
    }

    /// The mean of every square of `factor` pixels a side; what does not fill one is dropped.
    pub(super) fn shrunk(&self, factor: usize) -> Self {
        if factor <= 1 {
            return self.clone();
        }
        let (width, height) = (self.width / factor, self.height / factor);
        let mut pixels = Vec::with_capacity(width * height);
        let mut sums = vec![0_usize; width];
        for band in self.pixels.chunks_exact(self.width * factor) {
            sums.fill(0);
            for row in band.chunks_exact(self.width) {
                for (sum, run) in sums.iter_mut().zip(row.chunks_exact(factor)) {
                    *sum += run.iter().map(|&pixel| usize::from(pixel)).sum::<usize>();
                }
            }
            pixels.extend(sums.iter().map(|sum| byte(sum / (factor * factor))));
        }
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Four pixels for one, bilinear.
    pub(super) fn doubled(&self) -> Self {
        let widen = |row: &[u8]| -> Vec<u16> {
            let last = row.len() - 1;
            (0..row.len() * 2)
                .map(|x| {
                    let near = x / 2;
                    let far = if x % 2 == 0 {
                        near.saturating_sub(1)
                    } else {
                        (near + 1).min(last)
                    };
                    let at = |x: usize| row.get(x).map_or(0, |&pixel| u16::from(pixel));
                    3 * at(near) + at(far)
                })
                .collect()
        };
        let rows: Vec<Vec<u16>> = self.rows().map(widen).collect();
        let mut pixels = Vec::with_capacity(4 * self.area());
        for y in 0..self.height * 2 {
            let near = y / 2;
            let far = if y % 2 == 0 {
                near.saturating_sub(1)
            } else {
                (near + 1).min(self.height - 1)
            };
            if let (Some(near), Some(far)) = (rows.get(near), rows.get(far)) {
                pixels.extend(
                    near.iter()
                        .zip(far)
                        .map(|(near, far)| byte(usize::from((3 * near + far + 8) / 16))),
                );
            }
        }
        Self {
            width: self.width * 2,
            height: self.height * 2,
            pixels,
        }
    }

    /// The median of every 3 by 3 pixels: takes single wrong pixels out and keeps edges.
    pub(super) fn median(&self) -> Self {
        let mut pixels = Vec::with_capacity(self.area());
        let mut columns = vec![[0_u8; 3]; self.width];
        for y in 0..self.height {
            let above = self.row(y.saturating_sub(1)).iter();
            let triples = above.zip(self.row(y)).zip(self.row(y + 1));
            for (column, ((&above, &here), &below)) in columns.iter_mut().zip(triples) {
                let (low, high) = (above.min(here), above.max(here));
                *column = [low.min(below), middle(above, here, below), high.max(below)];
            }
            pixels.extend(neighbours(&columns).map(|(left, here, right)| {
                middle(
                    left[0].max(here[0]).max(right[0]),
                    middle(left[1], here[1], right[1]),
                    left[2].min(here[2]).min(right[2]),
                )
            }));
        }
        self.with_pixels(pixels)
    }

    /// The mean of every 3 by 3 pixels: takes grain out.
    pub(super) fn softened(&self) -> Self {
        let mut pixels = Vec::with_capacity(self.area());
        let mut sums = vec![0_usize; self.width];
        for y in 0..self.height {
            let above = self.row(y.saturating_sub(1)).iter();
            let triples = above.zip(self.row(y)).zip(self.row(y + 1));
            for (sum, ((&above, &here), &below)) in sums.iter_mut().zip(triples) {
                *sum = usize::from(above) + usize::from(here) + usize::from(below);
            }
            pixels.extend(
                neighbours(&sums).map(|(left, here, right)| byte((left + here + right) / 9)),
            );
        }
        self.with_pixels(pixels)
    }

    /// What softening would take away, added three times: brings single modules out of a blur.
    pub(super) fn sharpened(&self) -> Self {
        let soft = self.softened().softened();
        let pixels = self.pixels.iter().zip(&soft.pixels);
        self.with_pixels(
            pixels
                .map(|(&pixel, &soft)| {
                    byte((4 * usize::from(pixel)).saturating_sub(3 * usize::from(soft)))
                })
                .collect(),
        )
    }

    /// The range of the picture widened to all of 0 to 255: makes dim pictures bright.
    pub(super) fn stretched(mut self) -> Self {
        let mut counts = [0_usize; 256];
        for &pixel in &self.pixels {
            if let Some(count) = counts.get_mut(usize::from(pixel)) {
                *count += 1;
            }
        }
        let outliers = self.area() / OUTLIERS;
        let (black, white) = (
            first_beyond(outliers, (0..256).zip(counts)),
            first_beyond(outliers, (0..256).zip(counts).rev()),
        );
        if black < white {
            for pixel in &mut self.pixels {
                *pixel = byte(usize::from(*pixel).saturating_sub(black) * 255 / (white - black));
            }
        }
        self
    }
}

/// Every item with the ones on both sides; the first and the last stand in for what is outside.
fn neighbours<T: Copy>(row: &[T]) -> impl Iterator<Item = (T, T, T)> {
    let left = row.first().into_iter().chain(row);
    let right = row.iter().skip(1).chain(row.last());
    left.zip(row)
        .zip(right)
        .map(|((&left, &here), &right)| (left, here, right))
}

/// The first value after `outliers` pixels, of values with how many pixels have them.
fn first_beyond(outliers: usize, counts: impl Iterator<Item = (usize, usize)>) -> usize {
    let mut seen = 0;
    for (value, count) in counts {
        seen += count;
        if seen > outliers {
            return value;
        }
    }
    0
}

fn middle(a: u8, b: u8, c: u8) -> u8 {
    a.min(b).max(a.max(b).min(c))
}

fn byte(value: usize) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}
