//! Several people who come together: all are booked or none is.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::{
    Hospital, MOTHER, Phone, SON, STRANGER, by_reference, hospital, id, key, parameters, refusal,
};

const BOOK: &str = "/fhir/Appointment/$book";
const SERVICE: &str = "kham-tim-mach";

/// One of a trip: offer, person, the id of what is booked.
type Visit<'a> = (&'a str, &'a str, &'a str);

fn together(visits: &[Visit<'_>]) -> String {
    let visits: Vec<(&str, Value)> = visits
        .iter()
        .map(|(offer, patient, id)| {
            let reference = |name: &str, text: String| json!({"name": name, "valueReference": {"reference": text}});
            let parts = json!({"part": [
                reference("appointment-reference", format!("Appointment/{offer}")),
                reference("patient-reference", format!("Patient/{patient}")),
                {"name": "id", "valueId": id},
            ]});
            ("together", parts)
        })
        .collect();
    parameters(&visits)
}

/// Free times of one doctor, one after the other.
async fn neighbours(hospital: &Hospital, phone: &Phone, count: usize) -> Vec<String> {
    let free = hospital.free(phone, SERVICE, 500).await;
    let doctor = |slot: &Value| slot["participant"][0]["actor"]["reference"].clone();
    let first = doctor(&free[0]);
    let of_one = free.iter().filter(|slot| doctor(slot) == first);
    of_one.take(count).map(|slot| id(slot).to_owned()).collect()
}

fn ids(reply: &Reply) -> Vec<String> {
    let booked = reply.resources("Appointment");
    booked.iter().map(|it| id(it).to_owned()).collect()
}

/// For each issue which of the request it is about.
fn because_of(reply: &Reply) -> Vec<String> {
    let outcome = match reply.json()["resourceType"] == "Bundle" {
        true => reply.resources("OperationOutcome").remove(0),
        false => reply.json(),
    };
    let issues = outcome["issue"].as_array().unwrap();
    let about = issues.iter().map(|issue| issue["expression"][0].as_str());
    about.map(|about| about.unwrap().to_owned()).collect()
}

/// A phone for every four of them.
async fn phones(hospital: &Hospital, people: &[String]) -> Vec<Phone> {
    let mut phones = Vec::new();
    for (n, family) in people.chunks(4).enumerate() {
        let family: Vec<&str> = family.iter().map(String::as_str).collect();
        phones.push(hospital.phone(&format!("device-{n:03}"), &family).await);
    }
    phones
}

/// Seats and appointments that are taken.
fn taken(hospital: &Hospital) -> (i64, i64) {
    let count = |table: &str| {
        hospital
            .database
            .number(&format!("SELECT count(*) FROM {table}"))
    };
    (count("appointment"), count("busy"))
}

#[tokio::test]
async fn mother_and_son_are_booked_as_one_and_both_lanes_get_one_answer() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let free = neighbours(&hospital, &phone, 2).await;
    let (trip, mother, son) = (key(), key(), key());
    let body = together(&[(&free[0], MOTHER, &mother), (&free[1], SON, &son)]);
    let first = phone.post(BOOK, Some(&trip), &body).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(ids(&first), [&*mother, &*son]);
    for (booked, patient) in first.resources("Appointment").iter().zip([MOTHER, SON]) {
        assert_eq!(booked["status"], "booked");
        let of = format!("Patient/{patient}");
        assert_eq!(booked["participant"][0]["actor"]["reference"], json!(of));
    }

    // The other lane, weeks later; and another phone of the family.
    hospital.clock.advance(Duration::from_secs(29 * 24 * 3600));
    let again = phone.post(BOOK, Some(&trip), &body).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let sister = hospital.phone("device-two", &[MOTHER, SON]).await;
    let same = sister.post(BOOK, Some(&trip), &body).await;
    assert_eq!((same.status, &same.body), (200, &first.body));

    // Each has a booking with its invoice in the feed.
    for (patient, booked) in [(MOTHER, &mother), (SON, &son)] {
        let (changed, _) = phone.changes(patient, None).await;
        let of_kind = |kind: &str| {
            let resources = changed.iter().map(|entry| &entry["resource"]);
            let of_kind = resources.filter(|resource| resource["resourceType"] == kind);
            of_kind.cloned().collect::<Vec<_>>()
        };
        assert!(of_kind("Appointment").iter().any(|it| id(it) == booked));
        let references = of_kind("Invoice");
        assert!(!references.is_empty());
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_key_is_of_one_request() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON, STRANGER]).await;
    let free = neighbours(&hospital, &phone, 4).await;
    let (trip, mother, son) = (key(), key(), key());
    let body = together(&[(&free[0], MOTHER, &mother), (&free[1], SON, &son)]);
    assert_eq!(phone.post(BOOK, Some(&trip), &body).await.status, 200);
    let before = taken(&hospital);
    let (other, third) = (key(), key());
    for body in [
        together(&[(&free[1], SON, &son), (&free[0], MOTHER, &mother)]),
        together(&[(&free[2], MOTHER, &mother), (&free[3], SON, &son)]),
        together(&[(&free[2], STRANGER, &other), (&free[3], SON, &third)]),
    ] {
        let reply = phone.post(BOOK, Some(&trip), &body).await;
        assert_eq!(reply.status, 422, "{}", reply.body);
    }
    // Nor is the id of an appointment given twice.
    let body = together(&[(&free[2], STRANGER, &other), (&free[3], SON, &son)]);
    let reply = phone.post(BOOK, Some(&key()), &body).await;
    assert_eq!(reply.status, 422, "{}", reply.body);
    assert_eq!(taken(&hospital), before);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn when_the_last_seat_was_just_taken_nobody_is_booked_and_other_times_for_all_are_named() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let other = hospital.phone("device-other", &[STRANGER]).await;
    let free = neighbours(&hospital, &phone, 2).await;
    assert_eq!(other.book(&key(), &free[1], STRANGER).await.status, 200);
    let before = taken(&hospital);
    let trip = key();
    let body = together(&[(&free[0], MOTHER, &key()), (&free[1], SON, &key())]);
    let refused = phone.post(BOOK, Some(&trip), &body).await;
    assert_eq!((refused.status, &*refusal(&refused)), (409, "slot-taken"));
    assert_eq!(because_of(&refused), ["Parameters.parameter[1]"]);
    assert_eq!(taken(&hospital), before, "the first one's time is free");

    let outcome = refused.resources("OperationOutcome").remove(0);
    let sets = outcome["extension"].as_array().unwrap().clone();
    assert_eq!(sets.len(), 3);
    let named: BTreeSet<String> = ids(&refused).into_iter().collect();
    let mut seen = BTreeSet::new();
    for set in &sets {
        let visits = set["extension"].as_array().unwrap();
        let visits: Vec<&str> = visits
            .iter()
            .map(|visit| {
                let reference = visit["valueReference"]["reference"].as_str().unwrap();
                reference.strip_prefix("Appointment/").unwrap()
            })
            .collect();
        assert_eq!(visits.len(), 2);
        assert!(
            visits.iter().all(|id| named.contains(*id)),
            "each is in the Bundle"
        );
        assert!(seen.insert(visits.join(" ")), "whole other times");
    }
    // The same key stays refused, also when the time is free again; the first that is named can be had as it is.
    let again = phone.post(BOOK, Some(&trip), &body).await;
    assert_eq!((again.status, &again.body), (409, &refused.body));
    let first = sets[0]["extension"].as_array().unwrap();
    let offer = |n: usize| {
        let reference = first[n]["valueReference"]["reference"].as_str().unwrap();
        reference.trim_start_matches("Appointment/").to_owned()
    };
    let body = together(&[(&offer(0), MOTHER, &key()), (&offer(1), SON, &key())]);
    let booked = phone.post(BOOK, Some(&key()), &body).await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn two_of_a_trip_do_not_get_one_seat() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let free = neighbours(&hospital, &phone, 1).await;
    let body = together(&[(&free[0], MOTHER, &key()), (&free[0], SON, &key())]);
    let refused = phone.post(BOOK, Some(&key()), &body).await;
    assert_eq!((refused.status, &*refusal(&refused)), (409, "slot-taken"));
    assert_eq!(because_of(&refused), ["Parameters.parameter[1]"]);
    assert_eq!(taken(&hospital), (0, 0), "nothing of the first stays");
    // Where four sit at the same time they do.
    let blood = hospital.free(&phone, "lay-mau", 1).await;
    let body = together(&[
        (id(&blood[0]), MOTHER, &key()),
        (id(&blood[0]), SON, &key()),
    ]);
    let booked = phone.post(BOOK, Some(&key()), &body).await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn whoever_may_not_act_for_one_of_them_books_nobody() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let free = neighbours(&hospital, &phone, 2).await;
    let trip = key();
    let of_strangers = together(&[(&free[0], MOTHER, &key()), (&free[1], STRANGER, &key())]);
    let of_nobody = together(&[(&free[0], MOTHER, &key()), (&free[1], "bn-999999", &key())]);
    let denied = phone.post(BOOK, Some(&trip), &of_strangers).await;
    assert_eq!(denied.status, 404, "{}", denied.body);
    let absent = phone.post(BOOK, Some(&trip), &of_nobody).await;
    assert_eq!((absent.status, &absent.body), (404, &denied.body));
    assert_eq!(taken(&hospital), (0, 0));
    // An answer is given to nobody else, either.
    let body = together(&[(&free[0], MOTHER, &key()), (&free[1], SON, &key())]);
    assert_eq!(phone.post(BOOK, Some(&trip), &body).await.status, 200);
    let alone = hospital.phone("device-alone", &[MOTHER]).await;
    assert_eq!(alone.post(BOOK, Some(&trip), &body).await.status, 404);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_one_of_them_may_not_have_nobody_has() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let free = neighbours(&hospital, &phone, 500).await;
    let day = |offer: &str| i64::from_str_radix(&offer[17..], 16).unwrap() / 288;
    let next_day = free.iter().find(|it| day(it) != day(&free[0])).unwrap();
    let gone = "p000000000000000000000000";
    for (second, why) in [(gone, "not-offered"), (&**next_day, "not-offered")] {
        let body = together(&[(&free[0], MOTHER, &key()), (second, SON, &key())]);
        let refused = phone.post(BOOK, Some(&key()), &body).await;
        assert_eq!((refused.status, &*refusal(&refused)), (409, why));
        assert_eq!(because_of(&refused), ["Parameters.parameter[1]"]);
    }
    for slot in &hospital.free(&phone, "lay-mau", 5).await {
        assert_eq!(phone.book(&key(), id(slot), MOTHER).await.status, 200);
    }
    let before = taken(&hospital);
    let body = together(&[(&free[1], SON, &key()), (&free[0], MOTHER, &key())]);
    let refused = phone.post(BOOK, Some(&key()), &body).await;
    assert_eq!(refusal(&refused), "too-many");
    assert_eq!(because_of(&refused), ["Parameters.parameter[1]"]);
    assert_eq!(taken(&hospital), before);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_is_no_trip_is_not_understood() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let free = neighbours(&hospital, &phone, 2).await;
    let good = together(&[(&free[0], MOTHER, &key()), (&free[1], SON, &key())]);
    let mut mixed: Value = serde_json::from_str(&good).unwrap();
    let alone: Value = serde_json::from_str(&by_reference(&free[0], MOTHER)).unwrap();
    let more = alone["parameter"].as_array().unwrap().clone();
    mixed["parameter"].as_array_mut().unwrap().extend(more);
    for bad in [
        together(&[(&free[0], MOTHER, &key())]),
        together(&[(&free[0], MOTHER, &key()), (&free[1], MOTHER, &key())]),
        together(&[(&free[0], MOTHER, &key()), (&free[1], SON, "2")]),
        mixed.to_string(),
    ] {
        let reply = phone.post(BOOK, Some(&key()), &bad).await;
        assert_eq!(reply.status, 400, "{}", reply.body);
    }
    assert_eq!(phone.post(BOOK, Some("trip"), &good).await.status, 400);
    assert_eq!(phone.post(BOOK, None, &good).await.status, 400);
    let reply = phone
        .post(&format!("{BOOK}?x=1"), Some(&key()), &good)
        .await;
    assert_eq!(reply.status, 400);
    assert_eq!(taken(&hospital), (0, 0));
    hospital.running.shutdown().await;
}

/// Rounds of two families who want the same seats at the same time, each in the other's order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_trips_for_the_same_seats_one_has_all_and_the_other_nothing() {
    const ROUNDS: usize = 40;
    let hospital = hospital().await;
    let people: Vec<String> = (0..ROUNDS * 4).map(|n| format!("crowd-{n}")).collect();
    let lines: String = people
        .iter()
        .map(|id| format!("{}\n", json!({"resourceType": "Patient", "id": id})))
        .collect();
    hospital
        .clinic
        .import_reader("crowd.ndjson", &mut lines.as_bytes(), &Default::default())
        .unwrap();
    let phones = phones(&hospital, &people).await;
    let free = neighbours(&hospital, &phones[0], 500).await;
    let day = |offer: &str| i64::from_str_radix(&offer[17..], 16).unwrap() / 288;
    let pairs = free
        .windows(2)
        .filter(|pair| day(&pair[0]) == day(&pair[1]));
    let pairs: Vec<_> = pairs.step_by(2).take(ROUNDS).collect();
    assert_eq!(pairs.len(), ROUNDS);
    let (mut had, mut refused) = (0, 0);
    for ((pair, family), phone) in pairs.iter().zip(people.chunks(4)).zip(&phones) {
        let one = together(&[
            (&pair[0], &family[0], &key()),
            (&pair[1], &family[1], &key()),
        ]);
        let other = together(&[
            (&pair[1], &family[2], &key()),
            (&pair[0], &family[3], &key()),
        ]);
        let asking = [one, other].map(|body| {
            let (phone, trip) = (phone.clone(), key());
            tokio::spawn(async move {
                // Both lanes at once.
                let (first, second) = tokio::join!(
                    phone.post(BOOK, Some(&trip), &body),
                    phone.post(BOOK, Some(&trip), &body)
                );
                assert_eq!((first.status, &first.body), (second.status, &second.body));
                first
            })
        });
        for reply in asking {
            let reply = reply.await.unwrap();
            match reply.status {
                200 => had += 1,
                409 => {
                    assert_eq!(refusal(&reply), "slot-taken");
                    refused += 1;
                }
                other => panic!("{other}: {}", reply.body),
            }
        }
    }
    assert_eq!((had, refused), (ROUNDS, ROUNDS));
    let (appointments, _) = taken(&hospital);
    assert_eq!(appointments, i64::try_from(2 * ROUNDS).unwrap());
    let twice = "SELECT count(*) FROM (SELECT 1 FROM busy GROUP BY schedule, cell, seat HAVING count(*) > 1) AS twice";
    assert_eq!(hospital.database.number(twice), 0);
    hospital.running.shutdown().await;
}

/// Trips and single bookings over the same few seats, in every order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trips_of_three_and_others_wait_for_each_other_but_never_for_ever() {
    let hospital = hospital().await;
    let people: Vec<String> = (0..48).map(|n| format!("crowd-{n}")).collect();
    let lines: String = people
        .iter()
        .map(|id| format!("{}\n", json!({"resourceType": "Patient", "id": id})))
        .collect();
    hospital
        .clinic
        .import_reader("crowd.ndjson", &mut lines.as_bytes(), &Default::default())
        .unwrap();
    let phones = phones(&hospital, &people).await;
    let free = neighbours(&hospital, &phones[0], 6).await;
    let mut asking = Vec::new();
    for (n, (family, phone)) in people.chunks(4).zip(&phones).enumerate() {
        let offer = |k: usize| &*free[(n + k * 5) % 6];
        let trip = together(&[
            (offer(0), &family[0], &key()),
            (offer(1), &family[1], &key()),
            (offer(2), &family[2], &key()),
        ]);
        let single = by_reference(offer(1), &family[3]);
        for body in [trip, single] {
            let (phone, key) = (phone.clone(), key());
            asking.push(tokio::spawn(async move {
                phone.post(BOOK, Some(&key), &body).await
            }));
        }
    }
    let mut booked = 0;
    for reply in asking {
        let reply = reply.await.unwrap();
        match reply.status {
            200 => booked += reply.resources("Appointment").len(),
            409 => assert_eq!(refusal(&reply), "slot-taken"),
            other => panic!("{other}: {}", reply.body),
        }
    }
    let (appointments, _) = taken(&hospital);
    assert_eq!(appointments, i64::try_from(booked).unwrap());
    assert!((3..=6).contains(&booked), "{booked}");
    hospital.running.shutdown().await;
}
