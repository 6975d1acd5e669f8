//! Up: the outbox, to clinics of ours and to any other FHIR server (`server`), and what a person wrote
//! (`changes`; `readings` at other servers).

mod changes;
mod readings;
mod server;
mod together;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use sokhoe_client::{ClientError, GarbledAnswer};
use sokhoe_domain::planted::{Bug, is_planted};
use sokhoe_domain::{BookingState, ClinicId, IntentId, Refusal, ResourceKey, Timestamp, Wire};
use sokhoe_fhir::scheduling::BookRequest;
use sokhoe_fhir::{Appointment, AppointmentStatus, Ref};
use sokhoe_vault::{IntentKind, NewEvent, ParkedWhy, StoredBooking, StoredIntent, VaultError};
use tokio::task::JoinHandle;

use crate::appointment::{
    self, CANCELLATION_REFUSED, CancellationRefused, MOVE_REFUSED, MoveRefused, booking_from,
    decided, moved_as_wanted, news_of, of_another_time, with_asked, with_names_of,
};
use crate::error::SyncError;
use crate::intent::{BookIntent, CancelIntent, MoveIntent};
use crate::lane::{Engine, Lane};
use crate::pace::{self, Cause, HostPaces, Permit, WaitUntil};
use crate::trip::Trip;
use crate::waiting_list::{self, OFFER_OVER, OfferIntent, OfferOver, WaitIntent};
pub(crate) use readings::ReadingWays;

/// What the person hears when an intent is kept back.
const PARKED: &str = "intent-parked";
/// So many answers from which nothing follows, all under the same id, and the intent is kept back: had the
/// clinic acted on it, it would have said so by then.
const UNCLEAR_ANSWERS: u32 = 5;
/// The same for a client error without a clinic's word on it, which may be a stranger's on the way: a bad
/// network must not keep a booking back that will go through at home. At the backoff's cap these take
/// three quarters of an hour.
const STRANGE_ANSWERS: u32 = 20;

/// Whether a person waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A person looks at the screen: intents go out at once, whatever their backoff says, unless their
    /// clinic is being left alone.
    Foreground,
    /// Nobody waits: only intents whose time has come.
    Background,
}

/// What became of the outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Intents that were answered for good.
    pub settled: u64,
    /// Intents that still wait.
    pub waiting: u64,
    /// Intents that are kept back from now on, since they cannot succeed as they are.
    pub parked: u64,
    /// Clinics that could not be reached.
    pub unreachable: BTreeSet<ClinicId>,
    /// Clinics that no longer know this phone.
    pub unauthorized: BTreeSet<ClinicId>,
    /// Clinics that were not asked because it was too early, and when they may be.
    pub next_try: BTreeMap<ClinicId, Timestamp>,
}

impl Urgency {
    /// Until when something must have been due to go out now.
    fn until(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Foreground => Timestamp::from_millis(i64::MAX),
            Self::Background => now,
        }
    }
}

impl Pushed {
    /// Takes in what became of one lane. What still waits is counted once, for all.
    fn add(&mut self, of_lane: Self) {
        self.settled += of_lane.settled;
        self.parked += of_lane.parked;
        self.unreachable.extend(of_lane.unreachable);
        self.unauthorized.extend(of_lane.unauthorized);
        self.next_try.extend(of_lane.next_try);
    }

    /// Whether a lane ends here: its clinic gives no answer, or does not know this phone.
    fn is_over(&self) -> bool {
        !self.unreachable.is_empty() || !self.unauthorized.is_empty()
    }
}

/// What one exchange means for an intent.
enum Outcome {
    /// The clinic decided.
    Settled(Box<StoredBooking>, Vec<NewEvent>),
    /// The clinic said no, and the booking stands as it was: the intent is over.
    Over(Vec<NewEvent>),
    /// It cannot succeed as it is; its booking stays what it was.
    Parked(ParkedWhy, Vec<NewEvent>),
    /// There is an answer from which nothing follows; so many of them are too many.
    Unclear { too_many: u32 },
    /// To be asked again; `arrived` unless it is sure that nothing reached the clinic.
    Again {
        after: Option<Duration>,
        arrived: bool,
    },
}

/// How a lane's clinic is called.
struct Calls {
    host: String,
    paces: HostPaces,
    urgency: Urgency,
}

impl Calls {
    fn of(lane: &Lane, urgency: Urgency, paces: &HostPaces) -> Self {
        Self {
            host: lane.client.origin(),
            paces: paces.clone(),
            urgency,
        }
    }

    /// Whether what was tried so often may go out.
    fn may_call(&self, attempts: u32) -> Result<Permit, WaitUntil> {
        let cause = match self.urgency {
            Urgency::Foreground => Cause::Person,
            Urgency::Background if attempts > 0 => Cause::Again,
            Urgency::Background => Cause::Decided,
        };
        self.paces.may_call(&self.host, cause)
    }
}

/// What was tried least comes first, in order for one thing: an intent that a clinic stumbles over, so
/// that its lane ends there, does not keep the others from going out.
fn fresh_first(mut intents: Vec<StoredIntent>) -> Vec<StoredIntent> {
    let mut tried: HashMap<String, u32> = HashMap::new();
    for intent in &intents {
        tried.entry(intent.thing.clone()).or_insert(intent.attempts);
    }
    intents.sort_by_key(|intent| tried.get(&intent.thing).copied());
    intents
}

impl Engine {
    /// Sends what waits: in order for one thing, independently across things, every clinic beside the
    /// others. A clinic that cannot be reached holds back only its own, and is called at its pace.
    ///
    /// # Errors
    /// [`SyncError::Vault`] only: what clinics answer is a state, not an error.
    pub async fn push(
        &self,
        lanes: &[Lane],
        urgency: Urgency,
        paces: &HostPaces,
    ) -> Result<Pushed, SyncError> {
        let due = self.vault.due(urgency.until(self.clock.now()))?;
        let sending: Vec<_> = lanes
            .iter()
            .filter_map(|lane| {
                let of_lane = |intent: &&StoredIntent| intent.clinic == lane.clinic;
                let intents = fresh_first(due.iter().filter(of_lane).cloned().collect());
                (!intents.is_empty()).then(|| {
                    let (engine, lane) = (self.clone(), lane.clone());
                    let calls = Calls::of(&lane, urgency, paces);
                    tokio::spawn(async move { engine.push_lane(&lane, &intents, &calls).await })
                })
            })
            .collect();
        let mut pushed = self.gathered(sending).await?;
        pushed.waiting = self.vault.due(Timestamp::from_millis(i64::MAX))?.len() as u64;
        Ok(pushed)
    }

    /// What became of all lanes, each of which sends in a task of its own. What is under way when the time
    /// is up is given up: it may have arrived, and is asked for like after a lost answer.
    async fn gathered(
        &self,
        sending: Vec<JoinHandle<Result<Pushed, SyncError>>>,
    ) -> Result<Pushed, SyncError> {
        let aborts: Vec<_> = sending.iter().map(JoinHandle::abort_handle).collect();
        let gathering = async {
            let mut pushed = Pushed::default();
            for lane in sending {
                // A task that was aborted, or ended with its runtime, leaves what it had to send where it is.
                let Ok(of_lane) = lane.await else { continue };
                pushed.add(of_lane?);
            }
            Ok(pushed)
        };
        let Some(left) = self.bounds.time_left(self.clock.now()) else {
            return gathering.await;
        };
        let mut gathering = std::pin::pin!(gathering);
        tokio::select! {
            biased;
            pushed = &mut gathering => return pushed,
            () = self.clock.sleep(left) => {}
        }
        for lane in aborts {
            lane.abort();
        }
        gathering.await
    }

    async fn push_lane(
        &self,
        lane: &Lane,
        intents: &[StoredIntent],
        calls: &Calls,
    ) -> Result<Pushed, SyncError> {
        let mut pushed = Pushed::default();
        let mut blocked: HashSet<&str> = HashSet::new();
        for intent in intents {
            if pushed.is_over() || self.bounds.is_time_up(self.clock.now()) {
                break;
            }
            if !blocked.contains(intent.thing.as_str())
                && !self.send(lane, intent, calls, &mut pushed).await?
            {
                blocked.insert(&intent.thing);
            }
        }
        Ok(pushed)
    }

    /// Sends one intent; whether it is out of the outbox.
    async fn send(
        &self,
        lane: &Lane,
        intent: &StoredIntent,
        calls: &Calls,
        pushed: &mut Pushed,
    ) -> Result<bool, SyncError> {
        let booking = match intent.thing.parse() {
            Ok(id) => self.vault.booking(id)?,
            Err(_) => None,
        };
        let (Some(booking), Some(request)) = (booking, request_of(intent)) else {
            let events = vec![self.event(PARKED, intent)];
            self.park(intent, &ParkedWhy::Unreadable, &events, pushed)?;
            return Ok(false);
        };
        // It was called off meanwhile: there is nothing to be moved, or answered.
        let is_over = match intent.kind {
            IntentKind::Move => booking.state != BookingState::Confirmed,
            IntentKind::Take | IntentKind::Decline => {
                !booking.state.is_waiting_list() && booking.state != BookingState::Confirmed
            }
            IntentKind::Book | IntentKind::Cancel | IntentKind::Wait => false,
        };
        if is_over {
            self.vault.drop_intent(intent.id, &[])?;
            return Ok(true);
        }
        let permit = match calls.may_call(intent.attempts) {
            Ok(permit) => permit,
            Err(WaitUntil(next_try)) => {
                pushed.next_try.insert(lane.clinic.clone(), next_try);
                return Ok(false);
            }
        };
        match self.vault.mark_sending(intent.id, self.clock.now()) {
            Ok(()) => {}
            Err(error) => return self.overtaken_by_feed(intent, error),
        }
        if is_planted(Bug::ForgottenWhenSent) {
            self.vault.drop_intent(intent.id, &[])?;
        }
        let outcome = match (lane.wire, &request) {
            (Wire::Clinic, _) if let Some(trip) = trip_of(intent) => {
                self.send_together(lane, intent, booking, &trip, permit, pushed)
                    .await
            }
            (Wire::Clinic, request) => {
                let key = self.key_of(intent);
                let answer = match request {
                    Asked::Book(request) => lane.client.book(request, key).await,
                    Asked::Wait(wanted) => lane.client.wait(&wanted.parameters, key).await,
                };
                match answer {
                    Ok(answer) => {
                        permit.succeeded();
                        let stands = self.what_stands(lane, intent, answer.appointment).await;
                        match stands {
                            Ok(appointment) => {
                                let names = names_of(intent, &booking, &appointment);
                                self.answered(intent, booking, &names, &appointment)
                            }
                            Err(error) => self.failed(lane, intent, booking, error, pushed),
                        }
                    }
                    Err(error) => {
                        permit.failed(&error);
                        match self.offer_is_over(lane, intent, &booking, &error).await {
                            Some(Ok(outcome)) => outcome,
                            Some(Err(error)) => self.failed(lane, intent, booking, error, pushed),
                            None => self.failed(lane, intent, booking, error, pushed),
                        }
                    }
                }
            }
            (Wire::Server, Asked::Book(request)) => {
                self.send_to_server(lane, intent, booking, request, permit, pushed)
                    .await?
            }
            // Nobody is let wait at such a server; what was kept from another time is refused by this phone.
            (Wire::Server, Asked::Wait(_)) => {
                permit.succeeded();
                let code = Refusal::KEEPS_NO_WAITING_LIST.to_owned();
                self.refused(intent, booking, Refusal::Other { code })
            }
        };
        let kept = match outcome {
            Outcome::Settled(booking, events) => self.vault.settle(intent.id, &booking, &events),
            Outcome::Over(events) => self.vault.drop_intent(intent.id, &events),
            Outcome::Parked(why, events) => {
                self.park(intent, &why, &events, pushed)?;
                return Ok(false);
            }
            Outcome::Unclear { too_many } => {
                if self.count_unclear(intent)? < too_many {
                    return self.postpone(intent, None, true);
                }
                let events = vec![self.event(PARKED, intent)];
                self.park(intent, &ParkedWhy::Unclear, &events, pushed)?;
                return Ok(false);
            }
            Outcome::Again { after, arrived } => return self.postpone(intent, after, arrived),
        };
        match kept {
            Ok(()) => {
                pushed.settled += 1;
                Ok(true)
            }
            Err(error) => self.overtaken_by_feed(intent, error),
        }
    }

    /// The Appointment as it stands after an answer. A clinic gives the same answer to the same move for ever; since one
    /// that was sent before, the booking may have been moved again, and the feed may have brought that.
    async fn what_stands(
        &self,
        lane: &Lane,
        intent: &StoredIntent,
        answer: Appointment,
    ) -> Result<Appointment, ClientError> {
        let may_be_old = match intent.kind {
            IntentKind::Move | IntentKind::Wait | IntentKind::Take | IntentKind::Decline => true,
            IntentKind::Book | IntentKind::Cancel => false,
        };
        if !may_be_old || !intent.sent {
            return Ok(answer);
        }
        self.read_appointment(lane, intent, answer).await
    }

    /// The Appointment that an intent is about, as it stands; `known` with its state when it is gone.
    async fn read_appointment(
        &self,
        lane: &Lane,
        intent: &StoredIntent,
        answer: Appointment,
    ) -> Result<Appointment, ClientError> {
        let key = ResourceKey::new("Appointment", intent.thing.as_str());
        match lane.client.versioned(&key).await {
            Ok(versioned) => appointment::read(lane.wire, &versioned.json)
                .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir)),
            Err(ClientError::Gone) => Ok(Appointment {
                status: AppointmentStatus::Cancelled,
                ..answer
            }),
            // A word on what can be read is none on the booking.
            Err(ClientError::NotFound | ClientError::Refused { .. }) => {
                Err(ClientError::Garbled(GarbledAnswer::NotFhir))
            }
            Err(error) => Err(error),
        }
    }

    /// What a refused answer to an offer means: the time went to the next, and the person's place is as it stands. Nothing
    /// for anything else.
    async fn offer_is_over(
        &self,
        lane: &Lane,
        intent: &StoredIntent,
        before: &StoredBooking,
        error: &ClientError,
    ) -> Option<Result<Outcome, ClientError>> {
        let ClientError::Refused { code, .. } = error else {
            return None;
        };
        let answered = match intent.kind {
            IntentKind::Take | IntentKind::Decline => OfferIntent::read(&intent.body)?,
            IntentKind::Book | IntentKind::Cancel | IntentKind::Move | IntentKind::Wait => {
                return None;
            }
        };
        let gone = Appointment {
            id: Some(intent.thing.clone()),
            ..Appointment::default()
        };
        let stands = match self.read_appointment(lane, intent, gone).await {
            Ok(stands) => stands,
            Err(error) => return Some(Err(error)),
        };
        let names = names_of(intent, before, &stands);
        let mut outcome = self.answered(intent, before.clone(), &names, &stands);
        if let Outcome::Settled(booking, events) = &mut outcome
            && booking.state.is_waiting_list()
            && intent.kind == IntentKind::Take
        {
            let refusal = (code != Refusal::OFFER_OVER).then(|| refusal_of(code, Vec::new()));
            let over = OfferOver {
                start: answered.start,
                refusal,
            };
            let event = NewEvent {
                body: serde_json::to_string(&over).unwrap_or_default(),
                ..self.event(OFFER_OVER, intent)
            };
            // What is offered all the same is still to be answered.
            if matches!(before.state, BookingState::Offered { .. }) && booking.state == before.state
            {
                return Some(Ok(Outcome::Over(vec![event])));
            }
            events.retain(|event| event.kind != OFFER_OVER);
            events.insert(0, event);
        }
        Some(Ok(outcome))
    }

    /// Under which id an intent goes out: its own, every time.
    fn key_of(&self, intent: &StoredIntent) -> IntentId {
        if is_planted(Bug::RetryWithNewId) && intent.sent {
            IntentId::new(self.clock.now(), &*self.rng)
        } else {
            intent.id
        }
    }

    fn postpone(
        &self,
        intent: &StoredIntent,
        after: Option<Duration>,
        arrived: bool,
    ) -> Result<bool, SyncError> {
        let delay = pace::delay(intent.attempts, after, &*self.rng);
        // Once a byte may have arrived the clinic may have acted: only its answer ends "sending".
        let state = if arrived || intent.sent {
            BookingState::Sending
        } else {
            BookingState::WaitingForNetwork
        };
        let not_before = self.clock.now().plus(delay);
        match self.vault.postpone(intent.id, not_before, state) {
            Ok(()) => Ok(false),
            Err(error) => self.overtaken_by_feed(intent, error),
        }
    }

    /// Keeps an intent back. Others go on.
    fn park(
        &self,
        intent: &StoredIntent,
        why: &ParkedWhy,
        events: &[NewEvent],
        pushed: &mut Pushed,
    ) -> Result<(), SyncError> {
        match self.vault.park(intent.id, why, self.clock.now(), events) {
            Ok(()) => pushed.parked += 1,
            // The feed answered it meanwhile.
            Err(VaultError::UnknownIntent) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// How many answers there were by now from which nothing follows.
    fn count_unclear(&self, intent: &StoredIntent) -> Result<u32, SyncError> {
        match self.vault.count_unclear(intent.id) {
            Ok(times) => Ok(times),
            // The feed answered it meanwhile.
            Err(VaultError::UnknownIntent) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// The feed settled the booking while its intent was on the way: the intent is done. One intent
    /// must never stop the others.
    fn overtaken_by_feed(
        &self,
        intent: &StoredIntent,
        error: VaultError,
    ) -> Result<bool, SyncError> {
        match error {
            VaultError::UnknownIntent => Ok(true),
            VaultError::KeptBack => Ok(false),
            VaultError::BookingState { .. } => {
                self.vault.drop_intent(intent.id, &[])?;
                Ok(true)
            }
            other => Err(other.into()),
        }
    }

    /// What an answer means. It need not repeat `names`, which the person saw of what was booked.
    fn answered(
        &self,
        intent: &StoredIntent,
        before: StoredBooking,
        names: &StoredBooking,
        appointment: &Appointment,
    ) -> Outcome {
        let undecided = Outcome::Again {
            after: None,
            arrived: true,
        };
        // Another's appointment is no answer to this intent.
        if appointment.id.as_deref() != Some(intent.thing.as_str())
            && !is_planted(Bug::RetryWithNewId)
        {
            return Outcome::Unclear {
                too_many: UNCLEAR_ANSWERS,
            };
        }
        let updated = self.clock.now();
        let said = match waiting_list::is_about_a_place(intent.kind) {
            true => waiting_list::state_of(appointment, updated),
            false => decided(appointment.status),
        };
        let Some(state) = said else {
            return undecided;
        };
        let named = book_intent(intent);
        let booking = booking_from(&before.clinic, appointment, state.clone(), updated)
            .map(|booking| with_names_of(booking, names))
            .map(|booking| with_asked(booking, &before, appointment, named.as_ref()))
            .unwrap_or(StoredBooking {
                state,
                updated,
                ..before.clone()
            });
        let news = news_of(Some(&before), &booking, updated);
        let subject = intent.thing.clone();
        // Whoever declined knows that the time goes on.
        let is_known =
            |news: &NewEvent| intent.kind == IntentKind::Decline && news.kind == OFFER_OVER;
        let events = news
            .filter(|news| !is_known(news))
            .map(|news| NewEvent { subject, ..news });
        Outcome::Settled(Box::new(booking), events.into_iter().collect())
    }

    fn failed(
        &self,
        lane: &Lane,
        intent: &StoredIntent,
        before: StoredBooking,
        error: ClientError,
        pushed: &mut Pushed,
    ) -> Outcome {
        if is_planted(Bug::SilenceIsConfirmation) && matches!(error, ClientError::NoAnswer) {
            let state = match intent.kind {
                IntentKind::Book | IntentKind::Move | IntentKind::Take => BookingState::Confirmed,
                IntentKind::Cancel => BookingState::Cancelled,
                IntentKind::Wait | IntentKind::Decline => BookingState::OnWaitingList {
                    since: self.clock.now(),
                },
            };
            let as_wanted = move_intent(intent).map(|wanted| moved_as_wanted(&before, &wanted));
            let booking = as_wanted.unwrap_or(before);
            return Outcome::Settled(Box::new(StoredBooking { state, ..booking }), Vec::new());
        }
        let again = |arrived| Outcome::Again {
            after: None,
            arrived,
        };
        let refused = |refusal| self.refused(intent, before, refusal);
        match error {
            ClientError::Invalid => {
                Outcome::Parked(ParkedWhy::Invalid, vec![self.event(PARKED, intent)])
            }
            ClientError::Garbled(GarbledAnswer::Status(400..=499)) => Outcome::Unclear {
                too_many: STRANGE_ANSWERS,
            },
            ClientError::Unreachable | ClientError::Key(_) => {
                pushed.unreachable.insert(lane.clinic.clone());
                again(false)
            }
            ClientError::NoAnswer if is_planted(Bug::SilenceIsRefusal) => {
                refused(Refusal::NotOffered)
            }
            ClientError::NoAnswer | ClientError::Server { .. } | ClientError::Garbled(_) => {
                pushed.unreachable.insert(lane.clinic.clone());
                again(true)
            }
            ClientError::Busy { retry_after } => {
                pushed.unreachable.insert(lane.clinic.clone());
                Outcome::Again {
                    after: retry_after,
                    arrived: false,
                }
            }
            ClientError::Unauthorized => {
                pushed.unauthorized.insert(lane.clinic.clone());
                again(false)
            }
            // Not the clinic's word on this booking, which an earlier try may have made there.
            ClientError::NotFound | ClientError::Gone if intent.sent => Outcome::Unclear {
                too_many: UNCLEAR_ANSWERS,
            },
            ClientError::NotFound | ClientError::Gone => refused(Refusal::NotOffered),
            ClientError::Refused {
                code, alternatives, ..
            } => refused(refusal_of(&code, alternatives)),
        }
    }

    /// What a clinic's "no" means: for a booking it is over, a cancellation is kept back, unless only the clinic can call it off
    /// from now on, and what was to be moved stands where it was.
    fn refused(&self, intent: &StoredIntent, before: StoredBooking, refusal: Refusal) -> Outcome {
        match intent.kind {
            IntentKind::Book => {
                let booking = StoredBooking {
                    state: BookingState::Refused(refusal),
                    updated: self.clock.now(),
                    ..before
                };
                Outcome::Settled(
                    Box::new(booking),
                    vec![self.event("booking-refused", intent)],
                )
            }
            IntentKind::Wait => {
                let booking = StoredBooking {
                    state: BookingState::Refused(refusal),
                    updated: self.clock.now(),
                    ..before
                };
                Outcome::Settled(
                    Box::new(booking),
                    vec![self.event("waiting-refused", intent)],
                )
            }
            IntentKind::Take | IntentKind::Decline => {
                let over = OfferOver {
                    start: before.start,
                    refusal: Some(refusal),
                };
                Outcome::Over(vec![NewEvent {
                    body: serde_json::to_string(&over).unwrap_or_default(),
                    ..self.event(OFFER_OVER, intent)
                }])
            }
            IntentKind::Cancel if refusal.leaves_it_to_the_clinic() => {
                let refused = CancellationRefused { refusal };
                Outcome::Over(vec![NewEvent {
                    body: serde_json::to_string(&refused).unwrap_or_default(),
                    ..self.event(CANCELLATION_REFUSED, intent)
                }])
            }
            IntentKind::Cancel => {
                let events = vec![self.event(CANCELLATION_REFUSED, intent)];
                let code = code_of(refusal);
                Outcome::Parked(ParkedWhy::Refused { code }, events)
            }
            IntentKind::Move => {
                let wanted = move_intent(intent).map_or(before.start, |wanted| wanted.start);
                let refused = MoveRefused { wanted, refusal };
                let event = NewEvent {
                    body: serde_json::to_string(&refused).unwrap_or_default(),
                    ..self.event(MOVE_REFUSED, intent)
                };
                Outcome::Over(vec![event])
            }
        }
    }

    fn event(&self, kind: &str, intent: &StoredIntent) -> NewEvent {
        NewEvent {
            kind: kind.to_owned(),
            subject: intent.thing.clone(),
            at: self.clock.now(),
            body: String::new(),
        }
    }
}

/// A refusal by the code that a clinic gave.
fn refusal_of(code: &str, alternatives: Vec<Timestamp>) -> Refusal {
    match code {
        "slot-taken" => Refusal::SlotTaken { alternatives },
        "not-offered" => Refusal::NotOffered,
        "too-many" => Refusal::TooMany,
        code => Refusal::Other {
            code: code.to_owned(),
        },
    }
}

/// The code of a refusal as clinics give it.
fn code_of(refusal: Refusal) -> String {
    match refusal {
        Refusal::SlotTaken { .. } | Refusal::TripTaken { .. } => "slot-taken".to_owned(),
        Refusal::NotOffered => "not-offered".to_owned(),
        Refusal::TooMany => "too-many".to_owned(),
        Refusal::Other { code } => code,
    }
}

/// What was decided, when it is a booking.
fn book_intent(intent: &StoredIntent) -> Option<BookIntent> {
    match intent.kind {
        IntentKind::Book => BookIntent::read(&intent.body),
        IntentKind::Cancel
        | IntentKind::Move
        | IntentKind::Wait
        | IntentKind::Take
        | IntentKind::Decline => None,
    }
}

/// The trip of several that a booking is a part of.
fn trip_of(intent: &StoredIntent) -> Option<Trip> {
    book_intent(intent).and_then(|intent| intent.trip)
}

/// What was decided, when it is that a booking be moved.
fn move_intent(intent: &StoredIntent) -> Option<MoveIntent> {
    match intent.kind {
        IntentKind::Move => MoveIntent::read(&intent.body),
        IntentKind::Book
        | IntentKind::Cancel
        | IntentKind::Wait
        | IntentKind::Take
        | IntentKind::Decline => None,
    }
}

/// What the person saw of the time that an Appointment is at: of one that they did not choose, nothing.
fn names_of(
    intent: &StoredIntent,
    before: &StoredBooking,
    appointment: &Appointment,
) -> StoredBooking {
    match move_intent(intent) {
        Some(wanted) if appointment.start == Some(wanted.start) => moved_as_wanted(before, &wanted),
        Some(_) if appointment.start != Some(before.start) => of_another_time(before),
        // A place without a time has no doctor but the one that the clinic names.
        None if waiting_list::is_about_a_place(intent.kind) => of_another_time(before),
        _ => before.clone(),
    }
}

/// What is asked of a clinic.
enum Asked {
    /// Something of a booking, or of a place on the waiting list.
    Book(Box<BookRequest>),
    /// A place on the waiting list.
    Wait(WaitIntent),
}

fn request_of(intent: &StoredIntent) -> Option<Asked> {
    match intent.kind {
        IntentKind::Wait => WaitIntent::read(&intent.body).map(Asked::Wait),
        _ => book_request_of(intent).map(|request| Asked::Book(Box::new(request))),
    }
}

fn book_request_of(intent: &StoredIntent) -> Option<BookRequest> {
    match intent.kind {
        IntentKind::Wait => None,
        IntentKind::Take | IntentKind::Decline => waiting_list::answer_to_offer(intent),
        IntentKind::Book => {
            let body = BookIntent::read(&intent.body)?;
            Some(BookRequest {
                appointment: Some(body.slot_id),
                resource: None,
                patient: body.patient_id,
                comment: None,
                otherwise: body.otherwise,
                move_to: None,
                occurrence: body.occurrence,
            })
        }
        IntentKind::Cancel => {
            let body: CancelIntent = serde_json::from_str(&intent.body).ok()?;
            let resource = Appointment {
                id: Some(body.appointment_id),
                status: AppointmentStatus::Cancelled,
                patient: Some(Ref::new(body.patient_id.as_str(), "")),
                ..Appointment::default()
            };
            Some(BookRequest {
                appointment: None,
                resource: Some(resource),
                patient: body.patient_id,
                comment: None,
                otherwise: None,
                move_to: None,
                occurrence: None,
            })
        }
        IntentKind::Move => {
            let body = MoveIntent::read(&intent.body)?;
            let resource = Appointment {
                id: Some(body.appointment_id),
                status: AppointmentStatus::Booked,
                start: Some(body.start),
                end: Some(body.end),
                patient: Some(Ref::new(body.patient_id.as_str(), "")),
                ..Appointment::default()
            };
            Some(BookRequest {
                appointment: None,
                resource: Some(resource),
                patient: body.patient_id,
                comment: None,
                otherwise: None,
                move_to: Some(body.slot_id),
                occurrence: None,
            })
        }
    }
}

#[cfg(test)]
mod tests;
