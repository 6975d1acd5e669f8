//! The binary as people and programs run it.

mod support;

use std::fs;
use std::process::Command;

use serde_json::Value;
use support::{Clinic, Phone, run, sokhoe};
use tempfile::TempDir;

const STEPS: [&str; 13] = [
    "clinic",
    "enrol",
    "find",
    "book",
    "sync",
    "offline",
    "search",
    "trend",
    "reconnect",
    "invoice",
    "payment-qr",
    "paid",
    "summary",
];

#[test]
fn the_demo_tells_its_story_to_programs() {
    let ran = run(&["demo", "--once", "--json"]);
    assert!(ran.ok, "{}", ran.stderr);
    let steps = ran.json_lines();
    let names: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["name"].as_str())
        .collect();
    assert_eq!(names, STEPS);
    for (index, step) in steps.iter().enumerate() {
        assert_eq!(step["step"], index + 1);
        assert_eq!(step["ok"], true);
        assert!(
            step["millis"].is_number() && step["data"].is_object(),
            "{step}"
        );
    }
    let data = |name: &str| {
        &steps
            .iter()
            .find(|step| step["name"] == name)
            .expect("a step")["data"]
    };
    assert!(data("sync")["stored"].as_u64().expect("a count") > 4_000);
    assert_eq!(data("book")["booking"]["status"], "confirmed");
    assert_eq!(data("offline")["booking"]["status"], "waiting_for_network");
    assert_eq!(
        data("reconnect")["booking"]["id"],
        data("offline")["booking"]["id"]
    );
    assert_eq!(data("reconnect")["booking"]["status"], "confirmed");
    assert!(
        data("search")["entries"]
            .as_array()
            .expect("rows")
            .iter()
            .any(|row| row["title"]
                .as_str()
                .is_some_and(|title| title.starts_with("Đường huyết")))
    );
    assert!(
        data("trend")["trend"]["points"]
            .as_array()
            .expect("points")
            .len()
            > 5
    );
    assert_eq!(data("paid")["invoice"]["status"], "paid");
    let reference = data("paid")["invoice"]["reference"]
        .as_str()
        .expect("a reference");
    assert!(
        data("payment-qr")["payload"]
            .as_str()
            .expect("a payload")
            .contains(reference)
    );
}

#[test]
fn the_demo_tells_its_story_to_people_and_keeps_what_it_made_when_asked() {
    let folder = TempDir::new().expect("a folder");
    let ran = run(&[
        "--lang",
        "en",
        "demo",
        "--once",
        "--folder",
        &folder.path().display().to_string(),
    ]);
    assert!(ran.ok, "{}", ran.stderr);
    for said in [
        "The hospital opens",
        "Waiting for a network. Sends by itself.",
        "Đường huyết",
        "→ Paid",
        "▀",
    ] {
        assert!(ran.stdout.contains(said), "{said}\n{}", ran.stdout);
    }
    let phone = folder.path().join("phone").display().to_string();
    let listed = run(&["phone", "--folder", &phone, "list", "--json"]);
    assert_eq!(
        listed.json()["bookings"]
            .as_array()
            .expect("bookings")
            .len(),
        2
    );
    // A second run must not mix with the first.
    let again = run(&[
        "--lang",
        "en",
        "demo",
        "--once",
        "--folder",
        &folder.path().display().to_string(),
    ]);
    assert!(
        !again.ok && again.stderr.contains("not empty"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_code_is_made_and_read() {
    let made = run(&[
        "qr",
        "pay",
        "--bin",
        "vietinbank",
        "--account",
        "119000123456",
        "--amount",
        "150.000",
        "--reference",
        "SK8F3K2",
        "--purpose",
        "khám bệnh",
        "--json",
    ]);
    let payload = made.json()["payload"]
        .as_str()
        .expect("a payload")
        .to_owned();
    let read = run(&["qr", "read", &payload, "--json"]);
    assert!(read.ok);
    let read = read.json();
    assert_eq!(read["kind"], "vietqr");
    assert_eq!(read["fields"]["bin"], "970415");
    assert_eq!(read["fields"]["purpose"], "SK8F3K2 KHAM BENH");
    assert_eq!(read["warnings"], Value::Array(Vec::new()));
}

#[test]
fn a_drawing_goes_into_a_file() {
    let folder = TempDir::new().expect("a folder");
    let (svg, png) = (folder.path().join("a.svg"), folder.path().join("a.png"));
    let ran = run(&[
        "qr",
        "pay",
        "--bin",
        "970415",
        "--account",
        "119000123456",
        "--svg",
        &svg.display().to_string(),
        "--png",
        &png.display().to_string(),
    ]);
    assert!(ran.ok, "{}", ran.stderr);
    assert!(fs::read_to_string(svg).expect("a file").starts_with("<svg"));
    assert!(fs::read(png).expect("a file").starts_with(b"\x89PNG"));
}

#[test]
fn what_cannot_be_read_says_why_and_fails() {
    let broken = run(&[
        "qr",
        "read",
        "00020101021138540010A000000727012400069704150110119000123402",
    ]);
    assert!(!broken.ok);
    assert!(broken.stdout.is_empty());
    assert!(
        broken.stderr.starts_with("sokhoe: Không đọc được mã: "),
        "{}",
        broken.stderr
    );
    for text in ["hello", ""] {
        let ran = run(&["--lang", "en", "qr", "read", text]);
        assert!(
            !ran.ok && ran.stderr.contains("cannot be read"),
            "{}",
            ran.stderr
        );
    }
    let card = run(&[
        "qr",
        "read",
        "--lang",
        "en",
        "--json",
        "001185000123||Nguyễn Thị Ánh|01021985|Nữ|Hà Nội|01012022",
    ]);
    assert_eq!(card.json()["kind"], "citizen_card");
}

#[test]
fn stdin_is_read_where_a_dash_stands() {
    let ran = support::run_with_stdin(&["qr", "read", "-", "--json"], b"https://example.vn/x\n");
    assert!(ran.ok, "{}", ran.stderr);
    assert_eq!(ran.json()["fields"]["address"], "https://example.vn/x");
    let bytes = support::run_with_stdin(&["qr", "read", "-"], b"\xff\xfe");
    assert!(
        !bytes.ok && bytes.stderr.contains("UTF-8"),
        "{}",
        bytes.stderr
    );
}

#[test]
fn usage_is_another_exit_code_and_help_teaches() {
    for wrong in [
        &["nonsense"][..],
        &["phone", "list"],
        &["qr", "pay", "--bin", "x", "--account", "1"],
        &["clinic", "serve"],
    ] {
        assert_eq!(run(wrong).code, Some(2), "{wrong:?}");
    }
    for command in [
        &["--help"][..],
        &["demo", "--help"],
        &["clinic", "serve", "--help"],
        &["phone", "--help"],
        &["qr", "pay", "--help"],
    ] {
        let help = run(command);
        assert!(help.ok && help.stdout.contains("sokhoe "), "{command:?}");
    }
}

#[test]
fn an_import_tells_the_bad_line_and_keeps_the_rest() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("clinic").display().to_string();
    let bad = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/data/hostile/bad-line-3.ndjson"
    );
    let ran = run(&["--lang", "en", "clinic", "import", "--data", &data, bad]);
    assert!(!ran.ok);
    assert!(
        ran.stderr.contains("bad-line-3.ndjson:3: "),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.starts_with("4 records stored"), "{}", ran.stdout);
    let good = folder.path().join("good.json");
    fs::write(
        &good,
        r#"{"resourceType":"Patient","id":"an-1","name":[{"text":"Trần An"}]}"#,
    )
    .expect("a file");
    let ran = run(&[
        "clinic",
        "import",
        "--data",
        &data,
        &good.display().to_string(),
        "--json",
    ]);
    assert!(ran.ok, "{}", ran.stderr);
    assert_eq!(ran.json()["stored"], 1);
    let ran = run(&[
        "clinic",
        "enrol",
        "--data",
        &data,
        "--patient",
        "an-1",
        "--json",
    ]);
    assert!(
        ran.json()["enrolment"]
            .as_str()
            .expect("a code")
            .starts_with("SK1.E.")
    );
    let ran = run(&[
        "--lang",
        "en",
        "clinic",
        "enrol",
        "--data",
        &data,
        "--patient",
        "nobody",
    ]);
    assert!(
        !ran.ok && ran.stderr.contains("no patient"),
        "{}",
        ran.stderr
    );
    let ran = run(&[
        "--lang",
        "en",
        "clinic",
        "enrol",
        "--data",
        "/nowhere/at/all",
        "--patient",
        "an-1",
    ]);
    assert!(
        !ran.ok && ran.stderr.contains("no clinic's data"),
        "{}",
        ran.stderr
    );
    let ran = run(&[
        "--lang",
        "en",
        "clinic",
        "import",
        "--database-url",
        "postgres://x/y",
        bad,
    ]);
    assert!(
        !ran.ok && ran.stderr.contains("PostgreSQL"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_phone_on_the_command_line_does_what_an_app_does() {
    let clinic = Clinic::serve();
    let phone = Phone::new();
    let stranger = phone.run(&["list"]);
    assert!(
        !stranger.ok && stranger.stderr.contains("no phone at"),
        "{}",
        stranger.stderr
    );

    let enrolled = phone.json(&["enrol", clinic.first["enrolment"].as_str().expect("a code")]);
    assert_eq!(enrolled["persons"].as_array().expect("persons").len(), 1);
    assert!(phone.json(&["sync"])["stored"].as_u64().expect("a count") > 4_000);

    let early = phone.run(&["book", "1"]);
    assert!(
        !early.ok && early.stderr.contains("sokhoe phone find"),
        "{}",
        early.stderr
    );
    let found = phone.json(&["find", "--service", "noi tiet", "--limit", "3"]);
    assert_eq!(found["slots"].as_array().expect("slots").len(), 3);
    let booked = phone.json(&["book", "1"]);
    assert_eq!(booked["booking"]["status"], "confirmed");
    assert_eq!(booked["booking"]["start"], found["slots"][0]["start"]);
    phone.json(&["sync"]);

    let rows = phone.json(&["book-search", "duong", "huyet", "--limit", "5"]);
    let row = &rows["entries"][0];
    let shown = phone.json(&["show", &row["id"].to_string()]);
    assert_eq!(shown["entry"]["title"], row["title"]);
    let code = rows["entries"]
        .as_array()
        .expect("rows")
        .iter()
        .find_map(|row| row["trend_code"].as_str())
        .expect("a trend");
    assert!(
        !phone.json(&["trend", code])["points"]
            .as_array()
            .expect("points")
            .is_empty()
    );

    let invoice = &phone.json(&["invoice"])["invoices"][0];
    let reference = invoice["reference"].as_str().expect("a reference");
    let code = phone.json(&["invoice", "qr", reference]);
    assert!(
        code["payload"]
            .as_str()
            .expect("a payload")
            .contains(reference)
    );
    let amount = invoice["amount"].to_string();
    let paid = run(&[
        "clinic",
        "pay",
        "--data",
        &clinic.data(),
        "--reference",
        reference,
        "--amount",
        &amount,
        "--json",
    ]);
    assert_eq!(paid.json()["outcome"], "applied");
    let twice = run(&[
        "--lang",
        "en",
        "clinic",
        "pay",
        "--data",
        &clinic.data(),
        "--reference",
        reference,
        "--amount",
        &amount,
    ]);
    assert!(
        !twice.ok && twice.stderr.contains("paid already"),
        "{}",
        twice.stderr
    );
    phone.json(&["sync"]);
    assert_eq!(
        phone.json(&["invoice", "list"])["invoices"][0]["status"],
        "paid"
    );

    let kinds = |events: &Value| -> Vec<String> {
        let events = events["events"].as_array().expect("events");
        events
            .iter()
            .map(|event| event["kind"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let told = kinds(&phone.json(&["events", "--acknowledge"]));
    assert!(
        told.contains(&"booking-confirmed".to_owned()) && told.contains(&"invoice-paid".to_owned()),
        "{told:?}"
    );
    assert!(kinds(&phone.json(&["events"])).is_empty());

    let id = booked["booking"]["id"].as_str().expect("an id");
    assert_eq!(
        phone.json(&["cancel", &id[..13]])["booking"]["status"],
        "cancelled"
    );
    assert_eq!(phone.json(&["list"])["bookings"][0]["status"], "cancelled");

    // The clinic goes away: what is kept is read, what needs it says so.
    phone.json(&["find", "--service", "noi tiet", "--limit", "3"]);
    drop(clinic);
    let gone = phone.run(&["find"]);
    assert_eq!(gone.code, Some(1));
    assert_eq!(
        gone.stderr,
        "sokhoe: The hospital cannot be reached. Everything saved is still on this phone. Try again when there is a network.\n"
    );
    assert!(gone.stdout.is_empty());
    assert!(!phone.run(&["sync"]).ok);
    let kept = phone.json(&["book", "2"]);
    assert_eq!(kept["booking"]["status"], "waiting_for_network");
    assert!(
        !phone.json(&["book-search", "hba1c"])["entries"]
            .as_array()
            .expect("rows")
            .is_empty()
    );
}

#[test]
fn bad_enrolments_say_what_to_do() {
    let phone = Phone::new();
    for text in ["hello", "SK1.E.e30.AAAA"] {
        let ran = phone.run(&["enrol", text]);
        assert!(
            !ran.ok && ran.stderr.contains("reception"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_clinic_ends_with_the_program_that_started_it() {
    let mut clinic = Clinic::serve();
    clinic.close_stdin();
    assert_eq!(clinic.wait(), Some(0));
}

#[test]
fn a_reader_that_leaves_breaks_nothing() {
    let mut child = sokhoe()
        .args(["qr", "pay", "--bin", "970415", "--account", "1"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("a process");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    assert!(
        String::from_utf8_lossy(&output.stderr).is_empty(),
        "{output:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_clinic_stops_when_the_system_asks() {
    let mut clinic = Clinic::serve();
    let killed = Command::new("kill")
        .arg("-TERM")
        .arg(clinic.id().to_string())
        .status()
        .expect("kill");
    assert!(killed.success());
    assert_eq!(clinic.wait(), Some(0));
}
