//! Nothing of the book is ever written to the disk in the clear: not to the database, the journal, a
//! key file or a temporary file, and not for a moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::Transaction;
use rusqlite::types::ValueRef;
use sokhoe_domain::{
    BookingState, GrantScopes, IntentId, Occurrence, PersonId, Refusal, ResourceKey, Wire,
};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::disk::{Operation, Promise, SimDisk};
use sokhoe_testing::{MemoryKeys, SeededRng};

use super::{at, clinic, with_test_index};
use crate::{
    AccountVault, BlobOrigin, ClinicRecord, ClinicSession, ExpectedContent, Helping, IntentKind,
    KeptLogHead, KeptSignIn, KeptTicket, LinkedPerson, NewChange, NewDocument, NewEvent, NewIntent,
    NotedQueue, Page, ParkedWhy, PersonRecord, StoredBooking, Vault, VaultError, VaultPorts,
};

/// Of letters that no base64, hex or machine code gives by chance. Short, so that a resource with it
/// is stored as it is.
const CANARY: &str = "KanárŻółw";
const FOLDED: &str = "kanarzołw";

/// Columns that hold text or bytes but no word that came from outside, and what they hold.
const NOT_FED: &[(&str, &str)] = &[
    ("posting.docs", "numbers of rows"),
    ("gone.docs", "numbers of rows"),
    ("columns.data", "numbers"),
    ("directory.data", "hashes and numbers"),
    ("series.data", "numbers"),
    ("series_run.data", "numbers"),
    ("set_aside.reason", "a code of this program's"),
    ("answered.id", "a UUID"),
    ("blob.file", "random, the name of a file"),
    ("blob.hash", "a hash"),
    ("blob.key", "random"),
    ("booking.id", "a UUID"),
    ("booking.originating", "a UUID"),
    ("intent.id", "a UUID"),
    ("intent.booking", "a UUID"),
    ("intent.thing", "a UUID"),
    ("parked.intent", "a UUID"),
    ("intent.kind", "one of two words"),
    ("trip.booking", "a UUID"),
    ("ticket.booking", "a UUID"),
    ("queue.booking", "a UUID"),
    ("change.id", "a UUID"),
    ("change.state", "one of four words"),
    ("device.id", "a random number"),
    ("invitation.id", "a hash"),
    ("sign_in.clinic_key", "a public key"),
    ("clinic.trouble", "a code of this program's"),
    ("clinic.wire", "one of two words"),
];

/// What stands in the columns that can hold text.
#[derive(Default)]
struct Stored {
    /// Columns in which no row has the canary.
    without_canary: BTreeSet<String>,
    /// Every value that is long enough not to be there by chance.
    values: BTreeSet<Vec<u8>>,
}

impl Stored {
    fn read(&mut self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        let mut columns = tx
            .prepare(
                r#"SELECT t."name", c."name" FROM sqlite_schema t, pragma_table_xinfo(t."name") c
                   WHERE t."type" = 'table' AND t."name" NOT LIKE 'sqlite~_%' ESCAPE '~'
                     AND c."type" IN ('TEXT', 'BLOB', 'ANY')"#,
            )
            .unwrap();
        let columns: Vec<(String, String)> = columns
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(columns.len() > 5);
        for (table, column) in columns {
            let mut find = tx
                .prepare(&format!(r#"SELECT "{column}" FROM "{table}""#))
                .unwrap();
            let mut rows = find.query([]).unwrap();
            let mut has_canary = false;
            while let Some(row) = rows.next().unwrap() {
                let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = row.get_ref(0).unwrap()
                else {
                    continue;
                };
                has_canary |=
                    contains(bytes, CANARY.as_bytes()) || contains(bytes, FOLDED.as_bytes());
                if bytes.len() >= 6 {
                    self.values.insert(bytes.to_vec());
                }
            }
            if !has_canary {
                self.without_canary.insert(format!("{table}.{column}"));
            }
        }
        Ok(())
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let (first, rest) = needle.split_first().unwrap();
    bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| *byte == first)
        .any(|(at, _)| bytes[at + 1..].starts_with(rest))
}

/// Feeds the canary to everything that takes a text.
fn feed(vault: &Vault, account: &AccountVault) {
    let text = CANARY.to_owned();
    let key = || ResourceKey::new(CANARY, CANARY);
    let short = format!(r#"{{"kind":"{CANARY}","id":"{CANARY}"}}"#);
    let long = serde_json::json!({
        "kind": CANARY, "id": "2", "version": CANARY, "points": [[1, 2.5]],
        "code": CANARY, "unit": CANARY,
        "rows": [{"text": format!("{CANARY} ").repeat(50), "detail": CANARY, "status": CANARY}],
    })
    .to_string();
    let own = serde_json::json!({
        "kind": CANARY, "id": CANARY, "rows": [{"text": CANARY}], "medication": CANARY,
    })
    .to_string();
    let event = || NewEvent {
        kind: text.clone(),
        subject: text.clone(),
        at: at(1),
        body: text.clone(),
    };
    let id = IntentId::new(at(1), &SeededRng::new(1));
    let booking = StoredBooking {
        id,
        clinic: clinic(CANARY),
        start: at(1),
        end: at(2),
        service: text.clone(),
        practitioner: text.clone(),
        location: text.clone(),
        state: BookingState::WaitingForNetwork,
        updated: at(1),
        asked: None,
        occurrence: Some(Occurrence {
            originating: id,
            number: 2,
        }),
        changeable_until: Some(at(1)),
    };
    let refused = StoredBooking {
        id: IntentId::new(at(2), &SeededRng::new(2)),
        state: BookingState::Refused(Refusal::Other { code: text.clone() }),
        ..booking.clone()
    };
    let put = |key, json, version| Change::Put { key, version, json };
    let broken_key = ResourceKey::new(CANARY, "3");
    for changes in [
        vec![
            put(key(), own.as_str(), None),
            put(ResourceKey::new(CANARY, "2"), &long, Some(text.clone())),
            put(ResourceKey::new(CANARY, CANARY.repeat(2)), CANARY, None),
            put(broken_key, CANARY, None),
        ],
        // Gone for a while, and another that stays gone.
        vec![Change::Delete { key: key() }],
        vec![
            Change::Delete {
                key: ResourceKey::new("Observation", CANARY),
            },
            put(key(), &short, Some(text.clone())),
        ],
    ] {
        vault
            .apply(&Page {
                clinic: &clinic(CANARY),
                changes: &changes,
                cursor: CANARY,
                received: at(1),
                bookings: std::slice::from_ref(&refused),
                events: &[event()],
            })
            .unwrap();
    }
    // More rows than a block of postings has.
    let row = serde_json::json!({"text": CANARY});
    for number in 0..6 {
        let id = format!("{CANARY}{number}");
        let json = serde_json::json!({"kind": CANARY, "id": id, "rows": vec![&row; 1_000]});
        let json = json.to_string();
        let many = Change::Put {
            key: ResourceKey::new(CANARY, id),
            version: None,
            json: &json,
        };
        super::apply(vault, CANARY, &[many], CANARY);
    }
    let intent = NewIntent {
        id,
        clinic: clinic(CANARY),
        kind: IntentKind::Book,
        thing: id.to_string(),
        body: text.clone(),
        created: at(1),
    };
    vault.enqueue_part(&intent, &booking, CANARY, None).unwrap();
    let confirmed = StoredBooking {
        id: IntentId::new(at(6), &SeededRng::new(6)),
        state: BookingState::Confirmed,
        ..booking
    };
    let page = Page {
        clinic: &clinic(CANARY),
        changes: &[],
        cursor: CANARY,
        received: at(1),
        bookings: std::slice::from_ref(&confirmed),
        events: &[],
    };
    vault.apply(&page).unwrap();
    let ticket = KeptTicket {
        booking: confirmed.id,
        start: confirmed.start,
        sheet: Some(text.clone()),
        not_before: at(1),
    };
    vault.keep_ticket(&ticket, at(1)).unwrap();
    let queue = NotedQueue {
        booking: id,
        clinic: clinic(CANARY),
        received: at(2),
        body: text.clone(),
    };
    vault.note_queue(&queue).unwrap();
    let place = clinic(CANARY);
    vault.keep_access_log(&place, at(1), CANARY).unwrap();
    vault.tell_of_access_log(&place, CANARY, &event()).unwrap();
    let why = ParkedWhy::Refused { code: text.clone() };
    vault.park(id, &why, at(2), &[]).unwrap();
    let mut photo = vault.write_blob().unwrap();
    photo.write(text.repeat(3_000).as_bytes()).unwrap();
    photo
        .finish(
            BlobOrigin::Own,
            &clinic(CANARY),
            &ResourceKey::new(CANARY, CANARY),
            &text,
            ExpectedContent::default(),
        )
        .unwrap();
    let mut scan = vault.write_blob().unwrap();
    scan.write(text.repeat(5_000).as_bytes()).unwrap();
    vault
        .add_document(NewDocument {
            id: IntentId::new(at(3), &SeededRng::new(3)),
            title: text.clone(),
            content_type: text.clone(),
            created: at(1),
            received: at(1),
            patient: text.clone(),
            blob: scan,
        })
        .unwrap();
    let change = NewChange {
        id: IntentId::new(at(4), &SeededRng::new(4)),
        clinic: clinic(CANARY),
        key: ResourceKey::new(CANARY, "2"),
        base: Some(long.clone()),
        ours: long,
        created: at(1),
    };
    vault.keep_change(&change).unwrap();
    vault.refuse_change(change.id, CANARY, at(1)).unwrap();
    let made = NewChange {
        id: IntentId::new(at(5), &SeededRng::new(5)),
        key: ResourceKey::new(CANARY, format!("{CANARY}-made")),
        base: None,
        ours: format!(r#"{{"kind":"{CANARY}","id":"{CANARY}-made"}}"#),
        ..change
    };
    vault.keep_change(&made).unwrap();
    let mut public_key = [7; 32];
    public_key[..CANARY.len()].copy_from_slice(CANARY.as_bytes());
    let record = ClinicRecord {
        id: clinic(CANARY),
        name: text.clone(),
        base_url: text.clone(),
        public_key,
        token: text.clone().into(),
        enrolled: at(1),
        wire: Wire::Clinic,
    };
    let person = PersonRecord {
        id: PersonId::from(CANARY),
        name: text.clone(),
        birth_date: Some(text.clone()),
        gender: Some(text.clone()),
        vault_name: text.clone(),
    };
    let helping = Helping {
        clinic: record.id.clone(),
        patient_id: text.clone(),
        scopes: GrantScopes::ALL,
        ends: Some(at(3)),
        lease: None,
    };
    let linked = LinkedPerson {
        person,
        patient_id: text,
        helping: Some(helping),
    };
    let mut device_key = [4; 65];
    device_key[..CANARY.len()].copy_from_slice(CANARY.as_bytes());
    let session = ClinicSession {
        device_key,
        access_token: record.token.clone(),
        access_ends: at(2),
        renewal: record.token.clone(),
        is_assertion: false,
    };
    account.enrol(&record, Some(&session), &[linked]).unwrap();
    let way = std::time::Duration::from_mins(90);
    account.set_travel_time(&record.id, Some(way)).unwrap();
    account
        .set_insurance_terms(&record.id, Some(CANARY))
        .unwrap();
    account.keep_invitation(CANARY, at(1)).unwrap();
    let sign_in = KeptSignIn {
        clinic_url: CANARY.to_owned(),
        clinic_key: [7; 32],
        state: CANARY.to_owned().into(),
        verifier: CANARY.to_owned().into(),
        began: at(1),
    };
    account.keep_sign_in(&sign_in, at(0)).unwrap();
    let head = KeptLogHead {
        checkpoint: Some(CANARY.to_owned()),
        asked: at(1),
        mismatch: Some(CANARY.to_owned()),
    };
    account.keep_access_log_head(&record.id, &head).unwrap();
}

#[test]
fn nothing_that_is_stored_is_ever_written_in_the_clear() {
    let disk = SimDisk::recording(Promise::Nothing);
    let keys = Arc::new(MemoryKeys::default());
    let ports = VaultPorts::new(Arc::new(disk.clone()), keys, Arc::new(SeededRng::new(1)));
    let vault = with_test_index(Vault::create(&ports, "me").unwrap());
    let account = AccountVault::open_or_create(&ports).unwrap();
    feed(&vault, &account);
    assert!(!super::search(&vault, FOLDED).is_empty());

    // Every column that can hold a text does hold the canary, or is known not to.
    let mut stored = Stored::default();
    vault.store().read(|tx, _| stored.read(tx)).unwrap();
    account.store().read(|tx, _| stored.read(tx)).unwrap();
    let not_fed: BTreeSet<String> = NOT_FED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        stored.without_canary, not_fed,
        "feed the canary to new columns, or say why not"
    );
    stored.values.insert(CANARY.as_bytes().to_vec());
    stored.values.insert(FOLDED.as_bytes().to_vec());
    for word in [
        "SQLite format 3",
        "CREATE TABLE",
        "PRAGMA",
        "resource_by_hash",
    ] {
        stored.values.insert(word.as_bytes().to_vec());
    }
    stored
        .values
        .insert(account.device_id().unwrap().into_bytes());

    let assert_hidden = |when: &str, journal: bool| {
        let files = disk.contents();
        assert_eq!(files.contains_key("me.db-wal"), journal, "{when}");
        for (name, bytes) in files {
            for value in &stored.values {
                assert!(
                    !contains(&bytes, value),
                    "{} in {name} {when}",
                    String::from_utf8_lossy(value)
                );
            }
        }
    };
    assert_hidden("while the journal is full", true);
    vault.store().checkpoint();
    assert_hidden("after it was folded in", true);
    // A sort, a search, an update, a deletion, a step back: whatever could spill to a file.
    let all = super::all();
    vault.entries(&all).unwrap();
    vault.counts().unwrap();
    vault.resources_of_kind(CANARY, 1_000).unwrap();
    vault.reset_cursor(&clinic(CANARY)).unwrap();
    super::apply(&vault, CANARY, &[super::gone(CANARY)], "c");
    drop((vault, account));
    assert_hidden("after a close", false);

    // And nothing else was ever written, under whatever name and for however short.
    let mut written = 0;
    disk.tape().cuts(|cut| {
        if let Some(Operation::Write { bytes, .. }) = cut.next {
            written += bytes.len();
            for value in &stored.values {
                assert!(
                    !contains(bytes, value),
                    "{} was written",
                    String::from_utf8_lossy(value)
                );
            }
        }
        if let Some(Operation::Create { name, .. }) = cut.next {
            let is_known = [".key", ".db", ".db-wal", ".db-journal", ".journal"]
                .iter()
                .any(|end| name.ends_with(end));
            let is_blob = crate::blobs::is_blob_of(name, "me");
            assert!(
                is_known || is_blob || name.starts_with(".unfinished-"),
                "{name}"
            );
        }
    });
    assert!(written > 100_000);
    assert_eq!(SimDisk::temporary_files(), 0, "a temporary file");

    // The words are there for who has the key.
    let vault = with_test_index(Vault::open(&ports, "me").unwrap());
    assert!(!super::search(&vault, FOLDED).is_empty());
}
