//! Books under a lease: covered when it is over, uncovered by the clinic's key and nothing else, and nothing lost.

use std::sync::Arc;

use sokhoe_domain::ports::KeyStoreError;
use sokhoe_testing::{FaultyKeys, MemoryKeys, SeededRng};

use super::{Phone, fill, search};
use crate::{Vault, VaultError, VaultPorts};

const LEASE_KEY: [u8; 32] = [0x5a; 32];

fn leased() -> Phone {
    let phone = Phone::new();
    fill(&phone.create(), &["x"]);
    phone.ports.ring.begin_lease("me", &LEASE_KEY).unwrap();
    phone
}

#[test]
fn a_book_is_covered_when_its_lease_ends_and_as_it_was_when_it_begins_again() {
    let phone = leased();
    assert!(phone.ports.ring.has_lease_key("me").unwrap());
    assert!(phone.ports.ring.is_leased("me").unwrap());
    let key = phone.ports.ring.find("me").unwrap().unwrap().key;
    assert_eq!(search(&phone.open().unwrap(), "x"), ["x"]);
    let before: Vec<_> = ["ring", "ring.copy"]
        .map(|name| (name, std::fs::read(phone.path(name)).unwrap()))
        .into();

    let ring = &phone.ports.ring;
    ring.end_lease("me").unwrap();
    ring.end_lease("me").unwrap();
    assert!(!ring.has_lease_key("me").unwrap());
    for ports in [phone.ports.clone(), phone.restarted()] {
        assert_eq!(
            Vault::open(&ports, "me").unwrap_err(),
            VaultError::LeaseOver
        );
        assert_eq!(
            Vault::create(&ports, "me").unwrap_err(),
            VaultError::AlreadyExists
        );
        assert_eq!(
            Vault::rotate_key(&ports, "me").unwrap_err(),
            VaultError::LeaseOver
        );
        assert_eq!(ports.ring.lift_lease("me"), Err(VaultError::LeaseOver));
        for wrong in [&[0x5b; 32][..], &[], &LEASE_KEY[..31]] {
            assert_eq!(
                ports.ring.begin_lease("me", wrong),
                Err(VaultError::WrongKey)
            );
        }
    }
    // Neither copies of the ring that somebody made before open it: the key store has no key of theirs.
    let now: Vec<_> = phone.files();
    for (name, bytes) in &before {
        std::fs::write(phone.path(name), bytes).unwrap();
    }
    assert_eq!(
        Vault::open(&phone.restarted(), "me").unwrap_err(),
        VaultError::Key(KeyStoreError::Missing)
    );
    for (name, bytes) in &now {
        std::fs::write(phone.path(name), bytes).unwrap();
    }

    let ports = phone.restarted();
    ports.ring.begin_lease("me", &LEASE_KEY).unwrap();
    assert!(ports.ring.find("me").unwrap().unwrap().key == key);
    let vault = Vault::open(&ports, "me").unwrap();
    assert_eq!(search(&vault, "x"), ["x"]);
    drop(vault);
    ports.ring.lift_lease("me").unwrap();
    ports.ring.end_lease("me").unwrap();
    assert_eq!(search(&Vault::open(&ports, "me").unwrap(), "x"), ["x"]);
}

#[test]
fn a_lease_is_of_one_vault_and_what_is_not_there_has_none() {
    let phone = leased();
    fill(&Vault::create(&phone.ports, "you").unwrap(), &["y"]);
    let ring = &phone.ports.ring;
    ring.end_lease("me").unwrap();
    ring.end_lease("you").unwrap();
    assert!(Vault::open(&phone.ports, "you").is_ok());
    assert_eq!(ring.end_lease("nobody"), Err(VaultError::NotFound));
    assert_eq!(
        ring.begin_lease("nobody", &LEASE_KEY),
        Err(VaultError::NotFound)
    );
    // Whoever is erased needs no lease key.
    Vault::erase(&phone.ports, "me").unwrap();
    assert_eq!(ring.has_lease_key("me"), Err(VaultError::NotFound));
    assert!(
        !phone
            .files()
            .iter()
            .any(|(name, _)| name.starts_with("me."))
    );
}

#[test]
fn a_recovery_code_opens_the_ring_and_not_a_covered_book() {
    let phone = leased();
    let code = phone.ports.ring.make_recovery_code().unwrap();
    phone.ports.ring.end_lease("me").unwrap();
    // The key store of another phone, or one that forgot everything.
    let files = phone.ports.files.clone();
    let ports = VaultPorts::new(
        files,
        Arc::new(MemoryKeys::default()),
        Arc::new(SeededRng::new(4)),
    );
    ports.ring.recover(&code).unwrap();
    assert_eq!(
        Vault::open(&ports, "me").unwrap_err(),
        VaultError::LeaseOver
    );
    ports.ring.begin_lease("me", &LEASE_KEY).unwrap();
    assert_eq!(search(&Vault::open(&ports, "me").unwrap(), "x"), ["x"]);
}

#[test]
fn a_key_store_that_fails_at_any_call_leaves_a_lease_that_lasts_or_is_over() {
    for failing in 1..12 {
        let phone = leased();
        let keys = Arc::new(FaultyKeys::new(phone.keys.clone()));
        let ports = VaultPorts::new(
            phone.ports.files.clone(),
            keys.clone(),
            Arc::new(SeededRng::new(failing)),
        );
        keys.fail(failing, KeyStoreError::Transient);
        let ended = ports.ring.end_lease("me");
        keys.heal();
        let again = phone.restarted();
        match Vault::open(&again, "me") {
            Ok(vault) => {
                assert!(ended.is_err(), "{failing}");
                assert_eq!(search(&vault, "x"), ["x"]);
            }
            Err(error) => assert_eq!(error, VaultError::LeaseOver, "{failing}"),
        }
        again.ring.end_lease("me").unwrap();
        again.ring.begin_lease("me", &LEASE_KEY).unwrap();
        let vault = Vault::open(&phone.restarted(), "me").unwrap();
        assert_eq!(search(&vault, "x"), ["x"], "{failing}");
    }
}
