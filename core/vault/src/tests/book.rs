//! Keeping, listing, finding.

use std::sync::{Arc, Mutex};

use sokhoe_domain::{ResourceKey, Section};
use sokhoe_fhir::FhirError;
use sokhoe_fhir::bundle::Change;

use super::{Phone, all, apply, at, clinic, fill, gone, put, row, rows, search, titles};
use crate::{Applied, EntryQuery, NewEvent, Page, Place, Vault, VaultChange};

#[test]
fn what_came_is_kept_byte_for_byte() {
    let phone = Phone::new();
    let vault = phone.create();
    let json = format!(
        " {}\n",
        row("01900000-0000-7abc-8def-0123456789af", 1, "Đào — 7,2", 5)
    );
    let id = "01900000-0000-7abc-8def-0123456789af";
    apply(&vault, "a", &[put(id, 1, &json)], "c1");
    let key = ResourceKey::new("Observation", id);
    let stored = vault.resource(&clinic("a"), &key).unwrap().unwrap();
    assert_eq!(stored.json, json);
    assert_eq!(stored.key, key);
    assert_eq!(stored.version_id.as_deref(), Some("1"));
    assert_eq!(stored.received, at(1_000));
    assert_eq!(vault.resource(&clinic("b"), &key).unwrap(), None);
    assert_eq!(
        vault.resources_of_kind("Observation", 5).unwrap(),
        std::slice::from_ref(&stored)
    );
    assert!(vault.resources_of_kind("Patient", 5).unwrap().is_empty());
    let page = vault.entries(&all()).unwrap();
    let (row, resource) = vault.entry(page.rows[0].id).unwrap().unwrap();
    assert_eq!((&row, &resource), (&page.rows[0], &stored));
    assert_eq!(vault.entry(7).unwrap(), None);
}

#[test]
fn the_same_id_from_two_clinics_is_two_resources() {
    let phone = Phone::new();
    let vault = phone.create();
    apply(&vault, "a", &[put("x", 1, &row("x", 1, "one", 1))], "c");
    apply(&vault, "b", &[put("x", 1, &row("x", 1, "two", 2))], "c");
    assert_eq!(search(&vault, ""), ["two", "one"]);
    let of_a = EntryQuery {
        clinic: Some(clinic("a")),
        ..all()
    };
    assert_eq!(titles(&vault.entries(&of_a).unwrap()), ["one"]);
    assert_eq!(titles(&vault.search("o", &of_a).unwrap()), ["one"]);
    let of_nobody = EntryQuery {
        clinic: Some(clinic("z")),
        ..all()
    };
    assert!(vault.entries(&of_nobody).unwrap().rows.is_empty());
    apply(&vault, "a", &[gone("x")], "c");
    assert_eq!(search(&vault, ""), ["two"]);
}

#[test]
fn a_page_says_what_it_did() {
    let phone = Phone::new();
    let vault = phone.create();
    let (one, two) = (row("x", 1, "one", 1), row("x", 2, "two", 1));
    let changes = [
        put("x", 1, &one),
        put("x", 1, &one),
        put("x", 2, &two),
        gone("y"),
    ];
    let applied = apply(&vault, "a", &changes, "c");
    let expected = Applied {
        stored: 2,
        unchanged: 2,
        ..Applied::default()
    };
    assert_eq!(applied, expected);
    let id = vault.entries(&all()).unwrap().rows[0].id;
    assert_eq!(search(&vault, "two"), ["two"]);
    assert!(search(&vault, "one").is_empty());
    // An update keeps the row's id.
    apply(&vault, "a", &[put("x", 3, &row("x", 3, "three", 1))], "c");
    assert_eq!(vault.entries(&all()).unwrap().rows[0].id, id);
    assert_eq!(apply(&vault, "a", &[gone("x")], "c").deleted, 1);
    assert_eq!(vault.entry(id).unwrap(), None);
    // And the id is not used again.
    apply(&vault, "a", &[put("z", 1, &row("z", 1, "z", 1))], "c");
    assert_ne!(vault.entries(&all()).unwrap().rows[0].id, id);
    // It may come back.
    assert_eq!(
        apply(&vault, "a", &[put("x", 3, &row("x", 3, "three", 1))], "c").stored,
        1
    );
}

#[test]
fn resources_without_versions_are_compared() {
    let phone = Phone::new();
    let vault = phone.create();
    let put = |json: &str| {
        let change = Change::Put {
            key: ResourceKey::new("Observation", "x"),
            version: None,
            json,
        };
        apply(&vault, "a", &[change], "c")
    };
    let (one, two) = (
        r#"{"kind":"Observation","id":"x","rows":[{"text":"one","at":1}]}"#,
        r#"{"kind":"Observation","id":"x","rows":[{"text":"two","at":1}]}"#,
    );
    assert_eq!(put(one).stored, 1);
    assert_eq!(put(one).unchanged, 1);
    assert_eq!(put(two).stored, 1);
    assert_eq!(search(&vault, ""), ["two"]);
}

#[test]
fn one_bad_record_never_stops_the_rest() {
    let phone = Phone::new();
    let vault = phone.create();
    let good = row("good", 1, "good", 1);
    let old = row("old", 1, "old", 2);
    apply(&vault, "a", &[put("old", 1, &old)], "c0");
    let many = rows("many", 1, &vec![("x", None, 1); 1_025]);
    let changes = [
        put("bad", 1, "<html>"),
        put("other", 1, &good),
        put("many", 1, &many),
        put("old", 2, "{"),
        Change::Broken {
            position: 4,
            reason: FhirError::MissingType,
            json: "{\"resource\":{}}",
        },
        put("good", 1, &good),
    ];
    let applied = apply(&vault, "a", &changes, "c1");
    assert_eq!((applied.stored, applied.set_aside), (1, 5));
    assert_eq!(
        search(&vault, ""),
        ["old", "good"],
        "an older version stays"
    );
    let reasons = |vault: &Vault| -> Vec<(Option<String>, String)> {
        let kept = vault.set_aside().unwrap();
        kept.into_iter()
            .map(|kept| (kept.key.map(|key| key.id), kept.reason))
            .collect()
    };
    let expected = [
        (Some("bad"), "not-json"),
        (Some("other"), "other-key"),
        (Some("many"), "too-many-rows"),
        (Some("old"), "not-json"),
        (None, "missing-type"),
    ]
    .map(|(id, reason)| (id.map(str::to_owned), reason.to_owned()));
    assert_eq!(reasons(&vault), expected);
    // Again: nothing piles up. Mended: it goes.
    apply(&vault, "a", &changes, "c1");
    assert_eq!(reasons(&vault).len(), 5);
    let mended = row("bad", 2, "mended", 3);
    apply(&vault, "a", &[put("bad", 2, &mended), gone("many")], "c2");
    assert_eq!(reasons(&vault).len(), 3);
    assert_eq!(search(&vault, "mended"), ["mended"]);
}

#[test]
fn vietnamese_is_found_as_people_type_it() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(
        &vault,
        &[
            "Đào",
            "ĐÀO tạo",
            "Hoà bình",
            "Hòa thuận",
            "Đường huyết lúc đói",
            "Khoẻ",
            "ao",
        ],
    );
    for text in ["dao", "Đào", "ĐÀO", "đào", "da\u{0300}o", "đao", "da"] {
        assert_eq!(search(&vault, text), ["ĐÀO tạo", "Đào"], "{text}");
    }
    for text in ["hoà", "hòa", "HOA", "ho"] {
        assert_eq!(search(&vault, text), ["Hòa thuận", "Hoà bình"], "{text}");
    }
    for text in [
        "duong huyet",
        "huyet duong",
        "huy duo",
        "d h",
        "Đường  HUYẾT!",
        "doi luc",
        "đói",
    ] {
        assert_eq!(search(&vault, text), ["Đường huyết lúc đói"], "{text}");
    }
    assert_eq!(search(&vault, "khỏe"), ["Khoẻ"]);
    for text in ["duong dao", "uong", "x", "duonghuyet", "da o x"] {
        assert!(search(&vault, text).is_empty(), "{text}");
    }
    // Nobody's syntax.
    for text in [
        "dao*",
        "\"dao\"",
        "dao OR hoa",
        "NEAR(dao)",
        "-dao",
        "title:dao",
        "dao'; DROP TABLE entry",
    ] {
        let _ = vault.search(text, &all()).unwrap();
    }
    assert_eq!(search(&vault, "\"dao\" *"), ["ĐÀO tạo", "Đào"]);
    assert_eq!(search(&vault, " ?! ").len(), 7, "no words: everything");
}

#[test]
fn words_in_nearly_every_row_and_in_many_blocks_are_found_in_order() {
    let phone = Phone::new();
    let vault = phone.create();
    let resources: Vec<_> = (0..10_000)
        .map(|n| {
            let (id, text) = (
                format!("r{n}"),
                format!("chung số{} {}", n % 7, if n == 4_242 { "kim" } else { "" }),
            );
            let json = row(&id, 1, &text, (n * 7_919) % 10_000);
            (id, json)
        })
        .collect();
    for (page, resources) in resources.chunks(777).enumerate() {
        let changes: Vec<_> = resources
            .iter()
            .map(|(id, json)| put(id, 1, json))
            .collect();
        apply(&vault, "a", &changes, &page.to_string());
    }
    let mut query = EntryQuery {
        limit: 100,
        ..EntryQuery::default()
    };
    for (text, matches) in [
        ("chung", 10_000),
        ("chung so3", 1_429),
        ("so", 10_000),
        ("c s kim", 1),
    ] {
        let (mut found, mut pages) = (Vec::new(), 0);
        query.before = None;
        loop {
            let page = vault.search(text, &query).unwrap();
            found.extend(page.rows.iter().map(|row| row.when.unwrap().as_millis()));
            pages += 1;
            query.before = page.next;
            if page.next.is_none() {
                break;
            }
        }
        assert_eq!(found.len(), matches, "{text}");
        assert_eq!(pages, matches.div_ceil(100), "{text}");
        assert!(found.is_sorted_by(|a, b| a > b), "{text}");
    }
    assert_eq!(vault.counts().unwrap(), [(Section::Results, 10_000)]);
}

#[test]
fn rows_without_a_time_come_last_and_periods_leave_them_out() {
    let phone = Phone::new();
    let vault = phone.create();
    let json = rows(
        "x",
        1,
        &[
            ("none", None, 1),
            ("ten", Some(10), 1),
            ("twenty", Some(20), 2),
            ("low", Some(i64::MIN), 1),
        ],
    );
    apply(&vault, "a", &[put("x", 1, &json)], "c");
    assert_eq!(search(&vault, ""), ["twenty", "ten", "low", "none"]);
    let query = |from: Option<i64>, to: Option<i64>| EntryQuery {
        from: from.map(at),
        to: to.map(at),
        ..all()
    };
    for (from, to, expected) in [
        (Some(10), None, vec!["twenty", "ten"]),
        (Some(11), None, vec!["twenty"]),
        (None, Some(20), vec!["ten", "low"]),
        (Some(10), Some(20), vec!["ten"]),
        (Some(20), Some(10), vec![]),
        (Some(i64::MIN), Some(i64::MAX), vec!["twenty", "ten", "low"]),
    ] {
        let query = query(from, to);
        assert_eq!(titles(&vault.entries(&query).unwrap()), expected);
        let by_clinic = EntryQuery {
            clinic: Some(clinic("a")),
            ..query
        };
        assert_eq!(titles(&vault.entries(&by_clinic).unwrap()), expected);
    }
    let section = EntryQuery {
        section: Some(Section::Medicines),
        ..all()
    };
    assert_eq!(titles(&vault.entries(&section).unwrap()), ["twenty"]);
    assert_eq!(titles(&vault.search("t", &section).unwrap()), ["twenty"]);
    assert_eq!(
        vault.counts().unwrap(),
        [(Section::Results, 3), (Section::Medicines, 1)]
    );
}

#[test]
fn a_trend_is_the_last_values_in_order() {
    let phone = Phone::new();
    let vault = phone.create();
    let json = r#"{"kind":"Observation","id":"x","rows":[{"text":"x","at":1}],"points":[[30,3.5],[10,1.0],[20,2.25]]}"#;
    apply(&vault, "a", &[put("x", 1, json)], "c");
    let values = |limit| -> Vec<f64> {
        let points = vault.trend("test|value", limit).unwrap();
        points.iter().map(|point| point.value).collect()
    };
    assert_eq!(values(9), [1.0, 2.25, 3.5]);
    assert_eq!(values(2), [2.25, 3.5]);
    assert!(vault.trend("test|other", 9).unwrap().is_empty());
    let page = vault.entries(&all()).unwrap();
    assert_eq!(page.rows[0].trend.as_deref(), Some("test|value"));
    apply(&vault, "a", &[gone("x")], "c");
    assert!(values(9).is_empty());
}

#[test]
fn subscribers_hear_of_what_changed_and_may_ask_the_vault() {
    let phone = Phone::new();
    let vault = phone.create();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (sink, asked) = (Arc::clone(&heard), vault.clone());
    let id = vault.subscribe(Box::new(move |change| {
        let rows = asked.entries(&all()).unwrap().rows.len();
        sink.lock().unwrap().push((change, rows));
    }));
    let change = |entries, events, invoices| VaultChange {
        entries,
        events,
        invoices,
        bookings: false,
        sync: false,
    };
    let json = row("x", 1, "x", 1);
    apply(&vault, "a", &[put("x", 1, &json)], "c1");
    apply(&vault, "a", &[put("x", 1, &json)], "c2");
    let invoice = rows("i", 1, &[("i", Some(1), Section::Invoices.code())]);
    apply(&vault, "a", &[put("i", 1, &invoice)], "c3");
    let event = NewEvent {
        kind: "k".to_owned(),
        subject: "s".to_owned(),
        at: at(1),
        body: String::new(),
    };
    let page = Page {
        clinic: &clinic("a"),
        changes: &[],
        cursor: "c4",
        received: at(1),
        bookings: &[],
        events: &[event],
    };
    vault.apply(&page).unwrap();
    let kept = vault.events().unwrap();
    assert_eq!(kept.len(), 1);
    vault.acknowledge(kept[0].id).unwrap();
    vault.acknowledge(kept[0].id).unwrap();
    assert!(vault.events().unwrap().is_empty());
    apply(&vault, "a", &[gone("i")], "c5");
    vault.unsubscribe(id);
    apply(&vault, "a", &[gone("x")], "c6");
    let expected = [
        (change(true, false, false), 1),
        (change(true, false, true), 2),
        (change(false, true, false), 2),
        (change(false, true, false), 2),
        (change(true, false, true), 1),
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[test]
fn a_medicine_has_the_name_of_its_medication_whichever_comes_first() {
    let phone = Phone::new();
    let vault = Vault::create(&phone.ports, "real").unwrap();
    let key = |kind: &str, id: &str| ResourceKey::new(kind, id);
    let request = |id: &str, medication: &str| {
        format!(
            r#"{{"resourceType":"MedicationRequest","id":"{id}","status":"active","medicationReference":{{"reference":"Medication/{medication}"}},"authoredOn":"2026-11-2{id}"}}"#
        )
    };
    let medication = |id: &str, name: &str| {
        format!(r#"{{"resourceType":"Medication","id":"{id}","code":{{"text":"{name}"}}}}"#)
    };
    let version = std::cell::Cell::new(0);
    let give = |from: &str, kind: &str, id: &str, json: &str| {
        version.set(version.get() + 1);
        let change = Change::Put {
            key: key(kind, id),
            version: Some(version.get().to_string()),
            json,
        };
        apply(&vault, from, &[change], "c");
    };
    let names = || {
        let page = vault.entries(&all()).unwrap();
        page.rows
            .into_iter()
            .map(|row| row.title)
            .collect::<Vec<_>>()
    };
    give("a", "MedicationRequest", "1", &request("1", "m"));
    assert_eq!(names(), ["Thuốc"]);
    // The same id at another clinic is another medicine.
    give("b", "Medication", "m", &medication("m", "Warfarin"));
    assert_eq!(names(), ["Thuốc"]);
    give("a", "Medication", "m", &medication("m", "Amlodipin 5 mg"));
    assert_eq!(names(), ["Amlodipin 5 mg"]);
    give("a", "MedicationRequest", "2", &request("2", "m"));
    assert_eq!(names(), ["Amlodipin 5 mg", "Amlodipin 5 mg"]);
    give("a", "Medication", "m", &medication("m", "Amlodipin 10 mg"));
    assert_eq!(names(), ["Amlodipin 10 mg", "Amlodipin 10 mg"]);
    assert_eq!(vault.search("amlodipin 10", &all()).unwrap().rows.len(), 2);
    assert!(vault.search("5", &all()).unwrap().rows.is_empty());
    // One is changed to another medicine, the other is gone: the first name changes nothing any more.
    give("a", "Medication", "n", &medication("n", "Metformin"));
    give("a", "MedicationRequest", "2", &request("2", "n"));
    let gone = Change::Delete {
        key: key("MedicationRequest", "1"),
    };
    apply(&vault, "a", &[gone], "c");
    give("a", "Medication", "m", &medication("m", "Warfarin"));
    assert_eq!(names(), ["Metformin"]);
    // Also after everything was read again.
    vault
        .store()
        .write(crate::store::Durability::Full, crate::ingest::renew)
        .unwrap();
    assert_eq!(names(), ["Metformin"]);
}

#[test]
fn a_search_shows_where_the_words_stand() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["Đường huyết lúc đói"]);
    let page = vault.search("doi huyet", &all()).unwrap();
    let hits: Vec<&str> = page.rows[0]
        .snippet
        .iter()
        .filter(|part| part.is_hit)
        .map(|part| part.text.as_str())
        .collect();
    assert_eq!(hits, ["huyết", "đói"]);
    assert!(vault.entries(&all()).unwrap().rows[0].snippet.is_empty());
}

#[test]
fn postings_of_rows_that_are_gone_do_not_pile_up() {
    let phone = Phone::new();
    let vault = phone.create();
    let mut most = 0;
    for version in 1..=40 {
        let resources: Vec<_> = (0..1_000)
            .map(|n| {
                (
                    format!("r{n}"),
                    row(&format!("r{n}"), version, &format!("v{version} n{n}"), n),
                )
            })
            .collect();
        let changes: Vec<_> = resources
            .iter()
            .map(|(id, json)| put(id, version, json))
            .collect();
        apply(&vault, "a", &changes, "c");
        assert_eq!(search(&vault, &format!("v{version} n7")).len(), 111);
        let docs: i64 = vault
            .store()
            .read(|tx, _| {
                Ok(tx.query_row(r#"SELECT "next_doc" FROM "counter""#, [], |row| row.get(0))?)
            })
            .unwrap();
        most = most.max(docs);
    }
    assert!((16_000..20_000).contains(&most), "{most}");
    assert_eq!(vault.entries(&all()).unwrap().rows.len(), 1_000);
}

#[test]
fn a_page_that_says_nothing_writes_nothing() {
    let phone = Phone::new();
    let vault = phone.create();
    let clinic = clinic("a");
    let take_in = |after, cursor, last| {
        let page = Page {
            clinic: &clinic,
            changes: &[],
            cursor,
            received: at(0),
            bookings: &[],
            events: &[],
        };
        vault.apply_at(&page, Place { after, last }).unwrap()
    };
    let written = || {
        let mut files = phone.files();
        files.retain(|(name, _)| !name.ends_with("-shm"));
        files
    };
    assert_eq!(take_in(None, "a", false), Some(Applied::default()));
    let before = written();
    assert_eq!(take_in(Some("a"), "a", false), Some(Applied::default()));
    assert!(written() == before, "nothing was said");
    // Another pull stands elsewhere.
    assert_eq!(take_in(Some("b"), "b", false), None);
    assert!(!vault.caught_up(&clinic).unwrap());
    // That the end is reached is worth writing once.
    assert_eq!(take_in(Some("a"), "a", true), Some(Applied::default()));
    assert!(vault.caught_up(&clinic).unwrap());
    let before = written();
    assert_eq!(take_in(Some("a"), "a", true), Some(Applied::default()));
    assert!(written() == before, "nothing was said");
    assert_eq!(vault.cursor(&clinic).unwrap().as_deref(), Some("a"));
    // The page that reached it has said when.
    let reached = |vault: &Vault| vault.clinic_syncs().unwrap()[0].reached;
    assert_eq!(reached(&vault), Some(at(0)));
    vault.note_sync(&clinic, at(1_000), None).unwrap();
    assert!(written() == before, "it was noted");
    vault.note_sync(&clinic, at(61_000), None).unwrap();
    assert_eq!(reached(&vault), Some(at(61_000)));
}

#[test]
fn what_comes_ahead_is_taken_in_only_where_the_feed_stood_when_it_was_asked_for() {
    let vault = Phone::new().create();
    let clinic = clinic("a");
    let (one, two) = (row("x", 1, "one", 1), row("y", 1, "two", 1));
    let ahead = |id: &str, json: &str, after| {
        let page = Page {
            clinic: &clinic,
            changes: &[put(id, 1, json)],
            cursor: "",
            received: at(0),
            bookings: &[],
            events: &[],
        };
        vault.apply_ahead(&page, after).unwrap()
    };
    assert!(ahead("x", &one, None).is_some());
    assert_eq!(vault.cursor(&clinic).unwrap(), None);
    // The feed came on meanwhile, and may have taken away what the answer still had.
    apply(&vault, "a", &[gone("x")], "c");
    assert_eq!(ahead("y", &two, None), None);
    assert_eq!(ahead("y", &two, Some("b")), None);
    assert!(ahead("y", &two, Some("c")).is_some());
    assert_eq!(vault.cursor(&clinic).unwrap().as_deref(), Some("c"));
    assert!(!vault.caught_up(&clinic).unwrap());
    let rows = vault.entries(&all()).unwrap().rows;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].resource.id, "y");
}
