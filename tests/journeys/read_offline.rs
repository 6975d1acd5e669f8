//! The book without a network.

use sokhoe_app::domain::Section;
use sokhoe_app::{AppError, BrowseRequest, EntryView};
use sokhoe_testing::Cut;
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

fn everything(person: &str) -> BrowseRequest {
    BrowseRequest {
        person_id: person.to_owned(),
        text: String::new(),
        section: None,
        clinic_id: None,
        from: None,
        to: None,
        cursor: None,
        limit: 200,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_book_can_be_read_searched_and_followed_offline() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    let synced = phone.app.sync(&person).await.unwrap();
    assert!(synced.stored > 3_000, "{synced:?}");
    assert_eq!((synced.set_aside, synced.waiting), (0, 0));
    phone.network.cut(Cut::NoNetwork);
    let phone = phone.restarted();

    // Every row can be reached by paging, once, newest first.
    let (mut request, mut ids, mut last) =
        (everything(&person), std::collections::BTreeSet::new(), None);
    loop {
        let page = phone.app.browse(request.clone()).unwrap();
        for row in &page.rows {
            assert!(ids.insert(row.id), "a row twice");
            assert!(last.is_none_or(|last| row.when <= last), "newest first");
            last = Some(row.when);
        }
        request.cursor = page.next;
        if request.cursor.is_none() {
            break;
        }
    }
    let counted: u64 = phone
        .app
        .sections(&person)
        .unwrap()
        .iter()
        .map(|s| s.entries)
        .sum();
    assert_eq!(ids.len() as u64, counted);

    // However it is typed.
    let search = |text: &str| {
        phone
            .app
            .browse(BrowseRequest {
                text: text.to_owned(),
                limit: 50,
                ..everything(&person)
            })
            .unwrap()
            .rows
    };
    let ids = |rows: &[EntryView]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let found = search("duong huyet");
    assert!(!found.is_empty());
    assert!(
        found.iter().any(|row| row.title == "Đường huyết"),
        "{:?}",
        found[0]
    );
    for text in [
        "Đường huyết",
        "ĐƯỜNG HUYẾT",
        "huyet duong",
        "duong huy",
        "đuòng huyêt",
    ] {
        assert_eq!(ids(&search(text)), ids(&found), "{text}");
    }
    let shown = |rows: &[EntryView]| {
        let first = rows[0].snippet.iter();
        first
            .filter(|part| part.is_hit)
            .map(|part| part.text.to_lowercase())
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(&search("huyet duong")), ["đường", "huyết"]);
    assert_eq!(shown(&search("duong huy")), ["đường", "huy"]);
    assert!(search("khong co tu nay dau").is_empty());
    assert_eq!(
        search("\" OR 1=1 -- *"),
        search("or 1 1"),
        "what people type is never a query language"
    );
    assert!(search("xyzzy OR huyet").is_empty());

    // A result with its trend and its source.
    let row = found
        .iter()
        .find(|row| row.trend_code.is_some() && row.section == Section::Results)
        .expect("a result with a trend");
    let trend = phone
        .app
        .trend(&person, row.trend_code.as_deref().unwrap(), 20)
        .unwrap();
    assert!(trend.points.len() > 3, "{trend:?}");
    assert!(trend.points.is_sorted_by_key(|point| point.at));
    assert!(!trend.unit.is_empty());
    let detail = phone.app.entry(&person, row.id).unwrap();
    assert!(
        detail
            .resource_json
            .contains("\"resourceType\":\"Observation\"")
    );
    assert!(!detail.fields.is_empty());
    assert!(matches!(
        phone.app.entry(&person, -1),
        Err(AppError::NotFound { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_is_kept_byte_for_byte() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    let texts = ["synthea-patient.ndjson.gz", "hl7-book.ndjson.gz"].map(|name| {
        let file = std::fs::File::open(sokhoe_tests::data(name)).unwrap();
        std::io::read_to_string(flate2::read::GzDecoder::new(file)).unwrap()
    });
    let source: std::collections::HashSet<&str> = texts.iter().flat_map(|t| t.lines()).collect();
    let page = phone
        .app
        .browse(BrowseRequest {
            section: Some(Section::Results),
            limit: 100,
            ..everything(&person)
        })
        .unwrap();
    assert_eq!(page.rows.len(), 100);
    for row in page.rows {
        let kept = phone.app.entry(&person, row.id).unwrap().resource_json;
        assert!(source.contains(kept.as_str()), "{} was changed", row.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sync_brings_nothing_and_a_new_record_brings_one() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    let again = phone.app.sync(&person).await.unwrap();
    assert_eq!((again.stored, again.deleted), (0, 0));
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.book(&person, slot).await.unwrap();
    let after = phone.app.sync(&person).await.unwrap();
    assert!(
        (1..=5).contains(&after.stored),
        "the appointment and its invoice: {after:?}"
    );
}
