use std::fmt;

use super::error::{FormatError, FormatErrorKind};

/// How the writer of a code counted lengths. They differ only outside ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthUnit {
    /// As the standard says.
    Characters,
    /// As some writers do it: bytes of UTF-8.
    Bytes,
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
    id: u8,
    value: &'a str,
    unit: LengthUnit,
    /// Where the value begins in the whole code, in bytes.
    start: usize,
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
        let is_template = !self.value.is_empty()
            && children.check().is_ok()
            && children.into_iter().all(|child| !child.value.is_empty());
        is_template.then_some(children)
    }

    /// The objects inside the value, whether it is a template or not.
    pub(crate) fn inside(&self) -> Objects<'a> {
        Objects {
            rest: self.value,
            unit: self.unit,
            at: self.start,
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
    /// Where the rest begins in the whole code, in bytes.
    at: usize,
}

impl<'a> Objects<'a> {
    pub(crate) fn new(text: &'a str, unit: LengthUnit) -> Self {
        Self {
            rest: text,
            unit,
            at: 0,
        }
    }

    pub(crate) fn empty() -> Self {
        Self::new("", LengthUnit::Characters)
    }

    /// The value of the first object with this tag.
    pub fn get(mut self, id: u8) -> Option<&'a str> {
        self.find(|object| object.id == id)
            .map(|object| object.value)
    }

    /// Where the text stops being objects, with a position in bytes of the whole code.
    pub(crate) fn check(mut self) -> Result<(), FormatError> {
        while self.step()?.is_some() {}
        Ok(())
    }

    /// Where the next object begins in the whole code, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next object; none at the end. Positions of errors are in bytes of the whole code.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<Option<Object<'a>>, FormatError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (Some(id), Some(length)) = (two_digits(self.rest, 0), two_digits(self.rest, 2)) else {
            return Err(self.broken_head());
        };
        let end = match self.unit {
            LengthUnit::Bytes => Some(4 + usize::from(length)),
            LengthUnit::Characters => end_of(self.rest, length),
        };
        let value = end.and_then(|end| self.rest.get(4..end));
        let Some(value) = value else {
            return Err(FormatErrorKind::Overrun.at(self.at + 4));
        };
        let start = self.at + 4;
        self.at = start + value.len();
        self.rest = self.rest.get(4 + value.len()..).unwrap_or_default();
        Ok(Some(Object {
            id,
            value,
            unit: self.unit,
            start,
        }))
    }

    #[cold]
    fn broken_head(&self) -> FormatError {
        match two_digits(self.rest, 0) {
            None => FormatErrorKind::BadTag.at(self.at),
            Some(_) => FormatErrorKind::BadLength.at(self.at + 2),
        }
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = Object<'a>;

    fn next(&mut self) -> Option<Object<'a>> {
        let object = self.step().ok().flatten();
        if object.is_none() {
            self.rest = "";
        }
        object
    }
}

impl fmt::Debug for Objects<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

#[inline]
fn two_digits(text: &str, at: usize) -> Option<u8> {
    let [tens, ones] = text.as_bytes().get(at..at + 2)? else {
        return None;
    };
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| tens * 10 + ones)
}

/// Where a value of so many characters ends, after tag and length.
fn end_of(text: &str, length: u8) -> Option<usize> {
    text.char_indices()
        .map(|(index, _)| index)
        .chain([text.len()])
        .nth(4 + usize::from(length))
}
