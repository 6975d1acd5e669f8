//! What lies between phones and clinics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};

use crate::check::Wrongs;
use crate::clinic::{Ended, SimClinic};
use crate::dice::Dice;
use crate::story::Story;
use crate::template::{Enrolment, HOSTS, PATIENTS};

/// Every clinic by its host.
pub type Clinics = BTreeMap<String, Arc<dyn SimClinic>>;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Nothing is lost.
    Calm,
    /// Most goes through, and everything happens that can.
    Bad,
    /// Nothing goes through.
    None,
}

/// What the network itself says on a request of whose it is: a clinic of ours tells it from the key, for the records of who
/// lost what.
pub const DEVICE: &str = "sim-device";

/// A phone's way to all clinics.
#[derive(Clone)]
pub struct Link {
    pub name: String,
    /// By which clinics know the phone; unknown before it is made.
    pub device: Option<String>,
    pub clinics: Arc<Clinics>,
    pub dice: Dice,
    pub weather: Arc<Mutex<Weather>>,
    /// False once the phone has no power any more: what it sent is on its way all the same.
    pub powered: Arc<AtomicBool>,
    pub story: Story,
    pub answers: Arc<Answers>,
    /// Whom the phone has, at which clinic.
    pub enrolments: &'static [Enrolment],
    pub wrongs: Wrongs,
}

/// What was said on the network, for what must be true of it.
#[derive(Default)]
pub struct Answers(Mutex<Said>);

#[derive(Default)]
struct Said {
    /// What clinics answered to each intent, for I2: the effect of an id is one, and all answers agree.
    intents: BTreeMap<String, Vec<u16>>,
    /// What clinics took of what persons wrote into their Patient.
    taken: Vec<(String, Bytes)>,
}

impl Answers {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, key: &str, status: u16) {
        let mut said = self.said();
        said.intents.entry(key.to_owned()).or_default().push(status);
    }

    /// Whether a clinic took a Patient with this text in it from somebody.
    pub fn were_taken(&self, host: &str, text: &str) -> bool {
        let said = self.said();
        said.taken
            .iter()
            .any(|(by, body)| by == host && String::from_utf8_lossy(body).contains(text))
    }

    /// Intents to which a clinic said both yes and no.
    pub fn contradictions(&self) -> Vec<String> {
        let said = self.said();
        let yes = |status: &u16| (200..300).contains(status);
        let no = |status: &u16| matches!(status, 400 | 404 | 409 | 410 | 412 | 422);
        said.intents
            .iter()
            .filter(|(_, statuses)| statuses.iter().any(yes) && statuses.iter().any(no))
            .map(|(key, statuses)| format!("I2: {key} was answered {statuses:?}"))
            .collect()
    }
}

/// What happens to one exchange.
enum Fate {
    Whole,
    Unreachable,
    /// It never arrives, and the phone waits as long as it waits.
    RequestLost,
    /// The clinic acts, the phone hears nothing until it gives up.
    AnswerLost,
    /// The clinic acts, then the connection breaks.
    Broken,
    /// The phone gives up, and then it arrives.
    Late(Duration),
    /// It arrives again, later.
    Twice(Duration),
    /// A captive portal answers.
    Portal,
}

impl Link {
    fn fate(&self, limits: Limits) -> Fate {
        match *self.weather.lock().unwrap_or_else(PoisonError::into_inner) {
            Weather::Calm => Fate::Whole,
            Weather::None => Fate::Unreachable,
            Weather::Bad => {
                let soon = Duration::from_millis(1);
                match self.dice.below(100) {
                    0..70 => Fate::Whole,
                    70..76 => Fate::Unreachable,
                    76..80 => Fate::RequestLost,
                    80..86 => Fate::AnswerLost,
                    86..90 => Fate::Broken,
                    90..94 => {
                        let after = self.dice.between(soon, Duration::from_secs(600));
                        Fate::Late(limits.timeout + after)
                    }
                    94..98 => Fate::Twice(self.dice.between(soon, Duration::from_secs(900))),
                    _ => Fate::Portal,
                }
            }
        }
    }

    /// Gives the request to its clinic, which answers at this very moment.
    fn deliver(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let what = format!("{} {}", request.method(), request.uri().path());
        let key = request
            .headers()
            .get("idempotency-key")
            .and_then(|key| key.to_str().ok())
            .map(ToOwned::to_owned);
        let clinic = self.clinics.get(&host).ok_or(TransportError::Unreachable)?;
        let written = (request.method() == http::Method::PUT).then(|| request.body().clone());
        let device = self.device.clone();
        let answer = clinic.answer(request);
        match &answer {
            Ok(response) => {
                // A server of others tells of everybody in its history.
                if clinic.tells_of_nobody_else() {
                    self.nobody_else(&host, response);
                }
                let status = response.status().as_u16();
                self.story
                    .tell(&self.name, format_args!("{what} at {host}: {status}"));
                // Whoever has no access any more hears that there is no such person, and no decision.
                let is_ended = |ended: &Ended| Some(&ended.device) == device.as_ref();
                let decides = status != 404 || !clinic.ended().iter().any(is_ended);
                if let Some(key) = key.filter(|_| decides) {
                    self.answers.note(&key, status);
                }
                if let Some(written) = written.filter(|_| (200..300).contains(&status)) {
                    self.answers.said().taken.push((host, written));
                }
            }
            Err(_) => self
                .story
                .tell(&self.name, format_args!("{what} at {host}: down")),
        }
        answer
    }

    /// I6: what a clinic of ours answers names no patient but those that the phone has there.
    fn nobody_else(&self, host: &str, answer: &Response<Bytes>) {
        let text = String::from_utf8_lossy(answer.body());
        for (number, patient) in PATIENTS.iter().enumerate() {
            let has = |(at, patients): &Enrolment| HOSTS[*at] == host && patients.contains(&number);
            if text.contains(patient) && !self.enrolments.iter().any(has) {
                self.wrongs
                    .note(format!("I6: {host} told {} of {patient}", self.name));
            }
        }
    }

    /// Gives it later, whoever still waits for it.
    fn deliver_later(&self, request: Request<Bytes>, after: Duration) {
        let link = Self {
            name: format!("{} (late)", self.name),
            ..self.clone()
        };
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let _nobody_waits = link.deliver(request);
        });
    }

    async fn exchange(
        &self,
        mut request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Response<Bytes>, TransportError> {
        if !self.powered.load(Ordering::SeqCst) {
            return Err(TransportError::Unreachable);
        }
        if let Some(device) = &self.device {
            let device = device.parse().expect("a device id");
            request.headers_mut().insert(DEVICE, device);
        }
        let slow = Duration::from_secs(4);
        let fate = self.fate(limits);
        let calm = matches!(fate, Fate::Whole) && self.dice.percent(70);
        let most = if calm { slow / 20 } else { slow };
        tokio::time::sleep(self.dice.between(Duration::from_millis(20), most)).await;
        let tell = |what| {
            self.story
                .tell(&self.name, format_args!("{}: {what}", request.uri().path()));
        };
        match fate {
            Fate::Whole => {
                let answer = self.deliver(request)?;
                tokio::time::sleep(self.dice.between(Duration::from_millis(20), most)).await;
                Ok(answer)
            }
            Fate::Unreachable => {
                tell("no network");
                Err(TransportError::Unreachable)
            }
            Fate::RequestLost => {
                tell("the request is lost");
                tokio::time::sleep(limits.timeout).await;
                Err(TransportError::Timeout)
            }
            Fate::AnswerLost => {
                tell("the answer is lost");
                let _lost = self.deliver(request)?;
                tokio::time::sleep(limits.timeout).await;
                Err(TransportError::Timeout)
            }
            Fate::Broken => {
                tell("the connection breaks");
                let _lost = self.deliver(request)?;
                Err(TransportError::Broken)
            }
            Fate::Late(after) => {
                tell("the request is late");
                self.deliver_later(request, after);
                tokio::time::sleep(limits.timeout).await;
                Err(TransportError::Timeout)
            }
            Fate::Twice(after) => {
                tell("the request arrives twice");
                self.deliver_later(request.clone(), after);
                self.deliver(request)
            }
            Fate::Portal => {
                tell("a captive portal answers");
                let page = Bytes::from_static(b"<!DOCTYPE html><html><body>Wi-Fi</body></html>");
                Ok(Response::builder()
                    .header("content-type", "text/html")
                    .body(page)
                    .unwrap())
            }
        }
    }
}

impl Transport for Link {
    fn send(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(self.exchange(request, limits))
    }
}

struct Thread(std::thread::Thread);

impl Wake for Thread {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread, so that nothing else in the runtime happens meanwhile and no time passes.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(tokio::task::unconstrained(future));
    let waker = Waker::from(Arc::new(Thread(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
