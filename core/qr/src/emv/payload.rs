use std::fmt;

use super::crc::{crc16, digits};
use super::error::{FormatError, FormatErrorKind};
use super::object::{LengthUnit, Object, Objects};

const CRC_TAG: u8 = 63;
const CRC_HEAD: &str = "6304";
const CRC_DIGITS: usize = 4;

/// A whole code that was checked: its text, and the objects in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    text: String,
    is_ascii: bool,
    unit: LengthUnit,
}

impl Payload {
    /// Reads a code and checks its checksum. Unknown tags are kept.
    ///
    /// # Errors
    /// [`FormatError`] with the character at which the text stops being a code.
    pub fn read(text: &str) -> Result<Self, FormatError> {
        let is_ascii = text.is_ascii();
        let unit = check(text, is_ascii).map_err(|error| error.in_characters(text))?;
        Ok(Self {
            text: text.to_owned(),
            is_ascii,
            unit,
        })
    }

    /// The code of objects that a writer has just written, without its checksum.
    pub(super) fn of_body(mut text: String) -> Self {
        text.push_str(CRC_HEAD);
        let crc = digits(crc16(text.as_bytes()));
        text.push_str(std::str::from_utf8(&crc).unwrap_or_default());
        let is_ascii = text.is_ascii();
        let unit = LengthUnit::tried_first(is_ascii);
        Self {
            text,
            is_ascii,
            unit,
        }
    }

    /// The text of the code, with its checksum, byte for byte as it came.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The objects at the root, without the checksum.
    pub fn objects(&self) -> Objects<'_> {
        let body = self.text.len().saturating_sub(CRC_HEAD.len() + CRC_DIGITS);
        Objects::new(self.text.get(..body).unwrap_or_default(), self.unit)
    }

    /// The value of the first object with this tag.
    pub fn get(&self, id: u8) -> Option<&str> {
        self.objects().get(id)
    }

    /// The objects inside the first template with this tag; none when there is no such tag.
    ///
    /// # Errors
    /// [`FormatError`] when the value is not a template.
    pub fn template(&self, id: u8) -> Result<Objects<'_>, FormatError> {
        match self.objects().find(|object| object.id() == id) {
            None => Ok(Objects::empty()),
            Some(object) => self.inside(&object),
        }
    }

    /// The objects inside a value of this code.
    pub(crate) fn inside<'a>(&'a self, object: &Object<'a>) -> Result<Objects<'a>, FormatError> {
        let objects = object.inside();
        objects
            .check()
            .map(|()| objects)
            .map_err(|error| error.in_characters(&self.text))
    }

    pub(crate) fn has_lower_case_crc(&self) -> bool {
        let crc = self.text.as_bytes().last_chunk::<CRC_DIGITS>();
        crc.is_some_and(|crc| crc.iter().any(u8::is_ascii_lowercase))
    }

    pub(crate) fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    pub(crate) fn counts_bytes(&self) -> bool {
        !self.is_ascii && self.unit == LengthUnit::Bytes
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.objects().fmt(f)
    }
}

/// Checks the form of a whole code. Positions are in bytes.
fn check(text: &str, is_ascii: bool) -> Result<LengthUnit, FormatError> {
    if !text.starts_with("00") {
        return Err(FormatErrorKind::NotEmv.at(0));
    }
    let body = check_crc(text)?;
    let unit = LengthUnit::tried_first(is_ascii);
    match check_objects(Objects::new(body, unit)) {
        Ok(()) => Ok(unit),
        Err(error) if unit == LengthUnit::Characters => {
            check_objects(Objects::new(body, LengthUnit::Bytes))
                .map(|()| LengthUnit::Bytes)
                .map_err(|_| error)
        }
        Err(error) => Err(error),
    }
}

fn check_objects(mut objects: Objects<'_>) -> Result<(), FormatError> {
    loop {
        let at = objects.at();
        match objects.step()? {
            None => return Ok(()),
            Some(object) if object.id() == CRC_TAG => {
                return Err(FormatErrorKind::CrcNotLast.at(at));
            }
            Some(_) => {}
        }
    }
}

/// The text before tag 63.
fn check_crc(text: &str) -> Result<&str, FormatError> {
    let no_crc = FormatErrorKind::NoCrc.at(text.len());
    let (signed, crc) = text
        .len()
        .checked_sub(CRC_DIGITS)
        .and_then(|middle| text.split_at_checked(middle))
        .ok_or(no_crc)?;
    let body = signed.strip_suffix(CRC_HEAD).ok_or(no_crc)?;
    let right = digits(crc16(signed.as_bytes()));
    // One bank's app writes it in lower case; a mixture is a misreading.
    if crc.as_bytes() == right || crc.as_bytes() == right.map(|digit| digit.to_ascii_lowercase()) {
        Ok(body)
    } else {
        Err(FormatErrorKind::WrongCrc.at(signed.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_crc(body: &str) -> String {
        let signed = format!("{body}{CRC_HEAD}");
        format!("{signed}{:04X}", crc16(signed.as_bytes()))
    }

    fn refused(text: &str) -> FormatError {
        Payload::read(text).unwrap_err()
    }

    #[test]
    fn says_where_it_broke() {
        assert_eq!(refused("hello"), FormatErrorKind::NotEmv.at(0));
        assert_eq!(refused("000201"), FormatErrorKind::NoCrc.at(6));
        assert_eq!(refused("0002016304FFFF"), FormatErrorKind::WrongCrc.at(10));
        assert_eq!(
            refused(&with_crc("0002015410123")),
            FormatErrorKind::Overrun.at(10)
        );
        assert_eq!(
            refused(&with_crc("000201X403123")),
            FormatErrorKind::BadTag.at(6)
        );
        assert_eq!(
            refused(&with_crc("00020154+3123")),
            FormatErrorKind::BadLength.at(8)
        );
        assert_eq!(
            refused(&with_crc("0002015403123x")),
            FormatErrorKind::BadTag.at(13)
        );
        assert_eq!(
            refused(&with_crc("0002016304ABCD5802VN")),
            FormatErrorKind::CrcNotLast.at(6)
        );
    }

    #[test]
    fn positions_count_characters() {
        assert_eq!(
            refused(&with_crc("0002015902Ạ15X")),
            FormatErrorKind::BadTag.at(12)
        );
        assert_eq!(
            refused("0002015902Ạ16304ABCD"),
            FormatErrorKind::WrongCrc.at(16)
        );
    }

    #[test]
    fn positions_inside_templates_are_absolute() {
        let payload = Payload::read(&with_crc("000201620808051234")).unwrap();
        assert_eq!(
            payload.template(62).unwrap_err(),
            FormatErrorKind::Overrun.at(14)
        );
    }

    #[test]
    fn lengths_outside_ascii_are_characters_or_bytes() {
        for (body, in_bytes) in [
            ("0002015908Nguyễn Ạ5802VN", false),
            ("0002015912Nguyễn Ạ5802VN", true),
        ] {
            let text = with_crc(body);
            let payload = Payload::read(&text).unwrap();
            assert_eq!(payload.get(59), Some("Nguyễn Ạ"));
            assert_eq!(
                (payload.as_str(), payload.counts_bytes()),
                (&*text, in_bytes)
            );
        }
    }

    #[test]
    fn keeps_the_case_of_the_checksum() {
        let text = with_crc("0002015901x");
        let (signed, crc) = text.split_at(text.len() - 4);
        let lower = format!("{signed}{}", crc.to_lowercase());
        let payload = Payload::read(&lower).unwrap();
        assert_eq!(
            (payload.as_str(), payload.has_lower_case_crc()),
            (&*lower, true)
        );
    }
}
