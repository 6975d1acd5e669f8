//! What a clinic says in its refusals, what people typed and what was scanned is in no error: errors go into logs and reports.

use std::time::Duration;

use sokhoe_app::domain::GrantScope;
use sokhoe_app::{
    AddServerRequest, AppError, BrowseRequest, ChangeContactRequest, FindSlotsRequest,
    InviteHelperRequest, JoinWaitingListRequest, Measure, MoveBookingRequest, RecordReadingRequest,
    SlotView,
};
use sokhoe_testing::canaries::{assert_silent, watch_for};
use sokhoe_testing::{MisbehavingClinic, Misbehaviour};
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone, now};

/// It could be a name, a number or a diagnosis.
const CANARY: &str = "chim-yen-1955-tang-huyet-ap";

/// What people do, with a canary wherever they type something.
struct Doing<'a> {
    phone: &'a TestPhone,
    person: &'a str,
    clinic: String,
    slot: SlotView,
    errors: Vec<(&'static str, AppError)>,
}

impl Doing<'_> {
    fn heard<T>(&mut self, what: &'static str, answer: Result<T, AppError>) {
        if let Err(error) = answer {
            self.errors.push((what, error));
        }
    }

    async fn asks(&mut self, booking: &str) {
        let (app, person) = (&self.phone.app, self.person);
        let (canary, clinic) = (|| CANARY.to_owned(), self.clinic.clone());
        let find = FindSlotsRequest {
            person_id: person.to_owned(),
            clinic_id: clinic.clone(),
            service_id: Some(canary()),
            from: now(),
            to: now().plus(Duration::from_secs(86_400)),
            limit: 10,
            criteria: None,
            has_referral: false,
        };
        self.heard("find", app.find_slots(find).await);
        self.heard("services", app.services(&clinic).await);
        self.heard("sync", app.sync(person).await);
        let wait = Duration::from_millis(10);
        self.heard("wait", app.wait_for_changes(person, wait).await);
        self.heard("log", app.access_log(person, &clinic).await);
        let join = JoinWaitingListRequest {
            person_id: person.to_owned(),
            clinic_id: clinic.clone(),
            service_id: canary(),
            service: canary(),
            from: now(),
            to: now().plus(Duration::from_secs(86_400)),
            criteria: None,
        };
        self.heard("join", app.join_waiting_list(join).await);
        let moved = MoveBookingRequest {
            person_id: person.to_owned(),
            booking_id: booking.to_owned(),
            slot: self.slot.clone(),
        };
        self.heard("move", app.move_booking(moved).await);
        self.heard("cancel", app.cancel_booking(person, booking).await);
        self.heard("take", app.take_offer(person, booking).await);
        self.heard("decline", app.decline_offer(person, booking).await);
        self.heard("series", app.cancel_series(person, booking).await);
        let contact = ChangeContactRequest {
            person_id: person.to_owned(),
            clinic_id: None,
            phones: Some(vec![canary()]),
            address: Some(canary()),
        };
        self.heard("contact", app.change_contact(contact).await);
        for values in [vec![-1.0], vec![120.0, 80.0]] {
            let reading = RecordReadingRequest {
                person_id: person.to_owned(),
                clinic_id: None,
                measure: Measure::BloodPressure,
                values,
                at: None,
            };
            self.heard("reading", app.record_reading(reading).await);
        }
        let invite = InviteHelperRequest {
            person_id: person.to_owned(),
            clinic_id: None,
            helper: canary(),
            scopes: vec![GrantScope::Book],
            days: 9_999,
            guardian: Some(canary()),
            child_agrees: false,
        };
        self.heard("invite", app.invite_helper(invite, CANARY).await);
        self.heard("end help", app.end_help(person, CANARY).await);
        self.heard("prolong", app.prolong_help(person, CANARY, 30).await);
        let server = AddServerRequest {
            name: canary(),
            fhir_base_url: format!("https://{CANARY}.invalid/{CANARY}"),
            patient_id: canary(),
            token: Some(canary()),
            person_id: None,
        };
        self.heard("server", app.add_server(server).await);
        self.heard("parked", app.retry_parked(person, CANARY).await);
        self.heard("drop", app.drop_parked(person, CANARY).await);
        for text in [
            CANARY.to_owned(),
            format!("SK1:{CANARY}"),
            format!("http://{CANARY}"),
        ] {
            self.heard("enrol", app.enrol(&text).await);
            self.heard("accept", app.accept_invitation(&text).await);
            self.heard("parcel", app.take_parcel(&text).map(|_| ()));
            self.heard("answer", app.answer_move(&text).map(|_| ()));
        }
        self.heard("who", app.sync(CANARY).await);
        self.heard("whose", app.bookings(CANARY));
        self.heard("which", app.booking(person, CANARY));
        self.heard("rows", app.entry(person, i64::MIN));
        let browse = BrowseRequest {
            person_id: person.to_owned(),
            text: canary(),
            section: None,
            clinic_id: Some(canary()),
            from: None,
            to: None,
            cursor: Some(canary()),
            limit: 0,
        };
        self.heard("browse", app.browse(browse));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_says_what_a_clinic_said_or_a_person_typed() {
    watch_for([CANARY]);
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    let mut free = phone.free_times(&person, 2).await;
    let booking = phone.book(&person, free.remove(0)).await.unwrap();
    let mut doing = Doing {
        phone: &phone,
        person: &person,
        clinic: phone.app.clinics().unwrap()[0].id.clone(),
        slot: free.remove(0),
        errors: Vec::new(),
    };
    let says = [200, 400, 401, 403, 404, 409, 410, 412, 422, 429, 500, 503]
        .map(|status| Misbehaviour::Says(status, CANARY));
    for behaviour in says.into_iter().chain(Misbehaviour::ALL) {
        let wrong = MisbehavingClinic::start(behaviour).await.unwrap();
        phone.network.redirect_to(Some(wrong.url()));
        doing.asks(&booking.id).await;
    }
    let kinds: std::collections::BTreeSet<_> =
        doing.errors.iter().map(|(_, error)| error.code()).collect();
    assert!(doing.errors.len() > 300, "only {}", doing.errors.len());
    assert!(kinds.len() >= 8, "only {kinds:?}");
    for (what, error) in &doing.errors {
        assert_silent(error);
        let told = phone.app.words_for(error);
        assert!(!told.contains(CANARY), "{what}: {told}");
    }
}
