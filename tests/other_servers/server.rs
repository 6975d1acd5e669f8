//! A server behind the port, and a phone that knows it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::{BoxFuture, Clock, Limits, Ports, Transport, TransportError};
use sokhoe_app::{AddServerRequest, SoKhoe};
use sokhoe_testing::{PlainKeys, SeededRng};
use sokhoe_tests::book::exported_resources;
use sokhoe_tests::foreign::{ForeignClinic, Manners};
use tempfile::TempDir;
use tokio::sync::Notify;

pub const BASE: &str = "https://fhir.example/r4";
pub const PATIENT: &str = "mai";

/// A clock that is moved by hand.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn new() -> Arc<Self> {
        let begin = Timestamp::parse_fhir("2026-11-02T07:00:00+07:00").unwrap();
        Arc::new(Self(AtomicI64::new(begin.as_millis())))
    }

    pub fn pass(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        self.pass(span);
        Box::pin(async {})
    }
}

/// Answers as of the clock, and counts.
pub struct Way {
    pub server: Arc<ForeignClinic>,
    pub clock: Arc<HandClock>,
    pub trips: AtomicU64,
    pub asked: Mutex<Vec<String>>,
    /// By so many seconds the server's clock is ahead.
    pub server_ahead: AtomicU64,
    /// The request of this number does not arrive.
    pub fails_at: AtomicU64,
    /// How many writes arrived.
    pub writes: AtomicU64,
    /// So many answers to what wrote are lost on the way.
    pub loses_answers: AtomicU64,
    /// So many writes are late: the phone gives them up, and they lie in `late` until somebody lets them arrive.
    pub delays_writes: AtomicU64,
    pub late: Mutex<Vec<Request<Bytes>>>,
    /// Nothing arrives.
    pub no_network: AtomicBool,
    /// The answer to the next write never comes, and who waits for it is told so.
    pub hangs: AtomicBool,
    pub hung: Notify,
    /// The next request with this in its address does not arrive.
    pub fails_once: Mutex<Option<String>>,
    /// What has this in its address is refused.
    pub refuses: Mutex<Option<&'static str>>,
    /// What has this in its address is not for this phone (403).
    pub forbids: Mutex<Option<&'static str>>,
    /// What happens just before the next write arrives.
    pub before_a_write: Mutex<Option<Meanwhile>>,
}

type Meanwhile = Box<dyn FnOnce(&ForeignClinic, Timestamp) + Send>;

/// What writes: a resource, or all or nothing.
fn is_write(request: &Request<Bytes>) -> bool {
    let body = request.body();
    let word: &[u8] = br#""type":"batch""#;
    request.method() != http::Method::GET && !body.windows(word.len()).any(|part| part == word)
}

impl Transport for Way {
    fn send(
        &self,
        request: Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let trip = self.trips.fetch_add(1, Ordering::SeqCst) + 1;
        self.asked
            .lock()
            .unwrap()
            .push(format!("{} {}", request.method(), request.uri()));
        // Whoever asks takes time.
        self.clock.pass(Duration::from_millis(40));
        let mut fails_once = self.fails_once.lock().unwrap();
        let address = request.uri().to_string();
        let is_meant = fails_once
            .take_if(|part| address.contains(&**part))
            .is_some();
        drop(fails_once);
        let fails = is_meant || trip == self.fails_at.load(Ordering::SeqCst);
        let is_write = is_write(&request);
        let ahead = Duration::from_secs(self.server_ahead.load(Ordering::SeqCst));
        let one_less = |left: u64| left.checked_sub(1);
        let delays = &self.delays_writes;
        let is_late = is_write
            && delays
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
                .is_ok();
        if self.no_network.load(Ordering::SeqCst) {
            return Box::pin(async { Err(TransportError::Unreachable) });
        }
        if is_late {
            self.late.lock().unwrap().push(request);
            return Box::pin(async { Err(TransportError::Timeout) });
        }
        Box::pin(async move {
            // Others ask meanwhile.
            tokio::task::yield_now().await;
            if is_write {
                self.writes.fetch_add(1, Ordering::SeqCst);
                let meanwhile = self.before_a_write.lock().unwrap().take();
                if let Some(meanwhile) = meanwhile {
                    meanwhile(&self.server, self.clock.now());
                }
            }
            let is_meant = |part: Option<&str>| part.is_some_and(|part| address.contains(part));
            let refuses = is_meant(*self.refuses.lock().unwrap());
            let forbids = is_meant(*self.forbids.lock().unwrap());
            if refuses || forbids {
                let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-supported"}]}"#;
                let refused = Response::builder().status(if forbids { 403 } else { 400 });
                return Ok(refused
                    .body(Bytes::from_static(outcome.as_bytes()))
                    .unwrap());
            }
            let answer = self.server.answer(request, self.clock.now().plus(ahead));
            if let Some(asked) = self.asked.lock().unwrap().last_mut() {
                asked.push_str(&format!(": {}", answer.status().as_u16()));
            }
            let wrote = is_write && answer.status().is_success();
            if wrote && self.hangs.swap(false, Ordering::SeqCst) {
                self.hung.notify_one();
                return std::future::pending().await;
            }
            let lost = |left: u64| left.checked_sub(1);
            if wrote
                && self
                    .loses_answers
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, lost)
                    .is_ok()
            {
                return Err(TransportError::Timeout);
            }
            if fails {
                Err(TransportError::Unreachable)
            } else {
                Ok(answer)
            }
        })
    }
}

pub struct Phone {
    pub app: SoKhoe,
    pub person: String,
    pub clinic: String,
    pub way: Arc<Way>,
    pub clock: Arc<HandClock>,
    ports: Ports,
    _folder: TempDir,
}

/// A server with a patient who has this many results, written so far apart, and the time there.
pub fn server(
    manners: Manners,
    results: u32,
    apart: Duration,
) -> (Arc<ForeignClinic>, Arc<HandClock>) {
    let (server, clock) = (ForeignClinic::new(BASE, manners, 7), HandClock::new());
    server.put(&patient(), clock.now()).unwrap();
    for n in 0..results {
        clock.pass(apart);
        server
            .put(&observation(&format!("o{n}"), n), clock.now())
            .unwrap();
    }
    (Arc::new(server), clock)
}

pub fn patient() -> String {
    format!(r#"{{"resourceType":"Patient","id":"{PATIENT}","name":[{{"text":"Quàng Thị Mai"}}]}}"#)
}

pub fn observation(id: &str, value: u32) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","subject":{{"reference":"Patient/{PATIENT}"}},"code":{{"coding":[{{"system":"http://loinc.org","code":"2339-0","display":"Glucose"}}]}},"effectiveDateTime":"2026-11-01T08:00:00+07:00","valueQuantity":{{"value":{value},"unit":"mg/dL"}}}}"#
    )
}

impl Phone {
    pub async fn knows(server: &Arc<ForeignClinic>, clock: &Arc<HandClock>) -> Self {
        Self::with_seed(server, clock, 3).await
    }

    /// A phone that rolls its own dice.
    pub async fn with_seed(server: &Arc<ForeignClinic>, clock: &Arc<HandClock>, seed: u64) -> Self {
        let folder = TempDir::new().unwrap();
        let way = Arc::new(Way {
            server: Arc::clone(server),
            clock: Arc::clone(clock),
            trips: AtomicU64::new(0),
            asked: Mutex::default(),
            server_ahead: AtomicU64::new(0),
            fails_at: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            loses_answers: AtomicU64::new(0),
            delays_writes: AtomicU64::new(0),
            late: Mutex::default(),
            no_network: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            hung: Notify::new(),
            fails_once: Mutex::default(),
            refuses: Mutex::default(),
            forbids: Mutex::default(),
            before_a_write: Mutex::default(),
        });
        let real = sokhoe_tests::real_ports(folder.path(), Arc::new(PlainKeys::default()));
        let ports = Ports {
            clock: Arc::clone(clock) as Arc<dyn Clock>,
            rng: Arc::new(SeededRng::new(seed)),
            transport: Arc::clone(&way) as Arc<dyn Transport>,
            ..real
        };
        let app = SoKhoe::open(sokhoe_tests::config(), ports.clone()).unwrap();
        let mut tries = 0;
        let view = loop {
            let request = AddServerRequest {
                name: "FHIR".to_owned(),
                fhir_base_url: BASE.to_owned(),
                patient_id: PATIENT.to_owned(),
                token: None,
                person_id: None,
            };
            match app.add_server(request).await {
                Ok(view) => break view,
                // A server of bad manners is busy now and then.
                Err(error) if tries < 20 => {
                    tries += 1;
                    assert!(
                        matches!(error, sokhoe_app::AppError::Busy { .. }),
                        "{error:?}"
                    );
                }
                Err(error) => panic!("{error:?}"),
            }
        };
        Self {
            app,
            person: view.persons[0].id.clone(),
            clinic: view.clinic.id.clone(),
            way,
            clock: Arc::clone(clock),
            ports,
            _folder: folder,
        }
    }

    /// The program begins anew; what ran in it is gone.
    pub fn restart(&mut self) {
        self.app = SoKhoe::open(sokhoe_tests::config(), self.ports.clone()).unwrap();
    }

    /// Until the server is not too busy to answer all of it.
    pub async fn sync(&self) {
        for _ in 0..200 {
            match self.app.sync(&self.person).await {
                Ok(_) => return,
                Err(sokhoe_app::AppError::Busy { .. } | sokhoe_app::AppError::Offline) => {
                    self.clock.pass(Duration::from_secs(150));
                }
                Err(error) => panic!("{error:?}: {:#?}", self.way.asked.lock().unwrap()),
            }
        }
        panic!("never in step: {:#?}", self.way.asked.lock().unwrap());
    }

    /// What is in the book, by type and id.
    pub fn book(&self) -> Vec<String> {
        let mut exported = Vec::new();
        self.app.export_fhir(&self.person, &mut exported).unwrap();
        let mut book: Vec<String> = exported_resources(&exported)
            .into_iter()
            .map(str::to_owned)
            .collect();
        book.sort();
        book
    }

    pub fn trips(&self) -> u64 {
        self.way.trips.load(Ordering::SeqCst)
    }

    /// The book is, byte for byte, what the server has of the patient.
    pub fn expect_in_step(&self, server: &ForeignClinic, what: &str) {
        let mut there: Vec<String> = server
            .contents(PATIENT, self.clock.now())
            .into_values()
            .collect();
        there.sort();
        assert_eq!(self.book(), there, "{what}");
    }
}
