//! Into step with every clinic of a person.

use std::time::Duration;

use sokhoe_client::ClientError;
use sokhoe_domain::planted::{Bug, is_planted};
use sokhoe_domain::{ClinicId, PersonId, Timestamp, Wire};
use sokhoe_sync::{
    Cause, Engine, Fetch, HeldBack, HostPaces, Lane, Pulled, Pushed, SyncError, Urgency, WaitUntil,
};
use tokio::task::JoinSet;

use crate::error::AppError;
use crate::lost_access::ACCESS_ENDED;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::sync_state::Trouble;
use crate::views::SyncView;

/// The longest a clinic is asked to keep an answer back.
const LONGEST_WAIT: Duration = Duration::from_secs(25);
/// For so long nobody speaks of what may be newer at a clinic.
const STILL_NEW: Duration = Duration::from_secs(3_600);
/// So long before the time that a phone gives is over everything ends, so that what is being written is.
const CLOSING: Duration = Duration::from_secs(1);

impl SoKhoe {
    /// Sends what waits and takes in what is new, clinic by clinic. A clinic that cannot be reached
    /// stalls only itself and is named in the answer; when none could be reached, the error is
    /// [`AppError::Offline`].
    ///
    /// When the person's own limit of data is used up ([`SoKhoe::set_data_limit`]), what waits is sent and
    /// nothing fetched, and the answer says so; [`SoKhoe::allow_more_data`] goes beyond it.
    ///
    /// # Errors
    /// [`AppError::Offline`], [`AppError::BadAnswer`], [`AppError::NotEnrolled`], [`AppError::Busy`]
    /// when no clinic gave an answer, or none was asked because it was too early;
    /// [`AppError::DiskFull`]. What was stored before stays.
    pub async fn sync(&self, person_id: &str) -> Result<SyncView, AppError> {
        self.synchronise(person_id, None, Cause::Person, None).await
    }

    /// As [`SoKhoe::sync`], for a regular time at which nobody waits: a clinic that gave no answer the
    /// last time is left alone for longer, and intents go out only when their time has come. What the
    /// phone's network and power do not allow waits ([`SoKhoe::set_conditions`]).
    ///
    /// `window` is the time that the phone gives: some 25 s of a `BGAppRefreshTask`, less than the ten
    /// minutes of a WorkManager's job. Everything ends a second before, at the end of a page or by
    /// giving up an exchange. What waits to be sent goes first, so that it is sent in the shortest window.
    ///
    /// # Errors
    /// As [`SoKhoe::sync`].
    pub async fn sync_by_schedule(
        &self,
        person_id: &str,
        window: Option<Duration>,
    ) -> Result<SyncView, AppError> {
        let until = window.map(|window| self.end_of(window));
        self.synchronise_until(person_id, None, Cause::Schedule, None, until)
            .await
    }

    /// When everything ends of a window that begins now.
    pub(crate) fn end_of(&self, window: Duration) -> Timestamp {
        let closing = CLOSING.min(window / 2);
        self.inner.now().plus(window.saturating_sub(closing))
    }

    /// Tells that the phone has a network again: what could not be reached without one may be tried at
    /// once.
    pub fn network_is_back(&self) {
        self.inner.paces.network_is_back();
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
        let wait = Some(wait.min(LONGEST_WAIT));
        self.synchronise(person_id, None, Cause::Watching, wait)
            .await
    }

    /// Into step with all clinics of a person, or with one of them.
    pub(crate) async fn synchronise(
        &self,
        person_id: &str,
        clinic: Option<&ClinicId>,
        cause: Cause,
        wait: Option<Duration>,
    ) -> Result<SyncView, AppError> {
        self.synchronise_until(person_id, clinic, cause, wait, None)
            .await
    }

    pub(crate) async fn synchronise_until(
        &self,
        person_id: &str,
        clinic: Option<&ClinicId>,
        cause: Cause,
        wait: Option<Duration>,
        until: Option<Timestamp>,
    ) -> Result<SyncView, AppError> {
        let synchronised = self.go_through(person_id, clinic, cause, wait, until).await;
        self.inner.store_data_use()?;
        synchronised
    }

    async fn go_through(
        &self,
        person_id: &str,
        clinic: Option<&ClinicId>,
        cause: Cause,
        wait: Option<Duration>,
        until: Option<Timestamp>,
    ) -> Result<SyncView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        session
            .renew_leases(&PersonId::from(person_id), cause)
            .await?;
        let book = session.book(person_id)?;
        let mut lanes = session.lanes(&book.person.id)?;
        lanes.retain(|lane| clinic.is_none_or(|clinic| lane.clinic == *clinic));
        let bounds = self.bounds(cause, until);
        let allowance = bounds.allowance();
        let engine = session.engine(&book).within(bounds);
        let urgency = match cause {
            Cause::Person => Urgency::Foreground,
            _ => Urgency::Background,
        };
        let pushed = if allowance.send {
            session.send(&book, &engine, &lanes, urgency).await?
        } else {
            Pushed {
                waiting: session.unanswered(&book)?.values().map(|of| of.count).sum(),
                ..Pushed::default()
            }
        };
        let mut view = SyncView {
            stored: 0,
            deleted: 0,
            set_aside: 0,
            settled: pushed.settled,
            waiting: pushed.waiting,
            unreachable_clinic_ids: Vec::new(),
            finished: false,
            held_back: None,
        };
        if allowance.fetch == Fetch::Nothing {
            view.held_back = allowance.held_back;
            for lane in &lanes {
                hold_back(&book, lane, session.now(), Rest::Maybe)?;
            }
            // Whoever asks again and again for what comes does so no faster for it.
            if let Some(wait) = wait {
                session.ports.clock.sleep(wait).await;
            }
            return Ok(view);
        }
        let mut failure = None;
        // Loses what a clinic gave; whether nobody is left to ask.
        let lose = |clinic: &ClinicId| -> Result<bool, AppError> {
            session.lose_access(&book, clinic)?;
            Ok(session.lanes(&book.person.id)?.is_empty())
        };
        let pulls = pull_all(&engine, &lanes, &session.paces, cause, wait).await;
        let now = session.now();
        for (lane, pulled) in lanes.iter().zip(pulls) {
            match pulled {
                Ok(pulled) => {
                    book.vault.set_blobs_fetchable(&lane.clinic, true)?;
                    match pulled.held_back {
                        None => book.vault.note_sync(&lane.clinic, now, None)?,
                        Some(_) if pulled.only_ahead => hold_back(&book, lane, now, Rest::Behind)?,
                        Some(_) => hold_back(&book, lane, now, Rest::Known)?,
                    }
                    view.held_back = view.held_back.or(pulled.held_back);
                    if pulled.held_back.is_none() {
                        session.check_access_log(&book, &lane.clinic).await?;
                    }
                    view.stored += pulled.stored;
                    view.deleted += pulled.deleted;
                    view.set_aside += pulled.set_aside;
                }
                Err(SyncError::Client(ClientError::Refused { code, .. }))
                    if code == ACCESS_ENDED && lane.wire == Wire::Clinic =>
                {
                    if is_planted(Bug::AccessEndedIgnored) {
                        continue;
                    }
                    if lose(&lane.clinic)? {
                        return Ok(view);
                    }
                }
                Err(SyncError::PatientGone) => {
                    if lose(&lane.clinic)? {
                        return Ok(view);
                    }
                }
                Err(SyncError::Client(error)) => {
                    book.vault
                        .note_sync(&lane.clinic, now, Some(Trouble::of(&error).code()))?;
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
        view.finished =
            view.waiting == 0 && view.held_back.is_none() && view.unreachable_clinic_ids.is_empty();
        match failure {
            Some(error) if view.unreachable_clinic_ids.len() == lanes.len() => {
                Err(no_clinic(error))
            }
            _ => Ok(view),
        }
    }
}

impl Session {
    /// Sends what waits in a book. The turn is for sending alone: a long or waiting pull must not keep a booking
    /// from going out. Pulls may run beside each other (`Engine::pull`).
    pub(crate) async fn send(
        &self,
        book: &OpenBook,
        engine: &Engine,
        lanes: &[Lane],
        urgency: Urgency,
    ) -> Result<Pushed, AppError> {
        let _one_at_a_time = book.syncing.lock().await;
        self.let_trips_settle(book);
        let mut pushed = engine.push(lanes, urgency, &self.paces).await?;
        let changes = engine.push_changes(lanes, urgency, &self.paces).await?;
        pushed.settled += changes.settled;
        pushed.waiting += changes.waiting;
        Ok(pushed)
    }
}

/// What a phone waits with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// There may be something new.
    Maybe,
    /// There is more.
    Known,
    /// Everything but what came ahead just now.
    Behind,
}

/// Notes that the phone waits with what a clinic has, when it last met more, or since when the rest is behind.
/// Where there is something worse to tell, that stays; where everything was here just now there may be nothing.
fn hold_back(book: &OpenBook, lane: &Lane, now: Timestamp, rest: Rest) -> Result<(), AppError> {
    let known = book.vault.clinic_syncs()?;
    let known = known.iter().find(|sync| sync.clinic == lane.clinic);
    let trouble = known.and_then(|sync| sync.trouble.as_deref().map(Trouble::from_code));
    let is_said = match trouble {
        Some(Trouble::NotEnrolled) => true,
        Some(Trouble::OnlyAhead) => rest != Rest::Behind,
        // Known again: whose turn it was is told by it (`SoKhoe::sync_all_by_schedule`).
        Some(Trouble::HeldBack) => rest == Rest::Maybe,
        Some(Trouble::NotReached | Trouble::BadAnswer) => false,
        None if rest != Rest::Maybe => false,
        None => known.is_some_and(|sync| {
            let is_new = |at: Timestamp| at <= now && now.since(at) < STILL_NEW;
            sync.caught_up && sync.reached.is_some_and(is_new)
        }),
    };
    if !is_said {
        let held_back = match rest {
            Rest::Behind => Some(Trouble::OnlyAhead.code()),
            Rest::Maybe | Rest::Known => Some(Trouble::HeldBack.code()),
        };
        book.vault.note_sync(&lane.clinic, now, held_back)?;
    }
    Ok(())
}

/// Every lane beside the others: a slow clinic does not hold up a quick one.
async fn pull_all(
    engine: &Engine,
    lanes: &[Lane],
    paces: &HostPaces,
    cause: Cause,
    wait: Option<Duration>,
) -> Vec<Result<Pulled, SyncError>> {
    if let [lane] = lanes {
        return vec![pull_at_pace(engine, lane, paces, cause, wait).await];
    }
    // Dropped with the caller, so that a cancelled wait ends its exchanges.
    let mut pulls = JoinSet::new();
    for (place, lane) in lanes.iter().cloned().enumerate() {
        let (engine, paces) = (engine.clone(), paces.clone());
        pulls.spawn(async move {
            let pulled = pull_at_pace(&engine, &lane, &paces, cause, wait).await;
            (place, pulled)
        });
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

/// Asks a clinic for what is new unless it is being left alone, whoever of this phone found it down.
async fn pull_at_pace(
    engine: &Engine,
    lane: &Lane,
    paces: &HostPaces,
    cause: Cause,
    wait: Option<Duration>,
) -> Result<Pulled, SyncError> {
    let permit = match paces.may_call(&lane.client.origin(), cause) {
        Ok(permit) => permit,
        Err(WaitUntil(next_try)) => {
            return Err(SyncError::Client(ClientError::Busy {
                retry_after: Some(paces.from_now(next_try)),
            }));
        }
    };
    // Others wait for what a probe hears.
    let wait = wait.filter(|_| !permit.is_probe());
    let pulled = engine.pull(lane, wait).await;
    match &pulled {
        // Whether there was an answer before the time was up is not known.
        Ok(pulled) if pulled.held_back == Some(HeldBack::TimeUp) => drop(permit),
        Ok(_) => permit.succeeded(),
        Err(SyncError::Client(error)) => permit.failed(error),
        Err(SyncError::PatientGone) => permit.succeeded(),
        Err(SyncError::Vault(_)) => drop(permit),
    }
    pulled
}

fn no_clinic(error: ClientError) -> AppError {
    match error {
        // A record that vanished under a person who still holds it: the clinic no longer knows them.
        ClientError::NotFound => AppError::NotEnrolled,
        other => other.into(),
    }
}
