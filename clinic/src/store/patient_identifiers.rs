//! Who has which identifier. Kept beside the resources, in their transactions, so that whoever is vouched for by a number is
//! found among however many people.

use std::collections::BTreeSet;

use sokhoe_fhir::{IdentifierKind, PatientView};

use super::{Sql, StoreError, params};

/// Bytes of a system and of a value: longer ones are nobody's number, and no index takes them.
const LONGEST: usize = 512;

/// The system that is written for what this one means: one guide's naming systems are another's.
pub(crate) fn system_of_identifier(system: &str) -> &str {
    match IdentifierKind::from_system(system) {
        Some(kind) => kind.system(),
        None => system,
    }
}

/// Notes the identifiers of a Patient.
pub(super) fn note(sql: Sql<'_>, kind: &str, id: &str, json: &str) -> Result<(), StoreError> {
    if kind != "Patient" {
        return Ok(());
    }
    forget(sql, kind, id)?;
    let identifiers = PatientView::from_json(json)
        .map(|patient| patient.identifiers)
        .unwrap_or_default();
    let each: BTreeSet<(&str, &str)> = identifiers
        .iter()
        .map(|it| (system_of_identifier(&it.system), it.value.trim()))
        .filter(|(system, value)| {
            let fits = |text: &str| text.len() <= LONGEST && !text.contains(char::is_control);
            fits(system) && fits(value)
        })
        .collect();
    for (system, value) in each {
        sql.execute(
            "INSERT INTO patient_identifier (system, value, patient) VALUES (?1, ?2, ?3)",
            params![system, value, id],
        )?;
    }
    Ok(())
}

/// Forgets what [`note`] noted.
pub(super) fn forget(sql: Sql<'_>, kind: &str, id: &str) -> Result<(), StoreError> {
    if kind == "Patient" {
        sql.execute(
            "DELETE FROM patient_identifier WHERE patient = ?1",
            params![id],
        )?;
    }
    Ok(())
}

/// Notes them for everybody who is there: once, when a database from before learns it.
pub(super) fn note_all(sql: Sql<'_>) -> Result<(), StoreError> {
    sql.stream(
        "SELECT id, json FROM resource WHERE type = 'Patient' AND json IS NOT NULL",
        &[],
        |row| {
            note(sql, "Patient", row.text(0)?, row.text(1)?)?;
            Ok(true)
        },
    )
}
