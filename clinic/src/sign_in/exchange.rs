//! HTTP to a provider: over TLS, bounded in size and time, without redirects.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;

use super::provider::ProviderError;

/// The longest answer. Sets of keys have some kilobytes.
const LONGEST: usize = 128 * 1024;
/// The longest that an answer may take, with its body.
const TIME: Duration = Duration::from_secs(5);

/// What asks a provider.
#[derive(Debug)]
pub(super) struct Http(Client);

impl Http {
    /// Trusts the public authorities.
    pub fn new() -> Option<Self> {
        let roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let tls = rustls::ClientConfig::builder_with_provider(
            rustls::crypto::ring::default_provider().into(),
        )
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
        #[expect(
            clippy::disallowed_methods,
            reason = "the clinic's one HTTP client: it has its own TLS, limits and timeouts"
        )]
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            // A redirect could lead from a provider to whatever the clinic's network has.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(TIME)
            .user_agent(concat!("sokhoe-clinic/", env!("CARGO_PKG_VERSION")))
            .build();
        client.ok().map(Self)
    }

    /// A document.
    pub async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, ProviderError> {
        let (status, body) = read(self.0.get(url)).await?;
        if status != StatusCode::OK {
            return Err(ProviderError::Unreachable("status"));
        }
        serde_json::from_slice(&body).map_err(|_| ProviderError::Unreachable("garbled"))
    }

    /// The answer to a form, of whatever status.
    pub async fn post(
        &self,
        url: &str,
        form: String,
        authorization: Option<String>,
    ) -> Result<(StatusCode, Vec<u8>), ProviderError> {
        let mut request = self
            .0
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        read(request).await
    }
}

/// The whole answer, as long as it is not too long.
async fn read(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), ProviderError> {
    let failed = |error: reqwest::Error| {
        ProviderError::Unreachable(match error.is_timeout() {
            true => "slow",
            false => "no answer",
        })
    };
    let mut response = request.timeout(TIME).send().await.map_err(failed)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > LONGEST {
            return Err(ProviderError::Unreachable("too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}
