//! Text that can be drawn, and where its lines break.

use super::font::Font;
use crate::text::{cut, nfc};

/// Longer names are cut before anything is measured.
const LONGEST: usize = 200;

/// Between two baselines, as a part of the size: Vietnamese capitals carry two marks.
const LEADING: f32 = 1.28;

/// The height of capitals, as a part of the size.
pub(super) const CAPITALS: f32 = 0.7;

/// What the fonts can draw, in one line. Letters that they lack lose their marks or are dropped.
pub(super) fn printable(text: &str) -> String {
    let mut drawn = String::new();
    for word in nfc(&cut(text, LONGEST)).split_whitespace() {
        let word: String = word.chars().filter_map(drawable).collect();
        if !word.is_empty() {
            let space = if drawn.is_empty() { "" } else { " " };
            drawn.extend([space, &word]);
        }
    }
    drawn
}

fn drawable(c: char) -> Option<char> {
    let plain = || {
        sokhoe_domain::text::strip_marks(c.encode_utf8(&mut [0; 4]))
            .chars()
            .next()
    };
    Some(c)
        .filter(|c| has(*c))
        .or_else(|| plain().filter(|c| has(*c)))
}

fn has(c: char) -> bool {
    // A soft hyphen has a glyph, but is not seen in text.
    c != '\u{ad}' && Font::Regular.has(c) && Font::Bold.has(c)
}

/// The room that a text has, in millimetres.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) lines: usize,
    /// The sizes to try, from the largest down.
    pub(super) largest: f32,
    pub(super) smallest: f32,
}

/// Lines of one size.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) lines: Vec<String>,
    pub(super) size: f32,
    pub(super) font: Font,
}

impl Block {
    pub(super) fn height(&self) -> f32 {
        self.lines.iter().map(|_| self.leading()).sum()
    }

    pub(super) fn leading(&self) -> f32 {
        self.size * LEADING
    }
}

/// Sets a text as large as its room allows. What does not fit at the smallest size is cut, and
/// ends with an ellipsis.
pub(super) fn set(font: Font, text: &str, room: Room) -> Block {
    const STEP: f32 = 0.25;
    let mut size = room.largest;
    loop {
        let width = room.width / size;
        let lines = wrapped(font, text, width);
        let mut block = Block { lines, size, font };
        let broken = text.split(' ').any(|word| font.width(word) > width);
        if block.lines.len() <= room.lines && block.height() <= room.height && !broken {
            block.lines = balanced(font, text, width, block.lines);
            return block;
        }
        if size - STEP < room.smallest {
            return shortened(block, room);
        }
        size -= STEP;
    }
}

/// As many lines, but none longer than it must be.
fn balanced(font: Font, text: &str, width: f32, mut lines: Vec<String>) -> Vec<String> {
    let widest = text.split(' ').map(|word| font.width(word));
    let widest = widest.fold(0.0, f32::max);
    for step in 1..=20_u8 {
        let narrower = width * (1.0 - f32::from(step) * 0.025);
        let tried = wrapped(font, text, narrower);
        if narrower < widest || tried.len() > lines.len() {
            break;
        }
        lines = tried;
    }
    lines
}

/// Breaks at spaces, and inside a word that is wider than a line.
fn wrapped(font: Font, text: &str, width: f32) -> Vec<String> {
    let space = font.width(" ");
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0.0);
    for word in text.split(' ') {
        let wide = font.width(word);
        if !line.is_empty() && used + space + wide <= width {
            line.extend([" ", word]);
            used += space + wide;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            used = 0.0;
        }
        for c in word.chars() {
            let wide = font.advance(c);
            if !line.is_empty() && used + wide > width {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            line.push(c);
            used += wide;
        }
    }
    lines.push(line);
    lines
}

fn shortened(mut block: Block, room: Room) -> Block {
    let kept = (1..=room.lines)
        .rev()
        .find(|kept| (0..*kept).map(|_| block.leading()).sum::<f32>() <= room.height)
        .unwrap_or(1);
    if block.lines.len() > kept {
        block.lines.truncate(kept);
        if let Some(last) = block.lines.last_mut() {
            while block.font.width(last) + block.font.width("…") > room.width / block.size {
                last.pop();
            }
            last.truncate(last.trim_end().len());
            last.push('…');
        }
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room {
        width: 60.0,
        height: 20.0,
        lines: 3,
        largest: 9.0,
        smallest: 5.0,
    };

    #[test]
    fn draws_what_the_fonts_have() {
        for (text, drawn) in [
            ("  Bệnh viện\u{a0}\n Bạch Mai ", "Bệnh viện Bạch Mai"),
            ("Be\u{323}\u{302}nh vie\u{323}\u{302}n", "Bệnh viện"),
            ("医院 Chợ Rẫy \u{202e}\0\u{7}", "Chợ Rẫy"),
            ("Ḩôpital ǵ", "Hôpital g"),
            ("医院", ""),
            ("<b>&\"'", "<b>&\"'"),
        ] {
            assert_eq!(printable(text), drawn, "{text:?}");
        }
        assert_eq!(printable(&"x".repeat(100_000)).len(), LONGEST);
    }

    #[test]
    fn every_text_fits_its_room() {
        for text in [
            "A",
            "Bệnh viện Đa khoa Khu vực Miền núi phía Bắc tỉnh Quảng Ngãi – Cơ sở 2",
            &"W".repeat(200),
            &"Ẩm thực ".repeat(25),
            &"i ".repeat(100),
        ] {
            for font in [Font::Regular, Font::Bold] {
                let block = set(font, text.trim(), ROOM);
                assert!((1..=3).contains(&block.lines.len()), "{block:?}");
                assert!(block.height() <= ROOM.height);
                assert!((ROOM.smallest..=ROOM.largest).contains(&block.size));
                for line in &block.lines {
                    assert!(font.width(line) * block.size <= ROOM.width + 0.01, "{line}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_lost_that_fits() {
        let text = "Bệnh viện Phụ sản Trung ương";
        assert_eq!(set(Font::Bold, text, ROOM).lines.join(" "), text);
        assert!(set(Font::Bold, &"W".repeat(200), ROOM).lines[2].ends_with('…'));
    }
}
