//! A process that ends while its threads open, read, write and close a vault.
//!
//! `ending-vault FOLDER MILLISECONDS`: ends so long after its first commit, by `exit`, with 0.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use sokhoe_testing::{PlainKeys, SeededRng};
use sokhoe_tests::numbered;
use sokhoe_vault::{EntryQuery, FolderFiles, Vault, VaultError, VaultPorts};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder");
    let millis = arguments.next().and_then(|text| text.parse().ok());
    let ports = VaultPorts::new(
        Arc::new(FolderFiles::open(folder).expect("a folder")),
        Arc::new(PlainKeys::default()),
        Arc::new(SeededRng::new(u64::from(std::process::id()))),
    );
    let vault = match Vault::open(&ports, "me") {
        Err(VaultError::NotFound) => Vault::create(&ports, "me").expect("a new vault"),
        other => other.expect("a vault"),
    };
    let (began, begin) = channel();
    let writing = vault.clone();
    std::thread::spawn(move || {
        for number in 0.. {
            stop_when_paused(numbered::apply_page(&writing, number));
            let _ended = began.send(());
        }
    });
    std::thread::spawn(move || {
        loop {
            stop_when_paused(vault.entries(&EntryQuery::default()));
        }
    });
    for _ in 0..2 {
        let ports = ports.clone();
        std::thread::spawn(move || {
            loop {
                let vault = stop_when_paused(Vault::open(&ports, "me"));
                stop_when_paused(vault.bookings());
            }
        });
    }
    begin.recv().expect("a commit");
    std::thread::sleep(Duration::from_millis(millis.expect("a number")));
    std::process::exit(0);
}

/// The process is ending: whoever would go on waits for that.
fn stop_when_paused<T>(result: Result<T, VaultError>) -> T {
    match result {
        Ok(value) => value,
        Err(VaultError::Paused) => loop {
            std::thread::park();
        },
        Err(error) => panic!("{error:?}"),
    }
}
