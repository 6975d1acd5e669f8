//! JSON as it came: every value keeps its place in the text, numbers keep their digits.
//!
//! [`Document`] is a flat list of the values in one pass over the text, cheap enough for the hot
//! path (one 16-byte cell a value); [`Node`] walks it. A walk never fails: what is missing or of
//! another kind reads as nothing, so a broken field costs that field only. [`skip_value`] finds the
//! end of a value without keeping anything, for the resources inside a Bundle. The grammar is that
//! of `serde_json` (RFC 8259, no lone surrogates), which the tests hold it to.

use std::borrow::Cow;

use crate::FhirError;
use crate::limits::MAX_DEPTH;

/// A parsed text.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    cells: Vec<Cell>,
}

/// One value, or the key of an object's member; `end` is exclusive, quotes included.
#[derive(Debug, Clone, Copy)]
struct Cell {
    start: u32,
    end: u32,
    /// The cell after this value and all it contains.
    next: u32,
    kind: Kind,
    /// The string holds a backslash.
    escaped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    True,
    False,
    Number,
    String,
    Array,
    Object,
}

/// A value in a [`Document`], or the absence of one.
#[derive(Debug, Clone, Copy)]
pub struct Node<'d> {
    text: &'d str,
    cells: &'d [Cell],
    at: u32,
}

const MISSING: u32 = u32::MAX;

impl<'a> Document<'a> {
    /// Reads one JSON object, at most [`MAX_DEPTH`] deep.
    ///
    /// # Errors
    /// `NotJson`, `NotAnObject`, `TooDeep`, `TooLong`
    pub fn parse(text: &'a str) -> Result<Self, FhirError> {
        if u32::try_from(text.len()).is_err() {
            return Err(FhirError::TooLong);
        }
        let mut cells = Vec::with_capacity(text.len() / 10 + 8);
        let bytes = text.as_bytes();
        let mut sink = Cells(&mut cells);
        let start = skip_space(bytes, 0);
        let result = walk(bytes, start, &mut sink).and_then(|end| {
            let end = skip_space(bytes, end);
            if end == bytes.len() {
                Ok(())
            } else {
                Err(Stop::At(end))
            }
        });
        match result {
            Ok(()) if cells.first().is_some_and(|c| c.kind == Kind::Object) => {
                Ok(Self { text, cells })
            }
            Ok(()) => Err(FhirError::NotAnObject),
            Err(stop) => Err(stop.into_error(text)),
        }
    }

    /// The object itself.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node {
            text: self.text,
            cells: &self.cells,
            at: 0,
        }
    }
}

impl<'d> Node<'d> {
    fn cell(self) -> Option<Cell> {
        self.cells.get(self.at as usize).copied()
    }

    fn is(self, kind: Kind) -> bool {
        self.cell().is_some_and(|c| c.kind == kind)
    }

    const fn with(self, at: u32) -> Self {
        Self { at, ..self }
    }

    /// Whether there is a value that is not `null`.
    #[must_use]
    pub fn exists(self) -> bool {
        self.cell().is_some_and(|c| c.kind != Kind::Null)
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.is(Kind::Object)
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.is(Kind::Array)
    }

    /// The member of this name, the first when there are several.
    #[must_use]
    pub fn get(self, key: &str) -> Self {
        self.fields()
            .find(|(name, _)| name.is_text(key))
            .map_or(self.with(MISSING), |(_, value)| value)
    }

    /// The members of an object in order, each as its key and its value.
    #[must_use]
    pub fn fields(self) -> Fields<'d> {
        let (at, end) = match self.cell() {
            Some(cell) if cell.kind == Kind::Object => (self.at + 1, cell.next),
            _ => (MISSING, MISSING),
        };
        Fields {
            node: self.with(at),
            end,
        }
    }

    /// The elements of an array in order; any other value is its own only element.
    #[must_use]
    pub fn items(self) -> Items<'d> {
        let (at, end) = match self.cell() {
            Some(cell) if cell.kind == Kind::Array => (self.at + 1, cell.next),
            Some(cell) if cell.kind != Kind::Null => (self.at, cell.next),
            _ => (MISSING, MISSING),
        };
        Items {
            node: self.with(at),
            end,
        }
    }

    /// The first element of [`Node::items`].
    #[must_use]
    pub fn first(self) -> Self {
        self.items().next().unwrap_or(self.with(MISSING))
    }

    /// The value byte for byte.
    #[must_use]
    pub fn raw(self) -> &'d str {
        self.cell()
            .and_then(|c| self.text.get(c.start as usize..c.end as usize))
            .unwrap_or("")
    }

    /// Where the value stands in the text.
    #[must_use]
    pub fn span(self) -> Option<std::ops::Range<usize>> {
        self.cell().map(|c| c.start as usize..c.end as usize)
    }

    /// The text of a string that holds more than white space.
    #[must_use]
    pub fn text(self) -> Option<Cow<'d, str>> {
        let cell = self.cell().filter(|c| c.kind == Kind::String)?;
        let inner = self
            .text
            .get(cell.start as usize + 1..cell.end as usize - 1)?;
        let text = if cell.escaped {
            Cow::Owned(unescape(inner))
        } else {
            Cow::Borrowed(inner)
        };
        (!text.trim_ascii().is_empty()).then_some(text)
    }

    /// Whether it is this string.
    #[must_use]
    pub fn is_text(self, wanted: &str) -> bool {
        let Some(cell) = self.cell().filter(|c| c.kind == Kind::String) else {
            return false;
        };
        let inner = &self.text.as_bytes()[cell.start as usize + 1..cell.end as usize - 1];
        if cell.escaped {
            self.text
                .get(cell.start as usize + 1..cell.end as usize - 1)
                .is_some_and(|inner| unescape(inner) == wanted)
        } else {
            inner == wanted.as_bytes()
        }
    }

    /// The digits of a number as they came, e.g. `4.50`.
    #[must_use]
    pub fn number(self) -> Option<&'d str> {
        self.is(Kind::Number).then(|| self.raw())
    }

    /// The number, when it is finite.
    #[must_use]
    pub fn f64(self) -> Option<f64> {
        self.number()?.parse().ok().filter(|n: &f64| n.is_finite())
    }

    /// The whole number.
    #[must_use]
    pub fn u64(self) -> Option<u64> {
        self.number()?.parse().ok()
    }

    /// The truth value.
    #[must_use]
    pub fn bool(self) -> Option<bool> {
        match self.cell()?.kind {
            Kind::True => Some(true),
            Kind::False => Some(false),
            Kind::Null | Kind::Number | Kind::String | Kind::Array | Kind::Object => None,
        }
    }

    /// [`Node::text`] of a member.
    #[must_use]
    pub fn str(self, key: &str) -> Option<Cow<'d, str>> {
        self.get(key).text()
    }
}

/// The members of an object.
#[derive(Debug, Clone)]
pub struct Fields<'d> {
    node: Node<'d>,
    end: u32,
}

impl<'d> Iterator for Fields<'d> {
    type Item = (Node<'d>, Node<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.node.at >= self.end {
            return None;
        }
        let key = self.node;
        let value = key.with(key.at + 1);
        self.node.at = value.cell().map_or(self.end, |c| c.next);
        Some((key, value))
    }
}

/// The elements of an array.
#[derive(Debug, Clone)]
pub struct Items<'d> {
    node: Node<'d>,
    end: u32,
}

impl<'d> Iterator for Items<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.node.at >= self.end {
            return None;
        }
        let item = self.node;
        self.node.at = item.cell().map_or(self.end, |c| c.next);
        Some(item)
    }
}

/// The end of the value that starts at `start` (no white space before it), after checking that it
/// is well formed and not too deep.
///
/// # Errors
/// `NotJson`, `TooDeep`
pub fn skip_value(text: &str, start: usize) -> Result<usize, FhirError> {
    walk(text.as_bytes(), start, &mut Nothing).map_err(|stop| stop.into_error(text))
}

/// The place after white space.
#[must_use]
pub fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The end of the string that starts at `start` with its quote.
///
/// # Errors
/// `NotJson`
pub fn skip_string(text: &str, start: usize) -> Result<usize, FhirError> {
    if text.as_bytes().get(start) != Some(&b'"') {
        return Err(not_json(text, start));
    }
    string(text.as_bytes(), start)
        .map(|(end, _)| end)
        .map_err(|stop| stop.into_error(text))
}

/// The error for a text that stops being JSON at `at`.
#[must_use]
pub fn not_json(text: &str, at: usize) -> FhirError {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line_start = before
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    FhirError::NotJson {
        line: before.iter().filter(|b| **b == b'\n').count() + 1,
        column: before.len() - line_start + 1,
    }
}

enum Stop {
    At(usize),
    Deep,
}

impl Stop {
    fn into_error(self, text: &str) -> FhirError {
        match self {
            Self::At(at) => not_json(text, at),
            Self::Deep => FhirError::TooDeep { limit: MAX_DEPTH },
        }
    }
}

/// What is told of the values that [`walk`] passes.
trait Sink {
    /// A value of one piece, or a key.
    fn leaf(&mut self, kind: Kind, start: usize, end: usize, escaped: bool);
    /// The beginning of an object or array; gives what [`Sink::close`] is told.
    fn open(&mut self, kind: Kind, start: usize) -> u32;
    /// Its end.
    fn close(&mut self, opened: u32, end: usize);
}

struct Nothing;

impl Sink for Nothing {
    fn leaf(&mut self, _: Kind, _: usize, _: usize, _: bool) {}
    fn open(&mut self, _: Kind, _: usize) -> u32 {
        0
    }
    fn close(&mut self, _: u32, _: usize) {}
}

struct Cells<'c>(&'c mut Vec<Cell>);

// Every position fits: `Document::parse` refuses longer texts, and no text has more values than bytes.
#[expect(clippy::cast_possible_truncation)]
impl Sink for Cells<'_> {
    fn leaf(&mut self, kind: Kind, start: usize, end: usize, escaped: bool) {
        let next = self.0.len() as u32 + 1;
        self.0.push(Cell {
            start: start as u32,
            end: end as u32,
            next,
            kind,
            escaped,
        });
    }

    fn open(&mut self, kind: Kind, start: usize) -> u32 {
        let opened = self.0.len() as u32;
        self.leaf(kind, start, start, false);
        opened
    }

    fn close(&mut self, opened: u32, end: usize) {
        let next = self.0.len() as u32;
        if let Some(cell) = self.0.get_mut(opened as usize) {
            cell.end = end as u32;
            cell.next = next;
        }
    }
}

/// Passes one value; gives the place after it.
fn walk(bytes: &[u8], start: usize, sink: &mut impl Sink) -> Result<usize, Stop> {
    // The open containers, innermost last: whether an object, and the sink's mark.
    let mut open = [(false, 0_u32); MAX_DEPTH];
    let mut depth = 0;
    let mut at = start;
    loop {
        // A value stands at `at`.
        let byte = *bytes.get(at).ok_or(Stop::At(at))?;
        let mut opened = false;
        match byte {
            b'"' => {
                let (end, escaped) = string(bytes, at)?;
                sink.leaf(Kind::String, at, end, escaped);
                at = end;
            }
            b'{' | b'[' => {
                let slot = open.get_mut(depth).ok_or(Stop::Deep)?;
                let object = byte == b'{';
                let kind = if object { Kind::Object } else { Kind::Array };
                *slot = (object, sink.open(kind, at));
                depth += 1;
                at = skip_space(bytes, at + 1);
                opened = true;
            }
            b'-' | b'0'..=b'9' => {
                let end = number(bytes, at)?;
                sink.leaf(Kind::Number, at, end, false);
                at = end;
            }
            b't' => at = literal(bytes, at, b"true", Kind::True, sink)?,
            b'f' => at = literal(bytes, at, b"false", Kind::False, sink)?,
            b'n' => at = literal(bytes, at, b"null", Kind::Null, sink)?,
            _ => return Err(Stop::At(at)),
        }
        // After a value, or just inside a container: close what closes, then stand at the next value.
        loop {
            let Some((object, mark)) = depth.checked_sub(1).and_then(|i| open.get(i)).copied()
            else {
                return Ok(at);
            };
            if !opened {
                at = skip_space(bytes, at);
            }
            let byte = *bytes.get(at).ok_or(Stop::At(at))?;
            if byte == if object { b'}' } else { b']' } {
                at += 1;
                sink.close(mark, at);
                depth -= 1;
                opened = false;
                continue;
            }
            if !opened {
                if byte != b',' {
                    return Err(Stop::At(at));
                }
                at = skip_space(bytes, at + 1);
            }
            if object {
                if bytes.get(at) != Some(&b'"') {
                    return Err(Stop::At(at));
                }
                let (end, escaped) = string(bytes, at)?;
                sink.leaf(Kind::String, at, end, escaped);
                at = skip_space(bytes, end);
                if bytes.get(at) != Some(&b':') {
                    return Err(Stop::At(at));
                }
                at = skip_space(bytes, at + 1);
            }
            break;
        }
    }
}

fn literal(
    bytes: &[u8],
    at: usize,
    word: &[u8],
    kind: Kind,
    sink: &mut impl Sink,
) -> Result<usize, Stop> {
    let end = at + word.len();
    if bytes.get(at..end) != Some(word) {
        return Err(Stop::At(at));
    }
    sink.leaf(kind, at, end, false);
    Ok(end)
}

fn number(bytes: &[u8], start: usize) -> Result<usize, Stop> {
    let digits = |mut at: usize| {
        let first = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == first {
            Err(Stop::At(at))
        } else {
            Ok(at)
        }
    };
    let mut at = start;
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = if bytes.get(at) == Some(&b'0') {
        at + 1
    } else {
        digits(at)?
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(bytes.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at = digits(at)?;
    }
    Ok(at)
}

/// The end of the string at `start`, and whether it holds a backslash.
fn string(bytes: &[u8], start: usize) -> Result<(usize, bool), Stop> {
    let mut at = start + 1;
    let mut escaped = false;
    loop {
        at = plain_run(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok((at + 1, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = escape(bytes, at)?;
            }
            _ => return Err(Stop::At(at)),
        }
    }
}

/// The first place from `at` on that is a quote, a backslash or a control character, eight bytes at
/// a time.
fn plain_run(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let slash = word ^ (ONES * b'\\' as u64);
        // Exact in its lowest hit: a borrow only reaches bytes above a true one.
        let hit = (quote.wrapping_sub(ONES) & !quote
            | slash.wrapping_sub(ONES) & !slash
            | word.wrapping_sub(ONES * 0x20) & !word)
            & HIGHS;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes
        .get(at)
        .is_some_and(|b| *b >= 0x20 && *b != b'"' && *b != b'\\')
    {
        at += 1;
    }
    at
}

/// The place after the escape whose backslash is at `at`; a lone surrogate is refused.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match hex4(bytes, at + 2).ok_or(Stop::At(at))? {
            0xD800..=0xDBFF => {
                let low = (bytes.get(at + 6..at + 8) == Some(b"\\u"))
                    .then(|| hex4(bytes, at + 8))
                    .flatten();
                match low {
                    Some(0xDC00..=0xDFFF) => Ok(at + 12),
                    _ => Err(Stop::At(at)),
                }
            }
            0xDC00..=0xDFFF => Err(Stop::At(at)),
            _ => Ok(at + 6),
        },
        _ => Err(Stop::At(at)),
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.iter().try_fold(0, |value, byte| {
        Some(value * 16 + char::from(*byte).to_digit(16)?)
    })
}

/// The text of a string that [`string`] has accepted.
fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let bytes = rest.as_bytes();
        let mut used = 2;
        match bytes.get(at + 1) {
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b'n') => out.push('\n'),
            Some(b'r') => out.push('\r'),
            Some(b't') => out.push('\t'),
            Some(b'u') => {
                used = 6;
                let mut code = hex4(bytes, at + 2).unwrap_or(0);
                if (0xD800..0xDC00).contains(&code) {
                    used = 12;
                    let low = hex4(bytes, at + 8).unwrap_or(0xDC00);
                    code = 0x10000 + ((code - 0xD800) << 10) + low.wrapping_sub(0xDC00);
                }
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(char::from(*other)),
            None => {}
        }
        rest = rest.get(at + used..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// Appends a text as a JSON string.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
        out.push_str(&rest[..at]);
        let byte = rest.as_bytes()[at];
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                const HEX: [char; 16] = [
                    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
                ];
                out.push_str("\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Writes an object, member by member; empty texts and lists are left out, as FHIR wants it.
#[derive(Debug)]
pub struct Object(String);

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

impl Object {
    /// An object without members.
    #[must_use]
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// A resource of this type.
    #[must_use]
    pub fn resource(kind: &str) -> Self {
        Self::new().text("resourceType", kind)
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        push_string(&mut self.0, key);
        self.0.push(':');
    }

    /// A string; left out when empty.
    #[must_use]
    pub fn text(mut self, key: &str, text: &str) -> Self {
        if !text.is_empty() {
            self.key(key);
            push_string(&mut self.0, text);
        }
        self
    }

    /// A string, when there is one.
    #[must_use]
    pub fn maybe(self, key: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(key, text),
            None => self,
        }
    }

    /// JSON as it is; left out when empty.
    #[must_use]
    pub fn raw(mut self, key: &str, json: &str) -> Self {
        if !json.is_empty() {
            self.key(key);
            self.0.push_str(json);
        }
        self
    }

    /// An object; left out when it has no members.
    #[must_use]
    pub fn object(self, key: &str, object: Self) -> Self {
        if object.is_empty() {
            return self;
        }
        self.raw(key, &object.finish())
    }

    /// A list of objects; left out when empty, as are empty objects.
    #[must_use]
    pub fn list(self, key: &str, objects: impl IntoIterator<Item = Self>) -> Self {
        let mut json = String::new();
        for object in objects {
            if !object.is_empty() {
                json.push(if json.is_empty() { '[' } else { ',' });
                json.push_str(&object.finish());
            }
        }
        if json.is_empty() {
            return self;
        }
        json.push(']');
        self.raw(key, &json)
    }

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    /// The text.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A value as `serde_json` has it, to compare (numbers as f64).
    fn rebuild(node: Node<'_>) -> serde_json::Value {
        use serde_json::Value;
        match node.cell().map(|c| c.kind).unwrap() {
            Kind::Null => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Number => serde_json::from_str(node.raw()).unwrap(),
            Kind::String => {
                let cell = node.cell().unwrap();
                let inner = &node.text[cell.start as usize + 1..cell.end as usize - 1];
                Value::String(unescape(inner))
            }
            Kind::Array => Value::Array(node.items().map(rebuild).collect()),
            Kind::Object => Value::Object(
                node.fields()
                    .map(|(key, value)| (rebuild(key).as_str().unwrap().to_owned(), rebuild(value)))
                    .collect(),
            ),
        }
    }

    fn agrees(text: &str) -> Result<(), TestCaseError> {
        let theirs = serde_json::from_str::<serde_json::Value>(text);
        match (Document::parse(text), &theirs) {
            (Ok(document), Ok(value)) => {
                prop_assert_eq!(document.root().raw(), text.trim());
                prop_assert_eq!(&rebuild(document.root()), value);
            }
            (Err(FhirError::NotAnObject), Ok(value)) => prop_assert!(!value.is_object()),
            (Err(FhirError::TooDeep { .. }), _) => {}
            (Err(_), Err(_)) => {}
            // serde_json refuses numbers beyond f64 in a Value; as text they are fine.
            (Ok(_), Err(e)) if e.to_string().starts_with("number out of range") => {}
            (ours, theirs) => prop_assert!(false, "{text:?}: {ours:?}, {theirs:?}"),
        }
        Ok(())
    }

    #[test]
    fn reads_what_serde_json_reads() {
        for text in [
            r#"{"a":[1,-0,0.50,1e3,-1.5E-7,{"b":null}],"c":"\u00e9\ud83d\ude00\n\/","d":true}"#,
            "{}",
            " { } ",
            "[]",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":+1}",
            "{\"a\":-}",
            "{\"a\":1e}",
            "{\"a\":1,}",
            "{\"a\":[1,]}",
            "{,}",
            "{\"a\"}",
            "{\"a\" 1}",
            "{a:1}",
            "{\"a\":tru}",
            "{\"a\":nulll}",
            "{\"a\":\"\u{1}\"}",
            "{\"a\":\"\t\"}",
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00"}"#,
            r#"{"a":"\ud800\u0041"}"#,
            r#"{"a":"\u12"}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"x"#,
            "{\"a\":1}{",
            "{\"a\":1]",
            "{\"a\":1} x",
            "",
            "null",
            "\u{feff}{}",
            "{\"đường huyết\":\"ạ\"}",
        ] {
            agrees(text).unwrap();
        }
    }

    #[test]
    fn finds_values_and_forgives_kinds() {
        let document =
            Document::parse(r#"{"a":{"b":[{"c":"x"},{"c":4.50}]},"\u0064":" ","e":true}"#).unwrap();
        let root = document.root();
        let b = root.get("a").get("b");
        assert_eq!(b.first().str("c").as_deref(), Some("x"));
        assert_eq!(b.items().nth(1).unwrap().get("c").number(), Some("4.50"));
        assert_eq!(b.raw(), r#"[{"c":"x"},{"c":4.50}]"#);
        assert!(root.get("d").exists() && root.str("d").is_none());
        assert!(!root.get("a").get("b").get("c").get("d").first().exists());
        assert_eq!(root.get("e").bool(), Some(true));
        assert_eq!(root.get("e").items().count(), 1);
        assert_eq!(root.get("x").items().count(), 0);
        assert_eq!(root.get("x").raw(), "");
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(
            Document::parse("{\n  \"a\": x}").unwrap_err(),
            FhirError::NotJson { line: 2, column: 8 }
        );
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(70), "]".repeat(70));
        assert_eq!(
            Document::parse(&deep).unwrap_err(),
            FhirError::TooDeep { limit: MAX_DEPTH }
        );
        let endless = "{\"a\":".repeat(1_000_000);
        assert_eq!(
            skip_value(&endless, 0),
            Err(FhirError::TooDeep { limit: MAX_DEPTH })
        );
    }

    fn arb_json() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_on_json(value in arb_json(), pretty: bool) {
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            agrees(&text)?;
            prop_assert_eq!(skip_value(&text, 0).ok(), Some(text.len()));
        }

        #[test]
        fn agrees_with_serde_json_on_near_json(
            text in r#"[ \n]{0,1}\{("[a\\"/nu0d8]{0,6}"[:,]{0,2}[-0-9.eE+tfn\[\]{},:\\"]{0,6}[,]{0,1}){0,3}\}{0,2}"#
        ) {
            agrees(&text)?;
        }

        #[test]
        fn agrees_with_serde_json_on_one_changed_byte(value in arb_json(), at: prop::sample::Index, to in "[ -~]") {
            let mut text = format!("{{\"x\":{value}}}");
            let at = at.index(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                text.replace_range(at..=at, &to);
            }
            agrees(&text)?;
        }

        #[test]
        fn strings_are_written_as_serde_json_reads_them(text: String) {
            let mut json = String::new();
            push_string(&mut json, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn plain_runs_end_at_the_first_special_byte(bytes: Vec<u8>, start in 0_usize..4) {
            let start = start.min(bytes.len());
            let expected = bytes[start..]
                .iter()
                .position(|b| *b < 0x20 || *b == b'"' || *b == b'\\')
                .map_or(bytes.len(), |i| start + i);
            prop_assert_eq!(plain_run(&bytes, start), expected);
        }
    }
}
