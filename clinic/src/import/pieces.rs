//! A text cut into JSON values: one, or one to a line.

use serde_json::value::RawValue;

/// A value, or why there is none, with its line.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub line: usize,
    pub json: Result<&'a str, String>,
}

/// Cuts the text: to lines when the name says ndjson, or when the first line is whole and more follows.
pub(super) fn pieces<'a>(name: &str, text: &'a str) -> Vec<Piece<'a>> {
    let lower = name.to_lowercase();
    let bare = lower.strip_suffix(".gz").unwrap_or(&lower);
    if bare.ends_with(".ndjson") || bare.ends_with(".jsonl") {
        return lines(text);
    }
    match whole(text) {
        Ok(json) => vec![Piece {
            line: 1,
            json: Ok(json),
        }],
        Err(error) => {
            let mut filled = text.lines().filter(|line| !line.trim().is_empty());
            let first_is_whole = filled.next().is_some_and(|line| whole(line).is_ok());
            if first_is_whole && filled.next().is_some() {
                lines(text)
            } else {
                vec![Piece {
                    line: error.line().max(1),
                    json: Err(problem(&error)),
                }]
            }
        }
    }
}

fn lines(text: &str) -> Vec<Piece<'_>> {
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(line, text)| Piece {
            line,
            json: whole(text).map_err(|error| problem(&error)),
        })
        .collect()
}

fn whole(text: &str) -> Result<&str, serde_json::Error> {
    serde_json::from_str::<&RawValue>(text).map(RawValue::get)
}

/// What is wrong, without the text itself.
fn problem(error: &serde_json::Error) -> String {
    if error.is_eof() {
        "not JSON: it ends too early".to_owned()
    } else {
        format!("not JSON (column {})", error.column())
    }
}

/// Tells on which line a part of a text stands. Parts are asked for from front to back, so it counts on
/// from the last one: counting from the beginning each time takes minutes for a book of 12 MB.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The line on which `part`, a slice of the text, begins, from 1.
    pub(super) fn of(&mut self, part: &str) -> usize {
        let at = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        if at < self.at {
            (self.at, self.line) = (0, 1);
        }
        let between = self.text.as_bytes().get(self.at..at).unwrap_or_default();
        self.line += between.iter().filter(|byte| **byte == b'\n').count();
        self.at = at;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(name: &str, text: &str) -> Vec<(usize, bool)> {
        pieces(name, text)
            .iter()
            .map(|piece| (piece.line, piece.json.is_ok()))
            .collect()
    }

    #[test]
    fn finds_one_value_or_many() {
        assert_eq!(cut("a.json", "{\n\"a\": 1\n}\n"), [(1, true)]);
        assert_eq!(cut("a.json", "{}\n{}\n"), [(1, true), (2, true)]);
        assert_eq!(cut("a.json", "{\n\"a\": \n"), [(3, false)]);
        assert_eq!(
            cut("a.ndjson", "{}\n\n{\n{}\n"),
            [(1, true), (3, false), (4, true)]
        );
        assert_eq!(cut("a.ndjson.gz", "{}"), [(1, true)]);
        assert_eq!(cut("a.json", ""), [(1, false)]);
    }

    #[test]
    fn lines_are_counted_in_any_order() {
        let text = "a\nb\n\nc";
        let mut lines = Lines::new(text);
        for (at, line) in [(0, 1), (2, 2), (5, 4), (2, 2), (5, 4)] {
            assert_eq!(lines.of(&text[at..=at]), line);
        }
    }
}
