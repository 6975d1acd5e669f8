//! A clinic's access log: a person's entries, and heads.

use bytes::Bytes;
use http::Method;
use sokhoe_fhir::{AccessLogHead, AccessLogPage};

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::{ORDINARY, garbled};

impl ClinicClient {
    /// The newest entries of a person, at most `count`. Nothing in them is proved yet.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn access_log(
        &self,
        patient_id: &str,
        count: usize,
    ) -> Result<AccessLogPage, ClientError> {
        if !sokhoe_domain::ids::is_fhir_id(patient_id) {
            return Err(ClientError::Garbled(GarbledAnswer::NotFhir));
        }
        let body = self
            .get(&format!("AuditEvent?patient={patient_id}&_count={count}"))
            .await?;
        AccessLogPage::parse(&body).map_err(garbled)
    }

    /// The head of the first `to` entries of the whole log, or the newest, and what proves that it follows that of the first
    /// `from`.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn access_log_head(
        &self,
        from: u64,
        to: Option<u64>,
    ) -> Result<AccessLogHead, ClientError> {
        let to = to.map_or_else(String::new, |to| format!("&to={to}"));
        let url = self.url(&format!("access-log/head?from={from}{to}"))?;
        let request = self
            .request(Method::GET, &url)?
            .body(Bytes::new())
            .map_err(|_| ClientError::Invalid)?;
        let body = self.exchange(request, ORDINARY).await?;
        AccessLogHead::parse(&body).map_err(garbled)
    }
}
