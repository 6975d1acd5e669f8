//! `sync_rss_peak`: megabytes that a phone's process has at most during the first sync of 50,000 resources over
//! loopback, and of 5,000; `…_growth` is what of it came after the app stood open.

use serde_json::json;
use sokhoe_clinic::ImportOptions;
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};
use tempfile::TempDir;

use crate::process::{job, memory, number};
use crate::report::Figure;
use crate::vault::corpus;

pub const NAMES: [&str; 4] = [
    "sync_rss_peak",
    "sync_rss_growth",
    "sync_rss_peak_5k",
    "sync_rss_growth_5k",
];

/// What the process of the phone does.
pub const JOB: &str = "sync";

pub async fn measure() -> Vec<Figure> {
    let mut figures = Vec::new();
    for (count, names) in [(50_000, &NAMES[..2]), (5_000, &NAMES[2..])] {
        let clinic = clinic_with(count).await;
        let code = clinic.enrolment(&[BOOK_PATIENT]);
        let said = tokio::task::spawn_blocking(move || job(JOB, &[&code]))
            .await
            .expect("a phone");
        let stored = number(&said, "stored");
        assert!(stored >= count as f64, "{stored} of {count} arrived");
        for (name, of) in names.iter().zip(["peak_mb", "growth_mb"]) {
            figures.push(Figure::new(*name, number(&said, of), "MB", 1));
        }
    }
    figures
}

/// A clinic that has so many resources of the demo patient.
async fn clinic_with(count: usize) -> TestClinic {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("corpus.ndjson");
    corpus::write(&file, count);
    let clinic = TestClinic::with_book().await;
    let options = ImportOptions {
        adopt_into: Some(BOOK_PATIENT.to_owned()),
    };
    let report = clinic.clinic.import(&[&file], &options).expect("an import");
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    clinic
}

/// Enrols with a code, and syncs.
pub fn run_job(arguments: &[String]) {
    let [code] = arguments else {
        panic!("{JOB} CODE")
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let phone = TestPhone::new();
        let enrolled = phone.app.enrol(code).await.expect("enrolled");
        let before = memory("VmRSS");
        let synced = phone.app.sync(&enrolled.persons[0].id).await;
        let stored = synced.expect("a sync").stored;
        let peak = memory("VmHWM");
        println!(
            "{}",
            json!({"stored": stored, "peak_mb": peak, "growth_mb": peak - before})
        );
    });
}
