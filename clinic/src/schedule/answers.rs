//! One intent, one answer: kept in the transaction of its effect and given again, byte for byte, whoever
//! of the person's devices asks, for 30 days. A refusal stays a refusal.

use std::collections::BTreeSet;
use std::fmt;

use sokhoe_domain::planted::{Bug, is_planted};
use uuid::Uuid;

use super::packed::{pack, unpack};
use super::refusal::Refusal;
use crate::keys::sha256;
use crate::store::{StoreError, Tx, params, resources};

/// The status of what was done.
const DONE: u16 = 200;

/// What is asked under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// `$hold`
    Hold,
    /// `$book`
    Book,
    /// `$wait`
    Wait,
    /// `$book` with `together`
    BookTogether,
}

impl Operation {
    const fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Book => "book",
            Self::Wait => "wait",
            Self::BookTogether => "book-together",
        }
    }
}

/// A request that carries a key.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    operation: Operation,
    key: String,
    hash: [u8; 32],
}

impl Asked {
    /// The key must be a UUID.
    pub fn new(operation: Operation, key: &str, body: &[u8]) -> Option<Self> {
        let key = Uuid::try_parse(key).ok()?.hyphenated().to_string();
        Some(Self {
            operation,
            key,
            hash: sha256(body),
        })
    }

    /// The key as an id of a resource.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// A decided answer.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    pub body: String,
}

impl fmt::Debug for Answer {
    /// Not the body: it is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("refusal", &self.refusal)
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// It was done.
    pub(super) fn done(body: String) -> Self {
        Self {
            status: DONE,
            refusal: None,
            body,
        }
    }

    /// It was refused.
    pub(super) fn refused(refusal: Refusal, body: String) -> Self {
        Self {
            status: 409,
            refusal: Some(refusal),
            body,
        }
    }

    /// It cannot be done under this id.
    pub(super) fn id_used(body: String) -> Self {
        Self {
            status: 422,
            refusal: None,
            body,
        }
    }

    /// Whether it was done.
    pub fn is_done(&self) -> bool {
        self.status == DONE
    }
}

/// Whose answer it is that is kept of a request for several people: nobody's alone, so that one key has one.
const SEVERAL: &str = "";

/// Answers as before, or does the work and keeps its answer. Nothing when the key was used for another
/// request of the person.
pub(crate) fn once(
    tx: &mut Tx<'_>,
    asked: &Asked,
    patient: &str,
    work: impl FnOnce(&mut Tx<'_>) -> Result<Answer, StoreError>,
) -> Result<Option<Answer>, StoreError> {
    // What follows is decided by all that the person has here.
    resources::lock_person(tx, patient)?;
    once_for(tx, asked, patient, work)
}

/// As [`once`], for several people together: the key has one answer, whoever of them it was asked for.
pub(crate) fn once_for_several(
    tx: &mut Tx<'_>,
    asked: &Asked,
    patients: &BTreeSet<String>,
    work: impl FnOnce(&mut Tx<'_>) -> Result<Answer, StoreError>,
) -> Result<Option<Answer>, StoreError> {
    // In one order, so that two who lock the same people do not wait for each other.
    for patient in patients {
        resources::lock_person(tx, patient)?;
    }
    once_for(tx, asked, SEVERAL, work)
}

fn once_for(
    tx: &mut Tx<'_>,
    asked: &Asked,
    patient: &str,
    work: impl FnOnce(&mut Tx<'_>) -> Result<Answer, StoreError>,
) -> Result<Option<Answer>, StoreError> {
    let before = tx.sql().first(
        "SELECT request_hash, status, refusal, encoding, body FROM answer
         WHERE operation = ?1 AND patient = ?2 AND key = ?3",
        params![asked.operation.name(), patient, asked.key],
        |row| {
            let answer = Answer {
                status: row.get(1)?,
                refusal: row.text_or_null(2)?.and_then(Refusal::of_code),
                body: unpack(row.get(3)?, row.get(4)?)?,
            };
            Ok((row.get::<Vec<u8>>(0)?, answer))
        },
    )?;
    if let Some((hash, answer)) = before {
        return Ok((hash == asked.hash).then_some(answer));
    }
    let answer = work(tx)?;
    if is_planted(Bug::AnswersForgotten) {
        return Ok(Some(answer));
    }
    let packed = pack(&answer.body);
    tx.sql().execute(
        "INSERT INTO answer (operation, patient, key, request_hash, status, refusal, encoding, body, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            asked.operation.name(),
            patient,
            asked.key,
            asked.hash,
            answer.status,
            answer.refusal.map(Refusal::code),
            packed.encoding,
            packed.bytes,
            tx.now().as_millis()
        ],
    )?;
    Ok(Some(answer))
}
