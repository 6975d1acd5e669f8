//! Real resources that nobody here wrote, and hostile ones, from `tests/data` of the workspace.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;

use sokhoe_domain::text::fold;
use sokhoe_domain::{ResourceKey, Section, Timestamp};
use sokhoe_fhir::{Change, ChangeBundleWriter, ChangePage, FhirError, detail, index};

const BOOKS: [&str; 3] = ["hl7-r4-examples", "hl7-book", "synthea-patient"];

/// Titles of what does not say what it is.
const USUAL: [&str; 14] = [
    "Kết quả",
    "Phiếu kết quả",
    "Thuốc",
    "Lần khám",
    "Chẩn đoán hình ảnh",
    "Tiêm chủng",
    "Dị ứng",
    "Bệnh",
    "Lưu ý",
    "Thủ thuật",
    "Chỉ định",
    "Tài liệu",
    "Phiếu trả lời",
    "Kế hoạch chăm sóc",
];

fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data")
        .join(path)
}

fn book(name: &str) -> String {
    let file = std::fs::File::open(data(&format!("{name}.ndjson.gz"))).expect("the file is there");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("it is gzip of UTF-8");
    text
}

#[test]
fn every_resource_is_read() {
    let mut told = String::new();
    for name in BOOKS {
        let text = book(name);
        let mut sections: BTreeMap<Section, usize> = BTreeMap::new();
        let (mut resources, mut points, mut undated, mut patients) = (0, 0, 0, 0);
        let mut usual: BTreeMap<String, usize> = BTreeMap::new();
        let mut without: BTreeMap<String, usize> = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let at = format!("{name}, line {}", number + 1);
            let indexed = index(line).unwrap_or_else(|e| panic!("{at}: {e}"));
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(json["resourceType"], indexed.key.kind.as_str(), "{at}");
            assert_eq!(json["id"], indexed.key.id.as_str(), "{at}");
            resources += 1;
            points += indexed.points.len();
            patients += usize::from(indexed.patient.is_some());
            if indexed.entries.is_empty() {
                *without.entry(indexed.key.kind.clone()).or_default() += 1;
            }
            for entry in &indexed.entries {
                *sections.entry(entry.section).or_default() += 1;
                undated += usize::from(entry.when.is_none());
                assert!(!entry.title.is_empty(), "{at}");
                assert!(!entry.folded.is_empty(), "{at}");
                if USUAL.contains(&entry.title.as_str()) {
                    *usual.entry(entry.title.clone()).or_default() += 1;
                }
                let mut words: Vec<&str> = entry.folded.split(' ').collect();
                for word in fold(&entry.title).split(' ') {
                    assert!(words.contains(&word), "{at}: {word}");
                }
                let all = words.len();
                words.sort_unstable();
                words.dedup();
                assert_eq!(words.len(), all, "{at}: a word twice");
            }
            for point in &indexed.points {
                assert!(point.value.is_finite() && point.code.contains('|'), "{at}");
            }
            detail::fields(line).unwrap_or_else(|e| panic!("{at}: {e}"));
        }
        writeln!(
            told,
            "{name}: {resources} resources, {patients} say whose, {points} points, {undated} entries without a time"
        )
        .unwrap();
        for (section, count) in sections {
            writeln!(told, "  {section:?} {count}").unwrap();
        }
        writeln!(told, "  without an entry: {without:?}").unwrap();
        writeln!(told, "  without a title of their own: {usual:?}").unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_feed_of_everything_comes_back_byte_for_byte() {
    for name in BOOKS {
        let text = book(name);
        let mut writer = ChangeBundleWriter::new("http://127.0.0.1/fhir");
        let mut keys: Vec<ResourceKey> = Vec::new();
        for line in text.lines() {
            let key = index(line).unwrap().key;
            writer.push_put(&key, "1", Timestamp::default(), line);
            keys.push(key);
        }
        let body = writer.finish(None, "?cursor=x", None);
        let page = ChangePage::parse(&body).unwrap();
        assert_eq!(page.changes.len(), keys.len());
        for ((change, line), sent) in page.changes.iter().zip(text.lines()).zip(&keys) {
            match change {
                Change::Put { key, json, .. } => {
                    assert_eq!((key, *json), (sent, line));
                }
                Change::Delete { .. } | Change::Broken { .. } => panic!("{name}: {change:?}"),
            }
        }
    }
}

#[test]
fn a_synthea_day_looks_like_a_book() {
    let text = book("synthea-patient");
    let mut told = String::new();
    let mut seen: BTreeMap<(Section, String), usize> = BTreeMap::new();
    for line in text.lines() {
        for entry in index(line).unwrap().entries {
            let count = seen
                .entry((entry.section, entry.resource.kind.clone()))
                .or_default();
            *count += 1;
            if *count <= 3 {
                writeln!(
                    told,
                    "{:?} | {} | {} | {:?} | {} | {:?}",
                    entry.section, entry.title, entry.detail, entry.when, entry.status, entry.kind,
                )
                .unwrap();
            }
        }
    }
    insta::assert_snapshot!(told);
}

/// How each line, or the whole file, of the hostile input is taken.
#[test]
fn hostile_input_is_refused_or_read_and_never_panics() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(data("hostile"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut told = String::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(text) = String::from_utf8(std::fs::read(&file).unwrap()) else {
            writeln!(told, "{name}: not UTF-8").unwrap();
            continue;
        };
        let say = |json: &str| {
            let _ = ChangePage::parse(json);
            let _ = detail::fields(json);
            match index(json) {
                Ok(indexed) => format!(
                    "{} with {} entries, {} points",
                    indexed.key.kind,
                    indexed.entries.len(),
                    indexed.points.len()
                ),
                Err(e @ FhirError::NotJson { .. }) => e.code().to_owned(),
                Err(e) => e.to_string(),
            }
        };
        let said: Vec<String> = if name.ends_with(".ndjson") {
            text.lines().map(say).collect()
        } else {
            vec![say(&text)]
        };
        writeln!(told, "{name}: {}", said.join("; ")).unwrap();
    }
    insta::assert_snapshot!(told);
}
