//! Trips as a family sees them: with a clinic that books together, on a disk that loses its power and fills up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use sokhoe_domain::ports::{BoxFuture, Limits, Ports, Transport, TransportError};
use sokhoe_domain::{Refusal, Timestamp, Wire};
use sokhoe_fhir::{BookTogetherRequest, FindRequest};
use sokhoe_testing::disk::{CrashKind, Promise, SimDisk};
use sokhoe_testing::{FakeClock, MemoryKeys, SeededRng};
use sokhoe_vault::ClinicRecord;

use super::*;
use crate::test_phone::{clinic, clock, config, person};
use crate::{AppError, BookingStatus, BookingView, Language, MoveRefusal, SlotView, SoKhoe};

const NOT_THERE: &str =
    r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#;

const MAI: &str = "mai";
const NAM: &str = "nam";

/// What a network does to a request.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Way {
    #[default]
    None,
    RequestLost,
    AnswerLost,
    Open,
}

/// A clinic that books all or nobody, once under a key, with two doctors who have time at every quarter of an hour.
#[derive(Default)]
struct Together {
    way: Mutex<Way>,
    /// Whether somebody else has every time but those after noon.
    full: Mutex<bool>,
    answers: Mutex<BTreeMap<String, (u16, String)>>,
    /// Keys and bodies, in the order in which they came.
    asked: Mutex<Vec<(String, String)>>,
    found: Mutex<Vec<String>>,
    /// Whether it lets this phone no longer see one of them.
    is_ended: Mutex<bool>,
}

fn at(hour: u32, minute: u32) -> Timestamp {
    Timestamp::parse_fhir(&format!("2026-12-01T{hour:02}:{minute:02}:00+07:00")).unwrap()
}

fn bundle(resources: &[String]) -> String {
    let entries: Vec<_> = resources
        .iter()
        .map(|resource| format!(r#"{{"resource":{resource}}}"#))
        .collect();
    let entries = entries.join(",");
    format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{entries}]}}"#)
}

/// As a slot's id says it: `dr-hhmm`.
fn appointment(id: &str, slot: &str, status: &str) -> String {
    let (doctor, time) = slot.split_once('-').unwrap();
    let (hour, minute) = time.split_at(2);
    let start = at(hour.parse().unwrap(), minute.parse().unwrap());
    let end = start.plus(Duration::from_secs(900)).to_fhir();
    let start = start.to_fhir();
    format!(
        r#"{{"resourceType":"Appointment","id":"{id}","status":"{status}","start":"{start}","end":"{end}",
            "extension":[{{"url":"https://sokhoe.vn/fhir/StructureDefinition/estimated-price","valueMoney":{{"value":100000,"currency":"VND"}}}}],
            "participant":[{{"actor":{{"reference":"Practitioner/{doctor}","display":"BS. {doctor}"}},"status":"accepted"}}]}}"#
    )
}

impl Together {
    fn is(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }

    /// Trips that were booked.
    fn booked(&self) -> usize {
        let answers = self.answers.lock().unwrap();
        answers
            .values()
            .filter(|(status, _)| *status == 200)
            .count()
    }

    fn book(&self, key: &str, body: &str) -> (u16, String) {
        self.asked
            .lock()
            .unwrap()
            .push((key.to_owned(), body.to_owned()));
        let mut answers = self.answers.lock().unwrap();
        let answer = answers.entry(key.to_owned()).or_insert_with(|| {
            let Ok(Some(request)) = BookTogetherRequest::from_parameters(body) else {
                // A cancellation, which is booked as it is asked for.
                return (500, String::new());
            };
            if *self.full.lock().unwrap() {
                let others = r#"{"resourceType":"OperationOutcome","extension":[{"url":"https://sokhoe.vn/fhir/StructureDefinition/times-together",
                    "extension":[{"url":"visit","valueReference":{"reference":"Appointment/hoa-1300"}},{"url":"visit","valueReference":{"reference":"Appointment/hoa-1315"}}]}],
                    "issue":[{"severity":"fatal","code":"conflict","expression":["Parameters.parameter[1]"],
                    "details":{"coding":[{"system":"https://sokhoe.vn/fhir/CodeSystem/refusal","code":"slot-taken"}]}}]}"#;
                let free = |slot| appointment(slot, slot, "proposed");
                let all = [others.to_owned(), free("hoa-1300"), free("hoa-1315")];
                return (409, bundle(&all));
            }
            let booked: Vec<_> = request
                .visits
                .iter()
                .map(|visit| appointment(&visit.id.to_string(), &visit.appointment, "booked"))
                .collect();
            (200, bundle(&booked))
        });
        answer.clone()
    }

    /// An Appointment that was booked.
    fn read(&self, path: &str) -> (u16, String) {
        let id = path.rsplit('/').next().unwrap();
        let answers = self.answers.lock().unwrap();
        let booked = answers.values().find(|(_, body)| body.contains(id));
        let is_theirs = |json: &serde_json::Value| json["id"] == id;
        let resources = booked.map(|(_, body)| {
            let bundle: serde_json::Value = serde_json::from_str(body).unwrap();
            let entries = bundle["entry"].as_array().unwrap().clone();
            let resources = entries.into_iter().map(|entry| entry["resource"].clone());
            resources.filter(is_theirs).collect::<Vec<_>>()
        });
        match resources.as_deref() {
            Some([theirs]) => (200, theirs.to_string()),
            _ => (404, NOT_THERE.to_owned()),
        }
    }

    /// Each wants another doctor: what is free at whom the request names.
    fn find(&self, body: &str) -> (u16, String) {
        self.found.lock().unwrap().push(body.to_owned());
        let request = FindRequest::from_parameters(body).unwrap();
        let doctor = request.criteria.practitioner.unwrap_or_default();
        let minutes = (8 * 60..11 * 60).step_by(15);
        let free: Vec<_> = minutes
            .map(|minute| {
                (
                    at(minute / 60, minute % 60),
                    format!("{doctor}-{:02}{:02}", minute / 60, minute % 60),
                )
            })
            .filter(|(start, _)| (request.start..=request.end).contains(start))
            .map(|(_, slot)| appointment(&slot, &slot, "proposed"))
            .collect();
        (200, bundle(&free))
    }
}

impl Transport for Together {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let way = *self.way.lock().unwrap();
        if way == Way::None {
            return Box::pin(async { Err(TransportError::Unreachable) });
        }
        if way == Way::RequestLost {
            return Box::pin(async { Err(TransportError::Broken) });
        }
        let path = request.uri().path().to_owned();
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let key = request.headers().get("idempotency-key");
        let key = key.map(|key| key.to_str().unwrap().to_owned());
        let (status, body) = match (&*path, key) {
            ("/token", None) => (200, crate::test_phone::TOKENS.to_owned()),
            (_, Some(_)) if *self.is_ended.lock().unwrap() => (404, NOT_THERE.to_owned()),
            (_, Some(key)) => self.book(&key, &body),
                        (path, None) if path.ends_with("$find") => self.find(&body),
            (path, None) if path.contains("/Appointment/") => self.read(path),
            _ => (
                200,
                r#"{"resourceType":"Bundle","type":"history","link":[{"relation":"self","url":"https://a.example/fhir/Patient/x/$changes?cursor=1"}]}"#.to_owned(),
            ),
        };
        Box::pin(async move {
            if way == Way::AnswerLost {
                return Err(TransportError::Broken);
            }
            let answer = http::Response::builder().status(status);
            let answer = answer.header("etag", r#"W/"1""#);
            Ok(answer.body(Bytes::from(body)).unwrap())
        })
    }
}

/// A phone whose disk may fail.
struct Phone {
    app: SoKhoe,
    disk: SimDisk,
    keys: Arc<MemoryKeys>,
    clinic: Arc<Together>,
    clock: Arc<FakeClock>,
}

impl Phone {
    fn new() -> Self {
        Self::enrolled(&clinic())
    }

    fn enrolled(clinic: &ClinicRecord) -> Self {
        let keys = Arc::new(MemoryKeys::default());
        let clock = Arc::new(clock());
        let phone = Self::on(
            SimDisk::new(Promise::default()),
            &keys,
            &Arc::default(),
            &clock,
        );
        crate::test_phone::enrol(&phone.app, clinic, &[person(MAI), person(NAM)]);
        phone.opened()
    }

    fn on(
        disk: SimDisk,
        keys: &Arc<MemoryKeys>,
        clinic: &Arc<Together>,
        clock: &Arc<FakeClock>,
    ) -> Self {
        let ports = Ports {
            clock: clock.clone(),
            rng: Arc::new(SeededRng::new(disk.operations())),
            transport: clinic.clone(),
            keys: keys.clone(),
            files: Arc::new(disk.clone()),
        };
        Self {
            app: SoKhoe::open(config(Language::En), ports).unwrap(),
            disk,
            keys: keys.clone(),
            clinic: clinic.clone(),
            clock: clock.clone(),
        }
    }

    /// With both books open, so that opening them is none of what is counted.
    fn opened(self) -> Self {
        for person in [MAI, NAM] {
            self.app.bookings(person).unwrap();
        }
        self
    }

    /// Another phone just like this one.
    fn copy(&self) -> Self {
        let clinic = Arc::new(Together::default());
        Self::on(self.disk.copy(), &self.keys, &clinic, &self.clock).opened()
    }

    /// What is left when the power goes.
    fn crashed(self, kind: CrashKind, seed: u64) -> Self {
        let disk = self.disk.crash(kind, seed);
        let Self {
            app,
            keys,
            clinic,
            clock,
            ..
        } = self;
        drop(app);
        Self::on(disk, &keys, &clinic, &clock)
    }

    fn trip(&self) -> TripRequest {
        let visit = |person: &str, minute: u32| TripVisit {
            person_id: person.to_owned(),
            slot: SlotView {
                id: format!("hoa-08{minute:02}"),
                clinic_id: "a".to_owned(),
                start: at(8, minute),
                end: at(8, minute + 15),
                service: "Cardiology".to_owned(),
                practitioner: "BS. hoa".to_owned(),
                ..SlotView::default()
            },
        };
        TripRequest {
            visits: vec![visit(MAI, 15), visit(NAM, 30)],
        }
    }

    async fn book(&self) -> Result<Vec<BookingView>, AppError> {
        self.app.book_trip(self.trip()).await
    }

    async fn sync(&self, people: &[&str]) {
        self.app.network_is_back();
        for person in people {
            self.app.sync(person).await.unwrap();
        }
    }

    fn bookings(&self) -> Vec<BookingView> {
        let of = |person| self.app.bookings(person).unwrap();
        [of(MAI), of(NAM)].concat()
    }

    fn statuses(&self) -> Vec<BookingStatus> {
        let bookings = self.bookings();
        bookings.iter().map(|booking| booking.status).collect()
    }
}

#[tokio::test]
async fn without_a_network_all_wait_and_whoever_is_first_sends_for_all() {
    let phone = Phone::new();
    let booked = phone.book().await.unwrap();
    assert_eq!(phone.statuses(), [BookingStatus::WaitingForNetwork; 2]);
    let trip = booked[0].trip.clone().unwrap();
    assert_eq!(trip.text, "Together with nam.");
    assert_eq!(trip.others[0].booking_id, booked[1].id);
    assert_eq!(
        trip.others[0].status,
        Some(BookingStatus::WaitingForNetwork)
    );
    assert_eq!(booked[1].trip.as_ref().unwrap().id, trip.id);

    phone.clinic.is(Way::Open);
    phone.sync(&[NAM]).await;
    assert_eq!(
        phone.statuses(),
        [BookingStatus::WaitingForNetwork, BookingStatus::Confirmed]
    );
    phone.sync(&[MAI]).await;
    assert_eq!(phone.statuses(), [BookingStatus::Confirmed; 2]);
    let asked = phone.clinic.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[0], asked[1],
        "the very same request under the same key"
    );
    assert_eq!(asked[0].0, trip.id);
    assert_eq!(phone.clinic.booked(), 1);
    // With whom stays when all is answered, also over a restart.
    let phone = phone.crashed(CrashKind::Durable, 1);
    let trips = phone.bookings().into_iter().map(|it| it.trip.unwrap().id);
    assert_eq!(trips.collect::<Vec<_>>(), [trip.id.clone(), trip.id]);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_by_each() {
    let phone = Phone::new();
    phone.clinic.is(Way::AnswerLost);
    phone.book().await.unwrap();
    assert!(phone.statuses().contains(&BookingStatus::Sending));
    // It may have arrived: it is not taken back any more, but cancelled behind what was sent.
    phone.clinic.is(Way::Open);
    phone.sync(&[MAI, NAM]).await;
    assert_eq!(phone.statuses(), [BookingStatus::Confirmed; 2]);
    assert_eq!(phone.clinic.booked(), 1);
}

#[tokio::test]
async fn who_was_booked_by_anothers_lane_hears_so_when_that_one_is_seen_no_longer() {
    let phone = Phone::new();
    let booked = phone.book().await.unwrap();
    // The son's lane: the clinic books both.
    phone.clinic.is(Way::Open);
    phone.sync(&[NAM]).await;
    *phone.clinic.is_ended.lock().unwrap() = true;
    phone.sync(&[MAI]).await;
    let mother = phone.app.booking(MAI, &booked[0].id).unwrap();
    assert_eq!(mother.status, BookingStatus::Confirmed);

    // What nobody sent before is not booked, and is said so.
    let phone = Phone::new();
    phone.book().await.unwrap();
    phone.clinic.is(Way::Open);
    *phone.clinic.is_ended.lock().unwrap() = true;
    phone.sync(&[MAI]).await;
    assert_eq!(phone.statuses()[0], BookingStatus::Refused);

    // Nor what may have been sent, and never arrived.
    let phone = Phone::new();
    phone.clinic.is(Way::RequestLost);
    phone.book().await.unwrap();
    assert_eq!(phone.statuses()[0], BookingStatus::Sending);
    phone.clinic.is(Way::Open);
    *phone.clinic.is_ended.lock().unwrap() = true;
    phone.sync(&[MAI]).await;
    assert_eq!(phone.statuses()[0], BookingStatus::Refused);
}

#[tokio::test]
async fn refused_for_one_is_refused_for_all_with_other_times_that_can_be_booked_as_they_are() {
    let phone = Phone::new();
    phone.clinic.is(Way::Open);
    *phone.clinic.full.lock().unwrap() = true;
    let refused = phone.book().await.unwrap();
    assert_eq!(phone.statuses(), [BookingStatus::Refused; 2]);
    for booking in &refused {
        assert!(
            booking
                .status_text
                .starts_with("Not everybody could have their time")
                && booking.status_text.contains("13:00"),
            "{}",
            booking.status_text
        );
    }
    let times = refused[1].trip.clone().unwrap().other_times.remove(0);
    assert_eq!((times.start, times.end), (at(13, 0), at(13, 30)));
    assert_eq!((times.waiting_minutes, times.price), (0, None));
    *phone.clinic.full.lock().unwrap() = false;
    let again = TripRequest {
        visits: times.visits,
    };
    let booked = phone.app.book_trip(again).await.unwrap();
    assert_eq!(booked.len(), 2);
    for booking in booked {
        assert_eq!(booking.status, BookingStatus::Confirmed);
    }
}

#[tokio::test]
async fn while_nothing_was_sent_one_takes_all_back_and_later_each_goes_alone() {
    let phone = Phone::new();
    let booked = phone.book().await.unwrap();
    let back = phone.app.cancel_booking(NAM, &booked[1].id).await.unwrap();
    assert_eq!(phone.statuses(), [BookingStatus::Refused; 2]);
    assert!(back.status_text.starts_with("Taken back for everybody"));
    phone.clinic.is(Way::Open);
    phone.sync(&[MAI, NAM]).await;
    assert_eq!(phone.clinic.asked.lock().unwrap().len(), 0);

    let booked = phone.book().await.unwrap();
    assert_eq!(booked[0].status, BookingStatus::Confirmed);
    // The clinic's 500 to a cancellation: it is on its way, for one of them.
    let _sending = phone.app.cancel_booking(NAM, &booked[1].id).await;
    let of = |person: &str, id: &str| phone.app.booking(person, id).unwrap();
    assert!(of(NAM, &booked[1].id).cancelling);
    assert!(!of(MAI, &booked[0].id).cancelling);
    // Called off: the other one is told, on the screen that shows it.
    let (shown, screen) = std::sync::mpsc::channel();
    let _following = phone.app.observe(MAI, Arc::new(Screen(shown))).unwrap();
    screen.recv().unwrap();
    let book = phone.app.inner.book(NAM).unwrap();
    let called_off = sokhoe_vault::StoredBooking {
        state: sokhoe_domain::BookingState::Cancelled,
        ..book.stored_booking(&booked[1].id).unwrap()
    };
    crate::test_phone::apply(&phone.app, NAM, &[], &[called_off]);
    let told = of(MAI, &booked[0].id).trip.unwrap();
    assert_eq!(
        told.text,
        "Together with nam. The appointment of nam was cancelled."
    );
    let is_told = |book: crate::BookView| {
        let of_both = book.bookings.into_iter().find(|it| it.id == booked[0].id);
        of_both.unwrap().trip.unwrap().text == told.text
    };
    assert!(screen.iter().any(is_told));
}

#[tokio::test]
async fn what_is_no_trip_is_kept_nowhere() {
    let phone = Phone::new();
    let good = phone.trip();
    let with = |change: fn(&mut TripRequest)| {
        let mut request = good.clone();
        change(&mut request);
        phone.app.book_trip(request)
    };
    let bad = [
        with(|it| it.visits.truncate(1)).await,
        with(|it| it.visits[1].person_id = MAI.to_owned()).await,
        with(|it| it.visits[1].slot.clinic_id = "b".to_owned()).await,
        with(|it| it.visits[1].slot.start = at(8, 30).plus(Duration::from_secs(86_400))).await,
        with(|it| it.visits[1].slot.id = "no id".to_owned()).await,
    ];
    for bad in bad {
        assert!(matches!(bad, Err(AppError::Validation { .. })), "{bad:?}");
    }
    let nobody = with(|it| it.visits[1].person_id = "who".to_owned()).await;
    assert!(
        matches!(nobody, Err(AppError::NotFound { .. })),
        "{nobody:?}"
    );
    assert_eq!(phone.bookings(), []);
}

#[tokio::test]
async fn a_server_of_somebody_elses_books_one_at_a_time() {
    let phone = Phone::enrolled(&ClinicRecord {
        wire: Wire::Server,
        ..clinic()
    });
    phone.clinic.is(Way::Open);
    let one_at_a_time = AppError::BadAnswer {
        what: Refusal::BOOKS_ONE_AT_A_TIME.to_owned(),
    };
    assert_eq!(phone.book().await, Err(one_at_a_time.clone()));
    let words = phone.app.words_for(&one_at_a_time);
    assert!(
        words.contains("cannot book several people together"),
        "{words}"
    );
    assert_eq!(phone.app.find_trip(wanted()).await, Err(one_at_a_time));
    assert_eq!(phone.bookings(), []);
    assert_eq!(phone.clinic.asked.lock().unwrap().len(), 0);
}

fn wanted() -> FindTripRequest {
    let member = |person: &str, doctor: &str| TripMemberRequest {
        person_id: person.to_owned(),
        service_id: None,
        criteria: Some(SlotCriteria {
            practitioner_id: Some(doctor.to_owned()),
            ..SlotCriteria::default()
        }),
        has_referral: false,
    };
    FindTripRequest {
        clinic_id: "a".to_owned(),
        members: vec![member(MAI, "hoa"), member(NAM, "binh")],
        from: at(8, 0),
        to: at(12, 0),
        side_by_side: false,
        limit: 3,
    }
}

#[tokio::test]
async fn neighbouring_times_are_found_each_at_their_doctor() {
    let phone = Phone::new();
    phone.clinic.is(Way::Open);
    let found = phone.app.find_trip(wanted()).await.unwrap();
    assert_eq!(found.len(), 3);
    let first = &found[0];
    assert_eq!((first.start, first.end), (at(8, 0), at(8, 30)));
    assert_eq!(
        first.text,
        "Tuesday, 01/12/2026, 08:00 to 08:30. One right after the other. 200.000 đ in all."
    );
    let doctors: Vec<_> = first
        .visits
        .iter()
        .map(|it| &*it.slot.practitioner_id)
        .collect();
    assert_eq!(doctors, ["hoa", "binh"]);
    let people: Vec<_> = first.visits.iter().map(|it| &*it.person_id).collect();
    assert_eq!(people, [MAI, NAM]);
    let alone = FindTripRequest {
        side_by_side: true,
        ..wanted()
    };
    let found = phone.app.find_trip(alone).await.unwrap();
    assert_eq!((found[0].start, found[0].end), (at(8, 0), at(8, 15)));
    for bad in [
        FindTripRequest {
            limit: 0,
            ..wanted()
        },
        FindTripRequest {
            members: Vec::new(),
            ..wanted()
        },
    ] {
        let bad = phone.app.find_trip(bad).await;
        assert!(matches!(bad, Err(AppError::Validation { .. })), "{bad:?}");
    }
}

#[tokio::test]
async fn the_familys_calendar_is_asked_for_all_and_the_trip_is_no_trouble_to_itself() {
    let phone = Phone::new();
    let trip = phone.trip();
    assert_eq!(phone.app.trip_overlaps(&trip), Ok(Vec::new()));
    phone.book().await.unwrap();
    // The same again: each has one at that time, and the other one's is the family's only where they meet.
    let overlaps = phone.app.trip_overlaps(&trip).unwrap();
    assert_eq!(overlaps.len(), 2, "{overlaps:#?}");
}

#[tokio::test]
async fn whoever_leaves_before_anything_was_sent_takes_the_trip_along() {
    let phone = Phone::new();
    phone.book().await.unwrap();
    let count = phone.app.forget_clinic(NAM, "a", 0).await;
    assert_eq!(count, Err(AppError::Unsent { count: 1 }));
    assert_eq!(phone.statuses(), [BookingStatus::WaitingForNetwork; 2]);
    phone.app.forget_clinic(NAM, "a", 1).await.unwrap();
    assert_eq!(phone.statuses(), [BookingStatus::Refused]);

    let phone = Phone::new();
    phone.book().await.unwrap();
    phone.app.erase_person(NAM).unwrap();
    let left = phone.app.bookings(MAI).unwrap().remove(0);
    assert_eq!(left.status, BookingStatus::Refused);
    assert_eq!(left.trip.unwrap().others, []);
    phone.clinic.is(Way::Open);
    phone.sync(&[MAI]).await;
    assert_eq!(phone.clinic.asked.lock().unwrap().len(), 0);
}

struct Screen(std::sync::mpsc::Sender<crate::BookView>);

impl crate::BookObserver for Screen {
    fn on_change(&self, book: crate::BookView) {
        let _ended = self.0.send(book);
    }
}

/// Whatever is left of a trip: both are booked and the clinic knows it, or nobody is.
fn all_or_none(phone: &Phone, whose: &str) -> bool {
    match (&*phone.statuses(), phone.clinic.booked()) {
        ([BookingStatus::Confirmed, BookingStatus::Confirmed], 1) => true,
        ([] | [BookingStatus::Refused, BookingStatus::Refused], 0) => false,
        (statuses, booked) => panic!("{whose}: {statuses:?}, {booked} booked"),
    }
}

const ORDERS: [[&str; 3]; 2] = [[MAI, NAM, MAI], [NAM, MAI, NAM]];

#[tokio::test]
async fn a_crash_at_any_step_of_keeping_leaves_all_or_none() {
    let base = Phone::new();
    let whole = base.copy();
    let from = whole.disk.operations();
    whole.book().await.unwrap();
    let steps = whole.disk.operations() - from;
    let (mut all, mut none) = (0, 0);
    for step in 0..=steps {
        let kind =
            [CrashKind::Durable, CrashKind::Written, CrashKind::Dropped][(step % 3) as usize];
        let phone = base.copy();
        phone.disk.cut_after(phone.disk.operations() + step);
        let told = phone.book().await.is_ok();
        let phone = phone.crashed(kind, step);
        let shown = phone.statuses().len();
        assert!(shown != 1, "step {step}: a part is shown");
        phone.clinic.is(Way::Open);
        let order = &ORDERS[(step % 2) as usize];
        phone.sync(order).await;
        match all_or_none(
            &phone,
            &format!("step {step} of {steps}, {kind:?}, {order:?}"),
        ) {
            true => all += 1,
            false if told || shown > 0 => panic!("step {step}: what was acknowledged is lost"),
            false => none += 1,
        }
    }
    assert!(all > 0 && none > 0, "{all} {none}");
}

#[tokio::test]
async fn a_crash_at_any_step_of_taking_back_leaves_all_or_none() {
    let base = Phone::new();
    let booked = base.book().await.unwrap();
    let whole = base.copy();
    let from = whole.disk.operations();
    whole.app.cancel_booking(MAI, &booked[0].id).await.unwrap();
    let steps = whole.disk.operations() - from;
    let (mut all, mut none) = (0, 0);
    for step in 0..=steps {
        let kind =
            [CrashKind::Durable, CrashKind::Written, CrashKind::Dropped][(step % 3) as usize];
        let phone = base.copy();
        phone.disk.cut_after(phone.disk.operations() + step);
        let told = phone.app.cancel_booking(MAI, &booked[0].id).await.is_ok();
        let phone = phone.crashed(kind, step);
        phone.clinic.is(Way::Open);
        let order = &ORDERS[(step / 3 % 2) as usize];
        phone.sync(order).await;
        match all_or_none(
            &phone,
            &format!("step {step} of {steps}, {kind:?}, {order:?}"),
        ) {
            true if told => panic!("step {step}: what was taken back is booked"),
            true => all += 1,
            false => none += 1,
        }
    }
    assert!(all > 0 && none > 0, "{all} {none}");
}

#[tokio::test]
async fn a_disk_that_fills_up_keeps_all_or_none_and_says_which() {
    let base = Phone::new();
    let whole = base.copy();
    let from = whole.disk.operations();
    whole.book().await.unwrap();
    let steps = whole.disk.operations() - from;
    let (mut all, mut none) = (0, 0);
    for step in 0..=steps {
        let phone = base.copy();
        phone.disk.fill_up_at(phone.disk.operations() + step);
        let told = phone.book().await;
        phone.disk.make_room();
        phone.clinic.is(Way::Open);
        phone.sync(&ORDERS[(step % 2) as usize]).await;
        let is_booked = all_or_none(&phone, &format!("step {step} of {steps}"));
        match told {
            Ok(_) => assert!(is_booked, "step {step}: what was acknowledged is lost"),
            Err(AppError::DiskFull) => {
                assert!(!is_booked, "step {step}: it was said that nothing is kept")
            }
            Err(error) => panic!("step {step}: {error:?}"),
        }
        match is_booked {
            true => all += 1,
            false => none += 1,
        }
    }
    assert!(all > 0 && none > 0, "{all} {none}");
}

#[tokio::test]
async fn a_trip_moves_to_a_new_phone_as_a_whole() {
    let old = Phone::new();
    old.book().await.unwrap();
    let keys = Arc::new(MemoryKeys::default());
    let new = Phone::on(
        SimDisk::new(Promise::default()),
        &keys,
        &old.clinic,
        &old.clock,
    );
    let request = new.app.begin_move().unwrap();
    let parcels = old.app.answer_move(&request.qr_text).unwrap();
    for parcel in &parcels {
        match new.app.take_parcel(parcel) {
            Ok(_) => {}
            Err(AppError::Move {
                reason: MoveRefusal::Damaged,
            }) => panic!("damaged"),
            Err(error) => panic!("{error:?}"),
        }
    }
    old.clinic.is(Way::Open);
    assert_eq!(new.statuses(), [BookingStatus::WaitingForNetwork; 2]);
    new.sync(&[MAI, NAM]).await;
    assert!(all_or_none(&new, "on the new phone"));
    let trips: Vec<_> = new
        .bookings()
        .into_iter()
        .map(|it| it.trip.unwrap())
        .collect();
    assert_eq!(trips[0].id, trips[1].id);
    assert_eq!(trips[0].text, "Together with nam.");
}
