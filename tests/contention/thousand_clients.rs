//! The run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sokhoe_app::SystemClock;
use sokhoe_app::domain::Criteria;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_fhir::bundle::SearchPage;
use sokhoe_fhir::{Appointment, FindRequest};
use sokhoe_testing::{Database, SeededRng};
use sokhoe_tests::crowd::{CrowdClinic, CrowdPhone};
use sokhoe_tests::hurried_clock::HurriedClock;
use sokhoe_tests::plain_http::Connection;
use tempfile::TempDir;

use crate::client::{Client, Done, HotSlot, Stage, key};
use crate::counts::Counts;
use crate::history::{Event, Looked, check};

const CLIENTS: usize = 1_000;
/// People of each client, because of what one person may have.
const PEOPLE: usize = 3;
const SLOTS: usize = 200;
/// Operations when `SOKHOE_ATTEMPTS` does not say.
const ATTEMPTS: u64 = 100_000;
/// Doctors who each have one kind of visit and see one person at a time, so that their times do not overlap.
const DOCTORS: [&str; 4] = [
    "bs-cam-van-toan",
    "bs-pham-duc-long",
    "bs-lo-thi-phuong",
    "bs-duong-bao-ngoc",
];
/// Longest and shortest life of the clinic, in milliseconds.
const LIVES: std::ops::Range<u64> = 300..3_000;
/// Within which a run of the usual size ends, or something stands still.
const LONGEST: Duration = Duration::from_secs(600);
/// What a search for an order may take of the stack: it goes as deep as a history is long.
const STACK: usize = 256 << 20;

#[test]
fn see_one_order_of_everything_and_lose_nothing_on_sqlite() {
    run(|folder| Database::sqlite(folder.join("clinic.db")));
}

#[test]
#[ignore = "needs a server of PostgreSQL, which the part `postgres` starts"]
fn see_one_order_of_everything_and_lose_nothing_on_postgres() {
    run(|_| Database::postgres());
}

/// The clinic's process.
struct ClinicProcess(Child);

impl ClinicProcess {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_contended-clinic"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let process = Self(child);
        let ready = lines.map_while(Result::ok).any(|line| line == "ready");
        assert!(ready, "the clinic did not start");
        process
    }
}

/// Says at its end that all is over.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// SIGKILL, whatever it does.
impl Drop for ClinicProcess {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a history has moments")]
fn run(make: impl FnOnce(&Path) -> Database) {
    let attempts = std::env::var("SOKHOE_ATTEMPTS")
        .ok()
        .map_or(ATTEMPTS, |number| number.parse().expect("a number"));
    let folder = TempDir::new().unwrap();
    let database = make(folder.path());
    let address = format!("127.0.0.1:{}", free_port());
    let since = SystemClock.now();
    let (url, since_text) = (database.url(), since.as_millis().to_string());
    let arguments = [
        &*url,
        folder.path().to_str().unwrap(),
        &*address,
        &*since_text,
    ];
    let (clients, people) = (CLIENTS.to_string(), PEOPLE.to_string());
    let first = [&arguments[..], &[&*clients, &*people]].concat();
    let clinic = ClinicProcess::start(&first);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let codes = fs::read_to_string(folder.path().join("codes")).unwrap();
    let clock = HurriedClock { since };
    let known = CrowdClinic {
        url: format!("http://{address}"),
        clock: Arc::new(clock),
    };
    let (phones, slots) = runtime.block_on(async {
        let enrolling: Vec<_> = codes
            .lines()
            .map(|code| {
                let (address, code, known) = (address.clone(), code.to_owned(), known.clone());
                tokio::spawn(async move { CrowdPhone::enrol(&address, &known, &code).await })
            })
            .collect();
        let mut phones = Vec::new();
        for phone in enrolling {
            phones.push(phone.await.unwrap());
        }
        let slots = hot_slots(&address, &phones[0], clock).await;
        (phones, slots)
    });
    let stage = Arc::new(Stage {
        address: address.clone(),
        slots,
        clock,
        began: Instant::now(),
        left: AtomicU64::new(attempts),
        next_id: AtomicU64::new(1),
    });
    let clients: Vec<_> = (0..)
        .zip(phones)
        .map(|(seed, phone)| runtime.spawn(Client::new(Arc::clone(&stage), phone, seed).run()))
        .collect();
    let over = AtomicBool::new(false);
    let (done, kills) = std::thread::scope(|scope| {
        let killing = scope.spawn(|| kill_again_and_again(clinic, &arguments, &over));
        let longest = LONGEST.max(Duration::from_millis(attempts * 6));
        // Also when this panics: the scope waits for the other.
        let _at_the_end = Over(&over);
        let done = runtime.block_on(async {
            let answered = async {
                let mut all = Vec::new();
                for client in clients {
                    all.push(client.await);
                }
                all
            };
            tokio::time::timeout(longest, answered).await
        });
        over.store(true, Ordering::Relaxed);
        (done, killing.join().unwrap())
    });
    let seconds = stage.began.elapsed().as_secs_f64();
    let done: Vec<Done> = done
        .expect("everybody is answered in time")
        .into_iter()
        .map(Result::unwrap)
        .collect();

    let mut counts = Counts::default();
    for client in &done {
        counts.add(&client.counts);
        assert!(client.wrongs.is_empty(), "{:?}", client.wrongs);
    }
    println!("{attempts} attempts in {seconds:.1} s, {kills} kills: {counts:?}");
    let looked = in_order(&done);
    println!(
        "histories: {looked:?}, {:.1} s",
        stage.began.elapsed().as_secs_f64() - seconds
    );
    look_into(&database, &stage, &done);

    assert!(
        counts.won + counts.moved > attempts / 20,
        "hardly anybody got a time"
    );
    assert!(counts.taken > attempts / 20, "hardly anybody came too late");
    for often in [
        counts.held,
        counts.called_off,
        counts.moved,
        counts.repeated,
    ] {
        assert!(often > attempts / 1_000, "something was hardly asked");
    }
    assert!(
        u64::from(kills) >= attempts / 20_000,
        "it was hardly killed"
    );
    assert!(
        counts.thrown_away > attempts / 100,
        "hardly an answer was lost"
    );
}

/// Times of the doctors, as many of each.
async fn hot_slots(address: &str, phone: &CrowdPhone, clock: HurriedClock) -> Vec<HotSlot> {
    let mut connection = Connection::open(address).await.unwrap();
    let mut slots = Vec::new();
    // Farther away than a run of clinic's time is long.
    let start = clock.now().plus(Duration::from_secs(14 * 86_400));
    for doctor in DOCTORS {
        let find = FindRequest {
            start,
            end: start.plus(Duration::from_secs(30 * 86_400)),
            criteria: Criteria {
                practitioner: Some(doctor.to_owned()),
                ..Criteria::default()
            },
            ..FindRequest::default()
        };
        let path = format!("/fhir/Appointment/$find?_count={}", SLOTS / DOCTORS.len());
        let request = phone.request(&path, None, Some(&find.to_parameters()));
        let answer = connection.ask(&request).await.unwrap();
        let body = String::from_utf8(answer.body).unwrap();
        let page = SearchPage::parse(&body).unwrap();
        slots.extend(page.of_kind("Appointment").map(|json| {
            let offered = Appointment::from_json(json).unwrap();
            HotSlot {
                proposed: offered.id.unwrap(),
                start: offered.start.unwrap(),
                doctor: doctor.to_owned(),
            }
        }));
    }
    assert_eq!(slots.len(), SLOTS);
    let different: BTreeSet<_> = slots
        .iter()
        .map(|slot| (&slot.doctor, slot.start))
        .collect();
    assert_eq!(different.len(), SLOTS);
    slots
}

/// How often it was killed. At the end it is dead.
fn kill_again_and_again(mut clinic: ClinicProcess, arguments: &[&str], over: &AtomicBool) -> u32 {
    let rng = SeededRng::new(20_261_129);
    let mut kills = 0;
    loop {
        let life = LIVES.start + rng.next() % (LIVES.end - LIVES.start);
        for _ in 0..life / 10 {
            std::thread::sleep(Duration::from_millis(10));
            if over.load(Ordering::Relaxed) {
                return kills;
            }
        }
        drop(clinic);
        kills += 1;
        std::thread::sleep(Duration::from_millis(rng.next() % 100));
        clinic = ClinicProcess::start(arguments);
    }
}

/// Every time's history has an order.
fn in_order(done: &[Done]) -> Looked {
    let mut histories: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
    for (slot, event) in done.iter().flat_map(|client| &client.events) {
        histories.entry(*slot).or_default().push(*event);
    }
    let histories: Vec<(usize, Vec<Event>)> = histories.into_iter().collect();
    let next = AtomicU64::new(0);
    let look = || {
        let mut looked = Looked::default();
        let mut wrongs = Vec::new();
        loop {
            let n = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
            let Some((slot, history)) = histories.get(n) else {
                return (looked, wrongs);
            };
            match check(history.clone()) {
                Ok(one) => looked.add(&one),
                Err(wrong) => wrongs.push(format!("time {slot}: {wrong}")),
            }
        }
    };
    let found: Vec<_> = std::thread::scope(|scope| {
        let looking: Vec<_> = (0..std::thread::available_parallelism().map_or(1, usize::from))
            .map(|_| {
                let thread = std::thread::Builder::new().stack_size(STACK);
                thread.spawn_scoped(scope, look).unwrap()
            })
            .collect();
        looking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut all = Looked::default();
    for (looked, wrongs) in found {
        assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
        all.add(&looked);
    }
    all
}

/// What the database has is what the clients were told.
fn look_into(database: &Database, stage: &Stage, done: &[Done]) {
    let rows = |query: &str| database.rows(query);
    // Zero seats with two: asked without the rule that forbids it.
    let twice = rows(
        "SELECT a.id, b.id FROM appointment a JOIN appointment b
         ON a.schedule = b.schedule AND a.pk < b.pk AND a.starts < b.ends AND b.starts < a.ends
         WHERE a.state = 'booked' AND b.state = 'booked'",
    );
    assert!(twice.is_empty(), "two in one seat: {twice:?}");
    // Every confirmation is there, at its time, and nothing else is.
    let told: BTreeSet<(String, String)> = done
        .iter()
        .flat_map(|client| &client.mine)
        .map(|mine| {
            let start = stage.slots[mine.slot].start.as_millis();
            (key(mine.id), start.to_string())
        })
        .collect();
    let booked: BTreeSet<(String, String)> =
        rows("SELECT id, starts FROM appointment WHERE state = 'booked'")
            .into_iter()
            .map(|row| (row[0].clone(), row[1].clone()))
            .collect();
    let lost: Vec<_> = told.difference(&booked).collect();
    assert!(lost.is_empty(), "confirmed and not there: {lost:?}");
    let unasked: Vec<_> = booked.difference(&told).collect();
    assert!(unasked.is_empty(), "booked and nobody knows: {unasked:?}");
    let called_off: BTreeSet<String> = done
        .iter()
        .flat_map(|client| client.called_off.iter().map(|id| key(*id)))
        .collect();
    let cancelled: BTreeSet<String> = rows("SELECT id FROM appointment WHERE state = 'cancelled'")
        .into_iter()
        .map(|mut row| row.swap_remove(0))
        .collect();
    assert_eq!(called_off, cancelled, "called off, and what says so");
    // Each booking has its time and an open invoice, each other one neither; the book says the same.
    for (what, query) in [
        (
            "bookings without their time",
            "SELECT a.id FROM appointment a LEFT JOIN busy b ON b.appointment = a.pk
             WHERE a.state = 'booked' GROUP BY a.id, a.starts, a.ends
             HAVING count(b.cell) <> (a.ends - a.starts) / 300000 OR max(b.expires) IS NOT NULL",
        ),
        (
            "times of what was called off",
            "SELECT a.id FROM appointment a JOIN busy b ON b.appointment = a.pk
             WHERE a.state = 'cancelled'",
        ),
        (
            "invoices that do not fit",
            "SELECT a.id FROM appointment a LEFT JOIN invoice i ON i.appointment = a.pk
             WHERE (a.state = 'booked' AND (i.state IS NULL OR i.state <> 'issued'))
                OR (a.state = 'cancelled' AND (i.state IS NULL OR i.state <> 'cancelled'))
                OR (a.state = 'held' AND i.state IS NOT NULL)",
        ),
        (
            "books that say something else",
            "SELECT a.id FROM appointment a LEFT JOIN resource r ON r.type = 'Appointment' AND r.id = a.id
             WHERE a.state <> 'held' AND (r.json IS NULL OR r.patient <> a.patient
                OR r.json NOT LIKE '%\"status\":\"' || a.state || '\"%')",
        ),
    ] {
        let found = rows(query);
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
