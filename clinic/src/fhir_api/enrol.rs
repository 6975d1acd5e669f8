//! `POST /enrolment`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::extract::{JsonBody, Proven, is_device_id};
use super::granted::PersonAccess;
use super::token::TokenReply;
use super::{Api, ApiError};
use crate::access::{Access, Stored};
use crate::clinic::Inner;
use crate::enrolment::{Device, Enrolled, Refused, redeem};
use crate::oauth::{Given, decode};
use crate::store::{Isolation, StoreError, Tx};

const LONGEST_NAME: usize = 100;
const LONGEST_CODE: usize = 200;
/// Letters of a word, as base64url.
const LONGEST_WORD: usize = 1_400;

#[derive(Deserialize)]
struct Request {
    code: String,
    device_id: String,
    device_name: String,
    /// What the phone that made an invitation says, as base64url.
    word: Option<String>,
}

#[derive(Serialize)]
struct Reply<'a> {
    #[serde(flatten)]
    tokens: TokenReply<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// Whose record it is about (SMART App Launch, launch context).
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<&'a str>,
    clinic: About<'a>,
    patients: Vec<&'a RawValue>,
    access: &'a [PersonAccess],
}

#[derive(Serialize)]
struct About<'a> {
    id: &'a str,
    name: &'a str,
    public_key: String,
}

const NOT_SOUND: ApiError =
    ApiError::BadRequest("The device's id or name, the code, or the word is not sound.");

pub(super) async fn enrol(
    State(api): State<Api>,
    // Whom this device may see already it may see with the new session, too: a phone keeps one a clinic.
    earlier: Option<Access>,
    Proven(proof): Proven,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let request: Request = serde_json::from_str(&body)
        .map_err(|_| ApiError::BadRequest("The body must have code, device_id and device_name."))?;
    if !is_device(&request.device_id, &request.device_name) || request.code.len() > LONGEST_CODE {
        return Err(NOT_SOUND);
    }
    let word = match request.word.as_deref() {
        None => None,
        Some(word) if word.len() > LONGEST_WORD => return Err(NOT_SOUND),
        Some(word) => Some(decode(word).ok_or(NOT_SOUND)?),
    };
    let inner = Arc::clone(&api.inner);
    let answer = api
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            let earlier = earlier
                .as_ref()
                .filter(|earlier| earlier.device() == request.device_id);
            let device = Device {
                id: &request.device_id,
                name: &request.device_name,
                thumbprint: proof.thumbprint,
            };
            let enrolled = redeem(tx, &inner, &request.code, word.as_deref(), &device, earlier)?;
            Ok(match enrolled {
                Ok(enrolled) => Ok(CameIn::of(tx, &inner, enrolled, earlier)?),
                Err(refused) => Err(refused),
            })
        })
        .await?;
    let came_in = answer.map_err(refusal)?;
    reply(&api.inner, &came_in, None)
}

/// Whether a phone that says this of itself can come in.
pub(super) fn is_device(id: &str, name: &str) -> bool {
    let is_name = name.chars().count() <= LONGEST_NAME && !name.contains(char::is_control);
    is_device_id(id) && is_name
}

/// A phone that came in, and for whom.
pub(super) struct CameIn {
    tokens: Given,
    patients: Vec<Stored>,
    access: Vec<PersonAccess>,
}

impl CameIn {
    /// What it is told, in the transaction that let it in. What it could do by `earlier` it can do still.
    pub(super) fn of(
        tx: &mut Tx<'_>,
        inner: &Inner,
        enrolled: Enrolled,
        earlier: Option<&Access>,
    ) -> Result<Self, StoreError> {
        let Enrolled { tokens, access, of } = enrolled;
        if let Some(earlier) = earlier {
            access.inherit(tx.sql(), earlier)?;
        }
        // Those that it came in for alone are told: the others the phone has.
        let mut patients = access.patients(tx.sql())?;
        patients.retain(|patient| of.contains(&patient.id));
        let mut granted = access.granted(tx.sql())?;
        granted.retain(|granted| of.contains(&granted.patient));
        let granted = granted
            .into_iter()
            .map(|granted| PersonAccess::of(inner, &access, granted));
        Ok(Self {
            tokens,
            patients,
            access: granted.collect(),
        })
    }
}

/// The answer to it; with the scopes that it was given, where it asked for some (RFC 6749, 5.1).
pub(super) fn reply(
    inner: &Inner,
    came_in: &CameIn,
    scope: Option<String>,
) -> Result<Response, ApiError> {
    let CameIn {
        tokens,
        patients,
        access,
    } = came_in;
    let reply = Reply {
        tokens: TokenReply::of(tokens),
        patient: scope
            .as_ref()
            .and(patients.first())
            .map(|patient| &*patient.id),
        scope,
        clinic: About {
            id: &inner.id,
            name: &inner.name,
            public_key: inner.public_key.to_string(),
        },
        patients: patients
            .iter()
            .filter_map(|patient| serde_json::from_str(&patient.json).ok())
            .collect(),
        access,
    };
    let body = serde_json::to_vec(&reply)
        .map_err(|_| ApiError::BadRequest("The answer could not be written."))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, body).into_response())
}

fn refusal(refused: Refused) -> ApiError {
    let (code, text) = match refused {
        Refused::Unknown => ("enrolment-unknown", "This code is not known here."),
        Refused::Used => ("enrolment-used", "This code was used by another device."),
        Refused::OtherGrant => (
            "enrolment-other-grant",
            "This phone may do something else for this person: that must end first.",
        ),
        Refused::Expired => ("enrolment-expired", "This code has expired."),
    };
    ApiError::Refused(StatusCode::FORBIDDEN, code, text)
}
