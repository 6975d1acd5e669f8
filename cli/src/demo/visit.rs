//! Free times and bookings, with a network and without.

use std::time::Duration;

use serde_json::json;
use sokhoe_app::{
    BookRequest, BookingStatus, BookingView, FindSlotsRequest, SlotView, SystemClock,
};
use sokhoe_domain::ports::Clock as _;
use sokhoe_domain::text::fold;

use super::report::Told;
use super::stage::Phone;
use crate::failure::Failure;
use crate::phone::json;
use crate::text::{Column, table};
use crate::words::Words;

/// How far ahead is looked.
const AHEAD: Duration = Duration::from_secs(8 * 24 * 3600);
/// Times that are shown of each service.
const SHOWN: usize = 3;
/// The services of the story, by a part of their names: diabetes first, then the heart.
const SERVICES: [&str; 2] = ["noi tiet", "sieu am doppler tim"];

/// The times that the story books.
pub(super) struct Times {
    /// Booked at once.
    pub first: SlotView,
    /// Booked on the mountain road.
    pub second: SlotView,
}

/// Looks for free times of two services.
pub(super) async fn find(phone: &Phone, words: &Words) -> Result<(Times, Told), Failure> {
    let services = phone.app.services(&phone.clinic_id).await?;
    let mut found = Vec::new();
    for wanted in SERVICES {
        let service = services
            .iter()
            .find(|service| fold(&service.name).contains(wanted));
        let service = service.ok_or_else(|| Failure::said("demo-no-service"))?;
        let now = SystemClock.now();
        let request = FindSlotsRequest {
            person_id: phone.person.id.clone(),
            clinic_id: phone.clinic_id.clone(),
            service_id: Some(service.id.clone()),
            from: now,
            to: now.plus(AHEAD),
            limit: 50,
            criteria: None,
            has_referral: false,
        };
        found.push(phone.app.find_slots(request).await?);
    }
    let [first_service, second_service] = &*found else {
        return Err(Failure::said("failure-fault"));
    };
    let nothing = || Failure::said("demo-nothing-free");
    let first = first_service.first().cloned().ok_or_else(nothing)?;
    // Nobody is in two rooms at once, nor runs from one to the other.
    let earliest = first.end.plus(Duration::from_secs(3600));
    let second = second_service
        .iter()
        .find(|slot| slot.start >= earliest)
        .cloned()
        .ok_or_else(nothing)?;
    let shown: Vec<&SlotView> = found
        .iter()
        .flat_map(|slots| slots.iter().take(SHOWN))
        .collect();
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|slot| {
            vec![
                slot.when_text.clone(),
                slot.service.clone(),
                slot.practitioner.clone(),
                slot.price_text.clone(),
            ]
        })
        .collect();
    let mut lines = vec![words.say_with("demo-found", &[("services", services.len().to_string())])];
    lines.extend(table(
        &[Column::Left, Column::Left, Column::Left, Column::Right],
        &rows,
    ));
    let told = Told {
        data: json!({"services": services.len(), "slots": json::list(&shown, |slot| json::slot(slot))}),
        lines,
        drawing: Vec::new(),
    };
    Ok((Times { first, second }, told))
}

/// Books a time; the clinic confirms it.
pub(super) async fn book(
    phone: &Phone,
    slot: &SlotView,
    words: &Words,
) -> Result<((), Told), Failure> {
    let booking = ask(phone, slot).await?;
    expect(&booking, BookingStatus::Confirmed)?;
    Ok(((), told(&booking, words.say("demo-booked"))))
}

/// Cuts the network and books all the same.
pub(super) async fn book_offline(
    phone: &Phone,
    slot: &SlotView,
    words: &Words,
) -> Result<(BookingView, Told), Failure> {
    phone.switch.cut();
    let booking = ask(phone, slot).await?;
    expect(&booking, BookingStatus::WaitingForNetwork)?;
    let told = told(&booking, words.say("demo-cut"));
    Ok((booking, told))
}

/// Mends the network and only watches: the booking goes out by itself.
pub(super) async fn reconnect(
    phone: &Phone,
    waiting: &BookingView,
    words: &Words,
) -> Result<((), Told), Failure> {
    phone.switch.mend();
    let settled = |booking: &&BookingView| {
        let on_its_way = matches!(
            booking.status,
            BookingStatus::WaitingForNetwork | BookingStatus::Sending
        );
        booking.id == waiting.id && !on_its_way
    };
    let book = phone
        .shows(|book| book.bookings.iter().any(|booking| settled(&booking)))
        .await?;
    let booking = book
        .bookings
        .iter()
        .find(settled)
        .ok_or_else(|| Failure::said("demo-not-shown"))?;
    expect(booking, BookingStatus::Confirmed)?;
    Ok(((), told(booking, words.say("demo-reconnected"))))
}

async fn ask(phone: &Phone, slot: &SlotView) -> Result<BookingView, Failure> {
    Ok(phone
        .app
        .book(BookRequest {
            person_id: phone.person.id.clone(),
            slot: slot.clone(),
            otherwise: None,
        })
        .await?)
}

fn expect(booking: &BookingView, status: BookingStatus) -> Result<(), Failure> {
    if booking.status == status {
        Ok(())
    } else {
        Err(Failure::Said(
            "demo-other-status",
            vec![("status", booking.status_text.clone())],
        ))
    }
}

fn told(booking: &BookingView, first: String) -> Told {
    let place = [&*booking.practitioner, &*booking.location]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>();
    Told {
        data: json!({"booking": json::booking(booking)}),
        lines: vec![
            first,
            format!("{}: {}", booking.when_text, booking.service),
            place.join(", "),
            format!("→ {}", booking.status_text),
        ],
        drawing: Vec::new(),
    }
}
