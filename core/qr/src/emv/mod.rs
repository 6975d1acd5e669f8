//! EMVCo merchant-presented mode: tags, lengths, values and the CRC, without losing anything.
//!
//! Objects stay in the order in which they came, known or not, so that reading and writing gives
//! the same bytes.

mod crc;
mod error;
mod object;
mod payload;
mod tag_path;
mod write;

pub use crc::crc16;
pub use error::{FormatError, FormatErrorKind};
pub use object::{Object, Objects};
pub use payload::Payload;
pub(crate) use payload::{Form, Span, has_lower_case_crc};
pub use tag_path::TagPath;
pub use write::{ObjectError, Writer};
