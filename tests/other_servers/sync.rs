//! What comes from such servers, and what goes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sokhoe_app::domain::ports::Clock as _;
use sokhoe_tests::foreign::Manners;

use crate::server::{PATIENT, Phone, observation, patient, server};

/// In seconds.
const TWO_DAYS: u64 = 2 * 86_400;
/// All under one stamp.
const AT_ONCE: Duration = Duration::ZERO;

fn both() -> [(&'static str, Manners); 2] {
    [("hapi", Manners::hapi()), ("sloppy", Manners::sloppy())]
}

#[tokio::test]
async fn a_record_comes_whole_and_changes_and_deletions_follow() {
    for (name, manners) in both() {
        let (server, clock) = server(manners, 137, Duration::from_secs(1));
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        phone.expect_in_step(&server, &format!("{name}: at first"));

        clock.pass(Duration::from_secs(3_600));
        let now = clock.now();
        server.put(&observation("o7", 999), now).unwrap();
        server.put(&observation("new", 1), now).unwrap();
        clock.pass(Duration::from_secs(60));
        phone.sync().await;
        phone.expect_in_step(&server, &format!("{name}: after changes"));

        let now = clock.now();
        assert!(server.delete("Observation", "o3", now));
        assert!(server.delete("Observation", "new", now));
        clock.pass(Duration::from_secs(60));
        phone.sync().await;
        if name == "sloppy" {
            // It tells nobody what is gone: only comparing finds it.
            clock.pass(Duration::from_secs(6 * 3_600));
            phone.sync().await;
        }
        phone.expect_in_step(&server, &format!("{name}: after deletions"));
    }
}

#[tokio::test]
async fn what_becomes_visible_late_under_an_old_stamp_is_not_missed() {
    let (server, clock) = server(Manners::hapi(), 0, AT_ONCE);
    let now = || clock.now();
    let phone = Phone::knows(&server, &clock).await;
    phone.sync().await;
    for round in 0..10 {
        clock.pass(Duration::from_secs(900));
        let entries: Vec<String> = (0..50)
            .map(|n| {
                let id = format!("late-{round}-{n}");
                format!(
                    r#"{{"resource":{},"request":{{"method":"PUT","url":"Observation/{id}"}}}}"#,
                    observation(&id, n)
                )
            })
            .collect();
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
            entries.join(",")
        );
        let (begun, commits) = (now(), now().plus(Duration::from_secs(4)));
        server.begin_transaction(&bundle, begun, commits).unwrap();
        // Small ones beside it, stamped later and visible at once.
        clock.pass(Duration::from_secs(1));
        server
            .put(&observation(&format!("small-{round}"), 1), now())
            .unwrap();
        clock.pass(Duration::from_secs(1));
        phone.sync().await;
        clock.pass(Duration::from_secs(30));
        phone.sync().await;
        phone.expect_in_step(&server, &format!("round {round}"));
    }
}

#[tokio::test]
async fn a_sync_that_breaks_off_anywhere_goes_on_where_it_stood() {
    for (name, manners) in both() {
        let (server, clock) = server(manners, 60, AT_ONCE);
        for at in 1..25 {
            let phone = Phone::knows(&server, &clock).await;
            phone
                .way
                .fails_at
                .store(phone.trips() + at, Ordering::SeqCst);
            phone.sync().await;
            phone.sync().await;
            phone.expect_in_step(&server, &format!("{name}: broken off at {at}"));
        }
    }
}

#[tokio::test]
async fn nothing_new_costs_little() {
    let (server, clock) = server(Manners::hapi(), 60, AT_ONCE);
    let phone = Phone::knows(&server, &clock).await;
    for _ in 0..3 {
        clock.pass(Duration::from_secs(1_800));
        phone.sync().await;
    }
    clock.pass(Duration::from_secs(1_800));
    let before = phone.trips();
    phone.sync().await;
    let asked = phone.way.asked.lock().unwrap();
    let asked = &asked[usize::try_from(before).unwrap()..];
    assert!(asked.len() <= 2, "{asked:#?}");
}

#[tokio::test]
async fn a_neighbour_stays_where_they_are() {
    for (name, manners) in both() {
        let (server, clock) = server(manners, 0, AT_ONCE);
        let now = || clock.now();
        let other = patient().replace(PATIENT, "neighbour");
        server.put(&other, now()).unwrap();
        let theirs = observation("theirs", 5).replace(PATIENT, "neighbour");
        server.put(&theirs, now()).unwrap();
        server.put(&observation("mine", 5), now()).unwrap();
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        clock.pass(Duration::from_secs(3_600));
        server
            .put(&theirs.replace("\"value\":5", "\"value\":6"), now())
            .unwrap();
        phone.sync().await;
        phone.expect_in_step(&server, name);
        assert!(
            !phone.book().iter().any(|json| json.contains("theirs")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_version_that_is_counted_anew_is_not_taken_for_the_old_one() {
    let (server, clock) = server(Manners::hapi(), 3, AT_ONCE);
    let phone = Phone::knows(&server, &clock).await;
    phone.sync().await;
    clock.pass(Duration::from_secs(3_600));
    assert!(server.expunge("Observation", "o1", clock.now()));
    server.put(&observation("o1", 777), clock.now()).unwrap();
    clock.pass(Duration::from_secs(60));
    phone.sync().await;
    phone.expect_in_step(&server, "both are version 1");
}

#[tokio::test]
async fn a_patient_that_changed_under_an_old_time_is_found_by_comparing() {
    for (name, manners) in both() {
        let (server, clock) = server(manners, 3, AT_ONCE);
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        clock.pass(Duration::from_secs(86_400));
        phone.sync().await;
        let patient = format!(
            r#"{{"resourceType":"Patient","id":"{PATIENT}","telecom":[{{"system":"phone","value":"0912345678"}}]}}"#
        );
        let long_ago = clock.now().minus(Duration::from_secs(7_200));
        server.put(&patient, long_ago).unwrap();
        clock.pass(Duration::from_secs(86_400));
        phone.sync().await;
        phone.expect_in_step(&server, name);
    }
}

#[tokio::test]
async fn a_server_whose_clock_was_set_back_is_compared_at_once() {
    for (name, manners) in both() {
        let (server, clock) = server(manners, 5, AT_ONCE);
        let phone = Phone::knows(&server, &clock).await;
        // For a while it was two days ahead.
        phone.way.server_ahead.store(TWO_DAYS, Ordering::SeqCst);
        let ahead = || clock.now().plus(Duration::from_secs(TWO_DAYS));
        server.put(&observation("o1", 777), ahead()).unwrap();
        clock.pass(Duration::from_secs(1_800));
        phone.sync().await;
        phone.way.server_ahead.store(0, Ordering::SeqCst);
        clock.pass(Duration::from_secs(1_800));
        server.put(&observation("o1", 778), clock.now()).unwrap();
        server.put(&observation("o2", 779), clock.now()).unwrap();
        assert!(server.delete("Observation", "o3", clock.now()));
        clock.pass(Duration::from_secs(1_800));
        phone.sync().await;
        phone.expect_in_step(&server, name);
        server.put(&observation("o1", 780), clock.now()).unwrap();
        clock.pass(Duration::from_secs(60));
        phone.sync().await;
        phone.expect_in_step(&server, &format!("{name}: and goes on"));
    }
}

/// A round that was broken off goes on where it stood, and then asks for what came after it began.
#[tokio::test]
async fn a_round_that_goes_on_later_is_not_taken_for_what_is_there_now() {
    for (name, manners) in both() {
        let (server, clock) = server(manners, 30, Duration::from_secs(1));
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        for broken_at in 1..=8 {
            clock.pass(Duration::from_secs(1_800));
            server
                .put(&observation("o7", 100 + broken_at), clock.now())
                .unwrap();
            let trips = phone.way.trips.load(Ordering::SeqCst);
            phone
                .way
                .fails_at
                .store(trips + u64::from(broken_at), Ordering::SeqCst);
            let _whatever = phone.app.sync(&phone.person).await;
            phone.way.fails_at.store(0, Ordering::SeqCst);

            clock.pass(Duration::from_secs(5_400));
            server.put(&patient(), clock.now()).unwrap();
            server
                .put(&observation("o9", 200 + broken_at), clock.now())
                .unwrap();
            clock.pass(Duration::from_secs(60));
            phone.sync().await;
            phone.expect_in_step(&server, &format!("{name}: broken at {broken_at}"));
        }
    }
}

#[tokio::test]
async fn a_comparison_that_breaks_off_goes_on_with_the_type_under_way() {
    for (name, manners) in both() {
        let manners = Manners { busy: 0, ..manners };
        let (server, clock) = server(manners, 30, AT_ONCE);
        let listings = |phone: &Phone, from: u64| -> Vec<String> {
            let asked = phone.way.asked.lock().unwrap();
            let asked = &asked[usize::try_from(from).unwrap()..];
            let listing = |it: &&String| it.contains("_elements=") && !it.contains("_getpages");
            asked.iter().filter(listing).cloned().collect()
        };
        let due = Duration::from_secs(26 * 3_600);
        // What one that goes through asks.
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        clock.pass(due);
        let before = phone.trips();
        phone.sync().await;
        let all = listings(&phone, before);
        assert!(all.len() > 5, "{name}: {all:#?}");
        for (broken, listing) in (0_u32..).zip(&all) {
            let what = format!("{name}: broken off at type {broken}");
            let phone = Phone::knows(&server, &clock).await;
            phone.sync().await;
            clock.pass(due);
            // Something is gone that only comparing finds, and something comes back.
            let lost = format!("o{}", broken % 30);
            assert!(server.expunge("Observation", &lost, clock.now()), "{what}");
            let before = phone.trips();
            let address = listing.split(&[' ', ':'][..]).nth(2).unwrap().to_owned();
            *phone.way.fails_once.lock().unwrap() = Some(address);
            phone.sync().await;
            phone.expect_in_step(&server, &what);
            let asked = listings(&phone, before);
            assert_eq!(asked.len(), all.len() + 1, "{what}: {asked:#?}");
            server.put(&observation(&lost, 5), clock.now()).unwrap();
            clock.pass(Duration::from_secs(600));
            // It is over, and not due.
            let before = phone.trips();
            phone.sync().await;
            assert_eq!(listings(&phone, before).len(), 0, "{what}");
        }
    }
}
