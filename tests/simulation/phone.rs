//! What a person does with a phone, and what happens to the phone meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sokhoe_app::{AppError, PersonView, SoKhoe};
use sokhoe_testing::disk::{CrashKind, SimDisk};

use crate::bank::Bank;
use crate::bookings::{Said, Underway};
use crate::check::{Wrongs, patient_of};
use crate::dice::Dice;
use crate::network::{Answers, Clinics, Link, Weather};
use crate::story::Story;
use crate::template::{Enrolment, PHONES, config, ports};
use crate::time::{DeviceClock, Time};
use crate::wishes::{Moves, Wish};
use crate::words::Word;
use crate::world::Tally;

/// A clock may be wrong by this much.
const WRONG: i64 = 48 * 3_600_000;

/// Between two things that a person does in one visit, in the mean.
const BETWEEN_THINGS: Duration = Duration::from_secs(5 * 60);

/// A phone that lives through its day.
pub struct SimPhone {
    pub name: String,
    pub number: usize,
    /// Whom it has, at which clinic.
    pub enrolments: &'static [Enrolment],
    clock: Arc<DeviceClock>,
    pub dice: Dice,
    weather: Arc<Mutex<Weather>>,
    pub around: Surroundings,
    state: Mutex<State>,
}

pub struct State {
    pub disk: SimDisk,
    powered: Arc<AtomicBool>,
    app: SoKhoe,
    /// What the phone has said of each booking, by person and id: it must never say otherwise.
    pub said: BTreeMap<(String, String), Said>,
    /// The bookings that were made on it.
    pub asked: BTreeSet<String>,
    /// Whether somebody does something with it.
    pub is_in_use: bool,
    /// What was being booked when it was last heard of.
    pub underway: Option<Underway>,
    /// What was asked for with each.
    pub wishes: BTreeMap<String, Wish>,
    /// Those that were confirmed at another time than the named one.
    pub otherwise: BTreeSet<String>,
    /// What was written on it, and how often somebody began to.
    pub words: Vec<Word>,
    pub written: usize,
    pub tally: Tally,
}

/// How a phone stands after it asked everybody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stand {
    InStep,
    /// As far as it knows; it sent something, which others may not have.
    Sent,
    /// All that waits may be at a server of others whose searches may not find it yet: a reading that is not made again
    /// before, a booking whose time is busy since.
    AsksLater,
    /// Something waits to be sent, or somebody was not reached.
    Waits,
}

/// What is shared by everybody.
#[derive(Clone)]
pub struct Surroundings {
    pub time: Arc<Time>,
    pub clinics: Arc<Clinics>,
    /// By which clinics know the phones, in their order.
    pub devices: Arc<Vec<String>>,
    /// Their hosts by the ids by which phones know them.
    pub hosts: Arc<BTreeMap<String, String>>,
    pub answers: Arc<Answers>,
    pub bank: Arc<Bank>,
    /// Where anybody wanted which booking to be.
    pub moves: Moves,
    pub story: Story,
    pub wrongs: Wrongs,
}

impl SimPhone {
    pub fn start(number: usize, disk: SimDisk, dice: Dice, around: &Surroundings) -> Self {
        let name = format!("phone {number}");
        let weather = Arc::new(Mutex::new(Weather::Bad));
        let clock = DeviceClock::of_phone(&around.time);
        let link = link(number, &dice, &weather, around);
        let powered = Arc::clone(&link.powered);
        let app = switch_on(&disk, &clock, &dice, link).expect("a core");
        Self {
            name,
            number,
            enrolments: PHONES[number],
            clock,
            dice,
            weather,
            around: around.clone(),
            state: Mutex::new(State {
                disk,
                powered,
                app,
                said: BTreeMap::new(),
                asked: BTreeSet::new(),
                underway: None,
                is_in_use: false,
                wishes: BTreeMap::new(),
                otherwise: BTreeSet::new(),
                words: Vec::new(),
                written: 0,
                tally: Tally::default(),
            }),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn app(&self) -> SoKhoe {
        self.state().app.clone()
    }

    pub fn tally(&self) -> Tally {
        let state = self.state();
        let mut tally = state.tally.clone();
        tally.otherwise = state.otherwise.len() as u64;
        tally
    }

    /// What it ever said of bookings.
    pub fn said(&self) -> BTreeMap<(String, String), Said> {
        self.state().said.clone()
    }

    /// The bookings that were made on it.
    pub fn asked(&self) -> BTreeSet<String> {
        self.state().asked.clone()
    }

    /// Whether a clinic took this phone's access to a person away, and whether it is certain.
    pub fn lost(&self, clinic: &str, person: &str) -> Option<bool> {
        let device = &self.around.devices[self.number];
        let host = self.around.hosts.get(clinic)?;
        let patient = patient_of(person)?;
        let ended = self.around.clinics.get(host)?.ended();
        ended
            .iter()
            .filter(|ended| ended.device == *device && ended.patient == patient)
            .map(|ended| ended.is_certain)
            .max()
    }

    pub fn tell(&self, what: impl std::fmt::Display) {
        self.around.story.tell(&self.name, what);
    }

    pub fn wrong(&self, what: impl std::fmt::Display) {
        self.tell(format_args!("WRONG: {what}"));
        self.around.wrongs.note(format!("{}: {what}", self.name));
    }

    /// Lives until it is aborted.
    pub async fn live(self: Arc<Self>, between_visits: Duration) {
        loop {
            tokio::time::sleep(self.dice.waiting(between_visits)).await;
            for _ in 0..=self.dice.below(5) {
                self.is_visited().await;
                tokio::time::sleep(self.dice.waiting(BETWEEN_THINGS)).await;
            }
        }
    }

    async fn is_visited(&self) {
        match self.dice.below(20) {
            0..2 => self.weather_changes(),
            2 => self.clock_changes(),
            3 => self.restarts(),
            4..7 => self.loses_power().await,
            _ => {
                self.state().is_in_use = true;
                self.does_something().await;
                self.state().is_in_use = false;
            }
        }
    }

    /// Whether somebody was in the middle of something when their life was over: the core may go on with it.
    pub fn was_in_use(&self) -> bool {
        self.state().is_in_use
    }

    fn weather_changes(&self) {
        let weather = match self.dice.below(3) {
            0 => Weather::None,
            1 => Weather::Calm,
            _ => Weather::Bad,
        };
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
        self.tell(match weather {
            Weather::None => "is out of the network",
            Weather::Calm => "has a good network",
            Weather::Bad => "has a bad network",
        });
        if weather != Weather::None {
            // As the phone's system tells.
            self.app().network_is_back();
        }
    }

    fn clock_changes(&self) {
        let wrong = i64::try_from(self.dice.number() % (2 * WRONG as u64)).unwrap() - WRONG;
        let wrong = if self.dice.percent(50) { 0 } else { wrong };
        self.clock.set_wrong_by(wrong);
        self.tell(format_args!("has a clock that is wrong by {wrong} ms"));
    }

    /// The app ends as an app should, and begins again.
    fn restarts(&self) {
        let disk = {
            let state = self.state();
            state.powered.store(false, Ordering::SeqCst);
            state.disk.clone()
        };
        self.begins_on(disk.copy(), "restarts");
    }

    async fn does_something(&self) {
        let app = self.app();
        let persons = match app.persons() {
            Ok(persons) => persons,
            Err(error) => return self.failed("persons", &error),
        };
        let Some(person) = self.dice.one(&persons) else {
            return;
        };
        match self.dice.below(29) {
            0..8 => self.syncs(&app, person).await,
            8..13 => self.books(&app, person).await,
            13..15 => self.cancels(&app, person).await,
            15..17 => self.records_a_reading(&app, person).await,
            17 => self.settles_a_conflict(&app, person).await,
            18 => self.pays(&app, person),
            19..21 => self.moves(&app, person).await,
            21..23 => self.goes_on_a_trip(&app, person).await,
            23 => self.books_a_series(&app, person).await,
            24 => self.gives_a_series_up(&app, person).await,
            25 => self.waits(&app, person).await,
            26..28 => self.answers_an_offer(&app, person).await,
            _ => self.changes_a_contact(&app, person).await,
        }
        self.looks(&app, Some(&person.id));
    }

    async fn syncs(&self, app: &SoKhoe, person: &PersonView) {
        let said = app.sync(&person.id).await;
        self.state().tally.syncs += 1;
        match said {
            Ok(view) => self.tell(format_args!(
                "synced: {} stored, {} waiting",
                view.stored, view.waiting
            )),
            Err(error) => self.failed_for("sync", person, &error),
        }
    }

    /// Whether any clinic took this phone's access to a person away.
    pub fn lost_any(&self, person: &PersonView) -> bool {
        let mut clinics = self.around.hosts.keys();
        clinics.any(|clinic| self.lost(clinic, &person.name).is_some())
    }

    /// The same of a person, whose clinic may take the access away, or no token for a while.
    pub fn failed_for(&self, what: &str, person: &PersonView, error: &AppError) {
        let is_no = matches!(
            error,
            AppError::NotEnrolled | AppError::NotFound { .. } | AppError::Validation { .. }
        );
        let lost_one = self.lost_any(person);
        let no_token = matches!(error, AppError::NotEnrolled)
            && self
                .around
                .clinics
                .values()
                .any(|clinic| clinic.once_let_nobody_in());
        match is_no && (lost_one || no_token) {
            true => self.tell(format_args!("{what}: {error}")),
            false => self.failed(what, error),
        }
    }

    /// What may go wrong on a bad day, and nothing else.
    pub fn failed(&self, what: &str, error: &AppError) {
        self.tell(format_args!("{what}: {error}"));
        let may_be = matches!(
            error,
            AppError::Offline | AppError::BadAnswer { .. } | AppError::Busy { .. }
        );
        if !may_be && !self.state().disk.is_cut() {
            self.wrong(format_args!("{what} failed: {error:?}"));
        }
    }

    /// In the middle of what it does, or of what it writes.
    async fn loses_power(&self) {
        let (disk, powered) = {
            let state = self.state();
            (state.disk.clone(), Arc::clone(&state.powered))
        };
        if self.dice.percent(60) {
            disk.cut_after(disk.operations() + self.dice.number() % 120);
        }
        let until = self.dice.waiting(Duration::from_secs(8));
        let _whatever = tokio::time::timeout(until, self.does_something()).await;
        powered.store(false, Ordering::SeqCst);
        disk.cut_after(0);
        let (kind, after) = self.dice.crash(&disk);
        self.state().tally.power_cuts += 1;
        self.tell(format_args!("loses power: {kind:?}"));
        tokio::time::sleep(self.dice.waiting(Duration::from_secs(300))).await;
        self.begins_on(after, "has power again");
    }

    fn begins_on(&self, disk: SimDisk, what: &str) {
        let link = link(self.number, &self.dice, &self.weather, &self.around);
        let powered = Arc::clone(&link.powered);
        self.tell(what);
        match switch_on(&disk, &self.clock, &self.dice, link) {
            Ok(app) => {
                let before = {
                    let mut state = self.state();
                    state.disk = disk;
                    state.powered = powered;
                    std::mem::replace(&mut state.app, app.clone())
                };
                drop(before);
                self.looks(&app, None);
            }
            Err(error) => self.wrong(format_args!("does not open: {error:?}")),
        }
    }

    /// The day is over: the network is good and the clock is right.
    pub fn comes_home(&self) {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner) = Weather::Calm;
        self.clock.set_wrong_by(0);
        let disk = self.state().disk.clone();
        if disk.is_cut() {
            let after = disk.crash(CrashKind::Durable, self.dice.number());
            self.begins_on(after, "has power again");
        }
        self.app().network_is_back();
    }

    /// The life is over: closing books that nobody opens again takes time of another life.
    pub fn ends(&self) {
        self.state().disk.cut_after(0);
    }

    /// Into step with everybody.
    pub async fn settles(&self) -> Stand {
        let app = self.app();
        let mut stand = Stand::InStep;
        for person in app.persons().expect("persons") {
            let of_person = match app.sync(&person.id).await {
                Ok(view) => {
                    let waits = view.waiting > 0 && !self.asks(&app, &person);
                    match (waits, view.unreachable_clinic_ids.is_empty()) {
                        (_, false) => Stand::Waits,
                        (true, true) if self.may_ask_later(&app, &person, view.waiting) => {
                            Stand::AsksLater
                        }
                        (true, true) => Stand::Waits,
                        (false, true) if view.settled > 0 => Stand::Sent,
                        (false, true) => Stand::InStep,
                    }
                }
                Err(error) => {
                    self.failed_for("sync", &person, &error);
                    Stand::Waits
                }
            };
            stand = stand.max(of_person);
        }
        self.looks(&app, None);
        stand
    }
}

/// The phone's way to the clinics, until its power goes.
fn link(number: usize, dice: &Dice, weather: &Arc<Mutex<Weather>>, around: &Surroundings) -> Link {
    Link {
        name: format!("phone {number}"),
        device: Some(around.devices[number].clone()),
        clinics: Arc::clone(&around.clinics),
        dice: dice.clone(),
        weather: Arc::clone(weather),
        powered: Arc::new(AtomicBool::new(true)),
        story: around.story.clone(),
        answers: Arc::clone(&around.answers),
        enrolments: PHONES[number],
        wrongs: around.wrongs.clone(),
    }
}

fn switch_on(
    disk: &SimDisk,
    clock: &Arc<DeviceClock>,
    dice: &Dice,
    link: Link,
) -> Result<SoKhoe, AppError> {
    let config = config(&link.name);
    SoKhoe::open(config, ports(disk, Arc::clone(clock), dice, Arc::new(link)))
}
