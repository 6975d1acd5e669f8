//! Lossless FHIR R4 JSON with the typed views that Sổ Khỏe needs.
//!
//! A resource is kept as the bytes that came. This crate reads from them what lists, searches,
//! trends and screens need ([`index()`], [`detail::fields`] and the views), cuts Bundles apart
//! without touching what they carry ([`bundle`]), and writes the few resources that the phone and
//! our clinic make. It is pure: no clock, no network, no files.

pub mod access_log;
pub mod appointment;
pub mod attachments;
pub mod base64;
pub mod binary;
pub mod bundle;
pub mod capability;
pub mod common;
pub mod consent;
pub mod contact;
mod criteria;
pub mod detail;
pub mod directory;
pub mod error;
pub mod follow_up;
pub mod given_id;
pub mod identifiers;
pub mod index;
pub mod insurance;
pub mod invoice;
pub mod json;
pub mod limits;
pub mod merge;
pub mod names;
mod occurrence;
mod otherwise;
pub mod outcome;
pub mod own_document;
pub mod own_reading;
pub mod patient;
pub mod queue;
mod read;
pub mod remote_visit;
pub mod rights_task;
pub mod scheduling;
pub mod slot;
pub mod slot_booking;
pub mod texts;
mod ticket;
pub mod timing;
pub mod together;
pub mod transaction;
mod values;
mod visit;

pub use access_log::{AccessLogHead, AccessLogPage, ProvedEntry};
pub use appointment::{Appointment, AppointmentStatus, BookedBy};
pub use attachments::{Attachment, attachments, inline_data};
pub use base64::{Base64Text, NotBase64};
pub use binary::{BinaryView, SecurityContext};
pub use bundle::{
    Change, ChangeBundleWriter, ChangePage, SearchBundleWriter, SearchMode, SearchPage, ServerPage,
};
pub use capability::CapabilityView;
pub use common::{Coded, Ref};
pub use contact::ContactView;
pub use directory::{
    LocationView, PractitionerRoleView, PractitionerView, ScheduleView, ServiceView,
};
pub use error::FhirError;
pub use follow_up::FollowUp;
pub use identifiers::IdentifierKind;
pub use index::{Indexed, index};
pub use insurance::{CoverageView, InsuranceOrganization};
pub use invoice::InvoiceView;
pub use outcome::Outcome;
pub use own_document::OwnDocument;
pub use own_reading::{Measure, OwnReading, OwnReadingView};
pub use patient::PatientView;
pub use remote_visit::RemoteVisit;
pub use rights_task::{RightsReceipt, RightsTask};
pub use scheduling::{BookRequest, FindRequest, HoldRequest};
pub use slot::{SlotStatus, SlotView};
pub use slot_booking::SlotBooking;
pub use ticket::TicketAnswer;
pub use together::{BookTogetherRequest, Together, TogetherAnswer, TogetherRefusal};
pub use transaction::Write;
