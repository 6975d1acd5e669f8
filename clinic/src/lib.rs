//! The clinic server: what a hospital puts in front of its phones.
//!
//! [`Clinic::open`] opens its data, [`Clinic::serve`] answers phones over FHIR R4 and IHE ITI Scheduling
//! (the wire is in ARCHITECTURE.md) and shows the desk. Everything it keeps is in one SQLite file; the
//! server itself remembers nothing between requests.
//!
//! * `store`: the database: one writer that commits in groups, the feed of changes.
//! * `admission`: who is let in when more is asked than can be done.
//! * `access`: the one place that decides who may see what. Denied unless granted.
//! * `access_log`: who did what with whose record, in a log whose past cannot be changed unnoticed.
//! * `oauth`: how phones prove themselves. `sign_in`: how people come in by an OpenID provider.
//! * `schedule`: what is offered, what is free, holds and bookings, one answer per intent.
//! * `queue`: who is there with which number, who is called next, about when it is whose turn.
//! * `remote_visits`: when and where doctor and patient meet by video. `tickets`: what a phone shows at the kiosk.
//! * `billing`: what a visit costs, invoices, payments. `bank_messages`: who tells that money arrived. `insurance`: how the clinic stands to the health insurance.
//! * `staff`: who works here. `desk`: what they see. `fhir_api`: what phones call.
//! * `import`, `seed`: how data come in. `check`: whether they are whole. `backup`: how they are saved and come back.
//!
//! Logs and errors hold no personal data: no names, no ids of persons, no addresses with a query.

mod access;
mod access_log;
mod admission;
mod backend_services;
mod backup;
mod bank_messages;
mod billing;
mod check;
mod clinic;
mod config;
mod cookies;
mod cursor;
mod desk;
mod enrolment;
mod error;
mod fhir_api;
mod grants;
mod health;
mod ids;
mod import;
mod insurance;
mod keys;
mod oauth;
mod queue;
mod remote_visits;
mod rights;
mod schedule;
pub mod seed;
mod serve;
mod sign_in;
mod staff;
mod store;
pub mod system;
mod tickets;

pub use backend_services::{BadJwks, BadScope, System, SystemScopes};
pub use backup::{BackupError, Backups, KeysFrom, Passphrase, Restored, restore};
pub use bank_messages::{BadBankMessages, BankMessages, CassoKey, PayosKey, SepayKeys};
pub use billing::{
    InvoiceLine, IssuedInvoice, Means, MoneyBook, NotSettled, OpenPayment, PaymentOutcome,
    Settlement, ToSettle,
};
pub use check::{CheckReport, Fault};
pub use clinic::Clinic;
pub use config::{ClinicConfig, DataSource, Payee, PostgresUrl, Work};
pub use desk::BookingRow;
pub use enrolment::EnrolmentText;
pub use error::ClinicError;
pub use grants::{Giver, GrantRequest, OfferedGrant, Shown};
pub use import::{ImportOptions, ImportReport, Skipped};
pub use queue::{Arrival, CheckIn, Line, LinePerson, QueueRefusal, VisitState};
pub use rights::{
    Affected, BreachSummary, Disclosed, Erased, KeptBecause, NotDisclosed, Receipt, RightsRow,
    Suspected,
};
pub use schedule::timetable::{
    DayHours, Named, Release, TimeOfDay, Timetable, TimetableError, TimetableService, WeeklyHours,
};
pub use schedule::{DeskAnswer, DeskBooking, DeskRequest, Refusal, Source};
pub use seed::SeedReport;
pub use serve::{InProcess, Running};
pub use sign_in::{BadSignIn, OpenIdProvider, PhoneApp, SignIn};
pub use staff::{BadPassword, NewStaff, Password, StaffError, StaffRow};
pub use store::StoreError;
