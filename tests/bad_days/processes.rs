//! Several processes in one vault, one of them killed again and again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::domain::{ResourceKey, Timestamp};
use sokhoe_testing::PlainKeys;
use sokhoe_testing::SeededRng;
use sokhoe_vault::{FolderFiles, PauseSwitch, Vault, VaultPorts};
use tempfile::TempDir;

use crate::kill::Killable;

#[test]
fn a_second_process_corrupts_nothing_and_loses_nothing() {
    const ROUNDS: usize = 40;
    let folder = TempDir::new().unwrap();
    let ports = VaultPorts::new(
        Arc::new(FolderFiles::open(folder.path()).unwrap()),
        Arc::new(PlainKeys::default()),
        Arc::new(SeededRng::new(5)),
    );
    drop(Vault::create(&ports, "shared").unwrap());
    let start = || {
        let worker = Killable::start(
            env!("CARGO_BIN_EXE_vault-worker"),
            &[folder.path().to_str().unwrap()],
        );
        worker.until_ready();
        worker
    };
    let random = SeededRng::new(6);
    let mut lines = Vec::new();
    let mut workers = vec![start(), start()];
    let has_many = |lines: &[String]| {
        let many = |what: &str| lines.iter().filter(|line| line.starts_with(what)).count() > 50;
        many("kept ") && many("page ")
    };
    let mut round = 0;
    // A busy machine takes more of them until there is something to lose.
    while round < ROUNDS || (round < 10 * ROUNDS && !has_many(&lines)) {
        std::thread::sleep(Duration::from_millis(20 + random.next() % 120));
        lines.extend(workers.remove(round % 2).kill());
        workers.insert(round % 2, start());
        round += 1;
    }
    for worker in workers {
        lines.extend(worker.kill());
    }
    let of = |what: &str| -> BTreeSet<String> {
        lines
            .iter()
            .filter_map(|line| line.strip_prefix(what)?.strip_prefix(' '))
            .map(str::to_owned)
            .collect()
    };
    let (kept, settling, settled, pages) = (of("kept"), of("settling"), of("settled"), of("page"));
    assert!(
        kept.len() > 50 && pages.len() > 50,
        "{} were kept",
        kept.len()
    );
    let busy = lines.iter().filter(|line| *line == "busy").count();
    assert!(busy * 10 < kept.len(), "{busy} had no turn");

    let vault = Vault::open(&ports, "shared").unwrap();
    vault.check().unwrap();
    let due = |vault: &Vault| -> BTreeSet<String> {
        let due = vault.due(Timestamp::from_millis(i64::MAX)).unwrap();
        due.iter().map(|intent| intent.id.to_string()).collect()
    };
    let bookings: BTreeSet<String> = vault
        .bookings()
        .unwrap()
        .iter()
        .map(|booking| booking.id.to_string())
        .collect();
    let waiting = due(&vault);
    for id in &kept {
        assert!(bookings.contains(id), "{id} was kept and is gone");
        assert!(
            waiting.contains(id) || settling.contains(id),
            "{id} waits no more"
        );
    }
    assert!(waiting.is_disjoint(&settled));
    for id in &pages {
        let key = ResourceKey::new("Observation", id.as_str());
        // Pages may be taken back by a power cut, not by a kill.
        assert!(vault.resource(&"hospital".into(), &key).unwrap().is_some());
    }
    drop(vault);
    // The journal says the same as the database that is no more.
    std::fs::write(folder.path().join("shared.db"), b"").unwrap();
    let now = Timestamp::from_millis(0);
    let (vault, rebuilt) = Vault::rebuild(&ports, "shared", now, &PauseSwitch::default()).unwrap();
    assert_eq!(due(&vault), waiting);
    assert_eq!(rebuilt.intents_from_journal as usize, waiting.len());
}
