//! One person of two, and two again, on a disk that loses its power at every step.

use std::sync::Arc;

use sokhoe_domain::ports::Ports;
use sokhoe_domain::{ClinicId, PersonId, ResourceKey};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::disk::{CrashKind, Promise, SimDisk};
use sokhoe_testing::{MemoryKeys, SeededRng};
use sokhoe_vault::{ClinicRecord, NewEvent, Page};

use crate::test_phone::{NoNetwork, clinic, clock, config, enrol, person};
use crate::{AppError, Language, PersonView, SoKhoe};

/// Who is there twice: at the hospital and at the station.
const MAI: &str = "mai";
const ALSO_MAI: &str = "mai-too";
const CLINICS: [(&str, &str); 2] = [("a", MAI), ("b", ALSO_MAI)];
const NEWS: &str = "booking-cancelled";

struct Phone {
    app: SoKhoe,
    disk: SimDisk,
    keys: Arc<MemoryKeys>,
}

impl Phone {
    /// With both books as the clinics gave them, and news in the second one.
    fn new() -> Self {
        let disk = SimDisk::new(Promise::default());
        let phone = Self::on(disk, Arc::default());
        for (id, patient) in CLINICS {
            enrol(&phone.app, &record(id), &[person(patient)]);
            phone.syncs(patient, id);
        }
        let news = NewEvent {
            kind: NEWS.to_owned(),
            subject: "a booking".to_owned(),
            at: phone.app.inner.now(),
            body: String::new(),
        };
        let book = phone.app.inner.book(ALSO_MAI).unwrap();
        book.vault.keep_moved(&[], &[news]).unwrap();
        phone
    }

    fn on(disk: SimDisk, keys: Arc<MemoryKeys>) -> Self {
        let ports = Ports {
            clock: Arc::new(clock()),
            rng: Arc::new(SeededRng::new(disk.operations())),
            transport: Arc::new(NoNetwork),
            keys: keys.clone(),
            files: Arc::new(disk.clone()),
        };
        let app = SoKhoe::open(config(Language::En), ports).unwrap();
        Self { app, disk, keys }
    }

    /// What is left when the power goes.
    fn crashed(self, kind: CrashKind, seed: u64) -> Self {
        let disk = self.disk.crash(kind, seed);
        drop(self.app);
        Self::on(disk, self.keys)
    }

    /// Fetches what a clinic has of the person, from where the book stands.
    fn syncs(&self, person: &str, clinic: &str) {
        let book = self.app.inner.book(person).unwrap();
        let clinic = ClinicId::from(clinic);
        if book.vault.cursor(&clinic).unwrap().is_some() {
            return;
        }
        let (_, patient) = CLINICS.iter().find(|(id, _)| *id == clinic.0).unwrap();
        let json = format!(
            r#"{{"resourceType":"Patient","id":"{patient}","name":[{{"text":"Lò Thị Mai"}}],"birthDate":"1956-03-12","identifier":[{{"system":"http://fhir.hl7.org.vn/core/sid/cccd","value":"011156000123"}}]}}"#
        );
        let change = Change::Put {
            key: ResourceKey::new("Patient", *patient),
            version: None,
            json: &json,
        };
        let page = Page {
            clinic: &clinic,
            changes: &[change],
            cursor: "1",
            received: self.app.inner.now(),
            bookings: &[],
            events: &[],
        };
        book.vault.apply(&page).unwrap();
    }

    /// Every clinic knows one person here, whose book has what it gave or will ask for all of it; nobody else's has any of it.
    fn is_whole(&self, place: &str) -> Vec<PersonView> {
        let persons = self.app.persons().unwrap();
        for (id, patient) in CLINICS {
            let clinic = ClinicId::from(id);
            let mut known = 0;
            for person in &persons {
                let book = self.app.inner.book(&person.id).unwrap();
                let begins = book.vault.cursor(&clinic).unwrap().is_none();
                let key = ResourceKey::new("Patient", patient);
                let is_there = book.vault.resource(&clinic, &key).unwrap().is_some();
                if person.clinic_ids.iter().any(|it| it == id) {
                    known += 1;
                    assert!(is_there || begins, "{place}: {id} would not be asked again");
                    let links = self.app.inner.account().unwrap();
                    let links = links.links(&book.person.id).unwrap();
                    assert!(links.iter().any(|it| it.patient_id == patient), "{place}");
                } else {
                    assert!(!is_there && begins, "{place}: {id} is where it is not");
                }
            }
            assert_eq!(known, 1, "{place}: {id}");
        }
        let news = persons.iter().flat_map(|person| {
            let events = self.app.events(&person.id).unwrap();
            events.into_iter().map(|event| event.kind)
        });
        assert!(news.into_iter().any(|kind| kind == NEWS), "{place}: news");
        persons
    }

    /// What the next synchronisation of everybody brings.
    fn syncs_all(&self) {
        for person in self.app.persons().unwrap() {
            for clinic in &person.clinic_ids {
                self.syncs(&person.id, clinic);
            }
        }
    }
}

fn record(id: &str) -> ClinicRecord {
    ClinicRecord {
        id: ClinicId::from(id),
        public_key: [id.as_bytes()[0]; 32],
        base_url: format!("https://{id}.example"),
        ..clinic()
    }
}

/// How many operations of the disk something takes.
async fn steps(phone: &Phone, does: impl AsyncFn(&Phone) -> Result<PersonView, AppError>) -> u64 {
    let from = phone.disk.operations();
    does(phone).await.unwrap();
    phone.disk.operations() - from
}

const KINDS: [CrashKind; 3] = [CrashKind::Durable, CrashKind::Written, CrashKind::Dropped];

#[tokio::test]
async fn a_crash_at_any_step_leaves_one_person_or_two_and_nothing_is_lost() {
    let unites = async |phone: &Phone| phone.app.unite_persons(MAI, ALSO_MAI).await;
    let steps = steps(&Phone::new(), unites).await;
    let (mut one, mut two) = (0, 0);
    for (step, kind) in (0..=steps).flat_map(|step| KINDS.map(|kind| (step, kind))) {
        let place = format!("step {step} of {steps}, {kind:?}");
        let phone = Phone::new();
        phone.disk.cut_after(phone.disk.operations() + step);
        let told = unites(&phone).await.is_ok();
        let phone = phone.crashed(kind, step);
        match &phone.is_whole(&place)[..] {
            [_] => one += 1,
            [_, _] if told => panic!("{place}: what was told is not so"),
            [_, _] => {
                two += 1;
                // Who was half gone is found again, once the clinic was asked.
                phone.syncs_all();
                assert_eq!(phone.app.same_persons().unwrap().len(), 1, "{place}");
                unites(&phone).await.expect(&place);
            }
            others => panic!("{place}: {} people", others.len()),
        }
        phone.syncs_all();
        assert_eq!(phone.is_whole(&place).len(), 1, "{place}");
        let clinics = phone.app.persons().unwrap().remove(0).clinic_ids;
        assert_eq!(clinics.len(), 2, "{place}");
    }
    println!("{steps} steps: {one} times one person, {two} times two");
    assert!(one > 0 && two > 0);
}

#[tokio::test]
async fn a_crash_at_any_step_of_parting_leaves_one_person_or_two_and_nothing_is_lost() {
    let united = async || {
        let phone = Phone::new();
        phone.app.unite_persons(MAI, ALSO_MAI).await.unwrap();
        phone.syncs_all();
        phone
    };
    let parts = async |phone: &Phone| phone.app.part_person(MAI, "b", 0).await;
    let steps = steps(&united().await, parts).await;
    let (mut one, mut two) = (0, 0);
    for (step, kind) in (0..=steps).flat_map(|step| KINDS.map(|kind| (step, kind))) {
        let place = format!("step {step} of {steps}, {kind:?}");
        let phone = united().await;
        phone.disk.cut_after(phone.disk.operations() + step);
        let told = parts(&phone).await.is_ok();
        let phone = phone.crashed(kind, step);
        match phone.is_whole(&place).len() {
            1 => {
                assert!(!told, "{place}: what was told is not so");
                one += 1;
                // What was erased comes back to where it was, and parts again.
                phone.syncs_all();
                parts(&phone).await.expect(&place);
            }
            2 => two += 1,
            count => panic!("{place}: {count} people"),
        }
        phone.syncs_all();
        assert_eq!(phone.is_whole(&place).len(), 2, "{place}");
        assert_eq!(phone.app.same_persons().unwrap().len(), 1, "{place}");
    }
    println!("{steps} steps: {one} times one person, {two} times two");
    assert!(one > 0 && two > 0);
}

/// Between the book that is erased and the account that says so.
#[tokio::test]
async fn a_book_that_was_erased_alone_comes_again() {
    let phone = Phone::new();
    let other = PersonId::from(ALSO_MAI);
    let ended = phone
        .app
        .inner
        .destroy_book(&other, || Err(AppError::Paused));
    assert_eq!(ended, Err(AppError::Paused));
    let phone = phone.crashed(CrashKind::Durable, 0);
    let persons = phone.app.persons().unwrap();
    assert_eq!(persons.len(), 2);
    assert_eq!(phone.app.same_persons().unwrap(), []);
    phone.syncs_all();
    assert_eq!(phone.app.same_persons().unwrap().len(), 1);
    phone.app.unite_persons(MAI, ALSO_MAI).await.unwrap();
    assert_eq!(phone.app.persons().unwrap().len(), 1);
}
