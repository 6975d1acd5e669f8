//! The processes and their database.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use sokhoe_app::SystemClock;
use sokhoe_testing::Database;
use sokhoe_tests::crowd::{CrowdClinic, CrowdPhone};
use sokhoe_tests::plain_http::{Answer, Connection};
use tempfile::TempDir;

/// Clinic processes that share a database.
pub struct Group {
    database: Database,
    folder: TempDir,
    pub addresses: Vec<String>,
    processes: Mutex<Vec<Option<Process>>>,
}

impl Group {
    /// So many processes, and so many phones, each for so many people.
    pub fn start(count: usize, phones: usize, people: usize) -> Self {
        let group = Self {
            database: Database::postgres(),
            folder: TempDir::new().unwrap(),
            addresses: (0..count).map(|_| free_address()).collect(),
            processes: Mutex::new((0..count).map(|_| None).collect()),
        };
        let crowd = [phones.to_string(), people.to_string()];
        group.launch(0, &crowd.each_ref().map(String::as_str));
        for one in 1..count {
            group.launch(one, &[]);
        }
        group
    }

    /// Where all of them say that the clinic is reached.
    fn url(&self) -> String {
        format!("http://{}", self.addresses[0])
    }

    /// Starts a process that does not run.
    pub fn launch(&self, one: usize, more: &[&str]) {
        let (database, url) = (self.database.url(), self.url());
        let mut arguments = vec![
            database.as_str(),
            self.folder.path().to_str().unwrap(),
            &self.addresses[one],
            &url,
        ];
        arguments.extend_from_slice(more);
        let process = Process::start(&arguments);
        self.processes.lock().unwrap()[one] = Some(process);
    }

    /// Tells a process to end, and waits until it has.
    pub fn end(&self, one: usize) {
        let process = self.processes.lock().unwrap()[one].take();
        process.unwrap().end();
    }

    /// Kills a process.
    pub fn kill(&self, one: usize) {
        drop(self.processes.lock().unwrap()[one].take());
    }

    /// The phones, enrolled, each by another process than the one before.
    pub async fn phones(&self) -> Vec<CrowdPhone> {
        let codes = fs::read_to_string(self.folder.path().join("codes")).unwrap();
        let clinic = CrowdClinic {
            url: self.url(),
            clock: Arc::new(SystemClock),
        };
        let mut phones = Vec::new();
        for (code, address) in codes.lines().zip(self.addresses.iter().cycle()) {
            phones.push(CrowdPhone::enrol(address, &clinic, code).await);
        }
        phones
    }

    /// The rows of a query.
    pub fn rows(&self, query: &str) -> Vec<Vec<String>> {
        self.database.rows(query)
    }

    /// Breaks every connection that the processes have with the database, as its restart does.
    pub fn break_connections(&self) {
        self.database.break_connections();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Before their database.
        self.processes.lock().unwrap().clear();
    }
}

struct Process {
    child: Child,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sharing-clinic"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        Self { child }
    }

    fn end(mut self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(told.success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Asks a process.
pub async fn ask(address: &str, request: &[u8]) -> std::io::Result<Answer> {
    Connection::open(address).await?.ask(request).await
}

/// The ids of the nearest free times of a service.
pub async fn free(address: &str, phone: &CrowdPhone, service: &str, count: usize) -> Vec<String> {
    let find = serde_json::json!({"resourceType": "Parameters", "parameter": [
        {"name": "start", "valueDateTime": "2026-01-01T00:00:00+07:00"},
        {"name": "end", "valueDateTime": "2100-01-01T00:00:00+07:00"},
        {"name": "visit-type", "valueString": service},
    ]});
    let path = format!("/fhir/Appointment/$find?_count={count}");
    let asked = phone.request(&path, None, Some(&find.to_string()));
    let answer = ask(address, &asked).await.unwrap();
    assert_eq!(answer.status, 200);
    ids(&answer)
}

/// The ids of the Appointments of an answer.
pub fn ids(answer: &Answer) -> Vec<String> {
    let bundle: Value = serde_json::from_slice(&answer.body).unwrap();
    let entries = bundle["entry"].as_array().into_iter().flatten();
    entries
        .map(|entry| &entry["resource"])
        .filter(|resource| resource["resourceType"] == "Appointment")
        .filter_map(|resource| resource["id"].as_str().map(str::to_owned))
        .collect()
}

/// The Parameters of `$hold` and `$book`.
pub fn by_reference(appointment: &str, patient: &str) -> String {
    serde_json::json!({"resourceType": "Parameters", "parameter": [
        {"name": "appointment-reference", "valueReference": {"reference": format!("Appointment/{appointment}")}},
        {"name": "patient-reference", "valueReference": {"reference": format!("Patient/{patient}")}},
    ]})
    .to_string()
}

/// A new intent's id.
pub fn key() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("01990000-0000-7000-8000-{number:012x}")
}
