//! A document that a resource refers to, fetched from the clinic as it arrives.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use sokhoe_domain::ports::{ResponseBody, StreamLimits};
use url::Url;

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::read;

/// The longest silence, and the longest time for all of it: 64 MB at half of what 2G gives.
const SILENCE: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(3_600);
/// What is read of an answer that is no document.
const LONGEST_REFUSAL: usize = 64 << 10;
/// A Binary in its own form, whatever its type is (FHIR R4, 2.20.3).
const ANY: HeaderValue = HeaderValue::from_static("*/*");

/// Why a document was not fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// The address is not the clinic's own: nothing was asked, since neither this phone's token nor
    /// what is in its book concerns anybody else.
    #[error("the document is at another server")]
    Elsewhere,
    /// The clinic itself says that it does not have it (404, 410), or not for this phone.
    #[error("the clinic no longer has the document")]
    Gone,
    /// It is longer than allowed. What arrived must not be used.
    #[error("the document is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Anything else; it may work when tried again, as the error says.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// The bytes of a document as they arrive. Dropping it ends the exchange.
pub struct AttachmentBody {
    /// What was read to see whether it is a web page.
    first: Option<Bytes>,
    body: Box<dyn ResponseBody>,
    limit: usize,
    arrived: usize,
}

impl fmt::Debug for AttachmentBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachmentBody").finish_non_exhaustive()
    }
}

impl AttachmentBody {
    /// The next bytes; nothing at the end of the whole document.
    ///
    /// # Errors
    /// [`AttachmentError::TooLarge`]; [`AttachmentError::Client`] when the connection breaks or is
    /// silent for too long. What came before is no whole document.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, AttachmentError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let next = self.body.next_chunk().await;
        let next = next.map_err(|error| told(error.into(), self.limit))?;
        let length = next.as_ref().map_or(0, Bytes::len);
        self.arrived = self.arrived.saturating_add(length);
        if self.arrived > self.limit {
            return Err(AttachmentError::TooLarge { limit: self.limit });
        }
        Ok(next)
    }
}

impl ClinicClient {
    /// Where an attachment's `url` leads: a relative one is below the clinic's FHIR base. Nothing when
    /// it is not at the clinic's own origin (scheme, host and port), or names a user.
    #[must_use]
    pub fn attachment_url(&self, url: &str) -> Option<Url> {
        let mut url = self.fhir.join(url).ok()?;
        let ours = url.origin().is_tuple()
            && url.origin() == self.base.origin()
            && url.username().is_empty()
            && url.password().is_none();
        url.set_fragment(None);
        ours.then_some(url)
    }

    /// Asks for a document: with this phone's credentials, and only at the clinic's own origin.
    /// Redirects are not followed. `content_type` is what the resource says of it, or empty; a web
    /// page that was not announced is a captive portal's.
    ///
    /// # Errors
    /// [`AttachmentError`]
    pub async fn attachment(
        &self,
        url: &str,
        content_type: &str,
        max_bytes: usize,
    ) -> Result<AttachmentBody, AttachmentError> {
        let url = self.attachment_url(url).ok_or(AttachmentError::Elsewhere)?;
        let mut request = self
            .request(Method::GET, &url)?
            .body(Bytes::new())
            .map_err(|_| ClientError::Invalid)?;
        request.headers_mut().insert(ACCEPT, ANY);
        let limits = StreamLimits {
            silence: SILENCE,
            timeout: TIMEOUT,
            max_body: max_bytes.max(LONGEST_REFUSAL),
        };
        let answer = self
            .open(request, limits)
            .await
            .map_err(|error| told(error, max_bytes))?;
        if answer.status() != StatusCode::OK {
            return Err(refusal(answer).await?);
        }
        let declared_html = answer
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let mut body = AttachmentBody {
            first: None,
            body: answer.into_body(),
            limit: max_bytes,
            arrived: 0,
        };
        let first = body.next_chunk().await?;
        if !content_type.contains("html")
            && (declared_html || first.as_ref().is_some_and(|first| begins_html(first)))
        {
            return Err(ClientError::Garbled(GarbledAnswer::Html).into());
        }
        body.first = first;
        Ok(body)
    }
}

/// What another answer than a document means.
async fn refusal(
    answer: Response<Box<dyn ResponseBody>>,
) -> Result<AttachmentError, AttachmentError> {
    let (head, mut body) = answer.into_parts();
    let mut text = BytesMut::new();
    while let Some(chunk) = body.next_chunk().await.map_err(ClientError::from)? {
        text.extend_from_slice(&chunk);
        if text.len() > LONGEST_REFUSAL {
            text.clear();
            break;
        }
    }
    let status = head.status;
    Ok(match read(Response::from_parts(head, text.freeze())) {
        // Only the clinic's own word, as everywhere: a proxy's 404 must not end anything.
        Err(ClientError::NotFound | ClientError::Gone) => AttachmentError::Gone,
        Err(error) => error.into(),
        Ok(_) => ClientError::Garbled(GarbledAnswer::Status(status.as_u16())).into(),
    })
}

fn told(error: ClientError, limit: usize) -> AttachmentError {
    match error {
        ClientError::Garbled(GarbledAnswer::TooLarge) => AttachmentError::TooLarge { limit },
        other => other.into(),
    }
}

fn begins_html(first: &[u8]) -> bool {
    let first = first.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"].iter().any(|start| {
        first
            .get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};

    use super::*;

    /// Answers always the same and keeps what it was asked.
    struct Canned {
        status: u16,
        headers: Vec<(&'static str, &'static str)>,
        body: &'static str,
        asked: Mutex<Vec<http::request::Parts>>,
    }

    impl Transport for Canned {
        fn send(
            &self,
            request: http::Request<Bytes>,
            limits: Limits,
        ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
            self.asked.lock().unwrap().push(request.into_parts().0);
            let too_large = self.body.len() > limits.max_body;
            Box::pin(async move {
                if too_large {
                    return Err(TransportError::TooLarge {
                        limit: limits.max_body,
                    });
                }
                let mut answer = Response::builder().status(self.status);
                for (name, value) in &self.headers {
                    answer = answer.header(*name, *value);
                }
                Ok(answer
                    .body(Bytes::from_static(self.body.as_bytes()))
                    .unwrap())
            })
        }
    }

    fn canned(
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &'static str,
    ) -> (ClinicClient, Arc<Canned>) {
        let transport = Arc::new(Canned {
            status,
            headers: headers.to_vec(),
            body,
            asked: Mutex::default(),
        });
        let token = "secret".to_owned().into();
        let as_port = Arc::clone(&transport) as Arc<dyn Transport>;
        let base = "https://a.example/kham/fhir";
        let client = ClinicClient::of_server(base, Some(token), as_port).unwrap();
        (client, transport)
    }

    async fn fetch(client: &ClinicClient, url: &str) -> Result<Vec<u8>, AttachmentError> {
        let mut body = client.attachment(url, "application/pdf", 100_000).await?;
        let mut all = Vec::new();
        while let Some(chunk) = body.next_chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn the_token_goes_to_the_clinics_own_origin_and_nowhere_else() {
        let (client, transport) = canned(200, &[], "%PDF-");
        for (url, leads) in [
            ("Binary/1", "https://a.example/kham/fhir/Binary/1"),
            (
                "https://a.example/files/1.pdf?x=1#page=2",
                "https://a.example/files/1.pdf?x=1",
            ),
            ("https://A.example:443/1", "https://a.example/1"),
            ("/files/1", "https://a.example/files/1"),
        ] {
            assert_eq!(fetch(&client, url).await.unwrap(), b"%PDF-", "{url}");
            let asked = transport.asked.lock().unwrap().pop().unwrap();
            assert_eq!(asked.uri.to_string(), leads);
            assert_eq!(asked.headers["authorization"], "Bearer secret");
            assert_eq!(asked.headers["accept"], "*/*");
        }
        for url in [
            "https://b.example/Binary/1",
            "http://a.example/Binary/1",
            "https://a.example:8443/Binary/1",
            "https://a.example.evil.example/1",
            "https://a.example@evil.example/1",
            "https://user:word@a.example/1",
            "//evil.example/1",
            "\\\\evil.example\\1",
            "https:\\\\evil.example",
            "urn:uuid:5c3d4b7e-0000-4000-8000-000000000001",
            "data:text/plain,x",
            "file:///etc/passwd",
            "javascript:1",
            "https://",
        ] {
            assert_eq!(
                fetch(&client, url).await,
                Err(AttachmentError::Elsewhere),
                "{url}"
            );
        }
        assert!(transport.asked.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn only_the_clinics_own_word_says_that_it_is_gone() {
        const OUTCOME: &str = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#;
        let garbled = |status| {
            Err(AttachmentError::Client(ClientError::Garbled(
                GarbledAnswer::Status(status),
            )))
        };
        for (status, body, expected) in [
            (404, OUTCOME, Err(AttachmentError::Gone)),
            (410, OUTCOME, Err(AttachmentError::Gone)),
            (404, "no such page", garbled(404)),
            (410, "", garbled(410)),
            (302, "", garbled(302)),
            (206, "%PDF", garbled(206)),
            (401, OUTCOME, Err(ClientError::Unauthorized.into())),
            (502, "", Err(ClientError::Server { status: 502 }.into())),
        ] {
            let (client, _) = canned(status, &[("location", "https://b.example/")], body);
            assert_eq!(fetch(&client, "Binary/1").await, expected, "{status}");
        }
    }

    #[tokio::test]
    async fn a_login_page_is_no_document_unless_a_page_was_announced() {
        let html = Err(ClientError::Garbled(GarbledAnswer::Html).into());
        let page = "\n<!DOCTYPE html><html></html>";
        let (client, _) = canned(200, &[], page);
        assert_eq!(fetch(&client, "Binary/1").await, html);
        let (client, _) = canned(200, &[("content-type", "text/html")], "Wi-Fi");
        assert_eq!(fetch(&client, "Binary/1").await, html);
        assert!(
            client
                .attachment("Binary/1", "text/html", 100)
                .await
                .is_ok()
        );
        let (client, _) = canned(200, &[], "<ClinicalDocument/>");
        assert!(fetch(&client, "Binary/1").await.is_ok());
        let (client, _) = canned(200, &[], "");
        assert_eq!(fetch(&client, "Binary/1").await, Ok(vec![]));
    }

    #[tokio::test]
    async fn what_is_longer_than_allowed_ends() {
        let (client, _) = canned(200, &[], "%PDF-1.7");
        let too_large = client.attachment("Binary/1", "", 7).await;
        assert_eq!(
            too_large.unwrap_err(),
            AttachmentError::TooLarge { limit: 7 }
        );
        assert!(client.attachment("Binary/1", "", 8).await.is_ok());
    }
}
