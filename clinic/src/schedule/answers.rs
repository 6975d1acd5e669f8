//! One intent, one answer: kept in the transaction of its effect and given again, byte for byte, whoever
//! of the person's devices asks, for 30 days. A refusal stays a refusal.

use sokhoe_domain::planted::{Bug, is_planted};
use uuid::Uuid;

use crate::keys::sha256;
use crate::store::{StoreError, Tx, params, resources};

/// What is asked under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// `$hold`
    Hold,
    /// `$book`
    Book,
}

impl Operation {
    const fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Book => "book",
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: String,
}

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
    let before = tx.sql().first(
        "SELECT request_hash, status, body FROM answer WHERE operation = ?1 AND patient = ?2 AND key = ?3",
        params![asked.operation.name(), patient, asked.key],
        |row| {
            let answer = Answer {
                status: row.get(1)?,
                body: row.get(2)?,
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
    tx.sql().execute(
        "INSERT INTO answer (operation, patient, key, request_hash, status, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            asked.operation.name(),
            patient,
            asked.key,
            asked.hash,
            answer.status,
            answer.body,
            tx.now().as_millis()
        ],
    )?;
    Ok(Some(answer))
}
