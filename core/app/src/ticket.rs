//! The ticket of a booking, to be shown at the kiosk or the counter without a network.

use std::fmt;

use sokhoe_domain::{BookingState, ResourceKey, Timestamp, VisitMode, Wire};
use sokhoe_fhir::Appointment;
use sokhoe_qr::draw::Level;
use sokhoe_qr::signed::{Refusal, UnprovenTicket};
use sokhoe_qr::{Matrix, PublicKey, TicketSheet};
use sokhoe_vault::{ClinicRecord, StoredBooking};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};

/// A cracked screen must do (docs/adr/0004).
const LEVEL: Level = Level::Quartile;

/// Whether a ticket can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketState {
    /// It is here, and opens later.
    NotYet,
    /// Now.
    Open,
    /// Its time is over.
    Over,
    /// There is none here.
    Absent,
}

/// The code of a ticket, to be drawn.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketCodeView {
    /// The text of the code.
    pub payload: String,
    /// Modules in a row, without a quiet zone.
    pub size: u32,
    /// `size * size` modules, row by row: 1 is dark.
    pub modules: Vec<u8>,
}

/// Whoever has the code is let in.
impl fmt::Debug for TicketCodeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketCodeView")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// The ticket of a booking. All times are the clinic's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    /// Whether it can be shown now.
    pub state: TicketState,
    /// What to show; there while it is open.
    pub code: Option<TicketCodeView>,
    /// The clinic's number of the ticket; unset when there is none here.
    pub number: Option<u32>,
    /// When the visit begins.
    pub start: Timestamp,
    /// From when on it can be shown; unset when there is none here.
    pub opens: Option<Timestamp>,
    /// Until when this code is good, which is not the whole time of the ticket.
    pub valid_until: Option<Timestamp>,
    /// After so many seconds something else is to be shown: ask again. Whatever the phone's clock says.
    pub ask_again_seconds: Option<u32>,
    /// What to do, as a sentence.
    pub text: String,
}

impl SoKhoe {
    /// The ticket of a confirmed visit at the clinic. Needs no network: the tickets came with a synchronisation, signed by
    /// the clinic. Each code is good for half an hour, after which the next one is to be shown.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn ticket(&self, person_id: &str, booking_id: &str) -> Result<TicketView, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let booking = book.stored_booking(booking_id)?;
        let clinic = session.clinic(booking.clinic.as_str())?;
        if let Some(why) = needs_none(&book, &booking, &clinic)? {
            return Ok(absent(&booking, session.words.say(why)));
        }
        let now = session.now_at(&clinic);
        let sheet = kept_sheet(&book, &booking, &clinic)?;
        let mut view = match sheet {
            Some(sheet) => session.ticket_view(&sheet, now)?,
            None if now.here >= booking.end => TicketView {
                state: TicketState::Over,
                ..absent(&booking, session.words.say("ticket-over"))
            },
            None => absent(&booking, session.words.say("ticket-not-here")),
        };
        if let Some(off) = session.clock_is_off(now) {
            view.text = format!("{} {off}", view.text);
        }
        Ok(view)
    }
}

/// What time it is at a clinic.
#[derive(Clone, Copy)]
struct ClinicNow {
    /// By its clock where it told the time since the app began, else by the phone's.
    here: Timestamp,
    /// How many milliseconds the phone is ahead of it.
    phone_ahead: i64,
}

impl ClinicNow {
    /// Rounded up, so that nobody asks too soon.
    fn seconds_until(self, at: Timestamp) -> u32 {
        u32::try_from(at.since(self.here).as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
    }
}

/// Why there is no ticket of a booking, whatever came; nothing where there is one sooner or later.
fn needs_none(
    book: &OpenBook,
    booking: &StoredBooking,
    clinic: &ClinicRecord,
) -> Result<Option<&'static str>, AppError> {
    if booking.state != BookingState::Confirmed {
        return Ok(Some("ticket-not-confirmed"));
    }
    if clinic.wire == Wire::Server {
        return Ok(Some("ticket-not-given"));
    }
    let key = ResourceKey::new("Appointment", booking.id.to_string());
    let visit = book.vault.resource(&booking.clinic, &key)?;
    let visit = visit.and_then(|visit| Appointment::from_json(&visit.json).ok());
    let is_remote = visit.is_some_and(|visit| visit.mode == Some(VisitMode::Remote));
    Ok(is_remote.then_some("ticket-remote"))
}

/// The tickets that the clinic signed for the booking as it is now.
fn kept_sheet(
    book: &OpenBook,
    booking: &StoredBooking,
    clinic: &ClinicRecord,
) -> Result<Option<TicketSheet>, AppError> {
    let kept = book.vault.ticket(booking.id)?.and_then(|kept| kept.sheet);
    let key = PublicKey::from_bytes(clinic.public_key);
    Ok(kept
        .and_then(|text| TicketSheet::verify(&text, &key).ok())
        .filter(|sheet| sheet.start() == booking.start))
}

fn absent(booking: &StoredBooking, text: String) -> TicketView {
    TicketView {
        state: TicketState::Absent,
        code: None,
        number: None,
        start: booking.start,
        opens: None,
        valid_until: None,
        ask_again_seconds: None,
        text,
    }
}

fn drawn(payload: String) -> Result<TicketCodeView, AppError> {
    let drawn = Matrix::encode(&payload, LEVEL).map_err(|_| AppError::internal("draw"))?;
    Ok(TicketCodeView {
        payload,
        size: u32::try_from(drawn.size()).map_err(|_| AppError::internal("draw"))?,
        modules: drawn.modules().iter().map(|dark| u8::from(*dark)).collect(),
    })
}

impl Session {
    fn now_at(&self, clinic: &ClinicRecord) -> ClinicNow {
        let phone_ahead = self.phone_ahead(&clinic.id).unwrap_or(0);
        let here = self.now().as_millis().saturating_sub(phone_ahead);
        ClinicNow {
            here: Timestamp::from_millis(here),
            phone_ahead,
        }
    }

    fn ticket_view(&self, sheet: &TicketSheet, now: ClinicNow) -> Result<TicketView, AppError> {
        let view = TicketView {
            state: TicketState::Over,
            code: None,
            number: Some(sheet.number()),
            start: sheet.start(),
            opens: Some(sheet.opens()),
            valid_until: None,
            ask_again_seconds: None,
            text: self.words.say("ticket-over"),
        };
        let say = |key, at| {
            let when = self.words.when(at, now.here);
            self.words.say_with(key, &[("when", when)])
        };
        match sheet.at(now.here) {
            Ok(payload) => {
                let claims = UnprovenTicket::read(&payload);
                let claims = claims.map_err(|_| AppError::internal("ticket"))?;
                let until = claims.claims().valid_until();
                Ok(TicketView {
                    state: TicketState::Open,
                    code: Some(drawn(payload)?),
                    valid_until: Some(until),
                    ask_again_seconds: Some(now.seconds_until(until)),
                    text: say("ticket-open", until),
                    ..view
                })
            }
            Err(Refusal::NotYet { from }) => Ok(TicketView {
                state: TicketState::NotYet,
                ask_again_seconds: Some(now.seconds_until(from)),
                text: say("ticket-not-yet", from),
                ..view
            }),
            Err(_) => Ok(view),
        }
    }

    /// That the phone's clock is wrong, when it is so far off that somebody may wonder.
    fn clock_is_off(&self, now: ClinicNow) -> Option<String> {
        let key = match now.phone_ahead > 0 {
            true => "ticket-clock-ahead",
            false => "ticket-clock-behind",
        };
        let span = self.span_off(now.phone_ahead)?;
        Some(self.words.say_with(key, &[("span", span)]))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use bytes::Bytes;
    use ring::signature::Ed25519KeyPair;
    use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
    use sokhoe_fhir::bundle::Change;
    use sokhoe_qr::TicketGate;
    use sokhoe_vault::KeptTicket;

    use super::*;
    use crate::Language;
    use crate::test_phone::{TestPhone, booking, clinic, clock, config, person};

    const MAI: &str = "mai";

    /// Knows nothing but the time, while it says that.
    #[derive(Default)]
    struct OnlyADate(Mutex<Option<&'static str>>);

    impl Transport for OnlyADate {
        fn send(
            &self,
            _: http::Request<Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            let date = *self.0.lock().unwrap();
            Box::pin(async move {
                let date = date.ok_or(TransportError::Unreachable)?;
                let answer = http::Response::builder().status(503).header("date", date);
                Ok(answer.body(Bytes::new()).unwrap())
            })
        }
    }

    fn key() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap()
    }

    fn at(time: &str) -> Timestamp {
        Timestamp::parse_fhir(&format!("2026-11-24T{time}:00+07:00")).unwrap()
    }

    /// A phone, where it is 08:30, with a visit.
    struct World {
        phone: TestPhone<OnlyADate>,
        visit: StoredBooking,
    }

    impl World {
        fn new(start: &str, wire: Wire) -> Self {
            let clinic = ClinicRecord {
                public_key: *PublicKey::of(&key()).unwrap().as_bytes(),
                wire,
                ..clinic()
            };
            let phone = TestPhone::new(config(Language::En), 1, OnlyADate::default(), clock());
            let phone = phone.enrol(&clinic, [person(MAI)]);
            let visit = StoredBooking {
                state: BookingState::Confirmed,
                ..booking(1, at(start), phone.app.inner.now())
            };
            phone.apply(MAI, &[], std::slice::from_ref(&visit));
            Self { phone, visit }
        }

        /// With tickets of this start.
        fn with_tickets(self, start: &str, key: &Ed25519KeyPair) -> Self {
            let sheet = TicketSheet::for_appointment(12, at(start), key).unwrap();
            let kept = KeptTicket {
                booking: self.visit.id,
                start: self.visit.start,
                sheet: Some(sheet.sign(key).unwrap()),
                not_before: at("00:00"),
            };
            let book = self.phone.app.inner.book(MAI).unwrap();
            book.vault.keep_ticket(&kept, at("00:00")).unwrap();
            self
        }

        fn view(&self) -> TicketView {
            let id = self.visit.id.to_string();
            self.phone.app.ticket(MAI, &id).unwrap()
        }
    }

    #[test]
    fn a_ticket_opens_changes_every_half_hour_and_ends() {
        let world = World::new("12:15", Wire::Clinic).with_tickets("12:15", &key());
        let early = world.view();
        assert_eq!((early.state, early.number), (TicketState::NotYet, Some(12)));
        assert_eq!(early.opens, Some(at("09:00")));
        assert_eq!(early.ask_again_seconds, Some(30 * 60));
        assert_eq!(early.code, None);
        assert_eq!(
            early.text,
            "The ticket can be shown from Today, 09:00 on, also without a network. Open it again then."
        );

        let mut gate = TicketGate::new([PublicKey::of(&key()).unwrap()]);
        world
            .phone
            .clock
            .advance(Duration::from_millis(30 * 60_000 + 1));
        let open = world.view();
        assert_eq!(open.state, TicketState::Open);
        assert_eq!(open.valid_until, Some(at("09:30")));
        assert_eq!(open.ask_again_seconds, Some(30 * 60), "rounded up");
        assert!(
            open.text.contains("good until Today, 09:30"),
            "{}",
            open.text
        );
        let code = open.code.clone().unwrap();
        assert_eq!(code.modules.len(), (code.size * code.size) as usize);
        assert!(!format!("{open:?}").contains(&code.payload));
        gate.check(&code.payload, at("09:00")).unwrap();

        world.phone.clock.advance(Duration::from_secs(30 * 60));
        let next = world.view().code.unwrap();
        assert_ne!(next, code);
        gate.admit(&next.payload, at("09:40")).unwrap();
        assert!(gate.admit(&next.payload, at("09:40")).is_err(), "once");

        world.phone.clock.advance(Duration::from_secs(10 * 3_600));
        let over = world.view();
        assert_eq!((over.state, over.code), (TicketState::Over, None));
        assert_eq!(over.ask_again_seconds, None);
    }

    #[test]
    fn what_is_not_signed_for_this_start_by_this_clinic_is_not_shown() {
        let other = Ed25519KeyPair::from_seed_unchecked(&[4; 32]).unwrap();
        for world in [
            World::new("09:00", Wire::Clinic),
            World::new("09:00", Wire::Clinic).with_tickets("09:00", &other),
            World::new("09:00", Wire::Clinic).with_tickets("10:00", &key()),
        ] {
            let view = world.view();
            assert_eq!((view.state, view.number), (TicketState::Absent, None));
            assert!(view.text.starts_with("The ticket is not on this phone"));
        }
        let over = World::new("07:00", Wire::Clinic);
        assert_eq!(over.view().state, TicketState::Over);
    }

    #[test]
    fn what_needs_no_ticket_says_so() {
        let world = World::new("09:00", Wire::Server);
        assert!(world.view().text.starts_with("This place gives no tickets"));

        let world = World::new("09:00", Wire::Clinic).with_tickets("09:00", &key());
        let id = world.visit.id.to_string();
        let by_video = Appointment {
            id: Some(id.clone()),
            mode: Some(VisitMode::Remote),
            ..Appointment::default()
        };
        let json = by_video.to_json();
        let change = Change::Put {
            key: ResourceKey::new("Appointment", id),
            version: None,
            json: &json,
        };
        world.phone.apply(MAI, &[change], &[]);
        let view = world.view();
        assert_eq!((view.state, view.code), (TicketState::Absent, None));
        assert!(view.text.contains("needs no ticket"), "{}", view.text);

        let gone = StoredBooking {
            state: BookingState::Cancelled,
            ..world.visit.clone()
        };
        world.phone.apply(MAI, &[], &[gone]);
        let view = world.view();
        assert!(
            view.text.starts_with("There is a ticket once"),
            "{}",
            view.text
        );
        assert!(world.phone.app.ticket(MAI, "nobody's").is_err());
    }

    #[tokio::test]
    async fn a_phone_whose_clock_is_wrong_shows_what_is_valid_at_the_clinic() {
        let world = World::new("09:15", Wire::Clinic).with_tickets("09:15", &key());
        let right = world.view();
        assert_eq!(right.valid_until, Some(at("09:00")));

        // There it is 05:50 of the same day: the phone is ahead by 2 h 40 min.
        *world.phone.clinic.0.lock().unwrap() = Some("Mon, 23 Nov 2026 22:50:00 GMT");
        let _busy = world.phone.app.sync(MAI).await;
        let view = world.view();
        assert_eq!(view.state, TicketState::NotYet);
        assert_eq!(view.ask_again_seconds, Some(10 * 60));
        assert!(
            view.text.ends_with(
                "This phone's clock is ahead of the hospital's by 0 d 2 h 40 min; the times here are the hospital's."
            ),
            "{}",
            view.text
        );

        *world.phone.clinic.0.lock().unwrap() = Some("Tue, 24 Nov 2026 02:10:00 GMT");
        world.phone.app.network_is_back();
        let _busy = world.phone.app.sync(MAI).await;
        let view = world.view();
        assert_eq!(view.valid_until, Some(at("09:30")));
        assert!(
            view.text.contains("behind the hospital's by"),
            "{}",
            view.text
        );
    }
}
