//! Requests taken apart, and how the server writes times and versions.

use bytes::Bytes;
use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use http::{HeaderMap, Method, Request};
use sokhoe_domain::{ResourceKey, Timestamp};

use super::manners::{Manners, Offset};
use super::paging::path_of;

/// A request below the server's base.
pub(super) struct Asked {
    pub(super) method: Method,
    /// The path behind the base.
    pub(super) path: Vec<String>,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Asked {
    /// None when it is for another place, or its body is not text.
    pub(super) fn of(request: Request<Bytes>, base: &str) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().strip_prefix(path_of(base))?;
        Some(Self {
            method: parts.method,
            path: path
                .split('/')
                .filter(|part| !part.is_empty())
                .map(|part| part.replace("%24", "$"))
                .collect(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).ok()?,
        })
    }

    /// A read of an entry's url.
    pub(super) fn read_of(url: &str) -> Self {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let mut headers = HeaderMap::new();
        // What others asked alone a moment ago is not remembered for a batch.
        headers.insert("cache-control", http::HeaderValue::from_static("no-cache"));
        Self {
            method: Method::GET,
            path: path
                .split('/')
                .filter(|part| !part.is_empty())
                .map(|part| part.replace("%24", "$"))
                .collect(),
            query: query.to_owned(),
            headers,
            body: String::new(),
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Whether the client wants no answer from memory.
    pub(super) fn wants_fresh(&self) -> bool {
        self.header("cache-control")
            .is_some_and(|wish| wish.contains("no-cache") || wish.contains("no-store"))
    }
}

fn utc(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.as_millis()).unwrap_or_default()
}

/// `meta.lastUpdated` of a version.
pub(super) fn last_updated(
    at: Timestamp,
    key: &ResourceKey,
    version: u64,
    manners: &Manners,
) -> String {
    match manners.stamps {
        Offset::Utc => instant(at),
        Offset::AnyWithoutMillis => {
            let hours = [0, 7, -5, 9][mixed(key, version) % 4];
            match FixedOffset::east_opt(hours * 3600) {
                Some(offset) => utc(at)
                    .with_timezone(&offset)
                    .to_rfc3339_opts(SecondsFormat::Secs, true),
                None => instant(at),
            }
        }
    }
}

/// As HAPI writes it: `2026-11-29T08:26:38.098+00:00`.
pub(super) fn instant(at: Timestamp) -> String {
    utc(at).to_rfc3339_opts(SecondsFormat::Millis, false)
}

pub(super) fn http_date(at: Timestamp) -> String {
    utc(at).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub(super) fn etag(key: &ResourceKey, version: u64, manners: &Manners) -> String {
    let form = if manners.any_etags {
        mixed(key, version) % 3
    } else {
        0
    };
    match form {
        1 => format!("\"{version}\""),
        2 => version.to_string(),
        _ => format!("W/\"{version}\""),
    }
}

/// A number that belongs to a version and looks like any.
fn mixed(key: &ResourceKey, version: u64) -> usize {
    let sum: u64 = key.id.bytes().map(u64::from).sum();
    usize::try_from((sum + version) % 1000).unwrap_or_default()
}
