//! The ring of keys: asked once, taken over, rotated, recovered, locked; a key store that fails at any call.

use std::sync::Arc;

use sokhoe_domain::ports::{KeyStore, KeyStoreError};
use sokhoe_testing::{FaultyKeys, MemoryKeys, SeededRng};

use super::{Phone, clinic, fill, search, with_test_index};
use crate::store::Store;
use crate::{BOOK_OLDER, FolderFiles, Opening, RecoveryCode, Vault, VaultError, VaultPorts};

const REFUSALS: [KeyStoreError; 5] = [
    KeyStoreError::Locked,
    KeyStoreError::UserCancelled,
    KeyStoreError::Transient,
    KeyStoreError::Invalidated,
    KeyStoreError::Missing,
];

fn make(ports: &VaultPorts, name: &str, text: &str) {
    fill(
        &with_test_index(Vault::create(ports, name).unwrap()),
        &[text],
    );
}

fn reads(ports: &VaultPorts, name: &str, text: &str) {
    let vault = Vault::open(ports, name).unwrap();
    assert_eq!(search(&vault, text), [text], "{name}");
}

#[test]
fn twenty_vaults_ask_the_key_store_once() {
    let phone = Phone::new();
    let names: Vec<_> = (0..20).map(|n| format!("person-{n}")).collect();
    for name in &names {
        make(&phone.ports, name, "x");
    }
    assert_eq!(phone.keys.unwraps(), 0, "a ring that was just made is open");
    let ports = phone.restarted();
    let open: Vec<_> = names
        .iter()
        .map(|name| Vault::open(&ports, name).unwrap())
        .collect();
    assert!(open.iter().all(|vault| search(vault, "x") == ["x"]));
    assert_eq!(phone.keys.unwraps(), 1);
}

#[test]
fn a_key_store_that_refuses_deletes_nothing() {
    for refusal in REFUSALS {
        let phone = Phone::new();
        let refused = VaultError::Key(refusal);
        phone.keys.refuse(refusal);
        assert_eq!(Vault::create(&phone.ports, "me").unwrap_err(), refused);
        assert!(phone.files().is_empty());
        phone.keys.refuse(None);
        make(&phone.ports, "me", "x");
        let before = phone.files();

        phone.keys.refuse(refusal);
        let ports = phone.restarted();
        assert_eq!(Vault::open(&ports, "me").unwrap_err(), refused);
        assert_eq!(Vault::create(&ports, "you").unwrap_err(), refused);
        assert_eq!(Vault::rotate_key(&ports, "me").unwrap_err(), refused);
        assert_eq!(ports.ring.rotate().unwrap_err(), refused);
        assert_eq!(ports.ring.make_recovery_code().unwrap_err(), refused);
        for ports in [&ports, &phone.ports] {
            assert_eq!(Vault::erase(ports, "me").unwrap_err(), refused);
        }
        assert_eq!(phone.files(), before);
        // An open ring needs no key store, and the epoch waits.
        assert_eq!(phone.open().unwrap().opening(), Opening::Sound);

        phone.keys.refuse(None);
        reads(&phone.restarted(), "me", "x");
    }
}

/// As the program that was released first made it: the database at schema 1, its key in a file of its own.
fn released(phone: &Phone, name: &str) {
    make(&phone.ports, name, "x");
    let key = phone.ports.ring.find(name).unwrap().unwrap().key;
    let wrapped = phone.keys.wrap(name, key.for_tests()).unwrap();
    std::fs::write(
        phone.path(&format!("{name}.key")),
        [&[2], &wrapped[..]].concat(),
    )
    .unwrap();
}

#[test]
fn keys_of_the_released_form_are_taken_over() {
    let phone = Phone::new();
    released(&phone, "me");
    released(&phone, "you");
    for name in ["ring", "ring.copy"] {
        std::fs::remove_file(phone.path(name)).unwrap();
    }
    phone.keys.delete("ring-1").unwrap();
    let ports = phone.restarted();
    // Refused: the old form stays.
    let before = phone.files();
    phone.keys.refuse(KeyStoreError::Locked);
    assert!(Vault::open(&ports, "me").is_err());
    assert_eq!(phone.files(), before);
    phone.keys.refuse(None);
    reads(&ports, "me", "x");
    let names = || -> Vec<String> { phone.files().into_iter().map(|(name, _)| name).collect() };
    assert_eq!(names(), ["me.db", "ring", "ring.copy", "you.db", "you.key"]);
    assert_eq!(phone.keys.aliases(), ["ring-1", "you"]);
    reads(&ports, "you", "x");
    assert_eq!(phone.keys.aliases(), ["ring-1"]);
    reads(&phone.restarted(), "me", "x");
    // A crash between taking over and removing leaves the file: it goes at the next opening.
    let key = phone.ports.ring.find("me").unwrap().unwrap().key;
    let wrapped = phone.keys.wrap("me", key.for_tests()).unwrap();
    std::fs::write(phone.path("me.key"), [&[2], &wrapped[..]].concat()).unwrap();
    reads(&phone.restarted(), "me", "x");
    assert!(!phone.path("me.key").exists());
    // What is not this vault's key is left alone.
    let other = phone.keys.wrap("me", &[7; 48]).unwrap();
    std::fs::write(phone.path("me.key"), [&[2], &other[..]].concat()).unwrap();
    reads(&phone.restarted(), "me", "x");
    assert!(phone.path("me.key").exists());
}

#[test]
fn erasing_leaves_nothing_of_one_and_all_of_the_others() {
    let phone = Phone::new();
    for name in ["me", "me.too", "you"] {
        make(&phone.ports, name, name);
    }
    std::fs::write(phone.path("me.journal"), "x").unwrap();
    let old = std::fs::read(phone.path("ring")).unwrap();
    Vault::erase(&phone.ports, "me").unwrap();
    let names: Vec<_> = phone.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["me.too.db", "ring", "ring.copy", "you.db"]);
    assert_eq!(phone.keys.aliases(), ["ring-2"]);
    for name in ["me.too", "you"] {
        reads(&phone.restarted(), name, name);
    }
    let ring = std::fs::read(phone.path("ring")).unwrap();
    // An old copy of the ring opens nothing.
    std::fs::write(phone.path("ring"), old).unwrap();
    assert_eq!(
        Vault::open(&phone.restarted(), "you").unwrap_err(),
        VaultError::Key(KeyStoreError::Missing)
    );
    std::fs::write(phone.path("ring"), ring).unwrap();
    phone.restarted().ring.erase_everything().unwrap();
    assert!(phone.files().is_empty());
    assert!(phone.keys.aliases().is_empty());
}

#[test]
fn another_process_is_heard() {
    let phone = Phone::new();
    make(&phone.ports, "me", "x");
    let other = phone.restarted();
    reads(&other, "me", "x");
    make(&phone.ports, "you", "y");
    reads(&other, "you", "y");
    make(&other, "she", "z");
    Vault::erase(&phone.ports, "you").unwrap();
    assert_eq!(
        Vault::open(&other, "you").unwrap_err(),
        VaultError::NotFound
    );
    reads(&phone.ports, "she", "z");
    reads(&other, "she", "z");
}

#[test]
fn a_locked_ring_closes_its_vaults() {
    let phone = Phone::new();
    make(&phone.ports, "me", "x");
    let vault = phone.open().unwrap();
    assert!(!vault.is_locked());
    phone.ports.ring.lock();
    assert!(vault.is_locked());
    let locked = VaultError::Key(KeyStoreError::Locked);
    assert_eq!(vault.counts().unwrap_err(), locked);
    assert_eq!(vault.acknowledge(1).unwrap_err(), locked);
    assert!(!phone.path("me.db-wal").exists());
    let asked = phone.keys.unwraps();
    reads(&phone.ports, "me", "x");
    assert_eq!(phone.keys.unwraps(), asked + 1);
}

#[test]
fn locking_waits_for_whoever_reads_and_writes() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["x"]);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Ok(page) = vault.search("x", &super::all()) {
                    assert!(!page.rows.is_empty());
                }
            });
        }
        scope.spawn(|| while vault.reset_cursor(&clinic("a")).is_ok() {});
        std::thread::sleep(std::time::Duration::from_millis(30));
        phone.ports.ring.lock();
    });
    assert!(vault.is_locked());
    reads(&phone.ports, "me", "x");
}

#[test]
fn a_recovery_code_opens_the_books_on_another_phone() {
    let phone = Phone::new();
    assert!(!phone.ports.ring.has_recovery_code().unwrap());
    make(&phone.ports, "me", "x");
    let first = phone.ports.ring.make_recovery_code().unwrap();
    let code = phone.ports.ring.make_recovery_code().unwrap();
    assert!(phone.restarted().ring.has_recovery_code().unwrap());
    // The ring is renewed afterwards, without the code.
    make(&phone.ports, "you", "y");
    Vault::erase(&phone.ports, "you").unwrap();
    let before = phone.files();

    let keys = Arc::new(MemoryKeys::default());
    let other = || {
        VaultPorts::new(
            phone.ports.files.clone(),
            keys.clone(),
            Arc::new(SeededRng::new(8)),
        )
    };
    let ports = other();
    assert_eq!(
        Vault::open(&ports, "me").unwrap_err(),
        VaultError::Key(KeyStoreError::Missing)
    );
    let wrong = RecoveryCode::read(&first.text()).unwrap();
    assert_eq!(
        ports.ring.recover(&wrong).unwrap_err(),
        VaultError::WrongRecoveryCode
    );
    assert_eq!(phone.files(), before);
    let code = RecoveryCode::read(&code.text()).unwrap();
    ports.ring.recover(&code).unwrap();
    reads(&ports, "me", "x");
    reads(&other(), "me", "x");
    // Again, and after a rotation.
    ports.ring.rotate().unwrap();
    other().ring.recover(&code).unwrap();
    reads(&other(), "me", "x");

    let bare = Phone::new();
    make(&bare.ports, "me", "x");
    assert_eq!(
        bare.ports.ring.recover(&code).unwrap_err(),
        VaultError::NoRecoveryCode
    );
}

#[test]
fn a_vaults_key_is_rotated_or_not_whenever_the_process_dies() {
    let phone = Phone::new();
    make(&phone.ports, "me", "x");
    let key = || phone.ports.ring.find("me").unwrap().unwrap().key;
    let first = key();
    let open = phone.open().unwrap();
    assert_eq!(
        Vault::rotate_key(&phone.ports, "me").unwrap_err(),
        VaultError::Busy
    );
    drop(open);
    reads(&phone.ports, "me", "x");
    Vault::rotate_key(&phone.ports, "me").unwrap();
    let second = key();
    assert!(second != first);
    reads(&phone.restarted(), "me", "x");

    // Died before the first page: both keys are in the ring, the file is under the old one.
    phone.ports.ring.begin_rotation("me").unwrap();
    reads(&phone.restarted(), "me", "x");
    let found = phone.ports.ring.find("me").unwrap().unwrap();
    assert!(found.key == second);
    let next = found.next.unwrap();
    // Died after the last page, which is still in the journal of SQLite.
    let connection = crate::connection::open(
        &*phone.ports.files,
        "me.db",
        &second,
        crate::connection::Role::Writer { create: false },
    )
    .unwrap();
    next.replace(&connection).unwrap();
    assert!(phone.path("me.db-wal").exists());
    let copy = Phone::new();
    for (name, bytes) in phone.files() {
        std::fs::write(copy.path(&name), bytes).unwrap();
    }
    drop(connection);
    for files in [copy.ports.files.clone(), phone.ports.files.clone()] {
        let ports = VaultPorts::new(files, phone.keys.clone(), Arc::new(SeededRng::new(3)));
        reads(&ports, "me", "x");
        let found = ports.ring.find("me").unwrap().unwrap();
        assert!(found.key == next && found.next.is_none());
        reads(&ports, "me", "x");
    }
}

#[test]
fn an_older_copy_is_noticed_and_fetched_again() {
    let phone = Phone::new();
    make(&phone.ports, "me", "x");
    let old = std::fs::read(phone.path("me.db")).unwrap();
    let vault = phone.open().unwrap();
    assert_eq!(vault.opening(), Opening::Sound);
    fill(&vault, &["y"]);
    drop(vault);
    std::fs::write(phone.path("me.db"), &old).unwrap();
    let vault = phone.open().unwrap();
    assert_eq!(vault.opening(), Opening::RolledBack);
    assert_eq!(vault.cursor(&clinic("a")).unwrap(), None);
    assert_eq!(search(&vault, "x"), ["x"]);
    let events = vault.events().unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, BOOK_OLDER);
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(vault.opening(), Opening::Sound, "said once");
    assert_eq!(vault.events().unwrap().len(), 1);
    drop(vault);

    // A key store that cannot count fails nothing; it is told later.
    let newest = std::fs::read(phone.path("me.db")).unwrap();
    phone.keys.refuse(KeyStoreError::Transient);
    let vault = phone.open().unwrap();
    assert_eq!(vault.opening(), Opening::Sound);
    fill(&vault, &["z"]);
    drop(vault);
    phone.keys.refuse(None);
    assert_eq!(phone.open().unwrap().opening(), Opening::Sound);
    std::fs::write(phone.path("me.db"), newest).unwrap();
    assert_eq!(phone.open().unwrap().opening(), Opening::RolledBack);
}

/// Everything that asks the key store. What was reached when it failed.
fn life(ports: &VaultPorts) -> Result<(), VaultError> {
    drop(Vault::create(ports, "me").or_else(|error| match error {
        VaultError::AlreadyExists => Vault::open(ports, "me"),
        other => Err(other),
    })?);
    let vault = with_test_index(Vault::open(ports, "me")?);
    fill(&vault, &["x"]);
    drop(vault);
    if !Store::exists(ports, "you")? {
        drop(Vault::create(ports, "you")?);
    }
    ports.ring.lock();
    let code = ports.ring.make_recovery_code()?;
    ports.ring.rotate()?;
    ports.ring.recover(&code)?;
    Vault::rotate_key(ports, "me")?;
    Vault::erase(ports, "you")?;
    drop(Vault::open(ports, "old")?);
    Ok(())
}

#[test]
fn a_key_store_that_fails_at_any_call_loses_nothing() {
    let faults: u64 = std::thread::scope(|scope| {
        let answers = REFUSALS.map(|refusal| scope.spawn(move || lives_with_faults(refusal)));
        answers.map(|lives| lives.join().unwrap()).iter().sum()
    });
    assert!(faults >= 5 * 20, "{faults}");
}

/// A life for each call that it makes of the key store, in which that call is answered so; how many.
fn lives_with_faults(refusal: KeyStoreError) -> u64 {
    for nth in 0.. {
        let phone = Phone::new();
        // A vault of the released form, and one that is in the ring.
        released(&phone, "old");
        for name in ["ring", "ring.copy"] {
            std::fs::remove_file(phone.path(name)).unwrap();
        }
        phone.keys.delete("ring-1").unwrap();
        let keys = Arc::new(FaultyKeys::new(phone.keys.clone()));
        let ports = |keys: Arc<FaultyKeys>| {
            VaultPorts::new(
                Arc::new(FolderFiles::open(phone.folder.path()).unwrap()),
                keys,
                Arc::new(SeededRng::new(nth)),
            )
        };
        make(&ports(keys.clone()), "kept", "Đường huyết");
        keys.fail(nth, refusal);
        let asked = keys.calls();
        let ended = life(&ports(keys.clone()));
        let is_over = keys.calls() <= asked + nth;
        keys.heal();
        // Restarted, with a key store that works: all is there, and life goes on to its end.
        let again = ports(keys.clone());
        reads(&again, "kept", "Đường huyết");
        let place = format!("{refusal:?} at call {nth}: {ended:?}");
        reads(&again, "old", "x");
        if phone.path("you.db").exists() && again.ring.find("you").unwrap().is_some() {
            drop(Vault::open(&again, "you").expect(&place));
        }
        life(&again).expect(&place);
        reads(&ports(keys.clone()), "kept", "Đường huyết");
        reads(&ports(keys.clone()), "me", "x");
        assert_eq!(phone.keys.aliases().len(), 1, "{place}");
        if is_over {
            ended.expect(&place);
            return nth;
        }
    }
    0
}
