//! The core as one object: who is who, which vaults are open.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sokhoe_client::{ClinicClient, ServerClocks};
use sokhoe_domain::ports::Ports;
use sokhoe_domain::{ClinicId, PersonId, Timestamp, Wire};
use sokhoe_sync::{Engine, HeardWays, HostPaces, Lane, SyncConditions};
use sokhoe_vault::{
    AccountVault, ClinicRecord, PauseSwitch, PersonRecord, Vault, VaultError, VaultPorts,
};
use tokio::sync::watch;

use crate::conditions::DataCount;
use crate::config::AppConfig;
use crate::device_keys::{self, Turns};
use crate::documents::GoneDocuments;
use crate::error::AppError;
use crate::leases::Leases;
use crate::move_phone::PendingMove;
use crate::observe::Watchers;
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
    pub(crate) watchers: Arc<Watchers>,
    pub(crate) vault_ports: VaultPorts,
    /// When clinics may be called again, whoever's book it is for.
    pub(crate) paces: HostPaces,
    /// By how much the phone's clock differs from the clinics'.
    pub(crate) server_clocks: ServerClocks,
    /// Who renews a clinic's tokens.
    pub(crate) turns: Turns,
    /// What foreign servers said of booking.
    heard_ways: HeardWays,
    /// Under which leases the books of others are kept.
    pub(crate) leases: Leases,
    /// What the phone told of itself last.
    pub(crate) conditions: watch::Sender<SyncConditions>,
    data: Mutex<DataCount>,
    account: Mutex<Option<AccountVault>>,
    /// Pauses the account and every book together.
    pub(crate) switch: PauseSwitch,
    /// A place a person: whoever opens a book holds that place, and nobody else's.
    open: Mutex<HashMap<PersonId, Place>>,
    /// The request that this phone shows to an old one.
    moving: Mutex<Option<PendingMove>>,
}

/// Where a person's book is once it is open.
type Place = Arc<Mutex<Option<Arc<OpenBook>>>>;

/// A person's vault while it is open.
pub(crate) struct OpenBook {
    pub(crate) person: PersonRecord,
    pub(crate) vault: Vault,
    /// One sending of a person's outbox at a time.
    pub(crate) syncing: tokio::sync::Mutex<()>,
    gone_documents: Mutex<GoneDocuments>,
}

impl OpenBook {
    fn new(person: PersonRecord, vault: Vault) -> Self {
        Self {
            person,
            vault,
            syncing: tokio::sync::Mutex::new(()),
            gone_documents: Mutex::default(),
        }
    }

    pub(crate) fn gone_documents(&self) -> MutexGuard<'_, GoneDocuments> {
        held(&self.gone_documents)
    }
}

pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the vaults need of the ports, with the one ring of this session.
pub(crate) fn vault_ports(ports: &Ports) -> VaultPorts {
    VaultPorts::new(
        Arc::clone(&ports.files),
        Arc::clone(&ports.keys),
        Arc::clone(&ports.rng),
    )
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
        let vault_ports = vault_ports(&ports);
        Self::open_with(config, ports, vault_ports)
    }

    pub(crate) fn open_with(
        config: AppConfig,
        ports: Ports,
        vault_ports: VaultPorts,
    ) -> Result<Self, AppError> {
        let server_clocks = ServerClocks::default();
        let transport =
            server_clocks.beside(Arc::clone(&ports.transport), Arc::clone(&ports.clock));
        let ports = Ports { transport, ..ports };
        let session = Session {
            server_clocks,
            turns: Turns::default(),
            heard_ways: HeardWays::default(),
            words: Words::new(config.language),
            config,
            paces: HostPaces::new(Arc::clone(&ports.clock), Arc::clone(&ports.rng)),
            leases: Leases::new(&*ports.clock, &*ports.rng),
            conditions: watch::Sender::new(SyncConditions::default()),
            data: Mutex::default(),
            ports,
            watchers: Arc::default(),
            vault_ports,
            account: Mutex::default(),
            switch: PauseSwitch::default(),
            open: Mutex::default(),
            moving: Mutex::default(),
        };
        session.account()?;
        Ok(Self {
            inner: Arc::new(session),
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

    pub(crate) fn data_count(&self) -> MutexGuard<'_, DataCount> {
        held(&self.data)
    }

    pub(crate) fn moving(&self) -> MutexGuard<'_, Option<PendingMove>> {
        held(&self.moving)
    }

    /// The account, opened again when the phone was locked. A damaged one is kept aside and its rows are
    /// written anew, when all of them still read.
    pub(crate) fn account(&self) -> Result<AccountVault, AppError> {
        let mut place = held(&self.account);
        if let Some(account) = place.as_ref().filter(|account| !account.is_locked()) {
            return Ok(account.clone());
        }
        let account = match AccountVault::open_or_create_under(&self.vault_ports, &self.switch) {
            Err(VaultError::Corrupt) => AccountVault::rebuild(&self.vault_ports, &self.switch)?,
            other => other?,
        };
        Ok(place.insert(account).clone())
    }

    /// The account when it is open; asks no key store.
    pub(crate) fn open_account(&self) -> Option<AccountVault> {
        let place = self.account.try_lock().ok()?;
        place.clone().filter(|account| !account.is_locked())
    }

    /// A person's book, opened at the first use and when the phone was locked. A key store that takes its
    /// time holds up only whoever wants this book. A damaged book is kept aside and begins again; the
    /// person hears of it by an event.
    pub(crate) fn book(&self, person_id: &str) -> Result<Arc<OpenBook>, AppError> {
        let id = PersonId::from(person_id);
        let place = self.place(&id);
        let mut place = held(&place);
        let ports = &self.vault_ports;
        if !self.may_show(&id)? {
            // Whoever has the book open loses it, too.
            if let Some(book) = place.take() {
                book.vault.close();
            }
            self.cover(&id)?;
            return Err(AppError::LeaseOver);
        }
        if let Some(book) = place.as_ref().filter(|book| !book.vault.is_locked()) {
            if !book.vault.is_damaged() {
                return Ok(Arc::clone(book));
            }
            let person = book.person.clone();
            // Whoever subscribed to the damaged one hears of the new one.
            let (vault, _) = book
                .vault
                .rebuild_open(ports, &person.vault_name, self.now())?;
            return Ok(Arc::clone(
                place.insert(Arc::new(OpenBook::new(person, vault))),
            ));
        }
        let person = self
            .account()?
            .person(&id)?
            .ok_or_else(|| AppError::not_found("person"))?;
        let (name, switch) = (&person.vault_name, &self.switch);
        let vault = match Vault::open_under(ports, name, switch) {
            // A person comes in before there is anything to keep.
            Err(VaultError::NotFound) => Vault::create_under(ports, name, switch)?,
            Err(VaultError::Corrupt) => Vault::rebuild(ports, name, self.now(), switch)?.0,
            other => other?,
        };
        let watchers = Arc::clone(&self.watchers);
        vault.subscribe(Box::new(move |_| watchers.tell(&id)));
        Ok(Arc::clone(
            place.insert(Arc::new(OpenBook::new(person, vault))),
        ))
    }

    /// Covers the key of a person's book, if it has one.
    fn cover(&self, id: &PersonId) -> Result<(), AppError> {
        let Some(person) = self.account()?.person(id)? else {
            return Ok(());
        };
        match self.vault_ports.ring.end_lease(&person.vault_name) {
            Ok(()) | Err(VaultError::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn place(&self, id: &PersonId) -> Place {
        Arc::clone(held(&self.open).entry(id.clone()).or_default())
    }

    /// Closes everything that is open and wipes the keys.
    pub(crate) fn lock(&self) {
        self.vault_ports.ring.lock();
        self.leases.changed();
        *held(&self.account) = None;
        held(&self.open).clear();
    }

    /// Erases a person's book, then who it was.
    pub(crate) fn erase_person(&self, person_id: &str) -> Result<(), AppError> {
        let id = PersonId::from(person_id);
        let account = self.account()?;
        self.destroy_book(&id, || Ok(account.remove_person(&id)?))
    }

    /// Destroys a person's book, its key first, then does `then` while nobody can open the book again.
    pub(crate) fn destroy_book(
        &self,
        id: &PersonId,
        then: impl FnOnce() -> Result<(), AppError>,
    ) -> Result<(), AppError> {
        let place = self.place(id);
        let mut place = held(&place);
        let person = self
            .account()?
            .person(id)?
            .ok_or_else(|| AppError::not_found("person"))?;
        if let Some(book) = place.take() {
            book.vault.close();
        }
        Vault::erase(&self.vault_ports, &person.vault_name)?;
        then()
    }

    /// Erases all books and the account.
    pub(crate) fn erase_everything(&self) -> Result<(), AppError> {
        // Keys at clinics. An account that does not open keeps nobody from erasing it: its tokens are gone then.
        let clinics = self.account().and_then(|account| Ok(account.clinics()?));
        for clinic in clinics.unwrap_or_default() {
            if clinic.wire == Wire::Clinic {
                let alias = device_keys::alias(&clinic.public_key);
                self.ports.keys.delete(&alias)?;
            }
        }
        // Held to the end: opening a book needs the account.
        let mut account = held(&self.account);
        *account = None;
        held(&self.open).clear();
        Ok(self.vault_ports.ring.erase_everything()?)
    }

    pub(crate) fn clinic(&self, clinic_id: &str) -> Result<ClinicRecord, AppError> {
        self.account()?
            .clinic(&ClinicId::from(clinic_id))?
            .ok_or_else(|| AppError::not_found("clinic"))
    }

    /// How to talk to a clinic as this phone.
    pub(crate) fn client(&self, clinic: &ClinicRecord) -> Result<ClinicClient, AppError> {
        let transport = Arc::clone(&self.ports.transport);
        if clinic.wire == Wire::Server {
            let token = clinic.token.expose();
            let token = (!token.is_empty()).then(|| token.to_owned().into());
            return Ok(ClinicClient::of_server(&clinic.base_url, token, transport)?);
        }
        let account = self.account()?;
        // Where there is none, every request ends as that of a phone that is not enrolled, and holds up no other clinic's.
        let session = account.clinic_session(&clinic.id)?;
        let device_key = session.map_or([0; 65], |session| session.device_key);
        let prover = self.prover(&clinic.public_key, device_key);
        let known_by = self.known_by(&account, &clinic.id, prover);
        Ok(ClinicClient::new(
            &clinic.base_url,
            Some(known_by),
            transport,
        )?)
    }

    /// A person's ways to every clinic that keeps a record of them.
    pub(crate) fn lanes(&self, person: &PersonId) -> Result<Vec<Lane>, AppError> {
        let links = self.account()?.links(person)?;
        links
            .into_iter()
            .map(|link| {
                let clinic = self.clinic(link.clinic.as_str())?;
                self.lane(&clinic, link.patient_id)
            })
            .collect()
    }

    pub(crate) fn engine(&self, book: &OpenBook) -> Engine {
        Engine::new(
            book.vault.clone(),
            Arc::clone(&self.ports.clock),
            Arc::clone(&self.ports.rng),
        )
        .knowing(self.heard_ways.clone())
    }
}
