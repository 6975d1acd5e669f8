//! The sync engine: what was decided on the phone goes up, what clinics changed comes down.
//!
//! One [`Lane`] per clinic and person: a dead clinic stalls only itself. Nothing is kept in memory
//! between calls: the outbox, the cursors and the states live in the vault, in the transactions that
//! store what they speak of, so a process may die between any two steps.

mod access;
pub mod access_log;
mod appointment;
mod bounds;
mod down;
mod error;
mod intent;
mod lane;
mod pace;
mod queue;
mod server_slots;
mod tickets;
mod trip;
mod up;
mod waiting_list;

pub use appointment::{
    CANCELLATION_REFUSED, CONFIRMED_OTHERWISE, CancellationRefused, Elsewhere, MOVE_REFUSED, MOVED,
    MoveRefused, Moved,
};
pub use bounds::Bounds;
pub use down::{ONLY_AHEAD, Pulled};
pub use error::SyncError;
pub use intent::{BookIntent, CancelIntent, MoveIntent};
pub use lane::{Engine, Lane};
pub use pace::{
    Admitted, Allowance, Cause, Fetch, Heard, HeldBack, HostPaces, NetworkKind, Pace, Permit,
    SyncConditions, WaitUntil, delay as retry_delay,
};
pub use queue::{Called, QUEUE_CALLED, QUEUE_MISSED, noted_standing};
pub use server_slots::{HeardWays, SlotSearch, services_of_server};
pub use trip::{Trip, TripMember};
pub use up::{Pushed, Urgency};
pub use waiting_list::{
    OFFER_OVER, ON_WAITING_LIST, OfferIntent, OfferOver, Offered, TIME_OFFERED, WAITING_OVER,
    WaitIntent,
};
