//! Rows of the book while they are being read.

use std::borrow::Cow;

use sokhoe_domain::text::fold_into;
use sokhoe_domain::{Entry, EntryKind, Point, ResourceKey, Section, Timestamp};

use crate::json::Node;
use crate::{names, values};

/// Longest title and detail, in characters.
pub(super) const LONGEST: usize = 300;
/// Words beyond this many bytes are not searched.
const MOST_WORDS: usize = 2_000;
/// Of a note, this many bytes are searched.
const MOST_OF_A_NOTE: usize = 400;

/// What one resource gives.
pub(super) struct Book<'d> {
    root: Node<'d>,
    key: &'d ResourceKey,
    entries: Vec<Entry>,
    points: Vec<Point>,
}

/// One row.
pub(super) struct Row<'d> {
    pub(super) section: Section,
    pub(super) title: Cow<'d, str>,
    pub(super) detail: String,
    pub(super) when: Option<Timestamp>,
    pub(super) status: Option<Cow<'d, str>>,
    pub(super) kind: EntryKind,
    pub(super) trend: Option<String>,
    pub(super) words: Words,
    /// The words of the detail are among the words already.
    pub(super) detail_is_searched: bool,
}

impl<'d> Row<'d> {
    /// A row with this title, whose words are there already, or with the usual word for such a
    /// thing.
    pub(super) fn new(
        section: Section,
        title: Option<Cow<'d, str>>,
        usual: &'static str,
        mut words: Words,
    ) -> Self {
        let title = title.unwrap_or_else(|| {
            words.add(usual);
            Cow::Borrowed(usual)
        });
        Self {
            section,
            title,
            detail: String::new(),
            when: None,
            status: None,
            kind: EntryKind::Plain,
            trend: None,
            words,
            detail_is_searched: false,
        }
    }
}

impl<'d> Book<'d> {
    pub(super) fn new(root: Node<'d>, key: &'d ResourceKey) -> Self {
        Self {
            root,
            key,
            entries: Vec::new(),
            points: Vec::new(),
        }
    }

    pub(super) fn into_parts(self) -> (Vec<Entry>, Vec<Point>) {
        (self.entries, self.points)
    }

    pub(super) fn point(&mut self, point: Point) {
        self.points.push(point);
    }

    /// Adds a row; its status is the resource's own unless it says another.
    pub(super) fn add(&mut self, row: Row<'_>) {
        let mut words = row.words;
        let detail = values::clip(row.detail, LONGEST);
        if !row.detail_is_searched {
            words.add(&detail);
        }
        words.add_people_and_notes(self.root);
        let status = row.status.or_else(|| self.root.str("status"));
        self.entries.push(Entry {
            resource: self.key.clone(),
            section: row.section,
            title: values::clip(row.title.trim().to_owned(), LONGEST),
            detail,
            when: row.when,
            status: status.map(Into::into).unwrap_or_default(),
            kind: row.kind,
            trend: row.trend,
            folded: words.folded,
        });
    }
}

/// Everything search looks at, each word once.
#[derive(Default)]
pub(super) struct Words {
    folded: String,
    /// Where each word stands, with its first eight bytes, which tell nearly all words apart.
    spans: Vec<Span>,
    scratch: String,
}

struct Span {
    head: u64,
    start: u32,
    len: u32,
}

/// The first eight bytes of a word.
fn head(word: &[u8]) -> u64 {
    match word.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => word
            .iter()
            .rev()
            .fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}

impl Words {
    pub(super) fn into_folded(self) -> String {
        self.folded
    }

    /// Adds the words of a text.
    pub(super) fn add(&mut self, text: &str) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        fold_into(text, &mut scratch);
        self.add_folded(&scratch);
        self.scratch = scratch;
    }

    /// Adds words that are already folded.
    pub(super) fn add_folded(&mut self, folded: &str) {
        for word in folded.as_bytes().split(|byte| *byte == b' ') {
            let head = head(word);
            if word.is_empty()
                || self.folded.len() + word.len() >= MOST_WORDS
                || self.has(word, head)
            {
                continue;
            }
            let Ok(word) = std::str::from_utf8(word) else {
                continue;
            };
            if !self.folded.is_empty() {
                self.folded.push(' ');
            }
            let start = self.folded.len();
            self.folded.push_str(word);
            if let (Ok(start), Ok(len)) = (u32::try_from(start), u32::try_from(word.len())) {
                self.spans.push(Span { head, start, len });
            }
        }
    }

    fn has(&self, word: &[u8], head: u64) -> bool {
        self.spans.iter().any(|span| {
            let (start, len) = (span.start as usize, span.len as usize);
            span.head == head
                && len == word.len()
                && (len <= 8 || self.folded.as_bytes().get(start..start + len) == Some(word))
        })
    }

    /// The name of a CodeableConcept ([`values::concept`]), after adding all it says in every
    /// language.
    pub(super) fn concept<'d>(&mut self, concept: Node<'d>) -> Option<Cow<'d, str>> {
        let mut known = None;
        let mut display = None;
        let mut code = None;
        for coding in concept.get("coding").items() {
            let this = coding.str("code");
            if let Some(this) = &this {
                let name = coding
                    .str("system")
                    .and_then(|system| names::find(&system, this));
                if let Some(name) = name {
                    self.add_folded(&name.folded);
                    known = known.or(Some(name.vi));
                }
                // `I10` is looked for, `386661006` is not.
                if this.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    self.add(this);
                }
            }
            if let Some(shown) = coding.str("display") {
                self.add(&shown);
                display = display.or(Some(shown));
            }
            code = code.or(this);
        }
        let text = concept.str("text");
        if let Some(text) = &text {
            self.add(text);
        }
        match known.map(Cow::Borrowed).or(text).or(display) {
            Some(name) => Some(name),
            None => self.text(code),
        }
    }

    /// The name of the first of several CodeableConcepts.
    pub(super) fn first_concept<'d>(&mut self, concepts: Node<'d>) -> Option<Cow<'d, str>> {
        self.concept(concepts.first())
    }

    /// The name of a Coding, after adding all it says.
    pub(super) fn coding<'d>(&mut self, coding: Node<'d>) -> Option<Cow<'d, str>> {
        let name = values::coding(coding)?;
        self.add(&name);
        if let Some(display) = coding.str("display") {
            self.add(&display);
        }
        Some(name)
    }

    /// A text, after adding it.
    pub(super) fn text<'d>(&mut self, text: Option<Cow<'d, str>>) -> Option<Cow<'d, str>> {
        if let Some(text) = &text {
            self.add(text);
        }
        text
    }

    /// Any value as words ([`values::words`]), after adding them.
    pub(super) fn value<'d>(&mut self, value: Node<'d>) -> Option<Cow<'d, str>> {
        if value.get("coding").exists() {
            self.concept(value)
        } else {
            self.text(values::words(value))
        }
    }

    /// Adds who and where, and the beginnings of notes.
    fn add_people_and_notes(&mut self, root: Node<'_>) {
        for (key, value) in root.fields() {
            match values::inner(key) {
                "performer"
                | "requester"
                | "recorder"
                | "asserter"
                | "author"
                | "participant"
                | "serviceProvider"
                | "custodian"
                | "location"
                | "issuer"
                | "manufacturer"
                | "managingOrganization"
                | "sender"
                | "resultsInterpreter"
                | "prescriber" => {
                    for item in value.items() {
                        self.add_displays(item);
                    }
                }
                "note" | "comment" | "conclusion" | "description" | "summary"
                | "patientInstruction" => {
                    for item in value.items() {
                        if let Some(text) = item.text().or_else(|| item.str("text")) {
                            self.add(beginning(&text));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds the display of a reference, or of the references inside a part.
    fn add_displays(&mut self, node: Node<'_>) {
        if let Some(display) = node.str("display") {
            self.add(&display);
            return;
        }
        for inner in ["actor", "individual", "member", "location", "onBehalfOf"] {
            if let Some(display) = node.get(inner).str("display") {
                self.add(&display);
            }
        }
    }
}

fn beginning(text: &str) -> &str {
    let mut end = text.len().min(MOST_OF_A_NOTE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
