//! Folding and trimming that several readers share.

use std::fmt;

use sokhoe_domain::text::is_visible;
use unicode_normalization::UnicodeNormalization;

/// The most characters a QR code can hold in its densest text mode; longer text never came from one.
pub(crate) const LONGEST_SCAN: usize = 4_296;

/// Drops what scanners add around the text: spaces, line ends, NUL, byte order mark.
pub(crate) fn trim_scan(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}')
}

/// One Unicode form for names, so that equal names compare equal.
pub(crate) fn nfc(text: &str) -> String {
    text.trim().nfc().collect()
}

/// Upper-case `[A-Z0-9 ]` with single inner spaces; everything else is dropped.
pub(crate) fn fold_upper(text: &str) -> String {
    let mut folded = String::new();
    fold_upper_into(text, &mut folded);
    folded
}

/// Appends [`fold_upper`] of `text`.
pub(crate) fn fold_upper_into(text: &str, folded: &mut String) {
    if is_folded(text) {
        return folded.push_str(text);
    }
    fold_into(text, folded, |c| {
        c.is_ascii_alphanumeric().then(|| c.to_ascii_uppercase())
    });
}

/// Whether nothing is left to fold: the common case, as references are made of `[A-Z0-9]`.
fn is_folded(text: &str) -> bool {
    let mut after_space = true;
    text.bytes().all(|b| {
        let doubled = b == b' ' && after_space;
        after_space = b == b' ';
        !doubled && (after_space || b.is_ascii_uppercase() || b.is_ascii_digit())
    }) && !text.ends_with(' ')
}

/// Printable ASCII with single inner spaces, case kept; everything else is dropped.
pub(crate) fn fold_ascii(text: &str) -> String {
    let mut folded = String::new();
    fold_into(text, &mut folded, |c| c.is_ascii_graphic().then_some(c));
    folded
}

fn fold_into(text: &str, folded: &mut String, keep: impl Fn(char) -> Option<char>) {
    let (start, mut space) = (folded.len(), false);
    let mut push = |c: char| {
        if c.is_whitespace() {
            space = true;
        } else if let Some(kept) = keep(c) {
            if space && folded.len() > start {
                folded.push(' ');
            }
            space = false;
            folded.push(kept);
        }
    };
    if text.is_ascii() {
        text.chars().for_each(push);
    } else {
        sokhoe_domain::text::strip_marks(text)
            .chars()
            .for_each(&mut push);
    }
}

/// The first `limit` characters, without a space at the end.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    let cut: String = text.chars().take(limit).collect();
    cut.trim_end().to_owned()
}

/// Shows the last four characters, and never more than half of the text.
pub(crate) struct LastFour<'a>(pub &'a str);

impl fmt::Debug for LastFour<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.0.chars().count();
        let shown = (length / 2).min(4);
        f.write_str("…")?;
        self.0
            .chars()
            .skip(length - shown)
            .try_for_each(|c| write!(f, "{c}"))
    }
}

/// Stands in `Debug` for a value that must not be seen.
pub(crate) struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// A text as people read it: 1 to `longest` characters that can be seen, with a letter or digit among them.
pub(crate) fn is_shown_text(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest
        && text.chars().all(is_visible)
        && text.contains(char::is_alphanumeric)
}

/// Digits only, and at least one.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_as_banks_need() {
        assert_eq!(
            fold_upper("Đặng Thị Ánh Tuyết - khám"),
            "DANG THI ANH TUYET KHAM"
        );
        assert_eq!(fold_upper("INV/TEST/0001"), "INVTEST0001");
        assert_eq!(fold_ascii("aAeEoOiIuUyYđĐ"), "aAeEoOiIuUyYdD");
        assert_eq!(fold_ascii("  ủng hộ   lũ lụt "), "ung ho lu lut");
    }

    #[test]
    fn a_shown_text_can_be_seen() {
        for good in [
            "Bệnh viện Đa khoa",
            "Bà Lò Thị M.",
            "Nguye\u{302}\u{303}n",
            "BV 108",
        ] {
            assert!(is_shown_text(good, 20), "{good}");
        }
        for bad in [
            "",
            " ",
            "—",
            "\u{200b}",
            "\u{3164}",
            "BV\u{202e}108",
            "BV\u{2028}108",
            "BV\n108",
            "\u{1b}[2JBV",
            "BV\u{9b}108",
            "một bệnh viện tên quá dài",
        ] {
            assert!(!is_shown_text(bad, 20), "{bad:?}");
        }
        assert!(!is_shown_text(&"\u{301}".repeat(9), 20));
    }

    #[test]
    fn hides_most_of_a_number() {
        assert_eq!(format!("{:?}", LastFour("113366668888")), "…8888");
        assert_eq!(format!("{:?}", LastFour("123")), "…3");
        assert_eq!(format!("{:?}", LastFour("")), "…");
    }
}
