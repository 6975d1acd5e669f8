//! Why the desk cannot do something with the queue.

use chrono::NaiveDate;
use sokhoe_domain::Timestamp;
use sokhoe_qr::signed::Refusal as CodeRefusal;

/// Why something cannot be done with the queue. Texts hold no personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueRefusal {
    /// There is no such booking, person or service here.
    #[error("there is no such booking")]
    Unknown,
    /// The booking was called off.
    #[error("the booking was called off")]
    Cancelled,
    /// It is for another day.
    #[error("the booking is for another day")]
    AnotherDay(NaiveDate),
    /// The visit is over.
    #[error("the visit is over")]
    Over,
    /// The code is no ticket of this clinic that may be shown now.
    #[error("the ticket is refused: {0}")]
    BadTicket(CodeRefusal),
    /// The ticket was used before, with this number.
    #[error("the ticket was used before")]
    TicketUsed {
        /// When.
        at: Timestamp,
        /// The number that its holder has.
        number: Option<u32>,
    },
    /// The ticket is of a time from which the booking was moved.
    #[error("the booking of this ticket was moved")]
    TicketOutdated,
    /// It is not where this can follow: somebody else was quicker, or the list on the screen is old.
    #[error("the visit stands elsewhere by now")]
    StandsElsewhere,
}

impl QueueRefusal {
    /// Its code for programs; never changed once released.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
            Self::AnotherDay(_) => "another-day",
            Self::Over => "over",
            Self::BadTicket(_) => "bad-ticket",
            Self::TicketUsed { .. } => "ticket-used",
            Self::TicketOutdated => "ticket-outdated",
            Self::StandsElsewhere => "stands-elsewhere",
        }
    }
}
