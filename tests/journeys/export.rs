//! The whole book to take along: as FHIR and as a page to print, without a network.

use std::collections::HashSet;

use serde_json::Value;
use sokhoe_app::{AppConfig, Existing, ExportFormat, Language, SoKhoe, write_file};
use sokhoe_testing::Cut;
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

#[tokio::test(flavor = "multi_thread")]
async fn a_real_book_is_exported_whole_without_a_network() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT.trim()).await;
    phone.app.sync(&person).await.unwrap();
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.network.cut(Cut::NoNetwork);
    phone.book(&person, slot).await.unwrap();

    // Kept where people who work on the page look at it.
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let [fhir, html] = [
        (ExportFormat::Fhir, "book.fhir.json"),
        (ExportFormat::Html, "book.html"),
    ]
    .map(|(format, name)| {
        let path = folder.join(name);
        write_file(&path, Existing::Replace, |out| {
            phone.app.export(&person, format, out)
        })
        .unwrap();
        std::fs::read_to_string(path).unwrap()
    });

    let bundle: Value = serde_json::from_str(&fhir).unwrap();
    let entries = bundle["entry"].as_array().unwrap();
    let urls: HashSet<&str> = entries
        .iter()
        .map(|entry| entry["fullUrl"].as_str().unwrap())
        .collect();
    assert_eq!(urls.len(), entries.len());
    assert!(entries.len() > 500, "{} resources", entries.len());
    let proposed = entries
        .iter()
        .filter(|entry| entry["resource"]["status"] == "proposed")
        .count();
    assert_eq!(proposed, 1, "the booking that waits");
    for section in phone.app.sections(&person).unwrap() {
        let heading = format!("<h2>{}</h2>", section.name);
        assert!(html.contains(&heading), "{heading}");
    }
    let rows: u64 = phone
        .app
        .sections(&person)
        .unwrap()
        .iter()
        .map(|section| section.entries)
        .sum();
    let shown =
        html.matches("<tr class=\"plain\">").count() + html.matches("<tr class=\"odd\">").count();
    assert_eq!(u64::try_from(shown).unwrap(), rows, "every row of the book");
    assert!(html.contains("<svg"));

    // The same book in the other language.
    let TestPhone {
        app,
        keys,
        folder: home,
        ..
    } = phone;
    drop(app);
    let config = AppConfig {
        language: Language::Vi,
        ..sokhoe_tests::config()
    };
    let app = SoKhoe::open(config, sokhoe_tests::real_ports(home.path(), keys)).unwrap();
    let path = folder.join("book.vi.html");
    write_file(&path, Existing::Replace, |out| {
        app.export_html(&person, out)
    })
    .unwrap();
    let vietnamese = std::fs::read_to_string(path).unwrap();
    assert!(vietnamese.contains("<h2>Kết quả"), "its words");
    let rows_of = |html: &str| html.matches("<tr class=").count();
    assert_eq!(rows_of(&vietnamese), rows_of(&html));
}
