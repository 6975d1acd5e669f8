//! Documents of a book, with a clinic that answers as it is told.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use ring::digest;
use serde_json::{Value, json};
use sokhoe_client::ClientError;
use sokhoe_domain::ResourceKey;
use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
use sokhoe_fhir::bundle::Change;

use super::*;
use crate::Language;
use crate::error::DocumentRefusal;
use crate::test_phone::{TestPhone, all_of};

const PERSON: &str = "p";
const GONE: &str =
    r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#;

/// What a clinic answers, by path; no network where nothing is said.
#[derive(Default)]
struct Answers {
    given: Mutex<HashMap<String, (u16, Vec<u8>)>>,
    asked: Mutex<u32>,
}

impl Answers {
    fn say(&self, path: &str, status: u16, body: &[u8]) {
        let mut given = self.given.lock().unwrap();
        given.insert(format!("/fhir/{path}"), (status, body.to_vec()));
    }

    fn asked(&self) -> u32 {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Transport for Answers {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        *self.asked.lock().unwrap() += 1;
        let answer = self
            .given
            .lock()
            .unwrap()
            .get(request.uri().path())
            .cloned();
        Box::pin(async move {
            let (status, body) = answer.ok_or(TransportError::Unreachable)?;
            if body.len() > limits.max_body {
                let limit = limits.max_body;
                return Err(TransportError::TooLarge { limit });
            }
            let answer = http::Response::builder().status(status);
            Ok(answer.body(Bytes::from(body)).unwrap())
        })
    }
}

type Phone = TestPhone<Answers>;

fn phone() -> Phone {
    TestPhone::of(Language::En, &[PERSON], Answers::default())
}

impl Phone {
    /// A report with these attachments, and its row.
    fn report(&self, id: &str, version: &str, attachments: &Value) -> i64 {
        let json = json!({
            "resourceType": "DiagnosticReport", "id": id, "status": "final",
            "subject": {"reference": "Patient/p"}, "code": {"text": id},
            "effectiveDateTime": "2026-11-24", "presentedForm": attachments,
        })
        .to_string();
        let key = ResourceKey::new("DiagnosticReport", id);
        let (version, json) = (Some(version.into()), json.as_str());
        self.apply(PERSON, &[Change::Put { key, version, json }], &[]);
        let rows = self.app.browse(all_of(PERSON)).unwrap().rows;
        rows.iter().find(|row| row.title == id).unwrap().id
    }

    fn state(&self, entry: i64, index: usize) -> AttachmentState {
        self.app.attachments(PERSON, entry).unwrap()[index].state
    }

    async fn fetch(&self, entry: i64) -> Result<AttachmentState, AppError> {
        let fetched = self.app.fetch_attachment(PERSON, entry, 0).await;
        fetched.map(|view| view.state)
    }

    fn open(&self, entry: i64, index: u32) -> Result<Vec<u8>, AppError> {
        let mut reader = self.app.open_attachment(PERSON, entry, index)?;
        let mut all = Vec::new();
        while let Some(chunk) = reader.next_chunk()? {
            assert!(chunk.len() <= 64 * 1024);
            all.extend(chunk);
        }
        assert_eq!(all.len() as u64, reader.length());
        Ok(all)
    }
}

fn sha1(bytes: &[u8]) -> String {
    STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

fn refused<T>(reason: DocumentRefusal) -> Result<T, AppError> {
    Err(AppError::Document { reason })
}

fn scan() -> Vec<u8> {
    (0..150_000_u32).map(|n| (n % 251) as u8).collect()
}

#[tokio::test]
async fn a_list_says_where_each_is() {
    let phone = phone();
    let entry = phone.report(
        "x",
        "1",
        &json!([
            {"title": "Phiếu", "contentType": "text/plain", "data": "eGluIGNow6Bv", "url": "Binary/1"},
            {"url": "Binary/2", "size": 12},
            {"title": "nothing"},
            {"url": "https://elsewhere.example/fhir/Binary/3"},
            {"data": "eGlu*"},
        ]),
    );
    let listed = phone.app.attachments(PERSON, entry).unwrap();
    let states: Vec<_> = listed.iter().map(|one| (one.index, one.state)).collect();
    assert_eq!(
        states,
        [
            (0, AttachmentState::Inline),
            (1, AttachmentState::AtClinic),
            (2, AttachmentState::Elsewhere),
            (3, AttachmentState::Inline),
        ]
    );
    assert_eq!(
        (&*listed[0].title, &*listed[0].content_type, listed[0].size),
        ("Phiếu", "text/plain", Some(9))
    );
    assert_eq!((&*listed[1].title, listed[1].size), ("Document", Some(12)));
    assert!(listed.iter().all(|one| !one.state_text.is_empty()));
    assert_eq!(phone.open(entry, 0).unwrap(), "xin chào".as_bytes());
    assert_eq!(phone.open(entry, 1), refused(DocumentRefusal::NotHere));
    assert_eq!(phone.open(entry, 2), refused(DocumentRefusal::Elsewhere));
    assert_eq!(phone.open(entry, 3), refused(DocumentRefusal::Unreadable));
    assert_eq!(phone.open(entry, 4), Err(AppError::not_found("attachment")));
    let elsewhere = phone.app.fetch_attachment(PERSON, entry, 2).await;
    assert_eq!(elsewhere, refused(DocumentRefusal::Elsewhere));
    assert_eq!(phone.clinic.asked(), 0, "strangers are not asked");
    assert!(phone.app.attachments(PERSON, -1).is_err());
}

#[tokio::test]
async fn what_was_fetched_is_opened_without_a_network_and_fetched_again_after_it_went() {
    let phone = phone();
    let scan = scan();
    let entry = phone.report(
        "x",
        "1",
        &json!([{"url": "Binary/1", "size": scan.len(), "hash": sha1(&scan)}]),
    );
    assert_eq!(phone.fetch(entry).await, Err(AppError::Offline));
    phone.clinic.say("Binary/1", 200, &scan);
    assert_eq!(phone.fetch(entry).await, Ok(AttachmentState::Here));
    assert_eq!(phone.fetch(entry).await, Ok(AttachmentState::Here));
    assert_eq!(phone.clinic.asked(), 2, "what is here is not asked for");
    assert_eq!(phone.open(entry, 0).unwrap(), scan);
    let mut reading = phone.app.open_attachment(PERSON, entry, 0).unwrap();
    reading.next_chunk().unwrap();

    let storage = phone.app.set_blob_budget(PERSON, 1_000).unwrap();
    assert_eq!((storage.used, storage.budget), (0, 1_000));
    assert!(reading.next_chunk().unwrap().is_some(), "who reads goes on");
    assert_eq!(phone.state(entry, 0), AttachmentState::AtClinic);
    assert_eq!(phone.open(entry, 0), refused(DocumentRefusal::NotHere));
    phone.clinic.asked();
    assert_eq!(phone.fetch(entry).await, refused(DocumentRefusal::NoRoom));
    assert_eq!(
        phone.clinic.asked(),
        0,
        "what cannot be kept is not asked for"
    );
    phone.app.set_blob_budget(PERSON, 1_000_000).unwrap();
    assert_eq!(phone.fetch(entry).await, Ok(AttachmentState::Here));
    assert_eq!(phone.open(entry, 0).unwrap(), scan);
}

#[tokio::test]
async fn what_is_not_as_announced_is_not_kept() {
    let phone = phone();
    let scan = scan();
    phone.clinic.say("Binary/1", 200, &scan);
    for (id, attachment) in [
        ("hash", json!({"url": "Binary/1", "hash": sha1(b"other")})),
        ("short", json!({"url": "Binary/1", "size": scan.len() + 1})),
        ("long", json!({"url": "Binary/1", "size": scan.len() - 1})),
    ] {
        let entry = phone.report(id, "1", &json!([attachment]));
        let fetched = phone.fetch(entry).await;
        assert_eq!(fetched, refused(DocumentRefusal::OtherContent), "{id}");
        assert_eq!(phone.state(entry, 0), AttachmentState::AtClinic);
    }
    let huge = phone.report("huge", "1", &json!([{"url": "Binary/1", "size": u64::MAX}]));
    assert_eq!(phone.fetch(huge).await, refused(DocumentRefusal::TooLarge));
    assert_eq!(phone.app.storage(PERSON).unwrap().used, 0);
}

#[tokio::test]
async fn other_content_under_the_same_address_is_fetched_anew() {
    let phone = phone();
    let (old, new) = (b"old result".to_vec(), b"new result".to_vec());
    let attachment = |bytes: &[u8]| json!([{"url": "Binary/1", "hash": sha1(bytes)}]);
    phone.clinic.say("Binary/1", 200, &old);
    let entry = phone.report("x", "1", &attachment(&old));
    phone.fetch(entry).await.unwrap();
    assert_eq!(phone.report("x", "2", &attachment(&new)), entry);
    assert_eq!(phone.state(entry, 0), AttachmentState::AtClinic);
    phone.clinic.say("Binary/1", 200, &new);
    phone.fetch(entry).await.unwrap();
    assert_eq!(phone.open(entry, 0).unwrap(), new);
    // What the clinic replaced may go, what it has now goes last.
    let storage = phone.app.storage(PERSON).unwrap();
    assert_eq!((storage.last_copies, storage.evictable), (0, storage.used));
    phone.app.set_blob_budget(PERSON, storage.used / 2).unwrap();
    assert_eq!(phone.state(entry, 0), AttachmentState::Here);

    // Without a hash the size tells.
    phone.clinic.say("Binary/2", 200, b"four");
    let sized = phone.report("y", "1", &json!([{"url": "Binary/2", "size": 4}]));
    phone.fetch(sized).await.unwrap();
    phone.report("y", "2", &json!([{"url": "Binary/2", "size": 5}]));
    assert_eq!(phone.state(sized, 0), AttachmentState::AtClinic);
}

#[tokio::test]
async fn a_last_copy_stays_and_what_nobody_has_is_said_so() {
    let phone = phone();
    let scan = scan();
    phone.clinic.say("Binary/1", 200, &scan);
    let entry = phone.report("x", "1", &json!([{"url": "Binary/1"}]));
    phone.fetch(entry).await.unwrap();

    // The record was deleted: its document is the last copy.
    let key = ResourceKey::new("DiagnosticReport", "x");
    phone.apply(PERSON, &[Change::Delete { key }], &[]);
    let storage = phone.app.set_blob_budget(PERSON, 0).unwrap();
    assert_eq!((storage.last_copies, storage.evictable), (storage.used, 0));
    assert!(storage.used > 150_000);
    // It came back, and with it the right to go.
    phone.report("x", "2", &json!([{"url": "Binary/1"}]));
    assert_eq!(phone.app.set_blob_budget(PERSON, 0).unwrap().used, 0);
    phone.app.set_blob_budget(PERSON, 1_000_000).unwrap();

    // The clinic no longer has it, nor does the phone.
    phone.clinic.say("Binary/1", 404, GONE.as_bytes());
    let entry = phone.report("x", "3", &json!([{"url": "Binary/1"}]));
    assert_eq!(phone.fetch(entry).await, refused(DocumentRefusal::Gone));
    assert_eq!(phone.state(entry, 0), AttachmentState::Gone);
    assert_eq!(phone.open(entry, 0), refused(DocumentRefusal::Gone));
    // Its note outlives the app: the vault has it.
    phone.app.lock();
    assert_eq!(phone.state(entry, 0), AttachmentState::Gone);
    // It is asked again when the person wants, and the clinic may have it again.
    phone.clinic.say("Binary/1", 200, &scan);
    assert_eq!(phone.fetch(entry).await, Ok(AttachmentState::Here));
    assert_eq!(phone.app.set_blob_budget(PERSON, 0).unwrap().used, 0);
    assert_eq!(phone.state(entry, 0), AttachmentState::AtClinic);

    // One that was never here is known to be gone until the app ends.
    phone.clinic.say("Binary/2", 410, GONE.as_bytes());
    let never = phone.report("y", "1", &json!([{"url": "Binary/2"}]));
    assert_eq!(phone.fetch(never).await, refused(DocumentRefusal::Gone));
    assert_eq!(phone.state(never, 0), AttachmentState::Gone);
    // A proxy's word ends nothing.
    phone.clinic.say("Binary/3", 404, b"no such page");
    let proxied = phone.report("z", "1", &json!([{"url": "Binary/3"}]));
    let garbled = ClientError::Garbled(sokhoe_client::GarbledAnswer::Status(404));
    assert_eq!(phone.fetch(proxied).await, Err(garbled.into()));
    assert_eq!(phone.state(proxied, 0), AttachmentState::AtClinic);
}

#[tokio::test]
async fn what_a_clinic_gave_stays_while_it_does_not_know_the_phone() {
    let phone = phone();
    phone.clinic.say("Binary/1", 200, &scan());
    phone.clinic.say("Binary/2", 401, GONE.as_bytes());
    let entry = phone.report("x", "1", &json!([{"url": "Binary/1"}]));
    phone.fetch(entry).await.unwrap();
    let other = phone.report("y", "1", &json!([{"url": "Binary/2"}]));
    assert_eq!(phone.fetch(other).await, Err(AppError::NotEnrolled));
    let storage = phone.app.set_blob_budget(PERSON, 0).unwrap();
    assert_eq!((storage.last_copies, storage.evictable), (storage.used, 0));
    assert_eq!(phone.open(entry, 0).unwrap(), scan());
}

#[tokio::test]
async fn an_export_has_the_documents_that_are_here() {
    let phone = phone();
    let scan = scan();
    for path in ["Binary/1", "Binary/2", "Binary/3"] {
        phone.clinic.say(path, 200, &scan);
    }
    let one = json!([{"url": "Binary/1", "contentType": "application/pdf"}]);
    let twice = json!([{"url": "https://a.example/fhir/Binary/2"}, {"url": "Binary/3"}]);
    let entries = [phone.report("x", "1", &one), phone.report("y", "1", &one)];
    let third = phone.report("z", "1", &twice);
    for entry in [entries[0], entries[1], third] {
        phone.fetch(entry).await.unwrap();
    }
    let mut bundle = Vec::new();
    phone.app.export_fhir(PERSON, &mut bundle).unwrap();
    let bundle: Value = serde_json::from_slice(&bundle).unwrap();
    let binaries: Vec<&Value> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["resource"]["resourceType"] == "Binary")
        .collect();
    // Two records refer to the first, nothing of the third is here.
    let urls: Vec<&str> = binaries
        .iter()
        .map(|one| one["fullUrl"].as_str().unwrap())
        .collect();
    assert_eq!(
        urls,
        [
            "https://a.example/fhir/Binary/1",
            "https://a.example/fhir/Binary/2"
        ]
    );
    let first = &binaries[0]["resource"];
    assert_eq!(
        (&first["id"], &first["contentType"]),
        (&json!("1"), &json!("application/pdf"))
    );
    assert_eq!(
        binaries[1]["resource"]["contentType"],
        "application/octet-stream"
    );
    for binary in binaries {
        let data = binary["resource"]["data"].as_str().unwrap();
        assert_eq!(STANDARD.decode(data).unwrap(), scan);
    }
}

#[tokio::test]
async fn a_damaged_document_is_left_out_of_an_export_and_fetched_again() {
    let phone = phone();
    phone.clinic.say("Binary/1", 200, &scan());
    let entry = phone.report("x", "1", &json!([{"url": "Binary/1"}]));
    phone.fetch(entry).await.unwrap();
    let files = std::fs::read_dir(phone.folder.path()).unwrap();
    for file in files.map(|file| file.unwrap().path()) {
        if file.to_string_lossy().contains(".blob-") {
            let mut bytes = std::fs::read(&file).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&file, bytes).unwrap();
        }
    }
    let mut bundle = Vec::new();
    phone.app.export_fhir(PERSON, &mut bundle).unwrap();
    let bundle: Value = serde_json::from_slice(&bundle).unwrap();
    assert_eq!(bundle["entry"].as_array().unwrap().len(), 1);
    assert_eq!(phone.state(entry, 0), AttachmentState::AtClinic);
    assert_eq!(phone.fetch(entry).await, Ok(AttachmentState::Here));
    assert_eq!(phone.open(entry, 0).unwrap(), scan());
}
