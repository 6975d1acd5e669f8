//! `sokhoe clinic video-rooms`: where visits by video take place.

use clap::Args;
use serde_json::json;

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::words::Words;

/// Say where visits by video take place, or show the room of a booking
///
/// Each booking has a room of its own that nobody can guess. Phones are told it from a quarter of an hour before the
/// visit until an hour after it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe clinic video-rooms --data ./clinic https://meet.example.vn/{room}
  sokhoe clinic video-rooms --data ./clinic --of 01936b1e-…")]
pub(super) struct VideoRoomsArgs {
    #[command(flatten)]
    data: DataArgs,

    /// The rooms' address, with {room} where a room's name stands
    #[arg(value_name = "ADDRESS", required_unless_present_any = ["of", "none"], conflicts_with_all = ["of", "none"])]
    address: Option<String>,

    /// The id of a booking: where its doctor goes
    #[arg(long, value_name = "BOOKING", conflicts_with = "none")]
    of: Option<String>,

    /// There are none any more
    #[arg(long)]
    none: bool,
}

pub(super) async fn run(
    args: VideoRoomsArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    if let Some(booking) = args.of {
        let asked = booking.clone();
        let room = off_thread(move || clinic.room_of(&booking)).await?;
        let Some(room) = room else {
            return Err(Failure::Said("clinic-no-room", vec![("booking", asked)]));
        };
        output.json(&json!({"booking": asked, "room": room}))?;
        return output.line(room);
    }
    let address = args.address.clone();
    off_thread(move || clinic.set_video_rooms(address.as_deref())).await?;
    output.json(&json!({"address": args.address}))?;
    output.line(words.say(match args.address {
        Some(_) => "clinic-rooms-set",
        None => "clinic-rooms-none",
    }))
}
