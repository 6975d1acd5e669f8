//! A clinic to talk to.

use std::fmt;
use std::sync::Arc;

use sokhoe_domain::ports::Transport;
use sokhoe_fhir::ServiceView;
use sokhoe_fhir::bundle::SearchPage;
use url::Url;
use zeroize::Zeroizing;

use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::garbled;
use crate::proof::Prover;
use crate::tokens::TokenStore;

/// One clinic, and what this phone is known by there. Cheap to clone.
#[derive(Clone)]
pub struct ClinicClient {
    pub(crate) base: Url,
    /// The FHIR base, which ends with a slash.
    pub(crate) fhir: Url,
    /// The bearer token that somebody else's server wants to see, if it does.
    pub(crate) token: Option<Zeroizing<String>>,
    /// What a clinic of ours knows this phone by.
    pub(crate) known_by: Option<KnownBy>,
    pub(crate) transport: Arc<dyn Transport>,
}

/// What makes this phone known to a clinic of ours.
#[derive(Clone)]
pub struct KnownBy {
    /// Signs every request.
    pub prover: Prover,
    /// Where its tokens are; none before it is enrolled.
    pub tokens: Option<Arc<dyn TokenStore>>,
}

impl fmt::Debug for KnownBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownBy").finish_non_exhaustive()
    }
}

impl fmt::Debug for ClinicClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClinicClient")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl ClinicClient {
    /// A clinic of ours at `base_url`: https, or http on this machine only.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] for any other URL.
    pub fn new(
        base_url: &str,
        known_by: Option<KnownBy>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ClientError> {
        let base = folder(base_url)?;
        let fhir = base.join("fhir/").map_err(|_| ClientError::Invalid)?;
        Ok(Self {
            base,
            fhir,
            token: None,
            known_by,
            transport,
        })
    }

    /// Any FHIR R4 server at its FHIR base: https, or http on this machine only.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] for any other URL.
    pub fn of_server(
        fhir_base_url: &str,
        token: Option<Zeroizing<String>>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ClientError> {
        let fhir = folder(fhir_base_url)?;
        Ok(Self {
            base: fhir.clone(),
            fhir,
            token,
            known_by: None,
            transport,
        })
    }

    /// The FHIR base, which ends with a slash.
    #[must_use]
    pub fn fhir_base(&self) -> &str {
        self.fhir.as_str()
    }

    /// Scheme, host and port: what fails and recovers together.
    #[must_use]
    pub fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    pub(crate) fn url(&self, path_and_query: &str) -> Result<Url, ClientError> {
        self.base
            .join(path_and_query)
            .map_err(|_| ClientError::Invalid)
    }

    pub(crate) fn fhir_url(&self, path_and_query: &str) -> Result<Url, ClientError> {
        self.fhir
            .join(path_and_query)
            .map_err(|_| ClientError::Invalid)
    }

    /// The services that can be booked. One that cannot be read is left out.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn services(&self) -> Result<Vec<ServiceView>, ClientError> {
        let body = self.get("HealthcareService?_count=200").await?;
        let page = SearchPage::parse(&body).map_err(garbled)?;
        Ok(page
            .of_kind("HealthcareService")
            .filter_map(|json| ServiceView::from_json(json).ok())
            .collect())
    }

    /// One resource as the clinic sent it.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn resource(&self, key: &sokhoe_domain::ResourceKey) -> Result<String, ClientError> {
        if !sokhoe_domain::ids::is_fhir_id(&key.id) {
            return Err(ClientError::Garbled(GarbledAnswer::NotFhir));
        }
        self.get(&format!("{}/{}", key.kind, key.id)).await
    }
}

/// A base that others are joined to.
fn folder(url: &str) -> Result<Url, ClientError> {
    let mut base = Url::parse(url).map_err(|_| ClientError::Invalid)?;
    let here = matches!(base.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if base.scheme() != "https" && !(base.scheme() == "http" && here) {
        return Err(ClientError::Invalid);
    }
    if !base.path().ends_with('/') {
        let path = format!("{}/", base.path());
        base.set_path(&path);
    }
    Ok(base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sokhoe_domain::ports::{BoxFuture, Limits, TransportError};

    struct Nowhere;
    impl Transport for Nowhere {
        fn send(
            &self,
            _: http::Request<bytes::Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<http::Response<bytes::Bytes>, TransportError>> {
            Box::pin(async { Err(TransportError::Unreachable) })
        }
    }

    #[test]
    fn clear_text_stays_on_this_machine() {
        for (url, allowed) in [
            ("https://benhvien.example/sokhoe", true),
            ("http://127.0.0.1:8080", true),
            ("http://localhost:8080/", true),
            ("http://[::1]:8080", true),
            ("http://benhvien.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("ftp://benhvien.example", false),
            ("", false),
        ] {
            assert_eq!(
                ClinicClient::new(url, None, Arc::new(Nowhere)).is_ok(),
                allowed,
                "{url}"
            );
        }
    }

    #[test]
    fn a_base_may_have_a_path() {
        let client = ClinicClient::new("https://a.example/kham", None, Arc::new(Nowhere)).unwrap();
        assert_eq!(
            client.fhir_url("metadata").unwrap().as_str(),
            "https://a.example/kham/fhir/metadata"
        );
    }
}
