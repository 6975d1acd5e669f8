//! More than can be done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::http::Connection;
use crate::support::{by_reference, hospital, id, key};

/// As many as are let in before anything was measured, and some more.
const CLIENTS: usize = 600;
const LET_IN: usize = 512;
/// As many as are let in when answers took long: where a machine does other things too, enrolling did.
const LET_IN_AT_LEAST: usize = 128;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_answered_soon_is_told_so_at_once_and_nothing_is_lost() {
    let hospital = hospital().await;
    let people: Vec<String> = (0..20).map(|n| format!("crowd-{n}")).collect();
    let lines: String = people
        .iter()
        .map(|id| format!("{}\n", json!({"resourceType": "Patient", "id": id})))
        .collect();
    hospital
        .clinic
        .import_reader("crowd.ndjson", &mut lines.as_bytes(), &Default::default())
        .unwrap();
    let refs: Vec<&str> = people.iter().map(String::as_str).collect();
    // Two, because of what one device may ask in a minute.
    let phones = [
        hospital.phone("crowd-phone-one", &refs).await,
        hospital.phone("crowd-phone-two", &refs).await,
    ];
    let slot = hospital.free(&phones[0], "kham-mat", 1).await.remove(0);

    let mut connections = Vec::new();
    for _ in 0..CLIENTS {
        connections.push(Connection::open(&phones[0].addr).await);
    }
    // The disk stands still: the writer waits for its turn, and everybody for the writer.
    let standstill = hospital.database.stand_still();
    let stands_still = Arc::new(AtomicBool::new(true));
    let clients: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(n, mut connection)| {
            let (phone, key) = (phones[n % 2].clone(), key());
            let body = by_reference(id(&slot), &people[n % 20]);
            let stands_still = Arc::clone(&stands_still);
            tokio::spawn(async move {
                let path = "/fhir/Appointment/$book";
                let reply = phone
                    .post_on(&mut connection, path, Some(&key), &body)
                    .await;
                (reply, stands_still.load(Ordering::SeqCst), n % 2, key, body)
            })
        })
        .collect();
    // Shorter than the writer waits.
    tokio::time::sleep(Duration::from_secs(4)).await;
    // Who only looks is sent away sooner, and the desk is not.
    assert_eq!(phones[0].get("/fhir/Location").await.status, 429);
    assert_ne!(phones[0].get("/desk").await.status, 429);
    stands_still.store(false, Ordering::SeqCst);
    drop(standstill);

    let (mut won, mut later) = (Vec::new(), Vec::new());
    for client in clients {
        let (reply, stood_still, phone, key, body) = client.await.unwrap();
        match reply.status {
            429 => {
                assert!(stood_still, "told at once, or not at all");
                assert_eq!(reply.header("retry-after"), Some("2"));
                assert_eq!(reply.json()["issue"][0]["code"], "throttled");
                later.push((phone, key, body));
            }
            200 => won.push((reply, phone, key, body)),
            status => assert_eq!(status, 409, "{}", reply.body),
        }
    }
    let let_in = CLIENTS - later.len();
    assert!((LET_IN_AT_LEAST..=LET_IN).contains(&let_in), "{let_in}");
    let [(reply, phone, key, body)] = &won[..] else {
        panic!("{} got the time", won.len());
    };
    let again = phones[*phone]
        .post("/fhir/Appointment/$book", Some(key), body)
        .await;
    assert_eq!(again.body, reply.body);
    assert_eq!(phones[0].get("/fhir/Location").await.status, 200);
    // Nothing was decided for who was sent away: the same key is asked again.
    let (phone, key, body) = later.remove(0);
    let reply = phones[phone]
        .post("/fhir/Appointment/$book", Some(&key), &body)
        .await;
    assert_eq!(reply.status, 409);
    hospital.running.shutdown().await;
}
