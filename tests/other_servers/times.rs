//! A clinic with times to be booked, at a server of each manners, and what phones do there.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{
    AppError, BookRequest, BookingStatus, BookingView, FindSlotsRequest, SlotCriteria, SlotView,
};
use sokhoe_tests::foreign::{ForeignClinic, Manners, SlotRow};

use crate::server::{HandClock, Phone, server};

pub const BEGIN: &str = "2026-11-02T00:00:00+07:00";
pub const END: &str = "2026-11-09T00:00:00+07:00";

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse_fhir(text).unwrap()
}

pub fn slot(id: &str, schedule: &str, status: &str, day: u8, hour: u8) -> String {
    format!(
        r#"{{"resourceType":"Slot","id":"{id}","status":"{status}","schedule":{{"reference":"Schedule/{schedule}"}},"start":"2026-11-{day:02}T{hour:02}:00:00+07:00","end":"2026-11-{day:02}T{hour:02}:30:00+07:00"}}"#
    )
}

pub fn appointment(id: &str, slot: &str, patient: &str, hour: u8) -> String {
    format!(
        r#"{{"resourceType":"Appointment","id":"{id}","status":"booked","start":"2026-11-03T{hour:02}:00:00+07:00","end":"2026-11-03T{hour:02}:30:00+07:00","slot":[{{"reference":"Slot/{slot}"}}],"participant":[{{"actor":{{"reference":"Patient/{patient}"}},"status":"accepted"}}]}}"#
    )
}

/// A clinic with a heart doctor, an eye doctor by her role, and a calendar that was closed.
pub fn clinic(manners: Manners) -> (Arc<ForeignClinic>, Arc<HandClock>) {
    let (server, clock) = server(manners, 3, Duration::from_secs(1));
    let resources = [
        r#"{"resourceType":"Patient","id":"other"}"#.to_owned(),
        r#"{"resourceType":"Practitioner","id":"tim","name":[{"text":"BS. Lò Văn Tim"}]}"#.to_owned(),
        r#"{"resourceType":"Practitioner","id":"mat","name":[{"text":"BS. Hà Thị Mắt"}],"communication":[{"coding":[{"system":"urn:ietf:bcp:47","code":"vi"}]},{"coding":[{"system":"urn:ietf:bcp:47","code":"hmn"}]}]}"#.to_owned(),
        r#"{"resourceType":"Location","id":"p1","name":"Phòng 1"}"#.to_owned(),
        r#"{"resourceType":"HealthcareService","id":"kham-tim","name":"Khám tim mạch","specialty":[{"coding":[{"system":"urn:s","code":"tim"}]}],"characteristic":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}]}]}"#.to_owned(),
        r#"{"resourceType":"HealthcareService","id":"kham-mat","name":"Khám mắt","type":[{"coding":[{"system":"urn:s","code":"mat"}]}]}"#.to_owned(),
        r#"{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"Practitioner/mat"},"location":[{"reference":"Location/p1"}]}"#.to_owned(),
        r#"{"resourceType":"Schedule","id":"heart","actor":[{"reference":"Practitioner/tim"},{"reference":"Location/p1"},{"reference":"HealthcareService/kham-tim"}]}"#.to_owned(),
        r#"{"resourceType":"Schedule","id":"eye","serviceType":[{"coding":[{"system":"urn:s","code":"mat"}],"text":"Mắt"}],"actor":[{"reference":"PractitionerRole/r"}]}"#.to_owned(),
        r#"{"resourceType":"Schedule","id":"closed","active":false,"actor":[{"reference":"Practitioner/tim"}]}"#.to_owned(),
        slot("past", "heart", "free", 2, 6),
        slot("late", "heart", "free", 3, 15),
        slot("early", "heart", "free", 3, 8),
        slot("busy", "heart", "busy", 3, 9),
        slot("never", "heart", "busy-unavailable", 3, 12),
        slot("shut", "closed", "free", 3, 10),
        slot("mid", "heart", "free", 3, 11),
        slot("eyes", "eye", "free", 4, 8),
        slot("far", "heart", "free", 20, 8),
    ];
    for resource in resources {
        server.put(&resource, clock.now()).unwrap();
    }
    clock.pass(Duration::from_secs(1));
    (server, clock)
}

/// Gives its ids by itself, and says so.
pub fn own_ids() -> Manners {
    Manners {
        client_ids: false,
        says_client_ids: true,
        ..Manners::hapi()
    }
}

/// Gives its ids by itself, and does not say so.
pub fn silent_own_ids() -> Manners {
    Manners {
        client_ids: false,
        ..Manners::hapi()
    }
}

pub fn all() -> [(&'static str, Manners); 4] {
    [
        ("hapi", Manners::hapi()),
        ("sloppy", Manners::sloppy()),
        ("own ids", own_ids()),
        ("silent own ids", silent_own_ids()),
    ]
}

impl Phone {
    pub async fn try_find(
        &self,
        service: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SlotView>, AppError> {
        self.try_find_with(service, limit, None).await
    }

    pub async fn try_find_with(
        &self,
        service: Option<&str>,
        limit: u32,
        criteria: Option<SlotCriteria>,
    ) -> Result<Vec<SlotView>, AppError> {
        for _ in 0..50 {
            let request = FindSlotsRequest {
                person_id: self.person.clone(),
                clinic_id: self.clinic.clone(),
                service_id: service.map(str::to_owned),
                from: at(BEGIN),
                to: at(END),
                limit,
                criteria: criteria.clone(),
                has_referral: false,
            };
            match self.app.find_slots(request).await {
                Err(AppError::Busy { .. }) => self.clock.pass(Duration::from_secs(30)),
                other => return other,
            }
        }
        panic!("always busy: {:#?}", self.way.asked.lock().unwrap());
    }

    pub async fn find(&self, id: &str) -> SlotView {
        let slots = self.try_find(None, 50).await.unwrap();
        let found = slots.iter().find(|slot| slot.id == id);
        found
            .unwrap_or_else(|| panic!("{id} in {slots:#?}"))
            .clone()
    }

    pub async fn books(&self, slot: SlotView) -> BookingView {
        let request = BookRequest {
            person_id: self.person.clone(),
            slot,
            otherwise: None,
        };
        self.app.book(request).await.unwrap()
    }

    pub fn booking(&self, id: &str) -> BookingView {
        self.app.booking(&self.person, id).unwrap()
    }

    /// Until the server is not too busy to answer it.
    pub async fn until(&self, id: &str, status: BookingStatus) -> BookingView {
        for _ in 0..50 {
            let booking = self.booking(id);
            if booking.status == status && !booking.cancelling {
                return booking;
            }
            self.clock.pass(Duration::from_secs(150));
            self.sync().await;
        }
        panic!(
            "{:?}: {:#?}",
            self.booking(id),
            self.way.asked.lock().unwrap()
        );
    }

    /// How often the person was told.
    pub fn told(&self, kind: &str) -> usize {
        let events = self.app.events(&self.person).unwrap();
        events.iter().filter(|event| event.kind == kind).count()
    }

    pub fn writes(&self) -> u64 {
        self.way.writes.load(Ordering::SeqCst)
    }

    /// The Appointments of the book as they came.
    pub fn appointments(&self) -> Vec<String> {
        let is_one = |json: &String| json.contains(r#""resourceType":"Appointment""#);
        self.book().into_iter().filter(is_one).collect()
    }

    pub fn meanwhile(&self, what: impl FnOnce(&ForeignClinic, Timestamp) + Send + 'static) {
        *self.way.before_a_write.lock().unwrap() = Some(Box::new(what));
    }
}

pub fn row(server: &ForeignClinic, clock: &HandClock, id: &str) -> SlotRow {
    let rows = server.slots(clock.now());
    rows.into_iter().find(|row| row.id == id).unwrap()
}
