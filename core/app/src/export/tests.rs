//! Exports of books whose every text is hostile.

use std::cell::RefCell;
use std::collections::BTreeMap;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use sokhoe_domain::{IntentId, ResourceKey};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::SeededRng;
use sokhoe_vault::{ClinicRecord, IntentKind, NewIntent, PersonRecord, StoredBooking};
use tempfile::TempDir;

use crate::test_phone::{self, NoNetwork, TestPhone, apply, config, person, to_book};
use crate::{ExportFormat, Language, SoKhoe};

/// What must never come out as it is.
const HOSTILE: &str = "</style></table><script>alert(1)</script><img src=x onerror=alert(1)>\" ' & \u{202e}\u{200b}]]>--> \u{1}x";

/// A phone with one book, in which every text is `text`.
fn phone(text: &str) -> (SoKhoe, TempDir) {
    let clinic = ClinicRecord {
        name: text.to_owned(),
        ..test_phone::clinic()
    };
    let mut linked = person("p");
    linked.person = PersonRecord {
        name: text.to_owned(),
        birth_date: Some(text.to_owned()),
        gender: Some(text.to_owned()),
        ..linked.person
    };
    let phone = TestPhone::new(config(Language::Vi), 1, NoNetwork, test_phone::clock());
    let phone = phone.enrol(&clinic, [linked]);
    let resources = resources(text);
    let changes: Vec<Change<'_>> = resources
        .iter()
        .map(|(key, json)| Change::Put {
            key: key.clone(),
            version: None,
            json,
        })
        .collect();
    phone.apply("p", &changes, &[]);
    let at = phone.app.inner.now();
    let booking = StoredBooking {
        service: text.to_owned(),
        practitioner: text.to_owned(),
        location: text.to_owned(),
        ..test_phone::booking(2, at, at)
    };
    let book = to_book(&booking, "{}");
    let cancel = NewIntent {
        id: IntentId::new(at, &SeededRng::new(3)),
        kind: IntentKind::Cancel,
        ..book.clone()
    };
    let vault = &phone.app.inner.book("p").unwrap().vault;
    for intent in [book, cancel] {
        vault.enqueue(&intent, &booking).unwrap();
    }
    (phone.app, phone.folder)
}

/// One of every kind that makes rows, and one that cannot be read.
fn resources(text: &str) -> Vec<(ResourceKey, String)> {
    let code = json!({"text": text, "coding": [{"system": text, "code": text, "display": text}]});
    let quantity = |value: f64| json!({"value": value, "unit": text});
    let mut all: Vec<Value> = (0..4)
        .map(|n| {
            json!({"resourceType": "Observation", "id": format!("o{n}"), "status": text,
                "category": [{"coding": [{"code": "laboratory"}]}], "code": code,
                "effectiveDateTime": format!("202{n}-05-05T08:00:00+07:00"),
                "valueQuantity": quantity(f64::from(n)),
                "interpretation": [{"coding": [{"code": "H"}], "text": text}],
                "referenceRange": [{"low": quantity(1.0), "high": quantity(2.0), "text": text}],
                "note": [{"text": text}]})
        })
        .collect();
    all.extend([
        json!({"resourceType": "Condition", "id": "c", "code": code, "onsetDateTime": "2020",
            "clinicalStatus": {"coding": [{"code": text}]}}),
        json!({"resourceType": "AllergyIntolerance", "id": "a", "code": code,
            "reaction": [{"manifestation": [{"text": text}]}]}),
        json!({"resourceType": "MedicationRequest", "id": "m", "status": "active",
            "medicationCodeableConcept": code, "authoredOn": "2026-11-24",
            "dosageInstruction": [{"text": text}], "requester": {"display": text}}),
        json!({"resourceType": "Encounter", "id": "e", "status": text, "class": {"code": text},
            "period": {"start": "2026-11-24"}, "serviceProvider": {"display": text},
            "reasonCode": [{"text": text}]}),
        json!({"resourceType": "DiagnosticReport", "id": "d", "status": text, "code": code,
            "conclusion": text, "issued": "2026-11-24T08:30:00Z"}),
        json!({"resourceType": "Immunization", "id": "i", "status": text, "vaccineCode": code,
            "occurrenceDateTime": "2026-10-01", "lotNumber": text}),
        json!({"resourceType": "DocumentReference", "id": "r", "status": text, "type": code,
            "date": "2026-11-24T08:30:00Z", "description": text}),
        json!({"resourceType": "Procedure", "id": "p", "status": text, "code": code}),
        json!({"resourceType": "Invoice", "id": "v", "status": text, "date": "2026-11-24",
            "identifier": [{"value": text}], "totalGross": {"value": 150_000, "currency": "VND"},
            "lineItem": [{"chargeItemCodeableConcept": code}]}),
        json!({"resourceType": "Appointment", "id": "n", "status": text,
            "start": "2026-11-24T08:30:00+07:00", "serviceType": [code],
            "participant": [{"actor": {"display": text}}]}),
    ]);
    let mut all: Vec<_> = all
        .into_iter()
        .map(|resource| {
            let part = |name: &str| resource[name].as_str().unwrap().to_owned();
            // Bytes that a serializer would not give back.
            let json = resource.to_string().replacen("{", "{ \"x\" : 1.50 ,", 1);
            (ResourceKey::new(part("resourceType"), part("id")), json)
        })
        .collect();
    let broken = format!("{{\"resourceType\":\"Observation\",\"id\":\"broken\",{text}");
    all.push((ResourceKey::new("Observation", "broken"), broken));
    all
}

fn exported(app: &SoKhoe, format: ExportFormat) -> String {
    let mut out = Vec::new();
    app.export("p", format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What the tokenizer of a browser makes of a page.
#[derive(Default)]
struct Seen {
    errors: Vec<String>,
    tags: BTreeMap<String, usize>,
    attributes: BTreeMap<String, String>,
    open: Vec<String>,
    text: String,
}

#[derive(Default)]
struct Reader(RefCell<Seen>);

const VOID: [&str; 1] = ["meta"];

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut seen = self.0.borrow_mut();
        match token {
            Token::ParseError(error) => seen.errors.push(error.into_owned()),
            Token::CharacterTokens(text) => seen.text.push_str(&text),
            Token::CommentToken(text) => seen.errors.push(format!("a comment: {text}")),
            Token::NullCharacterToken => seen.errors.push("NUL".to_owned()),
            Token::TagToken(tag) => {
                let name = tag.name.to_string();
                if tag.kind == TagKind::EndTag {
                    let open = seen.open.pop();
                    if open.as_ref() != Some(&name) {
                        seen.errors.push(format!("{open:?} ended by {name}"));
                    }
                    return TokenSinkResult::Continue;
                }
                *seen.tags.entry(name.clone()).or_default() += 1;
                for attribute in tag.attrs {
                    let value = attribute.value.to_string();
                    seen.attributes
                        .insert(format!("{name} {}", attribute.name.local), value);
                }
                if !VOID.contains(&name.as_str()) {
                    seen.open.push(name.clone());
                }
                if name == "style" {
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
            }
            Token::DoctypeToken(_) | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

fn read(html: &str) -> Seen {
    let tokenizer = Tokenizer::new(
        Reader::default(),
        TokenizerOpts {
            exact_errors: true,
            ..TokenizerOpts::default()
        },
    );
    let input = BufferQueue::default();
    input.push_back(html.into());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let seen = tokenizer.sink.0.take();
    assert_eq!(seen.errors, Vec::<String>::new());
    assert!(seen.open.is_empty(), "{:?}", seen.open);
    seen
}

#[test]
fn no_text_of_a_clinic_becomes_markup() {
    let (calm, _folder) = phone("Bệnh viện");
    let calm = read(&exported(&calm, ExportFormat::Html));
    let (app, _folder) = phone(HOSTILE);
    let html = exported(&app, ExportFormat::Html);
    let hostile = read(&html);
    assert_eq!(hostile.tags, calm.tags, "the same page, but for its texts");
    let names = |seen: &Seen| seen.attributes.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&hostile), names(&calm));
    assert!(!hostile.tags.contains_key("script") && !hostile.tags.contains_key("img"));
    for name in hostile.attributes.keys() {
        assert!(!name.contains(" on") && !name.ends_with(" style"), "{name}");
    }
    // The text is there to be read, without what cannot be seen.
    assert!(hostile.text.contains("<script>alert(1)</script>"));
    for invisible in ['\u{202e}', '\u{200b}', '\u{1}'] {
        assert!(!html.contains(invisible), "{invisible:?}");
    }
    // Nothing from elsewhere.
    let policy = &hostile.attributes["meta content"];
    assert!(!policy.is_empty());
    assert!(html.contains("default-src 'none'"));
    for outside in ["http:", "https:", "url(", "@import", "src="] {
        let in_markup = hostile.attributes.values().any(|v| v.contains(outside));
        assert!(!in_markup, "{outside}");
    }
}

#[test]
fn every_part_of_the_book_is_on_the_page() {
    let (app, _folder) = phone("Nguyễn Văn Mẫu");
    let html = exported(&app, ExportFormat::Html);
    let seen = read(&html);
    for section in sokhoe_domain::Section::ALL {
        let rows = app.inner.book("p").unwrap().vault.counts().unwrap();
        let has_rows = rows.iter().any(|(its, _)| *its == section);
        let shown = html.contains(&format!("<section id=\"s{}\">", section.code()));
        assert_eq!(has_rows, shown, "{section:?}");
    }
    for part in ["summary", "bookings", "trends", "sources"] {
        assert!(html.contains(&format!("<section id=\"{part}\">")), "{part}");
    }
    assert_eq!(seen.tags["svg"], 1);
    assert!(seen.text.contains("▲ cao"), "{}", seen.text);
    assert!(seen.text.contains("1 – 2"));
    assert!(seen.text.contains("nhận ngày 24/11/2026"));
    assert!(seen.text.contains("1 hồ sơ điện thoại không đọc được"));
    assert!(html.contains("lang=\"vi\""));
}

#[test]
fn the_bundle_has_every_byte_that_came() {
    for text in ["Nguyễn Văn Mẫu", HOSTILE] {
        let (app, _folder) = phone(text);
        let bundle = exported(&app, ExportFormat::Fhir);
        let parsed: Value = serde_json::from_str(&bundle).unwrap();
        assert_eq!(parsed["type"], "collection");
        let entries = parsed["entry"].as_array().unwrap();
        let mut urls: Vec<&str> = entries
            .iter()
            .map(|entry| entry["fullUrl"].as_str().unwrap())
            .collect();
        urls.sort_unstable();
        urls.dedup();
        assert_eq!(urls.len(), entries.len(), "every fullUrl is there once");
        for (key, json) in resources(text) {
            if key.id == "broken" {
                continue;
            }
            assert!(bundle.contains(&json), "{json}");
            let url = format!("https://a.example/fhir/{}/{}", key.kind, key.id);
            let entry = entries
                .iter()
                .find(|entry| entry["fullUrl"] == url)
                .unwrap();
            let received = &entry["extension"][0]["extension"];
            assert_eq!(received[0]["valueString"], text);
            assert_eq!(received[1]["valueInstant"], "2026-11-24T08:30:00+07:00");
        }
        let of_type = |kind: &str| -> Vec<&Value> {
            entries
                .iter()
                .map(|entry| &entry["resource"])
                .filter(|resource| resource["resourceType"] == kind)
                .collect()
        };
        assert_eq!(of_type("Binary").len(), 1, "what could not be read");
        assert_eq!(of_type("Appointment").len(), 2);
        assert_eq!(of_type("Appointment")[1]["status"], "proposed");
        assert_eq!(
            of_type("Appointment")[1]["extension"][0]["valueCode"],
            "waiting-for-network"
        );
        assert_eq!(
            of_type("Task").len(),
            1,
            "the cancellation that was not sent"
        );
    }
}

#[test]
fn an_empty_book_is_a_valid_export_too() {
    let (app, _folder) = phone("x");
    let resources = resources("x");
    let gone: Vec<Change<'_>> = resources
        .iter()
        .map(|(key, _)| Change::Delete { key: key.clone() })
        .collect();
    apply(&app, "p", &gone, &[]);
    read(&exported(&app, ExportFormat::Html));
    let bundle: Value = serde_json::from_str(&exported(&app, ExportFormat::Fhir)).unwrap();
    let entries = bundle["entry"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "the intents stay");
}

#[test]
fn a_full_disk_is_told() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (app, _folder) = phone("x");
    for format in [ExportFormat::Html, ExportFormat::Fhir] {
        assert_eq!(
            app.export("p", format, &mut Full),
            Err(crate::AppError::DiskFull)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Markup, entities, quotes, controls and letters in any order.
    #[test]
    fn any_text_stays_text(parts in proptest::collection::vec(prop_oneof![
        Just("<"), Just(">"), Just("&"), Just("\""), Just("'"), Just("</style"), Just("<!--"), Just("]]>"),
        Just("&lt;"), Just("\\"), Just("{"), Just("}"), Just("\u{2028}"), Just("\u{202e}"), Just("đ"), Just("</td>"),
        Just("<script"), Just("javascript:"), Just("\n"), Just("\u{fffe}"), Just("😀"),
    ], 1..30)) {
        let text = format!("x{}", parts.concat());
        let (app, _folder) = phone(&text);
        let seen = read(&exported(&app, ExportFormat::Html));
        prop_assert!(!seen.tags.contains_key("script"));
        let bundle = exported(&app, ExportFormat::Fhir);
        prop_assert!(serde_json::from_str::<Value>(&bundle).is_ok());
    }
}
