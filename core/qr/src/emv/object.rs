use std::fmt::{self, Write as _};

use thiserror::Error;

use super::error::{FormatError, FormatErrorKind};

/// How the writer of a code counted lengths. They differ only outside ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthUnit {
    /// As the standard says.
    Characters,
    /// As some writers do it: bytes of UTF-8.
    Bytes,
}

/// One data object: a tag from 00 to 99 and its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    id: u8,
    value: String,
    unit: LengthUnit,
}

/// A tag or value that no data object can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a data object has a tag up to 99 and a value of 1 to 99 characters")]
pub struct ObjectError;

impl Object {
    /// A new object; the value has 1 to 99 characters.
    pub fn new(id: u8, value: impl Into<String>) -> Result<Self, ObjectError> {
        let value = value.into();
        if id <= 99 && (1..=99).contains(&value.chars().count()) {
            Ok(Self {
                id,
                value,
                unit: LengthUnit::Characters,
            })
        } else {
            Err(ObjectError)
        }
    }

    /// A template: an object whose value is a list of objects.
    pub fn template(id: u8, objects: &[Self]) -> Result<Self, ObjectError> {
        Self::new(id, write_all(objects))
    }

    /// The tag.
    pub fn id(&self) -> u8 {
        self.id
    }

    /// The value as it stands in the code.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The objects inside the value; unset when the value is not a template.
    pub fn children(&self) -> Option<Vec<Self>> {
        self.read_children(0)
            .ok()
            .filter(|children| !children.is_empty())
    }

    pub(crate) fn read_children(&self, position: usize) -> Result<Vec<Self>, FormatError> {
        read_all(&self.value, self.unit, position)
    }

    /// The length of the object in characters, tag and length included.
    pub(crate) fn width(&self) -> usize {
        4 + self.value.chars().count()
    }

    pub(crate) fn unit(&self) -> LengthUnit {
        self.unit
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Object({:02}, {} characters)",
            self.id,
            self.value.chars().count()
        )
    }
}

pub(crate) fn write_all(objects: &[Object]) -> String {
    objects.iter().fold(String::new(), |mut text, object| {
        let length = match object.unit {
            LengthUnit::Characters => object.value.chars().count(),
            LengthUnit::Bytes => object.value.len(),
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{:02}{length:02}{}", object.id, object.value);
        text
    })
}

/// Reads objects until the text ends; `position` is where the text stands in the whole code.
pub(crate) fn read_all(
    text: &str,
    unit: LengthUnit,
    position: usize,
) -> Result<Vec<Object>, FormatError> {
    let mut objects = Vec::new();
    let mut rest = text;
    let mut position = position;
    while !rest.is_empty() {
        let (id, after_id) = two_digits(rest).ok_or(FormatErrorKind::BadTag.at(position))?;
        let (length, after_length) =
            two_digits(after_id).ok_or(FormatErrorKind::BadLength.at(position + 2))?;
        let (value, after_value) = split(after_length, length.into(), unit)
            .ok_or(FormatErrorKind::Overrun.at(position + 4))?;
        let object = Object {
            id,
            value: value.to_owned(),
            unit,
        };
        position += object.width();
        rest = after_value;
        objects.push(object);
    }
    Ok(objects)
}

fn two_digits(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    Some((digits.parse().ok()?, rest))
}

fn split(text: &str, length: usize, unit: LengthUnit) -> Option<(&str, &str)> {
    let end = match unit {
        LengthUnit::Bytes => length,
        LengthUnit::Characters => text
            .char_indices()
            .map(|(i, _)| i)
            .chain([text.len()])
            .nth(length)?,
    };
    text.split_at_checked(end)
}
