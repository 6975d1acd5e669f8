//! A network that can be cut.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sokhoe_domain::ports::{
    BoxFuture, Limits, ResponseBody, StreamLimits, Traffic, Transport, TransportError,
};

/// What happens to exchanges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// Nothing: they go through.
    #[default]
    Whole,
    /// No request arrives.
    NoNetwork,
    /// The clinic gets the request and acts; its answer is lost.
    AnswerLost,
    /// The clinic gets each request twice; the first answer is lost. What is asked again because of that comes once.
    Twice,
    /// The clinic gets the request and acts; its answer begins to arrive, then the connection breaks.
    InTheBody,
}

/// A real transport behind a switch.
#[derive(Clone)]
pub struct CuttableTransport {
    real: Arc<dyn Transport>,
    cut: Arc<Mutex<Cut>>,
    elsewhere: Arc<Mutex<Option<String>>>,
    refused: Arc<Mutex<Option<String>>>,
    /// What came twice.
    doubled: Arc<Mutex<HashSet<(http::Method, http::Uri)>>>,
}

impl fmt::Debug for CuttableTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CuttableTransport").finish_non_exhaustive()
    }
}

impl CuttableTransport {
    /// Whole until it is cut.
    #[must_use]
    pub fn new(real: Arc<dyn Transport>) -> Self {
        Self {
            real,
            cut: Arc::default(),
            elsewhere: Arc::default(),
            refused: Arc::default(),
            doubled: Arc::default(),
        }
    }

    /// Cuts or mends it.
    pub fn cut(&self, cut: Cut) {
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) = cut;
    }

    /// From now on requests whose path has this in it do not arrive.
    pub fn refuse(&self, in_path: Option<&str>) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = in_path.map(str::to_owned);
    }

    /// From now on every request goes to this base URL instead, as behind a captive portal.
    pub fn redirect_to(&self, base_url: Option<String>) {
        *self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = base_url;
    }
}

impl CuttableTransport {
    fn now(&self, request: &http::Request<Bytes>) -> Cut {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let path = request.uri().path();
        if refused.as_ref().is_some_and(|part| path.contains(part)) {
            return Cut::NoNetwork;
        }
        match *self.cut.lock().unwrap_or_else(PoisonError::into_inner) {
            Cut::Twice if !self.doubles(request) => Cut::Whole,
            cut => cut,
        }
    }

    fn doubles(&self, request: &http::Request<Bytes>) -> bool {
        let mut doubled = self.doubled.lock().unwrap_or_else(PoisonError::into_inner);
        doubled.insert((request.method().clone(), request.uri().clone()))
    }

    fn direct(&self, request: &mut http::Request<Bytes>) {
        if let Some(base) = &*self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
        {
            let path = request
                .uri()
                .path_and_query()
                .map_or("/", |path| path.as_str());
            if let Ok(uri) = format!("{base}{path}").parse() {
                *request.uri_mut() = uri;
            }
        }
    }
}

impl Transport for CuttableTransport {
    fn send(
        &self,
        mut request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        self.direct(&mut request);
        let cut = self.now(&request);
        Box::pin(async move {
            match cut {
                Cut::Whole => self.real.send(request, limits).await,
                Cut::NoNetwork => Err(TransportError::Unreachable),
                Cut::AnswerLost | Cut::InTheBody => {
                    self.real.send(request, limits).await?;
                    Err(TransportError::Broken)
                }
                Cut::Twice => {
                    self.real.send(request.clone(), limits).await?;
                    self.real.send(request, limits).await
                }
            }
        })
    }

    fn stream(
        &self,
        mut request: http::Request<Bytes>,
        limits: StreamLimits,
    ) -> BoxFuture<'_, Result<http::Response<Box<dyn ResponseBody>>, TransportError>> {
        self.direct(&mut request);
        let cut = self.now(&request);
        Box::pin(async move {
            match cut {
                Cut::Whole => self.real.stream(request, limits).await,
                Cut::NoNetwork => Err(TransportError::Unreachable),
                Cut::AnswerLost => {
                    self.real.stream(request, limits).await?;
                    Err(TransportError::Broken)
                }
                Cut::Twice => {
                    self.real.stream(request.clone(), limits).await?;
                    self.real.stream(request, limits).await
                }
                Cut::InTheBody => {
                    let answer = self.real.stream(request, limits).await?;
                    Ok(answer.map(|body| {
                        let body: Box<dyn ResponseBody> = Box::new(BreakingBody(Some(body)));
                        body
                    }))
                }
            }
        })
    }

    fn traffic(&self) -> Traffic {
        self.real.traffic()
    }
}

/// Gives the first piece, then breaks.
struct BreakingBody(Option<Box<dyn ResponseBody>>);

impl ResponseBody for BreakingBody {
    fn next_chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        let body = self.0.take();
        Box::pin(async move {
            match body {
                Some(mut body) => body.next_chunk().await,
                None => Err(TransportError::Broken),
            }
        })
    }
}
