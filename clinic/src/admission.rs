//! Who is let in when more is asked than can be done. What cannot be answered soon is told to come later at the door, before
//! its path is looked up, its sender known or its body read: a phone that waits in vain asks again, and makes it worse. The
//! answer is the same for everybody, and is prepared. Who is let in has a place; while a body is still on its way the place
//! is others', so that who sends slowly keeps none from them.
//!
//! * People's own words come first: bookings, holds, readings, enrolments. So many of them are under way at most as are
//!   answered within [`TARGET`]; the limit follows what the last answers took (additive increase, multiplicative
//!   decrease, as TCP finds the width of a road).
//! * Whoever only looks is sent away sooner: as soon as half of that is in use.
//! * The desk is the clinic's own, and a feed that waits costs nothing while it waits: they are not counted.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{Method, Request};
use tokio::time::Instant;
use tower::{Service, ServiceExt as _};

use crate::fhir_api::ApiError;

/// What an answer to a booking may take on average: then hardly one takes more than twice as long.
const TARGET: Duration = Duration::from_millis(60);
/// How often the limit is thought over.
const WINDOW: Duration = Duration::from_millis(100);
/// Bookings under way: what is let in before anything was measured, always, and at most.
const FIRST: usize = 512;
const LEAST: usize = 128;
const MOST: usize = 1_024;
/// More that are let in after a window in which all places were taken and the answers were in time.
const STEP: usize = 16;
/// Others under way at most.
const LOOKING: usize = 256;

/// How a request is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Writes what a person decided.
    Deciding,
    /// Reads.
    Looking,
    /// Looks and then waits for news.
    Waiting,
    /// Is not counted.
    Free,
}

impl Class {
    fn of<B>(request: &Request<B>) -> Self {
        let path = request.uri().path();
        let decides = *request.method() == Method::PUT
            || path.ends_with("/$book")
            || path.ends_with("/$hold")
            || matches!(path, "/enrolment" | "/token");
        if decides {
            Self::Deciding
        } else if path.ends_with("/$changes") && request.headers().contains_key("prefer") {
            Self::Waiting
        } else if path.starts_with("/fhir/") {
            Self::Looking
        } else if path == "/live" {
            Self::Waiting
        } else {
            Self::Free
        }
    }
}

/// The answers since the limit was thought over last.
#[derive(Debug)]
struct Window {
    began: Instant,
    answers: u32,
    took: Duration,
}

/// Counts what is under way.
#[derive(Debug)]
pub(crate) struct Admission {
    limit: AtomicUsize,
    deciding: AtomicUsize,
    looking: AtomicUsize,
    /// Whether all places were taken in this window.
    was_full: AtomicBool,
    window: Mutex<Window>,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            limit: AtomicUsize::new(FIRST),
            deciding: AtomicUsize::new(0),
            looking: AtomicUsize::new(0),
            was_full: AtomicBool::new(false),
            window: Mutex::new(Window {
                began: Instant::now(),
                answers: 0,
                took: Duration::ZERO,
            }),
        }
    }
}

/// Takes one of so many places. Whether there was one.
fn take(taken: &AtomicUsize, most: usize) -> bool {
    let is_free = taken.fetch_add(1, Ordering::Relaxed) < most;
    if !is_free {
        // It was one too many.
        taken.fetch_sub(1, Ordering::Relaxed);
    }
    is_free
}

/// A place among those who look, given back when the request is over, also when its client is gone.
struct Place(Arc<Admission>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.looking.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The place of a request that decides something. It is given back when its last copy is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Entrance(Arc<Entered>);

#[derive(Debug)]
struct Entered {
    admission: Arc<Admission>,
    stay: Mutex<Stay>,
}

#[derive(Debug)]
struct Stay {
    has_place: bool,
    /// Since when its sender is known and all of it is there.
    since: Option<Instant>,
}

impl Entrance {
    /// Takes a place, if there is one.
    fn take(admission: &Arc<Admission>) -> Option<Self> {
        let entrance = Self(Arc::new(Entered {
            admission: Arc::clone(admission),
            stay: Mutex::new(Stay {
                has_place: false,
                since: None,
            }),
        }));
        entrance.enter().then_some(entrance)
    }

    fn enter(&self) -> bool {
        let is_in = self.0.admission.take_place();
        self.0.stay().has_place |= is_in;
        is_in
    }

    /// Reads a body. One that is not there yet is waited for outside, without the place; nothing when there is none any more
    /// once it has come.
    pub async fn read<T>(&self, body: impl Future<Output = T>) -> Option<T> {
        let mut body = pin!(body);
        let at_once = poll_fn(|context| Poll::Ready(body.as_mut().poll(context))).await;
        let body = match at_once {
            Poll::Ready(body) => body,
            Poll::Pending => {
                self.0.leave();
                let body = body.await;
                if !self.enter() {
                    return None;
                }
                body
            }
        };
        self.0.stay().since = Some(Instant::now());
        Some(body)
    }

    /// Says that the answer is there. Who was sent away before all was there says nothing of how long a decision takes.
    fn answered(&self) {
        let since = self.0.stay().since;
        if let Some(since) = since {
            let now = Instant::now();
            let took = now.saturating_duration_since(since);
            self.0.admission.answered(now, took);
        }
    }
}

impl Entered {
    fn stay(&self) -> MutexGuard<'_, Stay> {
        self.stay.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the place back, if it has one.
    fn leave(&self) {
        if std::mem::take(&mut self.stay().has_place) {
            self.admission.deciding.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Admission {
    /// Whether those who decide leave room for those who look.
    fn is_calm(&self) -> bool {
        let half = self.limit.load(Ordering::Relaxed) / 2;
        self.deciding.load(Ordering::Relaxed) < half
    }

    /// Takes a place among those who decide, if there is one.
    fn take_place(&self) -> bool {
        let is_free = take(&self.deciding, self.limit.load(Ordering::Relaxed));
        if !is_free {
            self.was_full.store(true, Ordering::Relaxed);
        }
        is_free
    }

    /// Somebody who decides was answered.
    fn answered(&self, now: Instant, took: Duration) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.answers = window.answers.saturating_add(1);
        window.took = window.took.saturating_add(took);
        if now.saturating_duration_since(window.began) < WINDOW {
            return;
        }
        let average = window.took / window.answers.max(1);
        let limit = self.limit.load(Ordering::Relaxed);
        let was_full = self.was_full.swap(false, Ordering::Relaxed);
        let next = if average > TARGET {
            (limit - limit / 8).max(LEAST)
        } else if was_full {
            (limit + STEP).min(MOST)
        } else {
            limit
        };
        self.limit.store(next, Ordering::Relaxed);
        *window = Window {
            began: now,
            answers: 0,
            took: Duration::ZERO,
        };
    }

    /// Whether a request is let in, and how it is counted.
    fn let_in<B>(self: &Arc<Self>, request: &Request<B>) -> Option<Way> {
        match Class::of(request) {
            Class::Free => Some(Way::Free),
            Class::Waiting => self.is_calm().then_some(Way::Free),
            Class::Looking => (self.is_calm() && take(&self.looking, LOOKING))
                .then(|| Way::Looking(Place(Arc::clone(self)))),
            Class::Deciding => Entrance::take(self).map(Way::Deciding),
        }
    }
}

/// How a request that was let in goes on.
enum Way {
    /// It is not counted.
    Free,
    /// With a place until it is over.
    Looking(Place),
    /// With a place that it leaves where it would keep others waiting.
    Deciding(Entrance),
}

/// The server behind its door.
#[derive(Clone)]
pub(crate) struct Door {
    admission: Arc<Admission>,
    inside: Router,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

impl Door {
    /// Before everything else: who is sent away must cost next to nothing.
    pub fn of(inside: Router) -> Self {
        Self {
            admission: Arc::default(),
            inside,
        }
    }
}

impl Service<Request<Body>> for Door {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A Router always is.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Some(way) = self.admission.let_in(&request) else {
            return Box::pin(ready(Ok(ApiError::Crowded.into_response())));
        };
        let inside = self.inside.clone();
        match way {
            Way::Free => Box::pin(inside.oneshot(request)),
            Way::Looking(place) => Box::pin(async move {
                let _place = place;
                inside.oneshot(request).await
            }),
            Way::Deciding(entrance) => Box::pin(async move {
                request.extensions_mut().insert(entrance.clone());
                let response = inside.oneshot(request).await;
                entrance.answered();
                response
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_decides_comes_before_who_looks() {
        let class = |method: Method, path: &str, prefer: bool| {
            let mut request = Request::new(());
            *request.method_mut() = method;
            *request.uri_mut() = path.parse().unwrap();
            if prefer {
                let wait = http::HeaderValue::from_static("wait=30");
                request.headers_mut().insert("prefer", wait);
            }
            Class::of(&request)
        };
        let deciding = [
            (Method::POST, "/fhir/Appointment/$book"),
            (Method::POST, "/fhir/Appointment/$hold"),
            (Method::PUT, "/fhir/Observation/a"),
            (Method::POST, "/enrolment"),
        ];
        for (method, path) in deciding {
            assert_eq!(class(method, path, false), Class::Deciding, "{path}");
        }
        for (path, prefer, expected) in [
            ("/fhir/Patient/a/$changes", true, Class::Waiting),
            ("/fhir/Patient/a/$changes", false, Class::Looking),
            ("/fhir/Observation?patient=a", false, Class::Looking),
            ("/live?patient=a", false, Class::Waiting),
            ("/desk", false, Class::Free),
        ] {
            assert_eq!(class(Method::GET, path, prefer), expected, "{path}");
        }
        let find = class(Method::POST, "/fhir/Appointment/$find", false);
        assert_eq!(find, Class::Looking);
    }

    #[test]
    fn the_limit_follows_what_answers_take() {
        let admission = Admission::default();
        let limit = || admission.limit.load(Ordering::Relaxed);
        let mut now = Instant::now();
        let mut answer = |took| {
            now += WINDOW;
            admission.answered(now, took);
        };
        answer(TARGET);
        assert_eq!(limit(), FIRST, "in time, and nobody was sent away");
        for _ in 0..100 {
            answer(2 * TARGET);
        }
        assert_eq!(limit(), LEAST);
        let is_full = || admission.was_full.store(true, Ordering::Relaxed);
        is_full();
        answer(TARGET / 2);
        assert_eq!(limit(), LEAST + STEP);
        for _ in 0..100 {
            is_full();
            answer(TARGET / 2);
        }
        assert_eq!(limit(), MOST);
    }

    #[test]
    fn who_looks_has_a_place_until_it_is_over() {
        let admission = Arc::new(Admission::default());
        let look = || {
            let mut request = Request::new(());
            *request.uri_mut() = "/fhir/Location".parse().unwrap();
            admission.let_in(&request)
        };
        let mut looking: Vec<_> = (0..LOOKING).map(|_| look()).collect();
        assert!(looking.iter().all(Option::is_some));
        assert!(look().is_none());
        looking.pop();
        assert!(look().is_some());
    }

    #[tokio::test]
    async fn who_decides_has_no_place_while_its_body_is_on_its_way() {
        let admission = Arc::new(Admission::default());
        let taken = || admission.deciding.load(Ordering::Relaxed);
        let mut entrances: Vec<_> = (0..FIRST)
            .map_while(|_| Entrance::take(&admission))
            .collect();
        assert_eq!(taken(), FIRST);
        assert!(Entrance::take(&admission).is_none(), "full");
        assert_eq!(taken(), FIRST);

        let quick = entrances.pop().unwrap();
        assert_eq!(quick.read(ready(())).await, Some(()));
        assert_eq!(taken(), FIRST, "it was there at once");
        let (body, arriving) = tokio::sync::oneshot::channel::<()>();
        let reading = tokio::spawn(async move { quick.read(arriving).await.is_some() });
        while taken() == FIRST {
            tokio::task::yield_now().await;
        }
        let another = Entrance::take(&admission);
        assert!(another.is_some(), "the place is others' meanwhile");
        body.send(()).unwrap();
        assert!(!reading.await.unwrap(), "and theirs when it has come");
        assert_eq!(taken(), FIRST);
        drop(another);

        let slow = entrances.pop().unwrap();
        let (body, arriving) = tokio::sync::oneshot::channel::<()>();
        let reading = tokio::spawn(async move { slow.read(arriving).await.is_some() });
        tokio::task::yield_now().await;
        body.send(()).unwrap();
        assert!(reading.await.unwrap(), "there is one again");
        drop(entrances);
        assert_eq!(taken(), 0, "also when its client is gone");
    }

    #[test]
    fn only_decisions_say_how_long_one_takes() {
        let admission = Arc::new(Admission::default());
        let answers = || admission.window.lock().unwrap().answers;
        let entrance = Entrance::take(&admission).unwrap();
        entrance.answered();
        assert_eq!(answers(), 0, "nobody read what it wants");
        entrance.0.stay().since = Some(Instant::now());
        entrance.answered();
        assert_eq!(answers(), 1);
    }

    #[tokio::test]
    async fn at_a_full_door_everybody_hears_the_same() {
        let door = Door::of(Router::new());
        let entrances: Vec<_> = (0..FIRST)
            .map_while(|_| Entrance::take(&door.admission))
            .collect();
        let ask = async |path: &str, authorization: Option<&'static str>| {
            let mut request = Request::post(path).body(Body::empty()).unwrap();
            if let Some(token) = authorization {
                let token = http::HeaderValue::from_static(token);
                request.headers_mut().insert("authorization", token);
            }
            let answer = door.clone().oneshot(request).await.unwrap();
            let (head, body) = answer.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            (head.status, head.headers, body)
        };
        let nobody = ask("/fhir/Appointment/$book", None).await;
        assert_eq!(nobody.0, http::StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(nobody.1["retry-after"], "2");
        for path in ["/fhir/Appointment/$book", "/nothing/$book"] {
            assert_eq!(ask(path, Some("Bearer x")).await, nobody);
        }
        drop(entrances);
        let nothing = ask("/nothing/$book", None).await;
        assert_eq!(nothing.0, http::StatusCode::NOT_FOUND);
    }
}
