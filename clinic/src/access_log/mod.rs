//! Who did what with whose record: an entry for every request and person, in a log whose past nobody can change unnoticed.
//!
//! * What writes leaves its entries in its own transaction ([`crate::store::Tx::note`]), also where it only refuses. What
//!   nobody noted is found at the resources that were written.
//! * What reads leaves them before the answer goes out ([`Gathering`]): reads that come while a commit runs share the next
//!   one. A denial does not wait, so that its time does not tell whether there was anything to be denied.
//! * Both are entries to come. Any process puts them into the log, one at a time ([`sequence_all`]), into the tree over it
//!   (RFC 9162, `tree`), and into the index by person (`places`).
//! * Phones ask for the entries of their people and for signed heads ([`reading`]). How a head is checked is in
//!   `sokhoe_domain::merkle`; what an entry's bytes are, in `sokhoe_fhir::access_log`.
//!
//! Entries hold no names and nothing of what was read or asked.

pub(crate) mod audit_event;
mod draft;
mod gathering;
mod insert;
mod lists;
mod places;
pub(crate) mod reading;
mod recount;
pub(crate) mod request;
mod sequence;
mod tree;

pub(crate) use draft::{ActingStaff, Draft, Who, keep};
pub(crate) use gathering::Gathering;
pub(crate) use lists::{ListName, Lists};
pub(crate) use recount::recount;
pub(crate) use request::{Asked, is_patient, owners};
pub(crate) use sequence::{sequence_all, up_to_date};
