use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use chrono::{NaiveDate, Timelike as _};
use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
use sokhoe_domain::{Occurrence, Timestamp};
use sokhoe_fhir::{Appointment, AppointmentStatus, BookRequest, FindRequest, Ref, ServiceView};

use super::*;
use crate::test_phone::TestPhone;
use crate::{AppError, BookingStatus, BookingView, Language};

const MAI: &str = "mai";
const HOUR: Duration = Duration::from_secs(3_600);

/// A clinic with dialysis at 07:00 and at 13:00 of every day but some, at two nurses.
#[derive(Default)]
struct Dialysis {
    is_reached: Mutex<bool>,
    /// Days without a free time.
    full: Mutex<Vec<NaiveDate>>,
    /// Whether it tells which visit of a series an Appointment is.
    forgets_series: Mutex<bool>,
    found: Mutex<Vec<FindRequest>>,
    /// What was booked or cancelled, in the order in which it came.
    asked: Mutex<Vec<BookRequest>>,
    answers: Mutex<BTreeMap<String, (u16, String)>>,
}

impl Dialysis {
    fn is_reached(&self, is_reached: bool) {
        *self.is_reached.lock().unwrap() = is_reached;
    }

    fn is_full(&self, days: &[&str]) {
        *self.full.lock().unwrap() = days.iter().map(|day| day.parse().unwrap()).collect();
    }

    fn find(&self, body: &str) -> (u16, String) {
        let asked = FindRequest::from_parameters(body).unwrap();
        let full = self.full.lock().unwrap().clone();
        let days = asked.start.vietnam_day().iter_days();
        let times = days.take(70).flat_map(|day| {
            [(7, "lan"), (13, "hoa")]
                .map(|(hour, nurse)| (Timestamp::start_of_day(day).plus(HOUR * hour), nurse))
        });
        let free = times
            .filter(|(start, _)| (asked.start..=asked.end).contains(start))
            .filter(|(start, _)| asked.criteria.times.allows(*start))
            .filter(|(start, _)| !full.contains(&start.vietnam_day()))
            .take(100)
            .map(|(start, nurse)| offer(start, nurse).to_json());
        let free: Vec<String> = free.collect();
        self.found.lock().unwrap().push(asked);
        (200, bundle(&free))
    }

    fn book(&self, key: &str, body: &str) -> (u16, String) {
        let request = BookRequest::from_parameters(body).unwrap();
        let mut answers = self.answers.lock().unwrap();
        let full = self.full.lock().unwrap().clone();
        let forgets = *self.forgets_series.lock().unwrap();
        let answer = answers.entry(key.to_owned()).or_insert_with(|| {
            let booked = match (&request.appointment, &request.resource) {
                (Some(slot), _) => {
                    let millis = slot.split('-').nth(1).unwrap().parse().unwrap();
                    let start = Timestamp::from_millis(millis);
                    if full.contains(&start.vietnam_day()) {
                        return (409, taken());
                    }
                    Appointment {
                        id: Some(key.to_owned()),
                        status: AppointmentStatus::Booked,
                        occurrence: request.occurrence.filter(|_| !forgets),
                        ..offer(start, slot.split('-').next().unwrap())
                    }
                }
                (None, resource) => resource.clone().unwrap(),
            };
            (200, bundle(&[booked.to_json()]))
        });
        self.asked.lock().unwrap().push(request);
        answer.clone()
    }
}

fn offer(start: Timestamp, nurse: &str) -> Appointment {
    Appointment {
        id: Some(format!("{nurse}-{}", start.as_millis())),
        start: Some(start),
        end: Some(start.plus(HOUR * 4)),
        practitioner: Some(Ref::new(nurse, format!("ĐD. {nurse}"))),
        service: Some(Ref::new("chay-than", "Dialysis")),
        price: Some(Vnd::new(590_000)),
        ..Appointment::default()
    }
}

fn bundle(resources: &[String]) -> String {
    let entries: Vec<_> = resources
        .iter()
        .map(|resource| format!(r#"{{"resource":{resource}}}"#))
        .collect();
    let entries = entries.join(",");
    format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{entries}]}}"#)
}

fn taken() -> String {
    let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"fatal","code":"conflict",
        "details":{"coding":[{"system":"https://sokhoe.vn/fhir/CodeSystem/refusal","code":"slot-taken"}]}}]}"#;
    bundle(&[outcome.to_owned()])
}

impl Transport for Dialysis {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let key = request.headers().get("Idempotency-Key");
        let key = key.map(|key| key.to_str().unwrap().to_owned());
        let path = request.uri().path().to_owned();
        let is_reached = *self.is_reached.lock().unwrap();
        Box::pin(async move {
            if !is_reached {
                return Err(TransportError::Unreachable);
            }
            let (status, body) = match path.rsplit('/').next().unwrap() {
                "$find" => self.find(&body),
                "$book" => self.book(&key.unwrap(), &body),
                "HealthcareService" => {
                    let service = ServiceView {
                        id: "chay-than".to_owned(),
                        name: "Dialysis".to_owned(),
                        bookings_ahead: Some(8),
                        active: true,
                        ..ServiceView::default()
                    };
                    (200, bundle(&[service.to_json()]))
                }
                "$changes" => (
                    200,
                    r#"{"resourceType":"Bundle","type":"history","link":[{"relation":"self","url":"https://a.example/fhir/Patient/mai/$changes?cursor=1"}]}"#.to_owned(),
                ),
                _ => (404, String::new()),
            };
            let answer = http::Response::builder().status(status);
            let answer = answer.header("content-type", "application/fhir+json");
            Ok(answer.body(body.into()).unwrap())
        })
    }
}

type Phone = TestPhone<Dialysis>;

fn phone() -> Phone {
    let phone = TestPhone::of(Language::En, &[MAI], Dialysis::default());
    phone.clinic.is_reached(true);
    phone
}

/// Mondays, Wednesdays and Fridays from 30/11/2026 on.
fn request(visits: u32) -> FindSeriesRequest {
    FindSeriesRequest {
        person_id: MAI.to_owned(),
        clinic_id: "a".to_owned(),
        service_id: "chay-than".to_owned(),
        days: SeriesDays::Weekly {
            first_day: "2026-11-30".to_owned(),
            weekdays: vec![1, 3, 5],
            week_interval: 1,
            visits,
        },
        at_minute: None,
        days_aside: 0,
        same_practitioner: false,
        has_referral: false,
        criteria: None,
    }
}

fn slots(found: &SeriesTimesView) -> Vec<SlotView> {
    found
        .days
        .iter()
        .filter_map(|day| day.slot.clone())
        .collect()
}

fn starts(slots: &[SlotView]) -> Vec<String> {
    let text = |slot: &SlotView| slot.start.in_vietnam().format("%d/%m %H:%M").to_string();
    slots.iter().map(text).collect()
}

fn series(slots: Vec<SlotView>) -> SeriesRequest {
    SeriesRequest {
        person_id: MAI.to_owned(),
        slots,
        otherwise: None,
        continues: None,
    }
}

async fn booked(phone: &Phone, visits: u32) -> Vec<BookingView> {
    let found = phone.app.find_series(request(visits)).await.unwrap();
    phone.app.book_series(series(slots(&found))).await.unwrap()
}

fn statuses(bookings: &[BookingView]) -> Vec<BookingStatus> {
    bookings.iter().map(|booking| booking.status).collect()
}

fn occurrences(phone: &Phone) -> Vec<Option<Occurrence>> {
    let book = phone.app.inner.book(MAI).unwrap();
    let bookings = book.vault.bookings().unwrap();
    bookings.iter().map(|booking| booking.occurrence).collect()
}

#[tokio::test]
async fn a_series_is_found_day_by_day_in_one_question() {
    let phone = phone();
    phone.clinic.is_full(&["2026-12-02"]);
    let found = phone.app.find_series(request(4)).await.unwrap();
    assert_eq!(
        starts(&slots(&found)),
        ["30/11 07:00", "04/12 07:00", "07/12 07:00"]
    );
    assert_eq!(
        found.days[1].text,
        "Wednesday, 02/12/2026: nothing is free."
    );
    assert_eq!(found.price, Some(Vnd::new(3 * 590_000)));
    assert_eq!(found.most_visits, Some(8));
    assert!(
        found
            .text
            .starts_with("Times for 3 of 4 visits. A day without"),
        "{}",
        found.text
    );
    let asked = phone.clinic.found.lock().unwrap();
    let [asked] = &**asked else {
        panic!("{asked:#?}");
    };
    assert_eq!(asked.criteria.times.weekdays().count(), 3);
    assert_eq!(asked.service.as_deref(), Some("chay-than"));
}

#[tokio::test]
async fn days_far_apart_are_not_asked_for_in_between() {
    let phone = phone();
    let days = ["2026-12-01", "2026-12-29", "2027-01-26"];
    let found = phone.app.find_series(FindSeriesRequest {
        days: SeriesDays::On {
            days: days.map(str::to_owned).to_vec(),
        },
        at_minute: Some(13 * 60),
        days_aside: 1,
        ..request(1)
    });
    let found = found.await.unwrap();
    assert_eq!(
        starts(&slots(&found)),
        ["01/12 13:00", "29/12 13:00", "26/01 13:00"]
    );
    assert_eq!(phone.clinic.found.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn more_than_the_clinic_takes_ahead_is_said_before_anything_is_kept() {
    let phone = phone();
    let found = phone.app.find_series(request(10)).await.unwrap();
    assert!(
        found
            .text
            .ends_with("Only 8 more can be booked ahead; what comes after is refused."),
        "{}",
        found.text
    );
    let _six = booked(&phone, 6).await;
    let found = phone.app.find_series(request(2)).await.unwrap();
    assert_eq!(found.most_visits, Some(2));
}

#[tokio::test]
async fn every_visit_has_its_own_answer_and_knows_of_the_others() {
    let phone = phone();
    let found = phone.app.find_series(request(3)).await.unwrap();
    // Somebody is quicker.
    phone.clinic.is_full(&["2026-12-02"]);
    let bookings = phone.app.book_series(series(slots(&found))).await.unwrap();
    use BookingStatus::{Confirmed, Refused};
    assert_eq!(statuses(&bookings), [Confirmed, Refused, Confirmed]);
    let first = bookings[0].series.clone().unwrap();
    assert_eq!((&first.id, first.number), (&bookings[0].id, 1));
    assert_eq!(
        first.coming,
        [bookings[0].id.clone(), bookings[2].id.clone()]
    );
    assert_eq!(first.text, "Visit 1 of its series, 2 still to come.");
    let third = bookings[2].series.clone().unwrap();
    assert_eq!((third.id, third.number), (first.id, 3));
    // They went out in their order.
    let asked = phone.clinic.asked.lock().unwrap();
    let numbers = asked.iter().map(|it| it.occurrence.unwrap().number);
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn without_a_network_all_wait_also_over_a_restart_and_then_go_out() {
    let phone = phone();
    let found = phone.app.find_series(request(3)).await.unwrap();
    phone.clinic.is_reached(false);
    let bookings = phone.app.book_series(series(slots(&found))).await.unwrap();
    assert_eq!(statuses(&bookings), [BookingStatus::WaitingForNetwork; 3]);
    let before = occurrences(&phone);
    let phone = phone.restarted();
    assert_eq!(occurrences(&phone), before);
    phone.clinic.is_reached(true);
    phone.app.network_is_back();
    phone.app.sync(MAI).await.unwrap();
    let after = phone.app.bookings(MAI).unwrap();
    assert_eq!(statuses(&after), [BookingStatus::Confirmed; 3]);
    assert_eq!(occurrences(&phone), before);
}

#[tokio::test]
async fn a_clinic_that_knows_of_no_series_does_not_make_the_phone_forget_it() {
    let phone = phone();
    *phone.clinic.forgets_series.lock().unwrap() = true;
    let bookings = booked(&phone, 2).await;
    assert_eq!(statuses(&bookings), [BookingStatus::Confirmed; 2]);
    assert_eq!(bookings[1].series.as_ref().unwrap().number, 2);
}

#[tokio::test]
async fn what_else_would_do_is_never_on_the_day_of_another_visit() {
    let phone = phone();
    let found = phone.app.find_series(request(3)).await.unwrap();
    let wish = SeriesOtherwise {
        days_aside: 2,
        from_minute: 360,
        until_minute: 900,
        any_practitioner: true,
    };
    let request = SeriesRequest {
        otherwise: Some(wish),
        ..series(slots(&found))
    };
    phone.app.book_series(request).await.unwrap();
    let asked = phone.clinic.asked.lock().unwrap();
    let days = asked.iter().map(|asked| {
        let wish = asked.otherwise.clone().unwrap();
        let texts = [wish.first_day(), wish.last_day()];
        texts.map(|day| day.format("%d/%m").to_string())
    });
    // From Saturday, and up to Sunday.
    assert_eq!(
        days.collect::<Vec<_>>(),
        [["28/11", "01/12"], ["02/12", "03/12"], ["04/12", "06/12"]]
            .map(|it| it.map(str::to_owned))
    );
}

#[tokio::test]
async fn the_rest_is_taken_back_and_what_was_before_stays() {
    let phone = phone();
    let bookings = booked(&phone, 4).await;
    let back = phone.app.cancel_series(MAI, &bookings[1].id).await.unwrap();
    assert_eq!(statuses(&back), [BookingStatus::Cancelled; 3]);
    let now = phone.app.bookings(MAI).unwrap();
    assert_eq!(now[0].status, BookingStatus::Confirmed);
    assert_eq!(now[0].series.as_ref().unwrap().coming, [now[0].id.clone()]);
    for bad in [&bookings[1].id, &bookings[3].id] {
        let refused = phone.app.cancel_series(MAI, bad).await;
        assert!(
            matches!(refused, Err(AppError::Validation { .. })),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn what_was_taken_back_without_a_network_is_shown_so_when_the_clinic_has_it() {
    let phone = phone();
    let bookings = booked(&phone, 3).await;
    phone.clinic.is_reached(false);
    let back = phone.app.cancel_series(MAI, &bookings[0].id).await.unwrap();
    assert!(
        back.iter()
            .all(|it| it.cancelling && it.status == BookingStatus::Confirmed)
    );
    // Once is enough.
    phone.app.cancel_series(MAI, &bookings[0].id).await.unwrap();
    let book = phone.app.inner.book(MAI).unwrap();
    assert_eq!(book.vault.waiting().unwrap().len(), 3);
    phone.clinic.is_reached(true);
    phone.app.network_is_back();
    phone.app.sync(MAI).await.unwrap();
    let after = phone.app.bookings(MAI).unwrap();
    assert_eq!(statuses(&after), [BookingStatus::Cancelled; 3]);
}

#[tokio::test]
async fn a_series_goes_on_where_it_ended() {
    let phone = phone();
    let first = booked(&phone, 2).await;
    let found = phone.app.find_series(request(4)).await.unwrap();
    let more = SeriesRequest {
        continues: Some(first[1].id.clone()),
        ..series(slots(&found).split_off(2))
    };
    let more = phone.app.book_series(more).await.unwrap();
    let numbers = more.iter().map(|it| it.series.as_ref().unwrap().number);
    assert_eq!(numbers.collect::<Vec<_>>(), [3, 4]);
    assert_eq!(more[1].series.as_ref().unwrap().id, first[0].id);
    assert_eq!(more[1].series.as_ref().unwrap().coming.len(), 4);
}

#[tokio::test]
async fn what_is_no_series_is_refused_and_kept_nowhere() {
    let phone = phone();
    let found = phone.app.find_series(request(2)).await.unwrap();
    let good = series(slots(&found));
    let with = |change: &dyn Fn(&mut SeriesRequest)| {
        let mut request = good.clone();
        change(&mut request);
        phone.app.book_series(request)
    };
    let wish = |days_aside, until_minute| SeriesOtherwise {
        days_aside,
        from_minute: 0,
        until_minute,
        any_practitioner: false,
    };
    let bad = [
        with(&|it| it.slots.clear()).await,
        with(&|it| it.slots = vec![it.slots[0].clone(); 41]).await,
        with(&|it| it.slots[1].clinic_id = "b".to_owned()).await,
        with(&|it| it.slots[1].id = "no id".to_owned()).await,
        with(&|it| it.slots[1].start = it.slots[0].start.plus(HOUR)).await,
        with(&|it| it.otherwise = Some(wish(7, 600))).await,
        with(&|it| it.otherwise = Some(wish(0, 0))).await,
    ];
    for bad in bad {
        assert!(matches!(bad, Err(AppError::Validation { .. })), "{bad:?}");
    }
    let unknown = with(&|it| it.continues = Some("no".to_owned())).await;
    assert!(
        matches!(unknown, Err(AppError::NotFound { .. })),
        "{unknown:?}"
    );
    assert!(phone.app.bookings(MAI).unwrap().is_empty());
    for days in [
        SeriesDays::On { days: Vec::new() },
        SeriesDays::On {
            days: vec!["1/12/2026".to_owned()],
        },
        SeriesDays::Weekly {
            first_day: "2026-12-01".to_owned(),
            weekdays: vec![8],
            week_interval: 1,
            visits: 3,
        },
    ] {
        let asked = FindSeriesRequest { days, ..request(1) };
        let bad = phone.app.find_series(asked).await;
        assert!(matches!(bad, Err(AppError::Validation { .. })), "{bad:?}");
    }
    assert!(phone.clinic.found.lock().unwrap().len() == 1);
    assert_eq!(slots(&found)[0].start.in_vietnam().hour(), 7);
}

#[tokio::test]
async fn what_the_family_has_meanwhile_is_said_before() {
    let phone = phone();
    let found = phone.app.find_series(request(2)).await.unwrap();
    let request = series(slots(&found));
    assert_eq!(phone.app.series_overlaps(&request), Ok(Vec::new()));
    phone.app.book_series(request.clone()).await.unwrap();
    assert_eq!(phone.app.series_overlaps(&request).unwrap().len(), 2);
}
