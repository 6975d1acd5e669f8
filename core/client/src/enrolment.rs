//! Bringing this phone in.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sokhoe_domain::Timestamp;
use sokhoe_fhir::PatientView;
use zeroize::Zeroizing;

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::{ORDINARY, garbled};
use crate::granted::{self, PersonAccess, TextOfAccess};
use crate::tokens::{TokenAnswer, Tokens};

/// What a phone tells a clinic to be let in.
#[derive(Clone, Serialize)]
pub struct EnrolmentRequest {
    /// The one-time code from the enrolment QR.
    pub code: String,
    /// The id this phone gave itself, by which the clinic tells its phones apart.
    pub device_id: String,
    /// A name that the clinic's desk can show.
    pub device_name: String,
    /// What the phone that made an invitation says to the clinic, as base64url: it may have had no network since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
}

impl fmt::Debug for EnrolmentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentRequest").finish_non_exhaustive()
    }
}

/// What the clinic gives.
pub struct EnrolmentAnswer {
    /// What this phone is known by from now on, with the key that signed the request.
    pub tokens: Tokens,
    /// The clinic's id.
    pub clinic_id: String,
    /// The clinic's name.
    pub clinic_name: String,
    /// The clinic's signing key as base64url.
    pub public_key: String,
    /// The patients whose records this phone may keep.
    pub patients: Vec<PatientView>,
    /// What it may do for each of them.
    pub access: Vec<PersonAccess>,
}

impl fmt::Debug for EnrolmentAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentAnswer").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    clinic: Clinic,
    #[serde(borrow)]
    patients: Vec<&'a RawValue>,
    #[serde(default)]
    access: Vec<TextOfAccess>,
}

#[derive(Deserialize)]
struct Clinic {
    id: String,
    name: String,
    public_key: String,
}

impl ClinicClient {
    /// Asks to be let in with this phone's key. The same code from the same device and key gives the same answer, so a lost
    /// answer is asked for again.
    ///
    /// # Errors
    /// [`ClientError`]; a code that cannot be used is [`ClientError::Refused`] with its code. [`ClientError::Unauthorized`]
    /// when the clinic no longer takes the tokens that are shown beside it: ask without them.
    pub async fn enrol(&self, request: &EnrolmentRequest) -> Result<EnrolmentAnswer, ClientError> {
        let known = self.known_by.as_ref().ok_or(ClientError::Invalid)?;
        let body = serde_json::to_vec(request).map_err(|_| ClientError::Invalid)?;
        let request = self
            .request(http::Method::POST, &self.url("enrolment")?)?
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body.into())
            .map_err(|_| ClientError::Invalid)?;
        let body = Zeroizing::new(self.exchange(request, ORDINARY).await?);
        EnrolmentAnswer::read(&body, known.prover.clock.now())
    }
}

impl EnrolmentAnswer {
    /// Reads what a clinic gives to a phone that came in, at this time of the phone's.
    pub(crate) fn read(body: &str, now: Timestamp) -> Result<Self, ClientError> {
        let answer: Answer<'_> =
            serde_json::from_str(body).map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        let tokens: TokenAnswer =
            serde_json::from_str(body).map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        Ok(Self {
            tokens: tokens.tokens(now)?,
            clinic_id: answer.clinic.id,
            clinic_name: answer.clinic.name,
            public_key: answer.clinic.public_key,
            patients: answer
                .patients
                .iter()
                .map(|raw| PatientView::from_json(raw.get()))
                .collect::<Result<_, _>>()
                .map_err(garbled)?,
            access: granted::read(answer.access)?,
        })
    }
}
