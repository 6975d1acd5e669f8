//! The core as Kotlin and Swift see it, through UniFFI.
//!
//! Nothing is decided here: values are converted, calls are handed to [`sokhoe_app`] on threads of the core's own,
//! so that neither a screen nor a cancelled call ever stops work half-way. People who write screens use the layers
//! in `bindings/kotlin` and `bindings/swift`, which stand on what is generated from this crate.

// UniFFI's scaffolding exports C functions.
#![allow(unsafe_code)]

mod access_log;
mod cancel;
mod conditions;
mod documents;
mod error;
mod follow_ups;
mod helpers;
mod key_store;
mod memory_signer;
mod observe;
mod own_documents;
mod reminders;
mod rights;
mod same_person;
mod scan;
mod series;
mod sokhoe;
mod today;
mod trip;
mod views;
mod workers;

pub use cancel::CancelToken;
pub use documents::AttachmentReader;
pub use error::{SoKhoeError, words_for};
pub use key_store::{KeyStore, KeyStoreError};
pub use memory_signer::MemorySigner;
pub use observe::{BookObserver, Subscription};
pub use own_documents::DocumentWriter;
pub use sokhoe::{CoreConfig, SoKhoe};

uniffi::setup_scaffolding!();
