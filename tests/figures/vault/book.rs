//! A vault on disk that several processes open one after the other, encrypted or not.

use std::path::Path;
use std::sync::Arc;

use sokhoe_app::domain::{ClinicId, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::{PlainKeys, SeededRng};
use sokhoe_vault::{Applied, EntryQuery, FolderFiles, Page, Vault, VaultPorts};

use super::corpus::Resource;

/// Resources a page, and a transaction, has: as many as the sync asks the clinic for.
pub const PAGE: usize = 500;
/// The vault's name.
pub const NAME: &str = "bench";

/// How a vault is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// As it is always kept.
    Encrypted,
    /// The same vault without encryption, which no shipped program can make.
    Plain,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Encrypted, Self::Plain];

    /// As an argument of a process.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Plain => "plain",
        }
    }

    /// Makes the vaults of this process so.
    pub fn begin(name: &str) {
        if name == Self::Plain.name() {
            #[cfg(feature = "figures")]
            sokhoe_vault::plain::from_now_on();
            #[cfg(not(feature = "figures"))]
            panic!("cargo bench --features figures");
        }
    }
}

pub fn ports(folder: &Path) -> VaultPorts {
    VaultPorts::new(
        Arc::new(FolderFiles::open(folder).expect("a folder")),
        Arc::new(PlainKeys::default()),
        Arc::new(SeededRng::new(1)),
    )
}

pub fn clinic() -> ClinicId {
    ClinicId::from("bench")
}

/// Takes resources in, page after page, as the first sync does.
pub fn fill(vault: &Vault, resources: &[Resource]) {
    for (n, chunk) in resources.chunks(PAGE).enumerate() {
        let changes: Vec<Change<'_>> = chunk.iter().map(put).collect();
        let applied = apply(vault, &changes, &n.to_string());
        assert_eq!(applied.set_aside, 0);
    }
}

pub fn put(resource: &Resource) -> Change<'_> {
    Change::Put {
        key: resource.key.clone(),
        version: Some("1".to_owned()),
        json: &resource.json,
    }
}

pub fn apply(vault: &Vault, changes: &[Change<'_>], cursor: &str) -> Applied {
    vault
        .apply(&Page {
            clinic: &clinic(),
            changes,
            cursor,
            received: Timestamp::from_millis(0),
            bookings: &[],
            events: &[],
        })
        .expect("a page")
}

/// The newest rows.
pub fn first(limit: u32) -> EntryQuery {
    EntryQuery {
        limit,
        ..EntryQuery::default()
    }
}

/// Bytes of all files of a folder.
pub fn bytes(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .expect("the folder")
        .map(|file| file.expect("a file").metadata().expect("its size").len())
        .sum()
}
