//! Whose data a leak touched, for the notice that is due within 72 hours (Law 91/2025/QH15, article 23): from the access
//! log, in its order. What is held meanwhile is a line for each person, not their names.

use std::collections::BTreeMap;

use serde::Serialize;
use sokhoe_domain::{AccessAgent, AccessEntry, AccessOutcome, Timestamp};
use sokhoe_fhir::access_log::from_text;
use sokhoe_fhir::{ContactView, PatientView};

use crate::store::{Sql, StoreError, params};

/// Rows that are read at a time.
const PIECE: usize = 5_000;

/// Which accesses are suspected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspected {
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub to: Timestamp,
    /// Of this agent alone, as the log names it (`AccessAgent::code`); of anybody when unset.
    pub agent: Option<String>,
}

/// Somebody whose data were given or changed.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// The Patient's id.
    pub patient: String,
    /// Their name; empty where the record does not say it.
    pub name: String,
    /// By what they can be told.
    pub phones: Vec<String>,
    /// What it was, by type of resource, and how often.
    pub kinds: BTreeMap<String, u64>,
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
}

/// Names are for whoever must tell people, not for logs.
impl std::fmt::Debug for Affected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Affected")
            .field("kinds", &self.kinds)
            .field("first", &self.first)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

/// All together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BreachSummary {
    /// People.
    pub people: u64,
    /// Accesses.
    pub accesses: u64,
    /// What it was, by type of resource, and how often.
    pub kinds: BTreeMap<String, u64>,
    /// When first; unset where there was none.
    pub first: Option<Timestamp>,
    /// When last.
    pub last: Option<Timestamp>,
}

/// The accesses of one person that are suspected.
struct Of {
    kinds: BTreeMap<String, u64>,
    first: Timestamp,
    last: Timestamp,
}

impl Of {
    fn at(at: Timestamp) -> Self {
        Self {
            kinds: BTreeMap::new(),
            first: at,
            last: at,
        }
    }

    fn add(&mut self, kind: &str, at: Timestamp) {
        match self.kinds.get_mut(kind) {
            Some(count) => *count += 1,
            None => _ = self.kinds.insert(kind.to_owned(), 1),
        }
        self.first = self.first.min(at);
        self.last = self.last.max(at);
    }
}

impl Suspected {
    fn is(&self, entry: &AccessEntry) -> bool {
        let is_theirs = |agent: &AccessAgent| {
            self.agent
                .as_ref()
                .is_none_or(|wanted| agent.code() == *wanted)
        };
        entry.outcome == AccessOutcome::Done
            && entry.at >= self.from
            && entry.at < self.to
            && is_theirs(&entry.agent)
    }
}

/// Gives `each` the people whom suspected accesses touched, in the order of their ids, until it says to stop.
pub(crate) fn affected(
    sql: Sql<'_>,
    suspected: &Suspected,
    mut each: impl FnMut(Affected) -> bool,
) -> Result<BreachSummary, StoreError> {
    let mut people: BTreeMap<String, Of> = BTreeMap::new();
    let mut from = 0_i64;
    loop {
        let text = format!(
            "SELECT place, patient, entry FROM access_log_entry WHERE place >= ?1 ORDER BY place LIMIT {PIECE}"
        );
        let rows: Vec<(i64, String, String)> = sql.rows(&text, params![from], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        let Some((last, _, _)) = rows.last() else {
            break;
        };
        from = last + 1;
        for (_, patient, text) in rows {
            // What cannot be read is not left out: that it was touched is all that is known.
            let entry = from_text(&text).ok();
            if entry.as_ref().is_none_or(|entry| suspected.is(entry)) {
                let kind = entry
                    .as_ref()
                    .map_or("unreadable", |entry| entry.kind.as_str());
                let at = entry.as_ref().map_or(suspected.from, |entry| entry.at);
                people
                    .entry(patient)
                    .or_insert_with(|| Of::at(at))
                    .add(kind, at);
            }
        }
    }
    let mut summary = BreachSummary::default();
    for (patient, of) in people {
        if !tell(sql, patient, of, &mut summary, &mut each)? {
            break;
        }
    }
    Ok(summary)
}

fn tell(
    sql: Sql<'_>,
    patient: String,
    of: Of,
    summary: &mut BreachSummary,
    each: &mut impl FnMut(Affected) -> bool,
) -> Result<bool, StoreError> {
    summary.people += 1;
    for (kind, count) in &of.kinds {
        *summary.kinds.entry(kind.clone()).or_default() += count;
        summary.accesses += count;
    }
    summary.first = Some(summary.first.map_or(of.first, |first| first.min(of.first)));
    summary.last = Some(summary.last.map_or(of.last, |last| last.max(of.last)));
    let json: Option<String> = sql.first(
        "SELECT json FROM resource WHERE type = 'Patient' AND id = ?1 AND json IS NOT NULL",
        params![patient],
        |row| row.get(0),
    )?;
    let json = json.unwrap_or_default();
    let contact = ContactView::from_json(&json);
    Ok(each(Affected {
        name: PatientView::from_json(&json)
            .map(|view| view.name)
            .unwrap_or_default(),
        phones: contact.map(|contact| contact.phones).unwrap_or_default(),
        patient,
        kinds: of.kinds,
        first: of.first,
        last: of.last,
    }))
}
