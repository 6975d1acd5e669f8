//! The disk of a clinic that people book at is lost, and the clinic comes back out of its newest backup.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use sokhoe_app::SystemClock;
use sokhoe_app::domain::ports::Clock as _;
use tempfile::TempDir;

use crate::support::{Phone, run, sokhoe};

/// A process that ends with this value, whatever it does.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(command: &mut Command) -> (Killed, Lines<BufReader<ChildStdout>>) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let lines = BufReader::new(child.stdout.take().expect("a stdout")).lines();
    (Killed(child), lines)
}

fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = lines.next().expect("a line").expect("UTF-8");
    serde_json::from_str(&line).expect("JSON")
}

fn serve(data: &Path, listen: &str, more: &[&str]) -> (Killed, Value) {
    let mut command = sokhoe();
    command.args(["clinic", "serve", "--json", "--listen", listen, "--data"]);
    let (clinic, mut lines) = start(command.arg(data).args(more));
    let first = next(&mut lines);
    (clinic, first)
}

#[test]
fn a_clinic_comes_back_out_of_its_newest_backup_after_its_disk_is_lost() {
    let folder = TempDir::new().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let text = |name: &str| place(name).display().to_string();
    let (clinic, first) = serve(&place("old"), "127.0.0.1:0", &["--demo-data"]);
    let url = first["url"].as_str().expect("an address");
    let phone = Phone::new();
    phone.json(&["enrol", first["enrolment"].as_str().expect("a code")]);
    phone.json(&["sync"]);

    std::fs::write(place("passphrase"), "bốn từ ngẫu nhiên\n").expect("a file");
    let mut command = sokhoe();
    command.args(["clinic", "backup", "--json", "--every", "1", "--keep", "3"]);
    command.args(["--data", &text("old"), "--to", &text("backups")]);
    command.args(["--passphrase-file", &text("passphrase")]);
    let (saving, mut lines) = start(&mut command);
    next(&mut lines);

    let book = |number: &str| {
        phone.json(&["find", "--service", "lay mau"]);
        let booked = phone.json(&["book", number]);
        assert_eq!(booked["booking"]["status"], "confirmed", "{booked}");
        booked["booking"]["id"].clone()
    };
    let (one, two) = (book("1"), book("2"));
    // A backup of a moment after both were confirmed; what is asked from then on sees to it that there is one.
    let now = chrono::DateTime::from_timestamp_millis(SystemClock.now().as_millis());
    let confirmed = now.expect("a time").format("%Y%m%dT%H%M%S%3fZ");
    let confirmed = confirmed.to_string();
    phone.json(&["sync"]);
    let is_later = |line: Value| {
        let path = line["backup"].as_str().expect("a path").to_owned();
        let (_, at) = path.rsplit_once('-').expect("a time");
        at > confirmed.as_str()
    };
    while !is_later(next(&mut lines)) {}
    book("3");
    drop((clinic, saving));
    std::fs::remove_dir_all(place("old")).expect("a lost disk");

    let restore = |to: &str, more: &[&str]| {
        let (from, to) = (text("backups"), text(to));
        let words = [
            "clinic", "restore", "--json", "--from", &from, "--data", &to,
        ];
        run(&[&words[..], more].concat())
    };
    assert!(!restore("new", &[]).ok, "keys are under the passphrase");
    let file = text("passphrase");
    let restored = restore("new", &["--passphrase-file", &file]);
    assert!(restored.ok, "{restored:?}");
    assert_eq!(restored.json_lines()[1]["clean"], true, "{restored:?}");
    let again = restore("new", &["--passphrase-file", &file]);
    assert!(!again.ok && again.stderr.contains("clinic.db"), "{again:?}");

    let listen = url.strip_prefix("http://").expect("an address");
    let (_clinic, first) = serve(&place("new"), listen, &[]);
    assert_eq!(first["url"], *url);
    phone.json(&["sync"]);
    let day = phone.json(&["list"]).to_string();
    for booking in [&one, &two] {
        assert!(day.contains(booking.as_str().expect("an id")), "{day}");
    }
    let checked = run(&["clinic", "check", "--json", "--data", &text("new")]).json();
    assert_eq!(checked["clean"], true, "{checked}");
    assert!(checked["bookings"].as_u64() >= Some(2), "{checked}");
    let kept = std::fs::read_dir(place("backups")).expect("a folder");
    let whole = kept.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().starts_with("clinic-")
    });
    assert!(whole.count() <= 3);
}
