//! Whether a phone wakes up whole after a power cut.

use std::collections::BTreeMap;
use std::sync::Arc;

use sokhoe_app::domain::ports::{KeyStore, KeyStoreError, VaultFiles};
use sokhoe_app::domain::{BookingState, ClinicId, ResourceKey, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::SeededRng;
use sokhoe_testing::disk::{Promise, SimDisk};
use sokhoe_tests::book::Book;
use sokhoe_vault::{AccountVault, IntentKind, Page, Vault, VaultError, VaultPorts};

use crate::life::{
    AccountContent, ERASED, Life, MINE, PROBES, Part, State, add_document, booking,
    check_documents, intent,
};

/// A phone as the power cut left it.
pub struct Awoken {
    pub disk: SimDisk,
    pub ports: VaultPorts,
}

impl Awoken {
    pub fn new(
        promise: Promise,
        files: BTreeMap<String, Vec<u8>>,
        keys: Arc<dyn KeyStore>,
    ) -> Self {
        let disk = SimDisk::of(promise, files);
        let ports = VaultPorts::new(Arc::new(disk.clone()), keys, Arc::new(SeededRng::new(2)));
        Self { disk, ports }
    }

    /// Says what is wrong; nothing when every promise of the life was kept.
    pub fn check(&self, life: &Life, done: u64) -> Result<(), String> {
        self.check_account(&life.allowed(Part::Account, done))
            .map_err(|wrong| format!("account: {wrong}"))?;
        self.check_mine(&life.allowed(Part::Mine, done))
            .map_err(|wrong| format!("{MINE}: {wrong}"))?;
        self.check_erased(&life.allowed(Part::Erased, done))
            .map_err(|wrong| format!("{ERASED}: {wrong}"))
    }

    fn check_account(&self, allowed: &[&State]) -> Result<(), String> {
        let account = AccountVault::open_or_create(&self.ports).map_err(told)?;
        let content = AccountContent::read(&account).map_err(told)?;
        let fits = allowed.iter().any(|state| match state {
            State::Absent => content.is_new(),
            State::Account(expected) => content == *expected,
            State::Vault(_) | State::Gone => false,
        });
        if fits {
            Ok(())
        } else {
            Err(format!("{content:?}"))
        }
    }

    fn check_mine(&self, allowed: &[&State]) -> Result<(), String> {
        let vault = match Vault::open(&self.ports, MINE) {
            Ok(vault) => vault,
            Err(VaultError::NotFound) if allowed.contains(&&State::Absent) => {
                Vault::create(&self.ports, MINE).map_err(told)?
            }
            Err(error) => return Err(told(error)),
        };
        compare(&vault, allowed)?;
        check_documents(&vault, LATER)?;
        vault.check().map_err(told)?;
        goes_on(&vault)?;
        drop(vault);
        // What was written after the cut is there after a clean close, too.
        let vault = Vault::open(&self.ports, MINE).map_err(told)?;
        went_on(&vault)
    }

    fn check_erased(&self, allowed: &[&State]) -> Result<(), String> {
        match Vault::open(&self.ports, ERASED) {
            Ok(vault) => compare(&vault, allowed)?,
            Err(VaultError::NotFound)
                if allowed.contains(&&State::Absent) || allowed.contains(&&State::Gone) => {}
            Err(VaultError::Key(KeyStoreError::Missing)) if allowed.contains(&&State::Gone) => {}
            Err(error) => return Err(told(error)),
        }
        if allowed == [&State::Gone] {
            return self.is_gone("after the erasure was acknowledged");
        }
        // Erasing again ends what was interrupted.
        Vault::erase(&self.ports, ERASED).map_err(told)?;
        self.is_gone("after it was erased again")
    }

    fn is_gone(&self, when: &str) -> Result<(), String> {
        let names = self.disk.list().map_err(|error| error.to_string())?;
        match names.iter().find(|name| name.starts_with(ERASED)) {
            Some(left) => Err(format!("{left} is there {when}")),
            None => Ok(()),
        }
    }
}

fn told(error: VaultError) -> String {
    format!("{error:?}")
}

/// The whole content is one of the allowed ones: nothing is half.
fn compare(vault: &Vault, allowed: &[&State]) -> Result<(), String> {
    let book = Book::read(vault, PROBES).map_err(told)?;
    let fits = allowed.iter().any(|state| match state {
        State::Absent => book.is_empty(),
        State::Vault(expected) => book == **expected,
        State::Account(_) | State::Gone => false,
    });
    if fits {
        return Ok(());
    }
    let last = allowed.last();
    Err(format!(
        "holds {book:?},\nlast of {} allowed: {last:?}",
        allowed.len()
    ))
}

const LATER: u32 = 1_000;

/// A booking, a page and a document after the cut.
fn goes_on(vault: &Vault) -> Result<(), String> {
    let made = booking(LATER, BookingState::WaitingForNetwork);
    vault
        .enqueue(&intent(&made, IntentKind::Book), &made)
        .map_err(told)?;
    let clinic = ClinicId::from("b");
    let json = r#"{"resourceType":"Condition","id":"later","code":{"text":"Hồi phục"}}"#;
    let changes = [Change::Put {
        key: ResourceKey::new("Condition", "later"),
        version: None,
        json,
    }];
    let page = Page {
        clinic: &clinic,
        changes: &changes,
        cursor: "later",
        received: Timestamp::from_millis(1),
        bookings: &[],
        events: &[],
    };
    vault.apply(&page).map_err(told)?;
    add_document(vault, LATER).map_err(told)?;
    went_on(vault)
}

fn went_on(vault: &Vault) -> Result<(), String> {
    let made = booking(LATER, BookingState::WaitingForNetwork);
    let is_kept = vault.booking(made.id).map_err(told)? == Some(made);
    let rows = vault
        .search("hoi phuc", &Default::default())
        .map_err(told)?;
    check_documents(vault, LATER)?;
    let title = format!("thuoc {LATER}");
    let documents = vault.search(&title, &Default::default()).map_err(told)?;
    if is_kept && rows.rows.len() == 1 && documents.rows.len() == 1 {
        Ok(())
    } else {
        Err("what was written after the cut is not there".to_owned())
    }
}
