//! The disk is as bad as it should be, and not worse.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};

use rusqlite::{Connection, OpenFlags};
use sokhoe_domain::ports::VaultFiles;

use super::{AfterFailedSync, CrashKind, Promise, SimDisk};

fn open(disk: &SimDisk, mode: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags_and_vfs(
        disk.database_path("t.db"),
        OpenFlags::default(),
        disk.sqlite_vfs().unwrap(),
    )?;
    connection.execute_batch(mode)?;
    Ok(connection)
}

const WAL: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

/// Adds rows 0, 1, 2… each of some pages; gives, for each, how many operations were done when it was
/// acknowledged.
fn write_rows(disk: &SimDisk, mode: &str, reopen_every: usize) -> rusqlite::Result<Vec<u64>> {
    let mut connection = open(disk, mode)?;
    connection.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, x BLOB)")?;
    let mut acknowledged = Vec::new();
    for n in 0..12 {
        connection.execute("INSERT INTO t VALUES (?1, randomblob(9000))", [n])?;
        acknowledged.push(disk.operations());
        if acknowledged.len() % reopen_every == 0 {
            drop(connection);
            connection = open(disk, mode)?;
        }
    }
    Ok(acknowledged)
}

/// How many images lack an acknowledged row, or are damaged.
fn losses(disk: &SimDisk, acknowledged: &[u64], mode: &str) -> (usize, usize) {
    // A hot journal is read by the rules of the disk it was written for.
    let promise = disk.shared.promise;
    let (mut images, mut lost) = (0, 0);
    disk.tape().cuts(|cut| {
        for kind in CrashKind::ALL {
            for seed in 0..2 {
                let Some(files) = cut.medium.crash(kind, cut.done * 31 + seed, cut.next) else {
                    continue;
                };
                images += 1;
                let after = SimDisk::of(promise, files);
                let there = open(&after, mode).and_then(|connection| {
                    let whole: String =
                        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
                    let rows: u32 = connection
                        .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
                        .unwrap_or(0);
                    Ok((whole == "ok").then_some(rows))
                });
                let promised = acknowledged.iter().filter(|at| **at <= cut.done).count();
                let kept =
                    there.is_ok_and(|rows| rows.is_some_and(|rows| rows as usize >= promised));
                lost += usize::from(!kept);
            }
        }
    });
    (images, lost)
}

#[test]
fn a_careful_database_loses_nothing_at_any_cut() {
    for promise in [Promise::PowersafeOverwrite, Promise::Nothing] {
        for (mode, reopen_every) in [
            (WAL, 5),
            (
                "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA;",
                100,
            ),
        ] {
            let disk = SimDisk::recording(promise);
            let acknowledged = write_rows(&disk, mode, reopen_every).unwrap();
            let (images, lost) = losses(&disk, &acknowledged, mode);
            assert!(images > 600, "{images}");
            assert_eq!(lost, 0, "{promise:?} {mode}");
        }
    }
}

#[test]
fn a_careless_database_is_caught() {
    for mode in [
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;",
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
        "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF;",
        // The removal of the journal is the commit, and nothing makes it durable.
        "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;",
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = EXTRA;",
    ] {
        let disk = SimDisk::recording(Promise::PowersafeOverwrite);
        let acknowledged = write_rows(&disk, mode, 5).unwrap();
        let (_, lost) = losses(&disk, &acknowledged, mode);
        assert!(lost > 10, "{mode}: {lost}");
    }
    // A drive whose cache lies.
    let disk = SimDisk::recording(Promise::PowersafeOverwrite);
    disk.lie();
    let acknowledged = write_rows(&disk, WAL, 5).unwrap();
    assert!(losses(&disk, &acknowledged, WAL).1 > 10);
}

#[test]
fn connections_share_a_database_in_wal_mode() {
    let disk = SimDisk::default();
    let writer = open(&disk, WAL).unwrap();
    let reader = open(&disk, "").unwrap();
    writer.execute_batch("CREATE TABLE t (n)").unwrap();
    let count = |connection: &Connection| -> i64 {
        connection
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .unwrap()
    };
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader), 0);
    writer.execute("INSERT INTO t VALUES (1)", []).unwrap();
    assert_eq!((count(&reader), count(&writer)), (0, 1));
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&reader), 1);
    // One writes at a time.
    let other = open(&disk, "PRAGMA busy_timeout = 0").unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = other.execute("INSERT INTO t VALUES (2)", []).unwrap_err();
    assert_eq!(
        refused.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy)
    );
    writer.execute_batch("COMMIT").unwrap();
    other.execute("INSERT INTO t VALUES (2)", []).unwrap();
    assert!(disk.contents().contains_key("t.db-wal"));
    drop((writer, reader, other));
    let names: Vec<_> = disk.contents().into_keys().collect();
    assert_eq!(names, ["t.db"], "the last to close folds the journal in");
}

#[test]
fn writers_on_many_threads_take_turns() {
    let disk = SimDisk::default();
    open(&disk, WAL)
        .unwrap()
        .execute_batch("CREATE TABLE t (n)")
        .unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let disk = disk.clone();
            scope.spawn(move || {
                let connection = open(&disk, "PRAGMA busy_timeout = 20000").unwrap();
                for n in 0..50 {
                    connection
                        .execute("INSERT INTO t VALUES (?1)", [thread * 100 + n])
                        .unwrap();
                }
            });
        }
    });
    let rows: i64 = open(&disk, "")
        .unwrap()
        .query_row("SELECT count(DISTINCT n) FROM t", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 200);
}

#[test]
fn a_file_is_old_or_new_and_what_was_appended_is_there_in_parts() {
    let disk = SimDisk::recording(Promise::Nothing);
    disk.write("a", b"old").unwrap();
    let old = disk.operations();
    disk.write("a", &[b'n'; 2_000]).unwrap();
    let new = disk.operations();
    disk.append("b", b"1").unwrap();
    let one = disk.operations();
    disk.append("b", &[b'2'; 1_500]).unwrap();
    let two = disk.operations();
    disk.rename("a", "c").unwrap();
    let renamed = disk.operations();
    disk.remove("c").unwrap();
    let removed = disk.operations();
    let mut lengths = BTreeSet::new();
    disk.tape().cuts(|cut| {
        for kind in CrashKind::ALL {
            for seed in 0..8 {
                let Some(files) = cut.medium.crash(kind, seed, cut.next) else {
                    continue;
                };
                let place = format!("{kind:?} {seed} at {}", cut.done);
                let a = files.get("a").map(Vec::len);
                let c = files.get("c").map(Vec::len);
                assert!(a.is_none() || c.is_none(), "{place}: two names");
                if cut.done >= old && cut.done < removed {
                    let kept = a.or(c);
                    let is_gone = cut.done >= renamed && kept.is_none();
                    assert!(
                        is_gone || matches!(kept, Some(3 | 2_000)),
                        "{place}: {kept:?}"
                    );
                    assert!(cut.done < new || kept != Some(3), "{place}: the old one");
                }
                assert!(cut.done < renamed || a.is_none(), "{place}");
                assert!(cut.done < removed || c.is_none(), "{place}");
                let b = files.get("b").cloned().unwrap_or_default();
                lengths.insert(b.len());
                let whole = [&b"1"[..], &[b'2'; 1_500]].concat();
                let is_beginning = whole.starts_with(&b);
                let has_gaps = b.iter().zip(&whole).all(|(b, w)| *b == *w || *b == 0);
                assert!(
                    is_beginning || (kind == CrashKind::Reordered && has_gaps),
                    "{place}"
                );
                assert!(cut.done < one || !b.is_empty(), "{place}");
                assert!(cut.done < two || b.len() == 1_501, "{place}");
            }
        }
    });
    assert_eq!(lengths, BTreeSet::from([0, 1, 512, 1_024, 1_501]));
}

#[test]
fn a_file_is_streamed_and_has_its_name_when_it_is_whole() {
    let disk = SimDisk::default();
    let mut writer = disk.writer("x").unwrap();
    writer.write_all(b"half").unwrap();
    assert!(disk.list().unwrap().is_empty());
    drop(writer);
    assert!(disk.contents().is_empty());
    let mut writer = disk.writer("x").unwrap();
    writer.write_all(b"who").unwrap();
    writer.write_all(b"le").unwrap();
    writer.finish().unwrap();
    let mut text = String::new();
    let mut reader = disk.reader("x").unwrap().unwrap();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), disk.size("x").unwrap()), ("whole", Some(5)));
    let held = disk.lock("x").unwrap();
    let other = disk.clone();
    let waiting = std::thread::spawn(move || drop(other.lock("x").unwrap()));
    let _another = disk.lock("y").unwrap();
    drop(held);
    waiting.join().unwrap();
    for bad in ["", "../x", "a/b", ".x"] {
        assert!(disk.write(bad, b"").is_err());
    }
}

#[test]
fn after_a_cut_nothing_works_and_the_disk_is_as_the_tape_says() {
    let life = SimDisk::recording(Promise::Nothing);
    let acknowledged = write_rows(&life, WAL, 5).unwrap();
    let (total, last) = (life.operations(), acknowledged[11]);
    let tape = life.tape();
    assert_eq!(tape.len() as u64, total);
    for cut_at in [3, total / 3, total / 2, last - 1] {
        let disk = SimDisk::recording(Promise::Nothing);
        disk.cut_after(cut_at);
        let lived = write_rows(&disk, WAL, 5);
        assert!(lived.is_err());
        assert!(disk.read("t.db").is_err() && disk.append("x", b"x").is_err());
        assert_eq!(disk.tape().len() as u64, cut_at);
    }
}

#[test]
fn a_full_disk_and_a_failing_sync_or_read_are_errors_once() {
    let disk = SimDisk::default();
    let connection = open(&disk, WAL).unwrap();
    connection.execute_batch("CREATE TABLE t (x)").unwrap();
    let insert = || connection.execute("INSERT INTO t VALUES (randomblob(5000))", []);
    disk.fill_up_at(disk.operations() + 2);
    assert_eq!(
        insert().unwrap_err().sqlite_error_code(),
        Some(rusqlite::ErrorCode::DiskFull)
    );
    let full = disk.append("x", b"1").unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    disk.make_room();
    insert().unwrap();
    for after in [AfterFailedSync::Retried, AfterFailedSync::Lost] {
        disk.fail_sync_at(disk.operations(), after);
        insert().unwrap_err();
        insert().unwrap();
    }
    disk.fail_read_at(disk.reads());
    disk.read("x").unwrap_err();
    disk.read("x").unwrap();
}

#[test]
fn what_a_failed_sync_lost_no_later_sync_brings() {
    let disk = SimDisk::default();
    disk.append("x", b"1").unwrap();
    disk.fail_sync_at(disk.operations(), AfterFailedSync::Lost);
    disk.append("x", b"2").unwrap_err();
    disk.append("x", b"3").unwrap();
    assert_eq!(disk.read("x").unwrap().unwrap(), b"123");
    let after = disk.crash(CrashKind::Written, 0);
    assert_eq!(after.read("x").unwrap().unwrap(), b"1\x003");
    let files = BTreeMap::from([("x".to_owned(), b"1".to_vec())]);
    let disk = SimDisk::of(Promise::Nothing, files);
    disk.fail_sync_at(disk.operations(), AfterFailedSync::Retried);
    disk.append("x", b"2").unwrap_err();
    disk.append("x", b"3").unwrap();
    let after = disk.crash(CrashKind::Durable, 0);
    assert_eq!(after.read("x").unwrap().unwrap(), b"123");
}
