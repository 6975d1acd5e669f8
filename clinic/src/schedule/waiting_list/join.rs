//! `$wait`: onto the list.

use sokhoe_fhir::FindRequest;

use super::super::answers::{Answer, Asked};
use super::super::book::{Office, is_id_used, refused, reused};
use super::super::refusal::Refusal;
use super::offering::offer_what_is_free;
use super::{again, tending};
use crate::store::{StoreError, Tx, params};

/// Places on the list that one person may have here.
const MAX_PLACES: i64 = 5;

/// Puts a person on the list. What is free already and suits is offered at once: it may have been freed since the person
/// looked.
pub(crate) fn join(
    tx: &mut Tx<'_>,
    office: &Office,
    asked: &Asked,
    request: &FindRequest,
    kept: &str,
) -> Result<Answer, StoreError> {
    let patient = request.patient.as_deref().unwrap_or_default();
    let office = &office.up_to_date(tx)?;
    let now = tx.now();
    let doctor = request.criteria.practitioner.as_deref();
    let service = office.calendar.pairs().find(|(schedule, service)| {
        request.service.as_ref() == Some(&service.id)
            && doctor.is_none_or(|doctor| doctor == schedule.practitioner.id)
    });
    let Some((_, service)) = service.filter(|_| request.end > now) else {
        return Ok(refused(Refusal::NotOffered));
    };
    tending::end_what_is_over(tx, office, patient)?;
    let places: Vec<bool> = tx.sql().rows(
        "SELECT service, practitioner FROM waiting WHERE patient = ?1",
        params![patient],
        |row| {
            let is_there =
                row.get::<i64>(0)? == service.pk && row.text(1)? == doctor.unwrap_or_default();
            Ok(is_there)
        },
    )?;
    if places.contains(&true) {
        return Ok(refused(Refusal::AlreadyWaiting));
    }
    if i64::try_from(places.len()).unwrap_or(i64::MAX) >= MAX_PLACES {
        return Ok(refused(Refusal::TooMany));
    }
    if is_id_used(tx, asked.key())? {
        return Ok(reused());
    }
    let is_first = !tx.sql().exists(
        "SELECT 1 FROM waiting WHERE service = ?1 AND offered_until IS NULL",
        params![service.pk],
    )?;
    let pk = tx.sql().one(
        "INSERT INTO waiting (id, patient, service, practitioner, starts, ends, request, joined)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING pk",
        params![
            asked.key(),
            patient,
            service.pk,
            doctor.unwrap_or_default(),
            request.start.as_millis(),
            request.end.as_millis(),
            kept,
            now.as_millis(),
        ],
        |row| row.get(0),
    )?;
    let Some(entry) = again(tx, pk)? else {
        return Err(StoreError::Unexpected);
    };
    entry.show_waiting(tx, office)?;
    // What is free while others wait, too, may be theirs: they are asked in their order.
    if is_first {
        offer_what_is_free(tx, office, &entry)?;
    } else {
        tx.tell_waiting_list();
    }
    entry.as_it_stands(tx, office)
}
