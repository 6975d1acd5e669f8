//! Who is let in when more is asked than can be done. What cannot be answered soon is told to come later at once, before
//! its body is read and anything is asked of the database: a phone that waits in vain asks again, and makes it worse. A
//! place is taken when the body has come and its sender is known, so that who sends slowly keeps none from the others.
//!
//! * People's own words come first: bookings, holds, readings, enrolments. So many of them are under way at most as are
//!   answered within [`TARGET`]; the limit follows what the last answers took (additive increase, multiplicative
//!   decrease, as TCP finds the width of a road).
//! * Whoever only looks is sent away sooner: as soon as half of that is in use.
//! * The desk is the clinic's own, and a feed that waits costs nothing while it waits: they are not counted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{Method, Request};
use tokio::time::Instant;

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
            || path == "/enrolment";
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
    /// Whether all places were taken.
    full: bool,
}

/// Counts what is under way.
#[derive(Debug)]
pub(crate) struct Admission {
    limit: AtomicUsize,
    deciding: AtomicUsize,
    looking: AtomicUsize,
    window: Mutex<Window>,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            limit: AtomicUsize::new(FIRST),
            deciding: AtomicUsize::new(0),
            looking: AtomicUsize::new(0),
            window: Mutex::new(Window {
                began: Instant::now(),
                answers: 0,
                took: Duration::ZERO,
                full: false,
            }),
        }
    }
}

/// A place among those who look, given back when the request is over, also when its client is gone.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(taken: &'a AtomicUsize, most: usize) -> Option<Self> {
        let place = Self(taken);
        // Dropped, it gives back what it was one too many.
        (taken.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where a request that decides something takes its place, once it is there as a whole. It gives it back when its last
/// copy is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Entrance(Arc<Entered>);

#[derive(Debug)]
struct Entered {
    admission: Arc<Admission>,
    since: OnceLock<Instant>,
}

impl Entrance {
    fn new(admission: Arc<Admission>) -> Self {
        let since = OnceLock::new();
        Self(Arc::new(Entered { admission, since }))
    }

    /// Takes the place. Whether there was one.
    pub fn enter(&self) -> bool {
        let Entered { admission, since } = &*self.0;
        let limit = admission.limit.load(Ordering::Relaxed);
        let Some(place) = Place::take(&admission.deciding, limit) else {
            admission.was_full();
            return false;
        };
        if since.set(Instant::now()).is_ok() {
            // `Entered` gives it back.
            std::mem::forget(place);
        }
        true
    }

    /// Says that the answer is there.
    fn answered(&self) {
        if let Some(since) = self.0.since.get() {
            let now = Instant::now();
            let took = now.saturating_duration_since(*since);
            self.0.admission.answered(now, took);
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if self.since.get().is_some() {
            self.admission.deciding.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Admission {
    /// Whether those who decide leave room for those who look.
    fn is_calm(&self) -> bool {
        let half = self.limit.load(Ordering::Relaxed) / 2;
        self.deciding.load(Ordering::Relaxed) < half
    }

    /// Whether whoever decides must come later.
    fn is_full(&self) -> bool {
        self.deciding.load(Ordering::Relaxed) >= self.limit.load(Ordering::Relaxed)
    }

    fn window(&self) -> std::sync::MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody who decides found no place.
    fn was_full(&self) {
        self.window().full = true;
    }

    /// Somebody who decides was answered.
    fn answered(&self, now: Instant, took: Duration) {
        let mut window = self.window();
        window.answers = window.answers.saturating_add(1);
        window.took = window.took.saturating_add(took);
        if now.saturating_duration_since(window.began) < WINDOW {
            return;
        }
        let average = window.took / window.answers.max(1);
        let limit = self.limit.load(Ordering::Relaxed);
        let next = if average > TARGET {
            (limit - limit / 8).max(LEAST)
        } else if window.full {
            (limit + STEP).min(MOST)
        } else {
            limit
        };
        self.limit.store(next, Ordering::Relaxed);
        *window = Window {
            began: now,
            answers: 0,
            took: Duration::ZERO,
            full: false,
        };
    }
}

/// Lets a request in, or tells it to come later.
pub(crate) async fn admit(
    State(admission): State<Arc<Admission>>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let later = || ApiError::Crowded.into_response();
    match Class::of(&request) {
        Class::Free => next.run(request).await,
        Class::Waiting if admission.is_calm() => next.run(request).await,
        Class::Looking if admission.is_calm() => {
            let Some(_place) = Place::take(&admission.looking, LOOKING) else {
                return later();
            };
            next.run(request).await
        }
        Class::Waiting | Class::Looking => later(),
        Class::Deciding => {
            if admission.is_full() {
                admission.was_full();
                return later();
            }
            let entrance = Entrance::new(admission);
            request.extensions_mut().insert(entrance.clone());
            let response = next.run(request).await;
            entrance.answered();
            response
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
        admission.was_full();
        answer(TARGET / 2);
        assert_eq!(limit(), LEAST + STEP);
        for _ in 0..100 {
            admission.was_full();
            answer(TARGET / 2);
        }
        assert_eq!(limit(), MOST);
    }

    #[test]
    fn a_place_is_given_back() {
        let taken = AtomicUsize::new(0);
        let first = Place::take(&taken, 1);
        assert!(first.is_some());
        assert!(Place::take(&taken, 1).is_none());
        drop(first);
        assert!(Place::take(&taken, 1).is_some());
    }

    #[test]
    fn who_decides_has_a_place_from_when_all_of_it_is_there() {
        let admission = Arc::new(Admission::default());
        let taken = || admission.deciding.load(Ordering::Relaxed);
        let entrance = Entrance::new(Arc::clone(&admission));
        assert_eq!(taken(), 0, "a slow body takes no place");
        assert!(entrance.enter());
        let others: Vec<_> = (1..FIRST)
            .map(|_| Entrance::new(Arc::clone(&admission)))
            .collect();
        assert!(others.iter().all(Entrance::enter));
        assert!(admission.is_full());
        let late = Entrance::new(Arc::clone(&admission));
        assert!(!late.enter());
        drop(late);
        assert_eq!(taken(), FIRST);
        drop(others);
        drop(entrance);
        assert_eq!(taken(), 0, "also when its client is gone");
    }
}
