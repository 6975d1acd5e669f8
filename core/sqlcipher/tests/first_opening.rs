//! The very first connections of a process, all at once. Alone in its process: there is one first time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::sync::Barrier;

use rusqlite::Connection;
use sokhoe_sqlcipher::{RAW_KEY_LEN, give_key, start};

#[test]
fn whoever_comes_first_has_a_key_also_beside_others() {
    const THREADS: usize = 16;
    let folder = tempfile::tempdir().unwrap();
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (barrier, path) = (&barrier, folder.path().join(format!("{thread}.db")));
            scope.spawn(move || {
                barrier.wait();
                // Every other one, as a program's other databases do, opens without a key and first.
                if thread % 2 == 0 {
                    Connection::open_in_memory().unwrap();
                }
                start().unwrap();
                let connection = Connection::open(path).unwrap();
                give_key(&connection, &[7; RAW_KEY_LEN]).unwrap();
                connection.execute_batch("CREATE TABLE t (a)").unwrap();
            });
        }
    });
}
