//! Citizen cards (CCCD, Căn cước): the text of their QR code and the number on them.
//!
//! Nothing in the code is signed and the number has no check digit: whatever contradicts itself is
//! a warning for the person at the counter, not a proof of anything.

mod card;
mod number;
mod province;

pub use card::{CitizenCard, CitizenCardError, CitizenCardWarning, Field, Reading};
pub use number::{CitizenNumber, CitizenNumberError};
pub use province::BirthProvince;
