//! What servers' clocks say, beside the phone's.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::DATE;
use http::{HeaderMap, Request, Response, Uri};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{
    BoxFuture, Clock, Limits, ResponseBody, StreamLimits, Traffic, Transport, TransportError,
};
use url::Url;

/// By how much the phone's clock differed from each server's at its last answer, by the `Date` that it
/// carried (RFC 9110, 6.6.1: whole seconds; the answer's way is in it). In memory only. Cheap to clone;
/// all clones are one.
#[derive(Clone, Default)]
pub struct ServerClocks(Arc<Mutex<HashMap<String, i64>>>);

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
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(origin).copied()
    }

    fn note(&self, origin: Option<String>, head: &HeaderMap, now: Timestamp) {
        let date = head.get(DATE).and_then(|date| date.to_str().ok());
        let said = date.and_then(Timestamp::parse_http);
        if let Some((origin, said)) = origin.zip(said) {
            let ahead = now.as_millis().saturating_sub(said.as_millis());
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(origin, ahead);
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
