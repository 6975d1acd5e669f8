//! After locking no key is in the memory of the process: no raw byte, no hex.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::process::{Child, Command, Stdio};

use sokhoe_tests::ring::PlainRing;
use tempfile::TempDir;

/// How the phone's key store wraps.
const MASK: u8 = 0xa5;

/// Which of the needles stand in the memory that the process can write to, with the mapping.
fn found(process: &Child, needles: &[(String, Vec<u8>)]) -> Vec<String> {
    let id = process.id();
    let maps = fs::read_to_string(format!("/proc/{id}/maps")).expect("its mappings");
    let mut memory = File::open(format!("/proc/{id}/mem")).expect("its memory");
    let mut found = Vec::new();
    let mut seen = 0;
    for map in maps.lines() {
        let mut fields = map.split_whitespace();
        let (Some(range), Some(rights)) = (fields.next(), fields.next()) else {
            continue;
        };
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').expect("a range");
        let address = |hex| u64::from_str_radix(hex, 16).expect("an address");
        let (from, to) = (address(from), address(to));
        let mut bytes = vec![0; usize::try_from(to - from).expect("a length")];
        memory.seek(SeekFrom::Start(from)).expect("an address");
        // Some of the kernel's own mappings cannot be read.
        if memory.read_exact(&mut bytes).is_err() {
            continue;
        }
        seen += bytes.len();
        for (name, needle) in needles {
            if bytes
                .windows(needle.len())
                .any(|window| window[0] == needle[0] && window == needle)
            {
                found.push(format!("{name} in {}", fields.clone().last().unwrap_or("")));
            }
        }
    }
    assert!(seen > 1 << 20, "only {seen} bytes could be read");
    found
}

#[test]
fn no_key_is_in_memory_after_locking() {
    let home = TempDir::new().unwrap();
    let mut phone = Command::new(env!("CARGO_BIN_EXE_lockable-phone"))
        .arg(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(phone.stdout.take().unwrap()).lines();
    let mut input = phone.stdin.take().unwrap();
    let mut heard = |line: &str| assert_eq!(lines.next().unwrap().unwrap(), line);

    heard("open");
    let ring = PlainRing::read_masked(home.path(), MASK);
    assert_eq!(ring.vaults.len(), 4);
    let keys = ring
        .vaults
        .iter()
        .map(|(name, key)| (name.clone(), key[..32].to_vec()))
        .chain([("ring".to_owned(), ring.key.clone())]);
    let needles: Vec<_> = keys
        .flat_map(|(name, key)| {
            let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            [
                (format!("{name}, half of it"), key[..16].to_vec()),
                (format!("{name}, its end"), key[16..].to_vec()),
                (format!("{name}, hex"), hex[..32].into()),
                (format!("{name}, HEX"), hex[..32].to_uppercase().into()),
            ]
        })
        .collect();
    let before = found(&phone, &needles);
    for name in ring.vaults.keys().map(String::as_str).chain(["ring"]) {
        assert!(
            before.iter().any(|found| found.starts_with(name)),
            "{name} is not where it must be: the search finds nothing ({before:?})"
        );
    }

    writeln!(input).unwrap();
    heard("locked");
    assert_eq!(found(&phone, &needles), Vec::<String>::new());
    writeln!(input).unwrap();
    heard("open again");
    assert!(!found(&phone, &needles).is_empty());
    writeln!(input).unwrap();
    assert!(phone.wait().unwrap().success());
}
