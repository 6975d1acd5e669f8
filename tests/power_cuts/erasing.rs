//! The power goes at every operation of an erasing.

use std::collections::BTreeMap;
use std::sync::Arc;

use sokhoe_app::domain::ports::{KeyStoreError, VaultFiles as _};
use sokhoe_testing::disk::Promise;
use sokhoe_tests::book::Book;
use sokhoe_vault::{Vault, VaultError};

use crate::check::Awoken;
use crate::cuts::images;
use crate::keys::KeysAtCut;
use crate::life::{ERASED, ERASES, Life, MINE, PROBES, Part, State, live};

/// The files as they were before the erasing: what somebody may have kept.
fn before(life: &Life) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    life.disk.tape().cuts(|cut| {
        if cut.done == life.step(ERASES).begins {
            files = cut.medium.contents();
        }
    });
    files
}

#[test]
fn an_erasing_that_is_cut_anywhere_leaves_a_whole_book_or_none_for_ever() {
    let life = live(Promise::PowersafeOverwrite, 3, false);
    let (begins, ends) = (life.step(ERASES).begins, life.step(ERASES).ends);
    let kept = before(&life);
    let State::Vault(whole) = life.allowed(Part::Erased, begins)[0] else {
        panic!("there is a book to erase");
    };
    let (mut stayed, mut went) = (0, 0);
    images(
        &life,
        |done| (begins..=ends).contains(&done),
        |image| {
            let place = format!(
                "{} of {begins}..={ends}, {:?}, seed {}",
                image.done, image.kind, image.seed
            );
            let keys = Arc::new(KeysAtCut::new(life.keys.clone(), image.done));
            let awoken = Awoken::new(life.promise, image.files, keys.clone());
            // Any opening ends what was decided.
            drop(Vault::open(&awoken.ports, MINE).expect(&place));
            match Vault::open(&awoken.ports, ERASED) {
                Ok(vault) => {
                    assert_eq!(Book::read(&vault, PROBES).unwrap(), **whole, "{place}");
                    vault.check().expect(&place);
                    stayed += 1;
                }
                Err(error) => {
                    assert!(
                        matches!(
                            error,
                            VaultError::NotFound | VaultError::Key(KeyStoreError::Missing)
                        ),
                        "{place}: {error:?}"
                    );
                    let names = awoken.disk.list().unwrap();
                    assert!(
                        !names.iter().any(|name| name.starts_with(ERASED)),
                        "{place}: {names:?}"
                    );
                    // Not even with every file of before.
                    let again = Awoken::new(life.promise, kept.clone(), keys);
                    assert_eq!(
                        Vault::open(&again.ports, ERASED).unwrap_err(),
                        VaultError::Key(KeyStoreError::Missing),
                        "{place}"
                    );
                    went += 1;
                }
            }
            true
        },
    );
    println!(
        "{} operations: {stayed} times it stayed, {went} times it went",
        ends - begins
    );
    assert!(stayed > 0 && went > 0);
}
