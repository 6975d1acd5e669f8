//! A helper's phone, its clock and its clinic, in many schedules: nothing is read after the lease or after the grant
//! was taken back and the clinic heard, whatever the clock shows and however the phone was switched off; and what is
//! granted is read again as soon as the clinic was heard.
//!
//!     SOKHOE_SCHEDULES=100000 cargo test --profile simulated -p sokhoe-tests --test access leases -- --show-output

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_app::domain::ports::{
    BoxFuture, Clock as _, KeyStore, Limits, Ports, Transport, TransportError,
};
use sokhoe_app::domain::{GrantScope, Lease, Timestamp};
use sokhoe_app::{AppError, SoKhoe};
use sokhoe_clinic::{GrantRequest, InProcess};
use sokhoe_testing::disk::{CrashKind, Promise, SimDisk};
use sokhoe_testing::{FakeClock, MemoryKeys, SeededRng};
use sokhoe_tests::{config, months_grant};

use crate::dice::Dice;
use crate::ward::{Begun, NOW, ONE, URL, Ward, runtime};

/// Schedules when nothing else is said.
const SCHEDULES: u64 = 300;
/// After so many the phone and the clinic are new ones.
const IN_A_ROW: u64 = 50;
/// Things that happen in a schedule.
const STEPS: usize = 12;

const HOUR: Duration = Duration::from_secs(3_600);

/// Between the phone and its clinic.
struct Wire {
    answering: InProcess,
    /// True time.
    clock: Arc<FakeClock>,
    online: AtomicBool,
    /// When the clinic last said what the phone may do.
    heard: AtomicI64,
}

impl Transport for Wire {
    fn send(
        &self,
        request: Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            if !self.online.load(Ordering::SeqCst) {
                return Err(TransportError::Unreachable);
            }
            let says_access = ["/access", "/enrolment"].contains(&request.uri().path());
            let answer = self.answering.answer(request).await;
            if says_access && answer.status().is_success() {
                self.heard
                    .store(self.clock.now().as_millis(), Ordering::SeqCst);
            }
            Ok(answer)
        })
    }
}

/// A grant as it was made.
struct Given {
    consent: String,
    ends: Timestamp,
    ended: Option<Timestamp>,
}

/// A helper's phone and everything that happens to it.
struct Helper {
    ward: Ward,
    wire: Arc<Wire>,
    /// The phone's: time passes on it as on any, and people set it.
    clock: Arc<FakeClock>,
    keys: Arc<MemoryKeys>,
    disk: SimDisk,
    app: Option<SoKhoe>,
    dice: Dice,
    /// Whom it helps, once it was let in.
    person: Option<String>,
    given: Option<Given>,
}

#[derive(Default)]
struct Tally {
    read: u64,
    closed: u64,
    erased: u64,
    woken: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "read {}, closed {}, erased {}, open again {}",
            self.read, self.closed, self.erased, self.woken
        )
    }
}

impl Helper {
    fn new(begun: &Begun, seed: u64) -> Self {
        let ward = begun.copied();
        let wire = Arc::new(Wire {
            answering: ward.clinic.in_process(URL),
            clock: Arc::clone(&ward.clock),
            online: AtomicBool::new(true),
            heard: AtomicI64::new(0),
        });
        let mut helper = Self {
            ward,
            wire,
            clock: Arc::new(FakeClock::at(NOW)),
            keys: Arc::default(),
            disk: SimDisk::new(Promise::PowersafeOverwrite),
            app: None,
            dice: Dice(SeededRng::new(seed)),
            person: None,
            given: None,
        };
        helper.open();
        helper
    }

    fn open(&mut self) {
        self.app = None;
        let ports = Ports {
            clock: self.clock.clone(),
            rng: Arc::new(SeededRng::new(self.dice.0.next())),
            transport: self.wire.clone(),
            keys: Arc::clone(&self.keys) as Arc<dyn KeyStore>,
            files: Arc::new(self.disk.clone()),
        };
        self.app = Some(SoKhoe::open(config(), ports).expect("a core"));
    }

    fn app(&self) -> SoKhoe {
        self.app.clone().expect("a core")
    }

    /// True time.
    fn now(&self) -> Timestamp {
        self.ward.clock.now()
    }

    fn passes(&self, span: Duration) {
        self.ward.clock.advance(span);
        self.clock.advance(span);
    }

    /// Somebody lets the phone help, unless it does.
    async fn invite(&mut self) {
        let stands = |given: &Given| given.ended.is_none() && given.ends > self.now();
        if self.given.as_ref().is_some_and(stands) || !self.wire.online.load(Ordering::SeqCst) {
            return;
        }
        // What was before is heard of first.
        if let Some(person) = &self.person {
            let _heard = self.app().sync(person).await;
        }
        let ends = self
            .now()
            .plus(HOUR * [30, 70, 200, 700][self.dice.below(4)]);
        let request = GrantRequest {
            until: ends,
            ..months_grant(ONE, &GrantScope::ALL, self.now())
        };
        let offered = self
            .ward
            .clinic
            .offer_grant(&request, HOUR * 2, URL)
            .expect("an invitation");
        // Codes are read by the phone's clock, as wrong as it may be.
        let shown = self.clock.now();
        self.clock.set(self.now());
        let enrolled = self.app().enrol(&offered.code.text).await;
        self.clock.set(shown);
        let enrolled = enrolled.expect("an enrolment");
        self.person = Some(enrolled.persons[0].id.clone());
        self.given = Some(Given {
            consent: offered.consent,
            ends,
            ended: None,
        });
    }

    fn take_back(&mut self) {
        let now = self.now();
        if let Some(given) = &mut self.given
            && given.ended.is_none()
        {
            self.ward.clinic.end_grant(&given.consent).expect("an end");
            given.ended = Some(now);
        }
    }

    /// What is read of the book, and whether that may be.
    fn read(&self, tally: &mut Tally) {
        let (Some(person), Some(given)) = (&self.person, &self.given) else {
            return;
        };
        let heard = Timestamp::from_millis(self.wire.heard.load(Ordering::SeqCst));
        match self.app().book_view(person) {
            Ok(book) => {
                let rows: u64 = book.sections.iter().map(|section| section.entries).sum();
                if rows == 0 {
                    tally.erased += 1;
                    return;
                }
                tally.read += 1;
                let since = self.now().since(heard);
                assert!(since <= Lease::LONGEST, "read {since:?} after the clinic");
                assert!(self.now() < given.ends, "read after the grant's end");
                assert!(
                    given.ended.is_none_or(|ended| heard <= ended),
                    "read although the clinic had said that it was taken back"
                );
            }
            Err(AppError::LeaseOver) => tally.closed += 1,
            Err(AppError::NotFound { .. }) => tally.erased += 1,
            Err(error) => panic!("{error}"),
        }
    }

    async fn step(&mut self, tally: &mut Tally) {
        match self.dice.below(16) {
            0..=4 => {
                let spans = [HOUR / 6, HOUR, HOUR * 5, HOUR * 23, HOUR * 50, HOUR * 80];
                self.passes(spans[self.dice.below(spans.len())]);
            }
            5 => {
                // A year this way or that.
                let by = HOUR * u32::try_from(self.dice.below(9_000)).expect("hours");
                let by = i64::try_from(by.as_millis()).expect("millis");
                let by = if self.dice.once_in(4) { by } else { -by };
                let to = self.now().as_millis() + by;
                self.clock.set(Timestamp::from_millis(to));
            }
            6 => self.clock.set(self.now()),
            7 => {
                let online = self.wire.online.load(Ordering::SeqCst);
                self.wire.online.store(!online, Ordering::SeqCst);
            }
            8 => self.open(),
            9 => {
                // Off for a while, and somebody may have set the clock before it is looked at.
                self.app = None;
                if self.dice.once_in(2) {
                    let kinds = [
                        CrashKind::Durable,
                        CrashKind::Written,
                        CrashKind::Dropped,
                        CrashKind::Reordered,
                    ];
                    let kind = kinds[self.dice.below(kinds.len())];
                    self.disk = self.disk.crash(kind, self.dice.0.next());
                }
                let off = HOUR * u32::try_from(self.dice.below(200)).expect("hours");
                self.ward.clock.advance(off);
                self.clock.restart();
                if self.dice.once_in(2) {
                    self.clock.set(self.now());
                }
                self.open();
            }
            10 => self.take_back(),
            11 => self.invite().await,
            _ => self.sync(tally).await,
        }
    }

    async fn sync(&self, tally: &mut Tally) {
        let (Some(person), Some(given)) = (&self.person, &self.given) else {
            return;
        };
        let was_closed = self.app().book_view(person) == Err(AppError::LeaseOver);
        // A phone whose clock says so leaves a clinic alone for a while after it failed.
        self.app().network_is_back();
        let synced = self.app().sync(person).await;
        let in_force = given.ended.is_none() && self.now() < given.ends;
        if self.wire.online.load(Ordering::SeqCst) && in_force {
            let book = synced.and_then(|_| self.app().book_view(person));
            let book = book.expect("a book that is granted, after the clinic was heard");
            assert!(book.sections.iter().any(|section| section.entries > 0));
            tally.woken += u64::from(was_closed);
        }
    }
}

#[test]
fn no_book_is_read_after_its_lease_whatever_the_clock_shows() {
    let schedules = std::env::var("SOKHOE_SCHEDULES");
    let schedules = schedules.map_or(SCHEDULES, |text| text.parse().expect("a number"));
    let mut tally = Tally::default();
    runtime().block_on(async {
        let begun = Begun::with_one().await;
        let mut helper = Helper::new(&begun, 0);
        for schedule in 0..schedules {
            if schedule % IN_A_ROW == 0 {
                helper = Helper::new(&begun, schedule);
            }
            helper.invite().await;
            for _ in 0..STEPS {
                helper.step(&mut tally).await;
                helper.read(&mut tally);
            }
        }
    });
    println!("{schedules} schedules: {tally}");
    let Tally {
        read,
        closed,
        erased,
        woken,
    } = tally;
    for (what, count) in [
        ("read", read),
        ("closed", closed),
        ("erased", erased),
        ("woken", woken),
    ] {
        assert!(count * 20 > schedules, "{what} {count} times only");
    }
}
