//! What one process commits, those who wait at another hear.

use std::time::Duration;

use crate::group::{Group, ask, by_reference, free, key};
use sokhoe_tests::crowd::CrowdPhone;

/// Waits at one process for what is committed at another, and says how long it took.
#[expect(
    clippy::disallowed_methods,
    reason = "a test of how soon something is heard"
)]
async fn heard(group: &Group, phone: &CrowdPhone, then: impl FnOnce()) -> Duration {
    let [one, two] = [0, 1].map(|at| group.addresses[at].as_str());
    let person = phone.people[0].as_str();
    let slot = free(one, phone, "kham-tim-mach", 1).await.remove(0);
    let changes = format!("/fhir/Patient/{person}/$changes");
    let now = ask(two, &phone.request(&changes, None, None))
        .await
        .unwrap();
    let bundle: serde_json::Value = serde_json::from_slice(&now.body).unwrap();
    let this = bundle["link"][0]["url"].as_str().unwrap();
    let waits = phone
        .request(&this[this.find("/fhir").unwrap()..], None, None)
        .as_slice()
        .strip_suffix(b"\r\n")
        .map(|head| [head, b"Prefer: wait=25\r\n\r\n"].concat())
        .unwrap();
    let two = two.to_owned();
    let waiting = tokio::spawn(async move { ask(&two, &waits).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = std::time::Instant::now();
    let book = phone.request(
        "/fhir/Appointment/$book",
        Some(&key()),
        Some(&by_reference(&slot, person)),
    );
    assert_eq!(ask(one, &book).await.unwrap().status, 200);
    then();
    let answer = waiting.await.unwrap().unwrap();
    let took = begun.elapsed();
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("\"booked\""), "{text}");
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_waits_at_one_process_hears_of_a_commit_at_another() {
    let group = Group::start(2, 1, 1);
    let phones = group.phones().await;
    let took = heard(&group, &phones[0], || {}).await;
    // Far below what it takes until a process looks itself, or the phone's waiting ends.
    assert!(took < Duration::from_millis(2_500), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn also_when_the_process_that_committed_could_tell_nobody() {
    let group = Group::start(2, 1, 1);
    let phones = group.phones().await;
    let took = heard(&group, &phones[0], || group.kill(0)).await;
    assert!(took < Duration::from_secs(20), "{took:?}");
}
