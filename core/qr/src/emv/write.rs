use thiserror::Error;

use super::payload::{HEAD, Payload};

/// A tag or value that no data object can hold, or that has no place where it was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a data object has a tag up to 99 and a value of 1 to 99 characters")]
pub struct ObjectError;

/// Writes a code object by object; lengths and the checksum come by themselves.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Whole texts, one after the other.
    bytes: Vec<u8>,
    inside: bool,
}

impl Writer {
    /// Begins a code with the payload format indicator, tag 00.
    #[expect(
        clippy::new_without_default,
        reason = "a code has more than its beginning"
    )]
    pub fn new() -> Self {
        let mut bytes = Vec::with_capacity(192);
        bytes.extend_from_slice(b"000201");
        Self {
            bytes,
            inside: false,
        }
    }

    /// Writes an object. Tags 00 and 63 come by themselves, and stand only inside templates.
    ///
    /// # Errors
    /// [`ObjectError`]; nothing is written then.
    pub fn object(&mut self, id: u8, value: &str) -> Result<(), ObjectError> {
        self.check(id)?;
        let head = head(id, length(value.as_bytes()))?;
        self.bytes.extend_from_slice(&head);
        self.bytes.extend_from_slice(value.as_bytes());
        Ok(())
    }

    /// [`object`](Self::object) for a value that is known to be ASCII.
    pub(crate) fn ascii_object(&mut self, id: u8, value: &str) -> Result<(), ObjectError> {
        self.check(id)?;
        let head = head(id, value.len())?;
        self.bytes.extend_from_slice(&head);
        self.bytes.extend_from_slice(value.as_bytes());
        Ok(())
    }

    /// Writes an object whose value is what `write` writes.
    ///
    /// # Errors
    /// What `write` refuses, or [`ObjectError`] when it wrote nothing or more than 99 characters. The
    /// writer is of no more use then.
    pub fn template<E: From<ObjectError>>(
        &mut self,
        id: u8,
        write: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.check(id)?;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; HEAD]);
        let outside = std::mem::replace(&mut self.inside, true);
        write(self)?;
        self.inside = outside;
        if let Some((place, value)) = self
            .bytes
            .get_mut(start..)
            .and_then(|object| object.split_first_chunk_mut::<HEAD>())
        {
            *place = head(id, length(value))?;
        }
        Ok(())
    }

    /// How many bytes were written.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Ends the code with its checksum, tag 63.
    pub fn finish(self) -> Payload {
        Payload::of_body(String::from_utf8(self.bytes).unwrap_or_default())
    }

    fn check(&self, id: u8) -> Result<(), ObjectError> {
        if self.inside || !matches!(id, 0 | 63) {
            Ok(())
        } else {
            Err(ObjectError)
        }
    }
}

fn head(id: u8, length: usize) -> Result<[u8; HEAD], ObjectError> {
    match u8::try_from(length) {
        Ok(length @ 1..=99) if id <= 99 => {
            Ok([id / 10, id % 10, length / 10, length % 10].map(|digit| b'0' + digit))
        }
        _ => Err(ObjectError),
    }
}

/// The characters of a value, which is whole UTF-8.
fn length(value: &[u8]) -> usize {
    if value.is_ascii() {
        value.len()
    } else {
        // Every character has one byte that does not continue another.
        value.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_nested_templates() {
        let mut writer = Writer::new();
        writer.object(1, "11").unwrap();
        writer
            .template(38, |napas| {
                napas.object(0, "A000000727")?;
                napas.template(1, |payee| {
                    payee.object(0, "970403")?;
                    payee.object(1, "0011012345678")
                })?;
                napas.object(2, "QRIBFTTA")
            })
            .unwrap();
        writer.object(53, "704").unwrap();
        writer.object(58, "VN").unwrap();
        assert_eq!(
            writer.finish().as_str(),
            "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN63049E6F"
        );
    }

    #[test]
    fn refuses_what_no_object_holds() {
        let mut writer = Writer::new();
        for (id, value) in [
            (100, "1"),
            (5, ""),
            (5, &"x".repeat(100)),
            (0, "01"),
            (63, "ABCD"),
        ] {
            assert_eq!(writer.object(id, value), Err(ObjectError), "{id}");
        }
        let nothing = writer.template(62, |_| Ok::<_, ObjectError>(()));
        assert_eq!(nothing, Err(ObjectError));
        assert_eq!(writer.object(5, &"ạ".repeat(99)), Ok(()));
    }
}
