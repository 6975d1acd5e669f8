//! The process dies, or the power goes, at every operation of a rotation.

use std::sync::Arc;

use sokhoe_app::domain::ports::VaultFiles as _;
use sokhoe_testing::disk::Promise;
use sokhoe_vault::Vault;

use crate::check::Awoken;
use crate::cuts::images;
use crate::keys::KeysAtCut;
use crate::life::{MINE, ROTATES, live_and_rotate};

#[test]
fn a_rotation_that_is_cut_anywhere_loses_nothing_and_can_be_done_again() {
    for promise in [Promise::PowersafeOverwrite, Promise::Nothing] {
        let life = live_and_rotate(promise);
        let (begins, ends) = (life.step(ROTATES).begins, life.step(ROTATES).ends);
        let mut checked = 0;
        images(
            &life,
            |done| (begins..=ends).contains(&done),
            |image| {
                let place = format!(
                    "{promise:?}, {} of {begins}..={ends}, {:?}, seed {}",
                    image.done, image.kind, image.seed
                );
                let keys = Arc::new(KeysAtCut::new(life.keys.clone(), image.done));
                let awoken = Awoken::new(life.promise, image.files, keys);
                awoken.check(&life, image.done).expect(&place);
                Vault::rotate_key(&awoken.ports, MINE).expect(&place);
                let vault = Vault::open(&awoken.ports, MINE).expect(&place);
                vault.check().expect(&place);
                assert_eq!(
                    vault
                        .due(sokhoe_app::domain::Timestamp::from_millis(i64::MAX))
                        .unwrap()
                        .len(),
                    2,
                    "{place}"
                );
                let names = awoken.disk.list().unwrap();
                assert!(
                    !names.iter().any(|name| name.contains("damaged")),
                    "{place}: {names:?}"
                );
                checked += 1;
                true
            },
        );
        println!(
            "{promise:?}: {} operations, {checked} different images",
            ends - begins
        );
        assert!(checked > ends - begins, "only {checked}");
    }
}
