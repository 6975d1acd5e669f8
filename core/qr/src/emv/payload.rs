use std::fmt;

use super::crc::crc16;
use super::error::{FormatError, FormatErrorKind};
use super::object::{LengthUnit, Object, read_all, write_all};

const FORMAT_INDICATOR: u8 = 0;
const CRC_TAG: u8 = 63;
const CRC_HEAD: &str = "6304";
const CRC_DIGITS: usize = 4;

/// A whole code: its objects in their order, the checksum apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    objects: Vec<Object>,
    lower_case_crc: bool,
}

impl Payload {
    /// Reads a code and checks its checksum. Unknown tags are kept.
    pub fn read(text: &str) -> Result<Self, FormatError> {
        if !text.starts_with("00") {
            return Err(FormatErrorKind::NotEmv.at(0));
        }
        let (body, lower_case_crc) = check_crc(text)?;
        let objects = read_all(body, LengthUnit::Characters, 0)
            .or_else(|error| read_all(body, LengthUnit::Bytes, 0).map_err(|_| error))?;
        let payload = Self {
            objects,
            lower_case_crc,
        };
        match payload
            .objects
            .iter()
            .position(|object| object.id() == CRC_TAG)
        {
            Some(index) => Err(FormatErrorKind::CrcNotLast.at(payload.position(index))),
            None => Ok(payload),
        }
    }

    pub(crate) fn from_objects(objects: Vec<Object>) -> Self {
        debug_assert!(
            objects
                .first()
                .is_some_and(|object| object.id() == FORMAT_INDICATOR)
        );
        Self {
            objects,
            lower_case_crc: false,
        }
    }

    /// The text of the code, with its checksum.
    pub fn to_text(&self) -> String {
        let mut text = write_all(&self.objects);
        text.push_str(CRC_HEAD);
        let crc = crc16(text.as_bytes());
        text.push_str(&if self.lower_case_crc {
            format!("{crc:04x}")
        } else {
            format!("{crc:04X}")
        });
        text
    }

    /// The objects at the root, without the checksum.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The value of the first object with this tag.
    pub fn get(&self, id: u8) -> Option<&str> {
        self.objects
            .iter()
            .find(|object| object.id() == id)
            .map(Object::value)
    }

    /// The objects inside the first template with this tag; empty when there is none.
    pub fn template(&self, id: u8) -> Result<Vec<Object>, FormatError> {
        match self.objects.iter().position(|object| object.id() == id) {
            Some(index) => match self.objects.get(index) {
                Some(object) => object.read_children(self.position(index) + 4),
                None => Ok(Vec::new()),
            },
            None => Ok(Vec::new()),
        }
    }

    /// Where an object begins, in characters.
    pub(crate) fn position(&self, index: usize) -> usize {
        self.objects.iter().take(index).map(Object::width).sum()
    }

    pub(crate) fn has_lower_case_crc(&self) -> bool {
        self.lower_case_crc
    }

    pub(crate) fn is_ascii(&self) -> bool {
        self.objects.iter().all(|object| object.value().is_ascii())
    }

    pub(crate) fn counts_bytes(&self) -> bool {
        self.objects
            .first()
            .is_some_and(|object| object.unit() == LengthUnit::Bytes)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.objects).finish()
    }
}

/// The text before tag 63, and whether the checksum is in lower case.
fn check_crc(text: &str) -> Result<(&str, bool), FormatError> {
    let end = text.chars().count();
    let no_crc = FormatErrorKind::NoCrc.at(end);
    let (signed, crc) = text
        .len()
        .checked_sub(CRC_DIGITS)
        .and_then(|middle| text.split_at_checked(middle))
        .ok_or(no_crc)?;
    let body = signed.strip_suffix(CRC_HEAD).ok_or(no_crc)?;
    let sum = crc16(signed.as_bytes());
    if crc == format!("{sum:04X}") {
        Ok((body, false))
    } else if crc == format!("{sum:04x}") {
        Ok((body, true))
    } else {
        Err(FormatErrorKind::WrongCrc.at(end - CRC_DIGITS))
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
    fn positions_inside_templates_are_absolute() {
        let payload = Payload::read(&with_crc("000201620808051234")).unwrap();
        assert_eq!(payload.template(62), Err(FormatErrorKind::Overrun.at(14)));
    }

    #[test]
    fn lengths_outside_ascii_are_characters_or_bytes() {
        for body in ["0002015908Nguyễn Ạ5802VN", "0002015912Nguyễn Ạ5802VN"] {
            let text = with_crc(body);
            let payload = Payload::read(&text).unwrap();
            assert_eq!(payload.get(59), Some("Nguyễn Ạ"));
            assert_eq!(payload.to_text(), text);
        }
    }

    #[test]
    fn keeps_the_case_of_the_checksum() {
        let text = with_crc("0002015802VN");
        let lower = text.replace(
            &text[text.len() - 4..],
            &text[text.len() - 4..].to_lowercase(),
        );
        assert_eq!(Payload::read(&lower).unwrap().to_text(), lower);
    }
}
