//! Documents that a clinic gives: fetched once, opened without a network, never lost.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sokhoe_app::{
    AppError, AttachmentState, BrowseRequest, DocumentRefusal, NetworkKind, SyncConditions,
};
use sokhoe_clinic::ImportOptions;
use sokhoe_testing::Cut;
use sokhoe_tests::{BOOK_PATIENT, EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};

/// Three megabytes that gzip cannot make smaller, so that they arrive in many pieces.
fn scan() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..3_000_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

fn give(clinic: &TestClinic, resources: &[serde_json::Value]) {
    let lines: Vec<String> = resources.iter().map(ToString::to_string).collect();
    let lines = lines.join("\n");
    let report = clinic
        .clinic
        .import_reader("x.ndjson", &mut lines.as_bytes(), &ImportOptions::default())
        .unwrap();
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
}

fn delete(clinic: &TestClinic, url: &str) {
    give(
        clinic,
        &[json!({"resourceType": "Bundle", "type": "transaction",
                 "entry": [{"request": {"method": "DELETE", "url": url}}]})],
    );
}

fn binary(id: &str, patient: &str, bytes: &[u8]) -> serde_json::Value {
    json!({"resourceType": "Binary", "id": id, "contentType": "application/pdf",
           "securityContext": {"reference": format!("Patient/{patient}")}, "data": STANDARD.encode(bytes)})
}

fn document(id: &str, patient: &str, attachment: &serde_json::Value) -> serde_json::Value {
    json!({"resourceType": "DocumentReference", "id": id, "status": "current", "description": id,
           "subject": {"reference": format!("Patient/{patient}")}, "content": [{"attachment": attachment}]})
}

async fn entry(phone: &TestPhone, person: &str, title: &str) -> i64 {
    phone.app.sync(person).await.unwrap();
    row(phone, person, title)
}

fn row(phone: &TestPhone, person: &str, title: &str) -> i64 {
    let request = BrowseRequest {
        person_id: person.to_owned(),
        text: title.to_owned(),
        section: None,
        clinic_id: None,
        from: None,
        to: None,
        cursor: None,
        limit: 200,
    };
    let rows = phone.app.browse(request).unwrap().rows;
    rows.iter().find(|row| row.title == title).unwrap().id
}

async fn fetch(phone: &TestPhone, person: &str, entry: i64) -> Result<AttachmentState, AppError> {
    let fetched = phone.app.fetch_attachment(person, entry, 0).await;
    fetched.map(|view| view.state)
}

fn state(phone: &TestPhone, person: &str, entry: i64) -> AttachmentState {
    phone.app.attachments(person, entry).unwrap()[0].state
}

fn read(phone: &TestPhone, person: &str, entry: i64) -> Result<Vec<u8>, AppError> {
    let mut bytes = Vec::new();
    let reader = phone.app.open_attachment(person, entry, 0)?;
    reader.copy_to(&mut bytes)?;
    Ok(bytes)
}

fn refused<T>(reason: DocumentRefusal) -> Result<T, AppError> {
    Err(AppError::Document { reason })
}

/// Files of the phone that are no database and no key: sealed documents, whole or begun.
fn sealed_files(phone: &TestPhone) -> usize {
    let files = std::fs::read_dir(phone.folder.path()).unwrap();
    files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".blob-") || name.contains("unfinished"))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_fetched_once_and_read_on_the_mountain() {
    let clinic = TestClinic::start().await;
    let scan = scan();
    let sized = json!({"url": "Binary/scan", "size": scan.len(), "contentType": "application/pdf"});
    give(
        &clinic,
        &[
            binary("scan", EMPTY_PATIENT, &scan),
            document("letter", EMPTY_PATIENT, &sized),
        ],
    );
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let letter = entry(&phone, &person, "letter").await;
    assert_eq!(state(&phone, &person, letter), AttachmentState::AtClinic);

    // The signal is lost in the middle: nothing is left of it.
    for cut in [Cut::InTheBody, Cut::AnswerLost, Cut::NoNetwork] {
        phone.network.cut(cut);
        assert_eq!(fetch(&phone, &person, letter).await, Err(AppError::Offline));
        assert_eq!(sealed_files(&phone), 0, "{cut:?}");
        assert_eq!(state(&phone, &person, letter), AttachmentState::AtClinic);
        assert_eq!(
            read(&phone, &person, letter),
            refused(DocumentRefusal::NotHere)
        );
    }
    phone.network.cut(Cut::Whole);
    assert_eq!(
        fetch(&phone, &person, letter).await,
        Ok(AttachmentState::Here)
    );
    assert_eq!(sealed_files(&phone), 1);

    phone.network.cut(Cut::NoNetwork);
    let phone = phone.restarted();
    assert_eq!(
        fetch(&phone, &person, letter).await,
        Ok(AttachmentState::Here)
    );
    assert_eq!(read(&phone, &person, letter).unwrap(), scan);

    // Room is needed: it goes, and is fetched again.
    assert_eq!(phone.app.set_blob_budget(&person, 100_000).unwrap().used, 0);
    assert_eq!(sealed_files(&phone), 0);
    assert_eq!(
        read(&phone, &person, letter),
        refused(DocumentRefusal::NotHere)
    );
    phone.network.cut(Cut::Whole);
    assert_eq!(
        fetch(&phone, &person, letter).await,
        refused(DocumentRefusal::NoRoom)
    );
    phone.app.set_blob_budget(&person, 10_000_000).unwrap();
    assert_eq!(
        fetch(&phone, &person, letter).await,
        Ok(AttachmentState::Here)
    );

    // The clinic loses the document, then the record: what is here is the last, and stays.
    delete(&clinic, "Binary/scan");
    assert_eq!(read(&phone, &person, letter).unwrap(), scan);
    delete(&clinic, "DocumentReference/letter");
    phone.app.sync(&person).await.unwrap();
    let storage = phone.app.set_blob_budget(&person, 0).unwrap();
    assert_eq!((storage.evictable, storage.last_copies), (0, storage.used));
    assert_eq!(sealed_files(&phone), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clinic_lost_is_said_so_and_what_is_wrong_is_not_kept() {
    let clinic = TestClinic::start().await;
    let of_another = json!({"url": "Binary/of-another"});
    let wrong = json!({"url": "Binary/letter", "hash": STANDARD.encode([7; 20])});
    let elsewhere = json!({"url": "http://127.0.0.1:9/fhir/Binary/letter"});
    give(
        &clinic,
        &[
            binary("letter", EMPTY_PATIENT, b"%PDF-1.7"),
            binary("of-another", NEIGHBOUR, b"%PDF-1.7"),
            document("letter", EMPTY_PATIENT, &json!({"url": "Binary/letter"})),
            document("wrong", EMPTY_PATIENT, &wrong),
            document("other", EMPTY_PATIENT, &of_another),
            document("away", EMPTY_PATIENT, &elsewhere),
        ],
    );
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let letter = entry(&phone, &person, "letter").await;
    let [wrong, other, away] = ["wrong", "other", "away"].map(|title| row(&phone, &person, title));
    assert_eq!(
        fetch(&phone, &person, wrong).await,
        refused(DocumentRefusal::OtherContent)
    );
    assert_eq!(
        fetch(&phone, &person, away).await,
        refused(DocumentRefusal::Elsewhere)
    );
    assert_eq!(state(&phone, &person, away), AttachmentState::Elsewhere);
    // Another person's looks like what is not there.
    assert_eq!(
        fetch(&phone, &person, other).await,
        refused(DocumentRefusal::Gone)
    );
    assert_eq!(state(&phone, &person, other), AttachmentState::Gone);
    assert_eq!(sealed_files(&phone), 0);

    assert_eq!(
        fetch(&phone, &person, letter).await,
        Ok(AttachmentState::Here)
    );
    phone.app.set_blob_budget(&person, 0).unwrap();
    phone.app.set_blob_budget(&person, 1_000_000).unwrap();
    delete(&clinic, "Binary/letter");
    assert_eq!(
        fetch(&phone, &person, letter).await,
        refused(DocumentRefusal::Gone)
    );
    let phone = phone.restarted();
    assert_eq!(
        state(&phone, &person, letter),
        AttachmentState::Gone,
        "the vault has it noted"
    );
    assert_eq!(
        state(&phone, &person, other),
        AttachmentState::AtClinic,
        "asked again after a restart"
    );
    // It turned up again.
    give(&clinic, &[binary("letter", EMPTY_PATIENT, b"%PDF-1.7")]);
    assert_eq!(
        fetch(&phone, &person, letter).await,
        Ok(AttachmentState::Here)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_no_longer_known_keeps_what_it_has() {
    let clinic = TestClinic::start().await;
    let attachment = |id: &str| json!({"url": format!("Binary/{id}")});
    give(
        &clinic,
        &[
            binary("one", EMPTY_PATIENT, b"one"),
            binary("two", EMPTY_PATIENT, b"two"),
            document("one", EMPTY_PATIENT, &attachment("one")),
            document("two", EMPTY_PATIENT, &attachment("two")),
        ],
    );
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let one = entry(&phone, &person, "one").await;
    let two = row(&phone, &person, "two");
    assert_eq!(fetch(&phone, &person, one).await, Ok(AttachmentState::Here));
    let sql = rusqlite::Connection::open(clinic.database()).unwrap();
    sql.execute("UPDATE session SET revoked = 1", []).unwrap();
    assert_eq!(
        fetch(&phone, &person, two).await,
        Err(AppError::NotEnrolled)
    );
    let storage = phone.app.set_blob_budget(&person, 0).unwrap();
    assert_eq!((storage.evictable, storage.last_copies), (0, storage.used));
    assert_eq!(read(&phone, &person, one).unwrap(), b"one");
    // Known again: it may go.
    sql.execute("UPDATE session SET revoked = NULL", [])
        .unwrap();
    phone.app.sync(&person).await.unwrap();
    assert_eq!(phone.app.set_blob_budget(&person, 0).unwrap().used, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_record_is_opened_at_once() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    phone.network.cut(Cut::NoNetwork);
    let file = std::fs::File::open(sokhoe_tests::data("synthea-patient.ndjson.gz")).unwrap();
    let mut source = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut source)
        .unwrap();
    let mut request = BrowseRequest {
        person_id: person.clone(),
        text: String::new(),
        section: None,
        clinic_id: None,
        from: None,
        to: None,
        cursor: None,
        limit: 200,
    };
    let (mut opened, mut bytes) = (0, 0);
    loop {
        let page = phone.app.browse(request.clone()).unwrap();
        for row in page.rows {
            for one in phone.app.attachments(&person, row.id).unwrap() {
                if one.state == AttachmentState::Inline {
                    let mut reader = phone
                        .app
                        .open_attachment(&person, row.id, one.index)
                        .unwrap();
                    let mut whole = Vec::new();
                    while let Some(chunk) = reader.next_chunk().unwrap() {
                        whole.extend(chunk);
                    }
                    assert_eq!(whole.len() as u64, reader.length());
                    opened += 1;
                    bytes += whole.len();
                }
            }
        }
        request.cursor = page.next;
        if request.cursor.is_none() {
            break;
        }
    }
    assert!(
        opened > 400 && bytes > 100_000,
        "{opened} documents, {bytes} bytes"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_waits_for_data_and_is_counted_as_it_travels() {
    let clinic = TestClinic::start().await;
    let scan = scan();
    let attachment = json!({"url": "Binary/scan", "contentType": "application/pdf"});
    give(
        &clinic,
        &[
            binary("scan", EMPTY_PATIENT, &scan),
            document("letter", EMPTY_PATIENT, &attachment),
        ],
    );
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let letter = entry(&phone, &person, "letter").await;
    phone.app.set_conditions(SyncConditions {
        network: NetworkKind::Metered,
        battery_low: false,
        foreground: true,
    });
    phone.app.set_data_limit(None, Some(0)).unwrap();
    let waits = fetch(&phone, &person, letter).await;
    assert_eq!(waits, refused(DocumentRefusal::DataUsedUp));
    let words = phone.app.words_for(&waits.unwrap_err());
    assert!(words.contains("allowance"), "{words}");
    phone.app.allow_more_data(1).unwrap();
    fetch(&phone, &person, letter).await.unwrap();
    assert_eq!(read(&phone, &person, letter).unwrap(), scan);
    let used = phone.app.data().unwrap();
    let travelled = usize::try_from(used.today).unwrap();
    assert!(
        travelled > scan.len() && travelled < scan.len() + 5_000,
        "{used:?}"
    );
    assert_eq!(used.left, Some(0));
}
