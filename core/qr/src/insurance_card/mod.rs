//! Health insurance (BHYT): the number in its three forms, and the code on printed cards.
//!
//! The code ends with a check string whose rule is not public; it is kept and never judged.

mod benefit;
mod card;
mod fields;
mod number;

pub use benefit::{BENEFITS_AS_OF, BENEFITS_SOURCE, Benefit, BenefitLimit};
pub use card::{InsuranceCard, InsuranceCardError, InsuranceCardWarning, Reading};
pub use fields::{BirthDate, Field};
pub use number::{InsuranceNumber, InsuranceNumberError};
