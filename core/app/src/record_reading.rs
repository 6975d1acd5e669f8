//! A reading of the person's own: kept and shown first, then sent.

use std::ops::RangeInclusive;
use std::time::Duration;

use sokhoe_domain::{GrantScope, IntentId, ResourceKey};
use sokhoe_fhir::{Measure, OwnReading};
use sokhoe_vault::NewChange;

use crate::error::AppError;
use crate::session::SoKhoe;
use crate::views::{EntryView, RecordReadingRequest};

/// A phone and the watch on the wall may differ by this.
const CLOCKS_DIFFER: Duration = Duration::from_secs(600);

impl SoKhoe {
    /// Puts a reading into the book, on disk before anything is sent, and gives its row. Without a network it waits
    /// ([`crate::SyncStatus::Waiting`]) and goes out by itself.
    ///
    /// # Errors
    /// [`AppError::Validation`] for what no living person has, and for a time that is yet to come;
    /// [`AppError::NotFound`], [`AppError::DiskFull`]. Nothing is kept then.
    pub async fn record_reading(
        &self,
        request: RecordReadingRequest,
    ) -> Result<EntryView, AppError> {
        self.not_moved()?;
        check(request.measure, &request.values)?;
        let session = &*self.inner;
        let now = session.now();
        let at = request.at.unwrap_or(now);
        if at > now.plus(CLOCKS_DIFFER) {
            return Err(AppError::invalid("at", "must not be in the future"));
        }
        let book = session.book(&request.person_id)?;
        let clinic = session.clinic_of(&book, request.clinic_id)?;
        session.granted(&book.person.id, &clinic, GrantScope::SeeEverything)?;
        let patient = session.patient_at(&book.person.id, &clinic)?;
        let id = IntentId::new(now, &*session.ports.rng);
        let reading = OwnReading {
            id: &id.to_string(),
            patient: &patient,
            measure: request.measure,
            values: &request.values,
            at,
            title: &session.words.measure(request.measure),
        };
        let key = ResourceKey::new("Observation", id.to_string());
        book.vault.keep_change(&NewChange {
            id,
            clinic: clinic.clone(),
            key: key.clone(),
            base: None,
            ours: reading.to_json(),
            created: now,
        })?;
        self.send_changes(&request.person_id).await?;
        let row = book
            .vault
            .first_entry_of(&clinic, &key)?
            .ok_or_else(|| AppError::not_found("reading"))?;
        Ok(session.entry_view(row, &session.clinic_names()?, &session.sync_states(&book)?))
    }
}

/// What a living person can have, in the units of the measures; wide, so that nobody in danger is told that they
/// mistyped.
fn plausible(measure: Measure) -> &'static [(&'static str, RangeInclusive<f64>)] {
    match measure {
        Measure::BloodPressure => &[("systolic", 40.0..=300.0), ("diastolic", 20.0..=200.0)],
        Measure::Pulse => &[("pulse", 20.0..=300.0)],
        Measure::Glucose => &[("glucose", 0.5..=60.0)],
        Measure::Weight => &[("weight", 0.3..=500.0)],
        Measure::Temperature => &[("temperature", 25.0..=45.0)],
        Measure::OxygenSaturation => &[("oxygen_saturation", 30.0..=100.0)],
    }
}

fn check(measure: Measure, values: &[f64]) -> Result<(), AppError> {
    let limits = plausible(measure);
    if values.len() != limits.len() {
        let rule = format!("must be {}", limits.len());
        return Err(AppError::invalid("values", &rule));
    }
    for ((name, limits), value) in limits.iter().zip(values) {
        // Also says no to what is no number.
        if !limits.contains(value) {
            let rule = format!("must be {} to {}", limits.start(), limits.end());
            return Err(AppError::invalid(name, &rule));
        }
    }
    match values {
        [systolic, diastolic] if systolic <= diastolic => {
            Err(AppError::invalid("systolic", "must be above the diastolic"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_living_person_has_is_asked_again() {
        for (measure, values) in [
            (Measure::BloodPressure, &[135.0, 82.0][..]),
            (Measure::Pulse, &[72.0]),
            (Measure::Glucose, &[33.3]),
            (Measure::Weight, &[2.9]),
            (Measure::Temperature, &[36.6]),
            (Measure::OxygenSaturation, &[97.0]),
        ] {
            assert_eq!(check(measure, values), Ok(()), "{measure:?}");
        }
        for (measure, values, field) in [
            (Measure::BloodPressure, &[82.0, 135.0][..], "systolic"),
            (Measure::BloodPressure, &[13.5, 8.2], "systolic"),
            (Measure::BloodPressure, &[135.0], "values"),
            (Measure::Pulse, &[72.0, 1.0], "values"),
            (Measure::Pulse, &[], "values"),
            (Measure::Glucose, &[120.0], "glucose"),
            (Measure::Weight, &[f64::NAN], "weight"),
            (Measure::Temperature, &[f64::INFINITY], "temperature"),
            (Measure::Temperature, &[98.6], "temperature"),
            (Measure::OxygenSaturation, &[101.0], "oxygen_saturation"),
        ] {
            let Err(AppError::Validation { field: found, .. }) = check(measure, values) else {
                panic!("{measure:?} {values:?}");
            };
            assert_eq!(found, field);
        }
    }
}
