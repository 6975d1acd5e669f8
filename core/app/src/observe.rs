//! A screen's subscription: the current value at once, then changes, until the handle is dropped.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use sokhoe_domain::PersonId;

use crate::error::AppError;
use crate::session::{Session, SoKhoe};
use crate::views::BookView;

/// Is told of a person's book. Must not block for long: the next value waits.
pub trait BookObserver: Send + Sync {
    /// The book as it now stands.
    fn on_change(&self, book: BookView);
}

/// A running subscription; dropping it ends it.
pub struct Subscription {
    watchers: Arc<Watchers>,
    signal: Arc<Signal>,
}

/// Who follows whose book. Outlives the vaults, which close and open when the phone is locked.
#[derive(Default)]
pub(crate) struct Watchers {
    watching: Mutex<Vec<(PersonId, Arc<Signal>)>>,
    /// Whose book shows something of whose: the other ones of a trip.
    shown: Mutex<HashSet<(PersonId, PersonId)>>,
}

impl Watchers {
    /// Something in this person's book changed.
    pub(crate) fn tell(&self, person: &PersonId) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let watchers = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        for (watched, signal) in &*watchers {
            if watched == person || shown.contains(&(watched.clone(), person.clone())) {
                signal.raise();
            }
        }
    }

    /// From now on whoever follows the one's book hears of the other's, too.
    pub(crate) fn shows(&self, book: &PersonId, other: &PersonId) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.insert((book.clone(), other.clone()));
    }

    fn add(&self, person: PersonId, signal: Arc<Signal>) {
        let mut watchers = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.push((person, signal));
    }

    fn remove(&self, signal: &Arc<Signal>) {
        let mut watchers = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|(_, watching)| !Arc::ptr_eq(watching, signal));
    }
}

#[derive(Default)]
pub(crate) struct Signal {
    changed: Mutex<bool>,
    wake: Condvar,
    ended: AtomicBool,
}

impl Signal {
    fn raise(&self) {
        *self.changed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_one();
    }

    /// Waits for a change; false when the subscription has ended.
    fn wait(&self) -> bool {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        while !*changed && !self.ended.load(Ordering::Acquire) {
            changed = self
                .wake
                .wait(changed)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *changed = false;
        !self.ended.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.watchers.remove(&self.signal);
        self.signal.ended.store(true, Ordering::Release);
        self.signal.raise();
    }
}

impl SoKhoe {
    /// Everything the first screen of a person shows.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn book_view(&self, person_id: &str) -> Result<BookView, AppError> {
        self.inner.book_view(person_id)
    }

    /// Follows a person's book: the observer has the current value before this returns, then hears of
    /// changes from one thread of its own. Changes that come faster than it listens are one.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn observe(
        &self,
        person_id: &str,
        observer: Arc<dyn BookObserver>,
    ) -> Result<Subscription, AppError> {
        let person = self.inner.book(person_id)?.person.id.clone();
        let watchers = Arc::clone(&self.inner.watchers);
        let signal = Arc::new(Signal::default());
        watchers.add(person, Arc::clone(&signal));
        let subscription = Subscription {
            watchers,
            signal: Arc::clone(&signal),
        };
        observer.on_change(self.inner.book_view(person_id)?);
        let (session, person_id) = (Arc::clone(&self.inner), person_id.to_owned());
        thread::Builder::new()
            .name("sokhoe-observer".to_owned())
            .spawn(move || {
                while signal.wait() {
                    // A book that cannot be read now (a locked phone) tells nothing; the next change does.
                    if let Ok(book) = session.book_view(&person_id) {
                        observer.on_change(book);
                    }
                }
            })
            .map_err(|_| AppError::internal("thread"))?;
        Ok(subscription)
    }
}

impl Session {
    fn book_view(&self, person_id: &str) -> Result<BookView, AppError> {
        let book = self.book(person_id)?;
        let sections = book.vault.counts()?;
        Ok(BookView {
            person: self.person_view(book.person.clone())?,
            sections: sections
                .into_iter()
                .map(|(section, entries)| crate::views::SectionCountView {
                    section,
                    name: self.words.section(section),
                    entries,
                })
                .collect(),
            bookings: self.booking_views(&book)?,
            invoices: self.invoice_views(&book)?,
            events: self.event_views(&book)?,
            clinics: self.clinic_sync_views(&book)?,
        })
    }
}
