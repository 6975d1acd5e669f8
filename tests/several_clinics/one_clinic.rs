//! To a phone the processes are one clinic.

use crate::group::{Group, ask, by_reference, free, ids, key};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_may_ask_any_process_in_the_middle_of_anything() {
    let group = Group::start(3, 2, 2);
    let phones = group.phones().await;
    let [one, two, three] = [0, 1, 2].map(|at| group.addresses[at].as_str());
    let (phone, person) = (&phones[0], phones[0].people[0].as_str());

    // Found at one, held at another, booked at the third.
    let slot = free(one, phone, "kham-tim-mach", 1).await.remove(0);
    let hold = phone.request(
        "/fhir/Appointment/$hold",
        Some(&key()),
        Some(&by_reference(&slot, person)),
    );
    let held = ask(two, &hold).await.unwrap();
    assert_eq!(held.status, 200);
    assert!(!free(three, phone, "kham-tim-mach", 1).await.contains(&slot));
    let book = phone.request(
        "/fhir/Appointment/$book",
        Some(&key()),
        Some(&by_reference(&ids(&held)[0], person)),
    );
    let booked = ask(three, &book).await.unwrap();
    assert_eq!(booked.status, 200);
    for address in [one, two, three] {
        let again = phone.again(&book);
        assert_eq!(ask(address, &again).await.unwrap(), booked);
        // A proof is of one request, whichever process sees it.
        assert_eq!(ask(address, &again).await.unwrap().status, 401);
    }

    // A feed goes on at another process where it was broken off.
    let path = format!("/fhir/Patient/{person}/$changes?_count=1");
    let first = ask(one, &phone.request(&path, None, None)).await.unwrap();
    assert_eq!(first.status, 200);
    let bundle: serde_json::Value = serde_json::from_slice(&first.body).unwrap();
    let next = bundle["link"]
        .as_array()
        .and_then(|links| links.iter().find(|link| link["relation"] == "next"))
        .and_then(|link| link["url"].as_str())
        .unwrap();
    let path = &next[next.find("/fhir").unwrap()..];
    let second = ask(two, &phone.request(path, None, None)).await.unwrap();
    assert_eq!(second.status, 200);
    assert_ne!(first.body, second.body);

    // And nobody else sees any of it anywhere.
    for address in [one, two, three] {
        let asked = phones[1].request(&format!("/fhir/Patient/{person}"), None, None);
        assert_eq!(ask(address, &asked).await.unwrap().status, 404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_intent_at_all_processes_at_once_is_one_and_a_person_has_five_bookings() {
    let group = Group::start(3, 1, 1);
    let phone = group.phones().await.remove(0);
    let person = phone.people[0].as_str();
    let slots = free(&group.addresses[0], &phone, "kham-mat", 12).await;
    assert_eq!(slots.len(), 12);
    let mut asking = Vec::new();
    for slot in &slots {
        let key = key();
        let body = by_reference(slot, person);
        let request = phone.request("/fhir/Appointment/$book", Some(&key), Some(&body));
        for address in &group.addresses {
            let (address, request) = (address.clone(), phone.again(&request));
            asking.push(tokio::spawn(async move {
                ask(&address, &request).await.unwrap()
            }));
        }
    }
    let mut answers = Vec::new();
    for asked in asking {
        answers.push(asked.await.unwrap());
    }
    for same in answers.chunks(3) {
        assert_eq!(same[0], same[1]);
        assert_eq!(same[1], same[2]);
    }
    let booked = answers
        .iter()
        .step_by(3)
        .filter(|answer| answer.status == 200);
    assert_eq!(booked.count(), 5);
    let there = group.rows("SELECT id FROM appointment WHERE state = 'booked'");
    assert_eq!(there.len(), 5);
}
