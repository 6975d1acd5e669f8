//! While a screen is open: changes of a person's record come as they happen.

use std::time::Duration;

use sokhoe_client::{ClientError, LiveChange};
use sokhoe_domain::{PersonId, Wire};
use sokhoe_sync::{Cause, Fetch, Lane, retry_delay};
use tokio::task::JoinSet;

use crate::error::AppError;
use crate::session::SoKhoe;

/// A clinic that tells nothing live is asked this often, and one that does is asked all the same: what
/// another of its programs wrote may wake nobody.
const ASK: Duration = Duration::from_secs(300);

impl SoKhoe {
    /// Brings a person's book into step and keeps it so until the future is dropped: every clinic of ours
    /// tells when something changed, others are asked now and then. A clinic that cannot be reached is
    /// tried again, ever less often; without an open screen or with a low battery ([`SoKhoe::set_conditions`]) no
    /// connection stays open. Observers and [`SoKhoe::sync_state`] have how it stands.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give, [`AppError::DiskFull`]; never that a clinic
    /// cannot be reached.
    pub async fn keep_in_step(&self, person_id: &str) -> Result<(), AppError> {
        self.not_moved()?;
        let person = PersonId::from(person_id);
        self.inner.renew_leases(&person, Cause::Watching).await?;
        let book = self.inner.book(person_id)?;
        let mut following = JoinSet::new();
        for lane in self.inner.lanes(&book.person.id)? {
            let (core, person) = (self.clone(), person_id.to_owned());
            following.spawn(async move { core.follow(&person, &lane).await });
        }
        drop(book);
        // Each ends only by an error of this phone.
        while let Some(ended) = following.join_next().await {
            if let Ok(ended) = ended {
                ended?;
            }
        }
        Ok(())
    }

    /// Follows one clinic for as long as network and power allow it.
    async fn follow(&self, person_id: &str, lane: &Lane) -> Result<(), AppError> {
        let mut conditions = self.inner.conditions.subscribe();
        let mut is_fetched = false;
        loop {
            if !conditions.borrow_and_update().may_stay_connected() {
                // What a person opened is brought into step once, whatever the battery says.
                if !is_fetched && conditions.borrow().foreground {
                    self.ask(person_id, lane).await?;
                }
                is_fetched = true;
                // Lives as long as the core.
                conditions.changed().await.ok();
                continue;
            }
            is_fetched = true;
            let followed = tokio::select! {
                ended = self.stay_connected(person_id, lane) => Some(ended),
                _ = conditions.wait_for(|now| !now.may_stay_connected()) => None,
            };
            if let Some(ended) = followed {
                return ended;
            }
        }
    }

    /// Connects again and again.
    async fn stay_connected(&self, person_id: &str, lane: &Lane) -> Result<(), AppError> {
        let (clock, rng) = (&self.inner.ports.clock, &*self.inner.ports.rng);
        let mut failures = 0;
        loop {
            let told = match lane.wire {
                Wire::Clinic => self.follow_live(person_id, lane).await?,
                Wire::Server => {
                    self.ask(person_id, lane).await?;
                    Told::NothingLive
                }
            };
            match told {
                Told::Something => failures = 0,
                Told::NothingLive => {
                    clock.sleep(ASK).await;
                    continue;
                }
                Told::Nothing => failures += 1,
            }
            clock.sleep(retry_delay(failures, None, rng)).await;
        }
    }

    /// One connection's life.
    async fn follow_live(&self, person_id: &str, lane: &Lane) -> Result<Told, AppError> {
        let clock = &self.inner.ports.clock;
        if self.inner.allowance(Cause::Watching).fetch == Fetch::Nothing {
            self.ask(person_id, lane).await?;
            return Ok(Told::NothingLive);
        }
        let mut live = match lane.client.live(&[&lane.patient_id]).await {
            Ok(live) => live,
            Err(ClientError::NotFound | ClientError::Refused { .. } | ClientError::Garbled(_)) => {
                // An older clinic, or one that no longer gives access: the feed says which.
                self.ask(person_id, lane).await?;
                return Ok(Told::NothingLive);
            }
            Err(_) => {
                self.ask(person_id, lane).await?;
                return Ok(Told::Nothing);
            }
        };
        let mut told = Told::Nothing;
        loop {
            let next = tokio::select! {
                next = live.next() => next,
                () = clock.sleep(ASK) => Ok(Some(LiveChange::Ready)),
            };
            match next {
                Ok(Some(LiveChange::Ready | LiveChange::Changed(_))) => {
                    told = Told::Something;
                    self.ask(person_id, lane).await?;
                }
                Ok(None) | Err(_) => return Ok(told),
            }
        }
    }

    /// Into step with this clinic once. That a clinic cannot be reached is a state, not an error.
    async fn ask(&self, person_id: &str, lane: &Lane) -> Result<(), AppError> {
        let synchronised = self.synchronise(person_id, Some(&lane.clinic), Cause::Watching, None);
        match synchronised.await {
            Ok(_)
            | Err(
                AppError::Offline
                | AppError::BadAnswer { .. }
                | AppError::NotEnrolled
                | AppError::Busy { .. }
                | AppError::Paused,
            ) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What came of a connection.
#[derive(Clone, Copy)]
enum Told {
    Something,
    Nothing,
    /// This clinic does not tell.
    NothingLive,
}
