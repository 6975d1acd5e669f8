//! TLS to a database server.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::StoreError;

/// Connects only to servers that one of these authorities vouches for: those of a PEM file, or where none is named the
/// public ones.
pub(super) fn connector(authorities: Option<&Path>) -> Result<MakeRustlsConnect, StoreError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(file) => {
            let found =
                CertificateDer::pem_file_iter(file).map_err(|_| StoreError::BadAuthorities)?;
            for certificate in found {
                let certificate = certificate.map_err(|_| StoreError::BadAuthorities)?;
                roots
                    .add(certificate)
                    .map_err(|_| StoreError::BadAuthorities)?;
            }
            if roots.is_empty() {
                return Err(StoreError::BadAuthorities);
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| StoreError::BadAuthorities)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
