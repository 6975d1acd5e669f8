//! What a screen follows.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sokhoe_app::BookView;

use crate::SoKhoeError;

/// Follows the book of a person.
#[uniffi::export(foreign)]
pub trait BookObserver: Send + Sync {
    /// The book as it is now: once at the beginning, then after every change, the newest only.
    ///
    /// Must not block and not call the core: hand the value on and return. What it throws is ignored.
    fn on_change(&self, book: BookView) -> Result<(), SoKhoeError>;
}

/// The observer that the core sees.
pub struct Observer(pub Arc<dyn BookObserver>);

impl sokhoe_app::BookObserver for Observer {
    fn on_change(&self, book: BookView) {
        // An observer that fails has nothing to tell the core, and will be given the next value.
        let _ = self.0.on_change(book);
    }
}

/// Keeps an observer informed until it is cancelled or dropped.
#[derive(uniffi::Object)]
pub struct Subscription {
    inner: Mutex<Option<sokhoe_app::Subscription>>,
}

impl Subscription {
    pub(crate) fn new(inner: sokhoe_app::Subscription) -> Self {
        Self {
            inner: Mutex::new(Some(inner)),
        }
    }
}

#[uniffi::export]
impl Subscription {
    /// Ends it; a value that is on its way may still arrive. Does nothing the second time.
    pub fn cancel(&self) {
        let ended = self
            .inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(ended);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
