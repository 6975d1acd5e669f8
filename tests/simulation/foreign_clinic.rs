//! A clinic with somebody else's server: plain FHIR R4, with that server's manners.
//!
//! It writes what becomes visible late under the time of its beginning, several things under one time, and
//! deletes what nobody is told of. Its desk gives times away to those who stand before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_domain::ports::{BoxFuture, Clock as _, TransportError};
use sokhoe_domain::{ResourceKey, Timestamp};
use sokhoe_fhir::slot_booking::intent_of;
use sokhoe_tests::foreign::{ForeignClinic as Server, SlotRow};

use crate::clinic::{Booking, SimClinic};
use crate::dice::Dice;
use crate::foreign_records::{
    HOME, RESULTS, TIMES, corrected, result, strangers_booking, time, together,
};
use crate::story::Story;
use crate::template::{PATIENTS, is_known};
use crate::time::{DeviceClock, Time};
use crate::wishes::Moves;

/// The longest that a transaction takes: less than the core allows for.
const SLOWEST: Duration = Duration::from_secs(300);

/// Somebody else's server, whether it runs or not.
pub struct ForeignClinic {
    host: String,
    /// The id by which phones know it.
    id: String,
    server: Server,
    /// What it says that it can, made once: it is asked for by every comparison.
    statement: Bytes,
    time: Arc<Time>,
    clock: Arc<DeviceClock>,
    dice: Dice,
    story: Story,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_down: bool,
    /// Whether it is too busy for some.
    is_busy: bool,
    /// Whether it takes nobody's token, and whether it ever did not.
    takes_no_token: bool,
    once_took_none: bool,
    hours_ahead: i64,
    /// The number that its people wrote into a patient's Patient.
    work_numbers: BTreeMap<String, String>,
    /// Deleted without a word: `Observation/ID`.
    untold: BTreeSet<String>,
}

impl ForeignClinic {
    pub fn start(
        host: &str,
        id: &str,
        (server, statement): (&Server, &Bytes),
        time: &Arc<Time>,
        dice: Dice,
        story: &Story,
    ) -> Self {
        Self {
            host: host.to_owned(),
            id: id.to_owned(),
            server: server.copy(dice.number()),
            statement: statement.clone(),
            time: Arc::clone(time),
            clock: DeviceClock::of_clinic(time),
            dice,
            story: story.clone(),
            state: Mutex::default(),
        }
    }

    /// As it is now.
    pub fn server(&self) -> &Server {
        &self.server
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.time.look();
        self.clock.now()
    }

    fn tell(&self, what: impl std::fmt::Display) {
        self.story.tell(&self.host, what);
    }

    /// Somebody whom a phone has here, or now and then somebody else.
    fn one_of<'p>(&self, patients: &[&'p str]) -> &'p str {
        let known: Vec<_> = patients
            .iter()
            .enumerate()
            .filter(|(number, _)| is_known(&self.host, *number))
            .map(|(_, patient)| *patient)
            .collect();
        match self.dice.percent(80) {
            true => self.dice.one(&known).copied().unwrap_or(patients[0]),
            false => patients[self.dice.below(patients.len())],
        }
    }

    /// A result that is new or that replaces one.
    fn a_result(&self, patient: &str) -> (String, String) {
        let number = self.dice.below(RESULTS);
        let json = result(patient, number, self.dice.below(200));
        (format!("{patient}-{number}"), json)
    }

    fn writes_a_result(&self, patients: &[&str]) {
        let (id, json) = self.a_result(self.one_of(patients));
        self.server.put(&json, self.now()).expect("a result");
        self.tell(format_args!("writes {id}"));
    }

    /// Several of one patient, under the time at which the writing begins, and there for all others only when it ends; beside
    /// them one that is there at once under the same time.
    fn writes_slowly(&self, patients: &[&str]) {
        let patient = self.one_of(patients);
        let mut results: Vec<_> = (0..2 + self.dice.below(3))
            .map(|_| self.a_result(patient))
            .collect();
        results.sort();
        results.dedup_by(|one, other| one.0 == other.0);
        let begun = self.now();
        let takes = self.dice.between(Duration::from_millis(1), SLOWEST);
        let ids: Vec<&str> = results.iter().map(|(id, _)| id.as_str()).collect();
        self.tell(format_args!("writes {ids:?} within {takes:?}"));
        let begun_well =
            self.server
                .begin_transaction(&together(&results), begun, begun.plus(takes));
        begun_well.expect("a transaction");
        let (id, json) = self.a_result(patient);
        if self.dice.percent(50) && results.iter().all(|(other, _)| *other != id) {
            self.server.put(&json, begun).expect("a result");
            self.tell(format_args!("writes {id} beside"));
        }
    }

    fn forgets_a_result(&self, patients: &[&str]) {
        let (id, _) = self.a_result(self.one_of(patients));
        let tells = self.server.manners().history;
        let is_expunged = tells && self.dice.percent(40);
        let is_gone = match is_expunged {
            true => self.server.expunge("Observation", &id, self.now()),
            false => self.server.delete("Observation", &id, self.now()),
        };
        let is_untold = is_expunged || !tells;
        if is_gone && is_untold {
            self.state().untold.insert(format!("Observation/{id}"));
        }
        let how = if is_untold { " without a word" } else { "" };
        self.tell(format_args!("forgets {id}{how}: {is_gone}"));
    }

    async fn is_down(&self, loses_power: bool) {
        if loses_power {
            self.server.crash(self.now());
        }
        self.tell(if loses_power { "loses power" } else { "stops" });
        self.state().is_down = true;
        tokio::time::sleep(self.dice.waiting(Duration::from_secs(600))).await;
        self.state().is_down = false;
        self.tell("starts");
    }

    async fn is_busy(&self) {
        self.tell("is busy");
        self.state().is_busy = true;
        tokio::time::sleep(self.dice.waiting(Duration::from_secs(1_200))).await;
        self.state().is_busy = false;
        self.tell("is not busy any more");
    }

    /// Nobody's access is ended by that: tokens lapse.
    async fn takes_no_token(&self) {
        self.tell("takes no token");
        {
            let mut state = self.state();
            (state.takes_no_token, state.once_took_none) = (true, true);
        }
        tokio::time::sleep(self.dice.waiting(Duration::from_secs(1_200))).await;
        self.state().takes_no_token = false;
        self.tell("takes tokens again");
    }

    /// Ahead by up to two days, and more so as time goes on. What was written under the time of a clock that was
    /// behind is found only by comparing, when nobody asked meanwhile; so it is set back once, at the quiet. A server
    /// that loses what changed while somebody pages takes all that it wrote ahead for that, and keeps its time.
    fn clock_gets_ahead(&self) {
        if self.server.manners().loses_changed_rows > 0 {
            return;
        }
        let hours = i64::try_from(self.dice.below(49)).unwrap();
        let ahead = {
            let mut state = self.state();
            state.hours_ahead = state.hours_ahead.max(hours);
            state.hours_ahead
        };
        self.clock.set_wrong_by(ahead * 3_600_000);
        self.tell(format_args!("has a clock that is ahead by {ahead} h"));
    }

    /// Its people write a number of their own before all others, or another mobile number.
    fn corrects_a_contact(&self, patients: &[&str]) {
        let patient = self.one_of(patients);
        let now = self.now();
        let key = ResourceKey::new("Patient", patient);
        let record = self.server.contents(patient, now);
        let number = format!("02{:08}", self.dice.below(100_000_000));
        let is_work = self.dice.percent(60);
        let corrected = corrected(&record[&key], is_work, &number);
        self.server.put(&corrected, now).expect("a Patient");
        if is_work {
            let mut state = self.state();
            state
                .work_numbers
                .insert(patient.to_owned(), number.clone());
        }
        let what = if is_work {
            "a work number"
        } else {
            "a mobile number"
        };
        self.tell(format_args!("writes {what} of {patient}: {number}"));
    }

    /// For somebody who stands before the desk.
    fn gives_a_time_away(&self) {
        let (number, now) = (self.dice.below(TIMES), self.now());
        let id = format!("t{number}");
        let slots = self.server.slots(now);
        let is_free = |slot: &SlotRow| slot.id == id && slot.status == "free";
        if slots.iter().any(is_free) {
            let busy = time(number, "busy", crate::time::begin());
            self.server.put(&busy, now).expect("a Slot");
            let theirs = strangers_booking(number);
            self.server.put(&theirs, now).expect("an Appointment");
            self.tell(format_args!("gives {id} away"));
        }
    }

    /// What a busy server says to one of several.
    fn puts_off(&self) -> Option<Response<Bytes>> {
        (self.state().is_busy && self.dice.percent(30)).then(|| {
            let wait = 1 + self.dice.number() % 20;
            Response::builder()
                .status(503)
                .header("retry-after", wait)
                .body(Bytes::new())
                .expect("an answer")
        })
    }
}

impl SimClinic for ForeignClinic {
    fn host(&self) -> &str {
        &self.host
    }

    fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        if self.state().is_down {
            return Err(TransportError::Unreachable);
        }
        if let Some(later) = self.puts_off() {
            return Ok(later);
        }
        if self.state().takes_no_token {
            let refused = Response::builder().status(401).body(Bytes::new());
            return Ok(refused.expect("an answer"));
        }
        if request.uri().path().ends_with("/metadata") {
            return Ok(Response::new(self.statement.clone()));
        }
        Ok(self.server.answer(request, self.now()))
    }

    fn live(
        self: Arc<Self>,
        patients: &'static [&'static str],
        often: Duration,
        _: Moves,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                tokio::time::sleep(self.dice.waiting(often)).await;
                match self.dice.below(23) {
                    0..4 => self.writes_a_result(patients),
                    4..9 => self.writes_slowly(patients),
                    9..12 => self.forgets_a_result(patients),
                    12..15 => self.corrects_a_contact(patients),
                    15 => self.is_down(false).await,
                    16..18 => self.is_down(true).await,
                    18 => self.is_busy().await,
                    19 => self.clock_gets_ahead(),
                    20 => self.takes_no_token().await,
                    _ => self.gives_a_time_away(),
                }
            }
        })
    }

    /// What it writes at that moment, it writes to the end.
    fn recover(&self) {
        self.server.commit_all(self.now());
        self.clock.set_wrong_by(0);
        let mut state = self.state();
        (state.is_down, state.is_busy) = (false, false);
        state.takes_no_token = false;
    }

    fn id(&self) -> String {
        self.id.clone()
    }

    fn tells_of_nobody_else(&self) -> bool {
        false
    }

    fn kept_for_nobody(&self) -> Vec<String> {
        let slots = self.server.slots(self.now()).into_iter();
        slots
            .filter(|slot| slot.status == "busy" && slot.appointments.is_empty())
            .map(|slot| slot.id)
            .collect()
    }

    fn bookings(&self) -> Vec<Booking> {
        let now = self.now();
        let records = PATIENTS.map(|patient| self.server.contents(patient, now));
        let of_kind = |(key, _): &(ResourceKey, String)| key.kind == "Appointment";
        let appointments = records.into_iter().flatten().filter(of_kind);
        appointments
            .filter_map(|(_, json)| {
                let id = intent_of(&json)?.to_string();
                let json: serde_json::Value = serde_json::from_str(&json).ok()?;
                let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
                Some(Booking {
                    id,
                    practitioner: text(&json["slot"][0]["reference"])?,
                    start: Timestamp::parse_fhir(json["start"].as_str()?)?,
                    status: text(&json["status"])?,
                })
            })
            .collect()
    }

    fn record<'a>(&'a self, patient: &'a str) -> BoxFuture<'a, BTreeSet<String>> {
        let record = self.server.contents(patient, self.now());
        Box::pin(async move { record.into_values().collect() })
    }

    fn once_let_nobody_in(&self) -> bool {
        self.state().once_took_none
    }

    fn facts(&self, patient: &str) -> Vec<String> {
        let work = self.state().work_numbers.get(patient).cloned();
        // Nobody ever touches the number at home.
        work.into_iter().chain([HOME.to_owned()]).collect()
    }

    fn untold(&self) -> BTreeSet<String> {
        self.state().untold.clone()
    }
}
