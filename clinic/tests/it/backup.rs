//! A clinic is saved while people book, its disk is lost, and it comes back.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use sokhoe_clinic::system::SystemRng;
use sokhoe_clinic::{
    BackupError, Backups, Clinic, ClinicConfig, ClinicError, DataSource, KeysFrom, Passphrase,
    StoreError, restore,
};
use sokhoe_domain::ports::Clock;
use tokio::net::TcpListener;

use crate::support::{Hospital, MOTHER, Phone, SON, hospital, id, key};

const PASSPHRASE: &str = "bốn từ ngẫu nhiên";

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE).unwrap()
}

fn backups(hospital: &Hospital, to: &Path, passphrase: Option<Passphrase>) -> Backups {
    let data = DataSource::Folder(hospital.folder.path().join("data"));
    let clock = Arc::clone(&hospital.clock) as Arc<dyn Clock>;
    let rng = Arc::new(SystemRng::default());
    Backups::open(data, to.to_owned(), passphrase, clock, rng).unwrap()
}

fn bring_back(from: &Path, to: &Path, keys: &KeysFrom) -> Result<(), ClinicError> {
    let to = DataSource::Folder(to.to_owned());
    restore(from, &to, keys, &SystemRng::default()).map(|_| ())
}

/// The cursor of a person's feed, at its end.
async fn cursor(phone: &Phone) -> String {
    let reply = phone.get(&format!("/fhir/Patient/{MOTHER}/$changes")).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let link = reply.json()["link"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|link| {
            let url = link["url"].as_str()?;
            url.split_once("cursor=").map(|(_, rest)| rest.to_owned())
        });
    let cursor = link.unwrap();
    cursor.split('&').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_disk_takes_what_came_after_the_newest_backup_and_nothing_else() {
    let hospital = hospital().await;
    if hospital.database.is_postgres() {
        return;
    }
    let mother = hospital.phone("device-one", &[MOTHER, SON]).await;
    let place = tempfile::tempdir().unwrap();
    let (to, new) = (place.path().join("backups"), place.path().join("new"));
    let mut saving = backups(&hospital, &to, Some(passphrase()));
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let clock = Arc::clone(&hospital.clock);
    // Backups beside the bookings, as often as it goes.
    let saver = tokio::task::spawn_blocking(move || {
        let mut made = 0;
        while !over.load(Ordering::SeqCst) {
            clock.advance(std::time::Duration::from_millis(1_000));
            made += usize::from(saving.make().unwrap().is_some());
        }
        (saving, made)
    });
    let free = hospital.free(&mother, "lay-mau", 8).await;
    let mut booked = Vec::new();
    for slot in free.iter().take(5) {
        let intent = key();
        let reply = mother.book(&intent, id(slot), MOTHER).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        booked.push(intent);
    }
    is_over.store(true, Ordering::SeqCst);
    let (mut saving, made) = saver.await.unwrap();
    assert!(made > 0);
    hospital
        .clock
        .advance(std::time::Duration::from_millis(1_000));
    saving.make().unwrap();
    let before = cursor(&mother).await;

    // What comes now is lost with the disk: a booking, and tokens that the phone has by then.
    let lost = key();
    let reply = mother.book(&lost, id(&free[5]), SON).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let (_, refresh) = mother.tokens();
    let renewed = mother.let_in(&mother.renew(&refresh).await);
    let after = cursor(&renewed).await;
    let Hospital {
        running,
        clinic,
        clock,
        folder,
        ..
    } = hospital;
    let (address, id_before) = (running.addr, clinic.id().to_owned());
    running.shutdown().await;
    drop((clinic, folder));

    bring_back(&to, &new, &KeysFrom::Backup(passphrase())).unwrap();
    let config = ClinicConfig::new(
        DataSource::Folder(new),
        clock,
        Arc::new(SystemRng::default()),
    );
    let clinic = Clinic::open(config).unwrap();
    assert_eq!(clinic.id(), id_before);
    let report = clinic.check().unwrap();
    assert_eq!(report.faults, []);
    assert_eq!(report.bookings, 5);
    let listener = TcpListener::bind(address).await.unwrap();
    let running = clinic
        .serve(listener, &format!("http://{address}"))
        .await
        .unwrap();

    // The phone's tokens are newer than the clinic knows, and it is let in all the same.
    for intent in &booked {
        let reply = renewed.get(&format!("/fhir/Appointment/{intent}")).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    let gone = renewed.get(&format!("/fhir/Appointment/{lost}")).await;
    assert_eq!(gone.status, 404, "{}", gone.body);
    // Places in feeds from before are none: whoever asks fetches everything anew.
    for cursor in [before, after] {
        let path = format!("/fhir/Patient/{MOTHER}/$changes?cursor={cursor}");
        assert_eq!(renewed.get(&path).await.status, 410);
    }
    let anew = cursor(&renewed).await;
    let path = format!("/fhir/Patient/{MOTHER}/$changes?cursor={anew}");
    assert_eq!(renewed.get(&path).await.status, 200);
    // The intent whose answer was lost with the disk can be sent again.
    let again = renewed.book(&lost, id(&free[5]), SON).await;
    assert_eq!(again.status, 200, "{}", again.body);
    let first: &Value = &again.resources("Appointment")[0];
    assert_eq!((id(first), &first["status"]), (&*lost, &"booked".into()));
    running.shutdown().await;
}

#[tokio::test]
async fn a_backup_is_taken_whole_or_not_at_all() {
    let hospital = hospital().await;
    if hospital.database.is_postgres() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("backups");
    let mut saving = backups(&hospital, &to, Some(passphrase()));
    let first = saving.make().unwrap().unwrap();
    assert_eq!(saving.make().unwrap(), None, "nothing changed");
    let fresh = |name: &str| place.path().join(name);
    let keys = KeysFrom::Backup(passphrase());

    // No key is in it but under the passphrase.
    let identity = std::fs::read(hospital.folder.path().join("data/identity.key")).unwrap();
    for entry in std::fs::read_dir(&first).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(16).any(|part| part == &identity[..16]));
    }
    let other = KeysFrom::Backup(Passphrase::new("not this passphrase").unwrap());
    let refused = bring_back(&first, &fresh("a"), &other);
    assert!(matches!(
        refused,
        Err(ClinicError::Backup(BackupError::WrongPassphrase))
    ));
    let refused = bring_back(&first, &fresh("a"), &KeysFrom::Place);
    assert!(matches!(
        refused,
        Err(ClinicError::Backup(BackupError::NeedsPassphrase))
    ));
    // The keys as they lie, in the place of the passphrase.
    let folder = KeysFrom::Folder(hospital.folder.path().join("data"));
    bring_back(&first, &fresh("b"), &folder).unwrap();
    let refused = bring_back(&first, &fresh("b"), &folder);
    assert!(matches!(
        refused,
        Err(ClinicError::Backup(BackupError::NotEmpty(_)))
    ));

    // Any file of it altered or cut off, and nothing is left where it would have been.
    for name in [
        "clinic.db",
        "clinic.db-reads",
        "keys.sealed",
        "manifest.json",
        "manifest.sig",
    ] {
        let file = first.join(name);
        let whole = std::fs::read(&file).unwrap();
        let mut altered = whole.clone();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        for bad in [&altered[..], &whole[..middle]] {
            std::fs::write(&file, bad).unwrap();
            let refused = bring_back(&first, &fresh("c"), &keys);
            assert!(matches!(refused, Err(ClinicError::Backup(_))), "{name}");
            assert!(!fresh("c").exists(), "{name}");
        }
        std::fs::write(&file, whole).unwrap();
    }

    // One of a newer release, saved by it.
    hospital
        .database
        .execute("PRAGMA user_version = 99")
        .unwrap();
    hospital.clock.advance(std::time::Duration::from_secs(1));
    let newer = saving.make().unwrap().unwrap();
    let refused = bring_back(&to, &fresh("d"), &keys);
    assert!(matches!(
        refused,
        Err(ClinicError::Store(StoreError::Newer { found: 99, .. }))
    ));
    assert_eq!(saving.prune(1).unwrap(), 1);
    assert!(newer.is_dir() && !first.exists());
    assert!(matches!(
        bring_back(place.path(), &fresh("e"), &keys),
        Err(ClinicError::Backup(BackupError::NoBackup))
    ));
    hospital.running.shutdown().await;
}
