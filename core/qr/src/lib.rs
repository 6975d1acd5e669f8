//! VietQR, citizen cards, insurance cards and Sổ Khỏe's own codes: read, write, draw.
//!
//! Pure: no clock, no network, no files, no randomness. What comes in is text that a camera saw;
//! what goes out is typed values, text, or a drawn code. Reading never panics, and neither errors
//! nor `Debug` output carry names, numbers of persons or whole account numbers.
//!
//! * [`scan()`] says what any scanned text is.
//! * [`vietqr`] reads and writes NAPAS payment codes on top of [`emv`], the lossless TLV layer.
//! * [`citizen_card`] and [`insurance_card`] read what CCCD and BHYT cards show.
//! * [`signed`] holds the codes of our own, signed by a clinic: enrolment, ticket, invitation, share link,
//!   payment order; and those that take a person's account from an old phone to a new one.
//! * [`health_link`] reads SMART Health Links.
//! * [`draw`] turns a text into modules, terminal blocks, SVG or PNG; with the feature `poster` into a sheet of A5.
//! * With the feature `image` codes are found in pictures.
//!
//! ```
//! use sokhoe_domain::Vnd;
//! use sokhoe_qr::{Matrix, Scanned, VietQr, draw::Level, scan};
//!
//! let code = VietQr::transfer("970415", "113366668888")
//!     .amount(Vnd::new(150_000))
//!     .reference("PK8F3K2")
//!     .purpose("khám bệnh")
//!     .build()?;
//! println!("{}", Matrix::encode(code.as_str(), Level::Medium)?.to_terminal());
//!
//! let Scanned::VietQr(reading) = scan(code.as_str()) else { panic!("just made") };
//! assert_eq!(reading.code.bin().bank().map(|bank| bank.short_name), Some("VietinBank"));
//! assert_eq!(reading.code.purpose(), Some("PK8F3K2 KHAM BENH"));
//! assert!(reading.warnings.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bank;
pub mod citizen_card;
pub mod draw;
pub mod emv;
pub mod health_link;
#[cfg(feature = "image")]
pub mod image;
pub mod insurance_card;
pub mod other_payment;
pub mod payee;
pub mod scan;
mod sex;
pub mod signed;
mod text;
pub mod vietqr;

pub use bank::{Bank, Bin};
pub use citizen_card::{CitizenCard, CitizenNumber};
pub use draw::Matrix;
pub use health_link::HealthLink;
pub use insurance_card::{InsuranceCard, InsuranceNumber};
pub use other_payment::OtherPayment;
pub use payee::{PayeeDifference, compare_payee};
pub use scan::{Scanned, scan};
pub use sex::Sex;
pub use signed::{
    Checkpoint, Enrolment, Invitation, MoveParcel, MoveRequest, PaymentOrder, PublicKey, ShareLink,
    Ticket, TicketGate, TicketSheet,
};
pub use vietqr::VietQr;

/// The example of the README runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
