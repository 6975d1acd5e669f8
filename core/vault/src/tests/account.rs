//! The account.

use std::time::Duration;

use sokhoe_domain::ports::{KeyStoreError, Uptime};
use sokhoe_domain::{GrantScope, GrantScopes, Lease, PersonId, Timestamp};

use super::{Phone, at, clinic};
use crate::{
    AccountVault, ClinicRecord, ClinicSession, Helping, LinkedPerson, PersonRecord, VaultError,
};

fn record(id: &str, token: &str) -> ClinicRecord {
    ClinicRecord {
        id: clinic(id),
        name: "Bệnh viện Đa khoa".to_owned(),
        base_url: "https://clinic.example".to_owned(),
        public_key: [7; 32],
        token: token.to_owned().into(),
        enrolled: at(5),
        wire: sokhoe_domain::Wire::Clinic,
    }
}

fn person(n: u8, name: &str) -> PersonRecord {
    PersonRecord {
        id: PersonId(format!("p{n}")),
        name: name.to_owned(),
        birth_date: Some("1960".to_owned()),
        gender: None,
        vault_name: format!("person-{n}"),
    }
}

fn linked(n: u8, name: &str, patient: &str) -> LinkedPerson {
    LinkedPerson {
        person: person(n, name),
        patient_id: patient.to_owned(),
        helping: None,
    }
}

#[test]
fn enrolments_are_kept_and_kept_up_to_date() {
    let phone = Phone::new();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let device = account.device_id().unwrap();
    assert_eq!(device.len(), 32);
    let first = [linked(1, "Đào Thị Lan", "42"), linked(2, "Lê An", "43")];
    let kept = account.add_enrolment(&record("a", "t1"), &first).unwrap();
    assert_eq!(kept, [person(1, "Đào Thị Lan"), person(2, "Lê An")]);
    drop(account);

    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    assert_eq!(account.device_id().unwrap(), device);
    // Again, with a new token, a mended name, and a new id of no avail: the vault stays.
    let again = [linked(9, "Đào Thị Lan Anh", "42")];
    let kept = account.add_enrolment(&record("a", "t2"), &again).unwrap();
    assert_eq!(kept, [person(1, "Đào Thị Lan Anh")]);
    // The same person at another clinic.
    let elsewhere = [LinkedPerson {
        person: PersonRecord {
            vault_name: "another".to_owned(),
            ..person(2, "Lê Văn An")
        },
        patient_id: "42".to_owned(),
        helping: None,
    }];
    let kept = account
        .add_enrolment(&record("b", "t3"), &elsewhere)
        .unwrap();
    assert_eq!(kept, [person(2, "Lê Văn An")]);

    assert_eq!(
        account.clinics().unwrap(),
        [record("a", "t2"), record("b", "t3")]
    );
    assert_eq!(
        account.clinic(&clinic("b")).unwrap(),
        Some(record("b", "t3"))
    );
    assert_eq!(account.clinic(&clinic("c")).unwrap(), None);
    let persons = [person(1, "Đào Thị Lan Anh"), person(2, "Lê Văn An")];
    assert_eq!(account.persons().unwrap(), persons);
    let of = |clinic_id, patient| account.person_of(&clinic(clinic_id), patient).unwrap();
    assert_eq!(of("a", "42"), Some(persons[0].clone()));
    assert_eq!(of("b", "42"), Some(persons[1].clone()));
    assert_eq!(of("b", "43"), None);
    let links = account.links(&PersonId::from("p2")).unwrap();
    let links: Vec<_> = links
        .iter()
        .map(|l| (l.clinic.as_str(), l.patient_id.as_str()))
        .collect();
    assert_eq!(links, [("a", "43"), ("b", "42")]);

    account.remove_person(&PersonId::from("p2")).unwrap();
    account.remove_person(&PersonId::from("p2")).unwrap();
    assert_eq!(account.person(&PersonId::from("p2")).unwrap(), None);
    assert_eq!(
        account.person(&PersonId::from("p1")).unwrap(),
        Some(persons[0].clone())
    );
    assert!(account.links(&PersonId::from("p2")).unwrap().is_empty());
}

#[test]
fn an_enrolment_is_all_or_nothing() {
    let phone = Phone::new();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let mut second = linked(2, "Lê An", "43");
    second.person.vault_name = "person-1".to_owned();
    let two_in_one_vault = [linked(1, "Đào", "42"), second];
    assert!(
        account
            .add_enrolment(&record("a", "t"), &two_in_one_vault)
            .is_err()
    );
    assert!(account.clinics().unwrap().is_empty());
    assert!(account.persons().unwrap().is_empty());
}

#[test]
fn a_locked_phone_makes_no_new_account() {
    let phone = Phone::new();
    let device = AccountVault::open_or_create(&phone.ports)
        .unwrap()
        .device_id()
        .unwrap();
    let before = phone.files();
    phone.keys.refuse(KeyStoreError::Locked);
    let locked = Some(VaultError::Key(KeyStoreError::Locked));
    let restarted = phone.restarted();
    assert_eq!(AccountVault::open_or_create(&restarted).err(), locked);
    assert_eq!(AccountVault::erase(&restarted).err(), locked);
    assert_eq!(phone.files(), before);
    phone.keys.refuse(None);
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    assert_eq!(account.device_id().unwrap(), device);
    drop(account);
    AccountVault::erase(&phone.ports).unwrap();
    let names: Vec<_> = phone.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["ring", "ring.copy"]);
}

#[test]
fn logs_show_no_names_and_no_tokens() {
    let text = format!(
        "{:?} {:?} {:?}",
        record("a", "very-secret"),
        linked(1, "Đào Thị Lan", "P-42"),
        crate::Link {
            clinic: clinic("a"),
            patient_id: "P-42".to_owned()
        }
    );
    for hidden in ["very-secret", "Đào", "P-42", "1960", "Bệnh"] {
        assert!(!text.contains(hidden), "{text}");
    }
}

#[test]
fn an_account_becomes_that_of_another_phone_only_when_it_is_empty() {
    let old = Phone::new();
    let old = AccountVault::open_or_create(&old.ports).unwrap();
    let persons = [linked(1, "Đào Thị Lan", "42"), linked(2, "Lê An", "43")];
    old.add_enrolment(&record("a", "t1"), &persons).unwrap();
    let session = ClinicSession {
        device_key: [4; 65],
        access_token: "access".to_owned().into(),
        access_ends: at(9),
        renewal: "first".to_owned().into(),
        is_assertion: true,
    };
    old.enrol(&record("b", "t2"), Some(&session), &persons[..1])
        .unwrap();
    let whole = old.whole().unwrap();
    assert_eq!(whole.links.len(), 3);

    let phone = Phone::new();
    let new = AccountVault::open_or_create(&phone.ports).unwrap();
    assert!(new.is_empty().unwrap());
    new.become_account(&whole).unwrap();
    drop(new);
    let new = AccountVault::open_or_create(&phone.ports).unwrap();
    assert_eq!(new.whole().unwrap(), whole);
    assert!(!new.is_empty().unwrap());
    assert_eq!(new.become_account(&whole), Err(VaultError::NotEmpty));

    // Links to nobody: all or nothing.
    let third = AccountVault::open_or_create(&Phone::new().ports).unwrap();
    let device = third.device_id().unwrap();
    let mut torn = whole;
    torn.persons.pop();
    third.become_account(&torn).unwrap_err();
    assert!(third.is_empty().unwrap());
    assert_eq!(third.device_id().unwrap(), device);
}

#[test]
fn a_phone_knows_that_its_account_has_moved() {
    let phone = Phone::new();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    assert_eq!(account.moved().unwrap(), None);
    account.set_moved(Some(at(8))).unwrap();
    drop(account);
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    assert_eq!(account.moved().unwrap(), Some(at(8)));
    account.set_moved(None).unwrap();
    assert_eq!(account.moved().unwrap(), None);
}

#[test]
fn whom_the_phone_helps_is_known_until_it_is_unlinked_or_of_its_own() {
    let phone = Phone::new();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let helping = |patient: &str, scopes: &[GrantScope]| Helping {
        clinic: clinic("a"),
        patient_id: patient.to_owned(),
        scopes: GrantScopes::of(scopes),
        ends: Some(Timestamp::from_millis(9)),
        lease: None,
    };
    let helped = LinkedPerson {
        helping: Some(helping("42", &[GrantScope::Book])),
        ..linked(1, "Đào Thị Lan", "42")
    };
    let both = [helped.clone(), linked(2, "Lê An", "43")];
    account.add_enrolment(&record("a", "t1"), &both).unwrap();
    let (lan, an) = (PersonId::from("p1"), PersonId::from("p2"));
    let wider = Helping {
        lease: Some(Lease::given(
            Uptime {
                start: u64::MAX >> 1,
                since_start: Duration::from_secs(5),
            },
            Duration::from_secs(60),
        )),
        ..helping("42", &[GrantScope::Book, GrantScope::Pay])
    };
    account.set_helping(&wider).unwrap();
    let account = AccountVault::open_or_create(&phone.restarted()).unwrap();
    assert_eq!(account.helping(&lan).unwrap(), std::slice::from_ref(&wider));
    assert_eq!(account.helping(&an).unwrap(), []);
    // A lease does not move to another phone, the grant does.
    let whole = account.whole().unwrap();
    assert_eq!(whole.helping, [wider]);
    let other = Phone::new();
    let moved = AccountVault::open_or_create(&other.ports).unwrap();
    moved.become_account(&whole).unwrap();
    let there = moved.helping(&lan).unwrap();
    assert_eq!((there.len(), there[0].lease), (1, None));
    moved.remove_person(&lan).unwrap();
    assert_eq!(moved.all_helped().unwrap(), []);

    account.unlink(&lan, &clinic("a")).unwrap();
    assert_eq!(account.all_helped().unwrap(), []);
    account
        .add_enrolment(&record("a", "t2"), &[helped])
        .unwrap();
    assert_eq!(account.all_helped().unwrap().len(), 1);
    // Enrolled for the person themselves.
    let own = [linked(1, "Đào Thị Lan", "42")];
    account.add_enrolment(&record("a", "t3"), &own).unwrap();
    assert_eq!(account.all_helped().unwrap(), []);
}

#[test]
fn new_tokens_take_the_place_of_those_that_were_asked_with_and_of_no_others() {
    let phone = Phone::new();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let clinic = record("a", "");
    let session = |renewal: &str| ClinicSession {
        device_key: [4; 65],
        access_token: format!("access of {renewal}").into(),
        access_ends: at(9),
        renewal: renewal.to_owned().into(),
        is_assertion: false,
    };
    assert_eq!(account.clinic_session(&clinic.id).unwrap(), None);
    let enrolled = session("first");
    account.enrol(&clinic, Some(&enrolled), &[]).unwrap();
    let renew = |to: &str, from: &str| {
        let asked_with = from.to_owned().into();
        account
            .renew_clinic_session(&clinic.id, &session(to), &asked_with)
            .unwrap();
        account.clinic_session(&clinic.id).unwrap().unwrap()
    };
    assert_eq!(renew("second", "first"), session("second"));
    assert_eq!(renew("late", "first"), session("second"));
    drop(account);
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let kept = account.clinic_session(&clinic.id).unwrap();
    assert_eq!(kept, Some(session("second")));
    assert!(!format!("{kept:?}").contains("second"));
}
