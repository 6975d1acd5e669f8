//! The best of the eight masks (ISO/IEC 18004:2015, 7.8.3), judged on whole lines of modules.
//!
//! [`Canvas::apply_best_mask`] asks module by module, which takes nine tenths of the time of a
//! code. Here a line is one word. The choice is the same, and a test holds it to that.

use std::sync::OnceLock;

use qrcode::canvas::{Canvas, MaskPattern, Module};
use qrcode::{EcLevel, Version};

/// The largest version whose lines fit into a word; payment codes and tickets have 3 to 10.
const LARGEST: Version = Version::Normal(11);
/// Modules on its side.
const WIDEST: usize = 61;

/// Bit `i` of a line is its module `i`.
type Lines = [u64; WIDEST];

const PATTERNS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// One bit of every module, both ways, because the rules ask for runs in rows and in columns.
#[derive(Clone)]
struct Plane {
    rows: Lines,
    columns: Lines,
}

/// The modules of the canvas, row by row, under the mask with the least penalty; `true` is dark.
pub(super) fn mask(canvas: &Canvas, version: Version, level: EcLevel) -> Vec<bool> {
    let size = side(version);
    if size > WIDEST {
        let masked = canvas.apply_best_mask().into_colors();
        return masked.iter().map(|c| *c != qrcode::Color::Light).collect();
    }
    let (dark, maskable) = Plane::read(canvas, size);
    let best = stencils(level)
        .iter()
        .map(|stencil| dark.under(&maskable, stencil, size))
        .min_by_key(|plane| plane.penalty(size))
        .unwrap_or(dark);
    let rows = best.rows.iter().take(size);
    rows.flat_map(|row| (0..size).map(move |column| row >> column & 1 == 1))
        .collect()
}

/// Modules on one side.
pub(super) fn side(version: Version) -> usize {
    usize::try_from(version.width()).unwrap_or_default()
}

/// What each pattern inverts, and the format information around the finders that names it.
fn stencils(level: EcLevel) -> &'static [Plane; 8] {
    static STENCILS: [OnceLock<[Plane; 8]>; 4] = [const { OnceLock::new() }; 4];
    let [low, medium, quartile, high] = &STENCILS;
    let stencils = match level {
        EcLevel::L => low,
        EcLevel::M => medium,
        EcLevel::Q => quartile,
        EcLevel::H => high,
    };
    stencils.get_or_init(|| {
        PATTERNS.map(|pattern| {
            let mut canvas = Canvas::new(LARGEST, level);
            canvas.apply_mask(pattern);
            Plane::read(&canvas, WIDEST).0
        })
    })
}

impl Plane {
    /// Which modules are dark, and which of them a mask may invert.
    fn read(canvas: &Canvas, size: usize) -> (Self, Self) {
        let empty = Self {
            rows: [0; WIDEST],
            columns: [0; WIDEST],
        };
        let (mut dark, mut maskable) = (empty.clone(), empty);
        for (y, row) in (0..).zip(0..size) {
            for (x, column) in (0..).zip(0..size) {
                let module = canvas.get(x, y);
                dark.set(row, column, module.is_dark());
                maskable.set(row, column, !matches!(module, Module::Masked(_)));
            }
        }
        (dark, maskable)
    }

    fn set(&mut self, row: usize, column: usize, bit: bool) {
        self.rows[row] |= u64::from(bit) << column;
        self.columns[column] |= u64::from(bit) << row;
    }

    /// These modules under one mask, with its format information.
    fn under(&self, maskable: &Self, stencil: &Self, size: usize) -> Self {
        Self {
            rows: under(&self.rows, &maskable.rows, &stencil.rows, size),
            columns: under(&self.columns, &maskable.columns, &stencil.columns, size),
        }
    }

    /// As `qrcode` counts it, but for a constant.
    fn penalty(&self, size: usize) -> u32 {
        let rows = &self.rows[..size];
        line_penalty(rows, size)
            + line_penalty(&self.columns[..size], size)
            + block_penalty(rows, size)
            + balance_penalty(rows, size)
    }
}

/// Masks the lines of one direction. The format information stands in line 8 and in module 8 of
/// the other lines, at both ends; the stencil is larger, so that its far end is moved.
fn under(dark: &Lines, maskable: &Lines, stencil: &Lines, size: usize) -> Lines {
    const LINE: usize = 8;
    /// The first nine modules but for the timing pattern.
    const NEAR: u64 = 0b1_1011_1111;
    let mut lines = *dark;
    for (line, (maskable, stencil)) in lines.iter_mut().zip(maskable.iter().zip(stencil)) {
        *line ^= maskable & stencil;
    }
    let far = 0xff << (size - 8);
    lines[LINE] |= stencil[LINE] & NEAR | stencil[LINE] >> (WIDEST - size) & far;
    let near = (0..LINE).filter(|i| NEAR >> i & 1 == 1).map(|i| (i, i));
    for (to, from) in near.chain((1..=8).map(|i| (size - i, WIDEST - i))) {
        lines[to] |= stencil[from] & 1 << LINE;
    }
    lines
}

/// Runs of five and more of one colour, and what looks like a finder beside light modules.
fn line_penalty(lines: &[u64], size: usize) -> u32 {
    let penalty = |&line: &u64| {
        let same = !(line ^ line >> 1) & inner(size);
        let five = same & same >> 1 & same >> 2 & same >> 3;
        let runs = five.count_ones() + 2 * (five & !(five << 1)).count_ones();

        let finder =
            line & !(line >> 1) & line >> 2 & line >> 3 & line >> 4 & !(line >> 5) & line >> 6;
        let before = line << 1 | line << 2 | line << 3 | line << 4;
        let after = line >> 7 | line >> 8 | line >> 9 | line >> 10;
        runs + 40 * (finder & !(before & after)).count_ones()
    };
    lines.iter().map(penalty).sum()
}

/// Squares of two by two of one colour.
fn block_penalty(rows: &[u64], size: usize) -> u32 {
    let same = |row: u64| !(row ^ row >> 1);
    rows.iter()
        .zip(rows.iter().skip(1))
        .map(|(&row, &next)| same(row) & same(next) & !(row ^ next) & inner(size))
        .map(|squares| 3 * squares.count_ones())
        .sum()
}

/// Half a percent of imbalance is one point.
fn balance_penalty(rows: &[u64], size: usize) -> u32 {
    let dark: u32 = rows.iter().map(|row| row.count_ones()).sum();
    let all = u32::try_from(size * size).unwrap_or(u32::MAX);
    (dark * 200 / all).abs_diff(100)
}

/// All modules of a line but the last, which has no right neighbour.
fn inner(size: usize) -> u64 {
    (1 << (size - 1)) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use qrcode::{Color, QrCode};

    use super::super::{Level, Matrix};

    proptest! {
        // `qrcode` is slow when it is not optimised.
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn every_code_is_as_qrcode_draws_it(text in "[ -~]{0,300}", level in 0..4_usize) {
            let (level, other) = [
                (Level::Low, qrcode::EcLevel::L),
                (Level::Medium, qrcode::EcLevel::M),
                (Level::Quartile, qrcode::EcLevel::Q),
                (Level::High, qrcode::EcLevel::H),
            ][level];
            let theirs = QrCode::with_error_correction_level(&text, other).unwrap();
            let ours = Matrix::encode(&text, level).unwrap();
            prop_assert_eq!(ours.size(), theirs.width());
            let theirs: Vec<bool> = theirs.into_colors().iter().map(|c| *c == Color::Dark).collect();
            prop_assert!(ours.modules() == theirs);
        }
    }
}
