//! Who books: the same rules for all, but for what only the counter may.

use sokhoe_fhir::BookedBy;

/// Where a booking comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// The person, or who helps them, by an app.
    #[default]
    App,
    /// The hotline, for a caller.
    Hotline,
    /// The counter, for somebody who stands there.
    Counter,
}

impl Source {
    /// As an Appointment says it; nothing of what the person booked by an app.
    pub(super) const fn booked_by(self) -> Option<BookedBy> {
        match self {
            Self::App => None,
            Self::Hotline => Some(BookedBy::Hotline),
            Self::Counter => Some(BookedBy::Counter),
        }
    }

    /// The word that is stored; never changed once released.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Hotline => "hotline",
            Self::Counter => "counter",
        }
    }

    /// Whether it gives a timetable's extra seats, too: to somebody who would else wait in vain.
    pub(super) const fn may_overbook(self) -> bool {
        matches!(self, Self::Counter)
    }

    /// Whether it changes what is booked within a service's notice, too.
    pub(super) const fn may_change_late(self) -> bool {
        !matches!(self, Self::App)
    }

    /// Whether it gives times of weeks that are not given out yet.
    pub(super) const fn need_not_wait(self) -> bool {
        matches!(self, Self::Counter)
    }
}
