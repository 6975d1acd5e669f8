//! What a person measures goes to such a server once, whatever id it gets there.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sokhoe_app::domain::Section;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{BrowseRequest, EntryView, Measure, RecordReadingRequest, SyncStatus};
use sokhoe_tests::foreign::{ForeignClinic, Manners};

use crate::server::{HandClock, PATIENT, Phone, server};
use crate::times::{all, own_ids, silent_own_ids};

/// Body weight.
const WEIGHT: &str = "29463-7";

fn clinic(manners: Manners) -> (Arc<ForeignClinic>, Arc<HandClock>) {
    server(manners, 3, Duration::from_secs(1))
}

/// Those that give all ids.
fn givers() -> [(&'static str, Manners); 3] {
    [
        ("sloppy", Manners::sloppy()),
        ("own ids", own_ids()),
        ("silent own ids", silent_own_ids()),
    ]
}

impl Phone {
    pub async fn weighs(&self, kg: f64) -> EntryView {
        let request = RecordReadingRequest {
            person_id: self.person.clone(),
            clinic_id: None,
            measure: Measure::Weight,
            values: vec![kg],
            at: None,
        };
        self.app.record_reading(request).await.unwrap()
    }

    /// The rows of a search, as lists show them, too.
    pub fn rows(&self, words: &str) -> Vec<EntryView> {
        let request = |words: &str| BrowseRequest {
            person_id: self.person.clone(),
            section: Some(Section::Measurements),
            clinic_id: None,
            text: words.to_owned(),
            from: None,
            to: None,
            cursor: None,
            limit: 50,
        };
        let found = self.app.browse(request(words)).unwrap().rows;
        let listed = self.app.browse(request("")).unwrap().rows;
        let is_found = |row: &&EntryView| found.iter().any(|other| other.id == row.id);
        assert_eq!(listed.iter().filter(is_found).count(), found.len());
        found
    }

    fn weights(&self) -> Vec<f64> {
        let code = format!("http://loinc.org|{WEIGHT}");
        let trend = self.app.trend(&self.person, &code, 50).unwrap();
        let mut weights: Vec<f64> = trend.points.iter().map(|point| point.value).collect();
        weights.sort_by(f64::total_cmp);
        weights
    }

    /// Until nothing waits; minutes pass.
    pub async fn until_sent(&self) {
        for _ in 0..50 {
            self.clock.pass(Duration::from_secs(120));
            self.sync().await;
            let state = &self.app.sync_state(&self.person).unwrap()[0];
            if state.waiting == 0 {
                return;
            }
        }
        panic!("{:#?}", self.way.asked.lock().unwrap());
    }

    /// Each of these is there once, here and at the server, and the book is what the server has.
    fn expect_weights(&self, server: &ForeignClinic, weights: &[f64], what: &str) {
        self.expect_readings(server, weights, what);
        self.expect_in_step(server, what);
    }

    /// Each of these is there once, here and at the server.
    pub fn expect_readings(&self, server: &ForeignClinic, weights: &[f64], what: &str) {
        let there = server.contents(PATIENT, self.clock.now());
        let mine = there.values().filter(|json| json.contains(WEIGHT));
        assert_eq!(mine.count(), weights.len(), "{what}: {there:#?}");
        assert_eq!(self.weights(), weights, "{what}");
        let rows = self.rows("can nang");
        assert_eq!(rows.len(), weights.len(), "{what}: {rows:#?}");
        assert!(
            rows.iter().all(|row| row.sync.is_none()),
            "{what}: {rows:#?}"
        );
    }
}

#[tokio::test]
async fn a_reading_is_there_once_under_whatever_id_the_server_gives() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        for synced_before in [false, true] {
            let what = format!("{name}, synced before: {synced_before}");
            let (server, clock) = if synced_before {
                (Arc::clone(&server), Arc::clone(&clock))
            } else {
                clinic(server.manners().clone())
            };
            let phone = Phone::knows(&server, &clock).await;
            if synced_before {
                phone.sync().await;
            }
            let row = phone.weighs(61.5).await;
            if name != "sloppy" {
                assert_eq!(row.sync, None, "{what}: it is there already");
                assert_eq!(phone.weights(), [61.5], "{what}");
            }
            phone.until_sent().await;
            phone.expect_weights(&server, &[61.5], &what);
            clock.pass(Duration::from_secs(26 * 3_600));
            phone.sync().await;
            phone.expect_weights(&server, &[61.5], &format!("{what}, after comparing"));
        }
    }
}

#[tokio::test]
async fn two_readings_in_a_row_are_two() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        phone.weighs(61.5).await;
        phone.weighs(62.5).await;
        phone.until_sent().await;
        phone.expect_weights(&server, &[61.5, 62.5], name);
        // Of another phone of the person's they come like everything else.
        let other = Phone::with_seed(&server, &clock, 9).await;
        other.sync().await;
        other.expect_weights(&server, &[61.5, 62.5], name);
    }
}

#[tokio::test]
async fn a_lost_answer_makes_nothing_twice() {
    for (name, manners) in all() {
        for lags in [0, 300] {
            let what = format!("{name}, searches lag by {lags} s");
            let (server, clock) = clinic(Manners {
                search_lags: Duration::from_secs(lags),
                ..manners.clone()
            });
            clock.pass(Duration::from_secs(400));
            let phone = Phone::knows(&server, &clock).await;
            phone.sync().await;
            phone.way.loses_answers.store(1, Ordering::SeqCst);
            phone.weighs(61.5).await;
            assert_eq!(phone.weights(), [61.5], "{what}: shown meanwhile");
            phone.until_sent().await;
            clock.pass(Duration::from_secs(1_800));
            phone.sync().await;
            phone.expect_weights(&server, &[61.5], &what);
        }
    }
}

#[tokio::test]
async fn what_never_arrived_is_sent_again() {
    for (name, manners) in givers() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        // The server was set back to before it came: the answer is lost, and so is what it did.
        phone.way.loses_answers.store(1, Ordering::SeqCst);
        phone.weighs(61.5).await;
        for (key, json) in server.contents(PATIENT, clock.now()) {
            if json.contains(WEIGHT) {
                assert!(server.expunge(&key.kind, &key.id, clock.now()));
            }
        }
        phone.until_sent().await;
        phone.expect_weights(&server, &[61.5], name);
    }
}

#[tokio::test]
async fn a_phone_that_ends_in_between_knows_its_reading_again() {
    for (name, manners) in givers() {
        for lags in [0, 300] {
            let what = format!("{name}, searches lag by {lags} s");
            let (server, clock) = clinic(Manners {
                search_lags: Duration::from_secs(lags),
                busy: 0,
                ..manners.clone()
            });
            clock.pass(Duration::from_secs(400));
            let mut phone = Phone::knows(&server, &clock).await;
            phone.sync().await;
            phone.way.hangs.store(true, Ordering::SeqCst);
            tokio::select! {
                row = phone.weighs(61.5) => panic!("{what}: {row:?}"),
                () = phone.way.hung.notified() => {}
            }
            phone.restart();
            let row = &phone.rows("can nang")[0];
            let status = row.sync.as_ref().map(|sync| sync.status);
            assert_eq!(status, Some(SyncStatus::Sending), "{what}");
            phone.weighs(62.5).await;
            phone.until_sent().await;
            clock.pass(Duration::from_secs(1_800));
            phone.sync().await;
            phone.expect_weights(&server, &[61.5, 62.5], &what);
        }
    }
}

#[tokio::test]
async fn the_feed_may_bring_it_before_the_answer() {
    for (name, manners) in givers() {
        let (server, clock) = clinic(Manners { busy: 0, ..manners });
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        clock.pass(Duration::from_secs(60));
        // Nobody can ask for it: it comes down with everything else.
        *phone.way.refuses.lock().unwrap() = Some("identifier=");
        phone.way.hangs.store(true, Ordering::SeqCst);
        tokio::select! {
            row = phone.weighs(61.5) => panic!("{name}: {row:?}"),
            () = phone.way.hung.notified() => {}
        }
        let writes = phone.writes();
        phone.sync().await;
        phone.expect_weights(&server, &[61.5], name);
        for _ in 0..3 {
            clock.pass(Duration::from_secs(1_800));
            phone.sync().await;
        }
        phone.expect_weights(&server, &[61.5], &format!("{name}, later"));
        let refused = u64::from(name == "silent own ids");
        assert_eq!(phone.writes(), writes + refused, "{name}");
    }
}
