//! Vietnamese text as people type it.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text without tone marks and diacritics: `Đường huyết` becomes `Duong huyet`.
/// Both tone placements (hòa, hoà), NFC and NFD give the same result.
#[must_use]
pub fn strip_marks(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .map(|c| match c {
            'đ' => 'd',
            'Đ' => 'D',
            other => other,
        })
        .collect()
}

/// The text as search compares it: without marks, in lower case, every run of other than letters
/// and digits one space, none at the ends.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends [`fold`] of `text` to `out`, separated by one space when `out` is not empty.
pub fn fold_into(text: &str, out: &mut String) {
    let mut gap = !out.is_empty();
    let mut push = |c: char| {
        if c.is_alphanumeric() {
            if gap {
                out.push(' ');
                gap = false;
            }
            out.push(c);
        } else if !is_combining_mark(c) {
            gap = !out.is_empty();
        }
    };
    if text.is_ascii() {
        text.bytes()
            .for_each(|b| push(char::from(b.to_ascii_lowercase())));
        return;
    }
    for c in text.nfd() {
        match c {
            'đ' | 'Đ' => push('d'),
            c => c
                .to_lowercase()
                .filter(|c| !is_combining_mark(*c))
                .for_each(&mut push),
        }
    }
}

/// Whether a character can be seen, or is the space between words. Controls, and characters that turn
/// the line around, take no room or separate lines, can make a text look like another.
#[must_use]
pub fn is_visible(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The key by which people are sorted: given name (last), then the middle names, then the family
/// name, folded. Vietnamese names are written family name first.
#[must_use]
pub fn name_sort_key(name: &str) -> String {
    let folded = fold(name);
    let mut parts: Vec<&str> = folded.split(' ').collect();
    let last = parts.len() - 1;
    parts.swap(0, last);
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_as_people_type() {
        for (text, folded) in [
            ("Đặng Minh Anh", "dang minh anh"),
            ("Hà Nội, Việt Nam!", "ha noi viet nam"),
            ("Đường huyết", "duong huyet"),
            ("ĐÀO", "dao"),
            ("hoà", "hoa"),
            ("hòa", "hoa"),
            ("  HbA1c  (%) ", "hba1c"),
            ("", ""),
            ("—", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
            let decomposed: String = text.nfd().collect();
            assert_eq!(fold(&decomposed), folded, "{text} in NFD");
        }
        assert_eq!(strip_marks("ủng hộ lũ lụt"), "ung ho lu lut");
        assert_eq!(strip_marks("Đặng Minh"), "Dang Minh");
    }

    #[test]
    fn people_are_sorted_by_given_name() {
        let mut names = ["Nguyễn Văn Dũng", "Trần An", "Lê Thị Ánh", "Bình"];
        names.sort_by_key(|n| name_sort_key(n));
        assert_eq!(names, ["Trần An", "Lê Thị Ánh", "Bình", "Nguyễn Văn Dũng"]);
    }
}
