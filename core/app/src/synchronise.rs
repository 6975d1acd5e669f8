//! Into step with every clinic of a person.

use std::time::Duration;

use sokhoe_client::ClientError;
use sokhoe_sync::{Lane, Pulled, SyncError, Urgency};
use tokio::task::JoinSet;

use crate::error::AppError;
use crate::session::SoKhoe;
use crate::views::SyncView;

/// The longest a clinic is asked to keep an answer back.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

impl SoKhoe {
    /// Sends what waits and takes in what is new, clinic by clinic. A clinic that cannot be reached
    /// stalls only itself and is named in the answer; when none could be reached, the error is
    /// [`AppError::Offline`].
    ///
    /// # Errors
    /// [`AppError::Offline`], [`AppError::BadAnswer`], [`AppError::NotEnrolled`], [`AppError::Busy`]
    /// when no clinic gave an answer; [`AppError::DiskFull`]. What was stored before stays.
    pub async fn sync(&self, person_id: &str) -> Result<SyncView, AppError> {
        self.synchronise(person_id, None).await
    }

    /// As [`SoKhoe::sync`], but a clinic with nothing new may keep its answer back for up to `wait`
    /// (at most 25 s): the way to hear of changes while a screen is open.
    ///
    /// # Errors
    /// As [`SoKhoe::sync`].
    pub async fn wait_for_changes(
        &self,
        person_id: &str,
        wait: Duration,
    ) -> Result<SyncView, AppError> {
        self.synchronise(person_id, Some(wait.min(LONGEST_WAIT)))
            .await
    }

    async fn synchronise(
        &self,
        person_id: &str,
        wait: Option<Duration>,
    ) -> Result<SyncView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let lanes = session.lanes(&book.person.id)?;
        let engine = session.engine(&book);
        let urgency = match wait {
            None => Urgency::Foreground,
            Some(_) => Urgency::Background,
        };
        // The turn is for sending alone: a long or waiting pull must not keep a booking from going out.
        // Pulls may run beside each other (`Engine::pull`).
        let pushed = {
            let _one_at_a_time = book.syncing.lock().await;
            let mut pushed = engine.push(&lanes, urgency).await?;
            let changes = engine.push_changes(&lanes, urgency).await?;
            pushed.settled += changes.settled;
            pushed.waiting += changes.waiting;
            pushed
        };
        let mut view = SyncView {
            stored: 0,
            deleted: 0,
            set_aside: 0,
            settled: pushed.settled,
            waiting: pushed.waiting,
            unreachable_clinic_ids: Vec::new(),
        };
        let mut failure = None;
        let pulls = pull_all(&engine, &lanes, wait).await;
        for (lane, pulled) in lanes.iter().zip(pulls) {
            match pulled {
                Ok(pulled) => {
                    book.vault.set_blobs_fetchable(&lane.clinic, true)?;
                    view.stored += pulled.stored;
                    view.deleted += pulled.deleted;
                    view.set_aside += pulled.set_aside;
                }
                Err(SyncError::Client(error)) => {
                    // The documents that are here may be the last that this phone gets.
                    if matches!(error, ClientError::Unauthorized | ClientError::NotFound) {
                        book.vault.set_blobs_fetchable(&lane.clinic, false)?;
                    }
                    view.unreachable_clinic_ids.push(lane.clinic.0.clone());
                    failure = Some(error);
                }
                Err(SyncError::Vault(error)) => return Err(error.into()),
            }
        }
        match failure {
            Some(error) if view.unreachable_clinic_ids.len() == lanes.len() => {
                Err(no_clinic(error))
            }
            _ => Ok(view),
        }
    }
}

/// Every lane beside the others: a slow clinic does not hold up a quick one.
async fn pull_all(
    engine: &sokhoe_sync::Engine,
    lanes: &[Lane],
    wait: Option<Duration>,
) -> Vec<Result<Pulled, SyncError>> {
    if let [lane] = lanes {
        return vec![engine.pull(lane, wait).await];
    }
    // Dropped with the caller, so that a cancelled wait ends its exchanges.
    let mut pulls = JoinSet::new();
    for (place, lane) in lanes.iter().cloned().enumerate() {
        let engine = engine.clone();
        pulls.spawn(async move { (place, engine.pull(&lane, wait).await) });
    }
    let mut results: Vec<_> = lanes
        .iter()
        .map(|_| Err(SyncError::Client(ClientError::NoAnswer)))
        .collect();
    while let Some(ended) = pulls.join_next().await {
        if let Ok((place, result)) = ended {
            results[place] = result;
        }
    }
    results
}

fn no_clinic(error: ClientError) -> AppError {
    match error {
        // A record that vanished under a person who still holds it: the clinic no longer knows them.
        ClientError::NotFound => AppError::NotEnrolled,
        other => other.into(),
    }
}
