//! The minute in which next month's times are opened: 500 phones, of which nineteen of twenty want one time in twenty.
//!
//! `bookings_per_second`: durable answers to `$book` a second, which are confirmations, cancellations and refusals alike:
//! each is kept with what it changed before it is given, and is the same when asked again. `bookings_p50` and
//! `bookings_p99`: what they took, from the moment at which a request was due by a fixed schedule, also when it could not
//! be sent then. Who got a time calls it off some time later, so that there is always something to get; the share of each
//! kind is told beside the figures.
//!
//! `rush_maximum`: durable answers a second when each of 128 phones asks again at once. `rush_goodput`: what is left of that
//! under ten times the requests of the first part a second, of which the others are to be sent away by a 429 with
//! `Retry-After`; an answer of any other kind ends the measurement. `flood_goodput`: the same under ten times the maximum.
//!
//! The clinic is a process of its own on the same cores, its phones are enrolled, its database waits for the disk.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sokhoe_app::SystemClock;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_clinic::{Clinic, ClinicConfig, DataSource};
use sokhoe_fhir::bundle::SearchPage;
use sokhoe_fhir::{Appointment, AppointmentStatus, BookRequest, FindRequest};
use sokhoe_testing::SeededRng;
use sokhoe_tests::crowd::{self, CrowdClinic, CrowdPhone};
use sokhoe_tests::plain_http::{Answer, Connection};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::process::{JOB as DO_JOB, text};
use crate::report::{Figure, percentile};

/// The name of what can be had at most.
pub const MAXIMUM: &str = "rush_maximum";

pub const NAMES: [&str; 6] = [
    "bookings_per_second",
    "bookings_p50",
    "bookings_p99",
    MAXIMUM,
    "rush_goodput",
    "flood_goodput",
];

/// The clinic's process.
pub const JOB: &str = "rush-clinic";

const PHONES: usize = 500;
/// As many as one phone can have.
const PEOPLE: usize = 20;
/// Times of the clinic that are asked for, and those of them that nearly everybody wants.
const SLOTS: usize = 4_000;
const HOT: usize = SLOTS / 20;
/// Requests a second.
const RATE: u64 = 1_600;
/// Requests before anything is measured.
const WARM: Duration = Duration::from_secs(3);
const SECONDS: u64 = 20;
/// Phones that ask again at once, so many that the writer never waits for them, and none of them asks more often than one
/// device may.
pub const AT_ONCE: usize = 128;

/// Whether the clinic remembers who does what.
const WITH_LOG: &str = "with-log";
const WITHOUT_LOG: &str = "without-log";

/// Proofs that are made before a load begins at most; of the others the rest is made under way.
const MOST_AHEAD: usize = 200_000;

struct ClinicProcess(Child);

impl ClinicProcess {
    /// What its threads have used so far.
    fn processor_seconds(&self) -> f64 {
        let tasks = format!("/proc/{}/task", self.0.id());
        let tasks = std::fs::read_dir(tasks).expect("its threads");
        let nanoseconds: f64 = tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|stat| stat.split(' ').next()?.parse::<f64>().ok())
            .sum();
        nanoseconds / 1e9
    }
}

impl Drop for ClinicProcess {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Serves until it is ended.
pub fn run_job(arguments: &[String]) {
    let [folder, address, log] = arguments else {
        panic!("{JOB} FOLDER ADDRESS with-log|without-log")
    };
    let has_access_log = log == WITH_LOG;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let data = DataSource::Folder(Path::new(folder).join("clinic"));
        let config = ClinicConfig {
            has_access_log,
            ..ClinicConfig::on_this_machine(data)
        };
        let clinic = Clinic::open(config).expect("a clinic");
        clinic.seed_hospital().expect("a hospital");
        let url = format!("http://{address}");
        let codes = crowd::bring_in(&clinic, &url, SystemClock.now(), PHONES, PEOPLE);
        std::fs::write(Path::new(folder).join("codes"), codes.join("\n")).expect("a file");
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .expect("the port");
        let _running = clinic.serve(listener, &url).await.expect("a server");
        println!("ready");
        std::future::pending::<()>().await;
    });
}

/// What all phones know.
struct Stage {
    slots: Vec<String>,
    next_key: AtomicU64,
}

/// A clinic with its phones, to be asked again and again.
pub struct Rushed {
    clinic: ClinicProcess,
    stage: Arc<Stage>,
    phones: Vec<Phone>,
}

impl Rushed {
    pub async fn begin(folder: &Path, has_log: bool) -> Self {
        let log = if has_log { WITH_LOG } else { WITHOUT_LOG };
        let (clinic, stage, phones) = begin(folder, log).await;
        Self {
            clinic,
            stage,
            phones,
        }
    }

    /// Answers a second when so many phones ask again at once: to reads, or to `$book`.
    pub async fn rate(&mut self, at_once: usize, lasts: Duration, reads: bool) -> f64 {
        // Each time other ones: how often one device may book is limited.
        self.phones.rotate_left(at_once);
        let others = self.phones.split_off(at_once);
        let load_ = Load {
            rate: None,
            lasts,
            reads,
        };
        let asking = std::mem::take(&mut self.phones);
        let (heard, back) = load(&self.clinic, &self.stage, asking, load_).await;
        assert_eq!(heard.failed, 0, "answers that must not be");
        self.phones = others;
        self.phones.extend(back);
        let answers = heard.durable() + heard.read;
        answers as f64 / heard.seconds
    }
}

/// How it is asked.
#[derive(Clone, Copy)]
struct Load {
    /// Reads instead of bookings.
    reads: bool,
    /// Requests a second; without it, everybody asks again at once.
    rate: Option<u64>,
    lasts: Duration,
}

/// What was answered, after the warm-up.
#[derive(Default)]
struct Heard {
    /// Milliseconds from when it was due.
    times: Vec<f64>,
    booked: usize,
    called_off: usize,
    taken: usize,
    read: usize,
    /// "Come back later."
    later: usize,
    /// What must not be.
    failed: usize,
    /// Seconds in which this was.
    seconds: f64,
    /// Seconds of processor that the clinic used meanwhile, with the warm-up's share.
    processor: f64,
}

impl Heard {
    fn durable(&self) -> usize {
        self.booked + self.called_off + self.taken
    }

    fn add(&mut self, mut other: Self) {
        self.times.append(&mut other.times);
        self.booked += other.booked;
        self.called_off += other.called_off;
        self.taken += other.taken;
        self.read += other.read;
        self.later += other.later;
        self.failed += other.failed;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is positive and small"
)]
pub async fn measure() -> Vec<Figure> {
    let folder = TempDir::new().expect("a folder");
    let (clinic, stage, mut phones) = begin(folder.path(), WITH_LOG).await;
    let seconds = std::env::var("SOKHOE_RUSH_SECONDS")
        .ok()
        .map_or(SECONDS, |number| number.parse().expect("a number"));
    let rate = std::env::var("SOKHOE_RUSH_RATE")
        .ok()
        .map_or(RATE, |number| number.parse().expect("a number"));
    let steady = Load {
        reads: false,
        rate: Some(rate),
        lasts: Duration::from_secs(seconds),
    };
    let mut figures = Vec::new();
    let (mut heard, back) = load(&clinic, &stage, phones, steady).await;
    phones = back;
    tell("steady", &mut heard);
    let per_second = heard.durable() as f64 / heard.seconds;
    let samples = heard.times.len();
    figures.push(Figure::new(NAMES[0], per_second, "1/s", samples));
    for (name, percent) in [(NAMES[1], 50), (NAMES[2], 99)] {
        let value = percentile(&mut heard.times, percent);
        figures.push(Figure::new(name, value, "ms", samples));
    }
    let at_once = Load {
        reads: false,
        rate: None,
        lasts: Duration::from_secs(10),
    };
    let others = phones.split_off(AT_ONCE);
    let (mut heard, back) = load(&clinic, &stage, phones, at_once).await;
    phones = back;
    tell("at once", &mut heard);
    let most = heard.durable() as f64 / heard.seconds;
    figures.push(Figure::new(NAMES[3], most, "1/s", heard.times.len()));
    phones.extend(others);
    for (name, what, rate) in [
        (NAMES[4], "ten times the steady load", 10 * rate),
        (NAMES[5], "ten times the maximum", (10.0 * most) as u64),
    ] {
        let rush = Load {
            reads: false,
            rate: Some(rate),
            lasts: Duration::from_secs(10),
        };
        let (mut heard, back) = load(&clinic, &stage, phones, rush).await;
        phones = back;
        tell(what, &mut heard);
        let good = heard.durable() as f64 / heard.seconds;
        let figure = Figure::new(name, good, "1/s", heard.times.len());
        figures.push(figure.against("rush_maximum", most));
    }
    figures
}

fn tell(what: &str, heard: &mut Heard) {
    let answers = heard.times.len().max(1) as f64;
    let share = |count: usize| 100.0 * count as f64 / answers;
    println!(
        "{what}: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {:.0} µs of the clinic's processor each: {:.0} % booked, {:.0} % called off, {:.0} % taken, {:.0} % later",
        answers / heard.seconds,
        percentile(&mut heard.times, 50),
        percentile(&mut heard.times, 99),
        1e6 * heard.processor / answers,
        share(heard.booked),
        share(heard.called_off),
        share(heard.taken),
        share(heard.later),
    );
    assert_eq!(heard.failed, 0, "answers that must not be");
}

/// A clinic, what is asked for, and phones with what they have booked.
async fn begin(folder: &Path, log: &str) -> (ClinicProcess, Arc<Stage>, Vec<Phone>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args([DO_JOB, JOB, text(folder), &address, log])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let clinic = ClinicProcess(child);
    assert!(lines.any(|line| line.is_ok_and(|line| line == "ready")));
    let codes = std::fs::read_to_string(folder.join("codes")).expect("the codes");
    let known = CrowdClinic {
        url: format!("http://{address}"),
        clock: Arc::new(SystemClock),
    };
    let mut phones = Vec::new();
    for (code, seed) in codes.lines().zip(0..) {
        phones.push(Phone {
            phone: CrowdPhone::enrol(&address, &known, code).await,
            connection: Connection::open(&address).await.expect("a connection"),
            rng: SeededRng::new(seed),
            booked: Vec::new(),
        });
    }
    let slots = slots(&mut phones[0]).await;
    let stage = Stage {
        slots,
        next_key: AtomicU64::new(1),
    };
    (clinic, Arc::new(stage), phones)
}

/// The ids of times of the coming weeks.
async fn slots(phone: &mut Phone) -> Vec<String> {
    let mut slots = Vec::new();
    for day in 1..30 {
        let start = SystemClock.now().plus(Duration::from_secs(day * 86_400));
        let find = FindRequest {
            start,
            end: start.plus(Duration::from_secs(86_400)),
            ..FindRequest::default()
        };
        let path = "/fhir/Appointment/$find?_count=500";
        let request = phone.phone.request(path, None, Some(&find.to_parameters()));
        let answer = phone.connection.ask(&request).await.expect("an answer");
        let body = String::from_utf8(answer.body).expect("text");
        let page = SearchPage::parse(&body).expect("a Bundle");
        slots.extend(page.of_kind("Appointment").filter_map(|json| {
            let offered = Appointment::from_json(json).ok()?;
            offered.id
        }));
    }
    assert!(slots.len() >= SLOTS, "{} times", slots.len());
    // The hot ones lie among the others.
    let step = slots.len() / SLOTS;
    slots.into_iter().step_by(step.max(1)).take(SLOTS).collect()
}

/// Asks, and gives the phones back.
async fn load(
    clinic: &ClinicProcess,
    stage: &Arc<Stage>,
    phones: Vec<Phone>,
    load: Load,
) -> (Heard, Vec<Phone>) {
    // Phones sign on their own processors: it is done before anything is measured, for as much as is asked at that rate.
    if let Some(rate) = load.rate {
        let seconds = (WARM + load.lasts).as_secs();
        let asked = usize::try_from(rate * seconds).expect("a number");
        let most = asked.min(MOST_AHEAD) / phones.len() + 8;
        for phone in &phones {
            phone.phone.sign_bookings_ahead(most);
        }
    }
    let processor = clinic.processor_seconds();
    let begin = Instant::now() + Duration::from_millis(100);
    let next = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = phones
        .into_iter()
        .map(|mut phone| {
            let (stage, next, over) = (Arc::clone(stage), Arc::clone(&next), Arc::clone(&over));
            tokio::spawn(async move {
                let mut heard = Heard::default();
                let end = WARM + load.lasts;
                while !over.load(Ordering::Relaxed) {
                    let due = match load.rate {
                        Some(rate) => {
                            let number = next.fetch_add(1, Ordering::Relaxed);
                            let micros = number.saturating_mul(1_000_000) / rate;
                            let due = begin + Duration::from_micros(micros);
                            tokio::time::sleep_until(due).await;
                            due
                        }
                        None => Instant::now(),
                    };
                    let since = due.saturating_duration_since(begin);
                    if since >= end {
                        over.store(true, Ordering::Relaxed);
                        break;
                    }
                    let (kind, answer) = match load.reads {
                        true => (Kind::Read, phone.read().await),
                        false => phone.ask(&stage).await,
                    };
                    let measured = since >= WARM;
                    if measured {
                        heard.times.push(due.elapsed().as_secs_f64() * 1e3);
                    }
                    let mut ignored = 0;
                    let count = match (answer.status, kind) {
                        (200, Kind::Book) => &mut heard.booked,
                        (200, Kind::CallOff) => &mut heard.called_off,
                        (409, Kind::Book) => &mut heard.taken,
                        (200, Kind::Read) => &mut heard.read,
                        (429, _) if answer.retry_after.is_some() => &mut heard.later,
                        _ => &mut heard.failed,
                    };
                    *if measured { count } else { &mut ignored } += 1;
                }
                (heard, phone)
            })
        })
        .collect();
    let mut all = Heard::default();
    let mut back = Vec::new();
    for one in asking {
        let (heard, phone) = one.await.expect("a phone");
        all.add(heard);
        back.push(phone);
    }
    // Until the last one had its answer: who cannot keep up takes longer.
    let whole = begin.elapsed().as_secs_f64();
    let used = clinic.processor_seconds() - processor;
    all.seconds = begin.elapsed().saturating_sub(WARM).as_secs_f64();
    all.processor = used * all.seconds / whole;
    (all, back)
}

#[derive(Clone, Copy)]
enum Kind {
    Book,
    CallOff,
    Read,
}

/// A phone, with what its people have booked.
struct Phone {
    phone: CrowdPhone,
    connection: Connection,
    rng: SeededRng,
    booked: Vec<(String, String)>,
}

impl Phone {
    fn below(&self, end: usize) -> usize {
        usize::try_from(self.rng.next() % end as u64).expect("below")
    }

    /// One of what a phone reads.
    async fn read(&mut self) -> Answer {
        let patient = self.phone.people[self.below(self.phone.people.len())].clone();
        let path = match self.below(3) {
            0 => format!("/fhir/Patient/{patient}"),
            1 => format!("/fhir/Observation?patient={patient}"),
            _ => format!("/fhir/Patient/{patient}/$changes"),
        };
        let request = self.phone.request(&path, None, None);
        self.connection.ask(&request).await.expect("an answer")
    }

    /// One `$book`.
    async fn ask(&mut self, stage: &Stage) -> (Kind, Answer) {
        let number = stage.next_key.fetch_add(1, Ordering::Relaxed);
        let key = format!("01990000-0000-7000-8000-{number:012x}");
        if !self.booked.is_empty() && self.below(100) < 40 {
            let (id, patient) = self.booked.remove(0);
            let changed = Appointment {
                id: Some(id.clone()),
                status: AppointmentStatus::Cancelled,
                ..Appointment::default()
            };
            let answer = self.book(&key, None, Some(changed), &patient).await;
            if answer.status == 429 {
                self.booked.push((id, patient));
            }
            return (Kind::CallOff, answer);
        }
        let slot = if self.below(100) < 95 {
            self.below(HOT) * (SLOTS / HOT)
        } else {
            self.below(stage.slots.len())
        };
        let patient = self.phone.people[self.below(self.phone.people.len())].clone();
        let slot = stage.slots[slot].clone();
        let answer = self.book(&key, Some(slot), None, &patient).await;
        if answer.status == 200 {
            self.booked.push((key, patient));
        }
        (Kind::Book, answer)
    }

    async fn book(
        &mut self,
        key: &str,
        appointment: Option<String>,
        resource: Option<Appointment>,
        patient: &str,
    ) -> Answer {
        let body = BookRequest {
            appointment,
            resource,
            patient: patient.to_owned(),
            comment: None,
            otherwise: None,
            move_to: None,
            occurrence: None,
        };
        let path = "/fhir/Appointment/$book";
        let request = self
            .phone
            .request(path, Some(key), Some(&body.to_parameters()));
        self.connection.ask(&request).await.expect("an answer")
    }
}
