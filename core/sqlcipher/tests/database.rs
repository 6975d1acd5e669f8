//! Whole databases through rusqlite: what the vault relies on.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use tempfile::TempDir;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

const KEY: &str = "x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'";
const OTHER_KEY: &str = "x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e20'";
const PASSPHRASE: &str = "giấy khám bệnh";
const CANARY: &str = "canary-6f1d";
const PAGE: usize = 4096;

/// Opens and keys; SQLCipher touches the file at the first statement that needs it.
fn open(path: &Path, key: &str) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open(path)?;
    // Refusals are expected here: without this each is also printed.
    db.pragma_update(None, "cipher_log_level", "NONE")?;
    db.pragma_update(None, "key", key)?;
    Ok(db)
}

/// A database of some dozens of pages.
fn fill(path: &Path, key: &str) -> Result<()> {
    let mut db = open(path, key)?;
    db.execute_batch("CREATE TABLE note(id INTEGER PRIMARY KEY, body TEXT NOT NULL)")?;
    let tx = db.transaction()?;
    for i in 0..2_000 {
        tx.execute(
            "INSERT INTO note(body) VALUES (?)",
            [format!("{CANARY} {i}")],
        )?;
    }
    tx.commit()?;
    Ok(())
}

/// Reads every row.
fn read(path: &Path, key: &str) -> Result<usize, rusqlite::Error> {
    let db = open(path, key)?;
    let mut rows = db.prepare("SELECT body FROM note ORDER BY id")?;
    let bodies = rows.query_map([], |row| row.get::<_, String>(0))?;
    bodies
        .map(|body| body.map(|text| usize::from(text.starts_with(CANARY))))
        .sum()
}

fn integrity_faults(path: &Path, key: &str) -> Result<usize> {
    let db = open(path, key)?;
    let mut check = db.prepare("PRAGMA cipher_integrity_check")?;
    Ok(check.query_map([], |_| Ok(()))?.count())
}

fn database() -> Result<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("notes.db");
    fill(&path, KEY)?;
    Ok((folder, path))
}

fn text(db: &Connection, sql: &str) -> Result<String> {
    Ok(db.query_row(sql, [], |row| row.get(0))?)
}

#[test]
fn sqlcipher_uses_this_crate() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let db = open(&folder.path().join("notes.db"), KEY)?;
    let provider = text(&db, "PRAGMA cipher_provider")?;
    assert_eq!(provider, sokhoe_sqlcipher::PROVIDER_NAME);
    assert!(sokhoe_sqlcipher::is_provider(Some(&provider)));
    assert_eq!(text(&db, "PRAGMA cipher")?, "AES-256-CBC");
    assert!(text(&db, "PRAGMA cipher_version")?.starts_with("4."));
    assert_eq!(text(&db, "PRAGMA cipher_hmac_algorithm")?, "HMAC_SHA512");
    assert_eq!(
        text(&db, "PRAGMA cipher_kdf_algorithm")?,
        "PBKDF2_HMAC_SHA512"
    );
    assert!(!text(&db, "PRAGMA cipher_provider_version")?.is_empty());
    Ok(())
}

/// 3.51.3 repairs a rare corruption of the WAL.
#[test]
fn sqlite_is_new_enough() {
    assert!(
        rusqlite::version_number() >= 3_051_003,
        "{}",
        rusqlite::version()
    );
}

/// What `.cargo/config.toml` takes away stays away: phones would carry it for nothing.
#[test]
fn sqlite_has_nothing_that_is_not_used() -> Result<()> {
    let db = Connection::open_in_memory()?;
    let mut options = db.prepare("PRAGMA compile_options")?;
    let options: Vec<String> = options
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for gone in [
        "ENABLE_FTS",
        "ENABLE_RTREE",
        "ENABLE_LOAD_EXTENSION",
        "SOUNDEX",
    ] {
        assert!(
            !options.iter().any(|option| option.starts_with(gone)),
            "{gone}"
        );
    }
    assert!(options.iter().any(|option| option == "OMIT_LOAD_EXTENSION"));
    Ok(())
}

#[test]
fn raw_key_round_trip() -> Result<()> {
    let (_folder, path) = database()?;
    assert_eq!(read(&path, KEY)?, 2_000);
    assert_eq!(integrity_faults(&path, KEY)?, 0);

    let file = fs::read(&path)?;
    assert!(file.len() > 10 * PAGE && file.len().is_multiple_of(PAGE));
    assert!(!file.starts_with(b"SQLite format 3"));
    assert!(
        !file
            .windows(CANARY.len())
            .any(|window| window == CANARY.as_bytes())
    );
    Ok(())
}

#[test]
fn wal_is_encrypted() -> Result<()> {
    let (_folder, path) = database()?;
    let db = open(&path, KEY)?;
    assert_eq!(text(&db, "PRAGMA journal_mode = WAL")?, "wal");
    db.execute(
        "INSERT INTO note(body) VALUES (?)",
        [format!("{CANARY} in the WAL")],
    )?;
    let wal = fs::read(path.with_extension("db-wal"))?;
    assert!(wal.len() > PAGE);
    assert!(
        !wal.windows(CANARY.len())
            .any(|window| window == CANARY.as_bytes())
    );
    drop(db);
    assert_eq!(read(&path, KEY)?, 2_001);
    Ok(())
}

#[test]
fn pages_never_repeat_an_iv() -> Result<()> {
    let (_folder, path) = database()?;
    let file = fs::read(&path)?;
    let mut ivs: Vec<_> = file
        .chunks(PAGE)
        .map(|page| &page[PAGE - 80..PAGE - 64])
        .collect();
    let pages = ivs.len();
    ivs.sort_unstable();
    ivs.dedup();
    assert_eq!(ivs.len(), pages);
    Ok(())
}

#[test]
fn wrong_key_is_refused() -> Result<()> {
    let (_folder, path) = database()?;
    for key in [OTHER_KEY, PASSPHRASE] {
        let error = read(&path, key).expect_err("wrong key");
        assert_eq!(
            error.sqlite_error_code(),
            Some(ErrorCode::NotADatabase),
            "{error}"
        );
    }
    let plain = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let error = text(&plain, "SELECT body FROM note").expect_err("no key");
    assert!(error.to_string().contains("not a database"), "{error}");
    Ok(())
}

/// In the salt (page 1 only), the ciphertext, the IV and the HMAC.
#[test]
fn a_flipped_bit_is_refused() -> Result<()> {
    let (_folder, path) = database()?;
    let good = fs::read(&path)?;
    let last = good.len() - PAGE;
    for offset in [
        0,
        16,
        PAGE - 81,
        PAGE - 80,
        PAGE - 1,
        PAGE,
        2 * PAGE + 1_000,
        4 * PAGE - 80,
        4 * PAGE - 64,
        last,
        last + PAGE - 1,
    ] {
        let mut bad = good.clone();
        bad[offset] ^= 0x10;
        fs::write(&path, &bad)?;
        assert!(read(&path, KEY).is_err(), "byte {offset}");
        // A wrong salt means a wrong HMAC key, hence every page is at fault.
        let faults = integrity_faults(&path, KEY)?;
        let expected = if offset < 16 { good.len() / PAGE } else { 1 };
        assert_eq!(faults, expected, "byte {offset}");
    }
    fs::write(&path, &good)?;
    assert_eq!(read(&path, KEY)?, 2_000);
    Ok(())
}

#[test]
fn swapped_pages_are_refused() -> Result<()> {
    let (_folder, path) = database()?;
    let mut file = fs::read(&path)?;
    let (left, right) = file.split_at_mut(4 * PAGE);
    left[3 * PAGE..].swap_with_slice(&mut right[..PAGE]);
    fs::write(&path, &file)?;
    assert!(read(&path, KEY).is_err());
    assert_eq!(integrity_faults(&path, KEY)?, 2);
    Ok(())
}

#[test]
fn passphrase_and_rekey() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("notes.db");
    fill(&path, PASSPHRASE)?;
    assert_eq!(read(&path, PASSPHRASE)?, 2_000);
    assert!(read(&path, "giay kham benh").is_err());

    open(&path, PASSPHRASE)?.pragma_update(None, "rekey", KEY)?;
    assert!(read(&path, PASSPHRASE).is_err());
    assert_eq!(read(&path, KEY)?, 2_000);
    Ok(())
}

#[test]
fn weaker_algorithms_are_refused() -> Result<()> {
    for (name, value) in [
        ("cipher_hmac_algorithm", "HMAC_SHA1"),
        ("cipher_hmac_algorithm", "HMAC_SHA256"),
        ("cipher_kdf_algorithm", "PBKDF2_HMAC_SHA1"),
        ("cipher_kdf_algorithm", "PBKDF2_HMAC_SHA256"),
    ] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("notes.db");
        let db = open(&path, KEY)?;
        db.pragma_update(None, name, value)?;
        assert!(
            db.execute_batch("CREATE TABLE note(body)").is_err(),
            "{value}"
        );
    }
    Ok(())
}

#[test]
fn reads_what_another_implementation_wrote() -> Result<()> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for (name, key) in [("v4-raw-key.db", KEY), ("v4-passphrase.db", PASSPHRASE)] {
        // A copy: nothing may write into the fixture.
        let folder = tempfile::tempdir()?;
        let path = folder.path().join(name);
        fs::copy(fixtures.join(name), &path)?;
        assert_eq!(integrity_faults(&path, key)?, 0, "{name}");
        let db = open(&path, key)?;
        assert_eq!(text(&db, "PRAGMA integrity_check")?, "ok", "{name}");
        assert_eq!(
            text(
                &db,
                "SELECT group_concat(body, ';') FROM note WHERE id IN (1, 40)"
            )?,
            "ghi chú 1;ghi chú 40"
        );
        assert_eq!(
            text(
                &db,
                // The table of a module that is left out here: its rows are there all the same.
                "SELECT c0 FROM note_search_content WHERE id = 37"
            )?,
            "ghi chú 37"
        );
        db.execute("INSERT INTO note(body) VALUES ('41')", [])?;
        drop(db);
        assert_eq!(
            text(&open(&path, key)?, "SELECT count(*) || '' FROM note")?,
            "41"
        );
    }
    Ok(())
}

/// `cargo test -p sokhoe-sqlcipher --release -- --ignored --nocapture measure`
#[test]
#[ignore = "prints a measurement"]
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn measure() -> Result<()> {
    const ROWS: i64 = 50_000;
    for round in 0..3 {
        for key in [None, Some(KEY)] {
            let folder = tempfile::tempdir()?;
            let mut db = Connection::open(folder.path().join("notes.db"))?;
            if let Some(key) = key {
                db.pragma_update(None, "key", key)?;
            }
            // A cache of 2 MB, so that reads reach the cipher.
            db.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2000;
                 CREATE TABLE note(id INTEGER PRIMARY KEY, at INTEGER, body TEXT);
                 CREATE INDEX note_at ON note(at)",
            )?;
            let body = "x".repeat(200);

            let start = Instant::now();
            for chunk in 0..ROWS / 500 {
                let tx = db.transaction()?;
                let mut insert = tx.prepare_cached("INSERT INTO note(at, body) VALUES (?, ?)")?;
                for i in chunk * 500..(chunk + 1) * 500 {
                    insert.execute(params![i * 7_919 % ROWS, body])?;
                }
                drop(insert);
                tx.commit()?;
            }
            let inserts = start.elapsed();

            let start = Instant::now();
            let _: i64 =
                db.query_row("SELECT sum(length(body)) FROM note", [], |row| row.get(0))?;
            let scan = start.elapsed();

            let start = Instant::now();
            let mut get = db.prepare("SELECT length(body) FROM note WHERE id = ?")?;
            for i in 0..20_000 {
                let _: i64 = get.query_row([1 + i * 7_919 % ROWS], |row| row.get(0))?;
            }
            let reads = start.elapsed();

            let name = if key.is_some() {
                "encrypted"
            } else {
                "unkeyed"
            };
            println!(
                "{round} {name}: {ROWS} inserts {inserts:?}, scan {scan:?}, 20000 reads {reads:?}"
            );
        }
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("notes.db");
    let start = Instant::now();
    fill(&path, PASSPHRASE)?;
    println!("new file with a passphrase: {:?}", start.elapsed());
    Ok(())
}
