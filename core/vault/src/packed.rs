//! Resource ids as they are stored: most are UUIDs, which take 16 bytes instead of 36.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

/// A resource id on its way into the database. The form depends on the id alone, so equal ids are
/// equal values.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PackedId<'a> {
    Uuid([u8; 16]),
    Text(&'a str),
}

const DASHES: [usize; 4] = [8, 13, 18, 23];

impl<'a> PackedId<'a> {
    pub(crate) fn new(id: &'a str) -> Self {
        canonical_uuid(id.as_bytes()).map_or(Self::Text(id), Self::Uuid)
    }
}

/// The bytes of a UUID in lower case with dashes, the one form that comes back the same.
fn canonical_uuid(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != 36 || DASHES.iter().any(|&at| text.get(at) != Some(&b'-')) {
        return None;
    }
    let mut digits = text
        .iter()
        .enumerate()
        .filter(|(at, _)| !DASHES.contains(at))
        .map(|(_, byte)| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        });
    let mut uuid = [0; 16];
    for byte in &mut uuid {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    Some(uuid)
}

impl ToSql for PackedId<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Uuid(uuid) => ValueRef::Blob(uuid),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// A resource id on its way out.
pub(crate) struct UnpackedId(pub(crate) String);

impl FromSql for UnpackedId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Text(_) => value.as_str().map(|text| Self(text.to_owned())),
            ValueRef::Blob(blob) => {
                let uuid: &[u8; 16] = blob.try_into().map_err(|_| FromSqlError::InvalidType)?;
                let mut text = String::with_capacity(36);
                for byte in uuid {
                    if DASHES.contains(&text.len()) {
                        text.push('-');
                    }
                    for digit in [byte >> 4, byte & 15] {
                        text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
                    }
                }
                Ok(Self(text))
            }
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => {
                Err(FromSqlError::InvalidType)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_comes_back_as_it_was() {
        let uuid = "01900000-0000-7abc-8def-0123456789af";
        assert!(matches!(PackedId::new(uuid), PackedId::Uuid(_)));
        let upper = uuid.to_uppercase();
        for id in [
            uuid,
            &upper,
            "f001",
            "",
            "01900000-0000-7abc-8def-0123456789a",
            &format!("{uuid}0"),
        ] {
            let packed = PackedId::new(id);
            let ToSqlOutput::Borrowed(value) = packed.to_sql().unwrap() else {
                panic!("borrowed")
            };
            assert_eq!(UnpackedId::column_result(value).unwrap().0, id);
        }
    }
}
