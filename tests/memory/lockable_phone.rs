//! A phone whose memory is looked into: opens vaults, reads and writes, locks. Waits for a line of its parent after each
//! step. `lockable-phone FOLDER`
#![expect(
    clippy::print_stdout,
    reason = "its output is how the test hears of it"
)]

use std::io::{BufRead as _, Write as _};
use std::sync::Arc;

use sokhoe_app::domain::ports::{
    EcdsaSignature, KeyStore, KeyStoreError, Ports, SigningPublicKey, Zeroizing,
};
use sokhoe_domain::ClinicId;
use sokhoe_testing::PUBLISHED;
use sokhoe_vault::{AccountVault, EntryQuery, Vault, VaultError, VaultPorts};

/// Wraps with a mask that the parent knows, so that a wrapped key is not itself found as a key.
struct MaskedKeys;

fn masked(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ MASK).collect()
}

/// Also in `main.rs`.
const MASK: u8 = 0xa5;

impl KeyStore for MaskedKeys {
    fn wrap(&self, _: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        Ok(masked(secret))
    }

    fn unwrap(&self, _: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        Ok(Zeroizing::new(masked(wrapped)))
    }

    fn signing_key(&self, _: &str) -> Result<SigningPublicKey, KeyStoreError> {
        Ok(PUBLISHED.public_key())
    }

    fn sign(&self, _: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        PUBLISHED.sign(message)
    }

    fn delete(&self, _: &str) -> Result<(), KeyStoreError> {
        Ok(())
    }

    fn counter(&self, _: &str) -> Result<u64, KeyStoreError> {
        Ok(0)
    }

    fn raise_counter(&self, _: &str, _: u64) -> Result<(), KeyStoreError> {
        Ok(())
    }
}

fn say(line: &str) {
    println!("{line}");
    let _closed = std::io::stdout().flush();
    let mut answer = String::new();
    let _closed = std::io::stdin().lock().read_line(&mut answer);
}

fn open(ports: &VaultPorts, name: &str) -> Vault {
    match Vault::open(ports, name) {
        Err(VaultError::NotFound) => Vault::create(ports, name).expect("a vault"),
        opened => opened.expect("a vault"),
    }
}

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let Ports {
        files, rng, keys, ..
    } = sokhoe_tests::real_ports(folder.as_ref(), Arc::new(MaskedKeys));
    let ports = VaultPorts::new(files, keys, rng);
    let account = AccountVault::open_or_create(&ports).expect("an account");
    let vaults: Vec<_> = (0..3)
        .map(|n| open(&ports, &format!("person-{n}")))
        .collect();
    // Two threads, so that more stacks than one have met a key.
    std::thread::scope(|scope| {
        for vault in &vaults {
            scope.spawn(|| {
                vault.reset_cursor(&ClinicId::from("c")).expect("a write");
                vault
                    .entries(&EntryQuery {
                        limit: 5,
                        ..EntryQuery::default()
                    })
                    .expect("a list");
            });
        }
    });
    let code = ports.ring.make_recovery_code().expect("a code");
    drop(code);
    say("open");
    ports.ring.lock();
    say("locked");
    // Still alive, and useless without the key store.
    assert!(vaults.iter().all(Vault::is_locked) && account.is_locked());
    drop(open(&ports, "person-0"));
    say("open again");
}
