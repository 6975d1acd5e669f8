//! A piece of work that is done as a whole or not at all, and what it works with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, Timestamp};

use super::StoreError;
use super::calendar_version;
use super::sql::Sql;
use super::wakers::{DeskNews, News};
use crate::access_log::{self, Draft, Who};
use crate::grants::on_behalf::Acting;

/// What a job works with: the open transaction, the time, and what to tell after the commit.
pub(crate) struct Tx<'a> {
    sql: Sql<'a>,
    now: Timestamp,
    news: News,
    /// Who acts, where a phone asked for the job.
    acting: Option<Acting>,
    /// Who does it.
    who: Who,
    /// What is to be remembered of it.
    notes: Vec<Draft>,
    /// What was written of people, the first of each.
    written: BTreeMap<String, Written>,
}

/// Something of a person that was written.
struct Written {
    kind: String,
    id: String,
    action: AccessAction,
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl<'a> Tx<'a> {
    pub(super) fn new(sql: Sql<'a>, now: Timestamp) -> Self {
        Self {
            sql,
            now,
            news: News::default(),
            acting: None,
            who: Who::Server,
            notes: Vec::new(),
            written: BTreeMap::new(),
        }
    }

    /// The connection inside the transaction.
    pub fn sql(&self) -> Sql<'a> {
        self.sql
    }

    /// The server's time when the job began.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Who acts: from now on it is a phone that asked for the job.
    pub fn acting(&mut self) -> &mut Acting {
        self.acting.get_or_insert_default()
    }

    /// Who acts, where a phone asked for the job; nothing where the clinic does.
    pub fn acts(&self) -> Option<&Acting> {
        self.acting.as_ref()
    }

    /// A resource is stored in a person's record.
    pub fn writes(&mut self, patient: &str, kind: &str, id: &str) {
        if let Some(acting) = &mut self.acting {
            acting.writes(patient, kind, id);
        }
    }

    /// Runs a step of the job; when it answers no, the database is as before the step.
    pub fn or_undo(
        &self,
        step: impl FnOnce() -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        self.sql.execute("SAVEPOINT step", &[])?;
        // After an error the whole job is undone, and the step with it.
        let done = step()?;
        if !done {
            self.sql.execute("ROLLBACK TO step", &[])?;
        }
        self.sql.execute("RELEASE step", &[])?;
        Ok(done)
    }

    /// Says who does this; nobody said: the server by itself.
    pub fn by(&mut self, who: Who) {
        self.who = who;
    }

    /// The account of whoever does this, by its row; nothing where nobody signed in.
    pub fn staff(&self) -> Option<i64> {
        match self.who {
            Who::Staff(acting) => Some(acting.staff),
            _ => None,
        }
    }

    /// Remembers that somebody did something with a person's record. What is written of others besides is remembered as
    /// of whoever does this job.
    pub fn note(&mut self, draft: Draft) {
        self.notes.push(draft);
    }

    /// Remembers it as of whoever does this job.
    pub fn note_own(
        &mut self,
        patient: &str,
        operation: AccessOperation,
        action: AccessAction,
        kind: &str,
    ) {
        self.notes.push(Draft {
            patient: patient.to_owned(),
            at: self.now,
            operation,
            action,
            kind: kind.to_owned(),
            id: None,
            outcome: AccessOutcome::Done,
            who: self.who,
        });
    }

    /// Something of a person was written: remembered, unless the job itself says what it did with that person's record.
    pub fn remember(&mut self, patient: &str, kind: &str, id: &str, action: AccessAction) {
        if !self.written.contains_key(patient) {
            let written = Written {
                kind: kind.to_owned(),
                id: id.to_owned(),
                action,
            };
            self.written.insert(patient.to_owned(), written);
        }
    }

    /// Keeps what is to be remembered, in this very transaction.
    pub(super) fn keep_notes(&mut self) -> Result<(), StoreError> {
        let mut drafts = std::mem::take(&mut self.notes);
        for (patient, written) in std::mem::take(&mut self.written) {
            if drafts.iter().all(|draft| draft.patient != patient) {
                drafts.push(Draft {
                    patient,
                    at: self.now,
                    operation: AccessOperation::Record,
                    action: written.action,
                    kind: written.kind,
                    id: Some(written.id),
                    outcome: AccessOutcome::Done,
                    who: self.who,
                });
            }
        }
        access_log::keep(self.sql, &drafts)
    }

    /// Wakes the person's feeds after the commit.
    pub fn tell_feeds(&mut self, patient: &str) {
        self.news.patients.insert(patient.to_owned());
    }

    /// Wakes, after the commit, whoever follows the person: their place in the queue changed, which no feed tells.
    pub fn tell_of_queue(&mut self, patient: &str) {
        self.news.patients.insert(patient.to_owned());
    }

    /// Tells the desk after the commit.
    pub fn tell_desk(&mut self, news: DeskNews) {
        self.news.desk.insert(news);
    }

    /// Tells every process of this clinic that what is offered changed.
    pub fn tell_calendar(&mut self) -> Result<(), StoreError> {
        calendar_version::raise(self.sql)?;
        self.news.calendar = true;
        Ok(())
    }

    /// Somebody on the waiting list may be asked once this is committed.
    pub fn tell_waiting_list(&mut self) {
        self.news.waiting_list = true;
    }

    pub(super) fn into_news(self) -> News {
        self.news
    }
}

/// How a job is kept apart from what goes on beside it. With SQLite there is one writer, and nothing goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// As if it were alone: done again when it was not.
    Serializable,
    /// It locks the rows by which it decides, itself: for what many do at once to the same few rows.
    LocksRows,
}

/// A job that waits for its turn.
pub(super) trait Job: Send {
    /// How it is kept apart.
    fn isolation(&self) -> Isolation;

    /// Does it. It may be done again when what it did was undone.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError>;

    /// Answers whoever waits: it is on disk, or why it is not.
    fn answer(self: Box<Self>, done: Result<(), StoreError>);
}

/// A job of two functions.
pub(super) struct Submitted<T, W, A> {
    pub isolation: Isolation,
    pub work: W,
    pub answer: A,
    pub result: Option<T>,
}

impl<T, W, A> Job for Submitted<T, W, A>
where
    T: Send,
    W: FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send,
    A: FnOnce(Result<T, StoreError>) + Send,
{
    fn isolation(&self) -> Isolation {
        self.isolation
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.result = None;
        self.result = Some((self.work)(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, done: Result<(), StoreError>) {
        let Self { answer, result, .. } = *self;
        answer(done.and_then(|()| result.ok_or(StoreError::Stopped)));
    }
}

/// Runs a job; that it broke is an error like others.
pub(super) fn run(job: &mut dyn Job, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    catch_unwind(AssertUnwindSafe(|| job.run(tx))).unwrap_or_else(|_| {
        tracing::error!("a job of the database broke");
        Err(StoreError::Stopped)
    })
}

/// What changed, gathered over the jobs of a commit.
impl News {
    pub fn append(&mut self, mut other: Self) {
        self.patients.append(&mut other.patients);
        self.desk.append(&mut other.desk);
        self.calendar |= other.calendar;
        self.waiting_list |= other.waiting_list;
    }

    /// Whether other processes need not be told.
    pub fn is_empty(&self) -> bool {
        let Self {
            patients,
            desk,
            calendar,
            waiting_list: _,
        } = self;
        BTreeSet::is_empty(patients) && desk.is_empty() && !calendar
    }
}
