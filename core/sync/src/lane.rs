//! A person's way to one clinic.

use std::fmt;
use std::sync::Arc;

use sokhoe_client::ClinicClient;
use sokhoe_domain::ports::{Clock, Rng};
use sokhoe_domain::{ClinicId, Wire};
use sokhoe_qr::PublicKey;
use sokhoe_vault::Vault;

use crate::bounds::Bounds;
use crate::server_slots::HeardWays;

/// One person at one clinic.
#[derive(Clone)]
pub struct Lane {
    /// The clinic.
    pub clinic: ClinicId,
    /// The person's Patient id there.
    pub patient_id: String,
    /// How to reach it.
    pub client: ClinicClient,
    /// What it speaks.
    pub wire: Wire,
    /// Whose signature counts as its own, since this phone was enrolled; no key of anybody at a server that signs nothing.
    pub public_key: PublicKey,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("clinic", &self.clinic)
            .finish_non_exhaustive()
    }
}

/// Brings one person's vault into step with clinics.
#[derive(Clone)]
pub struct Engine {
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) bounds: Bounds,
    pub(crate) heard: HeardWays,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine for this vault.
    #[must_use]
    pub fn new(vault: Vault, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self {
            vault,
            clock,
            rng,
            bounds: Bounds::default(),
            heard: HeardWays::default(),
        }
    }

    /// The same, going no further than this.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// The same, knowing what others heard of servers.
    #[must_use]
    pub fn knowing(self, heard: HeardWays) -> Self {
        Self { heard, ..self }
    }
}
