//! Whom of the clinic's people a provider vouches for: whoever alone has the identifier. A name says nothing here.

use serde::Deserialize;
use sokhoe_domain::age::{childhood_ends, dates_contradict};
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, BirthDate, Timestamp};
use sokhoe_fhir::IdentifierKind;

use super::id_token::Vouched;
use crate::access_log::{Draft, Who};
use crate::store::{Sql, StoreError, Tx, params, system_of_identifier};

/// Who it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// This patient may come in.
    Patient(String),
    /// Whoever it is comes to the counter. These patients have the identifier: their logs say that somebody tried.
    Nobody(Vec<String>),
}

/// What decides about a Patient (FHIR R4, 8.1).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Patient {
    active: Option<bool>,
    #[serde(default)]
    identifier: Vec<Identifier>,
    birth_date: Option<String>,
    deceased_boolean: Option<bool>,
    deceased_date_time: Option<String>,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(rename = "use")]
    used_as: Option<String>,
    system: Option<String>,
    value: Option<String>,
}

impl Patient {
    /// Whether the identifier is theirs, now.
    fn has(&self, system: &str, value: &str) -> bool {
        // A record that is not in use any more was usually merged into another.
        self.active != Some(false)
            && self.identifier.iter().any(|it| {
                let of = it.system.as_deref().map(system_of_identifier);
                it.used_as.as_deref() != Some("old")
                    && of == Some(system)
                    && it.value.as_deref().map(str::trim) == Some(value)
            })
    }

    fn is_deceased(&self) -> bool {
        self.deceased_boolean == Some(true) || self.deceased_date_time.is_some()
    }
}

/// Who has the identifier that is vouched for, if that is one person who may come in by themselves.
pub(crate) fn find(
    sql: Sql<'_>,
    system: &str,
    vouched: &Vouched,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let system = system_of_identifier(system);
    let all: Vec<(String, String)> = sql.rows(
        "SELECT r.id, r.json FROM patient_identifier i
         JOIN resource r ON r.type = 'Patient' AND r.id = i.patient
         WHERE i.system = ?1 AND i.value = ?2 AND r.json IS NOT NULL ORDER BY r.id",
        params![system, vouched.identifier],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut having = Vec::new();
    for (id, json) in all {
        // One that cannot be read may be anybody's: then nobody alone has the identifier.
        match serde_json::from_str::<Patient>(&json) {
            Ok(patient) if !patient.has(system, &vouched.identifier) => {}
            read => having.push((id, read.ok())),
        }
    }
    let ids = having.iter().map(|(id, _)| id.clone()).collect();
    let [(id, Some(patient))] = &having[..] else {
        return Ok(Found::Nobody(ids));
    };
    let known = patient.birth_date.as_deref();
    let told = vouched.birth_date.as_deref();
    let contradicts = known
        .zip(told)
        .is_some_and(|(known, told)| contradict(known, told));
    // A child's guardian is let in at the counter, where somebody looks who it is.
    let is_child = [known, told]
        .into_iter()
        .flatten()
        .filter_map(BirthDate::parse)
        .any(|born| childhood_ends(born, now).is_some());
    let may = !patient.is_deceased() && !contradicts && !is_child && !is_shut(sql, id)?;
    Ok(match may {
        true => Found::Patient(id.clone()),
        false => Found::Nobody(ids),
    })
}

/// Whether the person took their consent back, or had themselves erased, and did not come in again since: that they do at the
/// counter.
fn is_shut(sql: Sql<'_>, patient: &str) -> Result<bool, StoreError> {
    sql.exists(
        "SELECT 1 FROM rights_request q
         WHERE q.patient = ?1 AND q.what IN ('withdraw', 'erase') AND NOT EXISTS (
             SELECT 1 FROM access_grant g JOIN session s ON s.pk = g.session
             WHERE g.patient = ?1 AND g.consent IS NULL AND g.ended IS NULL AND s.created > q.received)",
        params![patient],
    )
}

/// Whether two birth dates cannot be of one person, as far as both say. OpenID Connect writes the year 0000 where it is not told.
fn contradict(known: &str, told: &str) -> bool {
    let Some(day) = told.strip_prefix("0000") else {
        return dates_contradict(known, told);
    };
    let days = known.split_once('-').zip(day.strip_prefix('-'));
    days.is_some_and(|((_year, known), told)| dates_contradict(known, told))
}

/// Somebody who was vouched for was not let in: the logs of those it is about say so.
pub(crate) fn refused(tx: &mut Tx<'_>, patients: &[String]) {
    for patient in patients {
        tx.note(Draft {
            patient: patient.clone(),
            at: tx.now(),
            operation: AccessOperation::Enrol,
            action: AccessAction::Create,
            kind: "Device".to_owned(),
            id: None,
            outcome: AccessOutcome::Denied,
            who: Who::Unknown,
        });
    }
}

/// The system of citizens' numbers, by which people are known unless it is configured otherwise.
pub(super) fn usual_system() -> String {
    IdentifierKind::Cccd.system().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_contradict_as_far_as_both_say() {
        for (known, told) in [
            ("1956-03-12", "1956-03-12"),
            ("1956", "1956-03-12"),
            ("1956-03", "1956-03-12"),
            ("1956-03-12", "1956"),
            ("1956-03-12", "0000-03-12"),
        ] {
            assert!(!contradict(known, told), "{known} {told}");
        }
        for (known, told) in [
            ("1956-03-12", "1956-03-13"),
            ("1956-03-12", "1957-03-12"),
            ("1956", "1957"),
            ("1956-03", "1956-04-12"),
            ("1956-03-12", "0000-04-12"),
        ] {
            assert!(contradict(known, told), "{known} {told}");
        }
    }
}
