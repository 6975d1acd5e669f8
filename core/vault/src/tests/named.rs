//! What the person made goes on under the name that its server gives it.

use sokhoe_domain::ResourceKey;

use super::changes::{
    clinic, create, events, feed, id, journal, keep_reading, open, reading, reading_key, shown,
    states,
};
use super::{Phone, all, at, titles};
use crate::pause::PauseSwitch;
use crate::{CHANGE_CONFLICT, ChangeState, NewChange, Vault, VaultError};

fn theirs_key() -> ResourceKey {
    ResourceKey::new("Observation", "1007")
}

/// As the server has the first reading.
fn theirs(version: &str) -> String {
    let created = sokhoe_fhir::given_id::to_be_created(&reading(1), id(1)).unwrap();
    created.replacen(
        '{',
        &format!(r#"{{"id":"1007","meta":{{"versionId":"{version}"}},"#),
        1,
    )
}

fn heavier(json: &str) -> String {
    let heavier = json.replace("61.50", "71.50");
    assert_ne!(heavier, json);
    heavier
}

/// The person corrects the first reading, as they saw it.
fn correct(vault: &Vault, n: u64, key: ResourceKey, base: &str) {
    let new = NewChange {
        id: id(n),
        clinic: clinic(),
        key,
        base: Some(base.to_owned()),
        ours: heavier(base),
        created: at(41),
    };
    vault.keep_change(&new).unwrap();
}

#[test]
fn the_answer_names_it_and_what_was_written_into_it_goes_on() {
    let phone = Phone::new();
    let vault = create(&phone);
    keep_reading(&vault, 1);
    correct(&vault, 2, reading_key(1), &reading(1));
    keep_reading(&vault, 3);
    assert_eq!(vault.change_sent(id(1)), Ok(None));
    vault.mark_change_sending(id(1), at(42)).unwrap();
    assert_eq!(vault.change_sent(id(1)), Ok(Some(at(42))));
    vault
        .take_named(id(1), &theirs_key(), &theirs("1"), Some("1"), at(43))
        .unwrap();
    let check = |vault: &Vault, state| {
        assert_eq!(shown(vault, &reading_key(1)), None);
        assert_eq!(shown(vault, &theirs_key()), Some(heavier(&theirs("1"))));
        let rows = vault.entries(&all()).unwrap();
        assert_eq!(titles(&rows), ["Cân nặng số 3", "Cân nặng số 1"]);
        assert_eq!(states(vault), [(id(2), state), (id(3), state)]);
        let left = vault.change(id(2)).unwrap().unwrap();
        assert_eq!(left.key, theirs_key());
        assert_eq!(left.merged().unwrap().json, heavier(&theirs("1")));
        assert_eq!(journal(vault).len(), 2);
    };
    check(&vault, ChangeState::Waiting);
    assert_eq!(vault.named_now(&clinic(), &reading_key(1)), theirs_key());
    let row = vault.first_entry_of(&clinic(), &reading_key(1)).unwrap();
    assert_eq!(row.unwrap().title, "Cân nặng số 1");
    drop(vault);
    check(&open(&phone), ChangeState::Waiting);
    // The journal has it under its new name, too.
    std::fs::write(phone.path("me.db"), b"").unwrap();
    let (vault, rebuilt) =
        Vault::rebuild(&phone.ports, "me", at(77), &PauseSwitch::default()).unwrap();
    assert_eq!(rebuilt.changes, 2);
    feed(&vault, theirs_key(), "1", Some(&theirs("1")));
    check(&vault, ChangeState::Sending);
    feed(&vault, theirs_key(), "2", Some(&heavier(&theirs("2"))));
    assert_eq!(states(&vault), [(id(3), ChangeState::Sending)]);
    let conflicts = |kind: &(String, String)| kind.0 == CHANGE_CONFLICT;
    assert!(!events(&vault).iter().any(conflicts));
}

#[test]
fn the_feed_names_it_before_the_answer() {
    let phone = Phone::new();
    let vault = create(&phone);
    keep_reading(&vault, 1);
    vault.mark_change_sending(id(1), at(42)).unwrap();
    // The person corrects it while it is on its way.
    correct(&vault, 2, reading_key(1), &reading(1));
    feed(&vault, theirs_key(), "1", Some(&theirs("1")));
    assert_eq!(states(&vault), [(id(2), ChangeState::Waiting)]);
    assert_eq!(journal(&vault), [id(2)]);
    assert_eq!(shown(&vault, &reading_key(1)), None);
    assert_eq!(shown(&vault, &theirs_key()), Some(heavier(&theirs("1"))));
    assert_eq!(vault.entries(&all()).unwrap().rows.len(), 1);
    let late = vault.take_named(id(1), &theirs_key(), &theirs("1"), Some("1"), at(50));
    assert_eq!(late, Err(VaultError::UnknownIntent));
    feed(&vault, theirs_key(), "2", Some(&heavier(&theirs("2"))));
    assert_eq!(states(&vault), []);
    // A screen may still have it in its hands as it was.
    correct(
        &vault,
        4,
        reading_key(1),
        &heavier(&reading(1)).replace("71.50", "61.50"),
    );
    assert_eq!(vault.change(id(4)).unwrap().unwrap().key, theirs_key());
    assert_eq!(shown(&vault, &reading_key(1)), None);
    assert_eq!(vault.entries(&all()).unwrap().rows.len(), 1);
}

#[test]
fn a_later_version_of_the_feed_is_not_written_over_by_a_late_answer() {
    let phone = Phone::new();
    let vault = create(&phone);
    keep_reading(&vault, 1);
    vault.mark_change_sending(id(1), at(42)).unwrap();
    // The clinic corrected it otherwise: the person must say.
    let corrected = theirs("2").replace("61.50", "60.50");
    feed(&vault, theirs_key(), "2", Some(&corrected));
    assert_eq!(states(&vault), [(id(1), ChangeState::Conflict)]);
    vault
        .take_named(id(1), &theirs_key(), &theirs("1"), Some("1"), at(50))
        .unwrap();
    assert_eq!(shown(&vault, &theirs_key()), Some(corrected));
    assert_eq!(states(&vault), [(id(1), ChangeState::Conflict)]);
    assert_eq!(events(&vault).len(), 1);
    assert_eq!(vault.entries(&all()).unwrap().rows.len(), 1);
}

#[test]
fn what_carries_an_identifier_of_nothing_that_waits_is_as_any_other() {
    let phone = Phone::new();
    let vault = create(&phone);
    keep_reading(&vault, 2);
    feed(&vault, theirs_key(), "1", Some(&theirs("1")));
    assert_eq!(states(&vault), [(id(2), ChangeState::Waiting)]);
    assert_eq!(vault.entries(&all()).unwrap().rows.len(), 2);
    // What cannot be read names nothing.
    keep_reading(&vault, 1);
    let broken = theirs("1").replace("\"1007\"", "\"a b\"");
    feed(
        &vault,
        ResourceKey::new("Observation", "8"),
        "1",
        Some(&broken),
    );
    assert_eq!(states(&vault).len(), 2);
    assert!(shown(&vault, &reading_key(1)).is_some());
}
