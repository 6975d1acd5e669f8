use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sokhoe_domain::{ClinicId, Section, Timestamp};
use tempfile::TempDir;

use super::NewDocumentView;
use crate::test_phone::{NoNetwork, TestPhone, all_of};
use crate::{
    AppError, AttachmentState, BrowseRequest, DocumentRefusal, EntryView, Language, SoKhoe,
};

fn phone(language: Language) -> (SoKhoe, TempDir) {
    let phone = TestPhone::of(language, &["p"], NoNetwork);
    (phone.app, phone.folder)
}

fn about(title: &str) -> NewDocumentView {
    NewDocumentView {
        title: title.to_owned(),
        content_type: "image/jpeg".to_owned(),
        created: Timestamp::parse_fhir("2026-05-02T09:00:00+07:00"),
        size: None,
    }
}

fn rows(app: &SoKhoe, text: &str) -> Vec<EntryView> {
    let request = BrowseRequest {
        text: text.to_owned(),
        clinic_id: Some(ClinicId::OWN.to_owned()),
        ..all_of("p")
    };
    app.browse(request).unwrap().rows
}

fn exported(app: &SoKhoe) -> Value {
    let mut out = Vec::new();
    app.export_fhir("p", &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn own_files(folder: &TempDir) -> usize {
    let names = std::fs::read_dir(folder.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.contains("blob") || name.contains("unfinished"))
        .count()
}

#[test]
fn a_document_is_put_in_piece_by_piece_shown_found_and_taken_out() {
    let (app, folder) = phone(Language::Vi);
    let mut writer = app
        .begin_document("p", about("  Đơn\u{200b} thuốc\n tim  "))
        .unwrap();
    for piece in [b"abc".as_slice(), b"", b"def"] {
        writer.write(piece).unwrap();
    }
    let id = writer.finish().unwrap();
    let found = rows(&app, "don tim");
    assert_eq!(found.len(), 1);
    let row = &found[0];
    assert_eq!((row.id, row.title.as_str()), (id, "Đơn thuốc tim"));
    assert_eq!(
        (row.clinic_name.as_str(), row.section),
        ("Của tôi", Section::Documents)
    );
    assert_eq!(row.when_text, "Thứ Bảy, 02/05/2026");
    let detail = app.entry("p", id).unwrap();
    assert_eq!(detail.entry.clinic_id, ClinicId::OWN);
    assert!(detail.resource_json.contains("DocumentReference"));
    assert_eq!(app.sections("p").unwrap()[0].entries, 1);
    app.remove_document("p", id).unwrap();
    assert_eq!(
        app.remove_document("p", id),
        Err(AppError::not_found("document"))
    );
    assert!(rows(&app, "").is_empty());
    assert_eq!(own_files(&folder), 0);
}

#[test]
fn what_is_dropped_empty_or_breaks_leaves_nothing() {
    struct Breaks(bool);
    impl Read for Breaks {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            match std::mem::replace(&mut self.0, true) {
                true => Err(io::ErrorKind::PermissionDenied.into()),
                false => Ok(to.len()),
            }
        }
    }
    let (app, folder) = phone(Language::En);
    let mut writer = app.begin_document("p", about("x")).unwrap();
    writer.write(&[1; 100_000]).unwrap();
    drop(writer);
    let empty = app.begin_document("p", about("x")).unwrap().finish();
    assert!(matches!(empty, Err(AppError::Validation { .. })));
    let broken = app.add_document("p", about("x"), &mut Breaks(false));
    assert_eq!(broken, Err(AppError::CannotRead));
    assert!(rows(&app, "").is_empty());
    assert_eq!(own_files(&folder), 0);
}

#[test]
fn what_cannot_be_a_document_is_refused() {
    let (app, _folder) = phone(Language::En);
    let kind = |content_type: &str| NewDocumentView {
        content_type: content_type.to_owned(),
        ..about("x")
    };
    let long = "ă".repeat(201);
    for document in [
        about(""),
        about(" \u{200b}\n"),
        about(&long),
        kind("text/html"),
        kind("image/JPEG"),
        kind("image/svg+xml"),
    ] {
        let refused = app.begin_document("p", document).map(drop);
        assert!(
            matches!(refused, Err(AppError::Validation { .. })),
            "{refused:?}"
        );
    }
    let unknown = app.begin_document("nobody", about("x")).map(drop);
    assert_eq!(unknown, Err(AppError::not_found("person")));
    app.set_moved(true).unwrap();
    let moved = app.begin_document("p", about("x")).map(drop);
    assert!(matches!(moved, Err(AppError::Move { .. })));
}

#[test]
fn what_does_not_fit_says_how_much_is_missing() {
    let (app, folder) = phone(Language::En);
    app.set_blob_budget("p", 1_000_016).unwrap();
    let known = NewDocumentView {
        size: Some(3_000_000),
        ..about("x")
    };
    let refused = app.begin_document("p", known).map(drop).unwrap_err();
    let AppError::DocumentsFull { missing } = refused else {
        panic!("{refused:?}")
    };
    assert!((2_000_000..2_010_000).contains(&missing), "{missing}");
    assert!(app.words_for(&refused).contains("3 MB"));
    let mut writer = app.begin_document("p", about("x")).unwrap();
    let late = writer.write(&[0; 1_100_000]).unwrap_err();
    assert!(matches!(late, AppError::DocumentsFull { .. }));
    drop(writer);
    assert_eq!(own_files(&folder), 0);
}

#[test]
fn the_bundle_has_the_bytes_and_says_when_they_are_lost() {
    let (app, folder) = phone(Language::En);
    // Lengths that base64 fills up differently, at the edges of chunks.
    let lengths = [1, 2, 3, 65_535, 65_536, 65_537, 200_000];
    for length in lengths {
        let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
        let title = format!("Giấy \"{length}\"");
        app.add_document("p", about(&title), &mut bytes.as_slice())
            .unwrap();
    }
    let bundle = exported(&app);
    let entries = bundle["entry"].as_array().unwrap();
    assert_eq!(entries.len(), lengths.len());
    let mut seen = Vec::new();
    for entry in entries {
        let resource = &entry["resource"];
        let size = resource["content"][0]["attachment"]["size"]
            .as_u64()
            .unwrap();
        let length = usize::try_from(size).unwrap();
        seen.push(length);
        let id = resource["id"].as_str().unwrap();
        assert_eq!(entry["fullUrl"], format!("urn:uuid:{id}"));
        assert_eq!(resource["author"][0]["display"], "p");
        let attachment = &resource["content"][0]["attachment"];
        assert_eq!(attachment["title"], format!("Giấy \"{length}\""));
        assert_eq!(attachment.get("url"), None);
        let data = STANDARD
            .decode(attachment["data"].as_str().unwrap())
            .unwrap();
        let expected: Vec<u8> = (0..=255).cycle().take(length).collect();
        assert!(data == expected, "{length}");
    }
    seen.sort_unstable();
    assert_eq!(seen, lengths);
    let mut html = Vec::new();
    app.export_html("p", &mut html).unwrap();
    let html = String::from_utf8(html).unwrap();
    assert!(html.contains("<li>My own</li>") && html.contains("<li>Bệnh viện A</li>"));
    for name in std::fs::read_dir(folder.path()).unwrap() {
        let name = name.unwrap();
        if name.file_name().to_string_lossy().contains("blob") {
            let mut bytes = std::fs::read(name.path()).unwrap();
            bytes[0] ^= 1;
            std::fs::write(name.path(), bytes).unwrap();
        }
    }
    for entry in exported(&app)["entry"].as_array().unwrap() {
        let attachment = &entry["resource"]["content"][0]["attachment"];
        assert_eq!(attachment.get("data"), None);
        assert_eq!(attachment["_data"]["extension"][0]["valueCode"], "error");
    }
}

#[test]
fn the_move_says_that_documents_stay() {
    let (app, _folder) = phone(Language::En);
    let words = app.words_after_move();
    assert!(words.contains("added yourself do not move") && words.contains("FHIR"));
}

#[tokio::test]
async fn what_was_put_in_is_opened_and_its_loss_is_said() {
    let (app, folder) = phone(Language::En);
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let id = app
        .add_document("p", about("x"), &mut bytes.as_slice())
        .unwrap();
    let listed = app.attachments("p", id).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].state, listed[0].size),
        (AttachmentState::Here, Some(70_000))
    );
    let reader = app.open_attachment("p", id, 0).unwrap();
    assert_eq!((reader.title(), reader.content_type()), ("x", "image/jpeg"));
    let mut opened = Vec::new();
    reader.copy_to(&mut opened).unwrap();
    assert!(opened == bytes);
    let fetched = app.fetch_attachment("p", id, 0).await.unwrap();
    assert_eq!(fetched.state, AttachmentState::Here);

    for name in std::fs::read_dir(folder.path()).unwrap() {
        let path = name.unwrap().path();
        if path.to_string_lossy().contains("blob") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let lost = AppError::Document {
        reason: DocumentRefusal::Damaged,
    };
    for _ in 0..2 {
        assert_eq!(app.open_attachment("p", id, 0).map(drop), Err(lost.clone()));
        let listed = app.attachments("p", id).unwrap();
        assert_eq!(listed[0].state, AttachmentState::Gone);
        assert!(listed[0].state_text.contains("add it again"));
        let fetched = app.fetch_attachment("p", id, 0).await;
        assert_eq!(fetched.map(drop), Err(lost.clone()));
    }
    assert!(!app.words_for(&lost).is_empty());
}
