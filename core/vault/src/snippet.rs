//! Where in a row, or in the resource behind it, the words stand that were looked for.

use sokhoe_domain::text::{WordHit, find_words};

/// A piece of a text that is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct TextPart {
    /// The piece.
    pub text: String,
    /// Whether it is what was looked for.
    pub is_hit: bool,
}

impl std::fmt::Debug for TextPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextPart")
            .field("is_hit", &self.is_hit)
            .finish_non_exhaustive()
    }
}

/// Characters shown before the first hit, and of a text at most.
const BEFORE: usize = 24;
const LONGEST: usize = 120;

/// The text that shows why a row was found: title and detail when the words stand there, else the
/// first text of the resource that has what is missing. `behind` is only asked then: for the first
/// text that is wanted.
pub(crate) fn snippet(
    title: &str,
    detail: &str,
    words: &[String],
    behind: impl FnOnce(&dyn Fn(&str) -> bool) -> Option<String>,
) -> Vec<TextPart> {
    let shown = if detail.is_empty() {
        title.to_owned()
    } else {
        format!("{title} · {detail}")
    };
    let hits = find_words(&shown, words);
    let missing: Vec<&String> = words
        .iter()
        .enumerate()
        .filter(|(at, _)| !hits.iter().any(|hit| hit.word == *at))
        .map(|(_, word)| word)
        .collect();
    if !missing.is_empty() {
        let is_wanted = |text: &str| !find_words(text, &missing).is_empty();
        if let Some(text) = behind(&is_wanted) {
            return parts(&text, &find_words(&text, words));
        }
    }
    parts(&shown, &hits)
}

/// A text cut around its first hit.
fn parts(text: &str, hits: &[WordHit]) -> Vec<TextPart> {
    let first = hits.first().map_or(0, |hit| hit.range.start);
    let from = text[..first]
        .char_indices()
        .rev()
        .nth(BEFORE)
        .map_or(0, |(at, c)| at + c.len_utf8());
    // Not in the middle of a word.
    let from = match text[from..first].find(' ') {
        Some(space) if from > 0 => from + space + 1,
        _ => from,
    };
    let to = text[from..]
        .char_indices()
        .nth(LONGEST)
        .map_or(text.len(), |(at, _)| from + at);
    let mut parts = Vec::new();
    let mut push = |text: &str, is_hit| {
        if !text.is_empty() {
            parts.push(TextPart {
                text: text.to_owned(),
                is_hit,
            });
        }
    };
    let mut at = from;
    if from > 0 {
        push("…", false);
    }
    for hit in hits {
        let end = hit.range.end.min(to);
        if hit.range.start >= at && hit.range.start < end {
            push(&text[at..hit.range.start], false);
            push(&text[hit.range.start..end], true);
            at = end;
        }
    }
    push(&text[at..to.max(at)], false);
    if to < text.len() {
        push("…", false);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(title: &str, detail: &str, words: &[&str], texts: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let behind = |is_wanted: &dyn Fn(&str) -> bool| {
            let found = texts.iter().find(|text| is_wanted(text));
            found.map(|text| (*text).to_owned())
        };
        snippet(title, detail, &words, behind)
            .into_iter()
            .map(|part| match part.is_hit {
                true => format!("[{}]", part.text),
                false => part.text,
            })
            .collect()
    }

    #[test]
    fn the_words_are_marked_where_they_stand() {
        assert_eq!(
            shown("Đường huyết", "7,2 mmol/L", &["huyet", "7"], &[]),
            "Đường [huyết] · [7],2 mmol/L"
        );
        assert_eq!(shown("Đường huyết", "", &["du"], &[]), "[Đư]ờng huyết");
        let note = "Bệnh nhân nhịn đói từ tối hôm trước, có uống thuốc huyết áp buổi sáng theo dặn của bác sĩ điều trị ở khoa nội tim mạch";
        assert_eq!(
            shown("Đường huyết", "", &["thuoc", "huyet"], &["Glucose", note]),
            "…tối hôm trước, có uống [thuốc] [huyết] áp buổi sáng theo dặn của bác sĩ điều trị ở khoa nội tim mạch"
        );
        assert_eq!(shown("Khám", "", &["xyz"], &["abc"]), "Khám");
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let long = "ữ".repeat(500);
        let shown = shown(&long, "", &["u"], &[]);
        assert_eq!(shown, format!("[ữ]{}…", "ữ".repeat(LONGEST - 1)));
    }
}
