//! Figures, by hand: `cargo test --release -p sokhoe-clinic --test clinic -- --ignored --nocapture measure`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::json;
use sokhoe_clinic::ImportOptions;
use sokhoe_domain::ports::Clock as _;

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

/// The desk of a province's hospital: 100,000 people, 3,000 bookings a day for fifteen days.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure_the_desk() {
    const PEOPLE: usize = 100_000;
    const BOOKINGS: usize = 3_000;
    const FAMILIES: [&str; 6] = ["Quàng", "Lò", "Nguyễn", "Trần", "Vàng", "Giàng"];
    const GIVEN: [&str; 7] = ["Mai", "Hương", "Thịnh", "Páo", "Ánh", "Long", "Dung"];
    let hospital = hospital().await;
    let lines: String = (0..PEOPLE)
        .map(|n| {
            let name = format!("{} Thị {} {}", FAMILIES[n % 6], GIVEN[n / 6 % 7], GIVEN[n / 42 % 7]);
            let patient = json!({
                "resourceType": "Patient", "id": format!("p{n}"), "name": [{"text": name}], "birthDate": "1970-01-01",
                "telecom": [{"system": "phone", "value": format!("09{n:08}")}],
                "identifier": [{"system": "http://fhir.hl7.org.vn/core/sid/cccd", "value": format!("0{n:011}")}],
            });
            format!("{patient}\n")
        })
        .collect();
    let options = ImportOptions::default();
    let mut reader = lines.as_bytes();
    hospital
        .clinic
        .import_reader("p.ndjson", &mut reader, &options)
        .unwrap();
    let today =
        sokhoe_domain::Timestamp::start_of_day(hospital.clock.now().vietnam_day()).as_millis();
    for day in 0..15_i64 {
        let starts = today + day * 86_400_000 + 8 * 3_600_000;
        hospital.database.execute(&format!(
            "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {BOOKINGS})
             INSERT INTO appointment (id, schedule, service, patient, starts, ends, state, created, source)
             SELECT 'a{day}-' || n, (SELECT min(pk) FROM schedule), (SELECT min(pk) FROM service), 'p' || (n * 31 % {PEOPLE}),
                    {starts} + n * 9000, {starts} + n * 9000 + 900000, 'booked', {starts}, 'app' FROM n"
        )).unwrap();
    }
    let desk = crate::support::desk::DeskPage::open(&hospital).await;
    let mut connection = hospital.connect().await;
    let headers = [("Cookie", &*desk.cookie)];
    for path in [
        "/desk",
        "/desk/bookings",
        "/desk/bookings",
        "/desk/patients?q=quang%20thi%20mai",
        "/desk/patients?q=thi%20dung",
        "/desk/patients?q=000000012345",
        "/desk/patients?q=0900012345",
        "/desk/queue",
        "/desk/cashier",
        "/desk/persons/p31",
    ] {
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..20 {
            let begun = Instant::now();
            let reply = connection.ask("GET", path, &headers, "").await;
            times.push(begun.elapsed());
            assert_eq!(reply.status, 200, "{path}");
            bytes = reply.body.len();
        }
        times.sort();
        eprintln!(
            "{path}: p50 {:?}, p95 {:?}, {bytes} bytes",
            times[10], times[18]
        );
    }
    hospital.running.shutdown().await;
}
