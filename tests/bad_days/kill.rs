//! `kill -9`, again and again, of the phone and of the clinic, between any two steps.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use sokhoe_app::domain::ports::Rng;
use sokhoe_app::{BookingStatus, SoKhoe};
use sokhoe_clinic::{Clinic, ClinicConfig, DataSource};
use sokhoe_fhir::access_log::from_text;
use sokhoe_testing::{Database, PlainKeys, SeededRng};
use sokhoe_tests::{EMPTY_PATIENT, now};
use tempfile::TempDir;

pub(crate) struct Killable {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Killable {
    pub(crate) fn start(program: &str, args: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    pub(crate) fn until_ready(&self) {
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(60)) {
            if line == "ready" {
                return;
            }
        }
        panic!("the process never became ready");
    }

    /// SIGKILL, then every line it had printed.
    pub(crate) fn kill(mut self) -> Vec<String> {
        let _gone = self.child.kill();
        let _status = self.child.wait();
        self.lines.iter().collect()
    }
}

impl Drop for Killable {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address")
        .port()
}

#[test]
fn nothing_that_was_shown_is_lost_and_nothing_is_booked_twice() {
    const ROUNDS: u64 = 60;
    let (clinic_folder, phone_folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (clinic_path, phone_path) = (
        clinic_folder.path().to_str().unwrap(),
        phone_folder.path().to_str().unwrap(),
    );
    let address = format!("127.0.0.1:{}", free_port());
    let code_file = clinic_folder.path().join("enrolment");
    let start_clinic = || {
        let clinic = Killable::start(
            env!("CARGO_BIN_EXE_killable-clinic"),
            &[clinic_path, &address],
        );
        clinic.until_ready();
        clinic
    };
    let start_phone = || {
        Killable::start(
            env!("CARGO_BIN_EXE_killable-phone"),
            &[phone_path, code_file.to_str().unwrap()],
        )
    };

    let rng = SeededRng::new(20_261_123);
    let pause = |most: u64| {
        let mut byte = [0; 2];
        rng.fill(&mut byte);
        Duration::from_millis(20 + u64::from(u16::from_le_bytes(byte)) % most)
    };
    let mut shown: BTreeMap<String, bool> = BTreeMap::new();
    let mut clinic = start_clinic();
    let mut phone = start_phone();
    phone.until_ready();
    for round in 0..ROUNDS {
        std::thread::sleep(pause(250));
        if round % 3 == 2 {
            let _lines = clinic.kill();
            std::thread::sleep(pause(60));
            clinic = start_clinic();
        } else {
            for line in phone.kill() {
                if let Some((what, id)) = line.split_once(' ') {
                    *shown.entry(id.to_owned()).or_default() |= what == "confirmed";
                }
            }
            phone = start_phone();
            phone.until_ready();
        }
    }
    for line in phone.kill() {
        if let Some((what, id)) = line.split_once(' ') {
            *shown.entry(id.to_owned()).or_default() |= what == "confirmed";
        }
    }
    assert!(
        shown.len() > 10,
        "only {} bookings were shown: too few for a proof",
        shown.len()
    );

    // In peace again, phone and clinic agree, and nothing that was shown is missing.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ports = sokhoe_tests::real_ports(
        Path::new(phone_path),
        std::sync::Arc::new(PlainKeys::default()),
    );
    let app = SoKhoe::open(sokhoe_tests::config(), ports).unwrap();
    let person = app.persons().unwrap().remove(0).id;
    let synced = runtime.block_on(app.sync(&person)).unwrap();
    assert_eq!(synced.waiting, 0, "everything went out");
    let bookings = app.bookings(&person).unwrap();
    let known: BTreeMap<&str, BookingStatus> =
        bookings.iter().map(|b| (b.id.as_str(), b.status)).collect();
    for (id, confirmed) in &shown {
        let status = known
            .get(id.as_str())
            .unwrap_or_else(|| panic!("{id} was shown and is gone"));
        let allowed: &[BookingStatus] = if *confirmed {
            &[BookingStatus::Confirmed, BookingStatus::Cancelled]
        } else {
            &[
                BookingStatus::Confirmed,
                BookingStatus::Cancelled,
                BookingStatus::Refused,
            ]
        };
        assert!(
            allowed.contains(status),
            "{id} ended as {status:?}, confirmed before: {confirmed}"
        );
    }
    drop(app);
    let _lines = clinic.kill();
    let clinic = Clinic::open(ClinicConfig::on_this_machine(DataSource::Folder(
        clinic_folder.path().to_owned(),
    )))
    .unwrap();
    let mut at_clinic = BTreeSet::new();
    for ahead in 0..9 {
        for row in clinic
            .bookings_of_day(
                now()
                    .plus(Duration::from_secs(ahead * 86_400))
                    .vietnam_day(),
            )
            .unwrap()
        {
            if row.status == "booked" {
                assert!(at_clinic.insert(row.id.clone()), "one booking on two days");
            }
        }
    }
    let on_phone: BTreeSet<String> = bookings
        .iter()
        .filter(|b| b.status == BookingStatus::Confirmed)
        .map(|b| b.id.clone())
        .collect();
    assert_eq!(on_phone, at_clinic, "phone and clinic disagree");

    // What was written and that somebody wrote it are there together, however often the clinic was killed between them.
    clinic.tend_access_log().unwrap();
    let database = Database::sqlite(clinic_folder.path().join("clinic.db"));
    let of_person = format!("patient = '{EMPTY_PATIENT}'");
    let booked = database.rows(&format!(
        "SELECT id FROM resource WHERE type = 'Appointment' AND {of_person}"
    ));
    let logged = database.rows(&format!(
        "SELECT entry FROM access_log_entry WHERE {of_person} ORDER BY place"
    ));
    assert!(booked.len() >= on_phone.len());
    for id in booked {
        let written = format!("\"book\",\"Appointment\",\"{}\",\"done\"", id[0]);
        assert!(
            logged.iter().any(|row| row[0].contains(&written)),
            "nobody wrote {}",
            id[0]
        );
    }
    let numbers: Vec<u64> = logged
        .iter()
        .map(|row| from_text(&row[0]).unwrap().number)
        .collect();
    assert_eq!(numbers, (1..=logged.len() as u64).collect::<Vec<_>>());
}
