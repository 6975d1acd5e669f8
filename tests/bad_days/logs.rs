//! No personal data where nobody looks for it.

use sokhoe_app::{AppError, BrowseRequest};
use sokhoe_testing::canaries::{assert_silent, found_in, watch_for};
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

#[tokio::test(flavor = "multi_thread")]
async fn neither_logs_nor_files_nor_errors_hold_a_name_or_a_number() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    // Nothing that a screen shows of the book or of a booking may be in a log from now on.
    let page = phone.app.browse(BrowseRequest {
        person_id: person.clone(),
        text: String::new(),
        section: None,
        clinic_id: None,
        from: None,
        to: None,
        cursor: None,
        limit: 200,
    });
    let slot = phone.free_times(&person, 1).await.remove(0);
    let mut shown = vec![slot.service.clone(), slot.practitioner.clone()];
    for row in page.unwrap().rows {
        shown.extend([row.title, row.detail]);
    }
    shown.retain(|text| text.chars().count() >= 8);
    assert!(shown.len() > 50, "only {}", shown.len());
    let one_of_them = format!("x {} x", shown[7]);
    watch_for(shown);
    assert!(found_in(&one_of_them).is_some());
    phone.book(&person, slot).await.unwrap();
    phone.app.sync(&person).await.unwrap();
    phone.network.cut(sokhoe_testing::Cut::NoNetwork);
    let errors: [AppError; 2] = [
        phone.app.sync(&person).await.unwrap_err(),
        phone.app.entry(&person, -5).unwrap_err(),
    ];
    for error in &errors {
        assert_silent(error);
    }
    assert!(found_in(&format!("{:?}", phone.app)).is_none());
    let name = phone.app.persons().unwrap()[0].name.clone();
    let given = name.rsplit(' ').next().unwrap();
    // On disk nothing stands in the clear.
    for entry in std::fs::read_dir(phone.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in [
            name.as_bytes(),
            given.as_bytes(),
            "Đường huyết".as_bytes(),
            b"duong huyet",
            b"resourceType",
            b"SQLite format 3",
        ] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret),
                "{} holds {:?} in the clear",
                path.display(),
                String::from_utf8_lossy(secret)
            );
        }
    }
}
