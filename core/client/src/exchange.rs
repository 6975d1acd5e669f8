//! One request and its answer: headers, limits, statuses.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use sokhoe_domain::ports::Limits;
use sokhoe_fhir::bundle::SearchPage;
use sokhoe_fhir::{Appointment, FhirError, Outcome};
use url::Url;

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};

/// What an exchange of ordinary size may cost.
pub(crate) const ORDINARY: Limits = Limits {
    timeout: Duration::from_secs(30),
    max_body: 4 << 20,
};

/// A clinic cannot send a phone away for longer than a day, in seconds.
const LONGEST_RETRY_AFTER: u64 = 86_400;

pub(crate) const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");

impl ClinicClient {
    /// A request to an URL of the clinic's. What a clinic of ours knows this phone by is added when it is sent.
    pub(crate) fn request(
        &self,
        method: Method,
        url: &Url,
    ) -> Result<http::request::Builder, ClientError> {
        let mut builder = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(ACCEPT, FHIR_JSON);
        if let Some(token) = &self.token {
            let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.as_str()))
                .map_err(|_| ClientError::Invalid)?;
            bearer.set_sensitive(true);
            builder = builder.header(AUTHORIZATION, bearer);
        }
        Ok(builder)
    }

    /// Reads below the FHIR base.
    pub(crate) async fn get(&self, path_and_query: &str) -> Result<String, ClientError> {
        let request = self
            .request(Method::GET, &self.fhir_url(path_and_query)?)?
            .body(Bytes::new())
            .map_err(|_| ClientError::Invalid)?;
        self.exchange(request, ORDINARY).await
    }

    /// A POST of FHIR below the FHIR base.
    pub(crate) fn post(&self, path_and_query: &str) -> Result<http::request::Builder, ClientError> {
        Ok(self
            .request(Method::POST, &self.fhir_url(path_and_query)?)?
            .header(CONTENT_TYPE, FHIR_JSON))
    }

    /// Sends and gives the body of a success; every other answer is an error.
    pub(crate) async fn exchange(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> Result<String, ClientError> {
        let response = self.send(request, limits).await?;
        read(response)
    }
}

/// The body of a success, or what the answer means.
pub(crate) fn read(response: Response<Bytes>) -> Result<String, ClientError> {
    let status = response.status();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(|seconds: u64| Duration::from_secs(seconds.min(LONGEST_RETRY_AFTER)));
    let html = looks_like_html(&response);
    let body = response.into_body();
    match status {
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::SERVICE_UNAVAILABLE => Err(ClientError::Busy { retry_after }),
        status if status.is_server_error() => Err(ClientError::Server {
            status: status.as_u16(),
        }),
        _ if html => Err(ClientError::Garbled(GarbledAnswer::Html)),
        StatusCode::UNAUTHORIZED => Err(ClientError::Unauthorized),
        // Only a clinic's own word counts as gone: a proxy's 410 must not end anything.
        StatusCode::GONE if outcome_in(&body).is_some() => Err(ClientError::Gone),
        status if status.is_client_error() => Err(refusal(status, &body)),
        status if status.is_success() => {
            let body = String::from_utf8(body.into())
                .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
            sokhoe_fhir::limits::check_depth(body.as_bytes(), sokhoe_fhir::limits::MAX_DEPTH)
                .map_err(garbled)?;
            Ok(body)
        }
        status => Err(ClientError::Garbled(GarbledAnswer::Status(status.as_u16()))),
    }
}

/// What a FHIR reading error says of the answer.
pub(crate) fn garbled(error: FhirError) -> ClientError {
    ClientError::Garbled(match error {
        FhirError::TooDeep { .. } => GarbledAnswer::TooDeep,
        _ => GarbledAnswer::NotFhir,
    })
}

fn looks_like_html(response: &Response<Bytes>) -> bool {
    let declared = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    declared || response.body().trim_ascii_start().first() == Some(&b'<')
}

fn outcome_in(body: &[u8]) -> Option<Outcome> {
    Outcome::from_json(std::str::from_utf8(body).ok()?).ok()
}

/// A refusal is an OperationOutcome, alone or first in a Bundle that also holds other free times.
fn refusal(status: StatusCode, body: &[u8]) -> ClientError {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let mut outcome = outcome_in(body);
    let mut alternatives = Vec::new();
    if outcome.is_none()
        && sokhoe_fhir::limits::check_depth(body, sokhoe_fhir::limits::MAX_DEPTH).is_ok()
        && let Ok(page) = SearchPage::parse(text)
    {
        outcome = page
            .of_kind("OperationOutcome")
            .find_map(|json| Outcome::from_json(json).ok());
        let appointments = page
            .of_kind("Appointment")
            .filter_map(|json| Appointment::from_json(json).ok());
        alternatives.extend(appointments.filter_map(|appointment| appointment.start));
    }
    match outcome {
        None => ClientError::Garbled(GarbledAnswer::Status(status.as_u16())),
        Some(outcome) if status == StatusCode::NOT_FOUND && outcome.refusal().is_none() => {
            ClientError::NotFound
        }
        Some(outcome) => {
            let code = outcome
                .refusal()
                .or(outcome.code())
                .unwrap_or("unknown")
                .to_owned();
            ClientError::Refused {
                status: status.as_u16(),
                code,
                alternatives,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sokhoe_domain::Timestamp;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<String, ClientError> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        read(response.body(Bytes::from(body.to_owned())).unwrap())
    }

    #[test]
    fn every_status_has_its_meaning() {
        assert_eq!(answer(200, &[], "{}"), Ok("{}".to_owned()));
        assert_eq!(answer(401, &[], "{}"), Err(ClientError::Unauthorized));
        let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#;
        assert_eq!(answer(410, &[], outcome), Err(ClientError::Gone));
        assert_eq!(answer(404, &[], outcome), Err(ClientError::NotFound));
        // A proxy's word is not the clinic's: it must not end an intent for ever.
        for status in [404, 410] {
            let error = answer(status, &[], "no such page").unwrap_err();
            assert_eq!(error, ClientError::Garbled(GarbledAnswer::Status(status)));
        }
        let for_ever = answer(429, &[("retry-after", "18446744073709551615")], "").unwrap_err();
        assert_eq!(for_ever.retry_after(), Some(Duration::from_secs(86_400)));
        for status in [500, 502, 504, 599] {
            let error = answer(status, &[], "<html>").unwrap_err();
            assert_eq!(error, ClientError::Server { status });
            assert!(error.may_retry());
        }
        for status in [408, 425, 429, 503] {
            let error = answer(status, &[("retry-after", " 12 ")], "").unwrap_err();
            assert_eq!(error.retry_after(), Some(Duration::from_secs(12)));
        }
        let by_date = answer(503, &[("retry-after", "Tue, 24 Nov 2026 08:30:00 GMT")], "");
        assert_eq!(by_date, Err(ClientError::Busy { retry_after: None }));
        assert_eq!(
            answer(302, &[], ""),
            Err(ClientError::Garbled(GarbledAnswer::Status(302)))
        );
    }

    #[test]
    fn a_login_page_is_no_answer_whatever_its_status() {
        for (status, headers) in [
            (200, &[("content-type", "text/html; charset=utf-8")][..]),
            (200, &[][..]),
            (404, &[][..]),
        ] {
            let error = answer(status, headers, " \n<!DOCTYPE html>").unwrap_err();
            assert_eq!(error, ClientError::Garbled(GarbledAnswer::Html));
        }
    }

    #[test]
    fn a_refusal_brings_its_code_and_the_other_times() {
        let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"fatal","code":"conflict","details":{"coding":[{"system":"https://sokhoe.vn/fhir/CodeSystem/refusal","code":"slot-taken"}]}}]}"#;
        let other = r#"{"resourceType":"Appointment","id":"x","status":"proposed","start":"2026-11-24T09:00:00+07:00","end":"2026-11-24T09:15:00+07:00","participant":[]}"#;
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{outcome},"search":{{"mode":"outcome"}}}},{{"resource":{other},"search":{{"mode":"match"}}}}]}}"#
        );
        let at = Timestamp::parse_fhir("2026-11-24T09:00:00+07:00").unwrap();
        let refused = |alternatives| ClientError::Refused {
            status: 409,
            code: "slot-taken".to_owned(),
            alternatives,
        };
        assert_eq!(answer(409, &[], &bundle), Err(refused(vec![at])));
        assert_eq!(answer(409, &[], outcome), Err(refused(vec![])));
        assert!(!refused(vec![]).may_retry());
    }

    #[test]
    fn a_refusal_that_cannot_be_read_is_not_taken_for_one() {
        // A proxy's 403 must not end an intent for ever.
        let error = answer(403, &[], "Forbidden by policy").unwrap_err();
        assert_eq!(error, ClientError::Garbled(GarbledAnswer::Status(403)));
        assert!(error.may_retry());
    }

    #[test]
    fn deep_json_is_refused_before_it_is_read() {
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(
            answer(200, &[], &deep),
            Err(ClientError::Garbled(GarbledAnswer::TooDeep))
        );
    }
}
