//! What a phone believes of a clinic's access log: a head that follows the one it holds, and entries that are proved under it.

use std::fmt;

use serde::{Deserialize, Serialize};
use sokhoe_domain::AccessEntry;
use sokhoe_domain::merkle::{TreeHead, is_consistent, is_included, leaf_hash};
use sokhoe_fhir::access_log::from_text;
use sokhoe_fhir::{AccessLogHead, AccessLogPage};
use sokhoe_qr::PublicKey;
use sokhoe_qr::signed::{Checkpoint, sha256};

/// The kind of the event that a clinic's log is not what it was. Its subject is the clinic, its body a [`LogMismatch`]'s code.
pub const ACCESS_LOG_MISMATCH: &str = "access-log-mismatch";

/// Why a log is not what it was, or says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogMismatch {
    /// The head is not signed by the clinic.
    Unsigned,
    /// There are fewer entries than there were.
    Shorter,
    /// What was there is not there any more, or is something else.
    Rewritten,
    /// An entry is not in the log under this head.
    Unproved,
    /// A number of the person's is missing.
    Gap,
    /// An entry that this phone read before has another text.
    Changed,
}

impl LogMismatch {
    /// What is kept of it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Shorter => "shorter",
            Self::Rewritten => "rewritten",
            Self::Unproved => "unproved",
            Self::Gap => "gap",
            Self::Changed => "changed",
        }
    }
}

/// An entry as a phone keeps it, so that it is read without a network and known when it is given again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptEntry {
    /// The bytes of the entry.
    pub text: String,
    /// Who it was by name, as the clinic said.
    pub name: Option<String>,
}

impl fmt::Debug for KeptEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptEntry").finish_non_exhaustive()
    }
}

impl KeptEntry {
    /// What it says; nothing when it cannot be read.
    #[must_use]
    pub fn entry(&self) -> Option<AccessEntry> {
        from_text(&self.text).ok()
    }
}

/// Who keeps the log, as this phone knows it.
#[derive(Clone, Copy, Debug)]
pub struct LogKeeper<'a> {
    /// The clinic's id.
    pub clinic: &'a str,
    /// Its key.
    pub key: &'a PublicKey,
}

impl LogKeeper<'_> {
    /// What a checkpoint says.
    ///
    /// # Errors
    /// [`LogMismatch::Unsigned`]
    pub fn read(&self, checkpoint: &str) -> Result<TreeHead, LogMismatch> {
        Checkpoint::verify(checkpoint, self.clinic, self.key)
            .map(|read| read.head)
            .map_err(|_| LogMismatch::Unsigned)
    }

    /// Whether an answer brings a head that follows the one that is held, and which.
    ///
    /// # Errors
    /// [`LogMismatch`]: the held one stays.
    pub fn follow(
        &self,
        held: Option<&TreeHead>,
        answer: &AccessLogHead,
    ) -> Result<TreeHead, LogMismatch> {
        let head = self.read(&answer.checkpoint)?;
        let Some(held) = held else {
            return Ok(head);
        };
        if head.size < held.size {
            return Err(LogMismatch::Shorter);
        }
        // Of the same head there is nothing to prove.
        let proof = match head.size == held.size {
            true => &[],
            false => &*answer.consistency,
        };
        match is_consistent(sha256, held, &head, proof) {
            true => Ok(head),
            false => Err(LogMismatch::Rewritten),
        }
    }
}

/// Whether a page holds the person's newest entries, all under this head, and nothing that was read before is missing or
/// another; gives what is to be kept. `count` is how many were asked for at most.
///
/// # Errors
/// [`LogMismatch`]: what was kept stays.
pub fn check_page(
    patient: &str,
    head: &TreeHead,
    page: &AccessLogPage,
    count: usize,
    kept: &[KeptEntry],
) -> Result<Vec<KeptEntry>, LogMismatch> {
    let mut numbers: Vec<u64> = Vec::with_capacity(page.entries.len());
    for proved in &page.entries {
        let leaf = leaf_hash(sha256, proved.text.as_bytes());
        let entry = from_text(&proved.text).map_err(|_| LogMismatch::Unproved)?;
        if entry.patient != patient
            || !is_included(sha256, &leaf, proved.index, head, &proved.proof)
        {
            return Err(LogMismatch::Unproved);
        }
        numbers.push(entry.number);
    }
    let is_unbroken = numbers
        .windows(2)
        .all(|pair| matches!(pair, [newer, older] if *newer == older + 1));
    // All there are, or as many as were asked for.
    let is_whole = match numbers.last() {
        Some(1) => true,
        Some(_) => numbers.len() == count,
        None => true,
    };
    if !is_unbroken || !is_whole {
        return Err(LogMismatch::Gap);
    }
    let newest = numbers.first().copied().unwrap_or(0);
    for before in kept {
        let Some(entry) = before.entry() else {
            continue;
        };
        if entry.number > newest {
            return Err(LogMismatch::Gap);
        }
        let again = numbers.iter().position(|number| *number == entry.number);
        let again = again.and_then(|at| page.entries.get(at));
        if again.is_some_and(|again| again.text != before.text) {
            return Err(LogMismatch::Changed);
        }
    }
    Ok(page
        .entries
        .iter()
        .map(|proved| KeptEntry {
            text: proved.text.clone(),
            name: proved.name.clone(),
        })
        .collect())
}
