//! Our clinic, the real program, on a simulated disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_client::{
    ClinicClient, DeviceKey, EnrolmentRequest, KnownBy, Prover, Renewal, ServerClocks, TokenStore,
    Tokens,
};
use sokhoe_clinic::{
    BookingRow, Clinic, DeskBooking, DeskRequest, ImportOptions, InProcess, InvoiceLine,
    PaymentOutcome, Source,
};
use sokhoe_domain::ports::{BoxFuture, Clock, KeyStoreError, Limits, Transport, TransportError};
use sokhoe_domain::{IntentId, Timestamp, Vnd};
use sokhoe_fhir::Appointment;
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::disk::SimDisk;
use sokhoe_testing::{PUBLISHED, PlainKeys};
use sokhoe_tests::clinic_on;

use crate::clinic::{Booking, Ended, SimClinic};
use crate::dice::Dice;
use crate::floor::Floor;
use crate::network::{DEVICE, at_once};
use crate::story::Story;
use crate::time::{DeviceClock, Time};
use crate::wishes::Moves;

/// Our clinic, whether it runs or not.
pub struct OurClinic {
    host: String,
    /// Its key files, which are the same in every life.
    keys: PathBuf,
    time: Arc<Time>,
    pub clock: Arc<DeviceClock>,
    pub dice: Dice,
    story: Story,
    state: Mutex<State>,
    floor: Mutex<Floor>,
}

struct State {
    disk: SimDisk,
    /// Unset while it is down.
    running: Option<(Clinic, InProcess)>,
    /// Which devices asked for whose changes, by patient and device.
    seen: BTreeSet<(String, String)>,
    ended: Vec<Ended>,
    /// What somebody was offered last.
    offered: Vec<Offer>,
}

/// A time that is offered.
#[derive(Clone)]
struct Offer {
    id: String,
    start: Timestamp,
    service: String,
}

impl OurClinic {
    pub fn start(
        host: &str,
        disk: SimDisk,
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
                disk,
                running: None,
                seen: BTreeSet::new(),
                ended: Vec::new(),
                offered: Vec::new(),
            }),
            floor: Mutex::default(),
        };
        clinic.open();
        clinic
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened at the desk so far.
    pub fn floor(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self) -> String {
        format!("https://{}", self.host)
    }

    /// Proofs of somebody whose clock is right.
    fn prover(&self) -> Prover {
        let key = PUBLISHED.public_key();
        Prover {
            key: DeviceKey::new(Arc::new(PlainKeys::default()), "auditor".to_owned(), key),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            rng: self.dice.rng(),
            clocks: ServerClocks::default(),
        }
    }

    fn open(&self) {
        self.time.look();
        let mut state = self.state();
        let clinic = clinic_on(
            &state.disk,
            &self.keys,
            Arc::clone(&self.clock) as Arc<dyn Clock>,
            self.dice.rng(),
        );
        let answering = clinic.in_process(&self.url());
        state.running = Some((clinic, answering));
    }

    /// Its disk, once it has stopped.
    pub fn stopped(&self) -> SimDisk {
        let mut state = self.state();
        drop(state.running.take());
        state.disk.clone()
    }

    /// What answers when it runs.
    fn answering(&self) -> Option<InProcess> {
        let state = self.state();
        state
            .running
            .as_ref()
            .map(|(_, answering)| answering.clone())
    }

    /// A code that lets one device in for these patients.
    pub fn invite(&self, patients: &[String]) -> String {
        let valid_for = Duration::from_secs(600);
        let clinic = self.running().expect("it runs");
        let code = clinic.issue_enrolment(patients, valid_for, &self.url());
        code.expect("an enrolment").text
    }

    /// The clinic when it runs.
    pub fn running(&self) -> Option<Clinic> {
        self.time.look();
        self.state()
            .running
            .as_ref()
            .map(|(clinic, _)| clinic.clone())
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

    fn makes_out_an_invoice(&self, patients: &[&str]) {
        let (Some(clinic), Some(patient)) = (self.running(), self.dice.one(patients)) else {
            return;
        };
        let amount = 50_000 + 1_000 * i64::try_from(self.dice.below(100)).unwrap();
        let line = InvoiceLine {
            name: "Khám".to_owned(),
            amount: Vnd::new(amount),
        };
        let said = clinic.issue_invoice(patient, vec![line]);
        let said = said.map(|invoice| invoice.reference);
        self.tell(format_args!(
            "makes out an invoice of {patient}: {}",
            said.as_deref().unwrap_or("failed")
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

    /// Takes a device's access to a patient away for good.
    fn ends_an_access(&self) {
        let Some(clinic) = self.running() else {
            return;
        };
        let seen: Vec<_> = self.state().seen.iter().cloned().collect();
        let Some((patient, device)) = self.dice.one(&seen).cloned() else {
            return;
        };
        let said = clinic.end_access(&patient, Some(&device));
        let is_certain = said.is_ok();
        self.tell(format_args!(
            "ends an access to {patient}: {}",
            if is_certain { "done" } else { "failed" }
        ));
        let mut state = self.state();
        // Whoever has none any more does not count as somebody who was seen.
        state.seen.remove(&(patient.clone(), device.clone()));
        state.ended.push(Ended {
            patient,
            device,
            is_certain,
        });
    }

    /// Remembers who asks for whose changes.
    fn sees(&self, request: &Request<Bytes>) {
        let patient = request.uri().path().strip_prefix("/fhir/Patient/");
        let patient = patient.and_then(|rest| rest.strip_suffix("/$changes"));
        let device = request.headers().get(DEVICE);
        let device = device.and_then(|device| device.to_str().ok());
        if let (Some(patient), Some(device)) = (patient, device) {
            let mut state = self.state();
            let is_ended = |ended: &Ended| ended.patient == patient && ended.device == device;
            if !state.ended.iter().any(is_ended) {
                state.seen.insert((patient.to_owned(), device.to_owned()));
            }
        }
    }

    /// The desk moves somebody's booking to a time that somebody was offered last.
    fn moves_a_booking(&self, moves: &Moves) {
        let Some(clinic) = self.running() else {
            return;
        };
        let now = self.clock.now();
        let mut rows = self.rows(&clinic);
        rows.retain(|row| row.status == "booked" && row.start > now);
        let (Some(row), offered) = (self.dice.one(&rows), self.state().offered.clone()) else {
            return;
        };
        let of_service = offered.iter().filter(|offer| offer.service == row.service);
        let of_service: Vec<_> = of_service.collect();
        let Some(offer) = self.dice.one(&of_service) else {
            return;
        };
        moves.wants(&row.id, offer.start);
        let said = clinic.book_at_desk(DeskBooking {
            patient: row.patient.clone(),
            request: DeskRequest::Move {
                booking: row.id.clone(),
                to: offer.id.clone(),
            },
            source: Source::Counter,
            key: IntentId::new(now, &*self.dice.rng()).to_string(),
        });
        self.tell(format_args!("moves {}: {:?}", row.id, said.ok()));
    }

    /// Remembers what somebody was offered last.
    fn offers(&self, request: &str, answer: &Response<Bytes>) {
        if !request.ends_with("$find") {
            return;
        }
        let found: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let entries = found["entry"].as_array().cloned().unwrap_or_default();
        let offers = entries.iter().filter_map(|entry| {
            let appointment = Appointment::from_json(&entry["resource"].to_string()).ok()?;
            Some(Offer {
                id: appointment.id?,
                start: appointment.start?,
                service: appointment.service?.name,
            })
        });
        let offers: Vec<Offer> = offers.collect();
        if !offers.is_empty() {
            self.state().offered = offers;
        }
    }

    fn tends_the_waiting_list(&self) {
        if let Some(clinic) = self.running() {
            let said = clinic.tend_waiting_list(true);
            self.tell(format_args!("tends its waiting list: {}", said.is_ok()));
        }
    }

    /// Over the days that can be booked.
    fn rows(&self, clinic: &Clinic) -> Vec<BookingRow> {
        // Its clock may be two days late.
        let first = chrono::NaiveDate::from_ymd_opt(2026, 10, 31).expect("a day");
        let days = (0..11).map(|days| first + chrono::Days::new(days));
        days.flat_map(|day| clinic.bookings_of_day(day).unwrap_or_default())
            .collect()
    }

    /// Wrong by up to two days, or right again.
    fn clock_changes(&self) {
        let hours = i64::try_from(self.dice.below(97)).unwrap() - 48;
        let hours = if self.dice.percent(50) { 0 } else { hours };
        self.clock.set_wrong_by(hours * 3_600_000);
        self.tell(format_args!("has a clock that is wrong by {hours} h"));
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

    pub fn tell(&self, what: impl std::fmt::Display) {
        self.story.tell(&self.host, what);
    }
}

impl SimClinic for OurClinic {
    fn host(&self) -> &str {
        &self.host
    }

    fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.time.look();
        let answering = self.answering().ok_or(TransportError::Unreachable)?;
        self.sees(&request);
        let path = request.uri().path().to_owned();
        let answer = at_once(answering.answer(request));
        self.offers(&path, &answer);
        Ok(answer)
    }

    fn live(
        self: Arc<Self>,
        patients: &'static [&'static str],
        often: Duration,
        moves: Moves,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                tokio::time::sleep(self.dice.waiting(often)).await;
                match self.dice.below(32) {
                    0..10 => self.writes_a_result(patients),
                    10..13 => self.forgets_a_result(patients),
                    13 => self.ends_an_access(),
                    14..18 => self.is_down().await,
                    18 => self.clock_changes(),
                    19..22 => self.makes_out_an_invoice(patients),
                    22..25 => self.moves_a_booking(&moves),
                    25 => self.tends_the_waiting_list(),
                    28..32 => self.floor_goes_on(patients).await,
                    _ => self.loses_power().await,
                }
            }
        })
    }

    fn hears_of_money(
        &self,
        reference: &str,
        amount: Vnd,
        provider_id: &str,
    ) -> Option<PaymentOutcome> {
        let said = self
            .running()?
            .record_payment(reference, amount, provider_id);
        said.ok()
    }

    fn recover(&self) {
        self.clock.set_wrong_by(0);
        if self.state().running.is_none() {
            self.open();
        } else if self.state().disk.is_cut() {
            self.comes_back_from_a_cut();
            self.open();
        }
    }

    fn id(&self) -> String {
        self.running().expect("it runs").id().to_owned()
    }

    fn bookings(&self) -> Vec<Booking> {
        let clinic = self.running().expect("it runs");
        self.rows(&clinic)
            .into_iter()
            .map(|row| Booking {
                id: row.id,
                practitioner: row.practitioner,
                start: row.start,
                status: row.status,
            })
            .collect()
    }

    fn ended(&self) -> Vec<Ended> {
        self.state().ended.clone()
    }

    fn without_booking(&self) -> BTreeSet<String> {
        self.floor().without_booking()
    }

    fn wrong_on_the_floor(&self) -> Vec<String> {
        let clinic = self.running().expect("it runs");
        self.floor().wrongs(&clinic)
    }

    fn came_and_were_seen(&self) -> (u64, u64) {
        self.floor().tally()
    }

    /// Read from the beginning by somebody who was never there before.
    fn record<'a>(&'a self, patient: &'a str) -> BoxFuture<'a, BTreeSet<String>> {
        Box::pin(async move {
            self.time.look();
            let code = self.invite(&[patient.to_owned()]);
            let code = sokhoe_qr::signed::Enrolment::read(&code, crate::time::begin());
            let code = code.expect("a code").code;
            let answering = self.answering().expect("it runs");
            let transport: Arc<dyn Transport> = Arc::new(Beside(answering));
            let url = self.url();
            let client = |tokens: Option<Tokens>| {
                let known_by = KnownBy {
                    prover: self.prover(),
                    tokens: tokens.map(|tokens| Arc::new(Given(tokens)) as Arc<dyn TokenStore>),
                };
                ClinicClient::new(&url, Some(known_by), Arc::clone(&transport)).expect("a client")
            };
            let answer = client(None)
                .enrol(&EnrolmentRequest {
                    code,
                    device_id: format!("auditor-of-{patient}"),
                    device_name: "auditor".to_owned(),
                    word: None,
                })
                .await
                .expect("enrolled");
            let client = client(Some(answer.tokens));
            everything(&client, patient).await
        })
    }
}

/// Tokens that are needed for a moment.
struct Given(Tokens);

impl TokenStore for Given {
    fn tokens(&self) -> Result<Tokens, KeyStoreError> {
        Ok(self.0.clone())
    }

    fn keep(&self, _: &Tokens, _: &Renewal) -> Result<(), KeyStoreError> {
        Err(KeyStoreError::Transient)
    }

    fn turn(&self) -> Arc<tokio::sync::Mutex<()>> {
        Arc::default()
    }
}

/// A clinic's answers without a network.
struct Beside(InProcess);

impl Transport for Beside {
    fn send(
        &self,
        request: Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move { Ok(at_once(self.0.answer(request))) })
    }
}

async fn everything(client: &ClinicClient, patient: &str) -> BTreeSet<String> {
    let (mut cursor, mut there) = (None, BTreeMap::new());
    loop {
        let page = client
            .changes(patient, cursor.as_deref(), 500, None)
            .await
            .expect("a page");
        let page = page.read().expect("changes");
        for change in &page.changes {
            match change {
                Change::Put { key, json, .. } => {
                    there.insert(key.to_string(), (*json).to_owned());
                }
                Change::Delete { key } => {
                    there.remove(&key.to_string());
                }
                Change::Broken { .. } => panic!("the clinic sends what cannot be read"),
            }
        }
        if !page.more {
            return there.into_values().collect();
        }
        cursor = Some(page.cursor);
    }
}
