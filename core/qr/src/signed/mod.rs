//! Codes of our own, each signed (Ed25519) and readable without a network: by a clinic, but for the two
//! that go from phone to phone.
//!
//! Two forms. What must fit a cracked screen, the [`Ticket`], is 178 decimal digits: a QR code of
//! version 6 at level Q. All others are `SK1<kind>:` and base45 (RFC 9285) of a CBOR array (RFC 8949)
//! and its signature, so that QR codes hold them in their alphanumeric mode. The signature covers the
//! prefix too: a text of one kind never passes as another. Readers skip fields that a later writer
//! appended; what they must not skip gets another version.
//!
//! A clinic also signs the heads of its access log ([`Checkpoint`]), which no camera sees.
//!
//! A code that was read says nothing yet: [`Unproven::prove`] and [`TicketGate`] say whether it is
//! whole, of this clinic, and of now.

mod carried_grant;
mod checkpoint;
mod clinic_url;
mod device_digest;
mod enrolment;
mod fields;
mod invitation;
mod key;
mod move_parcel;
mod move_request;
mod payment_order;
mod refusal;
mod share_link;
mod ticket;
mod unproven;
mod wire;

pub use carried_grant::{CarriedGrant, UnsignedWord};
pub use checkpoint::{Checkpoint, sha256};
pub use device_digest::device_digest;
pub use enrolment::Enrolment;
pub use invitation::Invitation;
pub use key::{PublicKey, PublicKeyError};
pub use move_parcel::MoveParcel;
pub use move_request::MoveRequest;
pub use payment_order::{PaymentOrder, PaymentOrderDetails, PaymentOrderError};
pub use refusal::{Refusal, SignError};
pub use share_link::ShareLink;
pub use ticket::{
    Admission, CLOCK_TOLERANCE, Ticket, TicketGate, TicketSheet, TicketWindow, UnprovenTicket,
};
pub use unproven::{Trust, Unproven};
pub use wire::Kind;

pub(crate) use clinic_url::is_safe;
