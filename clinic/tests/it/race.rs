//! Many for one time.

use serde_json::json;
use sokhoe_testing::NotUnique;

use crate::support::http::Connection;
use crate::support::{Phone, by_reference, hospital, id, key, refusal};

/// 200 people, twenty on each of ten phones.
async fn crowd(hospital: &crate::support::Hospital) -> Vec<(Phone, String)> {
    let people: Vec<String> = (0..200).map(|n| format!("crowd-{n}")).collect();
    let lines: String = people
        .iter()
        .map(|id| format!("{}\n", json!({"resourceType": "Patient", "id": id})))
        .collect();
    let report = hospital
        .clinic
        .import_reader("crowd.ndjson", &mut lines.as_bytes(), &Default::default())
        .unwrap();
    assert_eq!(report.stored, 200);
    let mut crowd = Vec::new();
    for (n, chunk) in people.chunks(20).enumerate() {
        let refs: Vec<&str> = chunk.iter().map(String::as_str).collect();
        let phone = hospital.phone(&format!("crowd-phone-{n}"), &refs).await;
        crowd.extend(chunk.iter().map(|person| (phone.clone(), person.clone())));
    }
    crowd
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_clients_exactly_one_gets_the_time() {
    let hospital = hospital().await;
    let crowd = crowd(&hospital).await;
    let slot = hospital
        .free(&crowd[0].0, "kham-tim-mach", 1)
        .await
        .remove(0);
    let slot = id(&slot).to_owned();
    let mut ready = Vec::new();
    for (phone, person) in crowd {
        ready.push((Connection::open(&phone.addr).await, phone, person));
    }
    let clients: Vec<_> = ready
        .into_iter()
        .map(|(mut connection, phone, person)| {
            let body = by_reference(&slot, &person);
            let key = key();
            tokio::spawn(async move {
                phone
                    .post_on(
                        &mut connection,
                        "/fhir/Appointment/$book",
                        Some(&key),
                        &body,
                    )
                    .await
            })
        })
        .collect();
    let mut won = 0;
    for client in clients {
        let reply = client.await.unwrap();
        match reply.status {
            200 => {
                assert_eq!(reply.resources("Appointment")[0]["status"], "booked");
                won += 1;
            }
            409 => {
                assert_eq!(refusal(&reply), "slot-taken");
                assert_eq!(
                    reply.resources("OperationOutcome")[0]["issue"][0]["severity"],
                    "fatal"
                );
                let others = reply.resources("Appointment");
                assert_eq!(others.len(), 5);
                for other in others {
                    assert_eq!(other["status"], "proposed");
                    assert_ne!(id(&other), slot);
                }
            }
            other => panic!("{other}: {}", reply.body),
        }
    }
    assert_eq!(won, 1);
    let booked = hospital.database.number("SELECT count(*) FROM appointment");
    assert_eq!(booked, 1, "nothing of the losers stays");
    hospital.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_50_who_would_take_any_of_30_seats_30_are_booked_each_in_a_seat_of_their_own() {
    let hospital = hospital().await;
    let mut crowd = crowd(&hospital).await;
    crowd.truncate(50);
    let free = hospital.free(&crowd[0].0, "kham-tim-mach", 500).await;
    // Two doctors on a Tuesday morning.
    let will_do = |slot: &serde_json::Value| {
        let start = slot["start"].as_str().unwrap();
        ("2026-11-24T07:00".."2026-11-24T10:45").contains(&start)
    };
    let seats = free.iter().filter(|slot| will_do(slot)).count();
    assert_eq!(seats, 30);
    let named = id(&free[0]).to_owned();
    let wish = json!({"name": "otherwise", "part": [
        {"name": "first-day", "valueDate": "2026-11-24"},
        {"name": "last-day", "valueDate": "2026-11-24"},
        {"name": "until", "valueTime": "10:45:00"},
        {"name": "any-practitioner", "valueBoolean": true},
    ]});
    let clients: Vec<_> = crowd
        .into_iter()
        .map(|(phone, person)| {
            let body = by_reference(&named, &person);
            let mut body: serde_json::Value = serde_json::from_str(&body).unwrap();
            body["parameter"].as_array_mut().unwrap().push(wish.clone());
            let (key, body) = (key(), body.to_string());
            tokio::spawn(async move {
                let path = "/fhir/Appointment/$book";
                let first = phone.post(path, Some(&key), &body).await;
                let again = phone.post(path, Some(&key), &body).await;
                assert_eq!((first.status, &first.body), (again.status, &again.body));
                first
            })
        })
        .collect();
    let (mut places, mut refused) = (std::collections::BTreeSet::new(), 0);
    for client in clients {
        let reply = client.await.unwrap();
        match reply.status {
            200 => {
                let booked = reply.resources("Appointment").remove(0);
                assert!(will_do(&booked), "{booked}");
                let doctor = booked["participant"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(|participant| participant["actor"]["reference"].as_str())
                    .find(|reference| reference.starts_with("Practitioner/"));
                let place = (booked["start"].to_string(), doctor.unwrap().to_owned());
                assert!(places.insert(place), "two in one seat: {booked}");
            }
            _ => {
                assert_eq!(refusal(&reply), "slot-taken", "{}", reply.body);
                refused += 1;
            }
        }
    }
    assert_eq!((places.len(), refused), (30, 20));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_rule_is_the_databases_own() {
    let hospital = hospital().await;
    let phone = hospital
        .phone("device-mother", &[crate::support::MOTHER])
        .await;
    let slot = hospital.free(&phone, "kham-mat", 1).await.remove(0);
    assert_eq!(
        phone
            .book(&key(), id(&slot), crate::support::MOTHER)
            .await
            .status,
        200
    );
    let again = hospital.database.execute(
        "INSERT INTO busy (schedule, cell, seat, appointment) SELECT schedule, cell, seat, appointment FROM busy LIMIT 1",
    );
    assert_eq!(again, Err(NotUnique));
    hospital.running.shutdown().await;
}
