//! How a core is set up, and the real ports.

use std::path::Path;
use std::sync::Arc;

use ring::rand::SecureRandom;
use sokhoe_client::HttpTransport;
use sokhoe_domain::ports::{KeyStore, Ports, Rng};
use sokhoe_vault::FolderFiles;

use crate::error::AppError;
use crate::system_clock::SystemClock;
use crate::words::Language;

/// What an app decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppConfig {
    /// The language of every text that comes out.
    pub language: Language,
    /// A name that a clinic's desk can show for this phone.
    pub device_name: String,
}

/// The operating system's random numbers.
#[derive(Clone, Debug)]
pub struct SystemRng {
    source: ring::rand::SystemRandom,
}

impl Default for SystemRng {
    fn default() -> Self {
        Self {
            source: ring::rand::SystemRandom::new(),
        }
    }
}

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        // ring fails only where the operating system has no random numbers at all: no key may be made then.
        assert!(
            self.source.fill(bytes).is_ok(),
            "the operating system gives no random numbers"
        );
    }
}

/// The real ports: this device's clock, random numbers and network, vaults in `folder`, and the
/// phone's key store.
///
/// # Errors
/// [`AppError::DiskFull`] or [`AppError::Internal`] when the folder cannot be made or TLS not set up.
pub fn system_ports(folder: &Path, keys: Arc<dyn KeyStore>) -> Result<Ports, AppError> {
    let files = FolderFiles::open(folder).map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => AppError::DiskFull,
        _ => AppError::internal("folder"),
    })?;
    let transport = HttpTransport::new().map_err(|_| AppError::internal("tls"))?;
    Ok(Ports {
        clock: Arc::new(SystemClock),
        rng: Arc::new(SystemRng::default()),
        transport: Arc::new(transport),
        keys,
        files: Arc::new(files),
    })
}
