//! What any FHIR R4 server has of a patient: searches, `$everything`, history, page by page.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::ports::Limits;
use sokhoe_domain::{ResourceKey, Timestamp};
use sokhoe_fhir::bundle::{SearchPage, ServerPage};
use sokhoe_fhir::{CapabilityView, FhirError};
use url::Url;

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::{FHIR_JSON, garbled};
use crate::feed::MAX_PAGE_BYTES;

/// What an exchange may cost that brings a page.
const LARGE: Limits = Limits {
    timeout: Duration::from_secs(60),
    max_body: MAX_PAGE_BYTES,
};

/// What is asked of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerQuery {
    /// `Patient/{id}/$everything`, what changed since when set.
    Everything {
        /// The Patient's id.
        patient: String,
        /// Not what changed before.
        since: Option<Timestamp>,
    },
    /// A search of one type for one patient.
    Search {
        /// The type.
        kind: String,
        /// The parameter that names the patient, and its value.
        patient: (String, String),
        /// More parameters.
        others: Vec<(String, String)>,
    },
    /// A search of one type, of nobody in particular.
    Kind {
        /// The type.
        kind: String,
        /// The parameters.
        params: Vec<(String, String)>,
    },
    /// The history of all types: the only place where deletions are told.
    History {
        /// Not what happened before. Without it servers cut the history silently.
        since: Timestamp,
    },
}

/// One page of an answer, still as text; [`PageBody::read`] borrows from it.
#[derive(Clone)]
pub struct PageBody {
    body: String,
    /// Where it came from.
    url: Url,
    /// The server's FHIR base.
    base: Url,
}

impl std::fmt::Debug for PageBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PageBody")
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl PageBody {
    /// What is in it.
    ///
    /// # Errors
    /// [`FhirError`] when the page as a whole cannot be read; a broken entry is a change of its own.
    pub fn read(&self) -> Result<ServerPage<'_>, FhirError> {
        ServerPage::parse(&self.body)
    }

    /// A `next` of this page as an absolute URL: a relative one is below the FHIR base, unless it is a
    /// query alone.
    #[must_use]
    pub fn absolute(&self, next: &str) -> Option<String> {
        let from = if next.starts_with('?') {
            &self.url
        } else {
            &self.base
        };
        from.join(next).ok().map(String::from)
    }
}

/// The answers to several questions, still as text.
#[derive(Clone, Debug)]
pub struct BatchBody {
    page: PageBody,
}

impl BatchBody {
    /// The first pages of what was answered. One that cannot be read is left out.
    ///
    /// # Errors
    /// [`FhirError`] when the answer as a whole cannot be read.
    pub fn read(&self) -> Result<Vec<ServerPage<'_>>, FhirError> {
        let answers = SearchPage::parse(&self.page.body)?;
        Ok(answers
            .of_kind("Bundle")
            .filter_map(|json| ServerPage::parse(json).ok())
            .collect())
    }

    /// A `next` in it as an absolute URL.
    #[must_use]
    pub fn absolute(&self, next: &str) -> Option<String> {
        self.page.absolute(next)
    }
}

/// The base as it is written in other places: some servers know themselves only so.
pub(crate) fn without_slash(base: &Url) -> Url {
    let mut base = base.clone();
    let path = base.path().trim_end_matches('/').to_owned();
    base.set_path(&path);
    base
}

impl ClinicClient {
    /// What the server says it can.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn capabilities(&self) -> Result<CapabilityView, ClientError> {
        let url = self.fhir_url("metadata")?;
        let body = self.read_page(url).await?.body;
        CapabilityView::from_json(&body).map_err(garbled)
    }

    /// The first page of an answer, of about `count` resources.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn query(&self, query: &ServerQuery, count: u32) -> Result<PageBody, ClientError> {
        self.read_page(self.url_of(query, count)?).await
    }

    fn url_of(&self, query: &ServerQuery, count: u32) -> Result<Url, ClientError> {
        let mut url = match query {
            ServerQuery::Everything { patient, since } => {
                let mut url = self.fhir_url(&format!("Patient/{}/$everything", id(patient)?))?;
                if let Some(since) = since {
                    url.query_pairs_mut()
                        .append_pair("_since", &since.to_fhir());
                }
                url
            }
            ServerQuery::Search {
                kind,
                patient,
                others,
            } => {
                let mut url = self.fhir_url(&is_kind(kind)?)?;
                url.query_pairs_mut()
                    .append_pair(&patient.0, &patient.1)
                    .extend_pairs(others);
                url
            }
            ServerQuery::Kind { kind, params } => {
                let mut url = self.fhir_url(&is_kind(kind)?)?;
                url.query_pairs_mut().extend_pairs(params);
                url
            }
            ServerQuery::History { since } => {
                let mut url = self.fhir_url("_history")?;
                url.query_pairs_mut()
                    .append_pair("_since", &since.to_fhir());
                url
            }
        };
        url.query_pairs_mut()
            .append_pair("_count", &count.to_string());
        Ok(url)
    }

    /// The page at a `next` link ([`PageBody::absolute`]). Only the server's own origin is asked, whatever
    /// the link says: it must not lead this phone's token anywhere else, and servers behind a proxy write
    /// names there that only they know.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::NotFound`], [`ClientError::Gone`] or [`ClientError::Refused`] once
    /// the server no longer knows the link.
    pub async fn next_page(&self, next: &str) -> Result<PageBody, ClientError> {
        let next = Url::parse(next).map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        let mut url = self.fhir.clone();
        url.set_path(next.path());
        url.set_query(next.query());
        self.read_page(url).await
    }

    /// Several questions in one exchange (`batch`): the first page of each that the server answers, in no
    /// order. What it does not answer is left out.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn batch(
        &self,
        queries: &[ServerQuery],
        count: u32,
    ) -> Result<BatchBody, ClientError> {
        let mut urls = Vec::with_capacity(queries.len());
        for query in queries {
            let url = self.url_of(query, count)?;
            // Below the FHIR base, as entries of a batch are written.
            let base = self.fhir.as_str();
            let path = url.as_str().strip_prefix(base).unwrap_or(url.as_str());
            urls.push(path.to_owned());
        }
        let request = self
            .request(Method::POST, &without_slash(&self.fhir))?
            .header(CONTENT_TYPE, FHIR_JSON)
            .header(CACHE_CONTROL, "no-cache")
            .body(sokhoe_fhir::bundle::batch_of_reads(&urls).into())
            .map_err(|_| ClientError::Invalid)?;
        let body = self.exchange(request, LARGE).await?;
        Ok(BatchBody {
            page: PageBody {
                body,
                url: self.fhir.clone(),
                base: self.fhir.clone(),
            },
        })
    }

    async fn read_page(&self, url: Url) -> Result<PageBody, ClientError> {
        let request = self
            .request(Method::GET, &url)?
            // Servers keep the results of searches for a while: an old one would be taken for now.
            .header(CACHE_CONTROL, "no-cache")
            .body(Bytes::new())
            .map_err(|_| ClientError::Invalid)?;
        let body = self.exchange(request, LARGE).await?;
        Ok(PageBody {
            body,
            url,
            base: self.fhir.clone(),
        })
    }
}

fn is_kind(kind: &str) -> Result<String, ClientError> {
    let key = ResourceKey::parse(&format!("{kind}/1")).ok_or(ClientError::Invalid)?;
    Ok(key.kind)
}

fn id(patient: &str) -> Result<&str, ClientError> {
    if is_fhir_id(patient) {
        Ok(patient)
    } else {
        Err(ClientError::Garbled(GarbledAnswer::NotFhir))
    }
}
