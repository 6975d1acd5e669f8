//! `slow_first_screen` and `slow_500_resources`: the first sync of a large book over 400 kb/s and 300 ms there
//! and back, as from a mountain road. Seconds from the tap on "sync", with the handshakes of every connection.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sokhoe_app::domain::Section;
use sokhoe_app::{BrowseRequest, EntryView, SoKhoe};
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

use crate::relay::{Pace, Relay};
use crate::report::Figure;

pub const NAMES: [&str; 3] = [
    "slow_first_screen",
    "slow_500_resources",
    "slow_first_screen_bytes",
];

/// What is first looked for.
struct FirstScreen {
    /// The medicines in use: the title and the day.
    medicines: BTreeSet<(String, String)>,
    /// The days of the newest results: which of one day come first is nobody's matter.
    results: Vec<String>,
}

/// So many of the newest results are on the first screen.
const RESULTS: usize = 10;

#[expect(clippy::disallowed_methods, reason = "this measures time")]
pub async fn measure() -> Vec<Figure> {
    let clinic = TestClinic::with_book().await;
    // Somebody whose network is good books, and sees what the first screen is.
    let (helper, theirs) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    helper.app.sync(&theirs).await.expect("a sync");
    let slot = helper.free_times(&theirs, 1).await.remove(0);
    helper.book(&theirs, slot).await.expect("a booking");
    let wanted = first_screen(&helper.app, &theirs);
    assert!(wanted.medicines.len() > 20 && wanted.results.len() == RESULTS);

    let relay = Relay::start(
        &clinic.url,
        Pace::Slow {
            bits_per_second: 400_000,
            round_trip: Duration::from_millis(300),
        },
    )
    .await;
    let phone = TestPhone::new();
    let code = clinic
        .clinic
        .issue_enrolment(
            &[BOOK_PATIENT.to_owned()],
            Duration::from_secs(600),
            &relay.url(),
        )
        .expect("an enrolment");
    let enrolled = phone.app.enrol(&code.text).await.expect("enrolled");
    let person = enrolled.persons[0].id.clone();

    let (begin, before) = (Instant::now(), relay.counted());
    let (app, of) = (phone.app.clone(), person.clone());
    let syncing = tokio::spawn(async move { app.sync(&of).await });
    let (mut first_screen, mut bytes) = (None, 0.0);
    let resources = loop {
        let passed = begin.elapsed().as_secs_f64();
        if first_screen.is_none() && has(&phone.app, &person, &wanted) {
            first_screen = Some(passed);
            let so_far = relay.counted() - before;
            bytes = so_far.up + so_far.down;
        }
        let clinics = phone.app.sync_state(&person).expect("how it stands");
        if clinics.iter().any(|clinic| clinic.arrived >= 500) {
            break passed;
        }
        assert!(passed < 120.0, "it does not end: {clinics:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    syncing.abort();
    vec![
        Figure::new(
            NAMES[0],
            first_screen.expect("before five hundred are there"),
            "s",
            1,
        ),
        Figure::new(NAMES[1], resources, "s", 1),
        Figure::new(NAMES[2], bytes, "bytes", 1),
    ]
}

fn rows(app: &SoKhoe, person: &str, section: Section) -> Vec<EntryView> {
    let request = BrowseRequest {
        person_id: person.to_owned(),
        text: String::new(),
        section: Some(section),
        clinic_id: None,
        from: None,
        to: None,
        cursor: None,
        limit: 200,
    };
    app.browse(request).expect("a page").rows
}

fn first_screen(app: &SoKhoe, person: &str) -> FirstScreen {
    let mut medicines = rows(app, person, Section::Medicines);
    medicines.retain(|row| row.status == "active");
    let medicines = medicines.into_iter().map(|row| (row.title, row.when_text));
    let results = rows(app, person, Section::Results).into_iter();
    FirstScreen {
        medicines: medicines.collect(),
        results: results.take(RESULTS).map(|row| row.when_text).collect(),
    }
}

/// Whether all of it can be seen: the appointment, too.
fn has(app: &SoKhoe, person: &str, wanted: &FirstScreen) -> bool {
    let seen = first_screen(app, person);
    let appointments = app.bookings(person).expect("bookings");
    !appointments.is_empty()
        && wanted.medicines.is_subset(&seen.medicines)
        && wanted.results == seen.results
}
