//! What the Appointment in the person's book tells of the queue.

use sokhoe_fhir::Appointment;

use super::Visit;
use crate::schedule::put_appointment;
use crate::store::{StoreError, Tx, resources};

/// Writes the Appointment of a visit with what is told of it now.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    visit: &Visit,
    change: impl FnOnce(&mut Appointment),
) -> Result<(), StoreError> {
    let json = resources::json_of(tx.sql(), "Appointment", &visit.id)?;
    let appointment = json.and_then(|json| Appointment::from_json(&json).ok());
    let mut appointment = appointment.ok_or(StoreError::Unexpected)?;
    change(&mut appointment);
    put_appointment(tx, &visit.id, &visit.patient, appointment)?;
    Ok(())
}
