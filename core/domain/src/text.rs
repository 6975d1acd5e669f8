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

/// A place where a word of a text begins as a word that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordHit {
    /// Bytes of the text: as much of its word as was looked for.
    pub range: std::ops::Range<usize>,
    /// Which of the words that were looked for, the first that fits.
    pub word: usize,
}

/// Where words of a text begin with one of `words`, which are folded ([`fold`]): what a search that
/// compares folded words by their beginnings has found. In the order of the text.
#[must_use]
pub fn find_words<W: AsRef<str>>(text: &str, words: &[W]) -> Vec<WordHit> {
    let mut hits = Vec::new();
    // The letters of a word, folded, and for each byte of them where its letter ends in the text.
    let mut folded = String::new();
    let mut ends: Vec<usize> = Vec::new();
    let mut start = 0;
    let mut close = |folded: &mut String, ends: &mut Vec<usize>, start: usize| {
        let found = words.iter().position(|word| {
            let word = word.as_ref();
            !word.is_empty() && folded.starts_with(word)
        });
        if let Some(word) = found
            && let Some(end) = ends.get(words[word].as_ref().len() - 1)
        {
            hits.push(WordHit {
                range: start..*end,
                word,
            });
        }
        folded.clear();
        ends.clear();
    };
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if is_combining_mark(c) {
            // Belongs to the letter before.
            let letter = ends.last().copied();
            ends.iter_mut()
                .rev()
                .take_while(|end| Some(**end) == letter)
                .for_each(|last| *last = end);
            continue;
        }
        let before = folded.len();
        if c.is_ascii() {
            if c.is_ascii_alphanumeric() {
                if before == 0 {
                    start = at;
                }
                folded.push(c.to_ascii_lowercase());
                ends.push(end);
            } else if before > 0 {
                close(&mut folded, &mut ends, start);
            }
            continue;
        }
        let mut letters = false;
        for c in c.nfd() {
            let c = if matches!(c, 'đ' | 'Đ') { 'd' } else { c };
            if c.is_alphanumeric() {
                letters = true;
                folded.extend(c.to_lowercase().filter(|c| !is_combining_mark(*c)));
            }
        }
        if letters {
            if before == 0 {
                start = at;
            }
            ends.resize(folded.len(), end);
        } else {
            close(&mut folded, &mut ends, start);
        }
    }
    close(&mut folded, &mut ends, start);
    hits
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
    fn hits_are_where_people_see_them() {
        let found = |text: &str, words: &[&str]| {
            find_words(text, words)
                .into_iter()
                .map(|hit| text[hit.range].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found("Đường huyết lúc đói", &["duong", "doi"]),
            ["Đường", "đói"]
        );
        assert_eq!(found("Đường-huyết", &["huy"]), ["huy"]);
        assert_eq!(
            found("ĐƯỜNG, đường; dường", &["duo"]),
            ["ĐƯỜ", "đườ", "dườ"]
        );
        let decomposed: String = "Đường hoà".nfd().collect();
        let hits = find_words(&decomposed, &["duong", "ho"]);
        let seen: Vec<String> = hits
            .iter()
            .map(|hit| decomposed[hit.range.clone()].nfc().collect())
            .collect();
        assert_eq!(seen, ["Đường", "ho"]);
        assert_eq!(hits.iter().map(|hit| hit.word).collect::<Vec<_>>(), [0, 1]);
        assert!(found("xin chào", &["hao", ""]).is_empty());
        assert!(found("", &["a"]).is_empty());
        assert_eq!(found("\u{301}a\u{301}b", &["ab"]), ["a\u{301}b"]);
    }

    #[test]
    fn people_are_sorted_by_given_name() {
        let mut names = ["Nguyễn Văn Dũng", "Trần An", "Lê Thị Ánh", "Bình"];
        names.sort_by_key(|n| name_sort_key(n));
        assert_eq!(names, ["Trần An", "Lê Thị Ánh", "Bình", "Nguyễn Văn Dũng"]);
    }
}
