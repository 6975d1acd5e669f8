//! A clinic with somebody else's server: plain FHIR R4, in memory, the same every time.
//!
//! It knows nothing of our feed, our scheduling and our codes. How it behaves beyond the standard,
//! or short of it, are its [`Manners`]. Those of HAPI are held to the real one by `tests/peers`.

mod capability;
mod clinic;
pub mod conformance;
mod content;
mod history;
mod kinds;
mod manners;
mod outcome;
mod paging;
mod search;
mod store;
mod transaction;
mod wire;

#[cfg(test)]
mod tests;

pub use clinic::{ForeignClinic, SlotRow, TransactionId, TransactionState};
pub use content::NotAResource;
pub use kinds::{PATIENT_KINDS, has_patient};
pub use manners::{Manners, Offset, StaleVersion};
pub use store::Refusal;
