//! Phones that book at HAPI itself: one has the time, whoever was late hears of others, a lost answer is
//! settled, and a cancelled time is free again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::{BoxFuture, Limits, Ports, Transport, TransportError};
use sokhoe_app::{
    AddServerRequest, BookRequest, BookingStatus, BookingView, FindSlotsRequest,
    MoveBookingRequest, SlotView, SoKhoe,
};
use sokhoe_testing::MemoryKeys;
use sokhoe_tests::foreign::conformance::Server as _;
use tempfile::TempDir;

use crate::jpa_server::HapiServer;

/// Loses so many answers to transactions.
struct Losing {
    real: Arc<dyn Transport>,
    left: AtomicU64,
}

impl Transport for Losing {
    fn send(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let word: &[u8] = br#""type":"transaction""#;
        let writes = request.body().windows(word.len()).any(|part| part == word);
        Box::pin(async move {
            let answer = self.real.send(request, limits).await;
            let take = |left: u64| left.checked_sub(1);
            if writes
                && self
                    .left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
                    .is_ok()
            {
                return Err(TransportError::Broken);
            }
            answer
        })
    }
}

#[derive(Clone)]
struct Phone {
    app: SoKhoe,
    person: String,
    clinic: String,
    way: Arc<Losing>,
    _folder: Arc<TempDir>,
}

impl Phone {
    fn knows(server: &HapiServer, patient: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let ports = {
            let _inside = server.runtime.enter();
            sokhoe_tests::real_ports(folder.path(), Arc::new(MemoryKeys::default()))
        };
        let way = Arc::new(Losing {
            real: Arc::clone(&ports.transport),
            left: AtomicU64::new(0),
        });
        let ports = Ports {
            transport: Arc::clone(&way) as Arc<dyn Transport>,
            ..ports
        };
        let app = SoKhoe::open(sokhoe_tests::config(), ports).unwrap();
        let request = AddServerRequest {
            name: "HAPI".to_owned(),
            fhir_base_url: server.base().to_owned(),
            patient_id: patient.to_owned(),
            token: None,
            person_id: None,
        };
        let view = server.runtime.block_on(app.add_server(request)).unwrap();
        let phone = Self {
            app,
            person: view.persons[0].id.clone(),
            clinic: view.clinic.id,
            way,
            _folder: Arc::new(folder),
        };
        phone.sync(server);
        phone
    }

    fn sync(&self, server: &HapiServer) {
        let sync = self.app.sync(&self.person);
        server.runtime.block_on(sync).expect("in step");
    }

    fn find(&self, server: &HapiServer) -> Vec<SlotView> {
        let at = |text| Timestamp::parse_fhir(text).unwrap();
        let request = FindSlotsRequest {
            person_id: self.person.clone(),
            clinic_id: self.clinic.clone(),
            service_id: None,
            from: at("2099-03-02T00:00:00+07:00"),
            to: at("2099-03-03T00:00:00+07:00"),
            limit: 20,
            criteria: None,
            has_referral: false,
        };
        server
            .runtime
            .block_on(self.app.find_slots(request))
            .unwrap()
    }

    async fn books(self, slot: SlotView) -> BookingView {
        let request = BookRequest {
            person_id: self.person.clone(),
            slot,
            otherwise: None,
        };
        self.app.book(request).await.unwrap()
    }

    fn booking(&self, id: &str) -> BookingView {
        self.app.booking(&self.person, id).unwrap()
    }
}

fn write(server: &HapiServer, resources: &[String]) {
    let entries: Vec<String> = resources
        .iter()
        .map(|json| {
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            let place = format!(
                "{}/{}",
                value["resourceType"].as_str().unwrap(),
                value["id"].as_str().unwrap()
            );
            format!(r#"{{"resource":{json},"request":{{"method":"PUT","url":"{place}"}}}}"#)
        })
        .collect();
    let body = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
        entries.join(",")
    );
    let request = Request::post(server.base())
        .header("content-type", "application/fhir+json")
        .body(Bytes::from(body))
        .unwrap();
    assert_eq!(server.send(request).status(), 200);
}

fn get(server: &HapiServer, place: &str) -> serde_json::Value {
    let request = Request::get(format!("{}/{place}", server.base()))
        .header("cache-control", "no-cache")
        .body(Bytes::new())
        .unwrap();
    serde_json::from_slice(server.send(request).body()).unwrap()
}

fn slot(id: &str, hour: u8) -> String {
    format!(
        r#"{{"resourceType":"Slot","id":"{id}","status":"free","schedule":{{"reference":"Schedule/book-schedule"}},"start":"2099-03-02T{hour:02}:00:00+07:00","end":"2099-03-02T{hour:02}:30:00+07:00"}}"#
    )
}

#[test]
fn phones_book_and_cancel_at_hapi() {
    const PHONES: usize = 5;
    let server = HapiServer::start();
    let mut resources = vec![
        r#"{"resourceType":"Practitioner","id":"book-doctor","name":[{"text":"BS. Lò Văn Tim"}]}"#
            .to_owned(),
        r#"{"resourceType":"Schedule","id":"book-schedule","serviceType":[{"text":"Khám tim mạch"}],"actor":[{"reference":"Practitioner/book-doctor"}]}"#
            .to_owned(),
        slot("book-early", 8),
        slot("book-late", 15),
    ];
    resources.extend((0..PHONES).map(|n| {
        format!(r#"{{"resourceType":"Patient","id":"book-p{n}","name":[{{"text":"Người {n}"}}]}}"#)
    }));
    write(&server, &resources);
    let phones: Vec<Phone> = (0..PHONES)
        .map(|n| Phone::knows(&server, &format!("book-p{n}")))
        .collect();

    let slots = phones[0].find(&server);
    let told: Vec<_> = slots
        .iter()
        .map(|slot| (&*slot.id, &*slot.service, &*slot.practitioner))
        .collect();
    let (service, doctor) = ("Khám tim mạch", "BS. Lò Văn Tim");
    assert_eq!(
        told,
        [
            ("book-early", service, doctor),
            ("book-late", service, doctor)
        ]
    );

    // All at once, and the first one's answer is lost.
    phones[0].way.left.store(1, Ordering::SeqCst);
    let running: Vec<_> = phones
        .iter()
        .map(|phone| {
            let booking = phone.clone().books(slots[0].clone());
            server.runtime.spawn(booking)
        })
        .collect();
    let booked: Vec<BookingView> = running
        .into_iter()
        .map(|task| server.runtime.block_on(task).unwrap())
        .collect();
    let mut winner = None;
    for (phone, booked) in phones.iter().zip(&booked) {
        for _ in 0..10 {
            if phone.booking(&booked.id).status != BookingStatus::Sending {
                break;
            }
            phone.sync(&server);
        }
        let now = phone.booking(&booked.id);
        match now.status {
            BookingStatus::Confirmed => {
                assert!(winner.is_none(), "two have the time");
                winner = Some((phone, now));
            }
            BookingStatus::Refused => {
                assert_eq!(now.alternatives, [slots[1].start]);
            }
            other => panic!("{other:?}"),
        }
    }
    let (phone, won) = winner.expect("one has the time");
    assert_eq!(get(&server, "Slot/book-early")["status"], "busy");
    let place = format!("Appointment/{}", won.id);
    assert_eq!(get(&server, &place)["status"], "booked");
    let all = get(&server, "Appointment?slot=Slot/book-early&_summary=count");
    assert_eq!(all["total"], 1);
    phone.sync(&server);
    assert_eq!(phone.app.bookings(&phone.person).unwrap().len(), 1);

    // Called off with a lost answer, and free for another.
    phone.way.left.store(1, Ordering::SeqCst);
    let cancel = phone.app.cancel_booking(&phone.person, &won.id);
    server.runtime.block_on(cancel).unwrap();
    phone.sync(&server);
    assert_eq!(phone.booking(&won.id).status, BookingStatus::Cancelled);
    assert_eq!(get(&server, &place)["status"], "cancelled");
    let other = phones
        .iter()
        .find(|other| other.person != phone.person)
        .unwrap();
    let free = other.find(&server);
    assert_eq!(free[0].id, "book-early");
    let again = server
        .runtime
        .block_on(other.clone().books(free[0].clone()));
    assert_eq!(again.status, BookingStatus::Confirmed);
    // The refused one stays refused.
    let refused = booked
        .iter()
        .zip(&phones)
        .find(|(_, phone)| phone.person == other.person);
    let (refused, _) = refused.unwrap();
    assert_eq!(other.booking(&refused.id).status, BookingStatus::Refused);

    // To the later time, with a lost answer: it is the same Appointment, and the earlier time is free.
    other.way.left.store(1, Ordering::SeqCst);
    let request = MoveBookingRequest {
        person_id: other.person.clone(),
        booking_id: again.id.clone(),
        slot: slots[1].clone(),
    };
    let moving = other.app.move_booking(request);
    let moving = server.runtime.block_on(moving).unwrap();
    assert_eq!(moving.status, BookingStatus::Confirmed);
    other.sync(&server);
    let moved = other.booking(&again.id);
    assert_eq!((moved.start, moved.moving_to), (slots[1].start, None));
    assert_eq!(get(&server, "Slot/book-early")["status"], "free");
    assert_eq!(get(&server, "Slot/book-late")["status"], "busy");
    let there = get(&server, &format!("Appointment/{}", again.id));
    assert_eq!(there["slot"][0]["reference"], "Slot/book-late");
    assert_eq!(there["status"], "booked");
}
