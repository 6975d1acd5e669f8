//! Glyphs of the embedded fonts as outlines.

use std::sync::LazyLock;

use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::prelude::{LocationRef, Size};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};

use super::page::{Point, Segment};

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| face(include_bytes!("../../../assets/BeVietnamPro-Regular.ttf")));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| face(include_bytes!("../../../assets/BeVietnamPro-Bold.ttf")));

/// The weights of Be Vietnam Pro; both have the same characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    Regular,
    Bold,
}

/// Both fonts have this many units in a text's size.
const UNITS: f32 = 1_000.0;

fn face(file: &'static [u8]) -> FontRef<'static> {
    FontRef::new(file).expect("the embedded font is whole")
}

impl Font {
    fn face(self) -> &'static FontRef<'static> {
        match self {
            Self::Regular => &REGULAR,
            Self::Bold => &BOLD,
        }
    }

    pub(super) fn has(self, c: char) -> bool {
        self.glyph(c).is_some()
    }

    /// The advance of a text of size 1.
    pub(super) fn width(self, text: &str) -> f32 {
        text.chars().map(|c| self.advance(c)).sum()
    }

    /// The outlines of a text; `origin` is the left end of its baseline.
    pub(super) fn outline(self, text: &str, origin: Point, size: f32) -> Vec<Segment> {
        let mut pen = Pen {
            scale: size / UNITS,
            origin,
            last: origin,
            outline: Vec::new(),
        };
        let glyphs = self.face().outline_glyphs();
        for c in text.chars() {
            if let Some(outline) = self.glyph(c).and_then(|glyph| glyphs.get(glyph)) {
                let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
                // Fails for a broken font only; the test below draws every glyph.
                let _ = outline.draw(settings, &mut pen);
            }
            pen.origin.x += self.advance(c) * size;
        }
        pen.outline
    }

    /// The advance of a character of size 1.
    pub(super) fn advance(self, c: char) -> f32 {
        let metrics = self
            .face()
            .glyph_metrics(Size::unscaled(), LocationRef::default());
        let advance = self.glyph(c).and_then(|glyph| metrics.advance_width(glyph));
        advance.unwrap_or_default() / UNITS
    }

    fn glyph(self, c: char) -> Option<GlyphId> {
        self.face().charmap().map(c)
    }
}

/// Takes font units, upwards, to the page, downwards.
struct Pen {
    scale: f32,
    origin: Point,
    last: Point,
    outline: Vec<Segment>,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> Point {
        Point {
            x: self.origin.x + x * self.scale,
            y: self.origin.y - y * self.scale,
        }
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.last = self.at(x, y);
        self.outline.push(Segment::Move(self.last));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.last = self.at(x, y);
        self.outline.push(Segment::Line(self.last));
    }

    /// PDF has cubic curves only; the handles stand two thirds of the way to the quadratic one.
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (start, handle, end) = (self.last, self.at(x1, y1), self.at(x, y));
        let towards = |from: Point| Point {
            x: from.x + (handle.x - from.x) * 2.0 / 3.0,
            y: from.y + (handle.y - from.y) * 2.0 / 3.0,
        };
        let curve = Segment::Cubic(towards(start), towards(end), end);
        self.outline.push(curve);
        self.last = end;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.last = self.at(x, y);
        let curve = Segment::Cubic(self.at(x1, y1), self.at(x2, y2), self.last);
        self.outline.push(curve);
    }

    fn close(&mut self) {
        self.outline.push(Segment::Close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fonts_draw_all_of_vietnamese() {
        let base = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY";
        let tones = ["", "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}"];
        let letters = base
            .chars()
            .flat_map(|c| tones.map(|tone| format!("{c}{tone}")));
        let letters: String = letters.map(|letter| crate::text::nfc(&letter)).collect();
        assert_eq!(letters.chars().count(), 24 * 6);
        let all = letters.chars().chain("đĐ₫…–—’“”•".chars()).chain('!'..='~');
        let origin = Point { x: 0.0, y: 0.0 };
        for c in all {
            for font in [Font::Regular, Font::Bold] {
                assert!(font.has(c) && font.advance(c) > 0.1, "{c}");
                let outline = font.outline(&c.to_string(), origin, 1.0);
                assert!(outline.len() > 4, "{c}");
                assert_eq!(outline.last(), Some(&Segment::Close));
            }
        }
        assert!(Font::Bold.has(' ') && !Font::Bold.has('医'));
    }

    #[test]
    fn a_size_has_as_many_units_as_said() {
        for font in [Font::Regular, Font::Bold] {
            let metrics = font
                .face()
                .metrics(Size::unscaled(), LocationRef::default());
            assert_eq!(f32::from(metrics.units_per_em), UNITS);
        }
    }
}
