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
use crate::access::Access;
use crate::enrolment::{Device, Enrolled, Refused, redeem};
use crate::store::Isolation;

const LONGEST_NAME: usize = 100;
const LONGEST_CODE: usize = 200;

#[derive(Deserialize)]
struct Request {
    code: String,
    device_id: String,
    device_name: String,
}

#[derive(Serialize)]
struct Reply<'a> {
    #[serde(flatten)]
    tokens: TokenReply<'a>,
    clinic: About<'a>,
    patients: Vec<&'a RawValue>,
    access: Vec<PersonAccess>,
}

#[derive(Serialize)]
struct About<'a> {
    id: &'a str,
    name: &'a str,
    public_key: String,
}

pub(super) async fn enrol(
    State(api): State<Api>,
    // Whom this device may see already it may see with the new session, too: a phone keeps one a clinic.
    earlier: Option<Access>,
    Proven(proof): Proven,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let request: Request = serde_json::from_str(&body)
        .map_err(|_| ApiError::BadRequest("The body must have code, device_id and device_name."))?;
    if !is_device_id(&request.device_id)
        || request.code.len() > LONGEST_CODE
        || request.device_name.chars().count() > LONGEST_NAME
    {
        return Err(ApiError::BadRequest(
            "The device's id or name, or the code, is not sound.",
        ));
    }
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
            let enrolled = redeem(tx, &inner, &request.code, &device, earlier)?;
            Ok(match enrolled {
                Ok(Enrolled { tokens, access, of }) => {
                    if let Some(earlier) = earlier {
                        access.inherit(tx.sql(), earlier)?;
                    }
                    // Those of the code alone are told: the others the phone has.
                    let mut patients = access.patients(tx.sql())?;
                    patients.retain(|patient| of.contains(&patient.id));
                    let mut granted = access.granted(tx.sql())?;
                    granted.retain(|granted| of.contains(&granted.patient));
                    let granted = granted
                        .into_iter()
                        .map(|granted| PersonAccess::of(&inner, &access, granted));
                    Ok((patients, granted.collect(), tokens))
                }
                Err(refused) => Err(refused),
            })
        })
        .await?;
    let (patients, access, tokens) = answer.map_err(refusal)?;
    let reply = Reply {
        tokens: TokenReply::of(&tokens),
        clinic: About {
            id: &api.inner.id,
            name: &api.inner.name,
            public_key: api.inner.public_key.to_string(),
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
