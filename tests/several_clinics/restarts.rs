//! Processes end, are killed, start again, and the database breaks all connections, while a crowd books.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sokhoe_tests::crowd::CrowdPhone;
use sokhoe_tests::plain_http::Answer;

use crate::group::{Group, ask, by_reference, free, ids, key};

/// What a phone was told of an intent.
struct Told {
    phone: CrowdPhone,
    person: String,
    key: String,
    request: Vec<u8>,
    answer: Answer,
}

/// Asks one process after the other until one answers for good.
async fn until_answered(
    addresses: &[String],
    first: usize,
    phone: &CrowdPhone,
    request: &[u8],
) -> Answer {
    for try_ in 0.. {
        assert!(try_ < 3_000, "nobody answers");
        let address = &addresses[(first + try_) % addresses.len()];
        match ask(address, &phone.again(request)).await {
            Ok(answer) if matches!(answer.status, 200 | 409) => return answer,
            Ok(answer) => assert!(matches!(answer.status, 429 | 503), "{}", answer.status),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("the loop ends by answering or by the assertion")
}

async fn books(
    addresses: Arc<Vec<String>>,
    phone: CrowdPhone,
    slots: Arc<Vec<String>>,
    number: usize,
    over: Arc<AtomicBool>,
) -> Vec<Told> {
    let mut told = Vec::new();
    for turn in 0.. {
        if over.load(Ordering::SeqCst) {
            break;
        }
        let person = &phone.people[turn % phone.people.len()];
        let slot = &slots[(number * 7 + turn * 13) % slots.len()];
        let key = key();
        let request = phone.request(
            "/fhir/Appointment/$book",
            Some(&key),
            Some(&by_reference(slot, person)),
        );
        let answer = until_answered(&addresses, number + turn, &phone, &request).await;
        told.push(Told {
            phone: phone.clone(),
            person: person.clone(),
            key,
            request,
            answer,
        });
        // Each device has six hundred a minute.
        tokio::time::sleep(Duration::from_millis(110)).await;
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_and_kills_lose_nothing_and_double_nothing() {
    const PROCESSES: usize = 3;
    let group = Group::start(PROCESSES, 40, 4);
    let phones = group.phones().await;
    let addresses = Arc::new(group.addresses.clone());
    let mut slots = Vec::new();
    for service in ["kham-tim-mach", "kham-mat"] {
        slots.extend(free(&addresses[0], &phones[0], service, 60).await);
    }
    let slots = Arc::new(slots);
    let over = Arc::new(AtomicBool::new(false));
    let crowd: Vec<_> = phones
        .into_iter()
        .enumerate()
        .map(|(number, phone)| {
            tokio::spawn(books(
                Arc::clone(&addresses),
                phone,
                Arc::clone(&slots),
                number,
                Arc::clone(&over),
            ))
        })
        .collect();
    let group = tokio::task::spawn_blocking(move || {
        for round in 0..3 {
            for one in 0..PROCESSES {
                std::thread::sleep(Duration::from_millis(400));
                match round {
                    0 => group.end(one),
                    1 => group.kill(one),
                    _ => {
                        group.break_connections();
                        continue;
                    }
                }
                std::thread::sleep(Duration::from_millis(200));
                group.launch(one, &[]);
            }
        }
        std::thread::sleep(Duration::from_millis(500));
        group
    })
    .await
    .unwrap();
    over.store(true, Ordering::SeqCst);
    let mut told = Vec::new();
    for phone in crowd {
        told.extend(phone.await.unwrap());
    }

    // The same intent has the same answer everywhere.
    for (number, told) in told.iter().enumerate().step_by(7) {
        let again = until_answered(&addresses, number, &told.phone, &told.request).await;
        assert_eq!(again, told.answer);
    }
    // What was confirmed is there, once, and nothing else is.
    let confirmed: BTreeMap<&str, &str> = told
        .iter()
        .filter(|told| told.answer.status == 200)
        .map(|told| {
            assert_eq!(ids(&told.answer), [told.key.as_str()]);
            (told.key.as_str(), told.person.as_str())
        })
        .collect();
    let booked =
        group.rows("SELECT id, patient FROM appointment WHERE state = 'booked' ORDER BY id");
    let booked: BTreeMap<&str, &str> = booked
        .iter()
        .map(|row| (row[0].as_str(), row[1].as_str()))
        .collect();
    assert_eq!(booked, confirmed);
    let without_time = group.rows(
        "SELECT id FROM appointment a WHERE NOT EXISTS (SELECT 1 FROM busy b WHERE b.appointment = a.pk)",
    );
    assert!(without_time.is_empty(), "{without_time:?}");
    assert!(
        confirmed.len() > 60,
        "{} of {}",
        confirmed.len(),
        told.len()
    );
    assert!(told.len() > confirmed.len() + 100, "nobody was refused");
}
