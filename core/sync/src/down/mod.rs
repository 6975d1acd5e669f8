//! Down: what clinics have comes into the vault.
//!
//! A clinic of ours has a feed in the order of its commits (`feed`). Any other FHIR R4 server is asked
//! by what it says it can (`server`). Before the first page of either, what a person looks for first
//! comes ahead (`ahead`), and comes alone while the rest waits for a network that costs nothing.

mod ahead;
mod consequences;
mod feed;
mod server;

use std::time::Duration;

pub use ahead::ONLY_AHEAD;

use sokhoe_domain::Wire;
use sokhoe_vault::Applied;

pub(crate) use self::server::{known_reading_ways, known_ways};
use crate::error::SyncError;
use crate::lane::{Engine, Lane};
use crate::pace::{Fetch, HeldBack};

/// What came down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Resources stored or changed.
    pub stored: u64,
    /// Resources taken away.
    pub deleted: u64,
    /// Records set aside because they could not be read.
    pub set_aside: u64,
    /// Whether what is looked for first came, and nothing else.
    pub only_ahead: bool,
    /// Why it ended before everything was here ([`Engine::within`]); the next pull goes on from there.
    pub held_back: Option<HeldBack>,
}

impl Pulled {
    fn add(&mut self, applied: &Applied) {
        self.stored += applied.stored;
        self.deleted += applied.deleted;
        self.set_aside += applied.set_aside;
    }
}

impl Engine {
    /// Takes in every change since the last time. Each page is one transaction together with its
    /// cursor: whatever happens, the next call goes on where this one stood. With `wait` a clinic
    /// that has nothing new may keep the first answer back for that long. Pulls of one clinic may
    /// run beside each other: only the page that the feed stands at is taken in.
    ///
    /// Where its bounds end it, whole pages are here and the rest is not begun.
    ///
    /// # Errors
    /// [`SyncError`]; the pages before are stored.
    pub async fn pull(&self, lane: &Lane, wait: Option<Duration>) -> Result<Pulled, SyncError> {
        let mut pulled = Pulled::default();
        let Some(left) = self.bounds.time_left(self.clock.now()) else {
            self.pull_into(lane, wait, &mut pulled).await?;
            return Ok(pulled);
        };
        // A page is taken in between two waits: what is given up is an exchange, never half a page.
        let ended = tokio::select! {
            biased;
            ended = self.pull_into(lane, wait, &mut pulled) => Some(ended),
            () = self.clock.sleep(left) => None,
        };
        match ended {
            Some(ended) => ended?,
            None => pulled.held_back = Some(HeldBack::TimeUp),
        }
        Ok(pulled)
    }

    async fn pull_into(
        &self,
        lane: &Lane,
        wait: Option<Duration>,
        pulled: &mut Pulled,
    ) -> Result<(), SyncError> {
        if let Some(why) = self.bounds.stops(self.clock.now(), 0, 1) {
            pulled.held_back = Some(why);
            return Ok(());
        }
        // What is left of a first sync is never little: what comes ahead of it comes alone.
        let allowance = self.bounds.allowance();
        if allowance.fetch != Fetch::Everything && !self.vault.caught_up(&lane.clinic)? {
            pulled.held_back = allowance.held_back;
            if !self.has_ahead(lane)? {
                self.pull_ahead(lane, true).await?;
                pulled.only_ahead = true;
                if lane.wire == Wire::Clinic {
                    self.pull_tickets(lane).await?;
                }
            }
            return Ok(());
        }
        self.pull_ahead(lane, false).await?;
        match lane.wire {
            Wire::Clinic => {
                self.pull_feed(lane, wait, pulled).await?;
                self.pull_tickets(lane).await?;
                self.ask_queue(lane).await
            }
            Wire::Server => {
                // Such a server keeps no answer back.
                if let Some(wait) = wait {
                    self.clock.sleep(wait).await;
                }
                self.pull_server(lane, pulled).await
            }
        }
    }
}
