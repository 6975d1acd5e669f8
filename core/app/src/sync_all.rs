//! One background window for everybody on the phone.

use std::time::Duration;

use sokhoe_domain::{PersonId, Timestamp};
use sokhoe_sync::{Cause, HeldBack, Urgency};
use sokhoe_vault::ClinicSync;

use crate::error::AppError;
use crate::session::SoKhoe;
use crate::views::SyncView;

/// Nobody's turn is shorter while there is more time: on a slow network what is looked for first and a page
/// take that long, and what is given up before comes to nothing.
const SHORTEST_TURN: Duration = Duration::from_secs(12);

/// What a window did for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonSyncView {
    /// Who.
    pub person_id: String,
    /// What it did, all turns together; nothing when the time was up before, or when it failed.
    pub synced: Option<SyncView>,
    /// What happened, what was kept and what can be done, when it failed.
    pub trouble_text: Option<String>,
}

/// What a window did for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowView {
    /// Everybody with a clinic, in the order in which they were served.
    pub persons: Vec<PersonSyncView>,
    /// Whether everything went out and everything is here, for everybody.
    pub finished: bool,
}

impl SoKhoe {
    /// As [`SoKhoe::sync_by_schedule`], for everybody on this phone, one after the other within one window:
    /// what the phone gives it gives once, whoever's book is due. What anybody decided goes out first. Then
    /// come the books, the one first that was in step longest ago. Each has its share of the time, but no less
    /// than twelve seconds, and what others leave; who does not get a turn has the first one next time.
    ///
    /// What fails for one person is told with them and stops nobody else.
    ///
    /// # Errors
    /// [`AppError::Move`] on a phone that was moved away, what opening the account may give.
    pub async fn sync_all_by_schedule(
        &self,
        window: Option<Duration>,
    ) -> Result<WindowView, AppError> {
        self.not_moved()?;
        let until = window.map(|window| self.end_of(window));
        if until.is_none_or(|until| until > self.inner.now()) {
            self.try_invitations().await?;
        }
        let mut persons = Vec::new();
        for person in self.oldest_first()? {
            let sent = self.send_by_schedule(&person, until).await;
            persons.push(PersonSyncView {
                person_id: person,
                synced: None,
                trouble_text: sent.err().map(|error| self.words_for(&error)),
            });
        }
        // Whose book does not open is not asked again.
        let mut turns: Vec<usize> = (0..persons.len())
            .filter(|place| {
                persons
                    .get(*place)
                    .is_some_and(|of| of.trouble_text.is_none())
            })
            .collect();
        let mut is_first_round = true;
        while !turns.is_empty() && self.time_left(until) != Some(Duration::ZERO) {
            let mut again = Vec::new();
            let many = turns.len();
            for (turn, place) in turns.into_iter().enumerate() {
                let Some(of) = persons.get_mut(place) else {
                    continue;
                };
                let left = self.time_left(until);
                if left == Some(Duration::ZERO) {
                    break;
                }
                let end = match is_first_round {
                    true => self.end_of_turn(until, many - turn),
                    false => until,
                };
                let synced = self
                    .synchronise_until(&of.person_id, None, Cause::Schedule, None, end)
                    .await;
                match synced {
                    Ok(synced) => {
                        if synced.held_back == Some(HeldBack::TimeUp) {
                            again.push(place);
                        }
                        of.synced = Some(match of.synced.take() {
                            Some(before) => together(&before, synced),
                            None => synced,
                        });
                    }
                    Err(error) => of.trouble_text = Some(self.words_for(&error)),
                }
            }
            turns = again;
            is_first_round = false;
        }
        let is_done = |of: &PersonSyncView| {
            of.trouble_text.is_none() && of.synced.as_ref().is_some_and(|synced| synced.finished)
        };
        let finished = persons.iter().all(is_done);
        Ok(WindowView { persons, finished })
    }

    /// Everybody with a clinic, the one first whose book was in step with all of theirs longest ago.
    fn oldest_first(&self) -> Result<Vec<String>, AppError> {
        let account = self.inner.account()?;
        let mut persons = Vec::new();
        for person in account.persons()? {
            let links = account.links(&person.id)?;
            if links.is_empty() {
                continue;
            }
            // A book that cannot be opened says why when its turn comes.
            let syncs = self
                .inner
                .book(&person.id.0)
                .and_then(|book| Ok(book.vault.clinic_syncs()?));
            let syncs = syncs.unwrap_or_default();
            let stands = links.iter().map(|link| {
                let sync = syncs.iter().find(|sync| sync.clinic == link.clinic);
                let is_whole = |sync: &&ClinicSync| sync.caught_up;
                let reached = sync.filter(is_whole).and_then(|sync| sync.reached);
                (reached, sync.and_then(|sync| sync.tried))
            });
            persons.push((stands.min(), person.id.0));
        }
        // Of those that were never in step the one that waits longest for a turn; equals as they are listed.
        persons.sort_by_key(|(stands, _)| *stands);
        Ok(persons.into_iter().map(|(_, person)| person).collect())
    }

    /// Sends what waits in a person's book, when there is something and it may be sent.
    async fn send_by_schedule(
        &self,
        person_id: &str,
        until: Option<Timestamp>,
    ) -> Result<(), AppError> {
        let session = &*self.inner;
        session
            .renew_leases(&PersonId::from(person_id), Cause::Schedule)
            .await?;
        let book = session.book(person_id)?;
        let bounds = self.bounds(Cause::Schedule, until);
        if !bounds.allowance().send || session.unanswered(&book)?.is_empty() {
            return Ok(());
        }
        let lanes = session.lanes(&book.person.id)?;
        let engine = session.engine(&book).within(bounds);
        session
            .send(&book, &engine, &lanes, Urgency::Background)
            .await?;
        session.store_data_use()
    }

    fn time_left(&self, until: Option<Timestamp>) -> Option<Duration> {
        until.map(|until| until.since(self.inner.now()))
    }

    /// When a turn ends, of so many that are to come.
    fn end_of_turn(&self, until: Option<Timestamp>, turns: usize) -> Option<Timestamp> {
        let until = until?;
        let now = self.inner.now();
        let turns = u32::try_from(turns).unwrap_or(u32::MAX).max(1);
        let share = (until.since(now) / turns).max(SHORTEST_TURN);
        Some(now.plus(share).min(until))
    }
}

/// What two turns of one person did; how it stands is as after the second.
fn together(before: &SyncView, after: SyncView) -> SyncView {
    SyncView {
        stored: before.stored + after.stored,
        deleted: before.deleted + after.deleted,
        set_aside: before.set_aside + after.set_aside,
        settled: before.settled + after.settled,
        ..after
    }
}

#[cfg(test)]
mod tests;
