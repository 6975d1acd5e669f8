//! What happens at a clinic.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_clinic::{BookingRow, Clinic, ClinicConfig, DataSource, ImportOptions, InProcess};
use sokhoe_domain::ports::{Clock, Rng, TransportError, VaultFiles as _};
use sokhoe_testing::disk::{Promise, SimDisk};

use crate::dice::Dice;
use crate::network::at_once;
use crate::story::Story;
use crate::time::{DeviceClock, Time};

/// The database's name on its disk.
pub const DATABASE: &str = "clinic.db";

/// A clinic, whether it runs or not.
pub struct SimClinic {
    /// How phones call it, and where they reach it: `https://HOST`.
    pub host: String,
    /// Its key files, which are the same in every life.
    pub keys: PathBuf,
    time: Arc<Time>,
    clock: Arc<DeviceClock>,
    dice: Dice,
    story: Story,
    state: Mutex<State>,
}

struct State {
    disk: SimDisk,
    /// Unset while it is down.
    running: Option<(Clinic, InProcess)>,
}

impl SimClinic {
    pub fn start(
        host: &str,
        files: BTreeMap<String, Vec<u8>>,
        keys: PathBuf,
        time: &Arc<Time>,
        dice: Dice,
        story: &Story,
    ) -> Self {
        let clinic = Self {
            host: host.to_owned(),
            keys,
            time: Arc::clone(time),
            clock: DeviceClock::of_clinic(time),
            dice,
            story: story.clone(),
            state: Mutex::new(State {
                disk: SimDisk::of(Promise::PowersafeOverwrite, files),
                running: None,
            }),
        };
        clinic.open();
        clinic
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.host)
    }

    fn open(&self) {
        self.time.look();
        let mut state = self.state();
        let clinic = open(
            &state.disk,
            &self.keys,
            Arc::clone(&self.clock) as Arc<dyn Clock>,
            self.dice.rng(),
        );
        let answering = clinic.in_process(&self.url());
        state.running = Some((clinic, answering));
    }

    /// Everything on its disk, once it has stopped.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut state = self.state();
        drop(state.running.take());
        state.disk.contents()
    }

    /// The clinic when it runs.
    pub fn running(&self) -> Option<Clinic> {
        self.time.look();
        self.state()
            .running
            .as_ref()
            .map(|(clinic, _)| clinic.clone())
    }

    /// Answers at this very moment.
    pub fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.time.look();
        let answering = match &self.state().running {
            Some((_, answering)) => answering.clone(),
            None => return Err(TransportError::Unreachable),
        };
        Ok(at_once(answering.answer(request)))
    }

    /// What it has of every booking, over the days that can be booked.
    pub fn bookings(&self) -> Vec<BookingRow> {
        let Some(clinic) = self.running() else {
            return Vec::new();
        };
        let monday = chrono::NaiveDate::from_ymd_opt(2026, 11, 2).expect("a day");
        (0..9)
            .flat_map(|days| {
                let day = monday + chrono::Days::new(days);
                clinic.bookings_of_day(day).expect("bookings")
            })
            .collect()
    }

    /// What happens there, until it is aborted.
    pub async fn live(self: Arc<Self>, patients: &'static [&'static str]) {
        loop {
            tokio::time::sleep(self.dice.waiting(Duration::from_secs(40 * 60))).await;
            match self.dice.below(10) {
                0..5 => self.writes_a_result(patients),
                5..7 => self.forgets_a_result(patients),
                7..9 => self.is_down().await,
                _ => self.loses_power().await,
            }
        }
    }

    /// A resource that is new or that replaces one.
    fn writes_a_result(&self, patients: &[&str]) {
        let (Some(clinic), Some(patient)) = (self.running(), self.dice.one(patients)) else {
            return;
        };
        let (number, value) = (self.dice.below(6), self.dice.below(200));
        let json = format!(
            r#"{{"resourceType":"Observation","id":"{patient}-{number}","status":"final","subject":{{"reference":"Patient/{patient}"}},"code":{{"coding":[{{"system":"http://loinc.org","code":"2339-0","display":"Glucose"}}]}},"effectiveDateTime":"2026-11-01T08:00:00+07:00","valueQuantity":{{"value":{value},"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}}}"#
        );
        let said = clinic.import_reader("lab", &mut json.as_bytes(), &ImportOptions::default());
        self.tell(format_args!(
            "writes {patient}-{number}: {}",
            if said.is_ok() { "done" } else { "failed" }
        ));
    }

    fn forgets_a_result(&self, patients: &[&str]) {
        let (Some(clinic), Some(patient)) = (self.running(), self.dice.one(patients)) else {
            return;
        };
        let number = self.dice.below(6);
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"request":{{"method":"DELETE","url":"Observation/{patient}-{number}"}}}}]}}"#
        );
        let said = clinic.import_reader("lab", &mut bundle.as_bytes(), &ImportOptions::default());
        self.tell(format_args!(
            "forgets {patient}-{number}: {}",
            if said.is_ok() { "done" } else { "failed" }
        ));
    }

    async fn is_down(&self) {
        self.tell("stops");
        drop(self.state().running.take());
        tokio::time::sleep(self.dice.waiting(Duration::from_secs(600))).await;
        self.open();
        self.tell("starts");
    }

    /// In the middle of whatever it writes next.
    async fn loses_power(&self) {
        let disk = self.state().disk.clone();
        disk.cut_after(disk.operations() + self.dice.number() % 60);
        self.tell("is about to lose power");
        tokio::time::sleep(self.dice.waiting(Duration::from_secs(120))).await;
        self.comes_back_from_a_cut();
        tokio::time::sleep(self.dice.waiting(Duration::from_secs(300))).await;
        self.open();
        self.tell("has power again");
    }

    fn comes_back_from_a_cut(&self) {
        let mut state = self.state();
        state.disk.cut_after(0);
        drop(state.running.take());
        let (kind, after) = self.dice.crash(&state.disk);
        state.disk = after;
        drop(state);
        self.tell(format_args!("lost power: {kind:?}"));
    }

    fn tell(&self, what: impl std::fmt::Display) {
        self.story.tell(&self.host, what);
    }

    /// Whatever went on, it runs from now on.
    pub fn recover(&self) {
        if self.state().running.is_none() {
            self.open();
        } else if self.state().disk.is_cut() {
            self.comes_back_from_a_cut();
            self.open();
        }
    }
}

/// Opens a clinic on a simulated disk.
pub fn open(
    disk: &SimDisk,
    keys: &std::path::Path,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
) -> Clinic {
    let data = DataSource::Vfs {
        vfs: disk.sqlite_vfs().expect("a VFS").to_owned(),
        database: disk.database_path(DATABASE),
        keys: keys.to_owned(),
    };
    Clinic::open(ClinicConfig::new(data, clock, rng)).expect("a clinic")
}
