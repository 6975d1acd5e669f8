//! What the person writes into what a clinic keeps is shown at once, merged, and never lost.

use sokhoe_domain::{ClinicId, IntentId, ResourceKey, Section, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::merge::Standing;
use sokhoe_testing::SeededRng;

use super::{Phone, all, at, titles};
use crate::pause::PauseSwitch;
use crate::{CHANGE_CONFLICT, CHANGE_REFUSED, ChangeState, NewChange, Page, Vault, VaultError};

pub(super) fn clinic() -> ClinicId {
    ClinicId::from("bv")
}

pub(super) fn id(n: u64) -> IntentId {
    let at = Timestamp::from_millis(1_000_000 + i64::try_from(n).unwrap());
    IntentId::new(at, &SeededRng::new(n))
}

pub(super) fn reading_key(n: u64) -> ResourceKey {
    ResourceKey::new("Observation", id(n).to_string())
}

pub(super) fn reading(n: u64) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{}","status":"final","code":{{"text":"Cân nặng số {n}"}},"performer":[{{"reference":"Patient/p"}}],"effectiveDateTime":"2026-11-0{n}","valueQuantity":{{"value":6{n}.50,"unit":"kg"}}}}"#,
        id(n)
    )
}

fn patient(phone: &str, birth: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"p","birthDate":"{birth}","telecom":[{{"system":"phone","use":"mobile","value":"{phone}"}}]}}"#
    )
}

fn patient_key() -> ResourceKey {
    ResourceKey::new("Patient", "p")
}

pub(super) fn open(phone: &Phone) -> Vault {
    Vault::open(&phone.ports, "me").unwrap()
}

pub(super) fn create(phone: &Phone) -> Vault {
    Vault::create(&phone.ports, "me").unwrap()
}

pub(super) fn feed(vault: &Vault, key: ResourceKey, version: &str, json: Option<&str>) {
    let change = match json {
        Some(json) => Change::Put {
            key,
            version: Some(version.to_owned()),
            json,
        },
        None => Change::Delete { key },
    };
    let page = Page {
        clinic: &clinic(),
        changes: &[change],
        cursor: version,
        received: at(50),
        bookings: &[],
        events: &[],
    };
    vault.apply(&page).unwrap();
}

pub(super) fn keep_reading(vault: &Vault, n: u64) {
    let new = NewChange {
        id: id(n),
        clinic: clinic(),
        key: reading_key(n),
        base: None,
        ours: reading(n),
        created: at(40),
    };
    vault.keep_change(&new).unwrap();
}

fn keep_number(vault: &Vault, n: u64, base: &str, ours: &str) {
    let new = NewChange {
        id: id(n),
        clinic: clinic(),
        key: patient_key(),
        base: Some(base.to_owned()),
        ours: ours.to_owned(),
        created: at(40),
    };
    vault.keep_change(&new).unwrap();
}

pub(super) fn shown(vault: &Vault, key: &ResourceKey) -> Option<String> {
    let found = vault.resource(&clinic(), key).unwrap();
    found.map(|resource| resource.json)
}

pub(super) fn states(vault: &Vault) -> Vec<(IntentId, ChangeState)> {
    let changes = vault.changes().unwrap();
    changes.into_iter().map(|c| (c.id, c.state)).collect()
}

pub(super) fn events(vault: &Vault) -> Vec<(String, String)> {
    let events = vault.events().unwrap();
    events.into_iter().map(|e| (e.kind, e.subject)).collect()
}

pub(super) fn journal(vault: &Vault) -> Vec<IntentId> {
    let contents = vault.journal().read().unwrap();
    contents.changes.iter().map(|change| change.id).collect()
}

#[test]
fn a_reading_is_shown_at_once_and_gone_from_what_waits_when_the_clinic_has_it() {
    let phone = Phone::new();
    let vault = create(&phone);
    keep_reading(&vault, 1);
    keep_reading(&vault, 1);
    keep_reading(&vault, 2);
    let rows = vault.entries(&all()).unwrap();
    assert_eq!(titles(&rows), ["Cân nặng số 2", "Cân nặng số 1"]);
    assert_eq!(rows.rows[0].section, Section::Measurements);
    assert_eq!(
        states(&vault),
        [(id(1), ChangeState::Waiting), (id(2), ChangeState::Waiting)]
    );
    drop(vault);
    let vault = open(&phone);
    vault.mark_change_sending(id(1), at(41)).unwrap();
    vault.postpone_change(id(1), at(60), false).unwrap();
    assert_eq!(states(&vault)[0].1, ChangeState::Waiting);
    vault.mark_change_sending(id(1), at(41)).unwrap();
    vault.postpone_change(id(1), at(60), true).unwrap();
    let change = &vault.changes().unwrap()[0];
    assert_eq!(
        (change.state, change.sent, change.attempts),
        (ChangeState::Sending, true, 2)
    );
    assert_eq!(vault.drop_change(id(1), at(61)), Err(VaultError::Busy));
    // The answer, and the feed for the other.
    let stored = reading(1).replace(r#""id""#, r#""meta":{"versionId":"1"},"id""#);
    vault
        .take_theirs(id(1), &stored, Some("1"), None, at(61))
        .unwrap();
    assert_eq!(shown(&vault, &reading_key(1)), Some(stored.clone()));
    assert_eq!(
        (states(&vault), journal(&vault)),
        (vec![(id(2), ChangeState::Waiting)], vec![id(2)])
    );
    feed(&vault, reading_key(2), "1", Some(&reading(2)));
    feed(&vault, reading_key(1), "1", Some(&stored));
    assert_eq!((states(&vault), events(&vault)), (vec![], vec![]));
    assert!(!phone.path("me.journal").exists());
    assert_eq!(vault.entries(&all()).unwrap().rows.len(), 2);
    // One that was answered is not taken in again.
    assert_eq!(
        vault.mark_change_sending(id(1), at(62)),
        Err(VaultError::UnknownIntent)
    );
}

#[test]
fn what_the_feed_brings_meanwhile_is_merged() {
    let phone = Phone::new();
    let vault = create(&phone);
    let base = patient("0901", "1950");
    feed(&vault, patient_key(), "1", Some(&base));
    keep_number(&vault, 1, &base, &patient("0902", "1950"));
    assert_eq!(shown(&vault, &patient_key()), Some(patient("0902", "1950")));
    // A fact of the clinic's changes.
    let theirs = patient("0901", "1950-01-02");
    feed(&vault, patient_key(), "2", Some(&theirs));
    assert_eq!(
        shown(&vault, &patient_key()),
        Some(patient("0902", "1950-01-02"))
    );
    let change = &vault.changes().unwrap()[0];
    assert_eq!(
        (change.theirs.as_deref(), change.version.as_deref()),
        (Some(&*theirs), Some("2"))
    );
    // A page that is late changes nothing.
    feed(&vault, patient_key(), "1", Some(&base));
    assert_eq!(
        shown(&vault, &patient_key()),
        Some(patient("0902", "1950-01-02"))
    );
    // The clinic changes the very number: both are there, and the person hears of it once.
    let theirs = patient("0903", "1950-01-02");
    feed(&vault, patient_key(), "3", Some(&theirs));
    feed(&vault, patient_key(), "3", Some(&theirs));
    assert_eq!(shown(&vault, &patient_key()), Some(theirs));
    assert_eq!(states(&vault), [(id(1), ChangeState::Conflict)]);
    assert_eq!(
        events(&vault),
        [(CHANGE_CONFLICT.to_owned(), id(1).to_string())]
    );
    let conflicts = vault.changes().unwrap()[0].conflicts();
    assert_eq!(conflicts[0].ours.as_deref(), Some(r#""0902""#));
    assert_eq!(
        vault.mark_change_sending(id(1), at(51)),
        Err(VaultError::UnknownIntent)
    );
    // The clinic takes it back itself: nothing is left to decide.
    feed(&vault, patient_key(), "4", Some(&patient("0901", "1950")));
    assert_eq!(states(&vault), [(id(1), ChangeState::Waiting)]);
    feed(&vault, patient_key(), "5", Some(&patient("0902", "1950")));
    assert_eq!((states(&vault), journal(&vault)), (vec![], vec![]));
}

#[test]
fn the_person_decides_a_conflict() {
    for standing in [Standing::Ours, Standing::Theirs] {
        let phone = Phone::new();
        let vault = create(&phone);
        let base = patient("0901", "1950");
        let theirs = patient("0903", "1950");
        feed(&vault, patient_key(), "1", Some(&base));
        keep_number(&vault, 1, &base, &patient("0902", "1950"));
        assert_eq!(
            vault.decide_change(id(1), standing, at(60)),
            Err(VaultError::UnknownIntent)
        );
        feed(&vault, patient_key(), "2", Some(&theirs));
        vault.decide_change(id(1), standing, at(60)).unwrap();
        if standing == Standing::Theirs {
            assert_eq!((states(&vault), journal(&vault)), (vec![], vec![]));
            assert_eq!(shown(&vault, &patient_key()), Some(theirs));
            continue;
        }
        assert_eq!(shown(&vault, &patient_key()), Some(patient("0902", "1950")));
        let decided = vault.changes().unwrap();
        assert_eq!(
            (decided[0].state, decided[0].conflicts().len()),
            (ChangeState::Waiting, 0)
        );
        assert_eq!(decided[0].version.as_deref(), Some("2"));
        // The decision is in the journal, too.
        drop(vault);
        std::fs::write(phone.path("me.db"), b"").unwrap();
        let (vault, rebuilt) =
            Vault::rebuild(&phone.ports, "me", at(77), &PauseSwitch::default()).unwrap();
        assert_eq!(rebuilt.changes, 1);
        assert_eq!(vault.changes().unwrap()[0].base, theirs);
    }
}

#[test]
fn what_is_refused_is_shown_until_it_is_dropped() {
    let phone = Phone::new();
    let vault = create(&phone);
    let base = patient("0901", "1950");
    feed(&vault, patient_key(), "1", Some(&base));
    keep_number(&vault, 1, &base, &patient("0902", "1950"));
    keep_reading(&vault, 2);
    vault.refuse_change(id(1), "invalid", at(60)).unwrap();
    vault.refuse_change(id(2), "invalid", at(60)).unwrap();
    assert_eq!(vault.changes().unwrap()[0].reason, "invalid");
    assert_eq!(shown(&vault, &patient_key()), Some(patient("0902", "1950")));
    assert_eq!(
        events(&vault)[1],
        (CHANGE_REFUSED.to_owned(), id(2).to_string())
    );
    assert_eq!(
        vault.mark_change_sending(id(1), at(61)),
        Err(VaultError::UnknownIntent)
    );
    vault.drop_change(id(1), at(62)).unwrap();
    vault.drop_change(id(2), at(62)).unwrap();
    assert_eq!(
        vault.drop_change(id(2), at(62)),
        Err(VaultError::UnknownIntent)
    );
    assert_eq!(shown(&vault, &patient_key()), Some(base));
    assert_eq!(shown(&vault, &reading_key(2)), None);
    assert_eq!((states(&vault), journal(&vault)), (vec![], vec![]));
    assert_eq!(vault.entries(&all()).unwrap().rows, []);
}

#[test]
fn changes_of_one_resource_follow_each_other() {
    let phone = Phone::new();
    let vault = create(&phone);
    let [a, b, c] = ["0901", "0902", "0903"].map(|number| patient(number, "1950"));
    feed(&vault, patient_key(), "1", Some(&a));
    keep_number(&vault, 1, &a, &b);
    keep_number(&vault, 2, &b, &c);
    assert_eq!(shown(&vault, &patient_key()), Some(c.clone()));
    // The first arrived: that is no conflict with the second.
    feed(&vault, patient_key(), "2", Some(&b));
    assert_eq!(states(&vault), [(id(2), ChangeState::Waiting)]);
    assert_eq!(shown(&vault, &patient_key()), Some(c.clone()));
    vault
        .take_theirs(id(2), &c, Some("3"), None, at(60))
        .unwrap();
    // What comes later from before it is not laid over it.
    assert_eq!((states(&vault), events(&vault)), (vec![], vec![]));
    assert_eq!(shown(&vault, &patient_key()), Some(c));
}

#[test]
fn an_answer_that_the_feed_overtook_is_not_laid_over_it() {
    let phone = Phone::new();
    let vault = create(&phone);
    let [a, b, c] = ["0901", "0902", "0903"].map(|number| patient(number, "1950"));
    feed(&vault, patient_key(), "7", Some(&a));
    keep_number(&vault, 1, &a, &b);
    // Asked under 7, answered with 8; the feed has 9 by now, where the clinic changed the number again.
    feed(&vault, patient_key(), "9", Some(&c));
    vault
        .take_theirs(id(1), &b, Some("8"), Some("7"), at(60))
        .unwrap();
    assert_eq!(shown(&vault, &patient_key()), Some(c));
    assert_eq!(states(&vault), [(id(1), ChangeState::Conflict)]);
    // A clinic that was set back has an older version, and that is the one to write over.
    vault
        .take_theirs(id(1), &a, Some("3"), Some("9"), at(61))
        .unwrap();
    let change = &vault.changes().unwrap()[0];
    assert_eq!(
        (change.state, change.version.as_deref()),
        (ChangeState::Waiting, Some("3"))
    );
}

#[test]
fn a_resource_that_the_clinic_took_away_leaves_what_the_person_wrote() {
    let phone = Phone::new();
    let vault = create(&phone);
    let base = patient("0901", "1950");
    feed(&vault, patient_key(), "1", Some(&base));
    keep_number(&vault, 1, &base, &patient("0902", "1950"));
    feed(&vault, patient_key(), "2", None);
    assert_eq!(shown(&vault, &patient_key()), Some(patient("0902", "1950")));
    vault.drop_change(id(1), at(60)).unwrap();
    assert_eq!(shown(&vault, &patient_key()), None);
}

#[test]
fn what_a_person_wrote_outlives_the_database() {
    let phone = Phone::new();
    let vault = create(&phone);
    let base = patient("0901", "1950");
    feed(&vault, patient_key(), "1", Some(&base));
    keep_reading(&vault, 3);
    drop(vault);
    let old = std::fs::read(phone.path("me.db")).unwrap();
    let vault = open(&phone);
    keep_reading(&vault, 1);
    keep_number(&vault, 2, &base, &patient("0902", "1950"));
    vault
        .take_theirs(id(3), &reading(3), Some("1"), None, at(50))
        .unwrap();
    drop(vault);
    // It went back in time: what was acknowledged comes back, as possibly sent.
    std::fs::write(phone.path("me.db"), old).unwrap();
    let vault = open(&phone);
    let back = |vault: &Vault| {
        let changes = vault.changes().unwrap();
        let mut ids: Vec<_> = changes.iter().map(|c| (c.id, c.sent)).collect();
        ids.sort();
        ids
    };
    assert_eq!(back(&vault), [(id(1), true), (id(2), true), (id(3), false)]);
    assert_eq!(shown(&vault, &patient_key()), Some(patient("0902", "1950")));
    assert_eq!(shown(&vault, &reading_key(1)), Some(reading(1)));
    drop(vault);
    // Nothing of it reads.
    std::fs::write(phone.path("me.db"), b"").unwrap();
    let rebuild = || Vault::rebuild(&phone.ports, "me", at(77), &PauseSwitch::default()).unwrap();
    let (vault, rebuilt) = rebuild();
    assert_eq!(rebuilt.changes, 3);
    assert_eq!(shown(&vault, &reading_key(1)), Some(reading(1)));
    assert_eq!(shown(&vault, &patient_key()), Some(patient("0902", "1950")));
    drop(vault);
    // The journal is gone: the database has them all, in their order.
    std::fs::remove_file(phone.path("me.journal")).unwrap();
    let (vault, rebuilt) = rebuild();
    assert_eq!((rebuilt.changes, back(&vault).len()), (3, 3));
    drop(vault);
    let vault = open(&phone);
    assert_eq!(journal(&vault).len(), 3);
    for n in [1, 3] {
        vault
            .take_theirs(id(n), &reading(n), Some("1"), None, at(90))
            .unwrap();
    }
    drop(vault);
    let vault = open(&phone);
    assert_eq!(back(&vault).len(), 1, "what is done stays done");
}

#[test]
fn nothing_is_written_for_the_person_alone() {
    let phone = Phone::new();
    let vault = create(&phone);
    let new = NewChange {
        id: id(1),
        clinic: ClinicId::own(),
        key: reading_key(1),
        base: None,
        ours: reading(1),
        created: at(40),
    };
    assert_eq!(vault.keep_change(&new), Err(VaultError::ReservedClinic));
    let unreadable = NewChange {
        clinic: clinic(),
        ours: "{}".to_owned(),
        ..new
    };
    assert!(vault.keep_change(&unreadable).is_err());
    assert_eq!((states(&vault), journal(&vault)), (vec![], vec![]));
    let shown = format!("{unreadable:?}");
    assert!(!shown.contains("ours"), "{shown}");
}
