//! What the hotline's operator and the receptionist book or move: by the phones' own rules and engine, marked as theirs.

use std::fmt;
use std::sync::Arc;

use sokhoe_fhir::{Appointment, AppointmentStatus, BookRequest};

use super::answers::{Answer, Asked, Operation, once};
use super::book::{Office, book};
use super::refusal::Refusal;
use super::source::Source;
use crate::clinic::Inner;
use crate::store::{StoreError, Tx, resources};

/// What somebody who calls, or stands there, wants done.
#[derive(Clone, PartialEq, Eq)]
pub enum DeskRequest {
    /// A time, by the id of a proposed Appointment, as `$find` gives them.
    Book {
        /// The proposed Appointment's id.
        appointment: String,
        /// The person's own words.
        comment: Option<String>,
    },
    /// Another time for what is booked, e.g. for one whose day was closed.
    Move {
        /// The Appointment's id.
        booking: String,
        /// The id of the proposed Appointment at which it is to be.
        to: String,
    },
    /// What is booked is called off.
    Cancel {
        /// The Appointment's id.
        booking: String,
    },
}

/// A request of somebody who calls, or stands there.
#[derive(Clone, PartialEq, Eq)]
pub struct DeskBooking {
    /// The Patient's id.
    pub patient: String,
    /// What they want.
    pub request: DeskRequest,
    /// Who does it.
    pub source: Source,
    /// The intent's id, a UUID: the same one is done once, however often it is asked.
    pub key: String,
}

impl fmt::Debug for DeskRequest {
    /// Not their words: those are not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Book { .. } => "Book { .. }",
            Self::Move { .. } => "Move { .. }",
            Self::Cancel { .. } => "Cancel { .. }",
        })
    }
}

impl fmt::Debug for DeskBooking {
    /// Not for whom it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeskBooking")
            .field("request", &self.request)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskAnswer {
    /// It is so; a new Appointment has the intent's id.
    Done,
    /// It is not, and why.
    Refused(Refusal),
    /// The key is none, or was used for something else.
    BadKey,
}

/// Books, moves or cancels. Under an old key it answers as it did then. Nothing when there is no such person.
pub(crate) fn book_at_desk(
    tx: &mut Tx<'_>,
    inner: &Arc<Inner>,
    booking: &DeskBooking,
) -> Result<Option<DeskAnswer>, StoreError> {
    if resources::json_of(tx.sql(), "Patient", &booking.patient)?.is_none() {
        return Ok(None);
    }
    let source = booking.source.as_str();
    let content = match &booking.request {
        DeskRequest::Book {
            appointment,
            comment,
        } => [
            "book",
            &booking.patient,
            appointment,
            source,
            comment.as_deref().unwrap_or_default(),
        ]
        .join("\n"),
        DeskRequest::Move { booking: moved, to } => {
            ["move", &booking.patient, moved, source, to].join("\n")
        }
        DeskRequest::Cancel { booking: gone } => {
            ["cancel", &booking.patient, gone, source].join("\n")
        }
    };
    let Some(asked) = Asked::new(Operation::Book, &booking.key, content.as_bytes()) else {
        return Ok(Some(DeskAnswer::BadKey));
    };
    let office = Office::of(inner, booking.source, "");
    let request = as_a_phone_asks(&office, booking);
    let answer = once(tx, &asked, &booking.patient, |tx| {
        book(tx, &office, &asked, &request)
    })?;
    Ok(Some(match answer {
        Some(answer) if answer.is_done() => DeskAnswer::Done,
        Some(Answer {
            refusal: Some(refusal),
            ..
        }) => DeskAnswer::Refused(refusal),
        Some(_) | None => DeskAnswer::BadKey,
    }))
}

fn as_a_phone_asks(office: &Office, booking: &DeskBooking) -> BookRequest {
    let nothing = BookRequest {
        appointment: None,
        resource: None,
        patient: booking.patient.clone(),
        comment: None,
        otherwise: None,
        move_to: None,
        occurrence: None,
    };
    let changed = |id: &str, status| Appointment {
        id: Some(id.to_owned()),
        status,
        ..Appointment::default()
    };
    match &booking.request {
        DeskRequest::Book {
            appointment,
            comment,
        } => BookRequest {
            appointment: Some(appointment.clone()),
            comment: comment.clone(),
            ..nothing
        },
        DeskRequest::Move { booking: moved, to } => {
            let named = office.calendar.named(to);
            BookRequest {
                resource: Some(Appointment {
                    start: named.map(|offer| offer.cell.start()),
                    ..changed(moved, AppointmentStatus::Booked)
                }),
                move_to: Some(to.clone()),
                ..nothing
            }
        }
        DeskRequest::Cancel { booking: gone } => BookRequest {
            resource: Some(changed(gone, AppointmentStatus::Cancelled)),
            ..nothing
        },
    }
}
