//! HTTP to one clinic: FHIR R4, IHE scheduling (ITI-115..117), enrolment, the feed of changes.
//!
//! The crate knows requests, answers and their limits; it keeps nothing and decides nothing about
//! when to send. It is the core's only user of reqwest.

mod access_log;
mod attachment;
mod clinic;
mod decode;
mod enrolment;
mod error;
mod exchange;
mod feed;
mod granted;
mod live;
mod proof;
mod scheduling;
mod sending;
mod server;
mod server_booking;
mod server_clock;
mod sign_in;
mod together;
mod tokens;
mod traffic;
mod transport;
mod versioned;

pub use attachment::{AttachmentBody, AttachmentError};
pub use clinic::{ClinicClient, KnownBy};
pub use enrolment::{EnrolmentAnswer, EnrolmentRequest};
pub use error::{ClientError, GarbledAnswer};
pub use feed::{FeedPage, MAX_PAGE_BYTES};
pub use granted::{AccessAnswer, GrantInForce, PersonAccess};
pub use live::{LiveChange, LiveChanges};
pub use proof::{DeviceKey, Prover};
pub use scheduling::{BookAnswer, Found};
pub use server::{BatchBody, PageBody, ServerQuery};
pub use server_clock::ServerClocks;
pub use sign_in::{APP, CodeRequest, REDIRECT_URI, SignInAnswer, SignInOffer, SignInRequest};
pub use tokens::{Renewal, TokenStore, Tokens};
pub use transport::{HttpTransport, TransportSetupError};
pub use versioned::Versioned;
