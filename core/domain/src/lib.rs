//! Types and rules of Sổ Khỏe, and the ports through which the core reaches the world.
//!
//! This crate is pure: it reads no clock, makes no random number, opens no socket and no file.
//! Whatever it needs of those comes through a trait in [`ports`], so that the whole core also runs
//! inside a simulator.

pub mod access_log;
pub mod age;
pub mod booking;
pub mod criteria;
pub mod entry;
pub mod grant;
pub mod ids;
pub mod insurance;
pub mod lease;
pub mod merkle;
pub mod money;
pub mod otherwise;
pub mod papers;
pub mod planted;
pub mod ports;
pub mod queue;
pub mod remote_visit;
pub mod rights;
pub mod same_person;
pub mod series;
pub mod staff;
pub mod text;
pub mod time;
pub mod times_of_week;
pub mod trip;

pub use access_log::{AccessAction, AccessAgent, AccessEntry, AccessOperation, AccessOutcome};
pub use age::{Age, BirthDate, GiverRefusal};
pub use booking::{BookingState, Refusal};
pub use criteria::{Criteria, Criterion, VisitFacts, VisitMode};
pub use entry::{Entry, EntryKind, Point, ReferenceRange, Section};
pub use grant::{GrantScope, GrantScopes};
pub use ids::{ClinicId, IntentId, PersonId, ResourceKey, Wire};
pub use lease::Lease;
pub use money::Vnd;
pub use otherwise::{Otherwise, OtherwiseError};
pub use papers::{Paper, VisitKind};
pub use queue::{QueueAdvice, QueueCall, QueueStanding, QueueState};
pub use remote_visit::{RemoteVisitState, RemoteVisitWindow};
pub use same_person::{KnownIdentity, SamePersonProof, same_person};
pub use series::Occurrence;
pub use staff::{AccessReason, StaffRole};
pub use time::Timestamp;
pub use times_of_week::{NoSuchMinutes, TimesOfWeek};
pub use trip::{ProposedTrip, ProposedVisit};
