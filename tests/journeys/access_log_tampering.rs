//! Whoever has the clinic's database can change what it says of the past, and the tree over it. Phones that hold an earlier head
//! notice it, each time.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use sokhoe_app::domain::merkle::{Hash, TreeHead, leaf_hash, node_hash};
use sokhoe_clinic::{Clinic, ClinicConfig, DataSource, ImportOptions, InProcess};
use sokhoe_fhir::access_log::{from_text, to_text};
use sokhoe_fhir::{AccessLogHead, AccessLogPage};
use sokhoe_qr::signed::sha256;
use sokhoe_qr::{Enrolment, PublicKey};
use sokhoe_sync::access_log::{KeptEntry, LogKeeper, LogMismatch, check_page};
use sokhoe_testing::{Database, SeededRng, Signer};
use tempfile::TempDir;

const URL: &str = "https://hospital.example";
/// Changes when nothing else is said: `SOKHOE_TAMPERINGS`.
const TAMPERINGS: usize = 250;
const COUNT: usize = 200;
const PEOPLE: [&str; 3] = ["bn-000001", "bn-000002", "bn-000003"];

/// A phone that keeps what was proved to it.
#[derive(Clone)]
struct Phone {
    patient: &'static str,
    token: String,
    signer: Arc<Signer>,
    held: Option<TreeHead>,
    kept: Vec<KeptEntry>,
}

/// Of the clock by which the clinic works.
fn second() -> i64 {
    sokhoe_tests::now().as_millis().div_euclid(1_000)
}

struct Stage {
    clinic: Clinic,
    answering: InProcess,
    database: Database,
    id: String,
    key: PublicKey,
    _folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("clinic").join("clinic.db");
        let data = DataSource::Folder(folder.path().join("clinic"));
        let clinic = Clinic::open(ClinicConfig::on_this_machine(data)).unwrap();
        clinic.seed_hospital().unwrap();
        Self {
            answering: clinic.in_process(URL),
            database: Database::sqlite(file),
            id: clinic.id().to_owned(),
            key: clinic.public_key(),
            clinic,
            _folder: folder,
        }
    }

    async fn enrol(&self, patient: &'static str) -> Phone {
        let valid = std::time::Duration::from_secs(600);
        let shown = self
            .clinic
            .issue_enrolment(&[patient.to_owned()], valid, URL)
            .unwrap();
        let code = Enrolment::read(&shown.text, sokhoe_tests::now())
            .unwrap()
            .code;
        let device = format!("device-of-{patient}");
        let body = json!({"code": code, "device_id": device, "device_name": "Máy"});
        let signer = Arc::new(Signer::default());
        let proof = signer.proof("POST", &format!("{URL}/enrolment"), second(), None);
        let request = Request::builder()
            .method(Method::POST)
            .uri("/enrolment")
            .header("dpop", proof)
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()));
        let answer = self.answering.answer(request.unwrap()).await;
        let answer: Value = serde_json::from_slice(answer.body()).unwrap();
        Phone {
            patient,
            token: answer["access_token"].as_str().unwrap().to_owned(),
            signer,
            held: None,
            kept: Vec::new(),
        }
    }

    async fn get(&self, phone: &Phone, path: &str) -> String {
        let token = phone.token.as_str();
        let proof = phone
            .signer
            .proof("GET", &format!("{URL}{path}"), second(), Some(token));
        let request = Request::builder()
            .uri(path)
            .header("dpop", proof)
            .header("authorization", format!("DPoP {token}"))
            .body(Bytes::new());
        let answer = self.answering.answer(request.unwrap()).await;
        assert_eq!(answer.status(), 200, "{path}");
        String::from_utf8(answer.body().to_vec()).unwrap()
    }

    /// What a phone does that looks at its person's log.
    async fn look(&self, phone: &mut Phone) -> Result<(), LogMismatch> {
        let path = format!("/fhir/AuditEvent?patient={}&_count={COUNT}", phone.patient);
        let page = AccessLogPage::parse(&self.get(phone, &path).await).unwrap();
        let keeper = LogKeeper {
            clinic: &self.id,
            key: &self.key,
        };
        let head = match &page.checkpoint {
            Some(checkpoint) => keeper.read(checkpoint)?,
            // Where nothing is, nothing is signed; what was kept is missing then.
            None => TreeHead {
                size: 0,
                root: [0; 32],
            },
        };
        if page.checkpoint.is_some() {
            let from = phone.held.map_or(0, |held| held.size);
            let path = format!("/access-log/head?from={from}&to={}", head.size);
            let answer = AccessLogHead::parse(&self.get(phone, &path).await).unwrap();
            let followed = keeper.follow(phone.held.as_ref(), &answer)?;
            assert_eq!(followed, head);
        }
        let kept = check_page(phone.patient, &head, &page, COUNT, &phone.kept)?;
        (phone.held, phone.kept) = (Some(head), kept);
        Ok(())
    }

    fn entries(&self) -> Vec<Row> {
        let rows = self.database.rows(
            "SELECT n.patient, n.number, n.place, e.entry FROM access_log_newest n
                   JOIN access_log_entry e ON e.place = n.place ORDER BY n.place",
        );
        rows.into_iter()
            .map(|row| Row {
                patient: row[0].clone(),
                number: row[1].parse().unwrap(),
                place: row[2].parse().unwrap(),
                text: row[3].clone(),
            })
            .collect()
    }

    /// Puts these in the place of all entries.
    fn write(&self, rows: &[Row]) {
        let mut text = String::from(
            "BEGIN; DELETE FROM access_log_pending; DELETE FROM access_log_entry; DELETE FROM access_log_newest;",
        );
        for row in rows {
            let quoted = row.text.replace('\'', "''");
            text.push_str(&format!(
                "INSERT OR REPLACE INTO access_log_entry VALUES ({}, '{}', '{quoted}');
                 INSERT INTO access_log_newest VALUES ('{}', {}, {});",
                row.place, row.patient, row.patient, row.number, row.place
            ));
        }
        text.push_str("COMMIT;");
        self.database.execute(&text).unwrap();
    }

    /// Computes the tree anew, over these.
    fn write_tree(&self, rows: &[Row]) {
        let mut level: Vec<Hash> = rows
            .iter()
            .map(|row| leaf_hash(sha256, row.text.as_bytes()))
            .collect();
        let mut text = format!(
            "BEGIN; UPDATE access_log SET size = {}; DELETE FROM access_log_tile;",
            rows.len()
        );
        for number in 0.. {
            for (position, tile) in level.chunks(256).enumerate() {
                let hex: String = tile
                    .concat()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                text.push_str(&format!(
                    "INSERT INTO access_log_tile VALUES ({number}, {position}, X'{hex}');"
                ));
            }
            level = level.chunks_exact(256).map(over).collect();
            if level.is_empty() {
                break;
            }
        }
        text.push_str("COMMIT;");
        self.database.execute(&text).unwrap();
    }
}

/// The hash over a full tile.
fn over(tile: &[Hash]) -> Hash {
    let mut level = tile.to_vec();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| node_hash(sha256, &pair[0], &pair[1]))
            .collect();
    }
    level[0]
}

#[derive(Clone, PartialEq)]
struct Row {
    patient: String,
    number: u64,
    place: u64,
    text: String,
}

impl Row {
    /// The same with another meaning, as well as a forger can write it.
    fn forged(&self, change: impl FnOnce(&mut sokhoe_app::domain::AccessEntry)) -> Self {
        let mut entry = from_text(&self.text).unwrap();
        change(&mut entry);
        Self {
            patient: entry.patient.clone(),
            number: entry.number,
            place: self.place,
            text: to_text(&entry),
        }
    }
}

/// What is done to the past.
#[derive(Clone, Copy, Debug)]
enum Tampering {
    Edit,
    Delete,
    Insert,
    Reorder,
    Truncate,
}

const ALL: [Tampering; 5] = [
    Tampering::Edit,
    Tampering::Delete,
    Tampering::Insert,
    Tampering::Reorder,
    Tampering::Truncate,
];

/// The rows with the past changed at a place, numbered anew where that hides it.
fn tampered(rows: &[Row], how: Tampering, at: usize, other: usize) -> Vec<Row> {
    let mut rows = rows.to_vec();
    match how {
        Tampering::Edit => {
            rows[at] = rows[at]
                .forged(|entry| entry.at = entry.at.plus(std::time::Duration::from_secs(60)))
        }
        Tampering::Delete => {
            rows.remove(at);
        }
        Tampering::Insert => {
            let copy = rows[at].forged(|entry| entry.kind = "Observation".to_owned());
            rows.insert(at, copy);
        }
        Tampering::Reorder => rows.swap(at, other),
        Tampering::Truncate => rows.truncate(at),
    }
    let mut numbers = std::collections::BTreeMap::new();
    (0..)
        .zip(rows)
        .map(|(place, row)| {
            let number = numbers.entry(row.patient.clone()).or_insert(0);
            *number += 1;
            let number = *number;
            let row = row.forged(|entry| entry.number = number);
            Row { place, ..row }
        })
        .collect()
}

/// The same of one who cannot write the tree: the entries alone, each where it was.
fn tampered_without_tree(rows: &[Row], how: Tampering, at: usize) -> Vec<Row> {
    let mut rows = rows.to_vec();
    let patient = rows[at].patient.clone();
    // Of the same person, so that it is theirs to notice.
    let other = rows
        .iter()
        .position(|row| row.patient == patient && row.place != rows[at].place)
        .unwrap();
    match how {
        Tampering::Edit => rows[at] = rows[at].forged(|entry| entry.kind = "Claim".to_owned()),
        Tampering::Delete => {
            rows.remove(at);
        }
        Tampering::Insert => {
            // Every later one of the person is another number then.
            let first = rows[at].number;
            let copy = rows[at].clone();
            for row in rows
                .iter_mut()
                .filter(|row| row.patient == patient && row.number >= first)
            {
                *row = row.forged(|entry| entry.number += 1);
            }
            rows.push(copy);
        }
        Tampering::Reorder => {
            let (one, two) = (rows[at].clone(), rows[other].clone());
            rows[at].text = two.text;
            rows[other].text = one.text;
        }
        Tampering::Truncate => {
            let first = rows[at].number;
            rows.retain(|row| row.patient != patient || row.number < first);
        }
    }
    rows
}

#[tokio::test]
async fn every_change_of_the_past_is_noticed() {
    let stage = Stage::new();
    let mut phones = Vec::new();
    for patient in PEOPLE {
        phones.push(stage.enrol(patient).await);
    }
    // The log grows past a tile, and phones look now and then.
    let mut earlier: Vec<Vec<Phone>> = Vec::new();
    for round in 0..14 {
        for phone in &mut phones {
            for _ in 0..7 {
                let path = format!("/fhir/Patient/{}", phone.patient);
                stage.get(phone, &path).await;
            }
            stage.look(phone).await.unwrap();
        }
        if round % 3 == 2 {
            earlier.push(phones.clone());
        }
        let patient = json!({"resourceType": "Observation", "id": format!("o-{round}"), "subject": {"reference": "Patient/bn-000001"}});
        let text = patient.to_string();
        stage
            .clinic
            .import_reader("o", &mut text.as_bytes(), &ImportOptions::default())
            .unwrap();
    }
    stage.clinic.tend_access_log().unwrap();
    let truth = stage.entries();
    assert!(truth.len() > 300, "{}", truth.len());
    let count: usize = std::env::var("SOKHOE_TAMPERINGS")
        .ok()
        .map_or(TAMPERINGS, |count| count.parse().unwrap());
    let rng = SeededRng::new(7);
    let below = |most: usize| usize::try_from(rng.next() % u64::try_from(most).unwrap()).unwrap();
    let (mut noticed, mut looked) = (0, 0);
    let mut by_reason = std::collections::BTreeMap::new();
    for number in 0..count {
        let how = ALL[number % ALL.len()];
        let with_tree = (number / ALL.len()).is_multiple_of(2);
        let phones = &earlier[below(earlier.len())];
        let held = phones
            .iter()
            .filter_map(|phone| phone.held)
            .map(|head| head.size)
            .min()
            .unwrap();
        let held = usize::try_from(held).unwrap();
        // Whose past this is who looked: the clinic's other patients have no phones here.
        let mine: Vec<usize> = (1..held)
            .filter(|at| PEOPLE.contains(&&*truth[*at].patient))
            .collect();
        let at = mine[below(mine.len())];
        let (rows, expects) = if with_tree {
            let other = (at + 1 + below(held - 1)) % held;
            let rows = tampered(&truth, how, at, other);
            if rows == truth {
                continue;
            }
            stage.write_tree(&rows);
            // All who held a head.
            (rows, phones.iter().collect::<Vec<_>>())
        } else {
            let rows = tampered_without_tree(&truth, how, at);
            // The person whose entries they are.
            let theirs = phones
                .iter()
                .filter(|phone| phone.patient == truth[at].patient);
            (rows, theirs.collect())
        };
        stage.write(&rows);
        for phone in expects {
            looked += 1;
            match stage.look(&mut phone.clone()).await {
                Ok(()) => {
                    panic!("{how:?} at {at} of {held} with the tree {with_tree} was not noticed")
                }
                Err(mismatch) => {
                    noticed += 1;
                    *by_reason.entry(mismatch.code()).or_insert(0) += 1;
                }
            }
        }
        stage.write_tree(&truth);
        stage.write(&truth);
    }
    println!(
        "{noticed} of {looked} looks at a past that was changed {count} times noticed it: {by_reason:?}"
    );
    assert_eq!(noticed, looked);
    assert!(looked >= count);
    // And nobody is alarmed by the truth.
    for phones in &mut earlier {
        for phone in phones {
            stage.look(phone).await.unwrap();
        }
    }
}
