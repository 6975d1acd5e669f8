//! Health insurance (BHYT): the number in its three forms, and the code on printed cards.
//!
//! The code ends with a check string whose rule is not public; it is kept and never judged.

mod card;
mod fields;
mod number;

pub use card::{InsuranceCard, InsuranceCardError};
pub use fields::{BirthDate, Field};
pub use number::{InsuranceNumber, InsuranceNumberError};
