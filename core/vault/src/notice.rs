//! Telling subscribers that something changed, after the commit and outside every lock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a commit changed, coarsely: whoever shows one of these reads it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VaultChange {
    /// Rows of the book.
    pub entries: bool,
    /// Bookings or the outbox.
    pub bookings: bool,
    /// Kept events.
    pub events: bool,
    /// Invoices.
    pub invoices: bool,
    /// How far the sync is.
    pub sync: bool,
}

impl VaultChange {
    /// Whether anything changed.
    #[must_use]
    pub fn any(self) -> bool {
        self.entries || self.bookings || self.events || self.invoices || self.sync
    }
}

/// Names a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(u64);

type Callback = Arc<dyn Fn(VaultChange) + Send + Sync>;

#[derive(Default)]
pub(crate) struct Notices {
    next: AtomicU64,
    callbacks: Mutex<BTreeMap<SubscriptionId, Callback>>,
}

impl Notices {
    pub(crate) fn subscribe(
        &self,
        callback: Box<dyn Fn(VaultChange) + Send + Sync>,
    ) -> SubscriptionId {
        let id = SubscriptionId(self.next.fetch_add(1, Ordering::Relaxed));
        self.callbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, callback.into());
        id
    }

    /// Tells the subscribers of `other`, too.
    pub(crate) fn adopt(&self, other: &Self) {
        let theirs = other
            .callbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        self.next
            .fetch_max(other.next.load(Ordering::Relaxed), Ordering::Relaxed);
        self.callbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(theirs);
    }

    pub(crate) fn unsubscribe(&self, id: SubscriptionId) {
        // Bound first: what the callback owns is dropped after the lock is gone.
        let _ended = self
            .callbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
    }

    /// Must be called with no lock held: a callback may call the vault.
    pub(crate) fn tell(&self, change: VaultChange) {
        if !change.any() {
            return;
        }
        let callbacks: Vec<Callback> = self
            .callbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect();
        for callback in callbacks {
            callback(change);
        }
    }
}
