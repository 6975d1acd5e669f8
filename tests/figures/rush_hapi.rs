//! The same rush at HAPI FHIR JPA: what a FHIR server does that knows nothing of booking.
//!
//! `bookings_vs_hapi`: `rush_maximum`, and beside it how many of the same decisions HAPI makes a second when as many phones
//! ask again at once: a time is taken by the transaction {PUT Slot over its version, PUT Appointment}, and called off by
//! its reverse. Whoever finds a time busy when they read it has their refusal by that. HAPI has its database in memory, no
//! access to check and no answers to keep; ours waits for the disk, checks and keeps.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use sokhoe_app::domain::ports::{Limits, Transport};
use sokhoe_testing::{MemoryKeys, SeededRng};
use sokhoe_tests::hapi_process::HapiProcess;
use tempfile::TempDir;
use tokio::time::Instant;

/// The name of the figure.
pub const NAME: &str = "bookings_vs_hapi";
/// Where the server's jars are; the test command says it.
const JARS: &str = "SOKHOE_FIGURES_HAPI_SERVER";

const PHONES: u64 = 16;
const SLOTS: u64 = 1_000;
const HOT: u64 = SLOTS / 20;
/// Until the JVM has compiled what is used most.
const WARM: Duration = Duration::from_secs(30);
const LASTS: Duration = Duration::from_secs(20);

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(60),
    max_body: 1 << 20,
};

/// Whether its jars are here.
pub fn is_prepared() -> bool {
    std::env::var_os(JARS).is_some()
}

/// What one phone was told.
#[derive(Default)]
struct Heard {
    booked: u64,
    called_off: u64,
    taken: u64,
}

/// Decisions a second.
pub async fn measure() -> (f64, usize) {
    let jars = PathBuf::from(std::env::var_os(JARS).expect("the folder of the jars"));
    let server = HapiProcess::start(&jars, &["-Xmx2g"]);
    let files = TempDir::new().expect("a folder");
    let transport =
        sokhoe_tests::real_ports(files.path(), Arc::new(MemoryKeys::default())).transport;
    let base: Arc<str> = server.base().into();
    begin(&*transport, &base).await;
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let asking: Vec<_> = (0..PHONES)
        .map(|number| {
            let mut phone = Phone {
                transport: Arc::clone(&transport),
                base: Arc::clone(&base),
                rng: SeededRng::new(number),
                next: Arc::clone(&next),
                booked: Vec::new(),
            };
            tokio::spawn(async move {
                let mut heard = Heard::default();
                while start.elapsed() < WARM + LASTS {
                    let is_measured = start.elapsed() >= WARM;
                    let mut ignored = Heard::default();
                    let heard = if is_measured {
                        &mut heard
                    } else {
                        &mut ignored
                    };
                    phone.ask(heard).await;
                }
                heard
            })
        })
        .collect();
    let mut all = Heard::default();
    for one in asking {
        let heard = one.await.expect("a phone");
        all.booked += heard.booked;
        all.called_off += heard.called_off;
        all.taken += heard.taken;
    }
    let seconds = start.elapsed().saturating_sub(WARM).as_secs_f64();
    let decided = all.booked + all.called_off + all.taken;
    println!(
        "HAPI: {:.0}/s: {} booked, {} called off, {} taken",
        decided as f64 / seconds,
        all.booked,
        all.called_off,
        all.taken
    );
    let samples = usize::try_from(decided).unwrap_or(usize::MAX);
    (decided as f64 / seconds, samples)
}

/// A doctor's Schedule with free Slots, and somebody to be seen.
async fn begin(transport: &dyn Transport, base: &str) {
    let put = |resource: Value| {
        let url = format!(
            "{}/{}",
            resource["resourceType"].as_str().unwrap_or_default(),
            resource["id"].as_str().unwrap_or_default()
        );
        json!({"resource": resource, "request": {"method": "PUT", "url": url}})
    };
    let mut entries = vec![
        put(json!({"resourceType": "Practitioner", "id": "bs", "name": [{"text": "BS. Hà"}]})),
        put(json!({"resourceType": "Patient", "id": "bn", "name": [{"text": "Nguyễn Thị Hoa"}]})),
        put(
            json!({"resourceType": "Schedule", "id": "lich", "actor": [{"reference": "Practitioner/bs"}]}),
        ),
    ];
    entries.extend((0..SLOTS).map(|number| put(slot(number, "free"))));
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    let answer = send(transport, "POST", base, Some(&bundle)).await;
    assert_eq!(answer.status(), 200);
}

fn slot(number: u64, status: &str) -> Value {
    let (day, minute) = (1 + number / 48, 8 * 60 + 10 * (number % 48));
    let at = |minute: u64| {
        format!(
            "2027-01-{:02}T{:02}:{:02}:00+07:00",
            day,
            minute / 60,
            minute % 60
        )
    };
    json!({
        "resourceType": "Slot",
        "id": format!("s{number}"),
        "schedule": {"reference": "Schedule/lich"},
        "status": status,
        "start": at(minute),
        "end": at(minute + 10),
    })
}

async fn send(
    transport: &dyn Transport,
    method: &str,
    url: &str,
    body: Option<&Value>,
) -> Response<Bytes> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/fhir+json")
        .body(Bytes::from(body))
        .expect("a request");
    transport.send(request, LIMITS).await.expect("an answer")
}

struct Phone {
    transport: Arc<dyn Transport>,
    base: Arc<str>,
    rng: SeededRng,
    next: Arc<AtomicU64>,
    /// Slots and Appointments.
    booked: Vec<(u64, String)>,
}

impl Phone {
    /// One decision, as `rush` asks for them.
    async fn ask(&mut self, heard: &mut Heard) {
        if !self.booked.is_empty() && self.rng.next() % 100 < 40 {
            let (number, id) = self.booked.remove(0);
            let (version, _) = self.slot(number).await;
            match self.take(number, &version, "free", &id, "cancelled").await {
                true => heard.called_off += 1,
                false => self.booked.push((number, id)),
            }
            return;
        }
        let number = match self.rng.next() % 100 < 95 {
            true => self.rng.next() % HOT * (SLOTS / HOT),
            false => self.rng.next() % SLOTS,
        };
        let (version, is_free) = self.slot(number).await;
        let id = format!("a{}", self.next.fetch_add(1, Ordering::Relaxed));
        if is_free && self.take(number, &version, "busy", &id, "booked").await {
            heard.booked += 1;
            self.booked.push((number, id));
        } else {
            heard.taken += 1;
        }
    }

    /// A Slot's version, and whether it is free.
    async fn slot(&self, number: u64) -> (String, bool) {
        let url = format!("{}/Slot/s{number}", self.base);
        let answer = send(&*self.transport, "GET", &url, None).await;
        let slot: Value = serde_json::from_slice(answer.body()).expect("a Slot");
        let version = slot["meta"]["versionId"].as_str().unwrap_or_default();
        (version.to_owned(), slot["status"] == "free")
    }

    /// Slot and Appointment in one transaction; whether nobody was faster.
    async fn take(&self, number: u64, version: &str, slot_is: &str, id: &str, is: &str) -> bool {
        let slot = slot(number, slot_is);
        let appointment = json!({
            "resourceType": "Appointment",
            "id": id,
            "status": is,
            "slot": [{"reference": format!("Slot/s{number}")}],
            "start": slot["start"],
            "end": slot["end"],
            "participant": [
                {"actor": {"reference": "Patient/bn"}, "status": "accepted"},
                {"actor": {"reference": "Practitioner/bs"}, "status": "accepted"},
            ],
        });
        let bundle = json!({
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {"resource": slot, "request": {
                    "method": "PUT",
                    "url": format!("Slot/s{number}"),
                    "ifMatch": format!("W/\"{version}\""),
                }},
                {"resource": appointment, "request": {"method": "PUT", "url": format!("Appointment/{id}")}},
            ],
        });
        let answer = send(&*self.transport, "POST", &self.base, Some(&bundle)).await;
        match answer.status().as_u16() {
            200 => true,
            409 | 412 => false,
            other => panic!("HAPI answered {other}"),
        }
    }
}
