//! The binary as people and programs run it.

mod drill;
mod support;

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use sokhoe_app::SystemClock;
use sokhoe_app::domain::ports::Clock as _;
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
fn a_place_in_the_queue_is_followed_until_the_visit_is_over() {
    let clinic = Clinic::serve();
    let phone = Phone::new();
    let code = clinic.first["enrolment"].as_str().expect("a code");
    phone.json(&["enrol", code]);
    phone.json(&["sync"]);
    let line = "lich-bs-pham-duc-long";
    let patient = &clinic.first["patient"];
    let came = clinic.desk("check-in", &json!({"patient": patient, "schedule": line}));
    let id = came["appointment"].as_str().expect("an id").to_owned();
    let now = phone.run(&["sync"]);
    assert!(now.ok, "{}", now.stderr);
    let now = phone.json(&["queue", &id[..13], "--once"]);
    let now = &now["booking"];
    assert_eq!(
        (&now["status"], &now["queue"]["number"]),
        (&"checked_in".into(), &1.into())
    );
    assert_eq!(now["queue"]["state"], "waiting");

    let (mut child, mut lines) = phone.start(&["queue", &id]);
    let mut until = |wanted: &dyn Fn(&Value) -> bool| {
        let shown = lines.find(|line| wanted(&line["booking"]));
        shown.expect("it is shown")["booking"].clone()
    };
    until(&|booking| booking["queue"]["state"] == "waiting");
    clinic.desk("next", &json!({"schedule": line, "station": "Phòng 111"}));
    let called = until(&|booking| booking["queue"]["state"] == "called");
    assert_eq!(
        called["status_text"],
        "Number 1, it is your turn. Go to Phòng 111 now."
    );
    for step in ["begin", "finish"] {
        clinic.desk(step, &json!({"appointment": id}));
    }
    until(&|booking| booking["status"] == "fulfilled");
    assert!(child.wait().expect("an end").success());
    let over = phone.run(&["queue", &id, "--once"]);
    assert_eq!(over.stdout, "The visit is over\n");
}

#[test]
fn a_document_is_fetched_once_and_opened_without_a_network() {
    let clinic = Clinic::serve();
    let phone = Phone::new();
    let code = clinic.first["enrolment"].as_str().expect("a code");
    phone.json(&["enrol", code]);
    phone.json(&["sync"]);
    let found = phone.run(&["book-search", "giay hen kham lai", "--json"]);
    let entry = found.json()["entries"][0]["id"].to_string();
    let state = |phone: &Phone| {
        let listed = phone.run(&["attachments", &entry, "--json"]).json();
        let one = &listed["attachments"][0];
        assert_eq!(
            (&one["number"], &one["title"]),
            (&1.into(), &"Giấy hẹn khám lại".into())
        );
        one["state"].as_str().expect("a state").to_owned()
    };
    assert_eq!(state(&phone), "at_clinic");
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("letter.txt").display().to_string();
    let written = phone.run(&["open-attachment", &entry, "--to", &file, "--json"]);
    assert!(written.ok, "{}", written.stderr);
    assert_eq!(written.json()["fetched"], true);
    let letter = fs::read_to_string(&file).expect("a file");
    assert!(letter.contains("GIẤY HẸN KHÁM LẠI"));
    drop(clinic);
    assert_eq!(state(&phone), "here");
    let again = phone.run(&["open-attachment", &entry, "1", "--to", "-"]);
    assert_eq!((again.ok, again.stdout), (true, letter));
    let kept = phone.run(&["open-attachment", &entry, "--to", &file]);
    assert!(!kept.ok && kept.stderr.contains("--overwrite"));
    let none = phone.run(&["open-attachment", &entry, "2", "--to", "-"]);
    assert!(!none.ok && none.stdout.is_empty());

    // One of her own needs no clinic at all.
    let own = folder.path().join("note.txt").display().to_string();
    fs::write(&own, "Uống sau khi ăn").expect("a file");
    let added = phone.run(&[
        "add-document",
        "--title",
        "Đơn thuốc",
        "--type",
        "text/plain",
        &own,
        "--json",
    ]);
    assert!(added.ok, "{}", added.stderr);
    let number = added.json()["id"].to_string();
    let listed = phone.run(&["attachments", &number, "--json"]).json();
    assert_eq!(listed["attachments"][0]["state"], "here");
    let opened = phone.run(&["open-attachment", &number, "--to", "-"]);
    assert_eq!(
        (opened.ok, opened.stdout.as_str()),
        (true, "Uống sau khi ăn")
    );
    assert!(phone.run(&["remove-document", &number]).ok);
    assert!(!phone.run(&["attachments", &number]).ok);
}

#[test]
fn own_words_go_to_the_clinic_and_wait_without_one() {
    let clinic = Clinic::serve();
    let phone = Phone::new();
    let code = clinic.first["enrolment"].as_str().expect("a code");
    phone.json(&["enrol", code]);
    phone.json(&["sync"]);
    let made = phone.json(&["record-reading", "blood-pressure", "135", "82"]);
    assert_eq!(made["entry"]["detail"], "135/82 mmHg");
    assert_eq!(made["entry"]["sync"], Value::Null);
    drop(clinic);
    let made = phone.json(&["record-reading", "weight", "51.5"]);
    assert_eq!(made["entry"]["sync"]["status"], "waiting");
    let id = made["entry"]["sync"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let contact = phone.json(&["change-contact", "--phone", "0911 111 111"]);
    assert_eq!(contact["contact"]["phones"][0], "0911111111");
    assert_eq!(contact["contact"]["sync"]["status"], "waiting");
    assert_eq!(phone.json(&["contact"]), contact);
    assert_eq!(
        phone.json(&["conflicts"])["conflicts"],
        serde_json::json!([])
    );
    assert!(!phone.run(&["settle", &id, "--keep", "mine"]).ok);
    assert_eq!(phone.json(&["take-back", &id])["taken_back"], id);
    assert!(!phone.run(&["take-back", &id]).ok);
    let mistyped = phone.run(&["record-reading", "temperature", "366"]);
    assert!(
        !mistyped.ok && mistyped.stderr.contains("25"),
        "{}",
        mistyped.stderr
    );
}

/// The one line that `qr pay` prints.
fn payload(args: &[&str]) -> String {
    let ran = run(&[&["qr", "pay"], args].concat());
    assert!(ran.ok, "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    ran.stdout.trim_end().to_owned()
}

fn read(text: &str) -> Value {
    let ran = run(&["qr", "read", text]);
    assert!(ran.ok, "{} {}", ran.stdout, ran.stderr);
    ran.json()
}

#[test]
fn a_code_is_made_and_read() {
    let made = payload(&[
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
        "--bill",
        "HD-1",
    ]);
    let read = read(&made);
    for (field, value) in [
        ("kind", "vietqr"),
        ("bin", "970415"),
        ("bank", "VietinBank"),
        ("account", "119000123456"),
        ("service", "QRIBFTTA"),
        ("currency", "704"),
        ("purpose", "SK8F3K2 KHAM BENH"),
        ("bill", "HD-1"),
    ] {
        assert_eq!(read[field], value, "{field}");
    }
    assert_eq!(
        (&read["amount"], &read["static"]),
        (&Value::from(150_000), &Value::Bool(false))
    );
    assert_eq!(read["merchant_name"], Value::Null);
    assert_eq!(read["warnings"], Value::Array(Vec::new()));
    let tags = read["tags"].as_array().expect("a tree");
    assert_eq!(
        (
            &tags[0]["tag"],
            &tags[2]["children"][1]["children"][0]["value"]
        ),
        (&Value::from("00"), &Value::from("970415"))
    );
}

#[test]
fn every_service_can_be_made() {
    let card = payload(&["--bin", "970415", "--account", "9704150000000001", "--card"]);
    assert_eq!(read(&card)["service"], "QRIBFTTC");
    assert_eq!(
        payload(&["--bin", "970415", "--card", "9704150000000001"]),
        card
    );
    let merchant = [
        "--bin",
        "970415",
        "--account",
        "CLINIC01",
        "--mcc",
        "8062",
        "--merchant-name",
        "Phòng khám Mẫu",
        "--city",
        "Huế",
    ];
    let push = read(&payload(
        &[&merchant[..], &["--service", "qrpush"]].concat(),
    ));
    assert_eq!(
        (
            &push["service"],
            &push["merchant_name"],
            &push["mcc"],
            &push["static"]
        ),
        (
            &Value::from("QRPUSH"),
            &Value::from("Phong kham Mau"),
            &Value::from("8062"),
            &Value::Bool(true)
        )
    );
    let absent = read(&payload(&[&merchant[..], &["--service", "none"]].concat()));
    assert_eq!(absent["service"], Value::Null);
    let lacking = run(&[
        "qr",
        "pay",
        "--bin",
        "970415",
        "--account",
        "1",
        "--service",
        "QRPUSH",
    ]);
    assert!(!lacking.ok && lacking.stdout.is_empty());
}

#[test]
fn drawings_go_into_files_and_are_read_again() {
    let folder = TempDir::new().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (svg, png, pdf) = (file("a.svg"), file("a.png"), file("a.pdf"));
    let ran = run(&[
        "qr",
        "pay",
        "--bin",
        "970415",
        "--account",
        "119000123456",
        "--svg",
        &svg,
        "--png",
        &png,
        "--poster",
        &pdf,
        "--hospital",
        "Bệnh viện Đa khoa tỉnh Mẫu",
        "--show",
    ]);
    assert!(ran.ok && ran.stdout.contains('▀'), "{}", ran.stderr);
    assert!(fs::read_to_string(svg).expect("a file").starts_with("<svg"));
    assert!(fs::read(&pdf).expect("a file").starts_with(b"%PDF"));
    let seen = run(&["qr", "read", "--image", &png]);
    assert_eq!(seen.json()["account"], "119000123456", "{}", seen.stderr);
    let not_a_picture = run(&["qr", "read", "--image", &pdf]);
    assert_eq!(not_a_picture.code, Some(2));
    assert_eq!(not_a_picture.json()["error"]["code"], "not_an_image");
    let gone = run(&["qr", "read", "--image", &file("none.png")]);
    assert!(gone.code == Some(1) && gone.stdout.is_empty());
    for wrong in ["poster.txt", "poster"] {
        let ran = run(&[
            "qr",
            "pay",
            "--bin",
            "970415",
            "--account",
            "1",
            "--hospital",
            "BV",
            "--poster",
            &file(wrong),
        ]);
        assert!(!ran.ok && !ran.stderr.is_empty());
    }
}

#[test]
fn broken_codes_say_why_and_where() {
    let refused = |text: &str| {
        let ran = run(&["--lang", "en", "qr", "read", text]);
        assert_eq!(ran.code, Some(2), "{}", ran.stdout);
        ran.json()["error"].clone()
    };
    let cut = refused("00020101021138540010A000000727012400069704150110119000123402");
    assert_eq!(
        (&cut["code"], &cut["position"]),
        (&"no_crc".into(), &60.into())
    );
    assert!(cut["message"].as_str().is_some_and(|text| !text.is_empty()));
    let zero = refused(
        "00020101021238560010A0000007270126000697041501121133666688880208QRIBFTTA530370454010\
         5802VN63045E0C",
    );
    assert_eq!(zero["code"], "wrong_crc");
    let date = refused("001085000123||Nguyễn Thị Ánh|31021985|Nữ|Hà Nội|01012022");
    assert_eq!(
        (&date["code"], &date["position"]),
        (&"bad_citizen_card".into(), &Value::Null)
    );
    let ours = refused("SK1E:AAA");
    assert_eq!(ours["code"], "malformed");
    let plain = run(&["--lang", "en", "qr", "read", "--plain", "SK1E:AAA"]);
    assert!(plain.code == Some(2) && plain.stdout.is_empty());
    assert!(plain.stderr.contains("cannot be read"), "{}", plain.stderr);
}

#[test]
fn what_is_no_code_of_ours_is_unknown() {
    for (text, why) in [
        ("hello", "unrecognised"),
        ("", "empty"),
        ("https://example.vn/x", "url"),
    ] {
        let read = read(text);
        assert_eq!(
            (&read["kind"], &read["why"]),
            (&"unknown".into(), &why.into())
        );
    }
}

#[test]
fn cards_and_numbers_are_read() {
    let card = read("001185000123||Nguyễn Thị Ánh|01021985|Nữ|Hà Nội|01012022");
    assert_eq!(
        [
            &card["kind"],
            &card["name"],
            &card["birth_date"],
            &card["sex"],
            &card["birth_province"]
        ],
        [
            &Value::from("cccd"),
            &Value::from("Nguyễn Thị Ánh"),
            &Value::from("1985-02-01"),
            &Value::from("female"),
            &Value::from("Hà Nội")
        ]
    );
    let number = read("DN4010123456789");
    assert_eq!(
        [&number["kind"], &number["benefit_percent"]],
        [&Value::from("bhyt"), &Value::from(80)]
    );
    let plain = run(&["--lang", "en", "qr", "read", "--plain", "0912345678"]);
    assert!(
        plain.stdout.contains("could also be a phone number"),
        "{}",
        plain.stdout
    );
}

#[test]
fn stdin_is_read_where_a_dash_stands() {
    let ran = support::run_with_stdin(&["qr", "read", "-"], b"https://example.vn/x\n");
    assert!(ran.ok, "{}", ran.stderr);
    assert_eq!(ran.json()["address"], "https://example.vn/x");
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
fn somebody_signs_in_where_a_clinic_offers_it() {
    let clinic = Clinic::serve();
    let phone = Phone::new();
    let url = clinic.first["url"].as_str().expect("an address");
    let refused = phone.run(&["sign-in", url]);
    assert!(
        !refused.ok && refused.stderr.contains("Nobody signs in online"),
        "{}",
        refused.stderr
    );
    let foreign = phone.run(&[
        "sign-in",
        "--redirect",
        "vn.sokhoe:/signed-in?code=x&state=y",
    ]);
    assert!(
        !foreign.ok && foreign.stderr.contains("Begin again"),
        "{}",
        foreign.stderr
    );
    // A configuration that is not sound is told before anything is served.
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("sign-in.json");
    let data = folder.path().join("clinic").display().to_string();
    let serve = || {
        let file = file.display().to_string();
        run(&[
            "--lang",
            "en",
            "clinic",
            "serve",
            "--data",
            &data,
            "--sign-in",
            &file,
        ])
    };
    assert!(!serve().ok);
    let config = r#"{"provider": {"issuer": "http://id.example", "client_id": "c", "client_secret": "s", "identifier_claim": "cccd"}}"#;
    fs::write(&file, config).expect("a file");
    let told = serve();
    assert!(!told.ok && told.stderr.contains("https"), "{}", told.stderr);
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
            .starts_with("SK1E:")
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

    let window = phone.json(&["sync", "--all", "--window", "20"]);
    assert_eq!(window["finished"], true, "{window}");
    assert_eq!(
        window["persons"][0]["person_id"],
        enrolled["persons"][0]["id"]
    );
    let early = phone.run(&["book", "1"]);
    assert!(
        !early.ok && early.stderr.contains("sokhoe phone find"),
        "{}",
        early.stderr
    );
    // Far enough for the evening before to be still to come, whatever the hour.
    let later = SystemClock.now().vietnam_day() + chrono::Days::new(2);
    let find = ["find", "--service", "noi tiet", "--limit", "3"];
    let found = phone.json(&[find.as_slice(), &["--from", &later.to_string()]].concat());
    assert_eq!(found["slots"].as_array().expect("slots").len(), 3);
    // Only the number of the card is in the book; a referral is as good as being registered there.
    let estimate = &found["slots"][0]["estimate"];
    assert_eq!(estimate["remains"], 127_500, "{estimate}");
    let said = phone.run(&[find.as_slice(), &["--referral", "--lang", "en"]].concat());
    assert!(
        said.stdout.contains("~ 105.000 đ") && said.stdout.contains("Bring that slip"),
        "{}",
        said.stdout
    );
    let wanted = ["find", "--specialty", "ngoai tong", "--language", "hmn"];
    let wanted = phone.json(&[wanted.as_slice(), &["--between", "08:00-09:00"]].concat());
    let slots = wanted["slots"].as_array().expect("slots");
    assert!(!slots.is_empty(), "{wanted}");
    for slot in slots {
        assert_eq!(slot["practitioner_id"], "bs-giang-a-su");
        assert_eq!(
            (&slot["price"], &slot["mode"]),
            (&150_000.into(), &"in-person".into())
        );
        assert_eq!(&slot["start"].as_str().expect("a time")[11..13], "08");
        // On the third floor, and whether there is a lift is not told.
        assert!(slot["step_free"].is_null() && slot["untold_text"] == "");
    }
    let untold = [
        "find",
        "--specialty",
        "ngoai",
        "--step-free",
        "--limit",
        "1",
    ];
    assert_eq!(
        phone.json(&untold)["slots"].as_array().map(Vec::len),
        Some(0)
    );
    let untold = phone.json(&[untold.as_slice(), &["--untold-too"]].concat());
    let said = &untold["slots"][0]["untold_text"];
    assert!(said.as_str().is_some_and(|said| said.len() > 10), "{said}");
    let remote = phone.run(&["find", "--remote", "--on", "sat"]);
    assert!(
        remote.ok && remote.stdout.contains("video"),
        "{}",
        remote.stdout
    );
    for bad in [
        ["find", "--specialty", "xyz"].as_slice(),
        &["find", "--remote", "--in-person"],
        &["find", "--between", "9-8"],
        &["find", "--max-price", "-1"],
    ] {
        assert!(!phone.run(bad).ok, "{bad:?}");
    }
    phone.json(&[find.as_slice(), &["--from", &later.to_string()]].concat());
    let booked = phone.json(&["book", "1"]);
    assert_eq!(booked["booking"]["status"], "confirmed");
    assert_eq!(booked["booking"]["start"], found["slots"][0]["start"]);
    // They have it themselves by now, and are told so; another time will do.
    let day = |slot: usize| &found["slots"][slot]["start"].as_str().expect("a time")[..10];
    let wish = ["--otherwise-from", day(0), "--otherwise-until", day(2)];
    let wish = [&["book", "1", "--any-doctor", "--json"], wish.as_slice()].concat();
    let otherwise = phone.run(&wish);
    let name = enrolled["persons"][0]["name"].as_str().expect("a name");
    assert!(otherwise.stderr.contains(name), "{}", otherwise.stderr);
    let otherwise = &otherwise.json()["booking"];
    assert_eq!(otherwise["status"], "confirmed");
    assert_eq!(otherwise["asked"], found["slots"][0]["start"]);
    for bad in [
        ["book", "1", "--any-doctor"].as_slice(),
        &["book", "1", "--otherwise-from", day(0), "--between", "7-11"],
        &["book", "1", "--otherwise-from", day(0), "--on", "monday"],
        &[
            "book",
            "1",
            "--otherwise-from",
            day(0),
            "--otherwise-until",
            "2020-01-01",
        ],
    ] {
        assert!(!phone.run(bad).ok, "{bad:?}");
    }
    phone.json(&["sync"]);

    let booked_id = booked["booking"]["id"].as_str().expect("an id");
    let papers = phone.json(&["papers", booked_id, "--visit", "follow-up"]);
    let named: Vec<_> = papers["papers"]
        .as_array()
        .expect("papers")
        .iter()
        .collect();
    assert_eq!(named[0]["paper"], "identity");
    assert_eq!(named[2]["paper"], "reexamination_slip");
    assert!(
        named
            .iter()
            .all(|it| it["note"].as_str().is_some_and(|note| note.len() > 20))
    );
    assert!(!phone.run(&["papers", "nobody's"]).ok);
    let ticket = phone.json(&["ticket", booked_id]);
    assert_eq!(ticket["state"], "not-yet", "{ticket}");
    assert_eq!(ticket["start"], booked["booking"]["start"]);
    assert!(ticket["number"].as_u64().is_some_and(|number| number > 0));
    assert!(
        ticket["ask_again_seconds"]
            .as_u64()
            .is_some_and(|it| it > 0)
    );
    let said = phone.run(&["ticket", booked_id, "--lang", "en"]);
    assert!(said.stdout.contains("can be shown from"), "{}", said.stdout);
    assert!(!phone.run(&["ticket", "nobody's"]).ok);
    let reminders = phone.json(&["reminders", "--days", "60"]);
    let about = format!("Appointment/{booked_id}");
    assert!(
        reminders["reminders"]
            .as_array()
            .expect("reminders")
            .iter()
            .any(|reminder| reminder["about"][0]["resource"] == about.as_str()),
        "{reminders}"
    );
    let next_week = (later + chrono::Days::new(5)).to_string();
    let found = phone.json(&[find.as_slice(), &["--from", &next_week]].concat());
    let moved = &phone.json(&["move-booking", booked_id, "3"])["booking"];
    assert_eq!(moved["start"], found["slots"][2]["start"]);
    assert!(moved["moving_to"].is_null());
    let other_id = otherwise["id"].as_str().expect("an id");
    let gone = phone.run(&["move-booking", other_id, "3", "--lang", "en"]);
    assert!(
        !gone.ok && gone.stderr.contains("stays at its time"),
        "{}",
        gone.stderr
    );
    assert_eq!(phone.json(&["day-times"])["evening"], "18:00");
    let early = phone.json(&["day-times", "--morning", "05:30"]);
    assert_eq!(
        (&early["morning"], &early["noon"]),
        (&"05:30".into(), &"12:00".into())
    );
    assert!(!phone.run(&["day-times", "--noon", "06:00"]).ok);
    assert_eq!(phone.json(&["day-times"]), early);
    // The name, in whatever language.
    let name = enrolled["persons"][0]["name"].as_str().expect("a name");
    let report = phone.run(&["support-report"]);
    assert!(
        report.ok && report.stdout.contains("Sổ Khỏe"),
        "{}",
        report.stderr
    );
    assert!(!report.stdout.contains(name) && !report.stdout.contains("http"));
    assert!(
        phone.json(&["support-report"])["lines"]
            .as_array()
            .expect("lines")
            .len()
            > 5
    );

    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("book.html");
    let out = out.to_str().expect("a path");
    let exported = phone.json(&["export", "--out", out]);
    assert_eq!(exported["path"], out);
    let again = phone.run(&["export", "--format", "fhir", "--out", out]);
    assert!(
        !again.ok && again.stderr.contains("--overwrite"),
        "{}",
        again.stderr
    );
    let page = fs::read_to_string(out).expect("a page");
    assert!(page.starts_with("<!DOCTYPE html>"));
    phone.json(&["export", "--format", "fhir", "--out", out, "--overwrite"]);
    let bundle = fs::read_to_string(out).expect("a Bundle");
    assert!(bundle.starts_with("{\"resourceType\":\"Bundle\""));

    let rows = phone.json(&["book-search", "duong", "huyet", "--limit", "5"]);
    let row = &rows["entries"][0];
    let shown = phone.json(&["show", &row["id"].to_string()]);
    assert_eq!(shown["entry"]["title"], row["title"]);
    assert!(
        row["snippet"]
            .as_array()
            .expect("parts")
            .iter()
            .any(|part| part["is_hit"] == true)
    );
    let clinic_id = row["clinic_id"].as_str().expect("a clinic");
    let of = |filter: &[&str]| {
        let found = phone.json(&[&["book-search", "duong", "huyet"], filter].concat());
        found["entries"].as_array().expect("rows").len()
    };
    assert!(of(&["--clinic", clinic_id, "--from", "1950-01-01"]) > 0);
    assert_eq!(of(&["--clinic", "nobody"]), 0);
    assert_eq!(of(&["--to", "1900-01-01"]), 0);
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
    // What was paid twice waits, and is given back.
    let data = clinic.data();
    let money = |args: &[&str]| {
        let folder: &[&str] = &["--data", &data, "--json"];
        run(&[&["clinic", "money"], args, folder].concat())
    };
    let listed = money(&["list"]).json();
    let waiting = listed["payments"].as_array().expect("payments");
    assert_eq!(waiting.len(), 1, "{listed}");
    assert_eq!(waiting[0]["reason"], "already-paid");
    assert_eq!(listed["open"], invoice["amount"]);
    let id = waiting[0]["id"].as_str().expect("an id");
    assert!(!money(&["apply", id, reference]).ok);
    assert!(!money(&["refund", id, "--receipt", " "]).ok);
    assert_eq!(
        money(&["refund", id, "--receipt", "PC-1"]).json()["open"],
        0
    );
    let settled = money(&["list"]).json();
    assert_eq!(settled["payments"], json!([]));
    assert_eq!(settled["refunded"], invoice["amount"]);
    assert_eq!(
        settled["arrived"].as_i64(),
        invoice["amount"].as_i64().map(|one| 2 * one)
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

    // Nobody else waits: what is free and suits is offered at once.
    let wait = ["wait", "--service", "kham-tim-mach", "--from", &next_week];
    let place = &phone.json(&wait)["booking"];
    assert_eq!(place["status"], "offered", "{place}");
    assert!(place["waiting"]["offered_until"].is_string(), "{place}");
    let place_id = place["id"].as_str().expect("an id");
    let taken = &phone.json(&["take-offer", place_id])["booking"];
    assert_eq!(
        (&taken["status"], &taken["start"]),
        (&"confirmed".into(), &place["start"])
    );
    let place = &phone.json(&wait)["booking"];
    let place_id = place["id"].as_str().expect("an id");
    let declined = &phone.json(&["decline-offer", place_id])["booking"];
    assert_eq!(declined["status"], "on_waiting_list");
    let listed = phone.run(&["list", "--lang", "en"]);
    assert!(
        listed.stdout.contains("On the waiting list since"),
        "{}",
        listed.stdout
    );
    assert!(!phone.run(&["take-offer", place_id]).ok);
    let left = &phone.json(&["cancel", place_id])["booking"];
    assert_eq!(left["status"], "cancelled");

    let id = booked["booking"]["id"].as_str().expect("an id");
    assert_eq!(
        phone.json(&["cancel", &id[..13]])["booking"]["status"],
        "cancelled"
    );
    let list = phone.json(&["list"]);
    let bookings = list["bookings"].as_array().expect("bookings");
    assert!(
        bookings
            .iter()
            .any(|booking| booking["id"] == id && booking["status"] == "cancelled"),
        "{list}"
    );

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

    let refused = phone.run(&["forget-clinic"]);
    assert!(
        !refused.ok && refused.stderr.contains("one of your bookings"),
        "{}",
        refused.stderr
    );
    phone.json(&["forget-clinic", "--unsent", "1"]);
    assert!(
        phone.json(&["book-search", "hba1c"])["entries"]
            .as_array()
            .expect("rows")
            .is_empty()
    );
}

#[test]
fn bad_enrolments_say_what_to_do() {
    let phone = Phone::new();
    for text in ["hello", "SK1E:AAAA"] {
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

#[test]
fn a_clinic_says_how_it_stands_to_the_insurance() {
    let clinic = Clinic::serve();
    let data = clinic.data();
    let insurance = |more: &[&str]| {
        let command = ["clinic", "insurance", "--data", data.as_str()];
        run(&[command.as_slice(), more].concat())
    };
    let shown = insurance(&["--json"]).json();
    assert_eq!(shown["terms"]["level"], "basic");
    let station = [
        "--facility",
        "11034",
        "--level",
        "commune",
        "--outside-route",
        "100",
    ];
    let set = insurance(&[station.as_slice(), &["--lang", "en"]].concat());
    assert!(set.stdout.contains("a commune's health station"), "{set:?}");
    assert!(set.stdout.contains("below 351.000 đ"), "{set:?}");
    let salary = insurance(&[station.as_slice(), &["--base-salary", "2530000", "--json"]].concat());
    assert_eq!(salary.json()["terms"]["base_salary"], 2_530_000);
    assert!(insurance(&["--tariff", "kham-mat=50600"]).ok);
    for bad in [
        ["--facility", "11034"].as_slice(),
        &["--level", "commune"],
        &[
            "--facility",
            "1",
            "--level",
            "basic",
            "--outside-route",
            "0",
        ],
        &[
            "--facility",
            "11034",
            "--level",
            "basic",
            "--outside-route",
            "101",
        ],
        &["--tariff", "kham-mat"],
        &["--tariff", "nothing=1"],
    ] {
        assert!(!insurance(bad).ok, "{bad:?}");
    }
    assert!(insurance(&["--none", "--json"]).json()["terms"].is_null());
}

#[test]
fn a_timetable_is_shown_changed_and_set_again() {
    let folder = tempfile::tempdir().expect("a folder");
    // It serves meanwhile: another process changes its timetables.
    let clinic = Clinic::serve();
    let data = clinic.data();
    let data = data.as_str();
    let shown = run(&["clinic", "timetable", "show", "--data", data]);
    assert!(shown.ok, "{}", shown.stderr);
    let mut timetables: Vec<Value> = serde_json::from_str(&shown.stdout).expect("timetables");
    assert!(timetables.len() > 5);
    timetables.truncate(1);
    timetables[0]["seats"] = 3.into();
    let file = folder.path().join("timetables.json");
    let write = |timetables: &[Value]| {
        let text = serde_json::to_string(timetables).expect("JSON");
        fs::write(&file, text).expect("a file");
    };
    let file_name = file.to_str().expect("a path");
    write(&timetables);
    let set = |json: &str| {
        run(&[
            "--lang",
            "en",
            json,
            "clinic",
            "timetable",
            "set",
            "--data",
            data,
            file_name,
        ])
    };
    let done = set("--json");
    assert!(
        done.ok && done.stdout.contains("\"stranded\":[]"),
        "{}",
        done.stderr
    );
    let id = timetables[0]["schedule"].as_str().expect("an id");
    let shown = run(&[
        "clinic",
        "timetable",
        "show",
        "--data",
        data,
        "--schedule",
        id,
    ]);
    assert!(shown.stdout.contains("\"seats\": 3"), "{}", shown.stdout);

    timetables[0]["seats"] = 0.into();
    write(&timetables);
    let refused = set("--json");
    assert!(
        !refused.ok && refused.stderr.contains("seats"),
        "{}",
        refused.stderr
    );
    fs::write(&file, "[{\"schedule\": 1}]").expect("a file");
    let refused = set("--json");
    assert!(
        !refused.ok && refused.stderr.contains("line 1"),
        "{}",
        refused.stderr
    );

    let day = ["2026-12-24", "--reason", "Diễn tập"];
    let close = [
        "--lang",
        "en",
        "clinic",
        "timetable",
        "close",
        "--data",
        data,
    ];
    let closed = run(&[&close[..], &day].concat());
    assert!(closed.ok, "{}", closed.stderr);
    let open = [
        "--lang",
        "en",
        "clinic",
        "timetable",
        "open",
        "--data",
        data,
        "2026-12-24",
    ];
    assert!(run(&open).stdout.contains("open again"));
    assert!(run(&open).stdout.contains("was not closed"));
}

#[test]
fn dialysis_is_booked_as_a_series_and_its_rest_taken_back_on_the_command_line() {
    let clinic = Clinic::serve();
    let phone = Phone::new();
    let code = clinic.first["enrolment"].as_str().expect("a code");
    let person = phone.json(&["enrol", code])["persons"][0]["id"].clone();
    let person = person.as_str().expect("an id");
    let run = |words: &[&str]| phone.run(&[&["--person", person], words].concat());
    let early = run(&["book-series", "--lang", "en"]);
    assert!(
        !early.ok && early.stderr.contains("find-series"),
        "{}",
        early.stderr
    );
    let service = ["find-series", "--service", "chay than"];
    for bad in [
        &[][..],
        &["--on", "mon"],
        &["--visits", "3"],
        &["--on", "mon", "--visits", "41"],
        &["--on", "mon", "--visits", "2", "--due", "2027-01-01"],
    ] {
        assert!(!run(&[&service[..], bad].concat()).ok, "{bad:?}");
    }
    let tomorrow = (SystemClock.now().vietnam_day() + chrono::Days::new(1)).to_string();
    let wanted = ["--on", "mon,wed,fri", "--visits", "6", "--from", &tomorrow];
    let found = run(&[&service[..], &wanted, &["--json"]].concat()).json();
    let days = found["series"]["days"].as_array().expect("days").clone();
    assert_eq!(days.len(), 6, "{found}");
    assert!(days.iter().all(|day| day["slot"]["id"].is_string()));
    let shown = run(&[&service[..], &wanted].concat()).stdout;
    assert!(
        shown.contains("6  ") && shown.contains("book-series"),
        "{shown}"
    );

    let booked = run(&["book-series", "1", "2", "3", "4", "--json"]).json();
    let bookings = booked["bookings"].as_array().expect("bookings").clone();
    let first = bookings[0]["id"].as_str().expect("an id");
    for (booking, day) in bookings.iter().zip(&days) {
        assert_eq!(booking["status"], "confirmed", "{booking}");
        assert_eq!(booking["start"], day["slot"]["start"]);
        assert_eq!(booking["series"]["id"], first);
    }
    let more = run(&["book-series", "5", "6", "--continues", first, "--json"]).json();
    assert_eq!(more["bookings"][1]["series"]["number"], 6, "{more}");
    let third = bookings[2]["id"].as_str().expect("an id");
    let back = run(&["cancel-series", third, "--json"]).json();
    let back = back["bookings"].as_array().expect("bookings");
    assert_eq!(back.len(), 4);
    assert!(back.iter().all(|booking| booking["status"] == "cancelled"));
    assert!(!run(&["cancel-series", third]).ok, "nothing of it is left");
}

#[test]
fn mother_and_child_are_booked_together_on_the_command_line() {
    let clinic = Clinic::serve();
    let phone = Phone::new();
    let url = clinic.first["url"].as_str().expect("an address");
    let (data, enrol) = (clinic.data(), ["clinic", "enrol", "--json", "--data"]);
    let both = ["--patient", "bn-000001", "--patient", "bn-000002"];
    let code = run(&[&enrol[..], &[&data, "--base-url", url], &both].concat()).json();
    let enrolled = phone.json(&["enrol", code["enrolment"].as_str().expect("a code")]);
    let persons = enrolled["persons"].as_array().expect("persons");
    let id = |n: usize| persons[n]["id"].as_str().expect("an id");
    let early = phone.run(&["book-trip", "1", "--lang", "en"]);
    assert!(
        !early.ok && early.stderr.contains("find-trip"),
        "{}",
        early.stderr
    );
    assert!(!phone.run(&["find-trip", id(0)]).ok, "one alone is no trip");

    let of_son = format!("{}=noi tiet", id(1));
    let find = ["find-trip", id(0), &of_son, "--service", "tim mach"];
    let later = (SystemClock.now().vietnam_day() + chrono::Days::new(2)).to_string();
    let found = phone.json(&[&find[..], &["--from", &later, "--limit", "2"]].concat());
    let trips = found["trips"].as_array().expect("trips");
    assert_eq!(trips.len(), 2, "{found}");
    let visits = trips[1]["visits"].as_array().expect("visits");
    let who: Vec<&str> = visits
        .iter()
        .filter_map(|visit| visit["person_id"].as_str())
        .collect();
    assert_eq!(who, [id(0), id(1)]);
    assert!(phone.run(&find).stdout.contains("1  "));
    phone.json(&[&find[..], &["--from", &later, "--limit", "2"]].concat());

    let booked = phone.json(&["book-trip", "2"]);
    let bookings = booked["bookings"].as_array().expect("bookings");
    for (booking, visit) in bookings.iter().zip(visits) {
        assert_eq!(booking["status"], "confirmed", "{booking}");
        assert_eq!(booking["start"], visit["slot"]["start"]);
    }
    assert_eq!(bookings[0]["trip"]["id"], bookings[1]["trip"]["id"]);
    assert_eq!(
        bookings[0]["trip"]["others"][0]["booking_id"],
        bookings[1]["id"]
    );
    // The same line again: nobody is booked, and other times for all are named.
    let again = phone.run(&["book-trip", "2", "--json"]);
    assert!(!again.ok, "{}", again.stdout);
    let refused = again.json();
    for booking in refused["bookings"].as_array().expect("bookings") {
        assert_eq!(booking["status"], "refused", "{booking}");
        let others = booking["trip"]["other_times"].as_array().expect("times");
        assert_eq!(others.len(), 3, "{booking}");
    }
}

#[test]
fn a_helper_is_invited_with_words_and_let_out_again_on_the_command_line() {
    let clinic = Clinic::serve();
    let url = clinic.first["url"].as_str().expect("an address");
    let data = clinic.data();
    let invite = [
        &["--json", "clinic", "grant", "invite", "--data", &data][..],
        &["--base-url", url, "--patient", "bn-000001"],
        &[
            "--person",
            "Bà Mai",
            "--helper",
            "Lò Văn Giúp",
            "--may",
            "book",
        ],
    ]
    .concat();
    // Silence is no consent.
    let asked = run(&invite).json();
    let words = asked["words"].as_str().expect("words").to_owned();
    assert!(words.contains("Bà Mai") && words.contains("đặt, đổi và hủy lịch khám"));
    assert_eq!(
        (&asked["agreed"], &asked["invitation"]),
        (&false.into(), &Value::Null)
    );
    let agreed = run(&[&invite[..], &["--agreed"]].concat()).json();
    assert_eq!(agreed["words"], words.as_str());
    let phone = Phone::new();
    let scanned = run(&["qr", "read", agreed["invitation"].as_str().expect("a code")]).json();
    assert_eq!(scanned["kind"], "invite", "{scanned}");
    let helping = phone.json(&["enrol", agreed["invitation"].as_str().expect("a code")]);
    assert_eq!(helping["persons"].as_array().map(Vec::len), Some(1));
    phone.json(&["sync"]);
    assert!(phone.run(&["find", "--service", "mat", "--json"]).ok);

    assert_eq!(helping["persons"][0]["helping"]["scopes"][0], "book");
    let list = phone.run(&["persons"]);
    assert!(
        list.stdout.contains("You help this person"),
        "{}",
        list.stdout
    );
    let today = phone.run(&["today"]);
    assert!(
        today.stdout.contains("Nothing for today"),
        "{}",
        today.stdout
    );

    let consent = agreed["consent"].as_str().expect("a number");
    let longer = [
        "--json", "clinic", "grant", "prolong", "--data", &data, consent,
    ];
    assert_eq!(run(&longer).code, Some(2), "silence is no consent");
    let longer = [&longer[..], &["--days", "200", "--agreed"]].concat();
    assert!(run(&longer).json()["until"].as_str() > agreed["until"].as_str());
    let end = ["--json", "clinic", "grant", "end", "--data", &data, consent];
    assert_eq!(run(&end).json()["phones"], 1);
    assert_eq!(run(&end).json()["phones"], 0);
    phone.json(&["sync"]);
    let found = phone.run(&["find", "--service", "mat", "--json"]);
    assert!(!found.ok, "{}", found.stdout);

    let bad = run(&[&invite[..], &["--agreed", "--may", "fly"]].concat());
    assert_eq!(bad.code, Some(2), "{}", bad.stderr);
    let nobody = run(&[&invite[..], &["--agreed", "--guardian", " "]].concat());
    assert!(
        !nobody.ok && nobody.stderr.contains("Sự cho phép"),
        "{}",
        nobody.stderr
    );
}

#[test]
fn a_person_lets_somebody_help_from_phone_to_phone() {
    let clinic = Clinic::serve();
    let own = Phone::new();
    own.json(&["enrol", clinic.first["enrolment"].as_str().expect("a code")]);
    own.json(&["sync"]);
    let invite = [
        "helpers",
        "invite",
        "--helper",
        "Lò Văn Giúp",
        "--may",
        "book",
        "pay",
    ];
    let asked = own.json(&invite);
    assert_eq!(asked["agreed"], false);
    assert_eq!(own.json(&["helpers"])["helpers"], Value::Array(Vec::new()));
    let invited = own.json(&[&invite[..], &["--agreed"]].concat());
    assert_eq!(invited["words"], asked["words"]);
    let helper = Phone::new();
    let taken = helper.json(&["enrol", invited["invitation"].as_str().expect("a code")]);
    let scopes = taken["persons"][0]["helping"]["scopes"].as_array();
    assert_eq!(scopes.map(Vec::len), Some(2), "{taken}");
    assert_eq!(
        helper.json(&["invitations"])["waiting"],
        Value::Array(Vec::new())
    );
    helper.json(&["sync"]);

    let consent = invited["consent"].as_str().expect("a number");
    let longer = own.json(&["helpers", "prolong", &consent[..20], "--days", "300"]);
    assert_eq!(longer["consent"], consent);
    let refused = helper.run(&["helpers", "end", &consent[..20]]);
    assert!(!refused.ok, "{}", refused.stdout);
    assert_eq!(
        own.json(&["helpers", "end", &consent[..20]])["active"],
        false
    );
    helper.json(&["sync"]);
    let gone = helper.json(&["persons"]);
    assert_eq!(gone["persons"][0]["clinic_ids"], Value::Array(Vec::new()));
    let again = own.run(&["helpers", "end", &consent[..20]]);
    assert!(
        !again.ok && again.stderr.contains("sokhoe phone helpers"),
        "{}",
        again.stderr
    );
}

#[test]
fn who_is_known_at_two_clinics_becomes_one_person_on_the_command_line_and_two_again() {
    const PATIENT: &str = "bn-000002";
    let clinics = [Clinic::serve(), Clinic::serve()];
    let phone = Phone::new();
    let mut ids = Vec::new();
    for clinic in &clinics {
        let (data, url) = (clinic.data(), clinic.first["url"].as_str().expect("a url"));
        let enrol = ["clinic", "enrol", "--data", &data, "--base-url", url];
        let code = run(&[&enrol[..], &["--patient", PATIENT, "--json"]].concat()).json();
        let code = code["enrolment"].as_str().expect("a code");
        let person = &phone.json(&["enrol", code])["persons"][0]["id"];
        ids.push(person.as_str().expect("an id").to_owned());
        let nobody = phone.run(&["same-person"]);
        assert!(
            nobody.ok && nobody.stdout.contains("Nobody is here twice"),
            "before the clinics told who it is: {nobody:?}"
        );
    }
    assert_ne!(ids[0], ids[1]);
    for id in &ids {
        phone.json(&["--person", id, "sync"]);
    }
    let asked = phone.json(&["same-person"])["same_persons"].clone();
    assert_eq!(asked.as_array().expect("a list").len(), 1);
    let id = |name: &str| asked[0][name].as_str().expect("an id").to_owned();
    let (keep, other) = (id("person_id"), id("other_id"));
    assert_eq!(asked[0]["proof"], "cccd");
    let said = phone.run(&["same-person"]).stdout;
    assert!(
        said.contains("have the same citizen's number. Are they one person?")
            && said.contains(&format!("sokhoe phone unite {keep} {other}")),
        "{said}"
    );
    let itself = phone.run(&["unite", &keep, &keep]);
    assert!(!itself.ok && !itself.stderr.is_empty());

    let one = phone.json(&["unite", &keep, &other])["person"].clone();
    assert_eq!((&one["id"], &keep), (&json!(keep), &keep));
    let clinic_ids = one["clinic_ids"].as_array().expect("clinics").clone();
    assert_eq!(clinic_ids.len(), 2);
    // Nobody need say any more who is meant.
    phone.json(&["sync"]);
    let persons = phone.json(&["persons"])["persons"].clone();
    assert_eq!(persons.as_array().expect("persons").len(), 1);

    let clinic = clinic_ids[1].as_str().expect("an id");
    let parted = phone.run(&["part", "--clinic", clinic]);
    assert!(
        parted.ok && parted.stdout.contains("a book of its own again"),
        "{parted:?}"
    );
    let persons = phone.json(&["persons"])["persons"].clone();
    let persons = persons.as_array().expect("persons");
    assert_eq!(persons.len(), 2);
    for person in persons {
        phone.json(&["--person", person["id"].as_str().expect("an id"), "sync"]);
    }
    assert_eq!(
        phone.json(&["same-person"])["same_persons"]
            .as_array()
            .expect("a list")
            .len(),
        1
    );
}

#[test]
fn a_record_goes_to_whom_the_person_named_on_their_phone_and_to_nobody_else() {
    const PATIENT: &str = "bn-000002";
    let clinic = Clinic::serve();
    let phone = Phone::new();
    let (data, url) = (clinic.data(), clinic.first["url"].as_str().expect("a url"));
    let enrol = ["clinic", "enrol", "--data", &data, "--base-url", url];
    let code = run(&[&enrol[..], &["--patient", PATIENT, "--json"]].concat()).json();
    phone.json(&["enrol", code["enrolment"].as_str().expect("a code")]);
    phone.json(&["sync"]);

    let ask = [
        "rights",
        "ask",
        "disclose",
        "--recipient",
        "Bảo hiểm An Tâm",
    ];
    let nobody = phone.run(&ask[..3]);
    assert!(!nobody.ok && nobody.stderr.contains("--recipient"));
    let not_yet = phone.json(&ask);
    assert_eq!(not_yet["agreed"], false);
    let words = not_yet["words"].as_str().expect("words");
    assert!(words.contains("Bảo hiểm An Tâm"), "{words}");
    assert_eq!(phone.json(&["rights"])["requests"], json!([]));
    let asked = phone.json(&[&ask[..], &["--agreed"]].concat());
    let number = asked["request"]["id"].as_str().expect("a number");
    assert!(asked["request"]["signature"].is_string());

    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| {
        folder
            .path()
            .join(name)
            .to_str()
            .expect("a path")
            .to_owned()
    };
    let disclose = |number: &str, out: &str| {
        let command = ["clinic", "rights", "disclose", "--data", &data];
        run(&[&command[..], &[number, "--out", out]].concat())
    };
    let nobody = disclose("01a19b9d-3acf-76a3-9efa-7216ce7bb1e2", &file("none.json"));
    assert!(!nobody.ok && !folder.path().join("none.json").exists());
    let out = file("record.json");
    let given = disclose(number, &out);
    assert!(given.ok, "{}", given.stderr);
    let bundle = fs::read_to_string(&out).expect("a file");
    let bundle: Value = serde_json::from_str(&bundle).expect("JSON");
    let entries = bundle["entry"].as_array().expect("entries");
    let is_patient = |it: &Value| it["resource"]["id"] == PATIENT;
    assert!(entries.iter().any(is_patient), "{bundle}");
    // Once, and into no file that is there.
    assert!(!disclose(number, &file("again.json")).ok);
    assert!(!folder.path().join("again.json").exists());

    phone.json(&["sync"]);
    assert!(phone.json(&["rights"])["requests"][0]["done"].is_string());
    let withdrawn = phone.json(&["rights", "ask", "withdraw", "--agreed"]);
    let number = withdrawn["request"]["id"].as_str().expect("a number");
    let events = phone.run(&["events"]).stdout;
    assert!(events.contains(number), "the receipt stays: {events}");
}
