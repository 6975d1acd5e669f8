//! Rooms in which doctor and patient meet by video.
//!
//! Where a visit takes place is computed and never stored: nobody can guess it, and it is told only while the visit is
//! open. A booking that was moved has another room.

use sokhoe_domain::{GrantScope, RemoteVisitState, RemoteVisitWindow, Timestamp, VisitMode};
use sokhoe_fhir::remote_visit::is_link;
use sokhoe_fhir::{Appointment, AppointmentStatus, RemoteVisit};

use crate::access::Access;
use crate::clinic::{Inner, hex};
use crate::store::{Sql, StoreError, resources, settings};

/// The setting of the rooms' address.
const ROOMS: &str = "video-rooms";
/// What stands in it for the room.
const ROOM: &str = "{room}";
/// Bytes of a room's name: as many as nobody guesses.
const ROOM_BYTES: usize = 20;

/// Whether a text says where rooms are: an `https` address with one `{room}` behind its host.
pub(crate) fn is_address_of_rooms(text: &str) -> bool {
    let host = text.strip_prefix("https://").unwrap_or_default();
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    text.matches(ROOM).count() == 1 && !host.contains(ROOM) && is_link(&text.replace(ROOM, "0"))
}

pub(crate) fn set_rooms(sql: Sql<'_>, address: Option<&str>) -> Result<(), StoreError> {
    settings::set(sql, ROOMS, address.unwrap_or_default())
}

/// How a visit is joined; nothing when it is not granted, not booked, not from afar, or there are no rooms.
pub(crate) fn join(
    sql: Sql<'_>,
    inner: &Inner,
    access: &Access,
    id: &str,
    now: Timestamp,
) -> Result<Option<RemoteVisit>, StoreError> {
    let Some(stored) = access.read_to(sql, "Appointment", id, GrantScope::Book)? else {
        return Ok(None);
    };
    let Some(Meeting { window, room }) = meeting(sql, inner, id, &stored.json)? else {
        return Ok(None);
    };
    let state = window.at(now);
    Ok(Some(RemoteVisit {
        window,
        state,
        link: (state == RemoteVisitState::Open).then_some(room),
    }))
}

/// Where the doctor goes, whoever asks: for the clinic's own people.
pub(crate) fn room_of(sql: Sql<'_>, inner: &Inner, id: &str) -> Result<Option<String>, StoreError> {
    let Some(json) = resources::json_of(sql, "Appointment", id)? else {
        return Ok(None);
    };
    Ok(meeting(sql, inner, id, &json)?.map(|meeting| meeting.room))
}

/// When and where people meet.
struct Meeting {
    window: RemoteVisitWindow,
    room: String,
}

fn meeting(
    sql: Sql<'_>,
    inner: &Inner,
    id: &str,
    appointment: &str,
) -> Result<Option<Meeting>, StoreError> {
    let booked = Appointment::from_json(appointment).ok().filter(|visit| {
        let stands = matches!(
            visit.status,
            AppointmentStatus::Booked | AppointmentStatus::CheckedIn
        );
        stands && visit.mode == Some(VisitMode::Remote)
    });
    let Some((start, end)) = booked.and_then(|visit| Some((visit.start?, visit.end))) else {
        return Ok(None);
    };
    let rooms = settings::get(sql, ROOMS)?;
    let Some(rooms) = rooms.filter(|address| is_address_of_rooms(address)) else {
        return Ok(None);
    };
    let at = start.as_millis().to_be_bytes();
    let room = inner.keys.mac("video-room", &[id.as_bytes(), &at]);
    let room = hex(room.get(..ROOM_BYTES).unwrap_or_default());
    Ok(Some(Meeting {
        window: RemoteVisitWindow::of(start, end.unwrap_or(start)),
        room: rooms.replace(ROOM, &room),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_somewhere_safe_and_each_has_a_place() {
        assert!(is_address_of_rooms("https://meet.example.vn/{room}"));
        assert!(is_address_of_rooms("https://meet.example.vn/?r={room}#a"));
        for bad in [
            "https://meet.example.vn/",
            "https://meet.example.vn/{room}/{room}",
            "https://{room}.example.vn/",
            "http://meet.example.vn/{room}",
            "https://a@b/{room}",
            "{room}",
        ] {
            assert!(!is_address_of_rooms(bad), "{bad}");
        }
    }
}
