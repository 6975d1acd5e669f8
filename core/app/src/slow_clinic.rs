//! A clinic for tests that takes its time, on the runtime's own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{
    BoxFuture, Clock, Limits, ResponseBody, StreamLimits, Traffic, Transport, TransportError,
};
use tokio::time::Instant;

/// Resources of a page.
pub(crate) const EACH: usize = 3;

/// The runtime's time.
pub(crate) struct SimClock(pub(crate) Instant);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::parse_fhir("2026-11-24T08:30:00+07:00")
            .unwrap()
            .plus(self.0.elapsed())
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(span))
    }
}

/// A clinic whose feed has pages, and which takes its time over every answer.
#[derive(Default)]
pub(crate) struct SlowClinic {
    pub(crate) pages: AtomicU64,
    takes: Mutex<Duration>,
    /// Those of medicines, one when this says nothing.
    pub(crate) medicines: AtomicU64,
    asked: Mutex<Vec<String>>,
    /// Whose feed was asked for, in order.
    whose: Mutex<Vec<String>>,
    /// The connections that are open for news.
    pub(crate) live: Arc<AtomicU64>,
    bytes: AtomicU64,
}

impl SlowClinic {
    /// With so many pages in everybody's feed, and so many seconds for each answer.
    pub(crate) fn new(pages: u64, takes: u64) -> Self {
        Self {
            pages: AtomicU64::new(pages),
            takes: Mutex::new(Duration::from_secs(takes)),
            ..Self::default()
        }
    }

    /// Whose feed was asked for since the last time, each once in a row.
    pub(crate) fn whose(&self) -> Vec<String> {
        let mut whose = std::mem::take(&mut *self.whose.lock().unwrap());
        whose.dedup();
        whose
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn answer(&self, request: &http::Request<Bytes>) -> String {
        let path = request.uri().path();
        let (kind, query) = (
            path.rsplit('/').next().unwrap(),
            request.uri().query().unwrap_or_default(),
        );
        match kind {
            "$changes" => {
                let patient = path.rsplit('/').nth(1).unwrap().to_owned();
                self.whose.lock().unwrap().push(patient);
                let from = query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("cursor="));
                self.page(from.map_or(0, |from| from.parse().unwrap()))
            }
            "$book" => {
                let id = request.headers()["idempotency-key"].to_str().unwrap();
                format!(
                    r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{{"resourceType":"Appointment","id":"{id}","status":"booked"}}}}]}}"#
                )
            }
            "MedicationRequest" => {
                let many = self.medicines.load(Ordering::SeqCst).max(1);
                let medicines: Vec<_> = (0..many)
                    .map(|n| {
                        format!(
                            r#"{{"resource":{{"resourceType":"MedicationRequest","id":"m{n}","status":"active","medicationCodeableConcept":{{"text":"Amlodipin {n}"}}}},"search":{{"mode":"match"}}}}"#
                        )
                    })
                    .collect();
                format!(
                    r#"{{"resourceType":"Bundle","type":"searchset","entry":[{}]}}"#,
                    medicines.join(",")
                )
            }
            _ => r#"{"resourceType":"Bundle","type":"searchset"}"#.to_owned(),
        }
    }

    pub(crate) fn page(&self, from: u64) -> String {
        let pages = self.pages.load(Ordering::SeqCst);
        let at = "2026-11-24T08:00:00+07:00";
        let (to, entries) = if from < pages {
            let entries: Vec<_> = (0..EACH)
                .map(|n| {
                    let id = format!("o-{from}-{n}");
                    format!(
                        r#"{{"fullUrl":"https://a.example/fhir/Observation/{id}","resource":{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"Glucose"}},"effectiveDateTime":"{at}"}},"request":{{"method":"PUT","url":"Observation/{id}"}},"response":{{"status":"201","etag":"W/\"1\"","lastModified":"{at}"}}}}"#
                    )
                })
                .collect();
            (from + 1, entries.join(","))
        } else {
            (from, String::new())
        };
        let next = match to < pages {
            true => format!(r#",{{"relation":"next","url":"https://a.example/x?cursor={to}"}}"#),
            false => String::new(),
        };
        format!(
            r#"{{"resourceType":"Bundle","type":"history","link":[{{"relation":"self","url":"https://a.example/x?cursor={to}"}}{next}],"entry":[{entries}]}}"#
        )
    }
}

impl Transport for SlowClinic {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let kind = request.uri().path().rsplit('/').next().unwrap().to_owned();
        self.asked.lock().unwrap().push(kind);
        let answer = self.answer(&request);
        let takes = *self.takes.lock().unwrap();
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            self.bytes.fetch_add(answer.len() as u64, Ordering::SeqCst);
            Ok(http::Response::new(answer.into()))
        })
    }

    fn stream(
        &self,
        request: http::Request<Bytes>,
        _: StreamLimits,
    ) -> BoxFuture<'_, Result<http::Response<Box<dyn ResponseBody>>, TransportError>> {
        assert_eq!(request.uri().path(), "/live");
        self.live.fetch_add(1, Ordering::SeqCst);
        let body: Box<dyn ResponseBody> = Box::new(Live(Arc::clone(&self.live), true));
        let answer = http::Response::builder().header("content-type", "text/event-stream");
        Box::pin(async move { Ok(answer.body(body).unwrap()) })
    }

    fn traffic(&self) -> Traffic {
        Traffic {
            sent: 0,
            received: self.bytes.load(Ordering::SeqCst),
        }
    }
}

/// Says that it is ready, and nothing more.
struct Live(Arc<AtomicU64>, bool);

impl ResponseBody for Live {
    fn next_chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        let ready = std::mem::take(&mut self.1);
        Box::pin(async move {
            if !ready {
                std::future::pending::<()>().await;
            }
            Ok(Some(Bytes::from_static(b"event: ready\ndata: \n\n")))
        })
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
