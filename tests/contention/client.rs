//! One of a thousand: books, holds, moves and calls off, loses answers, and asks until it knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_fhir::{Appointment, AppointmentStatus, BookRequest, HoldRequest};
use sokhoe_testing::SeededRng;
use sokhoe_tests::crowd::CrowdPhone;
use sokhoe_tests::hurried_clock::{HurriedClock, TIMES};
use sokhoe_tests::plain_http::{Answer, Connection};

use crate::answers::{Known, appointment, held_until, refusal};
use crate::counts::Counts;
use crate::history::Event;
use crate::seat::{Ask, Id, Op, Ret};

/// Pause before the clinic is looked for again.
const AWAY: Duration = Duration::from_millis(20);
/// Answers that a client asks for again now and then.
const REMEMBERED: usize = 32;
/// Bookings that a client keeps at most before it calls one off.
const KEPT: usize = 2;

/// A time that everybody wants.
#[derive(Debug, Clone)]
pub struct HotSlot {
    /// The id of the proposed Appointment.
    pub proposed: String,
    pub start: Timestamp,
    pub doctor: String,
}

/// What all clients have together.
#[derive(Debug)]
pub struct Stage {
    pub address: String,
    pub slots: Vec<HotSlot>,
    pub clock: HurriedClock,
    pub began: Instant,
    /// Operations that may still begin.
    pub left: AtomicU64,
    pub next_id: AtomicU64,
}

/// A booking that its client was told of.
#[derive(Debug, Clone)]
pub struct Mine {
    pub id: Id,
    pub slot: usize,
    pub person: String,
}

/// What a client did.
#[derive(Debug, Default)]
pub struct Done {
    /// By slot.
    pub events: Vec<(usize, Event)>,
    pub mine: Vec<Mine>,
    /// The ids of bookings that were called off.
    pub called_off: Vec<Id>,
    pub counts: Counts,
    /// What must not be.
    pub wrongs: Vec<String>,
}

/// What came of an operation.
enum Came {
    Done(Vec<u8>),
    Taken,
    TooMany,
}

/// A client.
#[derive(Debug)]
pub struct Client {
    stage: Arc<Stage>,
    phone: CrowdPhone,
    rng: SeededRng,
    connection: Option<Connection>,
    known: Vec<Known>,
    done: Done,
}

impl Client {
    pub fn new(stage: Arc<Stage>, phone: CrowdPhone, seed: u64) -> Self {
        Self {
            stage,
            phone,
            rng: SeededRng::new(seed),
            connection: None,
            known: Vec::new(),
            done: Done::default(),
        }
    }

    /// Asks until nothing is left to begin.
    pub async fn run(mut self) -> Done {
        while self.done.wrongs.is_empty() {
            let has_enough = self.done.mine.len() >= KEPT;
            match self.below(100) {
                0..3 => self.repeat().await,
                _ if !self.may_begin() => break,
                3..45 if !self.done.mine.is_empty() => self.call_off().await,
                45..60 if !self.done.mine.is_empty() => self.move_one().await,
                _ if has_enough => self.call_off().await,
                60..80 => self.hold_and_book().await,
                _ => self.book().await,
            }
        }
        self.done
    }

    fn may_begin(&mut self) -> bool {
        let left = &self.stage.left;
        let took = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        self.done.counts.attempts += u64::from(took.is_ok());
        took.is_ok()
    }

    fn below(&self, end: usize) -> usize {
        usize::try_from(self.rng.next() % end as u64).expect("below")
    }

    fn new_id(&self) -> Id {
        self.stage.next_id.fetch_add(1, Ordering::Relaxed)
    }

    fn person(&self) -> String {
        self.phone.people[self.below(self.phone.people.len())].clone()
    }

    async fn book(&mut self) {
        let (id, slot, person) = (
            self.new_id(),
            self.below(self.stage.slots.len()),
            self.person(),
        );
        let body = BookRequest {
            appointment: Some(self.stage.slots[slot].proposed.clone()),
            resource: None,
            patient: person.clone(),
            comment: None,
            otherwise: None,
            move_to: None,
            occurrence: None,
        };
        let (came, event) = self
            .ask("$book", id, &body.to_parameters(), Ask::Book(id))
            .await;
        self.claimed(came, event, Mine { id, slot, person });
    }

    async fn hold_and_book(&mut self) {
        let (id, slot, person) = (
            self.new_id(),
            self.below(self.stage.slots.len()),
            self.person(),
        );
        let body = HoldRequest {
            appointment: self.stage.slots[slot].proposed.clone(),
            patient: person.clone(),
        };
        let (came, event) = self
            .ask("$hold", id, &body.to_parameters(), Ask::Hold(id))
            .await;
        match came {
            Came::Done(bytes) => {
                self.done.counts.held += 1;
                match held_until(&bytes) {
                    Some(until) => self.note(
                        slot,
                        event,
                        Ret::Held {
                            until: until.as_millis(),
                        },
                    ),
                    None => self.wrong("a hold without an end"),
                }
            }
            Came::Taken => return self.taken(slot, event),
            Came::TooMany => return,
        }
        // One of ten is never booked: it ends by the clinic's clock.
        if self.below(10) == 0 || !self.may_begin() {
            return;
        }
        let body = BookRequest {
            appointment: Some(key(id)),
            resource: None,
            patient: person.clone(),
            comment: None,
            otherwise: None,
            move_to: None,
            occurrence: None,
        };
        // Not the key of the hold: an intent is one operation.
        let intent = self.new_id();
        let (came, event) = self
            .ask("$book", intent, &body.to_parameters(), Ask::BookHeld(id))
            .await;
        self.claimed(came, event, Mine { id, slot, person });
    }

    fn claimed(&mut self, came: Came, event: Event, mine: Mine) {
        match came {
            Came::Done(bytes) => {
                let booked = appointment(&bytes).is_some_and(|booked| {
                    booked.status == AppointmentStatus::Booked
                        && booked.id.as_deref() == Some(&*key(mine.id))
                        && booked.start == Some(self.stage.slots[mine.slot].start)
                });
                if !booked {
                    self.wrong("a confirmation of something else");
                }
                self.done.counts.won += 1;
                self.note(mine.slot, event, Ret::Done);
                self.done.mine.push(mine);
            }
            Came::Taken => self.taken(mine.slot, event),
            Came::TooMany => {}
        }
    }

    async fn call_off(&mut self) {
        let mine = self.done.mine.swap_remove(self.below(self.done.mine.len()));
        let (came, event) = self
            .change(&mine, AppointmentStatus::Cancelled, mine.slot)
            .await;
        match came {
            Came::Done(_) => {
                self.done.counts.called_off += 1;
                self.done.called_off.push(mine.id);
                self.note(mine.slot, event, Ret::Done);
            }
            Came::Taken | Came::TooMany => self.wrong("a cancellation was refused"),
        }
    }

    /// To another time of the same doctor.
    async fn move_one(&mut self) {
        let at = self.below(self.done.mine.len());
        let mine = self.done.mine[at].clone();
        let doctor = &self.stage.slots[mine.slot].doctor;
        let others: Vec<usize> = (0..self.stage.slots.len())
            .filter(|n| *n != mine.slot && self.stage.slots[*n].doctor == *doctor)
            .collect();
        let to = others[self.below(others.len())];
        let (came, event) = self.change(&mine, AppointmentStatus::Booked, to).await;
        let as_asked = |ask| Event {
            op: Op { ask, ..event.op },
            ..event
        };
        match came {
            Came::Done(_) => {
                self.done.counts.moved += 1;
                self.note(mine.slot, as_asked(Ask::Leave(mine.id)), Ret::Done);
                self.note(to, event, Ret::Done);
                self.done.mine[at].slot = to;
            }
            Came::Taken => {
                self.note(mine.slot, as_asked(Ask::Stay(mine.id)), Ret::Done);
                self.taken(to, event);
            }
            Came::TooMany => self.wrong("a move was refused as too many"),
        }
    }

    async fn change(
        &mut self,
        mine: &Mine,
        status: AppointmentStatus,
        slot: usize,
    ) -> (Came, Event) {
        let changed = Appointment {
            id: Some(key(mine.id)),
            status,
            start: Some(self.stage.slots[slot].start),
            ..Appointment::default()
        };
        let body = BookRequest {
            appointment: None,
            resource: Some(changed),
            patient: mine.person.clone(),
            comment: None,
            otherwise: None,
            move_to: None,
            occurrence: None,
        };
        let intent = self.new_id();
        let ask = match status {
            AppointmentStatus::Cancelled => Ask::Leave(mine.id),
            _ => Ask::Book(mine.id),
        };
        self.ask("$book", intent, &body.to_parameters(), ask).await
    }

    fn taken(&mut self, slot: usize, event: Event) {
        self.done.counts.taken += 1;
        self.note(slot, event, Ret::Taken);
    }

    fn note(&mut self, slot: usize, event: Event, ret: Ret) {
        self.done.events.push((slot, Event { ret, ..event }));
    }

    fn wrong(&mut self, what: &str) {
        self.done.wrongs.push(what.to_owned());
    }

    /// An answer that is known, once more: it must be the same to the byte.
    async fn repeat(&mut self) {
        if self.known.is_empty() {
            return;
        }
        let place = self.below(self.known.len());
        let request = self.known[place].request.clone();
        let (_, answer) = self.answered(&request, false).await;
        self.done.counts.repeated += 1;
        if !self.known[place].is(&answer) {
            self.wrong("another answer under the same key");
        }
    }

    /// One operation, until its answer is known. The event has no result yet.
    async fn ask(&mut self, operation: &str, intent: Id, body: &str, ask: Ask) -> (Came, Event) {
        let path = format!("/fhir/Appointment/{operation}");
        let request = self.phone.request(&path, Some(&key(intent)), Some(body));
        let throws_away = self.below(100) < 5;
        let from = self.stage.clock.now().as_millis();
        let (began, answer) = self.answered(&request, throws_away).await;
        let event = Event {
            began,
            ended: self.moment(),
            op: Op {
                place: 0,
                ask,
                from,
                to: self.stage.clock.now().as_millis(),
            },
            ret: Ret::Done,
        };
        let known = Known::new(request, &answer);
        if self.known.len() < REMEMBERED {
            self.known.push(known);
        } else {
            let place = self.below(REMEMBERED);
            self.known[place] = known;
        }
        let came = match (answer.status, refusal(&answer).as_deref()) {
            (200, _) => Came::Done(answer.body),
            (409, Some("slot-taken")) => Came::Taken,
            (409, Some("too-many")) => {
                self.done.counts.too_many += 1;
                Came::TooMany
            }
            (status, refusal) => {
                self.wrong(&format!("{operation} {ask:?}: {status} {refusal:?}"));
                Came::TooMany
            }
        };
        (came, event)
    }

    /// Asks until there is an answer, and says when the first request went out. What the clinic has not decided is
    /// asked again as it says; what may have arrived is asked again under the same key.
    async fn answered(&mut self, request: &[u8], mut throws_away: bool) -> (u64, Answer) {
        let began = self.moment();
        loop {
            // A proof is of one try.
            let request = &self.phone.again(request);
            let Some(connection) = &mut self.connection else {
                match Connection::open(&self.stage.address).await {
                    Ok(connection) => self.connection = Some(connection),
                    Err(_) => tokio::time::sleep(AWAY).await,
                }
                continue;
            };
            if throws_away {
                throws_away = false;
                let _broke_before = connection.send(request).await;
                let pause = Duration::from_micros(self.rng.next() % 10_000);
                tokio::time::sleep(pause).await;
                self.connection = None;
                self.done.counts.thrown_away += 1;
                continue;
            }
            match connection.ask(request).await {
                Ok(Answer {
                    status: 429 | 503,
                    retry_after: Some(seconds),
                    ..
                }) => {
                    self.done.counts.later += 1;
                    let hurried = TIMES.unsigned_abs();
                    tokio::time::sleep(Duration::from_millis(seconds * 1_000 / hurried)).await;
                }
                // Five minutes of the clinic's are five seconds here: it was on its way for longer, or the clinic began anew.
                Ok(Answer { status: 401, .. }) => {
                    self.done.counts.later += 1;
                    tokio::time::sleep(AWAY).await;
                }
                Ok(answer) => return (began, answer),
                Err(_) => {
                    self.done.counts.broken += 1;
                    self.connection = None;
                }
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a history has moments")]
    fn moment(&self) -> u64 {
        let since = Instant::now().duration_since(self.stage.began);
        u64::try_from(since.as_nanos()).expect("a run of less than centuries")
    }
}

/// The key of an intent, and the id of the booking that it makes.
pub fn key(id: Id) -> String {
    format!("01990000-0000-7000-8000-{id:012x}")
}
