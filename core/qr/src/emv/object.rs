use std::fmt;

use super::error::{FormatError, FormatErrorKind};

/// How the writer of a code counted lengths. They differ only outside ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthUnit {
    /// As the standard says.
    Characters,
    /// As some writers do it: bytes of UTF-8.
    Bytes,
    /// As writers in JavaScript do it: units of UTF-16.
    Utf16,
}

impl LengthUnit {
    /// In ASCII both are the same, and bytes are quicker to count.
    pub(super) fn tried_first(is_ascii: bool) -> Self {
        if is_ascii {
            Self::Bytes
        } else {
            Self::Characters
        }
    }
}

/// One data object: a tag from 00 to 99 and its value, as they stand in a code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Object<'a> {
    value: &'a str,
    id: u8,
    unit: LengthUnit,
}

impl<'a> Object<'a> {
    /// The tag.
    pub fn id(&self) -> u8 {
        self.id
    }

    /// The value as it stands in the code.
    pub fn value(&self) -> &'a str {
        self.value
    }

    /// The objects inside the value; unset when the value is not a template, or has empty objects.
    pub fn children(&self) -> Option<Objects<'a>> {
        let children = self.inside();
        let mut rest = children;
        let is_template = !self.value.is_empty()
            && rest.all(|child| !child.value.is_empty())
            && rest.rest.is_empty();
        is_template.then_some(children)
    }

    /// The objects inside the value, whether it is a template or not.
    pub(crate) fn inside(&self) -> Objects<'a> {
        Objects {
            rest: self.value,
            unit: self.unit,
        }
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Object({:02}, {} characters)",
            self.id,
            self.value.chars().count()
        )
    }
}

/// Objects in their order. It ends where the text ends or stops being objects; a template that came
/// from [`Object::children`] or [`Payload`](super::Payload) is whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Objects<'a> {
    rest: &'a str,
    unit: LengthUnit,
}

impl<'a> Objects<'a> {
    pub(crate) fn new(text: &'a str, unit: LengthUnit) -> Self {
        Self { rest: text, unit }
    }

    pub(super) fn unit(&self) -> LengthUnit {
        self.unit
    }

    pub(crate) fn empty() -> Self {
        Self::new("", LengthUnit::Characters)
    }

    /// The value of the first object with this tag.
    pub fn get(mut self, id: u8) -> Option<&'a str> {
        self.find(|object| object.id == id)
            .map(|object| object.value)
    }

    /// After the last object: whether the text of `code`, of which these are a part, ended there too.
    #[inline]
    pub(crate) fn end(self, code: &str) -> Result<(), FormatError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.broken(code))
        }
    }

    /// What is wrong with the next object, and at which character of the whole code.
    #[cold]
    fn broken(self, code: &str) -> FormatError {
        let digits = |at| {
            let two = self.rest.as_bytes().get(at..at + 2);
            two.is_some_and(|two| two.iter().all(u8::is_ascii_digit))
        };
        let (kind, offset) = match (digits(0), digits(2)) {
            (false, _) => (FormatErrorKind::BadTag, 0),
            (true, false) => (FormatErrorKind::BadLength, 2),
            (true, true) => (FormatErrorKind::Overrun, 4),
        };
        kind.at(place(self.rest, code) + offset)
    }
}

/// At which character of a code a part of it begins.
pub(super) fn place(part: &str, code: &str) -> usize {
    let bytes = part.as_ptr().addr() - code.as_ptr().addr();
    code.get(..bytes).unwrap_or(code).chars().count()
}

impl<'a> Iterator for Objects<'a> {
    type Item = Object<'a>;

    #[inline]
    fn next(&mut self) -> Option<Object<'a>> {
        let head = self.rest.as_bytes().first_chunk::<4>()?;
        let [a, b, c, d] = head.map(|digit| digit.wrapping_sub(b'0'));
        if a.max(b).max(c).max(d) > 9 {
            return None;
        }
        let (id, length) = (10 * a + b, 10 * c + d);
        let end = match self.unit {
            LengthUnit::Bytes => 4 + usize::from(length),
            LengthUnit::Characters => end_of(self.rest, length, |_| 1)?,
            LengthUnit::Utf16 => end_of(self.rest, length, char::len_utf16)?,
        };
        let (object, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(Object {
            value: object.get(4..)?,
            id,
            unit: self.unit,
        })
    }
}

impl fmt::Debug for Objects<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// Where a value of such a length ends, after tag and length.
fn end_of(text: &str, length: u8, measure: impl Fn(char) -> usize) -> Option<usize> {
    let mut left = 4 + usize::from(length);
    let mut chars = text.char_indices();
    while left > 0 {
        let (_, c) = chars.next()?;
        left = left.checked_sub(measure(c))?;
    }
    Some(chars.offset())
}
