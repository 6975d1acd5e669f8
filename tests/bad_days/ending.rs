//! A process that ends by itself, in the middle of everything.

use std::process::Command;
use std::sync::Arc;

use sokhoe_testing::{PlainKeys, SeededRng};
use sokhoe_vault::{FolderFiles, Vault, VaultPorts};
use tempfile::TempDir;

const ENDS: u64 = 60;

#[test]
fn a_process_that_ends_while_threads_use_a_vault_ends_well() {
    let folder = TempDir::new().unwrap();
    for n in 0..ENDS {
        let ended = Command::new(env!("CARGO_BIN_EXE_ending-vault"))
            .arg(folder.path())
            .arg((n % 20).to_string())
            .output()
            .unwrap();
        assert!(
            ended.status.success(),
            "end {n}: {}, {}",
            ended.status,
            String::from_utf8_lossy(&ended.stderr)
        );
    }
    let ports = VaultPorts::new(
        Arc::new(FolderFiles::open(folder.path()).unwrap()),
        Arc::new(PlainKeys::default()),
        Arc::new(SeededRng::new(1)),
    );
    Vault::open(&ports, "me").unwrap().check().unwrap();
}
