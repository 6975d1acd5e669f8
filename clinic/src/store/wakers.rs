//! Who is told after a commit: feeds that wait for a person's changes, and the desk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, watch};

/// News for the desk: what kind of thing changed. The page lists again what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DeskNews {
    /// A booking was made, moved or cancelled.
    Bookings,
    /// An invoice was paid.
    Payments,
}

/// Waiting feeds by person, and desks.
#[derive(Debug)]
pub(crate) struct Wakers {
    feeds: Mutex<BTreeMap<String, watch::Sender<()>>>,
    desk: broadcast::Sender<DeskNews>,
}

impl Default for Wakers {
    fn default() -> Self {
        Self {
            feeds: Mutex::default(),
            desk: broadcast::channel(64).0,
        }
    }
}

impl Wakers {
    /// Is told of every change of the person that is committed from now on.
    pub fn watch(&self, patient: &str) -> watch::Receiver<()> {
        let mut feeds = self.lock();
        feeds.retain(|_, feed| feed.receiver_count() > 0);
        feeds
            .entry(patient.to_owned())
            .or_insert_with(|| watch::channel(()).0)
            .subscribe()
    }

    /// Is told of everything for the desk.
    pub fn desk(&self) -> broadcast::Receiver<DeskNews> {
        self.desk.subscribe()
    }

    /// Wakes whoever waits.
    pub fn wake(&self, patients: &BTreeSet<String>, desk: &BTreeSet<DeskNews>) {
        if !patients.is_empty() {
            let feeds = self.lock();
            for feed in patients.iter().filter_map(|patient| feeds.get(patient)) {
                feed.send_replace(());
            }
        }
        for news in desk {
            let _no_desk_is_open = self.desk.send(*news);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<()>>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
