//! What the hotline's operator and the receptionist book or move: by the phones' own rules and engine, marked as theirs.

use std::fmt;
use std::sync::Arc;

use sokhoe_fhir::{Appointment, AppointmentStatus, BookRequest};

use super::answers::{Answer, Asked, Operation, once};
use super::book::{Office, book};
use super::refusal::Refusal;
use super::source::Source;
use crate::clinic::Inner;
use crate::store::{StoreError, Tx};

/// A booking for somebody who calls, or stands there.
#[derive(Clone, PartialEq, Eq)]
pub struct DeskBooking {
    /// The Patient's id.
    pub patient: String,
    /// The id of a proposed Appointment, as `$find` gives them.
    pub appointment: String,
    /// The id of the person's Appointment that is to be there from now on, e.g. one whose day was closed; a new one when
    /// unset.
    pub instead_of: Option<String>,
    /// The person's own words.
    pub comment: Option<String>,
    /// Who books.
    pub source: Source,
    /// The intent's id, a UUID: the same one books once, however often it is asked.
    pub key: String,
}

impl fmt::Debug for DeskBooking {
    /// Neither for whom it is nor their words: those are not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeskBooking")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskAnswer {
    /// Booked; a new Appointment has the intent's id.
    Booked,
    /// Not booked, and why.
    Refused(Refusal),
    /// The key is none, or was used for something else.
    BadKey,
}

/// Books. Under an old key it answers as it did then.
pub(crate) fn book_at_desk(
    tx: &mut Tx<'_>,
    inner: &Arc<Inner>,
    booking: &DeskBooking,
) -> Result<DeskAnswer, StoreError> {
    let content = format!(
        "{}\n{}\n{}\n{}\n{}",
        booking.patient,
        booking.appointment,
        booking.instead_of.as_deref().unwrap_or_default(),
        booking.source.as_str(),
        booking.comment.as_deref().unwrap_or_default()
    );
    let Some(asked) = Asked::new(Operation::Book, &booking.key, content.as_bytes()) else {
        return Ok(DeskAnswer::BadKey);
    };
    let office = Office::of(inner, booking.source, "");
    let patient = booking.patient.clone();
    let comment = booking.comment.clone();
    let request = match &booking.instead_of {
        None => BookRequest {
            appointment: Some(booking.appointment.clone()),
            resource: None,
            patient,
            comment,
            otherwise: None,
            move_to: None,
            occurrence: None,
        },
        Some(moved) => BookRequest {
            appointment: None,
            resource: Some(Appointment {
                id: Some(moved.clone()),
                status: AppointmentStatus::Booked,
                start: office
                    .calendar
                    .named(&booking.appointment)
                    .map(|offer| offer.cell.start()),
                ..Appointment::default()
            }),
            patient,
            comment,
            otherwise: None,
            move_to: Some(booking.appointment.clone()),
            occurrence: None,
        },
    };
    let answer = once(tx, &asked, &booking.patient, |tx| {
        book(tx, &office, &asked, &request)
    })?;
    Ok(match answer {
        Some(answer) if answer.is_done() => DeskAnswer::Booked,
        Some(Answer {
            refusal: Some(refusal),
            ..
        }) => DeskAnswer::Refused(refusal),
        Some(_) | None => DeskAnswer::BadKey,
    })
}
