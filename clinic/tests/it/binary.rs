//! Documents: who is given a Binary, and how.

use sokhoe_clinic::ImportOptions;

use crate::support::{Hospital, MOTHER, Phone, SON, STRANGER, hospital};

const FHIR: (&str, &str) = ("Accept", "application/fhir+json");

fn import(hospital: &Hospital, lines: &str) -> usize {
    let mut lines = lines.as_bytes();
    let report = hospital
        .clinic
        .import_reader("x.ndjson", &mut lines, &ImportOptions::default())
        .unwrap();
    report.skipped.len()
}

fn document(id: &str, patient: &str, url: &str) -> String {
    format!(
        r#"{{"resourceType":"DocumentReference","id":"{id}","status":"current","subject":{{"reference":"Patient/{patient}"}},"content":[{{"attachment":{{"url":"{url}"}}}}]}}"#
    )
}

/// A Binary that says "xin chào".
fn binary(id: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"Binary","id":"{id}","contentType":"text/plain","data":"eGluIGNow6Bv"{more}}}"#
    )
}

async fn status(phone: &Phone, id: &str) -> u16 {
    let own = phone.get(&format!("/fhir/Binary/{id}")).await;
    let fhir = phone.get_with(&format!("/fhir/Binary/{id}"), &[FHIR]).await;
    assert_eq!(own.status, fhir.status);
    if own.status != 200 {
        // What is not given looks like what is not there.
        let absent = phone.get("/fhir/Binary/absent").await;
        assert_eq!((absent.status, &absent.body), (own.status, &own.body));
        assert_eq!(own.body, fhir.body);
    }
    own.status
}

#[tokio::test]
async fn a_document_is_given_to_whoever_may_see_what_refers_to_it() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let stranger = hospital.phone("device-stranger", &[STRANGER]).await;
    let context = |reference: &str| format!(r#","securityContext":{{"reference":"{reference}"}}"#);
    let lines = [
        binary("referred", ""),
        document("d1", MOTHER, "Binary/referred"),
        binary("alone", ""),
        // A patient that it claims for itself does not count.
        binary(
            "claims",
            &format!(r#","subject":{{"reference":"Patient/{STRANGER}"}}"#),
        ),
        binary("absolute", ""),
        document(
            "d2",
            STRANGER,
            "https://elsewhere.example/fhir/Binary/absolute",
        ),
        binary("of-mother", &context(&format!("Patient/{MOTHER}"))),
        // Another person's record names it, by mistake: the context counts.
        document("d3", STRANGER, "Binary/of-mother"),
        binary("of-document", &context("DocumentReference/d1")),
        binary("of-nothing", &context("DocumentReference/absent")),
        document("d4", STRANGER, "Binary/of-nothing"),
        binary("of-directory", &context("Location/phong-mat")),
        document("d5", STRANGER, "Binary/of-directory"),
        binary("unclear", r#","securityContext":{"display":"ai đó"}"#),
        document("d6", STRANGER, "Binary/unclear"),
        // Its own history is not followed, another type is no Binary.
        document("d7", STRANGER, "Observation/referred"),
    ];
    assert_eq!(import(&hospital, &lines.join("\n")), 0);
    for (id, expected) in [
        ("referred", (200, 404)),
        ("alone", (404, 404)),
        ("claims", (404, 404)),
        ("absolute", (404, 404)),
        ("of-mother", (200, 404)),
        ("of-document", (200, 404)),
        ("of-nothing", (404, 404)),
        ("of-directory", (404, 404)),
        ("unclear", (404, 404)),
    ] {
        let given = (status(&mother, id).await, status(&stranger, id).await);
        assert_eq!(given, expected, "{id}");
    }
    let bare = hospital
        .connect()
        .await
        .ask("GET", "/fhir/Binary/referred", &[], "")
        .await;
    assert_eq!(bare.status, 401);
    // Neither searched nor in a feed.
    assert_eq!(mother.get("/fhir/Binary?_count=5").await.status, 404);
    let feed = stranger
        .get(&format!("/fhir/Patient/{STRANGER}/$changes?_count=200"))
        .await;
    assert!(feed.resources("Binary").is_empty());
    assert_eq!(feed.resources("DocumentReference").len(), 6);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn it_goes_with_what_referred_to_it() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let son = hospital.phone("device-son", &[SON]).await;
    import(
        &hospital,
        &[binary("b", ""), document("d", MOTHER, "Binary/b")].join("\n"),
    );
    assert_eq!(status(&mother, "b").await, 200);
    // Another document now.
    import(&hospital, &document("d", MOTHER, "Binary/c"));
    assert_eq!(status(&mother, "b").await, 404);
    // Another person's now.
    import(&hospital, &document("d", SON, "Binary/b"));
    assert_eq!(
        (status(&mother, "b").await, status(&son, "b").await),
        (404, 200)
    );
    let deletion = r#"{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"DocumentReference/d"}}]}"#;
    import(&hospital, deletion);
    assert_eq!(status(&son, "b").await, 404);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_bytes_come_with_their_type_and_no_browser_runs_them() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let json = binary("b", "");
    import(
        &hospital,
        &[json.clone(), document("d", MOTHER, "Binary/b")].join("\n"),
    );
    let own = mother.get("/fhir/Binary/b").await;
    assert_eq!(own.body, "xin chào");
    assert_eq!(own.header("content-type"), Some("text/plain"));
    assert_eq!(own.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(own.header("content-disposition"), Some("attachment"));
    assert_eq!(own.header("cache-control"), Some("no-store"));
    let etag = own.header("etag").unwrap().to_owned();
    let unchanged = mother
        .get_with("/fhir/Binary/b", &[("If-None-Match", &etag)])
        .await;
    assert_eq!(unchanged.status, 304);
    let fhir = mother.get_with("/fhir/Binary/b", &[FHIR]).await;
    assert_eq!(fhir.body, json);

    // Five megabytes, and what cannot be given.
    let long = format!(
        r#"{{"resourceType":"Binary","id":"long","contentType":"application/pdf","data":"{}"}}"#,
        "QUJD".repeat(5 * 1024 * 1024 / 3)
    );
    let lines = [
        long.as_str(),
        &document("e", MOTHER, "Binary/long"),
        r#"{"resourceType":"Binary","id":"broken","contentType":"text/plain","data":"eGluIGNow6Bv="}"#,
        &binary("empty", "").replace("eGluIGNow6Bv", " "),
    ];
    assert_eq!(import(&hospital, &lines.join("\n")), 1);
    let own = mother.get("/fhir/Binary/long").await;
    assert_eq!(own.body.len(), 5 * 1024 * 1024 / 3 * 3);
    assert!(own.body.ends_with("ABCABC"));
    hospital.running.shutdown().await;
}
