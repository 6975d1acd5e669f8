//! What servers' clocks say, beside the phone's.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::DATE;
use http::{HeaderMap, Request, Response, Uri};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{
    BoxFuture, Clock, Limits, ResponseBody, StreamLimits, Traffic, Transport, TransportError,
};
use url::Url;

/// By how much the phone's clock differed from each server's at its last answer, by the `Date` that it
/// carried (RFC 9110, 6.6.1: whole seconds; the answer's way is in it), and what servers that do not believe the phone's
/// clock want to see instead (RFC 9449, 8). In memory only. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct ServerClocks(Arc<Mutex<HashMap<String, Said>>>);

/// What a server said of the time.
#[derive(Default)]
struct Said {
    /// Milliseconds by which the phone's clock was ahead.
    ahead: Option<i64>,
    nonce: Option<String>,
}

/// A server's nonce is not longer.
const LONGEST_NONCE: usize = 200;

impl fmt::Debug for ServerClocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerClocks").finish_non_exhaustive()
    }
}

impl ServerClocks {
    /// The transport, with every answer's date noted.
    #[must_use]
    pub fn beside(
        &self,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Arc<dyn Transport> {
        Arc::new(Dated {
            transport,
            clock,
            clocks: self.clone(),
        })
    }

    /// How many milliseconds the phone's clock was ahead of that of the server of this origin; negative when
    /// it was behind; nothing when it said none since the app began.
    #[must_use]
    pub fn phone_ahead(&self, origin: &str) -> Option<i64> {
        self.held().get(origin)?.ahead
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Said>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server of this origin wants to see in a proof, as far as it said.
    pub(crate) fn nonce(&self, origin: &str) -> Option<String> {
        self.held().get(origin)?.nonce.clone()
    }

    /// Notes it. A proof that has one is believed whatever its time says, so the time need not be right then.
    pub(crate) fn keep_nonce(&self, origin: String, nonce: &str) {
        if nonce.len() <= LONGEST_NONCE {
            self.held().entry(origin).or_default().nonce = Some(nonce.to_owned());
        }
    }

    fn note(&self, origin: Option<String>, head: &HeaderMap, now: Timestamp) {
        let date = head.get(DATE).and_then(|date| date.to_str().ok());
        let said = date.and_then(Timestamp::parse_http);
        if let Some((origin, said)) = origin.zip(said) {
            let ahead = now.as_millis().saturating_sub(said.as_millis());
            self.held().entry(origin).or_default().ahead = Some(ahead);
        }
    }
}

struct Dated {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    clocks: ServerClocks,
}

/// As [`crate::ClinicClient::origin`] has it.
fn origin(uri: &Uri) -> Option<String> {
    let url = Url::parse(&uri.to_string()).ok()?;
    Some(url.origin().ascii_serialization())
}

impl Transport for Dated {
    fn send(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let origin = origin(request.uri());
        Box::pin(async move {
            let answer = self.transport.send(request, limits).await?;
            self.clocks.note(origin, answer.headers(), self.clock.now());
            Ok(answer)
        })
    }

    fn stream(
        &self,
        request: Request<Bytes>,
        limits: StreamLimits,
    ) -> BoxFuture<'_, Result<Response<Box<dyn ResponseBody>>, TransportError>> {
        let origin = origin(request.uri());
        Box::pin(async move {
            let answer = self.transport.stream(request, limits).await?;
            self.clocks.note(origin, answer.headers(), self.clock.now());
            Ok(answer)
        })
    }

    fn traffic(&self) -> Traffic {
        self.transport.traffic()
    }
}
