//! A request as anybody can write it, and the answer.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Request, Response, StatusCode};

use crate::ward::{OTHER, Phone, SOMEBODY_ELSE, URL};

/// What is asked, but for by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub method: Method,
    /// Path and query.
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Asked {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a body of FHIR.
    pub fn with_body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.with_header("content-type", "application/fhir+json")
    }

    /// With a body of whatever form a header names.
    pub fn with_text(mut self, body: String) -> Self {
        self.body = body;
        self
    }

    /// With another name, which is as long, wherever the one stands.
    pub fn renamed(&self, of: &str, instead: &str) -> Self {
        assert_eq!(of.len(), instead.len(), "lengths are visible, too");
        let rename = |text: &str| text.replace(of, instead);
        Self {
            method: self.method.clone(),
            path: rename(&self.path),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (*name, rename(value)))
                .collect(),
            body: rename(&self.body),
        }
    }

    /// As a phone asks it at this second since 1970, or nobody.
    pub fn by(&self, phone: Option<&Phone>, second: i64) -> Request<Bytes> {
        let url = format!("{URL}{}", self.path);
        let mut request = Request::builder().method(self.method.clone()).uri(&url);
        if let Some(phone) = phone {
            let token = Some(phone.token.as_str()).filter(|token| !token.is_empty());
            let proof = phone
                .signer
                .proof(self.method.as_str(), &url, second, token);
            request = request.header("dpop", proof);
            if let Some(token) = token {
                request = request.header(AUTHORIZATION, format!("DPoP {token}"));
            }
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let body = Bytes::from(self.body.clone());
        request.body(body).expect("a request that can be written")
    }
}

/// Everything of an answer that whoever asks can see, but for the time of day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answered {
    pub fn of(response: Response<Bytes>) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: visible(&head.headers),
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// As if `of` had been called `instead`, which is as long.
    pub fn renamed(&self, of: &str, instead: &str) -> Self {
        assert_eq!(of.len(), instead.len(), "lengths are visible, too");
        Self {
            status: self.status,
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.replace(of, instead)))
                .collect(),
            body: self.body.replace(of, instead),
        }
    }

    /// With somebody who is not there in the other's place.
    pub fn of_somebody_else(&self) -> Self {
        self.renamed(OTHER, SOMEBODY_ELSE)
    }

    /// Whether it is FHIR and found nothing, or refused.
    pub fn gives_nothing(&self) -> bool {
        if !self.status.is_success() {
            return true;
        }
        serde_json::from_str::<serde_json::Value>(&self.body).is_ok_and(|bundle| {
            bundle["resourceType"] == "Bundle"
                && bundle["entry"].as_array().is_none_or(Vec::is_empty)
                && bundle["total"].as_u64().unwrap_or(0) == 0
        })
    }
}

fn visible(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut visible: Vec<_> = headers
        .iter()
        .filter(|(name, _)| *name != http::header::DATE)
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        })
        .collect();
    visible.sort();
    visible
}
