//! Who may decide that somebody helps, by the person's age (`sokhoe_domain::age`), and for how long.

use sokhoe_domain::age::check_giver;
use sokhoe_domain::{BirthDate, GiverRefusal, Timestamp};
use sokhoe_fhir::PatientView;
use sokhoe_fhir::consent::Giver;

use crate::store::{Sql, StoreError, params};

/// When a person was born, as their Patient has it; nothing where it does not say.
pub(crate) fn birth_date(sql: Sql<'_>, patient: &str) -> Result<Option<BirthDate>, StoreError> {
    let json: Option<String> = sql.first(
        "SELECT json FROM resource WHERE type = 'Patient' AND id = ?1 AND json IS NOT NULL",
        params![patient],
        |row| row.get(0),
    )?;
    let patient = json.and_then(|json| PatientView::from_json(&json).ok());
    let born = patient.and_then(|patient| patient.birth_date);
    Ok(born.and_then(|born| BirthDate::parse(&born)))
}

/// Whether whoever gives may, and for so long.
pub(super) fn check(
    born: Option<BirthDate>,
    giver: &Giver,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), GiverRefusal> {
    check_giver(born, giver.guardian(), until, now)
}
