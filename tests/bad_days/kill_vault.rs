//! `kill -9` of a process that writes a vault, at thousands of random moments.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::domain::BookingState;
use sokhoe_testing::PlainKeys;
use sokhoe_testing::SeededRng;
use sokhoe_tests::numbered;
use sokhoe_vault::{FolderFiles, Vault, VaultError, VaultPorts};

const KILLS: u64 = 2_000;
/// Kills between two looks.
const LOOK_EVERY: u32 = 4;

/// When the process dies: so long after its start, where it mostly opens its vault, or after the first
/// thing it says, however slow the machine is.
#[derive(Clone, Copy)]
enum Death {
    AfterStart(Duration),
    AfterFirstWord(Duration),
}

/// Lets the process live in the folder; what it said until its death.
fn live_and_die(folder: &Path, death: Death) -> Vec<(String, u32)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_killable-vault"))
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut said = Vec::new();
    let span = match death {
        Death::AfterStart(span) => span,
        Death::AfterFirstWord(span) => {
            let mut first = [0];
            stdout.read_exact(&mut first).unwrap();
            said.extend(first);
            span
        }
    };
    std::thread::sleep(span);
    assert_eq!(child.try_wait().unwrap(), None, "it died by itself");
    child.kill().unwrap();
    stdout.read_to_end(&mut said).unwrap();
    child.wait().unwrap();
    let said = String::from_utf8(said).unwrap();
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    whole
        .lines()
        .map(|line| {
            let (what, number) = line.split_once(' ').unwrap();
            (what.to_owned(), number.parse().unwrap())
        })
        .collect()
}

/// What was acknowledged since the last look must be there.
fn look(folder: &Path, said: &[(String, u32)], everything: bool) {
    let ports = VaultPorts::new(
        Arc::new(FolderFiles::open(folder).unwrap()),
        Arc::new(PlainKeys::default()),
        Arc::new(SeededRng::new(1)),
    );
    let vault = match Vault::open(&ports, "me") {
        Err(VaultError::NotFound) if said.is_empty() => return,
        other => other.unwrap(),
    };
    let cursor = vault.cursor(&numbered::clinic()).unwrap();
    let page = cursor.map_or(-1, |cursor| cursor.parse::<i64>().unwrap());
    let waiting: BTreeSet<_> = vault
        .due(numbered::booking(u32::MAX, BookingState::Sending).start)
        .unwrap()
        .into_iter()
        .map(|intent| intent.id)
        .collect();
    let events: BTreeSet<u32> = vault
        .events()
        .unwrap()
        .into_iter()
        .map(|event| event.subject.parse().unwrap())
        .collect();
    let acknowledged: BTreeSet<u32> = said
        .iter()
        .filter(|(what, _)| what == "acknowledged")
        .map(|(_, number)| *number)
        .collect();
    let mut missing = 0;
    for (what, number) in said {
        let booking = numbered::booking(*number, BookingState::Sending);
        let kept = vault.booking(booking.id).unwrap();
        match what.as_str() {
            "page" => assert!(page >= i64::from(*number), "page {number} is gone: {page}"),
            "kept" => {
                let kept = kept.unwrap_or_else(|| panic!("booking {number} is gone"));
                let is_waiting = kept.state == BookingState::WaitingForNetwork;
                let in_outbox = waiting.contains(&booking.id);
                assert_eq!(is_waiting, in_outbox, "{number}: half a booking");
            }
            "settled" => {
                let state = kept.map(|kept| kept.state);
                assert_eq!(state, Some(BookingState::Confirmed), "{number}");
                assert!(
                    !waiting.contains(&booking.id),
                    "{number} would be sent again"
                );
                // An acknowledgement that was not printed may be the one in flight; there is one a kill.
                if !events.contains(number) && !acknowledged.contains(number) {
                    missing += 1;
                }
            }
            "acknowledged" => assert!(!events.contains(number), "{number} is told again"),
            other => panic!("it said {other}"),
        }
    }
    assert!(
        missing <= LOOK_EVERY,
        "the news of {missing} bookings is gone"
    );
    if everything {
        vault.check().unwrap();
        let rows = vault.search("dao", &Default::default()).unwrap();
        assert!(!rows.rows.is_empty() || page < 0);
    }
}

/// One folder's share of the kills; how many things were acknowledged.
fn kill_again_and_again(seed: u64, kills: u64) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let dice = SeededRng::new(seed);
    let (mut said, mut since_look, mut total) = (Vec::new(), 0_u32, 0);
    for kill in 0..kills {
        let death = match dice.next() % 2 {
            0 => Death::AfterStart(Duration::from_micros(dice.next() % 25_000)),
            _ => Death::AfterFirstWord(Duration::from_micros(dice.next() % 15_000)),
        };
        said.extend(live_and_die(folder.path(), death));
        since_look += 1;
        if since_look == LOOK_EVERY || kill + 1 == kills {
            look(folder.path(), &said, kill % 32 == 0 || kill + 1 == kills);
            total += said.len();
            said.clear();
            since_look = 0;
        }
    }
    total
}

#[test]
fn nothing_acknowledged_is_lost_in_2_000_kills() {
    let total: usize = std::thread::scope(|scope| {
        let folders: Vec<_> = (0..2)
            .map(|seed| scope.spawn(move || kill_again_and_again(seed, KILLS / 2)))
            .collect();
        folders
            .into_iter()
            .map(|folder| folder.join().unwrap())
            .sum()
    });
    println!("{total} acknowledged in {KILLS} kills");
    assert!(
        total as u64 > KILLS / 3,
        "only {total}: too few for a proof"
    );
}
