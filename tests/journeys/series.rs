//! Dialysis three times a week.

use std::time::Duration;

use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{
    BookingStatus, BookingView, FindSeriesRequest, SeriesDays, SeriesOtherwise, SeriesRequest,
    SeriesTimesView, SlotView, SystemClock,
};
use sokhoe_testing::Cut;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

/// Mondays, Wednesdays and Fridays, from tomorrow on.
async fn found(phone: &TestPhone, person: &str, visits: u32) -> SeriesTimesView {
    let tomorrow = SystemClock.now().plus(Duration::from_secs(86_400));
    let request = FindSeriesRequest {
        person_id: person.to_owned(),
        clinic_id: phone.app.clinics().unwrap()[0].id.clone(),
        service_id: "chay-than".to_owned(),
        days: SeriesDays::Weekly {
            first_day: tomorrow.vietnam_day().to_string(),
            weekdays: vec![1, 3, 5],
            week_interval: 1,
            visits,
        },
        at_minute: None,
        days_aside: 0,
        same_practitioner: false,
        has_referral: false,
        criteria: None,
    };
    phone.app.find_series(request).await.unwrap()
}

fn slots(found: &SeriesTimesView) -> Vec<SlotView> {
    let slots = found.days.iter().filter_map(|day| day.slot.clone());
    slots.collect()
}

fn series(person: &str, slots: Vec<SlotView>) -> SeriesRequest {
    SeriesRequest {
        person_id: person.to_owned(),
        slots,
        otherwise: Some(SeriesOtherwise {
            days_aside: 0,
            from_minute: 0,
            until_minute: 1_440,
            any_practitioner: true,
        }),
        continues: None,
    }
}

fn count(bookings: &[BookingView], status: BookingStatus) -> usize {
    bookings.iter().filter(|it| it.status == status).count()
}

/// What stands at the clinic on these days.
fn booked_at_clinic(clinic: &TestClinic, slots: &[SlotView]) -> usize {
    let of_days = slots.iter().map(|slot| {
        let rows = clinic.clinic.bookings_of_day(slot.start.vietnam_day());
        let rows = rows.unwrap();
        rows.iter().filter(|row| row.status == "booked").count()
    });
    of_days.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_dialysis_is_kept_without_a_network_and_confirmed_visit_by_visit() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let found = found(&phone, &person, 12).await;
    let slots = slots(&found);
    assert_eq!(slots.len(), 12, "{}", found.text);
    assert_eq!(found.most_visits, Some(40));
    phone.network.cut(Cut::NoNetwork);
    let request = series(&person, slots.clone());
    let bookings = phone.app.book_series(request).await.unwrap();
    assert_eq!(count(&bookings, BookingStatus::WaitingForNetwork), 12);
    // The answer of the first is lost, and the process ends.
    let phone = phone.restarted();
    phone.network.cut(Cut::AnswerLost);
    let _lost = phone.app.sync(&person).await;
    let phone = phone.restarted();
    phone.network.cut(Cut::Whole);
    phone.app.sync(&person).await.unwrap();
    let bookings = phone.app.bookings(&person).unwrap();
    assert_eq!(count(&bookings, BookingStatus::Confirmed), 12);
    assert_eq!(booked_at_clinic(&clinic, &slots), 12);
    let last = bookings.last().unwrap().series.clone().unwrap();
    assert_eq!((last.number, last.coming.len()), (12, 12));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_phone_of_the_person_sees_the_series_and_takes_its_rest_back() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let found = found(&phone, &person, 6).await;
    let slots = slots(&found);
    let request = series(&person, slots.clone());
    let bookings = phone.app.book_series(request).await.unwrap();
    assert_eq!(count(&bookings, BookingStatus::Confirmed), 6);

    let (sister, of_sister) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    sister.app.sync(&of_sister).await.unwrap();
    let third = sister.app.booking(&of_sister, &bookings[2].id).unwrap();
    let of = third.series.unwrap();
    assert_eq!((&of.id, of.number), (&bookings[0].id, 3));
    assert_eq!(of.coming.len(), 6);
    let back = sister.app.cancel_series(&of_sister, &third.id).await;
    assert_eq!(count(&back.unwrap(), BookingStatus::Cancelled), 4);
    assert_eq!(booked_at_clinic(&clinic, &slots), 2);

    phone.app.sync(&person).await.unwrap();
    let bookings = phone.app.bookings(&person).unwrap();
    assert_eq!(count(&bookings, BookingStatus::Cancelled), 4);
    assert_eq!(bookings[0].series.as_ref().unwrap().coming.len(), 2);
}
