//! A clinic with somebody else's server: plain FHIR R4, with that server's manners.
//!
//! It writes what becomes visible late under the time of its beginning, several things under one time, and
//! deletes what nobody is told of. Such a server books nothing yet ([`SimClinic::books`]).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{BoxFuture, Clock as _, TransportError};
use sokhoe_tests::foreign::ForeignClinic as Server;

use crate::clinic::{Booking, SimClinic};
use crate::dice::Dice;
use crate::foreign_records::{RESULTS, result, together};
use crate::story::Story;
use crate::time::{DeviceClock, Time};

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

    fn one_of(&self, patients: &[&str]) -> (String, usize) {
        let patient = patients[self.dice.below(patients.len())];
        (patient.to_owned(), self.dice.below(RESULTS))
    }

    /// A result that is new or that replaces one.
    fn a_result(&self, patients: &[&str]) -> (String, String) {
        let (patient, number) = self.one_of(patients);
        let json = result(&patient, number, self.dice.below(200));
        (format!("{patient}-{number}"), json)
    }

    fn writes_a_result(&self, patients: &[&str]) {
        let (id, json) = self.a_result(patients);
        self.server.put(&json, self.now()).expect("a result");
        self.tell(format_args!("writes {id}"));
    }

    /// Several, under the time at which the writing begins, and there for all others only when it ends; beside
    /// them one that is there at once under the same time.
    fn writes_slowly(&self, patients: &[&str]) {
        let mut results: Vec<_> = (0..2 + self.dice.below(3))
            .map(|_| self.a_result(patients))
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
        let (id, json) = self.a_result(patients);
        if self.dice.percent(50) && results.iter().all(|(other, _)| *other != id) {
            self.server.put(&json, begun).expect("a result");
            self.tell(format_args!("writes {id} beside"));
        }
    }

    fn forgets_a_result(&self, patients: &[&str]) {
        let (patient, number) = self.one_of(patients);
        let id = format!("{patient}-{number}");
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
        if request.uri().path().ends_with("/metadata") {
            return Ok(Response::new(self.statement.clone()));
        }
        Ok(self.server.answer(request, self.now()))
    }

    fn live(self: Arc<Self>, patients: &'static [&'static str]) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                tokio::time::sleep(self.dice.waiting(Duration::from_secs(60 * 60))).await;
                match self.dice.below(10) {
                    0..2 => self.writes_a_result(patients),
                    2..5 => self.writes_slowly(patients),
                    5..7 => self.forgets_a_result(patients),
                    7 => self.is_down(false).await,
                    8 => self.is_down(true).await,
                    _ => self.is_busy().await,
                }
            }
        })
    }

    /// What it writes at that moment, it writes to the end.
    fn recover(&self) {
        self.server.commit_all(self.now());
        let mut state = self.state();
        (state.is_down, state.is_busy) = (false, false);
    }

    fn id(&self) -> String {
        self.id.clone()
    }

    fn books(&self) -> bool {
        false
    }

    fn bookings(&self) -> Vec<Booking> {
        Vec::new()
    }

    fn record<'a>(&'a self, patient: &'a str) -> BoxFuture<'a, BTreeSet<String>> {
        let record = self.server.contents(patient, self.now());
        Box::pin(async move { record.into_values().collect() })
    }

    fn untold(&self) -> BTreeSet<String> {
        self.state().untold.clone()
    }
}
