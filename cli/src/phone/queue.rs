//! `sokhoe phone queue`

use std::sync::Arc;

use clap::Args;
use serde_json::json;
use sokhoe_app::{BookObserver, BookView, BookingStatus, BookingView};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::book::known;
use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::{Output, aside};
use crate::stop;

/// Follow somebody's place in the clinic's queue, until the visit is over
///
/// Says how it stands whenever it changes: the number, how many are ahead, about when, and where to go when called.
/// Without a network it says what the clinic said last, and as of when. Ctrl-C ends it.
#[derive(Debug, Args)]
pub(super) struct QueueArgs {
    /// The booking's id, or enough of its beginning; `list` shows it
    #[arg(value_name = "BOOKING")]
    booking: String,

    /// Say how it stands now, and end
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(
    phone: &Phone<'_>,
    args: &QueueArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    // Somebody who came without a booking is known after a look at the clinic.
    let synced = phone.app.sync(&person.id).await;
    let booking = known(phone, &person, &args.booking)?;
    tell(&booking, output)?;
    if let Err(error) = synced {
        aside(&phone.words.of_core(&error));
    }
    if args.once || is_over(booking.status) {
        return Ok(());
    }
    let (changes, mut changed) = unbounded_channel();
    let screen = Arc::new(Screen {
        booking: booking.id.clone(),
        changes,
    });
    let _until_the_end = phone.app.observe(&person.id, screen)?;
    let mut stopped = std::pin::pin!(stop::asked()?);
    let mut following = std::pin::pin!(phone.app.keep_in_step(&person.id));
    let mut said = booking;
    loop {
        let now = tokio::select! {
            () = &mut stopped => return Ok(()),
            ended = &mut following => return Ok(ended?),
            now = changed.recv() => now,
        };
        let Some(now) = now else {
            return Ok(());
        };
        if (now.status, &now.status_text) != (said.status, &said.status_text) {
            tell(&now, output)?;
        }
        if is_over(now.status) {
            return Ok(());
        }
        said = now;
    }
}

/// Passes on how the booking stands.
struct Screen {
    booking: String,
    changes: UnboundedSender<BookingView>,
}

impl BookObserver for Screen {
    fn on_change(&self, book: BookView) {
        let mut bookings = book.bookings.into_iter();
        if let Some(booking) = bookings.find(|booking| booking.id == self.booking) {
            // Whoever followed has ended.
            let _ = self.changes.send(booking);
        }
    }
}

fn is_over(status: BookingStatus) -> bool {
    matches!(
        status,
        BookingStatus::Fulfilled
            | BookingStatus::NoShow
            | BookingStatus::Refused
            | BookingStatus::Cancelled
    )
}

fn tell(booking: &BookingView, output: &mut Output) -> Result<(), Failure> {
    output.json(&json!({"booking": json::booking(booking)}))?;
    output.line(&booking.status_text)
}
