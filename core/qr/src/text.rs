//! Folding and trimming that several readers share.

use std::fmt;

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
    fold(text, |c| {
        c.is_ascii_alphanumeric().then(|| c.to_ascii_uppercase())
    })
}

/// Printable ASCII with single inner spaces, case kept; everything else is dropped.
pub(crate) fn fold_ascii(text: &str) -> String {
    fold(text, |c| c.is_ascii_graphic().then_some(c))
}

fn fold(text: &str, keep: impl Fn(char) -> Option<char>) -> String {
    let plain = sokhoe_domain::text::strip_marks(text);
    let mut folded = String::with_capacity(plain.len());
    let mut space = false;
    for c in plain.chars() {
        if c.is_whitespace() {
            space = true;
        } else if let Some(kept) = keep(c) {
            if space && !folded.is_empty() {
                folded.push(' ');
            }
            space = false;
            folded.push(kept);
        }
    }
    folded
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
    fn hides_most_of_a_number() {
        assert_eq!(format!("{:?}", LastFour("113366668888")), "…8888");
        assert_eq!(format!("{:?}", LastFour("123")), "…3");
        assert_eq!(format!("{:?}", LastFour("")), "…");
    }
}
