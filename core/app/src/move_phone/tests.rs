//! Moves that do not go as they should.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use sokhoe_domain::ports::KeyStoreError;
use sokhoe_domain::{ClinicId, PersonId, Timestamp};
use sokhoe_qr::{MoveParcel, MoveRequest, PublicKey};
use sokhoe_testing::SeededRng;
use sokhoe_vault::{ClinicRecord, LinkedPerson, PersonRecord};

use super::luggage::Luggage;
use super::{REQUEST_LIFE, refused, seal, signer};
use crate::error::{AppError, KeyStoreRefusal, MoveRefusal};
use crate::test_phone::{self, NoNetwork, TestPhone};
use crate::{AppConfig, Language};

fn phone(seed: u64) -> TestPhone {
    let config = AppConfig {
        language: Language::Vi,
        device_name: "\u{202e}Điện thoại\n".to_owned(),
    };
    TestPhone::new(config, seed, NoNetwork, test_phone::clock())
}

/// A phone with this many persons at a clinic.
fn old_phone(persons: usize) -> TestPhone {
    let clinic = ClinicRecord {
        id: ClinicId::from("0192f5c0-7a3e-7c11-9f00-0123456789ab"),
        name: "Bệnh viện Đa khoa tỉnh Mường Thanh".to_owned(),
        base_url: "https://benhvien.example".to_owned(),
        token: "q3Jx0mC1d8Yw5tZ2vB7nL4kS9aF6gH0e".to_owned().into(),
        enrolled: Timestamp::from_millis(1_795_312_800_000),
        ..test_phone::clinic()
    };
    let rng = SeededRng::new(7);
    let linked = (0..persons).map(|n| {
        let id = sokhoe_domain::IntentId::new(Timestamp::from_millis(1_795_312_800_000), &rng);
        LinkedPerson {
            person: PersonRecord {
                id: PersonId(id.to_string()),
                name: format!("Lò Thị Hương {n}"),
                birth_date: Some(format!("19{:02}-05-02", n + 30)),
                gender: Some("female".to_owned()),
                vault_name: format!("person-{id}"),
            },
            patient_id: format!("bn-{n:06}"),
            helping: None,
        }
    });
    phone(1).enrol(&clinic, linked)
}

/// What somebody else could show for a request.
fn forged(request: &str, luggage: &[u8]) -> Vec<String> {
    let rng = SeededRng::new(66);
    let wanted = MoveRequest::read(request, Timestamp::from_millis(0)).unwrap();
    let sealed = seal::seal(&wanted.sealing_key, request, luggage, &rng).unwrap();
    let key = signer(&rng).unwrap();
    let parts: Vec<_> = sealed.chunks(MoveParcel::LONGEST_CONTENT).collect();
    let of = u8::try_from(parts.len()).unwrap();
    (1..=of)
        .zip(parts)
        .map(|(part, content)| {
            MoveParcel {
                request: MoveRequest::id_of(request),
                part,
                of,
                content: content.to_owned(),
                public_key: PublicKey::of(&key).unwrap(),
            }
            .sign(&key)
            .unwrap()
        })
        .collect()
}

#[test]
fn a_request_lives_for_a_quarter_of_an_hour() {
    let (old, new) = (old_phone(1), phone(2));
    let request = new.app.begin_move().unwrap();
    assert_eq!(
        request.expires,
        new.app.inner.now().plus(REQUEST_LIFE),
        "whole seconds"
    );
    let parcels = old.app.answer_move(&request.qr_text).unwrap();
    for clock in [&old.clock, &new.clock] {
        clock.advance(REQUEST_LIFE - Duration::from_secs(1));
    }
    old.app.answer_move(&request.qr_text).unwrap();
    for clock in [&old.clock, &new.clock] {
        clock.advance(Duration::from_secs(1));
    }
    let expired = refused(MoveRefusal::Expired);
    assert_eq!(old.app.answer_move(&request.qr_text), Err(expired.clone()));
    assert_eq!(new.app.take_parcel(&parcels[0]), Err(expired));
    assert!(new.app.persons().unwrap().is_empty());
}

#[test]
fn a_new_request_takes_the_place_of_the_last() {
    let (old, new) = (old_phone(1), phone(2));
    let first = new.app.begin_move().unwrap().qr_text;
    let second = new.app.begin_move().unwrap().qr_text;
    let late = old.app.answer_move(&first).unwrap();
    assert_eq!(
        new.app.take_parcel(&late[0]),
        Err(refused(MoveRefusal::OtherRequest))
    );
    for parcel in old.app.answer_move(&second).unwrap() {
        new.app.take_parcel(&parcel).unwrap();
    }
    assert_eq!(new.app.persons().unwrap(), old.app.persons().unwrap());
}

#[test]
fn a_locked_key_store_is_asked_again_with_the_last_parcel() {
    let (old, new) = (old_phone(2), phone(2));
    let request = new.app.begin_move().unwrap().qr_text;
    let parcels = old.app.answer_move(&request).unwrap();
    let (last, first) = parcels.split_last().unwrap();
    for parcel in first {
        new.app.take_parcel(parcel).unwrap();
    }
    new.app.lock();
    new.keys.refuse(KeyStoreError::Locked);
    assert_eq!(
        new.app.take_parcel(last),
        Err(AppError::KeyStore {
            reason: KeyStoreRefusal::Locked
        })
    );
    new.keys.refuse(None);
    assert!(new.app.persons().unwrap().is_empty(), "nothing was changed");
    assert!(new.app.take_parcel(last).unwrap().done);
    assert_eq!(new.app.persons().unwrap(), old.app.persons().unwrap());
}

#[test]
fn a_family_fits_a_few_codes_and_a_helper_some_more() {
    let new = phone(2);
    let codes = |persons| {
        let request = new.app.begin_move().unwrap().qr_text;
        let old = old_phone(persons);
        old.app.answer_move(&request).unwrap().len()
    };
    let counts = [1, 4, 20].map(codes);
    println!("codes for 1, 4 and 20 persons: {counts:?}");
    assert!(
        counts[0] <= 2 && counts[1] <= 2 && counts[2] <= 5,
        "{counts:?} codes"
    );
    // A name that nothing packs smaller.
    let large = old_phone(1);
    let account = &large.app.inner.account().unwrap();
    let person = account.persons().unwrap().remove(0);
    let clinic = account.clinics().unwrap().remove(0);
    let rng = SeededRng::new(9);
    let name: String = (0..4_000).map(|_| format!("{:016x}", rng.next())).collect();
    let linked = LinkedPerson {
        person: PersonRecord { name, ..person },
        patient_id: "bn-000000".to_owned(),
        helping: None,
    };
    account.add_enrolment(&clinic, &[linked]).unwrap();
    let request = new.app.begin_move().unwrap().qr_text;
    assert_eq!(
        large.app.answer_move(&request),
        Err(refused(MoveRefusal::TooLarge))
    );
}

#[test]
fn what_no_phone_packs_changes_nothing() {
    let (old, new) = (old_phone(2), phone(2));
    let honest = Luggage::pack(&old.app.inner).unwrap().to_bytes().unwrap();
    let honest: Value =
        serde_json::from_slice(&zstd::bulk::decompress(&honest, 1 << 20).unwrap()).unwrap();
    let twice = honest["persons"][0].clone();
    let changes: [(&str, Value, MoveRefusal); 8] = [
        ("/clinics/0/id", json!("own"), MoveRefusal::Damaged),
        ("/version", json!(5), MoveRefusal::NewerVersion),
        ("/device_id", json!("../x"), MoveRefusal::Damaged),
        ("/persons/0/id", json!("../../x"), MoveRefusal::Damaged),
        ("/persons/1", twice, MoveRefusal::Damaged),
        (
            "/persons/0/links",
            json!([["other", "1"]]),
            MoveRefusal::Damaged,
        ),
        ("/clinics", json!([]), MoveRefusal::Damaged),
        ("/clinics/0/public_key", json!("AA"), MoveRefusal::Damaged),
    ];
    for (place, value, refusal) in changes {
        let mut luggage = honest.clone();
        *luggage.pointer_mut(place).unwrap() = value;
        let packed = zstd::bulk::compress(luggage.to_string().as_bytes(), 1).unwrap();
        let request = new.app.begin_move().unwrap().qr_text;
        let results: Vec<_> = forged(&request, &packed)
            .iter()
            .map(|parcel| new.app.take_parcel(parcel))
            .collect();
        assert_eq!(results.last().unwrap(), &Err(refused(refusal)), "{place}");
        assert!(new.app.persons().unwrap().is_empty(), "{place}");
        assert_eq!(
            new.app
                .inner
                .ports
                .files
                .list()
                .unwrap()
                .iter()
                .filter(|name| name.starts_with("person"))
                .count(),
            0
        );
    }
    // Sealed for another text of the request: all parts are whole, and nothing opens.
    let request = new.app.begin_move().unwrap().qr_text;
    let mut mixed = old.app.answer_move(&request).unwrap();
    let last = MoveParcel::read(mixed.last().unwrap()).unwrap();
    let rng = SeededRng::new(5);
    let key = signer(&rng).unwrap();
    for text in &mut mixed {
        let mut parcel = MoveParcel::read(text).unwrap();
        parcel.public_key = PublicKey::of(&key).unwrap();
        parcel.content[0] ^= 1;
        *text = parcel.sign(&key).unwrap();
    }
    let results: Vec<_> = mixed.iter().map(|text| new.app.take_parcel(text)).collect();
    assert_eq!(results.last().unwrap(), &Err(refused(MoveRefusal::Damaged)));
    // A part of the same answer that says something else.
    let honest = old.app.answer_move(&request).unwrap();
    assert_eq!(MoveParcel::read(&honest[0]).unwrap().of, last.of);
    for parcel in honest {
        new.app.take_parcel(&parcel).unwrap();
    }
    assert_eq!(new.app.persons().unwrap(), old.app.persons().unwrap());
}

proptest! {
    /// Whatever was sealed for this phone by somebody else, it is luggage or it is refused.
    #[test]
    fn any_bytes_are_luggage_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), json in ".{0,200}") {
        let _ = Luggage::from_bytes(&bytes);
        let packed = zstd::bulk::compress(json.as_bytes(), 1).unwrap();
        let _ = Luggage::from_bytes(&packed);
    }
}

#[test]
fn parts_of_two_answers_do_not_mix() {
    let (old, new) = (old_phone(60), phone(2));
    let request = new.app.begin_move().unwrap().qr_text;
    let first = old.app.answer_move(&request).unwrap();
    let second = old.app.answer_move(&request).unwrap();
    assert!(first.len() > 2, "{} parts", first.len());
    for parcel in &first[1..] {
        assert!(!new.app.take_parcel(parcel).unwrap().done);
    }
    // One part is missing, and that of the other answer does not stand in for it: it begins anew.
    let progress = new.app.take_parcel(&second[0]).unwrap();
    assert_eq!((progress.have, progress.done), (1, false));
    for parcel in &second[1..] {
        assert!(new.app.persons().unwrap().is_empty());
        new.app.take_parcel(parcel).unwrap();
    }
    assert_eq!(new.app.persons().unwrap().len(), 60);
}
