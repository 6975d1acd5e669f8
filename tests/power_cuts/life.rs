//! The life of a phone, step by step, with what each step promised.

use std::sync::Arc;

use sokhoe_app::domain::{
    BookingState, ClinicId, IntentId, PersonId, Refusal, ResourceKey, Timestamp,
};
use sokhoe_fhir::FhirError;
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::SeededRng;
use sokhoe_testing::disk::{Promise, SimDisk};
use sokhoe_tests::book::{Book, Probes, bytes_of_documents};
use sokhoe_vault::{
    AccountVault, ClinicRecord, IntentKind, LinkedPerson, NewDocument, NewEvent, NewIntent, Page,
    PersonRecord, Place, StoredBooking, Vault, VaultError, VaultPorts,
};

use crate::keys::HistoricKeys;
use crate::model::Model;

/// The vault of the phone's owner.
pub const MINE: &str = "me";
/// A vault that is erased before the life ends.
pub const ERASED: &str = "child";

/// The step in which it is erased.
pub const ERASES: &str = "erase another";

/// What to look for in the vaults of this life.
pub const PROBES: Probes<'static> = Probes {
    words: &["duong", "dao", "h"],
    codes: &["http://benhvien.vn/xn|GLU"],
    kinds: &["Observation", "Condition", "DocumentReference"],
    clinics: &["a", "b"],
};

/// One of the files that have a life of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Account,
    Mine,
    Erased,
}

/// Everything an account gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountContent {
    device: String,
    clinics: Vec<ClinicRecord>,
    persons: Vec<PersonRecord>,
    links: Vec<Vec<sokhoe_vault::Link>>,
}

impl AccountContent {
    pub fn read(account: &AccountVault) -> Result<Self, VaultError> {
        let persons = account.persons()?;
        let links = persons.iter().map(|person| account.links(&person.id));
        Ok(Self {
            device: account.device_id()?,
            clinics: account.clinics()?,
            links: links.collect::<Result<_, _>>()?,
            persons,
        })
    }

    /// Whether it is one that was just made.
    pub fn is_new(&self) -> bool {
        self.clinics.is_empty() && self.persons.is_empty()
    }
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It was not made yet.
    Absent,
    Account(AccountContent),
    Vault(Box<Book>),
    Gone,
}

/// When the effect of a step must be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Once the step returned.
    AtOnce,
    /// Once a later step that is durable at once returned; until then a cut may take it back as a
    /// whole.
    Later,
}

/// A step that was done.
#[derive(Debug)]
pub struct Mark {
    pub step: String,
    pub part: Part,
    /// Operations done before and after it.
    pub begins: u64,
    pub ends: u64,
    pub durability: Durability,
    pub after: State,
}

/// A life that was lived.
pub struct Life {
    pub disk: SimDisk,
    pub keys: Arc<HistoricKeys>,
    pub promise: Promise,
    pub marks: Vec<Mark>,
}

impl Life {
    /// The first step of this name.
    pub fn step(&self, name: &str) -> &Mark {
        self.marks.iter().find(|mark| mark.step == name).unwrap()
    }

    /// What `part` may hold after a cut when this many operations were done: what was promised, or
    /// anything acknowledged since then, or what the step in flight makes of it.
    pub fn allowed(&self, part: Part, done: u64) -> Vec<&State> {
        let mut allowed = vec![&State::Absent];
        for mark in self.marks.iter().filter(|mark| mark.part == part) {
            if mark.ends <= done && mark.durability == Durability::AtOnce {
                allowed.clear();
            }
            if mark.begins <= done {
                allowed.push(&mark.after);
            }
        }
        allowed
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A measurement.
fn glucose(id: &str, version: u32, value: u32, day: u32, note: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","meta":{{"versionId":"{version}"}},"status":"final",
"code":{{"coding":[{{"system":"http://benhvien.vn/xn","code":"GLU","display":"Đường huyết lúc đói"}}]}},
"subject":{{"reference":"Patient/bn1"}},"effectiveDateTime":"2026-03-{:02}T08:30:00+07:00",
"valueQuantity":{{"value":{value}.5,"unit":"mmol/L"}},"note":[{{"text":"{note}"}}]}}"#,
        day % 28 + 1
    )
}

/// A condition.
fn condition(id: &str, version: u32, text: &str) -> String {
    format!(
        r#"{{"resourceType":"Condition","id":"{id}","meta":{{"versionId":"{version}"}},
"code":{{"text":"{text}"}},"subject":{{"reference":"Patient/bn1"}},"recordedDate":"2026-02-01"}}"#
    )
}

fn put<'a>(kind: &str, id: &str, version: u32, json: &'a str) -> Change<'a> {
    Change::Put {
        key: ResourceKey::new(kind, id),
        version: Some(version.to_string()),
        json,
    }
}

fn event(kind: &str, subject: &str, day: u32) -> NewEvent {
    NewEvent {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        at: at(i64::from(day)),
        body: format!("{{\"day\":{day}}}"),
    }
}

/// A booking of this life.
pub fn booking(number: u32, state: BookingState) -> StoredBooking {
    let start = i64::from(number) * 3_600_000;
    StoredBooking {
        id: IntentId::new(at(start), &SeededRng::new(u64::from(number))),
        clinic: ClinicId::from("a"),
        start: at(start),
        end: at(start + 900_000),
        service: "Khám nội tổng quát".to_owned(),
        practitioner: "BS. Trần Thị Đào".to_owned(),
        location: format!("Phòng {number}"),
        state,
        updated: at(start),
        asked: None,
        occurrence: None,
        changeable_until: None,
    }
}

/// The intent that makes a booking, or, of another id, takes it back.
pub fn intent(about: &StoredBooking, kind: IntentKind) -> NewIntent {
    let id = match kind {
        IntentKind::Book | IntentKind::Wait => about.id,
        IntentKind::Cancel | IntentKind::Move | IntentKind::Take | IntentKind::Decline => {
            IntentId::new(about.end, &SeededRng::new(7))
        }
    };
    NewIntent {
        id,
        clinic: about.clinic.clone(),
        kind,
        thing: about.id.to_string(),
        body: r#"{"slot":"proposed-1","patient":"bn1"}"#.to_owned(),
        created: about.start,
    }
}

/// The id of a document of this life.
fn document_id(number: u32) -> IntentId {
    IntentId::new(
        at(i64::from(number)),
        &SeededRng::new(9_000 + u64::from(number)),
    )
}

/// Its bytes.
fn bytes_of_document(number: u32) -> Vec<u8> {
    format!("Đơn thuốc {number}. ").repeat(20).into_bytes()
}

/// Puts a document of this life in.
pub fn add_document(vault: &Vault, number: u32) -> Result<(), VaultError> {
    let mut blob = vault.write_blob()?;
    blob.write(&bytes_of_document(number))?;
    let added = vault.add_document(NewDocument {
        id: document_id(number),
        title: format!("Đơn thuốc {number}, dị ứng đào"),
        content_type: "text/plain".to_owned(),
        created: at(i64::from(number) * 1_000),
        received: at(i64::from(number)),
        patient: "Trần Văn Đào".to_owned(),
        blob,
    });
    added.map(drop)
}

/// Takes it out again.
pub fn remove_document(vault: &Vault, number: u32) -> Result<(), VaultError> {
    vault.remove_document(document_id(number)).map(drop)
}

/// **The invariant:** a document that is in the book has its bytes, whatever happened.
pub fn check_documents(vault: &Vault, most: u32) -> Result<(), String> {
    let all = bytes_of_documents(vault).map_err(|error| format!("documents: {error:?}"))?;
    let known = |id| (0..=most).find(|number| document_id(*number) == id);
    for (id, bytes) in all {
        if known(id).map(bytes_of_document) != Some(bytes) {
            return Err(format!("document {id} has other bytes"));
        }
    }
    Ok(())
}

/// A phone that is living; it notes every step.
struct Living {
    life: Life,
    ports: VaultPorts,
    vault: Option<Vault>,
    account: Option<AccountVault>,
    model: Model,
    pages: u32,
}

impl Living {
    /// Does a step with the open vault and notes what the vault holds then.
    fn step(
        &mut self,
        step: impl Into<String>,
        part: Part,
        durability: Durability,
        work: impl FnOnce(&mut Self),
    ) {
        let begins = self.life.disk.operations();
        work(self);
        let ends = self.life.disk.operations();
        let after = match (part, &self.vault, &self.account) {
            (Part::Account, _, Some(account)) => {
                State::Account(AccountContent::read(account).unwrap())
            }
            (Part::Mine | Part::Erased, Some(vault), _) => {
                State::Vault(Box::new(Book::read(vault, PROBES).unwrap()))
            }
            // Closed: as it was.
            _ => self.state_of(part),
        };
        let step = step.into();
        if let State::Vault(book) = &after {
            self.model.compare(book, &step);
        }
        assert_eq!(
            self.life.disk.operations(),
            ends,
            "{step}: reading writes nothing"
        );
        self.life.marks.push(Mark {
            step,
            part,
            begins,
            ends,
            durability,
            after,
        });
    }

    fn state_of(&self, part: Part) -> State {
        let last = self.life.marks.iter().rev().find(|mark| mark.part == part);
        last.map_or(State::Absent, |mark| mark.after.clone())
    }

    fn vault(&self) -> &Vault {
        self.vault.as_ref().unwrap()
    }

    fn account(&self) -> &AccountVault {
        self.account.as_ref().unwrap()
    }

    fn do_durably(&mut self, step: &str, work: impl FnOnce(&Vault)) {
        self.step(step, Part::Mine, Durability::AtOnce, |living| {
            work(living.vault())
        });
    }

    /// A page of the feed of clinic "a"; durable at once when it brings something to tell.
    fn page(
        &mut self,
        part: Part,
        changes: &[Change<'_>],
        bookings: &[StoredBooking],
        events: &[NewEvent],
    ) {
        let durability = if bookings.is_empty() && events.is_empty() {
            Durability::Later
        } else {
            Durability::AtOnce
        };
        self.pages += 1;
        let number = self.pages;
        self.step(format!("page {number}"), part, durability, |living| {
            let clinic = ClinicId::from("a");
            let before = living.vault().cursor(&clinic).unwrap();
            let page = Page {
                clinic: &clinic,
                changes,
                cursor: &format!("cursor-{number}"),
                received: at(i64::from(number)),
                bookings,
                events,
            };
            let place = Place {
                after: before.as_deref(),
                last: number % 4 == 3,
            };
            let applied = living.vault().apply_at(&page, place).unwrap();
            assert!(applied.is_some(), "the feed stands where it stood");
            living.model.take(&clinic, changes);
        });
    }

    fn reopen(&mut self) {
        self.step("close", Part::Mine, Durability::AtOnce, |living| {
            living.vault = None;
        });
        self.step("open", Part::Mine, Durability::AtOnce, |living| {
            living.vault = Some(Vault::open(&living.ports, MINE).unwrap());
        });
    }

    /// A day: what the clinic sends, and what the person does.
    fn day(&mut self, day: u32) {
        let (id, other) = (format!("g{day}"), format!("c{}", day % 3));
        let first = glucose(&id, 1, 5 + day % 4, day, "Nhịn ăn 8 giờ");
        let problem = condition(&other, day + 1, "Đái tháo đường, dị ứng đào");
        self.page(
            Part::Mine,
            &[
                put("Observation", &id, 1, &first),
                put("Condition", &other, day + 1, &problem),
            ],
            &[],
            &[],
        );
        let made = booking(day * 2, BookingState::WaitingForNetwork);
        self.do_durably("enqueue", |vault| {
            vault
                .enqueue(&intent(&made, IntentKind::Book), &made)
                .unwrap();
        });
        let again = glucose(&id, 2, 6 + day % 3, day, "Sau ăn 2 giờ");
        let broken = Change::Broken {
            position: 1,
            reason: FhirError::MissingType,
            json: r#"{"request":{"method":"PUT"}}"#,
        };
        self.page(
            Part::Mine,
            &[put("Observation", &id, 2, &again), broken],
            &[],
            &[],
        );
        self.do_durably("mark sending", |vault| {
            vault.mark_sending(made.id, made.end).unwrap();
        });
        if day.is_multiple_of(2) {
            self.do_durably("postpone", |vault| {
                let state = BookingState::WaitingForNetwork;
                vault
                    .postpone(made.id, at(i64::from(day) + 60_000), state)
                    .unwrap();
            });
        }
        let state = match day % 3 {
            0 => BookingState::Confirmed,
            1 => BookingState::Refused(Refusal::SlotTaken {
                alternatives: vec![made.end],
            }),
            _ => BookingState::Cancelled,
        };
        let answered = StoredBooking {
            state,
            updated: made.end,
            ..made
        };
        let news = event("booking-answered", &answered.id.to_string(), day);
        if day % 4 == 3 {
            // The feed is faster than the answer.
            self.page(Part::Mine, &[], std::slice::from_ref(&answered), &[news]);
        } else {
            self.do_durably("settle", |vault| {
                vault.settle(answered.id, &answered, &[news]).unwrap();
            });
        }
        if answered.state == BookingState::Confirmed {
            let back = intent(&answered, IntentKind::Cancel);
            self.do_durably("enqueue a cancellation", |vault| {
                vault.enqueue(&back, &answered).unwrap();
            });
            if day % 2 == 1 {
                self.do_durably("drop the cancellation", |vault| {
                    vault.drop_intent(back.id, &[]).unwrap();
                });
            } else {
                let cancelled = StoredBooking {
                    state: BookingState::Cancelled,
                    ..answered
                };
                let news = event("booking-cancelled", &cancelled.id.to_string(), day);
                self.do_durably("settle the cancellation", |vault| {
                    vault.settle(back.id, &cancelled, &[news]).unwrap();
                });
            }
        }
        self.page(Part::Mine, &[], &[], &[event("new-result", &id, day)]);
        let oldest = self.vault().events().unwrap().remove(0);
        self.do_durably("acknowledge", |vault| vault.acknowledge(oldest.id).unwrap());
        let gone = [Change::Delete {
            key: ResourceKey::new("Observation", format!("g{}", day.saturating_sub(2))),
        }];
        self.page(Part::Mine, &gone, &[], &[]);
        if day.is_multiple_of(2) {
            self.step("add a document", Part::Mine, Durability::AtOnce, |living| {
                add_document(living.vault(), day).unwrap();
                living.note_document(day);
            });
        }
        if day % 4 == 3 {
            let number = day - 3;
            self.step(
                "remove a document",
                Part::Mine,
                Durability::AtOnce,
                |living| {
                    remove_document(living.vault(), number).unwrap();
                    let key =
                        ResourceKey::new("DocumentReference", document_id(number).to_string());
                    living
                        .model
                        .take(&ClinicId::own(), &[Change::Delete { key }]);
                },
            );
        }
        if day % 3 == 1 {
            self.do_durably("reset the cursor", |vault| {
                vault.reset_cursor(&ClinicId::from("a")).unwrap();
            });
        }
    }

    /// What the vault made of a document is what the rows must come from.
    fn note_document(&mut self, number: u32) {
        let own = ClinicId::own();
        let key = ResourceKey::new("DocumentReference", document_id(number).to_string());
        let stored = self.vault().resource(&own, &key).unwrap().unwrap();
        let json = &stored.json;
        let put = Change::Put {
            key,
            version: None,
            json,
        };
        self.model.take(&own, &[put]);
    }

    fn account_grows(&mut self) {
        let clinic = |id: &str, version: u8| ClinicRecord {
            id: ClinicId::from(id),
            name: format!("Bệnh viện {id}"),
            base_url: format!("https://{id}.example.vn"),
            public_key: [id.as_bytes()[0]; 32],
            token: format!("token-{version}").into(),
            enrolled: at(i64::from(version)),
            wire: sokhoe_domain::Wire::Clinic,
        };
        let linked = |id: &str, patient: &str| LinkedPerson {
            person: PersonRecord {
                id: PersonId::from(id),
                name: "Trần Văn Đào".to_owned(),
                birth_date: Some("1990-05".to_owned()),
                gender: Some("male".to_owned()),
                vault_name: format!("person-{id}"),
            },
            patient_id: patient.to_owned(),
            helping: None,
        };
        for (record, persons) in [
            (
                clinic("a", 1),
                vec![linked("p1", "bn1"), linked("p2", "bn2")],
            ),
            (clinic("b", 1), vec![linked("p1", "x1")]),
            (clinic("a", 2), vec![linked("p9", "bn1")]),
        ] {
            self.step("enrol", Part::Account, Durability::AtOnce, |living| {
                living.account().add_enrolment(&record, &persons).unwrap();
            });
        }
        self.step(
            "remove a person",
            Part::Account,
            Durability::AtOnce,
            |living| {
                let gone = PersonId::from("p2");
                living.account().remove_person(&gone).unwrap();
            },
        );
        self.step(
            "close the account",
            Part::Account,
            Durability::AtOnce,
            |living| {
                living.account = None;
            },
        );
        self.step(
            "open the account",
            Part::Account,
            Durability::AtOnce,
            |living| {
                living.account = Some(AccountVault::open_or_create(&living.ports).unwrap());
            },
        );
    }

    /// Another vault comes and goes, while the first is closed.
    fn another_vault(&mut self) {
        self.step("close", Part::Mine, Durability::AtOnce, |living| {
            living.vault = None;
        });
        let model = std::mem::take(&mut self.model);
        let pages = std::mem::take(&mut self.pages);
        self.step(
            "create another",
            Part::Erased,
            Durability::AtOnce,
            |living| {
                living.vault = Some(Vault::create(&living.ports, ERASED).unwrap());
            },
        );
        let json = condition("c1", 1, "Hen phế quản, dị ứng đào");
        self.page(Part::Erased, &[put("Condition", "c1", 1, &json)], &[], &[]);
        let made = booking(99, BookingState::WaitingForNetwork);
        self.step(
            "enqueue in another",
            Part::Erased,
            Durability::AtOnce,
            |living| {
                let intent = intent(&made, IntentKind::Book);
                living.vault().enqueue(&intent, &made).unwrap();
            },
        );
        self.step(
            "close another",
            Part::Erased,
            Durability::AtOnce,
            |living| {
                living.vault = None;
            },
        );
        let begins = self.life.disk.operations();
        Vault::erase(&self.ports, ERASED).unwrap();
        let ends = self.life.disk.operations();
        self.life.marks.push(Mark {
            step: ERASES.to_owned(),
            part: Part::Erased,
            begins,
            ends,
            durability: Durability::AtOnce,
            after: State::Gone,
        });
        (self.model, self.pages) = (model, pages);
        self.step("open", Part::Mine, Durability::AtOnce, |living| {
            living.vault = Some(Vault::open(&living.ports, MINE).unwrap());
        });
    }
}

/// A phone that was just taken out of its box.
fn begin(promise: Promise, lies: bool) -> Living {
    let disk = SimDisk::recording(promise);
    if lies {
        disk.lie();
    }
    let keys = Arc::new(HistoricKeys::new(disk.clone()));
    let ports = VaultPorts::new(
        Arc::new(disk.clone()),
        keys.clone(),
        Arc::new(SeededRng::new(1)),
    );
    Living {
        life: Life {
            disk,
            keys,
            promise,
            marks: Vec::new(),
        },
        ports,
        vault: None,
        account: None,
        model: Model::default(),
        pages: 0,
    }
}

/// Lives so many days on a disk, which may lie about its syncs.
pub fn live(promise: Promise, days: u32, lies: bool) -> Life {
    let mut living = begin(promise, lies);
    living.step(
        "create the account",
        Part::Account,
        Durability::AtOnce,
        |living| {
            living.account = Some(AccountVault::open_or_create(&living.ports).unwrap());
        },
    );
    living.step("create", Part::Mine, Durability::AtOnce, |living| {
        living.vault = Some(Vault::create(&living.ports, MINE).unwrap());
    });
    for day in 0..days {
        living.day(day);
        match day {
            2 => living.another_vault(),
            3 => living.account_grows(),
            _ if day % 4 == 1 => living.reopen(),
            _ => {}
        }
    }
    living.step("close", Part::Mine, Durability::AtOnce, |living| {
        living.vault = None;
    });
    living.step(
        "close the account",
        Part::Account,
        Durability::AtOnce,
        |living| {
            living.account = None;
        },
    );
    living.life
}

/// The step of [`live_and_rotate`] in which the vault gets a new key.
pub const ROTATES: &str = "rotate the key";

/// Lives some days; then the vault gets a new key.
pub fn live_and_rotate(promise: Promise) -> Life {
    let mut living = begin(promise, false);
    living.step("create", Part::Mine, Durability::AtOnce, |living| {
        living.vault = Some(Vault::create(&living.ports, MINE).unwrap());
    });
    for day in 0..3 {
        living.day(day);
    }
    // What waits for its answer: the journal beside the database is sealed anew, too.
    let made = booking(50, BookingState::WaitingForNetwork);
    living.do_durably("enqueue", |vault| {
        vault
            .enqueue(&intent(&made, IntentKind::Book), &made)
            .unwrap();
    });
    living.step("close", Part::Mine, Durability::AtOnce, |living| {
        living.vault = None;
    });
    living.step(ROTATES, Part::Mine, Durability::AtOnce, |living| {
        Vault::rotate_key(&living.ports, MINE).unwrap();
    });
    living.life
}

/// Takes in pages of some 400 KB each until SQLite has folded its journal into the file by itself and
/// begun it anew, which no close did.
pub fn live_until_the_journal_is_full() -> Life {
    const PAGES: u32 = 48;
    let mut living = begin(Promise::PowersafeOverwrite, false);
    living.step("create", Part::Mine, Durability::AtOnce, |living| {
        living.vault = Some(Vault::create(&living.ports, MINE).unwrap());
    });
    let dice = SeededRng::new(8);
    for number in 0..PAGES {
        let id = format!("c{}", number % 2);
        let noise: String = std::iter::repeat_with(|| format!("{:016x}", dice.next()))
            .take(50_000)
            .collect();
        let json = format!(
            r#"{{"resourceType":"Condition","id":"{id}","extension":[{{"url":"x","valueString":"{noise}"}}],"code":{{"text":"Dị ứng đào {number}"}}}}"#
        );
        let events = [event("new-result", &id, number)];
        let events = if number % 3 == 0 { &events[..] } else { &[] };
        let change = put("Condition", &id, number + 1, &json);
        living.page(Part::Mine, &[change], &[], events);
    }
    living.life
}
