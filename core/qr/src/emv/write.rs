use thiserror::Error;

use super::payload::Payload;

/// A tag or value that no data object can hold, or that has no place where it was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a data object has a tag up to 99 and a value of 1 to 99 characters")]
pub struct ObjectError;

/// Writes a code object by object; lengths and the checksum come by themselves.
#[derive(Clone, Debug)]
pub struct Writer {
    text: String,
    inside: bool,
}

impl Writer {
    /// Begins a code with the payload format indicator, tag 00.
    #[expect(
        clippy::new_without_default,
        reason = "a code has more than its beginning"
    )]
    pub fn new() -> Self {
        let mut text = String::with_capacity(192);
        text.push_str("000201");
        Self {
            text,
            inside: false,
        }
    }

    /// Writes an object. Tags 00 and 63 come by themselves, and stand only inside templates.
    ///
    /// # Errors
    /// [`ObjectError`]; nothing is written then.
    pub fn object(&mut self, id: u8, value: &str) -> Result<(), ObjectError> {
        self.check(id)?;
        let [tag, length] = head(id, value)?;
        self.text.push_str(tag);
        self.text.push_str(length);
        self.text.push_str(value);
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
        let start = self.text.len();
        let outside = std::mem::replace(&mut self.inside, true);
        write(self)?;
        self.inside = outside;
        let [tag, length] = head(id, self.text.get(start..).unwrap_or_default())?;
        self.text.insert_str(start, length);
        self.text.insert_str(start, tag);
        Ok(())
    }

    /// Ends the code with its checksum, tag 63.
    pub fn finish(self) -> Payload {
        Payload::of_body(self.text)
    }

    fn check(&self, id: u8) -> Result<(), ObjectError> {
        if self.inside || !matches!(id, 0 | 63) {
            Ok(())
        } else {
            Err(ObjectError)
        }
    }
}

/// Tag and length.
fn head(id: u8, value: &str) -> Result<[&'static str; 2], ObjectError> {
    let length = if value.is_ascii() {
        value.len()
    } else {
        value.chars().count()
    };
    match (two_digits(id.into()), two_digits(length)) {
        (Some(tag), Some(digits)) if length > 0 => Ok([tag, digits]),
        _ => Err(ObjectError),
    }
}

fn two_digits(number: usize) -> Option<&'static str> {
    const ALL: &str = "00010203040506070809101112131415161718192021222324252627282930313233343536373839\
                       40414243444546474849505152535455565758596061626364656667686970717273747576777879\
                       8081828384858687888990919293949596979899";
    ALL.get(2 * number..2 * number + 2)
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
