//! A life from its beginning to the quiet at its end.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::bank::Bank;
use crate::check::{self, Wrongs};
use crate::dice::Dice;
use crate::network::{Answers, Clinics};
use crate::phone::{SimPhone, Stand, Surroundings};
use crate::several;
use crate::story::Story;
use crate::temper::{LIFE, Temper};
use crate::template::{HOSTS, PATIENTS, PHONES, Template, runtime};
use crate::time::Time;
use crate::wishes::{self, Moves};
use crate::words;

/// I11: once nothing goes wrong any more, everything is in step within this.
const QUIET: Duration = Duration::from_secs(60);

/// After this whatever a server has is found by searching there.
const UNTIL_ASKED_AGAIN: Duration = Duration::from_secs(61 * 60);

/// After this a phone compares what it has with all that a server lists.
const UNTIL_COMPARED: Duration = Duration::from_secs(25 * 3_600);

/// Rounds in which a family is done with deciding: what one of them decides another may have to decide again.
const DECISIONS: usize = 12;

/// One life.
pub struct Life {
    pub seed: u64,
    pub story: Story,
    pub wrongs: Vec<String>,
    pub tally: Tally,
}

/// What happened in it.
#[derive(Clone, Default)]
pub struct Tally {
    pub lives: u64,
    pub device_hours: f64,
    pub syncs: u64,
    pub bookings: u64,
    pub cancellations: u64,
    /// Bookings that are at another time since somebody moved them.
    pub moves: u64,
    /// Bookings that were confirmed at another time than the named one.
    pub otherwise: u64,
    /// Trips of two people.
    pub trips: u64,
    /// Series of visits.
    pub series: u64,
    /// Places on waiting lists, and offers that were taken.
    pub places: u64,
    pub offers_taken: u64,
    /// Readings and contacts that were written.
    pub words: u64,
    /// Conflicts that were decided.
    pub conflicts: u64,
    /// Accesses that clinics took away.
    pub endings: u64,
    /// People who had a number at the clinic, and who were seen.
    pub came: u64,
    pub seen: u64,
    /// Transfers of money.
    pub transfers: u64,
    pub power_cuts: u64,
    pub resources_compared: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.lives += other.lives;
        self.device_hours += other.device_hours;
        self.syncs += other.syncs;
        self.bookings += other.bookings;
        self.cancellations += other.cancellations;
        self.moves += other.moves;
        self.otherwise += other.otherwise;
        self.trips += other.trips;
        self.series += other.series;
        self.places += other.places;
        self.offers_taken += other.offers_taken;
        self.words += other.words;
        self.conflicts += other.conflicts;
        self.endings += other.endings;
        self.came += other.came;
        self.seen += other.seen;
        self.transfers += other.transfers;
        self.power_cuts += other.power_cuts;
        self.resources_compared += other.resources_compared;
    }

    /// Lives in which nothing happens prove nothing.
    pub fn assert_that_it_was_a_life(&self) {
        assert!(self.syncs > self.lives, "{self}");
        assert!(2 * self.bookings > self.lives, "{self}");
        assert!(2 * self.power_cuts > self.lives, "{self}");
        assert!(2 * self.words > self.lives, "{self}");
        let rare = [
            self.conflicts,
            self.endings,
            self.transfers,
            self.otherwise,
            self.moves,
            self.trips,
            self.series,
            self.offers_taken,
            self.seen,
        ];
        assert!(rare.iter().all(|times| *times > 0), "{self}");
        assert!(self.resources_compared > 10 * self.lives, "{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0} device-hours, {} syncs, {} bookings, {} cancellations, {} moved, {} at other times, {} trips, {} series, {} places on lists, {} offers taken, {} words, {} conflicts, {} accesses ended, {} came, {} were seen, {} transfers, {} power cuts, {} resources compared",
            self.device_hours,
            self.syncs,
            self.bookings,
            self.cancellations,
            self.moves,
            self.otherwise,
            self.trips,
            self.series,
            self.places,
            self.offers_taken,
            self.words,
            self.conflicts,
            self.endings,
            self.came,
            self.seen,
            self.transfers,
            self.power_cuts,
            self.resources_compared
        )
    }
}

/// Lives the life of a seed.
pub fn live(template: &Template, seed: u64) -> Life {
    let told = OnceLock::new();
    let lived = catch_unwind(AssertUnwindSafe(|| life(template, seed, &told)));
    lived.unwrap_or_else(|broke| Life {
        seed,
        story: told.into_inner().expect("a life begins with its story"),
        wrongs: vec![format!("the life broke: {}", words(&*broke))],
        tally: Tally::default(),
    })
}

/// Whether a phone knows a clinic.
fn knows(phone: usize, clinic: usize) -> bool {
    PHONES[phone].iter().any(|(at, _)| *at == clinic)
}

/// Everybody into step, and whatever is to be decided decided.
async fn settle(phones: &[Arc<SimPhone>], wrongs: &Wrongs) {
    for _ in 0..DECISIONS {
        come_into_step(phones, wrongs).await;
        let mut decided = false;
        for phone in phones {
            decided |= phone.decides().await;
        }
        if !decided {
            return;
        }
    }
    wrongs.note("I11: there is always something to decide".to_owned());
}

/// Within the time that I11 gives.
async fn come_into_step(phones: &[Arc<SimPhone>], wrongs: &Wrongs) {
    let mut end = tokio::time::Instant::now() + QUIET;
    let mut may_ask_later = true;
    // What somebody was in the middle of may be sent when others have asked already.
    let sends_yet = phones.len() > 1 && phones.iter().any(|phone| phone.was_in_use());
    for round in 1.. {
        let stand = beside_each_other(phones).await;
        // One round at a server that pages badly may take longer; what waits then waits for another.
        let is_over = round > 1 && tokio::time::Instant::now() >= end;
        match stand {
            Stand::InStep if round > 1 || !sends_yet => return,
            Stand::Sent if phones.len() == 1 => return,
            Stand::AsksLater if is_over && may_ask_later => {
                may_ask_later = false;
                tokio::time::sleep(UNTIL_ASKED_AGAIN).await;
                end = tokio::time::Instant::now() + QUIET;
                continue;
            }
            Stand::AsksLater | Stand::Waits if is_over => {
                wrongs.note("I11: somebody still waits".to_owned());
            }
            Stand::InStep | Stand::Sent | Stand::AsksLater | Stand::Waits => {}
        }
        if is_over {
            break;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    // What others sent while the first ones were already in step.
    beside_each_other(phones).await;
}

/// How all stand together.
async fn beside_each_other(phones: &[Arc<SimPhone>]) -> Stand {
    let mut settling = tokio::task::JoinSet::new();
    for phone in phones {
        let phone = Arc::clone(phone);
        settling.spawn(async move { phone.settles().await });
    }
    let stands = settling.join_all().await;
    stands.into_iter().max().unwrap_or(Stand::InStep)
}

/// Which of the phones are in a life, in order.
fn drawn(seed: u64, there: usize, in_life: usize) -> Vec<usize> {
    let dice = Dice::new(seed, 1);
    let mut drawn: Vec<usize> = (0..there).collect();
    while drawn.len() > in_life {
        drawn.remove(dice.below(drawn.len()));
    }
    drawn
}

/// What somebody said who panicked.
fn words(broke: &(dyn Any + Send)) -> &str {
    let text = broke.downcast_ref::<&str>().copied();
    let text = text.or_else(|| broke.downcast_ref().map(String::as_str));
    text.unwrap_or("no words")
}

fn life(template: &Template, seed: u64, told: &OnceLock<Story>) -> Life {
    runtime().block_on(async {
        let time = Time::start();
        let story = told.get_or_init(|| Story::begin(&time)).clone();
        let wrongs = Wrongs::default();
        let temper = Temper::of(seed);
        let drawn = drawn(seed, template.phones.len(), temper.phones);
        let clinics: Arc<Clinics> = Arc::new(
            HOSTS
                .iter()
                .zip(&template.clinics)
                .enumerate()
                .filter(|(at, _)| drawn.iter().any(|phone| knows(*phone, *at)))
                .map(|(at, (host, begun))| {
                    let dice = Dice::new(seed, 100 + at as u64);
                    ((*host).to_owned(), begun.start(host, &time, dice, &story))
                })
                .collect(),
        );
        let hosts = clinics
            .iter()
            .map(|(host, clinic)| (clinic.id(), host.clone()));
        let around = Surroundings {
            time: Arc::clone(&time),
            clinics: Arc::clone(&clinics),
            devices: Arc::new(template.devices.clone()),
            hosts: Arc::new(hosts.collect()),
            answers: Arc::new(Answers::default()),
            bank: Bank::open(Dice::new(seed, 300), &story, &wrongs),
            moves: Moves::default(),
            story: story.clone(),
            wrongs: wrongs.clone(),
        };
        let phones: Vec<Arc<SimPhone>> = drawn
            .into_iter()
            .map(|number| {
                let dice = Dice::new(seed, 200 + number as u64);
                let disk = template.phones[number].copy();
                Arc::new(SimPhone::start(number, disk, dice, &around))
            })
            .collect();

        let mut lives = tokio::task::JoinSet::new();
        for phone in &phones {
            lives.spawn(Arc::clone(phone).live(temper.between_visits));
        }
        for clinic in clinics.values() {
            let moves = around.moves.clone();
            lives.spawn(Arc::clone(clinic).live(&PATIENTS, temper.at_clinics, moves));
        }
        lives.spawn(Arc::clone(&around.bank).live(Arc::clone(&clinics), temper.at_clinics));
        let until = tokio::time::sleep(LIFE);
        tokio::pin!(until);
        loop {
            tokio::select! {
                biased;
                () = &mut until => break,
                ended = lives.join_next() => {
                    // Nobody ends by itself: this is a panic.
                    if let Some(Err(error)) = ended {
                        wrongs.note(format!("somebody broke: {error}"));
                        break;
                    }
                }
            }
        }
        lives.shutdown().await;

        story.tell("everybody", "quiet");
        for clinic in clinics.values() {
            clinic.recover();
        }
        // As often as it takes for all that was sent to be heard.
        around.bank.tells(&clinics, false);
        for phone in &phones {
            phone.comes_home();
        }
        settle(&phones, &wrongs).await;
        let mut tally = Tally {
            lives: 1,
            device_hours: time.since_begin().as_secs_f64() / 3_600.0 * phones.len() as f64,
            ..Tally::default()
        };
        for phone in &phones {
            tally.add(&phone.tally());
        }
        check::seats(&clinics, &wrongs);
        check::queues(&clinics, &wrongs);
        check::effects(&phones, &clinics, &wrongs);
        wishes::nobody_has(&clinics, &wrongs);
        let records = check::records(&phones, &clinics).await;
        check::confirmations(&phones, &clinics, &records, &wrongs);
        several::trips(&phones, &clinics, &wrongs);
        let untold: BTreeSet<_> = clinics
            .values()
            .flat_map(|clinic| clinic.untold())
            .collect();
        tally.resources_compared = check::books(&phones, &records, &untold, &wrongs);
        around.bank.tells(&clinics, true);
        around.bank.adds_up(&records);
        words::kept(&phones, &clinics, &records, &wrongs);
        tally.endings = clinics
            .values()
            .map(|clinic| clinic.ended().len() as u64)
            .sum();
        for clinic in clinics.values() {
            let (came, seen) = clinic.came_and_were_seen();
            tally.came += came;
            tally.seen += seen;
        }
        if !untold.is_empty() {
            // What nobody was told of is found by comparing, which is due after a day.
            tokio::time::sleep(UNTIL_COMPARED).await;
            settle(&phones, &wrongs).await;
            tally.resources_compared += check::books(&phones, &records, &BTreeSet::new(), &wrongs);
        }
        for contradiction in around.answers.contradictions() {
            wrongs.note(contradiction);
        }
        for phone in &phones {
            phone.ends();
        }
        Life {
            seed,
            story,
            wrongs: wrongs.all(),
            tally,
        }
    })
}
