//! What the parts need beyond Rust: installed in steps that are skipped when already there.
//!
//! Debian packages come through `apt-get` (as root); everything else goes into [`Workspace::tools`].
//!
//! [`Workspace::tools`]: crate::workspace::Workspace::tools

pub mod debian;
pub mod deny;
pub mod hapi;
pub mod installed;
pub mod ktlint;
pub mod maven;
pub mod node;
pub mod postgres;
pub mod python;
pub mod swift;
