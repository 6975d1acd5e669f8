//! IHE ITI-115..117: find, hold, book; and wait, which is ours.

use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::{IntentId, QueueStanding};
use sokhoe_fhir::bundle::SearchPage;
use sokhoe_fhir::scheduling::{BookRequest, FindRequest, HoldRequest};
use sokhoe_fhir::{Appointment, InsuranceOrganization, RemoteVisit, TicketAnswer, queue};

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::{ORDINARY, garbled};

/// Free times.
#[derive(Clone)]
pub struct Found {
    /// The Appointments `proposed`, the nearest first.
    pub times: Vec<Appointment>,
    /// The clinic's Organization, byte for byte, where it tells beside them how it stands to the health insurance.
    pub insurance: Option<String>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found")
            .field("times", &self.times.len())
            .finish_non_exhaustive()
    }
}

/// What a clinic answered to a booking, a change or a cancellation.
#[derive(Clone)]
pub struct BookAnswer {
    /// The appointment as it now stands.
    pub appointment: Appointment,
}

impl std::fmt::Debug for BookAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BookAnswer").finish_non_exhaustive()
    }
}

impl ClinicClient {
    /// Free times (ITI-115), the nearest first, at most `count`. One that cannot be read is
    /// left out.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn find(&self, request: &FindRequest, count: u32) -> Result<Found, ClientError> {
        let request = self
            .post(&format!("Appointment/$find?_count={count}"))?
            .body(request.to_parameters().into())
            .map_err(|_| ClientError::Invalid)?;
        let body = self.exchange(request, ORDINARY).await?;
        let page = SearchPage::parse(&body).map_err(garbled)?;
        let tells_terms = |json: &&str| {
            InsuranceOrganization::from_json(json).is_ok_and(|clinic| clinic.terms.is_some())
        };
        Ok(Found {
            times: page
                .of_kind("Appointment")
                .filter_map(|json| Appointment::from_json(json).ok())
                .collect(),
            insurance: page
                .of_kind("Organization")
                .find(tells_terms)
                .map(str::to_owned),
        })
    }

    /// Keeps a free time for a few minutes (ITI-116). The same key gives the same answer.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn hold(
        &self,
        request: &HoldRequest,
        key: IntentId,
    ) -> Result<Appointment, ClientError> {
        self.schedule("Appointment/$hold", request.to_parameters(), key)
            .await
    }

    /// Books, changes or cancels (ITI-117). The same key gives the same answer.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn book(
        &self,
        request: &BookRequest,
        key: IntentId,
    ) -> Result<BookAnswer, ClientError> {
        let appointment = self
            .schedule("Appointment/$book", request.to_parameters(), key)
            .await?;
        Ok(BookAnswer { appointment })
    }

    /// How a booked visit is joined from afar: when, and where while it is open (`$join`, ours).
    ///
    /// # Errors
    /// [`ClientError::NotFound`] for what is no visit by telephone or video of theirs; [`ClientError`].
    pub async fn join(&self, appointment: &str) -> Result<RemoteVisit, ClientError> {
        if !is_fhir_id(appointment) {
            return Err(ClientError::Invalid);
        }
        let body = self
            .get(&format!("Appointment/{appointment}/$join"))
            .await?;
        RemoteVisit::from_parameters(&body).map_err(garbled)
    }

    /// The signed tickets of a booked visit at the clinic, unproved (`$ticket`, ours).
    ///
    /// # Errors
    /// [`ClientError::NotFound`] for what is no such visit of theirs, and at a clinic that gives no tickets;
    /// [`ClientError`].
    pub async fn ticket_sheet(&self, appointment: &str) -> Result<String, ClientError> {
        if !is_fhir_id(appointment) {
            return Err(ClientError::Invalid);
        }
        let body = self
            .get(&format!("Appointment/{appointment}/$ticket"))
            .await?;
        let answer = TicketAnswer::from_parameters(&body).map_err(garbled)?;
        Ok(answer.sheet)
    }

    /// How somebody who came stands in the queue of the day (`$queue`, ours), and the answer as it came.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] for who has no number, and at a clinic that keeps no queue; [`ClientError`].
    pub async fn queue(&self, appointment: &str) -> Result<(QueueStanding, String), ClientError> {
        if !is_fhir_id(appointment) {
            return Err(ClientError::Invalid);
        }
        let body = self
            .get(&format!("Appointment/{appointment}/$queue"))
            .await?;
        let standing = queue::from_parameters(&body).map_err(garbled)?;
        Ok((standing, body))
    }

    /// Puts a person on the waiting list for what `parameters` (those of a [`FindRequest`]) would find. The same key gives
    /// the same answer: the place on the list.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn wait(&self, parameters: &str, key: IntentId) -> Result<BookAnswer, ClientError> {
        let appointment = self
            .schedule("Appointment/$wait", parameters.to_owned(), key)
            .await?;
        Ok(BookAnswer { appointment })
    }

    async fn schedule(
        &self,
        path: &str,
        parameters: String,
        key: IntentId,
    ) -> Result<Appointment, ClientError> {
        let request = self
            .post(path)?
            .header("idempotency-key", key.to_string())
            .body(parameters.into())
            .map_err(|_| ClientError::Invalid)?;
        let body = self.exchange(request, ORDINARY).await?;
        let page = SearchPage::parse(&body).map_err(garbled)?;
        page.of_kind("Appointment")
            .find_map(|json| Appointment::from_json(json).ok())
            .ok_or(ClientError::Garbled(GarbledAnswer::NotFhir))
    }
}
