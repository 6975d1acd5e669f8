//! Damaged files: noticed or harmless, never a panic, never deleted.

use sokhoe_domain::ResourceKey;
use sokhoe_domain::ports::KeyStore as _;
use sokhoe_testing::SeededRng;

use super::{Phone, all, apply, clinic, put, row};
use crate::{EntryQuery, Vault, VaultError};

/// Everything the vault gives, as one text.
fn read_all(vault: &Vault) -> Result<String, VaultError> {
    let mut text = String::new();
    let mut query = EntryQuery { limit: 50, ..all() };
    loop {
        let page = vault.search("chung", &query)?;
        for row in &page.rows {
            let (_, resource) = vault.entry(row.id)?.ok_or(VaultError::Corrupt)?;
            text.push_str(&resource.json);
        }
        query.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    text.push_str(&format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        vault.entries(&all())?,
        vault.counts()?,
        vault.trend("test|value", 9)?,
        vault.cursor(&clinic("a"))?,
        vault.set_aside()?,
        vault
            .resource(&clinic("a"), &ResourceKey::new("Observation", "r7"))?
            .is_some(),
        vault.events()?,
    ));
    Ok(text)
}

#[test]
fn damage_is_noticed_or_harmless() {
    let phone = Phone::new();
    let vault = phone.create();
    let resources: Vec<_> = (0..300)
        .map(|n| {
            (
                format!("r{n}"),
                row(&format!("r{n}"), 1, &format!("chung số {n}"), n),
            )
        })
        .collect();
    let changes: Vec<_> = resources
        .iter()
        .map(|(id, json)| put(id, 1, json))
        .collect();
    apply(&vault, "a", &changes, "c1");
    apply(&vault, "a", &[put("bad", 1, "?")], "c2");
    let whole = read_all(&vault).unwrap();
    drop(vault);
    let good = std::fs::read(phone.path("me.db")).unwrap();

    let random = SeededRng::new(7);
    let below = |bound: usize| usize::try_from(random.next() % (bound as u64)).unwrap();
    std::fs::write(phone.path("me.db"), b"").unwrap();
    assert_eq!(phone.open().unwrap_err(), VaultError::Corrupt);
    let (mut noticed, mut harmless) = (0, 0);
    for round in 0..400 {
        let mut file = good.clone();
        match round % 4 {
            // A bit, anywhere.
            0 | 1 => {
                let at = below(file.len());
                file[at] ^= 1 << below(8);
            }
            // The end is missing.
            2 => file.truncate(below(file.len())),
            // Two pages changed places.
            _ => {
                let pages = file.len() / 4_096;
                let (a, b) = (below(pages), below(pages));
                for at in 0..4_096 {
                    file.swap(a * 4_096 + at, b * 4_096 + at);
                }
            }
        }
        std::fs::write(phone.path("me.db"), &file).unwrap();
        // That each round puts an older copy back is not what this asks.
        phone.keys.delete("me").unwrap();
        match phone.open().and_then(|vault| read_all(&vault)) {
            Ok(text) => {
                assert!(text == whole, "round {round}");
                harmless += 1;
            }
            Err(VaultError::Corrupt | VaultError::WrongKey) => noticed += 1,
            Err(error) => panic!("round {round}: {error:?}"),
        }
        assert!(phone.path("me.db").exists() && phone.path("ring").exists());
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(phone.path(&format!("me.db{end}")));
        }
    }
    assert!(
        noticed > 200 && harmless > 0,
        "{noticed} noticed, {harmless} harmless"
    );

    // Page 1 is damaged, its salt is right: damage. The salt is wrong, the rest right: harmless.
    let mut file = good.clone();
    file[500] ^= 1;
    std::fs::write(phone.path("me.db"), &file).unwrap();
    assert_eq!(phone.open().unwrap_err(), VaultError::Corrupt);
    assert_eq!(std::fs::read(phone.path("me.db")).unwrap(), file);
    let mut file = good;
    file[3] ^= 1;
    std::fs::write(phone.path("me.db"), &file).unwrap();
    phone.keys.delete("me").unwrap();
    assert_eq!(read_all(&phone.open().unwrap()).unwrap(), whole);
}

#[test]
fn a_damaged_ring_is_read_from_its_copy_and_two_damaged_ones_are_kept() {
    let phone = Phone::new();
    drop(phone.create());
    let good = std::fs::read(phone.path("ring")).unwrap();
    assert_eq!(std::fs::read(phone.path("ring.copy")).unwrap(), good);
    let damaged = (0..good.len()).map(|at| {
        let mut bad = good.clone();
        bad[at] ^= 1;
        bad
    });
    let truncated = (0..good.len()).map(|length| good[..length].to_vec());
    for bad in damaged.chain(truncated) {
        std::fs::write(phone.path("ring"), &bad).unwrap();
        assert!(phone.restarted().ring.find("me").unwrap().is_some());
        std::fs::write(phone.path("ring.copy"), &bad).unwrap();
        let ports = phone.restarted();
        assert_eq!(Vault::open(&ports, "me").unwrap_err(), VaultError::Corrupt);
        assert_eq!(
            Vault::create(&ports, "you").unwrap_err(),
            VaultError::Corrupt
        );
        for name in ["ring", "ring.copy"] {
            assert_eq!(std::fs::read(phone.path(name)).unwrap(), bad);
        }
        std::fs::write(phone.path("ring.copy"), &good).unwrap();
    }
    std::fs::remove_file(phone.path("ring")).unwrap();
    drop(Vault::open(&phone.restarted(), "me").unwrap());
    // The next change mends the first copy.
    drop(Vault::create(&phone.ports, "you").unwrap());
    let mended = std::fs::read(phone.path("ring")).unwrap();
    assert_eq!(std::fs::read(phone.path("ring.copy")).unwrap(), mended);
}
