//! How many bytes went over the wire.
//!
//! Counted are heads as HTTP/1.1 writes them (HTTP/2 needs fewer) and bodies as they travel, compressed.
//! Not seen are the frames of TCP and TLS, some 5 %; a new TLS connection is put at [`HANDSHAKE`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Uri};
use sokhoe_domain::ports::Traffic;
use tokio::time::Instant;

/// What opening a connection with TLS 1.3 takes, mostly the certificates.
const HANDSHAKE: usize = 5_000;

/// Counts for all clones together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    sent: AtomicU64,
    received: AtomicU64,
    /// When each host was called last.
    called: Mutex<HashMap<String, Instant>>,
}

/// `name: value`, and the end of the line.
fn size(head: &HeaderMap) -> usize {
    head.iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}

impl Counts {
    pub(crate) fn sent(&self, uri: &Uri, head: &HeaderMap, body: usize) {
        // The method, the version, the host and the agent.
        let bytes = uri.to_string().len() + size(head) + body + 60;
        self.0.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A connection to this host is there; one that was idle for so long is a new one.
    pub(crate) fn connected(&self, uri: &Uri, idle: Duration) {
        let Some(host) = uri
            .authority()
            .filter(|_| uri.scheme_str() == Some("https"))
        else {
            return;
        };
        let now = Instant::now();
        let mut called = self.0.called.lock().unwrap_or_else(PoisonError::into_inner);
        let before = called.insert(host.to_string(), now);
        if before.is_none_or(|before| now.duration_since(before) > idle) {
            self.received(HANDSHAKE);
        }
    }

    pub(crate) fn received_head(&self, head: &HeaderMap) {
        self.received(size(head) + 20);
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.0.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn total(&self) -> Traffic {
        Traffic {
            sent: self.0.sent.load(Ordering::Relaxed),
            received: self.0.received.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_counted_when_it_is_new_and_costs_anything() {
        tokio::time::pause();
        let counts = Counts::default();
        let idle = Duration::from_secs(60);
        let https: Uri = "https://a.example/fhir/metadata".parse().unwrap();
        let other: Uri = "https://b.example/fhir/metadata".parse().unwrap();
        counts.connected(&https, idle);
        counts.connected(&https, idle);
        let handshakes = |count: u64| count * HANDSHAKE as u64;
        assert_eq!(counts.total().received, handshakes(1));
        counts.connected(&other, idle);
        counts.connected(&"http://127.0.0.1/x".parse().unwrap(), idle);
        assert_eq!(counts.total().received, handshakes(2));
        tokio::time::advance(Duration::from_secs(61)).await;
        counts.connected(&https, idle);
        assert_eq!(counts.total().received, handshakes(3));
    }
}
