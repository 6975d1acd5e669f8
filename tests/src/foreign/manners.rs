//! What servers do differently.

use std::time::Duration;

use sokhoe_domain::Timestamp;

/// How a stale `If-Match` is refused: the standard says 412, HAPI says 409.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaleVersion {
    /// 409
    Conflict,
    /// 412
    PreconditionFailed,
}

/// How `meta.lastUpdated` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// `2026-11-29T08:26:38.098+00:00`
    Utc,
    /// One of several offsets for each version, without milliseconds.
    AnyWithoutMillis,
}

/// How a server behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a habit of its own, and every combination is somebody's server"
)]
pub struct Manners {
    /// What it calls itself.
    pub software: (&'static str, &'static str),
    /// Entries of a page when the client does not say.
    pub page: usize,
    /// Entries of a page whatever the client says.
    pub most_on_a_page: usize,
    /// `_count` is not heeded.
    pub ignores_count: bool,
    /// How long a `next` link of a search works. Later it is answered with 410.
    pub pages_live: Duration,
    /// How long the same search gets the same resources again, whatever came since, unless it says
    /// `Cache-Control: no-cache`.
    pub searches_remembered: Duration,
    /// How long the number of versions that a `_history` without `_since` found is believed. What came
    /// since does not fit any more, and the oldest are cut off.
    pub history_count_remembered: Duration,
    /// There is `_history`, of a resource, a type and the system.
    pub history: bool,
    /// There is `Patient/{id}/$everything`.
    pub everything: bool,
    /// `$everything` heeds `_since`.
    pub everything_since: bool,
    /// What comes back after it was deleted leaves out a version.
    pub skips_a_version: bool,
    /// The code for a version that is not the current one.
    pub stale: StaleVersion,
    /// A `DELETE` heeds `If-Match`.
    pub delete_if_match: bool,
    /// The Bundle that answers a transaction has bare versions for `etag`.
    pub bare_transaction_etags: bool,
    /// `ETag` is weak, strong or bare, as it comes.
    pub any_etags: bool,
    /// References must be to something that is there.
    pub refuses_dangling: bool,
    /// What others refer to cannot be deleted.
    pub refuses_delete_of_referenced: bool,
    /// How `meta.lastUpdated` is written.
    pub stamps: Offset,
    /// Versions carry a `meta.source` of the request that made them.
    pub source: bool,
    /// Up to so many entries of a page come on the next one again.
    pub pages_overlap: usize,
    /// `next` links are absolute, from the root of the host, or relative, as it comes.
    pub any_next_links: bool,
    /// After the last entries comes a page without any, whose `next` is itself.
    pub ends_with_an_empty_page: bool,
    /// Of a hundred resources that changed while somebody pages, so many are on no page.
    pub loses_changed_rows: u8,
    /// Of a hundred requests, so many are answered with 503 and `Retry-After`.
    pub busy: u8,
    /// A `transaction` is processed, and told in the CapabilityStatement.
    pub transactions: bool,
    /// A client may give a new resource its id.
    pub client_ids: bool,
    /// Whether it may stands in the CapabilityStatement.
    pub says_client_ids: bool,
    /// A `POST` heeds `If-None-Exist`.
    pub conditional_create: bool,
    /// So long searches, and what is conditional on one, find everything as it was before: the index comes later.
    pub search_lags: Duration,
    /// There is `_include`, also of what came along, and the CapabilityStatement says of what.
    pub includes: bool,
    /// `Prefer: return=representation` brings what a transaction wrote.
    pub gives_what_it_wrote: bool,
    /// An Appointment that comes as `booked` is `pending` until the clinic says more.
    pub confirms_later: bool,
}

impl Manners {
    /// Until when what was written is found by searches: all of it without a lag, also what has the time of a clock
    /// that was ahead.
    pub(super) fn indexed_until(&self, now: Timestamp) -> Timestamp {
        match self.search_lags {
            Duration::ZERO => Timestamp::from_millis(i64::MAX),
            lag => now.minus(lag),
        }
    }

    /// HAPI FHIR JPA 8.8 as it comes.
    #[must_use]
    pub const fn hapi() -> Self {
        Self {
            software: ("HAPI FHIR Server", "8.8.0"),
            page: 10,
            most_on_a_page: 50,
            ignores_count: false,
            pages_live: Duration::from_secs(3600),
            searches_remembered: Duration::from_secs(60),
            history_count_remembered: Duration::from_secs(60),
            history: true,
            everything: true,
            everything_since: false,
            skips_a_version: true,
            stale: StaleVersion::Conflict,
            delete_if_match: false,
            bare_transaction_etags: true,
            any_etags: false,
            refuses_dangling: true,
            refuses_delete_of_referenced: true,
            stamps: Offset::Utc,
            source: true,
            pages_overlap: 0,
            any_next_links: false,
            ends_with_an_empty_page: false,
            loses_changed_rows: 0,
            busy: 0,
            transactions: true,
            client_ids: true,
            says_client_ids: false,
            conditional_create: true,
            search_lags: Duration::ZERO,
            includes: true,
            gives_what_it_wrote: true,
            confirms_later: false,
        }
    }

    /// Everything that a client has to live with, at once.
    #[must_use]
    pub const fn sloppy() -> Self {
        Self {
            software: ("Home-made", "0.9"),
            page: 7,
            most_on_a_page: 7,
            ignores_count: true,
            pages_live: Duration::from_secs(120),
            searches_remembered: Duration::ZERO,
            history_count_remembered: Duration::ZERO,
            history: false,
            everything: false,
            everything_since: false,
            skips_a_version: false,
            stale: StaleVersion::PreconditionFailed,
            delete_if_match: true,
            bare_transaction_etags: false,
            any_etags: true,
            refuses_dangling: false,
            refuses_delete_of_referenced: false,
            stamps: Offset::AnyWithoutMillis,
            source: false,
            pages_overlap: 2,
            any_next_links: true,
            ends_with_an_empty_page: true,
            loses_changed_rows: 50,
            busy: 4,
            transactions: true,
            client_ids: false,
            says_client_ids: true,
            conditional_create: false,
            search_lags: Duration::ZERO,
            includes: false,
            gives_what_it_wrote: false,
            confirms_later: false,
        }
    }
}
