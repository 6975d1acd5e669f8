//! Down: what clinics have comes into the vault.
//!
//! A clinic of ours has a feed in the order of its commits (`feed`). Any other FHIR R4 server is asked
//! by what it says it can (`server`). Before the first page of either, what a person looks for first
//! comes ahead (`ahead`).

mod ahead;
mod consequences;
mod feed;
mod server;

use std::time::Duration;

use sokhoe_domain::Wire;
use sokhoe_vault::Applied;

pub(crate) use self::server::known_ways;
use crate::error::SyncError;
use crate::lane::{Engine, Lane};

/// What came down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Resources stored or changed.
    pub stored: u64,
    /// Resources taken away.
    pub deleted: u64,
    /// Records set aside because they could not be read.
    pub set_aside: u64,
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
    /// # Errors
    /// [`SyncError`]; the pages before are stored.
    pub async fn pull(&self, lane: &Lane, wait: Option<Duration>) -> Result<Pulled, SyncError> {
        self.pull_ahead(lane).await?;
        match lane.wire {
            Wire::Clinic => self.pull_feed(lane, wait).await,
            Wire::Server => {
                // Such a server keeps no answer back.
                if let Some(wait) = wait {
                    self.clock.sleep(wait).await;
                }
                self.pull_server(lane).await
            }
        }
    }
}
