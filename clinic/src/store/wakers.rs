//! Who is told after a commit: feeds that wait for a person's changes, the desk, and whoever keeps what is offered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, watch};

/// News for the desk: what kind of thing changed. The page lists again what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DeskNews {
    /// A booking was made, moved or cancelled.
    Bookings,
    /// An invoice was paid.
    Payments,
    /// A line of the queue moved.
    Queue,
}

impl DeskNews {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Bookings, Self::Payments, Self::Queue];
}

/// What a commit changed.
#[derive(Default, Clone, PartialEq, Eq)]
pub(crate) struct News {
    /// Persons whose feeds have more, or who stand at another place in the queue.
    pub patients: BTreeSet<String>,
    /// What the desk lists.
    pub desk: BTreeSet<DeskNews>,
    /// What is offered.
    pub calendar: bool,
    /// Somebody on the waiting list may be asked now. Any process may do that; others are not told.
    pub waiting_list: bool,
}

impl fmt::Debug for News {
    /// Of persons only how many.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("News")
            .field("patients", &self.patients.len())
            .field("desk", &self.desk)
            .field("calendar", &self.calendar)
            .field("waiting_list", &self.waiting_list)
            .finish()
    }
}

/// Waiting feeds by person, and desks.
pub(crate) struct Wakers {
    feeds: Mutex<BTreeMap<String, watch::Sender<()>>>,
    desk: broadcast::Sender<DeskNews>,
    calendar: watch::Sender<()>,
    waiting_list: watch::Sender<()>,
}

impl fmt::Debug for Wakers {
    /// Not who is waited for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakers").finish_non_exhaustive()
    }
}

impl Default for Wakers {
    fn default() -> Self {
        Self {
            feeds: Mutex::default(),
            desk: broadcast::channel(64).0,
            calendar: watch::channel(()).0,
            waiting_list: watch::channel(()).0,
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

    /// Is told when what is offered changed.
    pub fn calendar(&self) -> watch::Receiver<()> {
        self.calendar.subscribe()
    }

    /// Is told when somebody on the waiting list may be asked.
    pub fn waiting_list(&self) -> watch::Receiver<()> {
        self.waiting_list.subscribe()
    }

    /// Wakes whoever waits for this.
    pub fn wake(&self, news: &News) {
        if !news.patients.is_empty() {
            let feeds = self.lock();
            for feed in news
                .patients
                .iter()
                .filter_map(|patient| feeds.get(patient))
            {
                feed.send_replace(());
            }
        }
        for news in &news.desk {
            let _no_desk_is_open = self.desk.send(*news);
        }
        if news.calendar {
            self.calendar.send_replace(());
        }
        if news.waiting_list {
            self.waiting_list.send_replace(());
        }
    }

    /// Wakes everybody: news may have been missed.
    pub fn wake_all(&self) {
        for feed in self.lock().values() {
            feed.send_replace(());
        }
        for news in DeskNews::ALL {
            let _no_desk_is_open = self.desk.send(news);
        }
        self.calendar.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<()>>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
