//! Who on this phone needs what today: one list, for whoever looks after many.

use sokhoe_domain::{QueueState, Timestamp};

use crate::error::AppError;
use crate::session::{Session, SoKhoe};
use crate::views::{BookingStatus, BookingView, PaymentStatus, PersonView};

/// What somebody needs, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NeedKind {
    /// They are called: go there now.
    Called,
    /// A time is kept for them for minutes: take it or decline it.
    OfferedTime,
    /// They have a visit today.
    VisitToday,
    /// Something could not be sent and is kept back.
    KeptBack,
    /// Something happened that must not be missed, e.g. a visit was called off.
    News,
    /// The book of somebody whom this phone helps opens only with a network.
    NeedsNetwork,
    /// A bill is to be paid.
    InvoiceDue,
    /// They have a visit tomorrow.
    VisitTomorrow,
}

impl NeedKind {
    /// A stable name, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::OfferedTime => "offered-time",
            Self::VisitToday => "visit-today",
            Self::KeptBack => "kept-back",
            Self::News => "news",
            Self::NeedsNetwork => "needs-network",
            Self::InvoiceDue => "invoice-due",
            Self::VisitTomorrow => "visit-tomorrow",
        }
    }
}

/// One thing that somebody needs.
#[derive(Clone, PartialEq, Eq)]
pub struct NeedView {
    /// What it is.
    pub kind: NeedKind,
    /// The booking or the invoice that it is about; unset where it is about none.
    pub subject_id: Option<String>,
    /// When, where that is known.
    pub at: Option<Timestamp>,
    /// The same to read.
    pub text: String,
}

impl std::fmt::Debug for NeedView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NeedView")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What one person needs today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TodayView {
    /// Who.
    pub person: PersonView,
    /// What, the most urgent first; empty for somebody who needs nothing.
    pub needs: Vec<NeedView>,
}

impl SoKhoe {
    /// Everybody on this phone and what they need today, whoever needs something soonest first; then those who need
    /// nothing. Needs no network.
    ///
    /// # Errors
    /// What opening the account may give. A book that does not open keeps nobody else's from being looked at.
    pub fn today(&self) -> Result<Vec<TodayView>, AppError> {
        let mut all = self
            .persons()?
            .into_iter()
            .map(|person| {
                let needs = self.needs_of(&person);
                TodayView { person, needs }
            })
            .collect::<Vec<_>>();
        // Names are in order already, and stay so among equals.
        all.sort_by_key(|of| match of.needs.first() {
            Some(need) => (false, Some(need.kind), need.at),
            None => (true, None, None),
        });
        Ok(all)
    }

    fn needs_of(&self, person: &PersonView) -> Vec<NeedView> {
        let mut needs = match self.look_into(person) {
            Ok(needs) => needs,
            Err(error) => {
                let kind = match error {
                    AppError::LeaseOver => NeedKind::NeedsNetwork,
                    _ => NeedKind::News,
                };
                vec![NeedView {
                    kind,
                    subject_id: None,
                    at: None,
                    text: self.words_for(&error),
                }]
            }
        };
        needs.sort_by_key(|need| (need.kind, need.at));
        needs
    }

    fn look_into(&self, person: &PersonView) -> Result<Vec<NeedView>, AppError> {
        let session = &*self.inner;
        let book = session.book(&person.id)?;
        let bookings = session.booking_views(&book)?;
        let mut needs: Vec<NeedView> = bookings
            .iter()
            .filter_map(|booking| session.need_of_booking(booking))
            .collect();
        needs.extend(self.parked(&person.id)?.into_iter().map(|parked| NeedView {
            kind: NeedKind::KeptBack,
            subject_id: Some(parked.booking_id),
            at: Some(parked.since),
            text: format!("{} {}", parked.what_text, parked.reason_text),
        }));
        needs.extend(
            session
                .event_views(&book)?
                .into_iter()
                .map(|event| NeedView {
                    kind: NeedKind::News,
                    subject_id: Some(event.subject),
                    at: Some(event.at),
                    text: event.text,
                }),
        );
        let invoices = session.invoice_views(&book)?.into_iter();
        let due = invoices.filter(|invoice| invoice.status == PaymentStatus::Due);
        needs.extend(due.map(|invoice| {
            NeedView {
                kind: NeedKind::InvoiceDue,
                subject_id: Some(invoice.id),
                at: None,
                text: session
                    .words
                    .say_with("today-invoice", &[("amount", invoice.amount_text)]),
            }
        }));
        Ok(needs)
    }
}

impl Session {
    fn need_of_booking(&self, booking: &BookingView) -> Option<NeedView> {
        let need = |kind, at, text| NeedView {
            kind,
            subject_id: Some(booking.id.clone()),
            at: Some(at),
            text,
        };
        if let Some(queue) = &booking.queue
            && queue.state == QueueState::Called
        {
            return Some(need(NeedKind::Called, queue.as_of, queue.text.clone()));
        }
        if let Some(until) = booking.waiting.as_ref().and_then(|it| it.offered_until) {
            let text = format!("{}: {}", booking.when_text, booking.status_text);
            return Some(need(NeedKind::OfferedTime, until, text));
        }
        let is_to_come = matches!(
            booking.status,
            BookingStatus::Confirmed | BookingStatus::CheckedIn
        );
        let now = self.now();
        let (today, day) = (now.vietnam_day(), booking.start.vietnam_day());
        let kind = if day == today && (now < booking.end || booking.queue.is_some()) {
            NeedKind::VisitToday
        } else if Some(day) == today.succ_opt() {
            NeedKind::VisitTomorrow
        } else {
            return None;
        };
        let told = [&booking.service, &booking.practitioner, &booking.location];
        let told: Vec<&str> = told
            .into_iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        let what = told.join(", ");
        let text = format!("{}: {what}. {}", booking.when_text, booking.status_text);
        is_to_come.then(|| need(kind, booking.start, text))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sokhoe_domain::BookingState;

    use super::*;
    use crate::Language;
    use crate::test_phone::{NoNetwork, TestPhone, booking};

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn whoever_needs_something_soonest_comes_first() {
        let phone = TestPhone::of(Language::En, &["An", "Ba", "Chi", "Dung", "Em"], NoNetwork);
        let now = phone.app.inner.now();
        let state_at = |n: u64, start: Timestamp, state| sokhoe_vault::StoredBooking {
            state,
            ..booking(n, start, now)
        };
        let confirmed = |n, start| state_at(n, start, BookingState::Confirmed);
        phone.apply("An", &[], &[confirmed(1, now.plus(DAY))]);
        phone.apply("Chi", &[], &[confirmed(2, now.plus(DAY / 8))]);
        let offered = BookingState::Offered {
            since: now,
            until: now.plus(Duration::from_secs(600)),
        };
        phone.apply("Dung", &[], &[state_at(3, now.plus(DAY * 3), offered)]);
        // Over, far ahead, or not confirmed: nothing for today.
        let refused = BookingState::Cancelled;
        let nothing = [
            confirmed(4, now.plus(DAY * 5)),
            state_at(5, now.plus(DAY / 8), refused),
        ];
        phone.apply("Em", &[], &nothing);
        let today = phone.app.today().unwrap();
        let of: Vec<_> = today
            .iter()
            .map(|of| {
                let kinds: Vec<_> = of.needs.iter().map(|need| need.kind).collect();
                (of.person.name.as_str(), kinds)
            })
            .collect();
        assert_eq!(
            of,
            [
                ("Dung", vec![NeedKind::OfferedTime]),
                ("Chi", vec![NeedKind::VisitToday]),
                ("An", vec![NeedKind::VisitTomorrow]),
                ("Ba", vec![]),
                ("Em", vec![]),
            ]
        );
        let text = &today[1].needs[0].text;
        assert!(
            text.contains("Cardiology") && text.contains("Confirmed"),
            "{text}"
        );
    }
}
