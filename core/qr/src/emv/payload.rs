use std::fmt;

use super::crc::{crc16, digits};
use super::error::{FormatError, FormatErrorKind};
use super::object::{LengthUnit, Object, Objects, place};

const CRC_TAG: u8 = 63;
const CRC_HEAD: &str = "6304";
const CRC_DIGITS: usize = 4;
/// Tag and length.
pub(super) const HEAD: usize = 4;

/// A whole code that was checked: its text, and the objects in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    text: String,
    form: Form,
}

/// How the text of a whole code is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    is_ascii: bool,
    unit: LengthUnit,
}

/// Where a value stands in a code, in bytes, so that it is not looked for again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// Of a value that is a part of a code.
    pub(crate) fn of(value: &str, code: &str) -> Self {
        let start = value.as_ptr().addr() - code.as_ptr().addr();
        Self {
            start,
            end: start + value.len(),
        }
    }

    /// Of the value of an object that was written from `start` to `end`, if it was.
    pub(crate) fn of_object(start: usize, end: usize) -> Self {
        if start == end {
            return Self::default();
        }
        Self {
            start: start + HEAD,
            end,
        }
    }
}

impl Payload {
    /// Reads a code and checks its checksum. Unknown tags are kept.
    ///
    /// # Errors
    /// [`FormatError`] with the character at which the text stops being a code.
    pub fn read(text: &str) -> Result<Self, FormatError> {
        Ok(Form::check(text, |_| {})?.of(text))
    }

    /// The code of objects that a writer has just written, without its checksum.
    pub(super) fn of_body(mut text: String) -> Self {
        text.push_str(CRC_HEAD);
        let crc = digits(crc16(text.as_bytes()));
        text.push_str(std::str::from_utf8(&crc).unwrap_or_default());
        let form = Form::tried_first(&text);
        Self { text, form }
    }

    /// The text of the code, with its checksum, byte for byte as it came.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The objects at the root, without the checksum.
    pub fn objects(&self) -> Objects<'_> {
        let body = self.text.len().saturating_sub(CRC_HEAD.len() + CRC_DIGITS);
        Objects::new(self.text.get(..body).unwrap_or_default(), self.form.unit)
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
            Some(object) => {
                let mut rest = object.inside();
                rest.by_ref().for_each(drop);
                rest.end(&self.text).map(|()| object.inside())
            }
        }
    }

    /// The objects inside a value of this code that was found to be a template.
    pub(crate) fn objects_in(&self, span: Span) -> Objects<'_> {
        let value = self.text.get(span.start..span.end);
        Objects::new(value.unwrap_or_default(), self.form.unit)
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }
}

impl Form {
    /// Checks the form of a whole code, and gives its objects at the root on the way.
    pub(crate) fn check<'a>(
        text: &'a str,
        mut take: impl FnMut(Object<'a>),
    ) -> Result<Self, FormatError> {
        if !text.starts_with("00") {
            return Err(FormatErrorKind::NotEmv.at(0));
        }
        let body = check_crc(text)?;
        let form = Self::tried_first(text);
        let objects = Objects::new(body, form.unit);
        if form.is_ascii {
            return check_objects(objects, text, take).map(|()| form);
        }
        // Which way of counting is right shows only at the end, and it must be one.
        let by_characters = check_objects(objects, text, |_| {});
        let mut whole = [LengthUnit::Characters, LengthUnit::Bytes, LengthUnit::Utf16]
            .map(|unit| Objects::new(body, unit))
            .into_iter()
            .filter(|objects| check_objects(*objects, text, |_| {}).is_ok());
        let Some(objects) = whole.next() else {
            return by_characters.map(|()| form);
        };
        if whole.any(|other| !other.map(|o| o.value()).eq(objects.map(|o| o.value()))) {
            return Err(FormatErrorKind::Ambiguous.at(0));
        }
        let unit = objects.unit();
        objects.for_each(&mut take);
        Ok(Self { unit, ..form })
    }

    /// The code of a text that was checked.
    pub(crate) fn of(self, text: &str) -> Payload {
        Payload {
            text: text.to_owned(),
            form: self,
        }
    }

    pub(crate) fn is_ascii(self) -> bool {
        self.is_ascii
    }

    /// Whether lengths count something else than characters.
    pub(crate) fn counts_otherwise(self) -> bool {
        !self.is_ascii && self.unit != LengthUnit::Characters
    }

    fn tried_first(text: &str) -> Self {
        let is_ascii = text.is_ascii();
        Self {
            is_ascii,
            unit: LengthUnit::tried_first(is_ascii),
        }
    }
}

/// Whether the checksum at the end of a code has letters in lower case.
pub(crate) fn has_lower_case_crc(text: &str) -> bool {
    let crc = text.as_bytes().last_chunk::<CRC_DIGITS>();
    crc.is_some_and(|crc| crc.iter().any(u8::is_ascii_lowercase))
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.objects().fmt(f)
    }
}

#[inline]
fn check_objects<'a>(
    mut objects: Objects<'a>,
    code: &str,
    mut take: impl FnMut(Object<'a>),
) -> Result<(), FormatError> {
    for object in objects.by_ref() {
        if object.id() == CRC_TAG {
            // The value stands behind tag and length.
            return Err(FormatErrorKind::CrcNotLast.at(place(object.value(), code) - 4));
        }
        take(object);
    }
    objects.end(code)
}

/// The text before tag 63.
fn check_crc(text: &str) -> Result<&str, FormatError> {
    let no_crc = || FormatErrorKind::NoCrc.at(text.chars().count());
    let (signed, crc) = text
        .len()
        .checked_sub(CRC_DIGITS)
        .and_then(|middle| text.split_at_checked(middle))
        .ok_or_else(no_crc)?;
    let body = signed.strip_suffix(CRC_HEAD).ok_or_else(no_crc)?;
    let right = digits(crc16(signed.as_bytes()));
    // One bank's app writes it in lower case; a mixture is a misreading.
    if crc.as_bytes() == right || crc.as_bytes() == right.map(|digit| digit.to_ascii_lowercase()) {
        Ok(body)
    } else {
        Err(FormatErrorKind::WrongCrc.at(signed.chars().count()))
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
            ("0002015910Nguyễn Ạ😀5802VN", true),
            ("0002015909Nguyễn Ạ😀5802VN", false),
        ] {
            let text = with_crc(body);
            let payload = Payload::read(&text).unwrap();
            assert!(payload.get(59).unwrap().starts_with("Nguyễn Ạ"));
            assert_eq!(
                (payload.as_str(), payload.form.counts_otherwise()),
                (&*text, in_bytes)
            );
        }
    }

    /// By characters one payment, by bytes another: whoever wrote it wants two apps to differ.
    #[test]
    fn a_code_of_two_readings_is_refused() {
        // Tag 80 has 12 characters; by bytes it ends after the four letters, and a tag 90 follows.
        let text = with_crc("0002018012ạạạạ9004xxxx5802VN");
        assert_eq!(refused(&text), FormatErrorKind::Ambiguous.at(0));
    }

    #[test]
    fn keeps_the_case_of_the_checksum() {
        let text = with_crc("0002015901x");
        let (signed, crc) = text.split_at(text.len() - 4);
        let lower = format!("{signed}{}", crc.to_lowercase());
        let payload = Payload::read(&lower).unwrap();
        assert_eq!(
            (payload.as_str(), has_lower_case_crc(payload.as_str())),
            (&*lower, true)
        );
    }
}
