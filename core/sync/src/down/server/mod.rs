//! Any FHIR R4 server: asked in rounds for what changed, and now and then compared with as a whole.
//!
//! Such servers have no order of commits. What is written together carries the time of its beginning and
//! becomes visible seconds later, so each round asks again for the time before what is complete
//! ([`WINDOW`]), and what is known already, or older, changes nothing (`Vault::apply_unordered`).
//! Deletions are told by a history at best; the comparison ([`compare`]) finds what both missed.

mod compare;
mod place;
mod plan;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use sokhoe_client::{ClientError, GarbledAnswer, PageBody};
use sokhoe_domain::ResourceKey;
use sokhoe_domain::planted::{Bug, is_planted};
use sokhoe_fhir::bundle::Change;
use sokhoe_vault::{Page, Place};

use self::place::{Round, Standing};
use self::plan::{Plan, Step, queries, query};
use super::Pulled;
use crate::error::SyncError;
use crate::lane::{Engine, Lane};
use crate::pace::Fetch;
use crate::server_slots::BookingWays;
use crate::up::ReadingWays;

/// Longer than a server's longest transaction.
const WINDOW: Duration = Duration::from_secs(600);
/// Resources asked for at once; a server may give others.
const PAGE: u32 = 200;
/// How often everything is compared: with a server that tells deletions, and with one that does not.
const COMPARE: Duration = Duration::from_secs(24 * 3_600);
const COMPARE_WITHOUT_HISTORY: Duration = Duration::from_secs(6 * 3_600);
/// A history is everybody's: one that is longer costs more than comparing.
const HISTORY_PAGES: usize = 5;
/// A `next` that the server forgot is begun anew so often in one call.
const RESTARTS: u32 = 3;
/// Answers that are little: what changed, what is gone, and a page or two beside.
const LITTLE: usize = 4;
/// No book has more pages: a server that goes on for ever is left.
const PAGES: usize = 20_000;

/// How times are booked at a server, as it said when it was last asked what it can.
pub(crate) fn known_ways(cursor: Option<&str>) -> Option<BookingWays> {
    Standing::read(cursor).plan?.booking
}

/// How readings are sent to a server, as it said then; nothing when it was not asked.
pub(crate) fn known_reading_ways(cursor: Option<&str>) -> Option<ReadingWays> {
    Standing::read(cursor).plan?.readings
}

/// One call's way through the rounds.
struct Run<'p> {
    standing: Standing,
    /// As the vault has it.
    cursor: Option<String>,
    pulled: &'p mut Pulled,
    restarts: u32,
    pages: usize,
    /// The links of the step under way: a server that goes in circles is left.
    followed: HashSet<String>,
}

impl Engine {
    pub(super) async fn pull_server(
        &self,
        lane: &Lane,
        pulled: &mut Pulled,
    ) -> Result<(), SyncError> {
        let cursor = self.vault.cursor(&lane.clinic)?;
        let mut run = Run {
            standing: Standing::read(cursor.as_deref()),
            cursor,
            pulled,
            restarts: 0,
            pages: 0,
            followed: HashSet::new(),
        };
        let plan = match run.standing.plan.clone() {
            Some(plan) if !self.is_compare_due(&run.standing) => plan,
            // One under way goes on as it began.
            Some(plan) if run.standing.comparing.is_some() => plan,
            _ => Plan::of(&lane.client.capabilities().await?),
        };
        run.standing.plan = Some(plan);
        let is_resumed = run.standing.round.is_some();
        self.round(lane, &mut run).await?;
        if is_resumed && run.standing.round.is_none() && run.pulled.held_back.is_none() {
            // What the server got since that round began, which may be days ago.
            self.round(lane, &mut run).await?;
        }
        // Comparing asks for every id there is.
        let may_compare =
            run.pulled.held_back.is_none() && self.bounds.allowance().fetch == Fetch::Everything;
        if may_compare && self.is_compare_due(&run.standing) {
            self.compare(lane, &mut run).await?;
        }
        Ok(())
    }

    fn is_compare_due(&self, standing: &Standing) -> bool {
        if is_planted(Bug::NeverCompared) {
            return false;
        }
        let Some(compared) = standing.compared else {
            return standing.complete.is_some();
        };
        let history = standing.plan.as_ref().is_some_and(|plan| plan.history);
        let every = if history {
            COMPARE
        } else {
            COMPARE_WITHOUT_HISTORY
        };
        let ago = self.clock.now().as_millis().saturating_sub(compared);
        // A clock that went back says nothing.
        ago < 0 || ago >= i64::try_from(every.as_millis()).unwrap_or(i64::MAX)
    }

    /// Every question once, from where the last call stopped.
    async fn round(&self, lane: &Lane, run: &mut Run<'_>) -> Result<(), SyncError> {
        let is_first = run.standing.complete.is_none();
        for asked in 0.. {
            run.pulled.held_back = self.bounds.stops(self.clock.now(), asked, LITTLE);
            if run.pulled.held_back.is_some() {
                return Ok(());
            }
            let Some(plan) = run.standing.plan.clone() else {
                return Ok(());
            };
            let steps = plan.steps(is_first);
            let round = run.standing.round.get_or_insert_with(Round::default);
            let at = round.step.as_deref();
            let place = steps.iter().position(|step| Some(step.name()) == at);
            let place = place.unwrap_or(0);
            let Some(step) = steps.get(place) else {
                return Ok(());
            };
            let following = steps.get(place + 1).map(|step| step.name().to_owned());
            let over = match step {
                Step::Deletions => self.deletions(lane, run, following).await?,
                Step::Batch => self.batch(lane, run, &plan, following).await?,
                _ => self.step(lane, run, step, following).await?,
            };
            if over {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next page of a step; whether the round is over.
    async fn step(
        &self,
        lane: &Lane,
        run: &mut Run<'_>,
        step: &Step,
        following: Option<String>,
    ) -> Result<bool, SyncError> {
        let round = run.standing.round.clone().unwrap_or_default();
        let answer = match &round.next {
            Some(next) => lane.client.next_page(next).await,
            None => {
                run.followed.clear();
                let since = run.standing.since(WINDOW);
                let Some(query) = query(step, &lane.patient_id, since) else {
                    return self.go_on(lane, run, Vec::new(), round, following);
                };
                lane.client.query(&query, PAGE).await
            }
        };
        let body = match answer {
            Ok(body) => body,
            Err(error) => {
                let next = self.not_answered(lane, run, step, round, following, error);
                return next.await;
            }
        };
        run.pages += 1;
        let page = body
            .read()
            .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        if matches!(step, Step::Everything)
            && let (Some(since), Some(plan)) = (run.standing.since(WINDOW), &mut run.standing.plan)
            && page.oldest.is_some_and(|oldest| oldest < since)
        {
            // It does not heed `_since`: what came is known, and from now on it is asked otherwise.
            plan.everything_since = false;
            return self.take_in(lane, run, Vec::new(), Round::default(), false);
        }
        let next = next_of(&body, page.next.as_deref())
            // Some end with an empty page whose next is itself.
            .filter(|next| !page.changes.is_empty() || !run.followed.contains(next));
        if next
            .as_ref()
            .is_some_and(|next| !run.followed.insert(next.clone()))
            || run.pages > PAGES
        {
            return Err(ClientError::Garbled(GarbledAnswer::NotFhir).into());
        }
        let is_first_page = round.step.is_none() && round.next.is_none();
        let mut after = Round {
            newest: round.newest.max(page.newest.map(|at| at.as_millis())),
            step: Some(step.name().to_owned()),
            next,
            ..round
        };
        if is_first_page {
            after.looked = page.looked.map(|at| at.as_millis());
        }
        if after.next.is_some() {
            return self.take_in(lane, run, page.changes, after, false);
        }
        self.go_on(lane, run, page.changes, after, following)
    }

    /// What an answer that is none means for a step.
    async fn not_answered(
        &self,
        lane: &Lane,
        run: &mut Run<'_>,
        step: &Step,
        mut round: Round,
        following: Option<String>,
        error: ClientError,
    ) -> Result<bool, SyncError> {
        let is_refusal = matches!(
            error,
            ClientError::NotFound
                | ClientError::Gone
                | ClientError::Refused { .. }
                | ClientError::Server { status: 501 }
        );
        if !is_refusal {
            return Err(error.into());
        }
        if round.next.take().is_some() {
            // The server forgot the link: the step begins anew, and what came is known already.
            run.restarts += 1;
            if run.restarts > RESTARTS {
                return Err(ClientError::Garbled(GarbledAnswer::NotFhir).into());
            }
            return self.take_in(lane, run, Vec::new(), round, false);
        }
        match (step, error) {
            // Of a patient who is not there, or not for this phone, there is nothing else to ask.
            (
                Step::Everything | Step::Patient,
                error @ (ClientError::NotFound | ClientError::Gone),
            ) => {
                self.ask_for_patient(lane).await?;
                Err(error.into())
            }
            (Step::Patient, ClientError::Refused { status: 403, .. }) => {
                self.ask_for_patient(lane).await?;
                self.go_on(lane, run, Vec::new(), round, following)
            }
            (Step::Everything, _) => {
                if let Some(plan) = &mut run.standing.plan {
                    plan.everything = false;
                }
                round.step = None;
                self.take_in(lane, run, Vec::new(), round, false)
            }
            // This type is not for this phone; the others may be.
            _ => self.go_on(lane, run, Vec::new(), round, following),
        }
    }

    /// What changed, of all types in one exchange.
    async fn batch(
        &self,
        lane: &Lane,
        run: &mut Run<'_>,
        plan: &Plan,
        following: Option<String>,
    ) -> Result<bool, SyncError> {
        let mut round = run.standing.round.clone().unwrap_or_default();
        round.step = Some(Step::Batch.name().to_owned());
        let queries = queries(plan, &lane.patient_id, run.standing.since(WINDOW));
        let body = match lane.client.batch(&queries, PAGE).await {
            Ok(body) => body,
            Err(
                ClientError::NotFound
                | ClientError::Gone
                | ClientError::Refused { .. }
                | ClientError::Server { status: 501 },
            ) => {
                if let Some(plan) = &mut run.standing.plan {
                    plan.batch = false;
                }
                round.step = None;
                return self.take_in(lane, run, Vec::new(), round, false);
            }
            Err(error) => return Err(error.into()),
        };
        let pages = body
            .read()
            .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        if pages.is_empty() {
            if let Some(plan) = &mut run.standing.plan {
                plan.batch = false;
            }
            round.step = None;
            return self.take_in(lane, run, Vec::new(), round, false);
        }
        if pages.len() < queries.len() {
            // What was not answered may hold what changed: comparing finds it.
            self.compare_instead(run, plan.history);
        }
        run.followed.clear();
        let mut changes = Vec::new();
        let mut more = Vec::new();
        for page in pages {
            // The earliest look counts: what became visible after it is asked for again.
            let looked = page.looked.map(|at| at.as_millis());
            round.looked = match (round.looked, looked) {
                (Some(before), Some(looked)) => Some(before.min(looked)),
                (before, looked) => before.or(looked),
            };
            round.newest = round.newest.max(page.newest.map(|at| at.as_millis()));
            more.extend(page.next.and_then(|next| body.absolute(&next)));
            changes.extend(page.changes);
        }
        if !self.apply(lane, run, &changes, run.standing.clone(), false)? {
            return Ok(false);
        }
        while let Some(next) = more.pop() {
            run.pages += 1;
            run.pulled.held_back = self.bounds.stops(self.clock.now(), run.pages, LITTLE);
            if run.pulled.held_back.is_some() {
                // What came is known when the same is asked again.
                return Ok(true);
            }
            if run.pages > PAGES || !run.followed.insert(next.clone()) {
                return Err(ClientError::Garbled(GarbledAnswer::NotFhir).into());
            }
            let body = lane.client.next_page(&next).await?;
            let page = body
                .read()
                .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
            round.newest = round.newest.max(page.newest.map(|at| at.as_millis()));
            more.extend(
                next_of(&body, page.next.as_deref())
                    .filter(|next| !page.changes.is_empty() || !run.followed.contains(next)),
            );
            if !self.apply(lane, run, &page.changes, run.standing.clone(), false)? {
                return Ok(false);
            }
        }
        self.go_on(lane, run, Vec::new(), round, following)
    }

    /// What the history says is gone, and was not made again since.
    async fn deletions(
        &self,
        lane: &Lane,
        run: &mut Run<'_>,
        following: Option<String>,
    ) -> Result<bool, SyncError> {
        let round = run.standing.round.clone().unwrap_or_default();
        let since = run.standing.since(WINDOW);
        let Some(asked) = query(&Step::Deletions, &lane.patient_id, since) else {
            return self.go_on(lane, run, Vec::new(), round, following);
        };
        let mut answer = lane.client.query(&asked, PAGE).await;
        // The newest change of each comes first: what was made again is not gone.
        let (mut known, mut gone) = (BTreeSet::new(), Vec::new());
        for page_number in 1.. {
            let body = match answer {
                Ok(body) => body,
                Err(
                    ClientError::NotFound
                    | ClientError::Gone
                    | ClientError::Refused { .. }
                    | ClientError::Server { .. },
                ) => {
                    self.compare_instead(run, false);
                    gone.clear();
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            let page = body
                .read()
                .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
            for change in page.changes {
                let (key, is_gone) = match change {
                    Change::Delete { key } => (key, true),
                    Change::Put { key, .. } => (key, false),
                    Change::Broken { .. } => continue,
                };
                if known.insert(key.to_string()) && is_gone {
                    gone.push(key);
                }
            }
            let Some(next) = next_of(&body, page.next.as_deref()) else {
                break;
            };
            if page_number >= HISTORY_PAGES {
                self.compare_instead(run, true);
                break;
            }
            answer = lane.client.next_page(&next).await;
        }
        let gone = self.held(lane, gone)?;
        let is_patient = |key: &ResourceKey| key.kind == "Patient" && key.id == lane.patient_id;
        if gone.iter().any(is_patient) {
            // It may be there again; what is gone by the server's own word ends here.
            self.ask_for_patient(lane).await?;
        }
        let changes = gone.into_iter().map(|key| Change::Delete { key }).collect();
        self.go_on(lane, run, changes, round, following)
    }

    /// The history does not tell what is gone: comparing does, in this very call.
    fn compare_instead(&self, run: &mut Run<'_>, offers_history: bool) {
        run.standing.compare_anew();
        if let Some(plan) = &mut run.standing.plan {
            plan.history &= offers_history;
        }
    }

    /// Those of the keys that are in the book: a history is everybody's.
    fn held(&self, lane: &Lane, keys: Vec<ResourceKey>) -> Result<Vec<ResourceKey>, SyncError> {
        let mut held = Vec::new();
        for key in keys {
            if self.vault.resource(&lane.clinic, &key)?.is_some() {
                held.push(key);
            }
        }
        Ok(held)
    }

    /// Takes in the last page of a step; the next step, or none, comes after it.
    fn go_on(
        &self,
        lane: &Lane,
        run: &mut Run<'_>,
        changes: Vec<Change<'_>>,
        round: Round,
        following: Option<String>,
    ) -> Result<bool, SyncError> {
        let is_over = following.is_none();
        let round = Round {
            step: following,
            next: None,
            ..round
        };
        self.take_in(lane, run, changes, round, is_over)
    }

    /// One transaction: changes, and where the sync stands after them. Whether the round is over.
    fn take_in(
        &self,
        lane: &Lane,
        run: &mut Run<'_>,
        changes: Vec<Change<'_>>,
        round: Round,
        is_over: bool,
    ) -> Result<bool, SyncError> {
        let mut standing = run.standing.clone();
        if is_over {
            let is_first = standing.complete.is_none();
            if round.is_long_before(standing.complete) {
                // Its clock was set back: what it wrote since may have any time.
                standing.complete = round.complete();
                standing.compare_anew();
            }
            standing.complete = standing.complete.max(round.complete());
            standing.round = None;
            if is_first {
                // Everything was asked for just now.
                standing.compared = Some(self.clock.now().as_millis());
            }
        } else {
            standing.round = Some(round);
            if changes.is_empty() && standing.complete.is_some() {
                // A write for itself is not worth it: what is asked again costs little, and the next page, or the end,
                // has it.
                run.standing = standing;
                return Ok(false);
            }
        }
        let taken = self.apply(lane, run, &changes, standing, is_over)?;
        Ok(taken && is_over)
    }

    /// Whether it was taken in: when another call was faster, this one goes on from where that stands.
    fn apply(
        &self,
        lane: &Lane,
        run: &mut Run<'_>,
        changes: &[Change<'_>],
        standing: Standing,
        last: bool,
    ) -> Result<bool, SyncError> {
        if changes.is_empty() && !last && standing == run.standing {
            return Ok(true);
        }
        let news = self.vault.caught_up(&lane.clinic)?;
        let (bookings, events) = self.consequences(lane, changes, news)?;
        let cursor = standing.write();
        let page = Page {
            clinic: &lane.clinic,
            changes,
            cursor: &cursor,
            received: self.clock.now(),
            bookings: &bookings,
            events: &events,
        };
        let place = Place {
            after: run.cursor.as_deref(),
            last,
        };
        match self.vault.apply_unordered(&page, place)? {
            Some(applied) => {
                run.pulled.add(&applied);
                run.standing = standing;
                run.cursor = Some(cursor);
                Ok(true)
            }
            None => {
                let plan = run.standing.plan.take();
                run.cursor = self.vault.cursor(&lane.clinic)?;
                run.standing = Standing::read(run.cursor.as_deref());
                run.standing.plan = run.standing.plan.take().or(plan);
                run.followed.clear();
                Ok(false)
            }
        }
    }
}

fn next_of(body: &PageBody, next: Option<&str>) -> Option<String> {
    next.and_then(|next| body.absolute(next))
}
