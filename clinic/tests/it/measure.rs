//! Figures, by hand: `cargo test --release -p sokhoe-clinic --test clinic -- --ignored --nocapture measure`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::json;
use sokhoe_clinic::ImportOptions;

use crate::support::http::Connection;
use crate::support::{MOTHER, by_reference, hospital, id, key};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure_the_feed() {
    const COUNT: usize = 30_000;
    let hospital = hospital().await;
    let lines: String = (0..COUNT)
        .map(|n| {
            let note = "x".repeat(700);
            let observation = json!({
                "resourceType": "Observation", "id": format!("o{n}"), "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": "2339-0"}], "text": "Đường huyết"},
                "subject": {"reference": format!("Patient/{MOTHER}")},
                "valueQuantity": {"value": n, "unit": "mmol/L"}, "note": [{"text": note}],
            });
            format!("{observation}\n")
        })
        .collect();
    let begun = Instant::now();
    hospital
        .clinic
        .import_reader("o.ndjson", &mut lines.as_bytes(), &ImportOptions::default())
        .unwrap();
    let import = begun.elapsed().as_secs_f64();
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let mut connection = Connection::open(&phone.addr).await;
    let mut path = format!("/fhir/Patient/{MOTHER}/$changes?_count=1000");
    let (begun, mut bytes) = (Instant::now(), 0);
    loop {
        let reply = phone.ask_on(&mut connection, "GET", &path, &[], "").await;
        bytes += reply.body.len();
        // The links stand before the entries or after them: found without parsing.
        let Some(at) = reply.body.find("\"next\"") else {
            break;
        };
        let around = &reply.body[at.saturating_sub(400)..(at + 400).min(reply.body.len())];
        let url = around.find("/fhir/Patient/").unwrap();
        path = around[url..].split('"').next().unwrap().to_owned();
    }
    let feed = begun.elapsed().as_secs_f64();
    eprintln!(
        "import {:.0}/s; $changes {:.0} resources/s, {:.0} MB/s",
        COUNT as f64 / import,
        COUNT as f64 / feed,
        bytes as f64 / feed / 1e6
    );
    hospital.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure_bookings() {
    const PHONES: usize = 64;
    let hospital = hospital().await;
    let people: Vec<String> = (0..PHONES * 20).map(|n| format!("crowd-{n}")).collect();
    let lines: String = people
        .iter()
        .map(|id| format!("{}\n", json!({"resourceType": "Patient", "id": id})))
        .collect();
    hospital
        .clinic
        .import_reader(
            "crowd.ndjson",
            &mut lines.as_bytes(),
            &ImportOptions::default(),
        )
        .unwrap();
    let mut phones = Vec::new();
    for (n, chunk) in people.chunks(20).enumerate() {
        let refs: Vec<&str> = chunk.iter().map(String::as_str).collect();
        phones.push((
            hospital.phone(&format!("crowd-phone-{n}"), &refs).await,
            chunk.to_vec(),
        ));
    }
    let mut slots = Vec::new();
    for service in [
        "lay-mau",
        "kham-mat",
        "kham-nhi",
        "kham-tim-mach",
        "kham-noi-tiet",
        "kham-thai",
    ] {
        let free = hospital.free(&phones[0].0, service, 500).await;
        slots.extend(free.iter().map(|slot| id(slot).to_owned()));
    }
    let slots = Arc::new(slots);
    let (next, won) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let clients: Vec<_> = phones
        .into_iter()
        .map(|(phone, people)| {
            let (slots, next, won) = (Arc::clone(&slots), Arc::clone(&next), Arc::clone(&won));
            tokio::spawn(async move {
                let mut connection = Connection::open(&phone.addr).await;
                let mut times = Vec::new();
                for person in people.iter().cycle().take(people.len() * 4) {
                    // Two of three ask for a time that another asks for too.
                    let n = next.fetch_add(1, Ordering::Relaxed) * 2 / 3 % slots.len();
                    let body = by_reference(&slots[n], person);
                    let asked = Instant::now();
                    let reply = phone
                        .post_on(
                            &mut connection,
                            "/fhir/Appointment/$book",
                            Some(&key()),
                            &body,
                        )
                        .await;
                    times.push(asked.elapsed());
                    won.fetch_add(usize::from(reply.status == 200), Ordering::Relaxed);
                    assert!(matches!(reply.status, 200 | 409), "{}", reply.body);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for client in clients {
        times.append(&mut client.await.unwrap());
    }
    let seconds = begun.elapsed().as_secs_f64();
    times.sort();
    eprintln!(
        "{} answers in {seconds:.2} s: {:.0}/s, {} booked ({:.0}/s), p50 {:?}, p99 {:?}",
        times.len(),
        times.len() as f64 / seconds,
        won.load(Ordering::Relaxed),
        won.load(Ordering::Relaxed) as f64 / seconds,
        times[times.len() / 2],
        times[times.len() * 99 / 100],
    );
    hospital.running.shutdown().await;
}
