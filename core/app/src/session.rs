//! The core as one object: who is who, which vaults are open.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sokhoe_client::{ClinicClient, Credentials};
use sokhoe_domain::ports::Ports;
use sokhoe_domain::{ClinicId, PersonId, Timestamp};
use sokhoe_sync::{Engine, Lane};
use sokhoe_vault::{
    AccountVault, ClinicRecord, PauseSwitch, PersonRecord, Vault, VaultError, VaultPorts,
};

use crate::config::AppConfig;
use crate::error::AppError;
use crate::move_phone::PendingMove;
use crate::words::Words;

/// The core of the phone app. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct SoKhoe {
    pub(crate) inner: Arc<Session>,
}

pub(crate) struct Session {
    pub(crate) config: AppConfig,
    pub(crate) ports: Ports,
    pub(crate) words: Words,
    pub(crate) account: AccountVault,
    /// Pauses the account and every book together.
    pub(crate) switch: PauseSwitch,
    open: Mutex<HashMap<PersonId, Arc<OpenBook>>>,
    /// The request that this phone shows to an old one.
    moving: Mutex<Option<PendingMove>>,
}

/// A person's vault while it is open.
pub(crate) struct OpenBook {
    pub(crate) person: PersonRecord,
    pub(crate) vault: Vault,
    /// One sending of a person's outbox at a time.
    pub(crate) syncing: tokio::sync::Mutex<()>,
}

impl OpenBook {
    fn new(person: PersonRecord, vault: Vault) -> Self {
        Self {
            person,
            vault,
            syncing: tokio::sync::Mutex::new(()),
        }
    }
}

impl fmt::Debug for SoKhoe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoKhoe").finish_non_exhaustive()
    }
}

impl SoKhoe {
    /// Opens what is on this phone, or begins with nothing.
    ///
    /// # Errors
    /// [`AppError::KeyStore`], [`AppError::DiskFull`], [`AppError::DamagedBook`],
    /// [`AppError::UpgradeRequired`]. None of them touches what is there.
    pub fn open(config: AppConfig, ports: Ports) -> Result<Self, AppError> {
        let switch = PauseSwitch::default();
        let vault_ports = VaultPorts::from(&ports);
        let account = match AccountVault::open_or_create_under(&vault_ports, &switch) {
            Err(VaultError::Corrupt) => AccountVault::rebuild(&vault_ports, &switch)?,
            other => other?,
        };
        let words = Words::new(config.language);
        Ok(Self {
            inner: Arc::new(Session {
                config,
                ports,
                words,
                account,
                switch,
                open: Mutex::default(),
                moving: Mutex::default(),
            }),
        })
    }

    /// What happened, what was kept and what can be done, in the language of the app.
    #[must_use]
    pub fn words_for(&self, error: &AppError) -> String {
        self.inner.words.error(error)
    }
}

impl Session {
    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    pub(crate) fn moving(&self) -> MutexGuard<'_, Option<PendingMove>> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A person's book, opened at the first use. A damaged one is kept aside and begins again; the person
    /// hears of it by an event.
    pub(crate) fn book(&self, person_id: &str) -> Result<Arc<OpenBook>, AppError> {
        let id = PersonId::from(person_id);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let ports = VaultPorts::from(&self.ports);
        if let Some(book) = open.get(&id) {
            if !book.vault.is_damaged() {
                return Ok(Arc::clone(book));
            }
            let person = book.person.clone();
            let rebuilt = book
                .vault
                .rebuild_open(&ports, &person.vault_name, self.now())?;
            let book = Arc::new(OpenBook::new(person, rebuilt.0));
            open.insert(id, Arc::clone(&book));
            return Ok(book);
        }
        let person = self
            .account
            .person(&id)?
            .ok_or_else(|| AppError::not_found("person"))?;
        let (name, switch) = (&person.vault_name, &self.switch);
        let vault = match Vault::open_under(&ports, name, switch) {
            // A person comes in before there is anything to keep.
            Err(VaultError::NotFound) => Vault::create_under(&ports, name, switch)?,
            Err(VaultError::Corrupt) => Vault::rebuild(&ports, name, self.now(), switch)?.0,
            other => other?,
        };
        let book = Arc::new(OpenBook::new(person, vault));
        open.insert(id, Arc::clone(&book));
        Ok(book)
    }

    pub(crate) fn clinic(&self, clinic_id: &str) -> Result<ClinicRecord, AppError> {
        self.account
            .clinic(&ClinicId::from(clinic_id))?
            .ok_or_else(|| AppError::not_found("clinic"))
    }

    /// How to talk to a clinic as this phone.
    pub(crate) fn client(&self, clinic: &ClinicRecord) -> Result<ClinicClient, AppError> {
        let credentials = Credentials {
            token: clinic.token.expose().to_owned().into(),
            device_id: self.account.device_id()?,
        };
        Ok(ClinicClient::new(
            &clinic.base_url,
            Some(credentials),
            Arc::clone(&self.ports.transport),
        )?)
    }

    /// A person's ways to every clinic that keeps a record of them.
    pub(crate) fn lanes(&self, person: &PersonId) -> Result<Vec<Lane>, AppError> {
        let links = self.account.links(person)?;
        links
            .into_iter()
            .map(|link| {
                let clinic = self.clinic(link.clinic.as_str())?;
                Ok(Lane {
                    client: self.client(&clinic)?,
                    clinic: link.clinic,
                    patient_id: link.patient_id,
                })
            })
            .collect()
    }

    pub(crate) fn engine(&self, book: &OpenBook) -> Engine {
        Engine::new(
            book.vault.clone(),
            Arc::clone(&self.ports.clock),
            Arc::clone(&self.ports.rng),
        )
    }
}
