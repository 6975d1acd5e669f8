//! Joining a visit by telephone or video.

use sokhoe_domain::{BookingState, ClinicId, RemoteVisitState, Timestamp, Wire};

use crate::error::AppError;
use crate::session::SoKhoe;

/// How a remote visit is joined, as the clinic says at this moment.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteVisitView {
    /// Whether it can be joined now, by the clinic's clock.
    pub state: RemoteVisitState,
    /// From when on.
    pub opens: Timestamp,
    /// Until when.
    pub closes: Timestamp,
    /// The link, which begins with `https://`; there while it is open. To be opened at once and not kept.
    pub link: Option<String>,
    /// The same as a sentence.
    pub text: String,
}

impl std::fmt::Debug for RemoteVisitView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteVisitView")
            .field("state", &self.state)
            .field("opens", &self.opens)
            .field("closes", &self.closes)
            .finish_non_exhaustive()
    }
}

impl SoKhoe {
    /// Asks the clinic how a confirmed visit by telephone or video is joined. The link opens a quarter of an hour before
    /// the visit and closes an hour after it. Asked for when the person wants to go in, never ahead.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a visit that is not remote, or at a clinic that gives no links;
    /// [`AppError::Validation`] for one that the clinic has not confirmed; [`AppError::Offline`], [`AppError::Busy`],
    /// [`AppError::BadAnswer`], [`AppError::NotEnrolled`], what opening a book may give.
    pub async fn join_visit(
        &self,
        person_id: &str,
        booking_id: &str,
    ) -> Result<RemoteVisitView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let booking = book.stored_booking(booking_id)?;
        if !matches!(
            booking.state,
            BookingState::Confirmed | BookingState::CheckedIn
        ) {
            return Err(AppError::invalid("booking", "is not confirmed"));
        }
        let clinic: ClinicId = booking.clinic;
        let place = session.clinic(clinic.as_str())?;
        if place.wire == Wire::Server {
            return Err(AppError::not_found("link"));
        }
        let patient_id = session.patient_at(&book.person.id, &clinic)?;
        let lane = session.lane(&place, patient_id)?;
        let visit = lane.client.join(&booking.id.to_string()).await;
        session.store_data_use()?;
        let visit = visit?;
        let window = visit.window;
        Ok(RemoteVisitView {
            text: session
                .words
                .remote_visit(visit.state, window, session.now()),
            state: visit.state,
            opens: window.opens,
            closes: window.closes,
            link: visit.link,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
    use sokhoe_domain::{BookingState, RemoteVisitWindow};
    use sokhoe_fhir::RemoteVisit;
    use sokhoe_vault::StoredBooking;

    use super::*;
    use crate::Language;
    use crate::test_phone::{TestPhone, booking};

    /// A clinic that answers whatever it is asked with this.
    #[derive(Default)]
    struct Says {
        answer: Mutex<String>,
        asked: Mutex<Vec<String>>,
    }

    impl Transport for Says {
        fn send(
            &self,
            request: http::Request<Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            let path = request.uri().path().to_owned();
            self.asked.lock().unwrap().push(path);
            let answer = http::Response::new(self.answer.lock().unwrap().clone().into());
            Box::pin(async move { Ok(answer) })
        }
    }

    #[tokio::test]
    async fn a_link_is_given_while_the_visit_is_open() {
        let phone = TestPhone::of(Language::En, &["mai"], Says::default());
        let clinic = &phone.clinic;
        let now = phone.app.inner.now();
        let visit = StoredBooking {
            state: BookingState::Confirmed,
            ..booking(1, now, now)
        };
        let waits = booking(2, now, now);
        let (id, other) = (visit.id.to_string(), waits.id.to_string());
        phone.apply("mai", &[], &[visit, waits]);
        let window = RemoteVisitWindow::of(now, now);
        let link = "https://meet.example.vn/1";
        for (state, link, said) in [
            (RemoteVisitState::NotYet, None, "The visit opens"),
            (
                RemoteVisitState::Open,
                Some(link),
                "The visit is open until",
            ),
            (
                RemoteVisitState::Over,
                None,
                "The visit has been over since",
            ),
        ] {
            let answer = RemoteVisit {
                window,
                state,
                link: link.map(str::to_owned),
            };
            *clinic.answer.lock().unwrap() = answer.to_parameters();
            let view = phone.app.join_visit("mai", &id).await.unwrap();
            assert_eq!((view.state, view.link.as_deref()), (state, link));
            assert!(view.text.starts_with(said), "{}", view.text);
            assert!(!format!("{view:?}").contains("meet"));
        }
        let asked = clinic.asked.lock().unwrap().clone();
        assert!(asked[0].ends_with(&format!("/fhir/Appointment/{id}/$join")));

        // No link that runs a program or goes elsewhere than it says.
        let open = RemoteVisit {
            window,
            state: RemoteVisitState::Open,
            link: Some("javascript:alert(1)".to_owned()),
        };
        *clinic.answer.lock().unwrap() = open.to_parameters();
        let refused = phone.app.join_visit("mai", &id).await;
        assert!(matches!(refused, Err(AppError::BadAnswer { .. })));
        // What the clinic has not confirmed is not asked for.
        let refused = phone.app.join_visit("mai", &other).await;
        assert!(matches!(refused, Err(AppError::Validation { .. })));
        assert_eq!(clinic.asked.lock().unwrap().len(), 4);
    }
}
