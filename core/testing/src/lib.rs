//! Fakes and faults for tests: only what the real thing will not do when asked.

pub mod bank;
pub mod canaries;
mod clinic_wire;
mod clock;
mod database;
pub mod disk;
mod dpop;
mod keys;
mod network;
mod rng;
mod signing;

pub use clinic_wire::{MisbehavingClinic, Misbehaviour};
pub use clock::FakeClock;
pub use database::{Database, NotUnique, Standstill};
pub use dpop::token_hash;
pub use keys::{Counters, FaultyKeys, ForkedKeys, MemoryKeys, PlainKeys};
pub use network::{Cut, CuttableTransport};
pub use rng::SeededRng;
pub use signing::{PUBLISHED, Signer, Signers};
