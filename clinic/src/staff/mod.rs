//! Who works at the clinic: accounts, passwords, sessions, and whose record they opened.
//!
//! A session opens nothing by itself: what a role may is in `desk/routes.rs`, and whose record, in [`opening`].

pub(crate) mod accounts;
mod attempts;
mod library;
pub(crate) mod opening;
pub(crate) mod password;
pub(crate) mod session;
pub(crate) mod sign_in;

pub use accounts::{NewStaff, StaffError, StaffRow};
pub(crate) use accounts::{are_there_any, name_of};
pub use password::{BadPassword, Password};
pub(crate) use session::{Screen, Session};
