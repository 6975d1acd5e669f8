//! One window for a family, on simulated time.

use std::sync::atomic::Ordering;

use sokhoe_sync::{NetworkKind, SyncConditions};
use tokio::time::Instant;

use super::*;
use crate::slow_clinic::{EACH, SimClock, SlowClinic};
use crate::test_phone::{TestPhone, all_of, booking, clinic, config, person, to_book};
use crate::{BookingStatus, Language};

const FAMILY: [&str; 3] = ["an", "binh", "mai"];

type Phone = TestPhone<SlowClinic, SimClock>;

/// A family's phone in the background, whose clinic has so many pages for each and takes so long over one.
fn family(pages: u64, takes: u64, network: NetworkKind) -> Phone {
    let phone = TestPhone::new(
        config(Language::En),
        1,
        SlowClinic::new(pages, takes),
        SimClock(Instant::now()),
    );
    let phone = phone.enrol(&clinic(), FAMILY.map(person));
    phone.app.set_conditions(SyncConditions {
        network,
        battery_low: false,
        foreground: false,
    });
    phone
}

impl Phone {
    async fn window(&self, seconds: u64) -> WindowView {
        let window = Some(Duration::from_secs(seconds));
        self.app.sync_all_by_schedule(window).await.unwrap()
    }

    fn rows_of(&self, person: &str) -> usize {
        self.app.browse(all_of(person)).unwrap().rows.len()
    }
}

fn served(view: &WindowView) -> Vec<&str> {
    view.persons.iter().map(|of| &*of.person_id).collect()
}

#[tokio::test(start_paused = true)]
async fn the_oldest_book_comes_first_and_everybodys_comes() {
    let phone = family(2, 0, NetworkKind::Unmetered);
    for person in ["binh", "an"] {
        phone.app.sync(person).await.unwrap();
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    phone.clinic.pages.store(3, Ordering::SeqCst);
    phone.clinic.whose();
    let view = phone.window(25).await;
    assert_eq!(served(&view), ["mai", "binh", "an"]);
    assert_eq!(phone.clinic.whose(), ["mai", "binh", "an"]);
    assert!(view.finished, "{view:?}");
    for person in FAMILY {
        assert_eq!(phone.rows_of(person), 3 * EACH + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_first_sync_leaves_the_others_their_turn_and_the_window_its_end() {
    let phone = family(12, 2, NetworkKind::Unmetered);
    // What the one with the newest book decided goes out before anybody's book comes.
    let (now, last) = (phone.app.inner.now(), FAMILY[2]);
    let wanted = booking(1, now.plus(Duration::from_secs(86_400)), now);
    let body = sokhoe_sync::BookIntent {
        slot_id: "s".to_owned(),
        patient_id: last.to_owned(),
        otherwise: None,
        trying: None,
        trip: None,
        occurrence: None,
    };
    let intent = to_book(&wanted, &serde_json::to_string(&body).unwrap());
    let book = phone.app.inner.book(last).unwrap();
    book.vault.enqueue(&intent, &wanted).unwrap();
    let begin = Instant::now();
    let view = phone.window(60).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(59), "a second before");
    assert_eq!(phone.clinic.asked()[0], "$book");
    let booked = phone.app.booking(last, &wanted.id.to_string()).unwrap();
    assert_eq!(booked.status, BookingStatus::Confirmed);
    assert!(!view.finished);
    for of in &view.persons {
        let synced = of.synced.as_ref().unwrap();
        assert_eq!(synced.held_back, Some(HeldBack::TimeUp), "{of:?}");
        assert!(phone.rows_of(&of.person_id) > EACH, "{of:?}");
    }
    // It goes on from there until all is here, and no window is overrun.
    let mut windows = 0;
    loop {
        let begin = Instant::now();
        let view = phone.window(60).await;
        assert!(begin.elapsed() <= Duration::from_secs(59));
        if view.finished {
            break;
        }
        windows += 1;
        assert!(windows < 12, "it never ends");
    }
    for person in FAMILY {
        assert_eq!(phone.rows_of(person), 12 * EACH + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn who_got_no_turn_has_the_first_one_next_time() {
    let phone = family(2, 3, NetworkKind::Unmetered);
    let view = phone.window(13).await;
    let turns: Vec<_> = view.persons.iter().map(|of| of.synced.is_some()).collect();
    assert_eq!(turns, [true, false, false], "one turn");
    tokio::time::sleep(Duration::from_secs(900)).await;
    let mut first = Vec::new();
    for _ in 0..12 {
        let view = phone.window(13).await;
        first.push(view.persons[0].person_id.clone());
        tokio::time::sleep(Duration::from_secs(900)).await;
    }
    assert_eq!(first[..2], ["binh", "mai"], "{first:?}");
    for person in FAMILY {
        assert_eq!(phone.rows_of(person), 2 * EACH + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn on_mobile_data_everybody_gets_what_is_looked_for_first() {
    let phone = family(6, 1, NetworkKind::Metered);
    let view = phone.window(25).await;
    for of in &view.persons {
        let synced = of.synced.as_ref().unwrap();
        assert_eq!(synced.held_back, Some(HeldBack::Metered));
        assert_eq!(phone.rows_of(&of.person_id), 1, "the medicine");
    }
    assert!(!view.finished && phone.clinic.whose().is_empty());
    phone.app.set_data_limit(Some(0), None).unwrap();
    phone.clinic.asked();
    let view = phone.window(25).await;
    assert!(phone.clinic.asked().is_empty());
    let why: Vec<_> = view
        .persons
        .iter()
        .map(|of| of.synced.as_ref().unwrap().held_back)
        .collect();
    assert_eq!(why, [Some(HeldBack::DataUsedUp); 3]);
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_one_stops_nobody_else() {
    let phone = family(2, 0, NetworkKind::Unmetered);
    let mut away = clinic();
    away.id = sokhoe_domain::ClinicId::from("b");
    away.base_url = "not an address".to_owned();
    let phone = phone.enrol(&away, [person("an")]);
    let view = phone.window(25).await;
    let troubled: Vec<_> = view
        .persons
        .iter()
        .map(|of| (&*of.person_id, of.trouble_text.is_some()))
        .collect();
    assert_eq!(troubled, [("an", true), ("binh", false), ("mai", false)]);
    assert!(!view.finished);
    assert_eq!(phone.rows_of("mai"), 2 * EACH + 1);
    // Without a window it ends by itself.
    assert!(!phone.app.sync_all_by_schedule(None).await.unwrap().finished);
}
