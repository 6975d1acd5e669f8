//! The commit-ordered feed of one patient's changes.

use std::time::Duration;

use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::ports::Limits;
use sokhoe_fhir::FhirError;
use sokhoe_fhir::bundle::ChangePage;

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};

/// The longest page that is taken in; a clinic that sends more is refused.
pub const MAX_PAGE_BYTES: usize = 32 << 20;

/// One page of the feed, still as text; [`FeedPage::read`] borrows from it.
#[derive(Clone)]
pub struct FeedPage {
    body: String,
}

impl std::fmt::Debug for FeedPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FeedPage")
            .field("bytes", &self.body.len())
            .finish()
    }
}

impl FeedPage {
    /// The changes in commit order, and the cursor to give next time.
    ///
    /// # Errors
    /// [`FhirError`] when the page as a whole cannot be read; a broken entry is a change of its own.
    pub fn read(&self) -> Result<ChangePage<'_>, FhirError> {
        ChangePage::parse(&self.body)
    }

    /// Its length in bytes, decompressed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }
}

impl ClinicClient {
    /// The changes of a patient after `cursor` (from the beginning when unset), at most `count`.
    /// With `wait`, a clinic that has nothing new keeps its answer back for up to that long.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::Gone`] when the cursor is no longer valid.
    pub async fn changes(
        &self,
        patient_id: &str,
        cursor: Option<&str>,
        count: u32,
        wait: Option<Duration>,
    ) -> Result<FeedPage, ClientError> {
        if !is_fhir_id(patient_id) {
            return Err(ClientError::Garbled(GarbledAnswer::NotFhir));
        }
        let mut url = self.fhir_url(&format!("Patient/{patient_id}/$changes"))?;
        url.query_pairs_mut()
            .append_pair("_count", &count.to_string());
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let mut request = self.request(http::Method::GET, &url)?;
        let mut timeout = Duration::from_secs(60);
        if let Some(wait) = wait {
            request = request.header("prefer", format!("wait={}", wait.as_secs()));
            timeout += wait;
        }
        let request = request
            .body(bytes::Bytes::new())
            .map_err(|_| ClientError::Invalid)?;
        let body = self
            .exchange(
                request,
                Limits {
                    timeout,
                    max_body: MAX_PAGE_BYTES,
                },
            )
            .await?;
        Ok(FeedPage { body })
    }
}
