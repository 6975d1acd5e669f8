//! The real transport: reqwest over rustls with ring.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::ACCEPT_ENCODING;
use sokhoe_domain::ports::{
    BoxFuture, Limits, ResponseBody, StreamLimits, Traffic, Transport, TransportError,
};
use tokio::time::{Instant, timeout_at};

use crate::decode::{ACCEPTED, Decode};
use crate::traffic::Counts;

/// How long a connection stays open that nobody uses.
const IDLE: Duration = Duration::from_secs(60);

/// HTTP/1.1 and HTTP/2 with TLS 1.2 and newer, Mozilla's roots, zstd and gzip, no redirects, no proxies from
/// the environment.
///
/// The roots are compiled in: the platform's verifier would need a call from Java before the first
/// request on Android, and aborts the app without it.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    http: reqwest::Client,
    counts: Counts,
}

/// TLS could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("TLS could not be set up")]
pub struct TransportSetupError;

impl HttpTransport {
    /// The one place where the core makes an HTTP client.
    ///
    /// # Errors
    /// [`TransportSetupError`]
    pub fn new() -> Result<Self, TransportSetupError> {
        let roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let tls = rustls::ClientConfig::builder_with_provider(
            rustls::crypto::ring::default_provider().into(),
        )
        .with_safe_default_protocol_versions()
        .map_err(|_| TransportSetupError)?
        .with_root_certificates(roots)
        .with_no_client_auth();
        #[expect(clippy::disallowed_methods, reason = "the one HTTP client of the core")]
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("sokhoe/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| TransportSetupError)?;
        Ok(Self {
            http,
            counts: Counts::default(),
        })
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let whole = StreamLimits {
            silence: limits.timeout,
            timeout: limits.timeout,
            max_body: limits.max_body,
        };
        Box::pin(async move {
            let (head, mut arriving) = self.stream(request, whole).await?.into_parts();
            let mut body = BytesMut::new();
            while let Some(chunk) = arriving.next_chunk().await? {
                body.extend_from_slice(&chunk);
            }
            Ok(http::Response::from_parts(head, body.freeze()))
        })
    }

    fn stream(
        &self,
        mut request: http::Request<Bytes>,
        limits: StreamLimits,
    ) -> BoxFuture<'_, Result<http::Response<Box<dyn ResponseBody>>, TransportError>> {
        Box::pin(async move {
            let head = request.headers_mut();
            head.entry(ACCEPT_ENCODING).or_insert(ACCEPTED);
            let (uri, head) = (request.uri().clone(), request.headers().clone());
            let length = request.body().len();
            let request =
                reqwest::Request::try_from(request).map_err(|_| TransportError::Invalid)?;
            let end = Instant::now() + limits.timeout;
            let answer = in_time(limits.silence, end, self.http.execute(request)).await;
            if !matches!(
                answer,
                Err(TransportError::Unreachable | TransportError::Invalid)
            ) {
                self.counts.connected(&uri, IDLE);
                self.counts.sent(&uri, &head, length);
            }
            let mut response = answer?;
            self.counts.received_head(response.headers());
            let declared = response.content_length().unwrap_or(0);
            if declared > limits.max_body as u64 {
                return Err(TransportError::TooLarge {
                    limit: limits.max_body,
                });
            }
            let (status, mut headers) = (response.status(), std::mem::take(response.headers_mut()));
            let decode = Decode::of(&mut headers)?;
            let body: Box<dyn ResponseBody> = Box::new(ArrivingBody {
                response,
                decode,
                counts: self.counts.clone(),
                limits,
                end,
                arrived: 0,
                is_over: false,
            });
            let mut answer = http::Response::new(body);
            *answer.status_mut() = status;
            *answer.headers_mut() = headers;
            Ok(answer)
        })
    }

    fn traffic(&self) -> Traffic {
        self.counts.total()
    }
}

/// A body of reqwest's.
struct ArrivingBody {
    response: reqwest::Response,
    decode: Decode,
    counts: Counts,
    limits: StreamLimits,
    end: Instant,
    /// Bytes of the body as it was before it was compressed.
    arrived: usize,
    is_over: bool,
}

impl ResponseBody for ArrivingBody {
    fn next_chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(async move {
            while !self.is_over {
                let next = self.response.chunk();
                let chunk = match in_time(self.limits.silence, self.end, next).await? {
                    Some(came) => {
                        self.counts.received(came.len());
                        match self.decode {
                            Decode::Plain => came,
                            _ => {
                                let most = self.limits.max_body.saturating_sub(self.arrived);
                                self.decode.push(&came, most)?.into()
                            }
                        }
                    }
                    None => {
                        self.is_over = true;
                        self.decode.finish()?.into()
                    }
                };
                self.arrived = self.arrived.saturating_add(chunk.len());
                if self.arrived > self.limits.max_body {
                    return Err(TransportError::TooLarge {
                        limit: self.limits.max_body,
                    });
                }
                if !chunk.is_empty() {
                    return Ok(Some(chunk));
                }
            }
            Ok(None)
        })
    }
}

/// What arrives before the silence is too long and the time is over.
async fn in_time<T>(
    silence: Duration,
    end: Instant,
    what: impl Future<Output = Result<T, reqwest::Error>>,
) -> Result<T, TransportError> {
    timeout_at(end.min(Instant::now() + silence), what)
        .await
        .map_err(|_| TransportError::Timeout)?
        .map_err(|error| classify(&error))
}

fn classify(error: &reqwest::Error) -> TransportError {
    if error.is_connect() {
        TransportError::Unreachable
    } else if error.is_timeout() {
        TransportError::Timeout
    } else if error.is_builder() {
        TransportError::Invalid
    } else {
        TransportError::Broken
    }
}
