//! The keys of all vaults of a phone: one ring, which the key store opens once.
//!
//! The key store wraps one key, the ring key. The file `ring` holds it, wrapped, and under it a table of the
//! vaults' keys (docs/adr/0006). Everything that is secret here lies on the heap in memory that is wiped when it is
//! dropped: what lies on the stack is copied when it moves, and nobody wipes the copies.
//!
//! **The rule for maintainers:** no answer of the key store removes a file, an entry or a name of a key; only
//! [`KeyRing::erase_everything`] and [`crate::Vault::erase`] do.

mod held_key;
mod key_ring;
mod lease;
mod recovery_code;
mod released;
mod ring_file;
mod seal;
mod table;
mod vault_key;

pub(crate) use held_key::HeldKey;
pub use key_ring::KeyRing;
pub(crate) use key_ring::{FoundKey, Lockable, is_vault_name};
pub use recovery_code::{BadRecoveryCode, RecoveryCode};
pub(crate) use vault_key::VaultKey;
