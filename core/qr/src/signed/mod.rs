//! Compact signed texts: `SK1.<kind>.<payload>.<signature>`.
//!
//! The payload is JSON and the signature is Ed25519, both base64url without padding. The signature
//! covers the text before the last dot, kind and version included, so that a text of one kind never
//! passes as another.

mod clinic_url;
mod enrolment;
mod key;
mod payment_order;
mod token;

pub use enrolment::{Enrolment, EnrolmentError};
pub use key::{PublicKey, PublicKeyError};
pub use payment_order::{PaymentOrder, PaymentOrderDetails, PaymentOrderError};
pub use token::{Kind, SignError, TokenError, Verified, sign, verify};
