//! A phone that books without end, for a test that kills it at any moment.
//!
//! `killable-phone FOLDER CLINIC-URL-FILE`: prints `ready`, then one line per thing a person was shown:
//! `kept <booking>` (the core took it), `confirmed <booking>` (the clinic has it). Whatever was printed
//! must be true after any kill.

#![allow(clippy::print_stdout, reason = "the lines are its output")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::domain::ports::Clock;
use sokhoe_app::{BookRequest, BookingStatus, FindSlotsRequest, SoKhoe, SystemClock};
use sokhoe_testing::PlainKeys;

fn say(line: &str) {
    println!("{line}");
    let _closed = std::io::stdout().flush();
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(folder), Some(code_file)) = (args.next(), args.next()) else {
        say("usage: killable-phone FOLDER ENROLMENT-FILE");
        std::process::exit(2);
    };
    let ports = sokhoe_tests::real_ports(Path::new(&folder), Arc::new(PlainKeys::default()));
    let app = SoKhoe::open(sokhoe_tests::config(), ports).expect("a core");
    if app.persons().expect("persons").is_empty() {
        let code = fs::read_to_string(code_file).expect("an enrolment");
        app.enrol(&code).await.expect("an enrolment");
    }
    let person = app.persons().expect("persons").remove(0);
    say("ready");
    loop {
        // Everything a person was told before the last kill is told again from what is kept.
        let _offline = app.sync(&person.id).await;
        for booking in app.bookings(&person.id).expect("bookings") {
            match booking.status {
                BookingStatus::Confirmed => {
                    say(&format!("confirmed {}", booking.id));
                    // A person may have five bookings: make room for the next.
                    let _offline = app.cancel_booking(&person.id, &booking.id).await;
                }
                BookingStatus::WaitingForNetwork | BookingStatus::Sending => {
                    say(&format!("kept {}", booking.id))
                }
                // Nobody waits here, or comes to the desk.
                BookingStatus::OnWaitingList
                | BookingStatus::CheckedIn
                | BookingStatus::Fulfilled
                | BookingStatus::NoShow
                | BookingStatus::Offered
                | BookingStatus::Refused
                | BookingStatus::Cancelled => {}
            }
        }
        let from = SystemClock.now();
        let request = FindSlotsRequest {
            person_id: person.id.clone(),
            clinic_id: person.clinic_ids[0].clone(),
            service_id: None,
            from,
            to: from.plus(Duration::from_secs(7 * 86_400)),
            limit: 20,
            criteria: None,
            has_referral: false,
        };
        let Ok(slots) = app.find_slots(request).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        for slot in slots.into_iter().take(2) {
            if let Ok(booking) = app
                .book(BookRequest {
                    person_id: person.id.clone(),
                    slot,
                    otherwise: None,
                })
                .await
            {
                say(&format!(
                    "{} {}",
                    if booking.status == BookingStatus::Confirmed {
                        "confirmed"
                    } else {
                        "kept"
                    },
                    booking.id
                ));
            }
        }
    }
}
