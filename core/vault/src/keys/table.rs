//! What the ring file holds under the ring key: the keys of the vaults.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::seal::KEY_LEN;
use super::vault_key::VaultKey;

/// A vault's place in the ring.
pub(super) struct Entry {
    pub(super) key: VaultKey,
    /// The key it is being given, while that is under way.
    pub(super) next: Option<VaultKey>,
    /// Whether the database was ever whole. One that is empty although it was finished was lost, and
    /// must not pass for a new one.
    pub(super) finished: bool,
    /// Of a book that is kept under a lease.
    pub(super) lease: Option<LeaseKey>,
}

/// The clinic's half of what opens a book that is kept under a lease.
pub(super) enum LeaseKey {
    /// The lease lasts, and the key of the vault is whole.
    Here(Zeroizing<Vec<u8>>),
    /// The lease is over: the vault's key is covered by it. Whoever brings the one with this hash uncovers it.
    Away([u8; 32]),
}

impl Entry {
    /// Whether the key opens nothing until a lease key is brought.
    pub(super) const fn is_covered(&self) -> bool {
        matches!(&self.lease, Some(LeaseKey::Away(_)))
    }
}

/// The keys of a phone.
#[derive(Default)]
pub(super) struct Table {
    /// What the recovery code gives, so that a new ring key is wrapped again without the code.
    pub(super) recovery: Option<Zeroizing<Vec<u8>>>,
    pub(super) vaults: BTreeMap<String, Entry>,
    /// Vaults whose keys are gone and of which files may be left.
    pub(super) erasing: Vec<String>,
}

const FINISHED: u8 = 1;
const HAS_NEXT: u8 = 2;
const LEASE_KEY_HERE: u8 = 4;
const LEASE_KEY_AWAY: u8 = 8;

impl Table {
    pub(super) fn write(&self) -> Zeroizing<Vec<u8>> {
        // As large as it gets: a vector that grew would leave copies behind.
        let names = self.vaults.keys().chain(&self.erasing);
        let size = names.map(|name| 2 + name.len()).sum::<usize>()
            + self.vaults.len() * (2 * VaultKey::LEN + KEY_LEN)
            + KEY_LEN
            + 16;
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        bytes.push(u8::from(self.recovery.is_some()));
        if let Some(recovery) = &self.recovery {
            bytes.extend_from_slice(recovery);
        }
        write_count(&mut bytes, self.vaults.len());
        for (name, entry) in &self.vaults {
            write_name(&mut bytes, name);
            let next = if entry.next.is_some() { HAS_NEXT } else { 0 };
            let lease = match &entry.lease {
                None => 0,
                Some(LeaseKey::Here(_)) => LEASE_KEY_HERE,
                Some(LeaseKey::Away(_)) => LEASE_KEY_AWAY,
            };
            bytes.push((u8::from(entry.finished) * FINISHED) | next | lease);
            bytes.extend_from_slice(entry.key.bytes());
            if let Some(next) = &entry.next {
                bytes.extend_from_slice(next.bytes());
            }
            match &entry.lease {
                None => {}
                Some(LeaseKey::Here(key)) => bytes.extend_from_slice(key),
                Some(LeaseKey::Away(hash)) => bytes.extend_from_slice(hash),
            }
        }
        write_count(&mut bytes, self.erasing.len());
        for name in &self.erasing {
            write_name(&mut bytes, name);
        }
        bytes
    }

    /// Nothing when the bytes are not a table.
    pub(super) fn read(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let recovery = match take(bytes, 1)? {
            [0] => None,
            [1] => Some(Zeroizing::new(take(bytes, KEY_LEN)?.to_vec())),
            _ => return None,
        };
        let mut vaults = BTreeMap::new();
        for _ in 0..read_count(bytes)? {
            let name = read_name(bytes)?;
            let &[flags] = take(bytes, 1)? else {
                return None;
            };
            let key = VaultKey::from_bytes(take(bytes, VaultKey::LEN)?)?;
            let next = if flags & HAS_NEXT == 0 {
                None
            } else {
                Some(VaultKey::from_bytes(take(bytes, VaultKey::LEN)?)?)
            };
            let finished = flags & FINISHED != 0;
            let lease = match flags & (LEASE_KEY_HERE | LEASE_KEY_AWAY) {
                0 => None,
                LEASE_KEY_HERE => Some(LeaseKey::Here(Zeroizing::new(
                    take(bytes, KEY_LEN)?.to_vec(),
                ))),
                LEASE_KEY_AWAY => Some(LeaseKey::Away(take(bytes, KEY_LEN)?.try_into().ok()?)),
                _ => return None,
            };
            vaults.insert(
                name,
                Entry {
                    key,
                    next,
                    finished,
                    lease,
                },
            );
        }
        let erasing = (0..read_count(bytes)?)
            .map(|_| read_name(bytes))
            .collect::<Option<_>>()?;
        bytes.is_empty().then_some(Self {
            recovery,
            vaults,
            erasing,
        })
    }
}

fn write_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

/// Names of files are at most 200 bytes long.
fn write_name(bytes: &mut Vec<u8>, name: &str) {
    bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(name.as_bytes());
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn read_count(bytes: &mut &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(take(bytes, 4)?.try_into().ok()?))
}

fn read_name(bytes: &mut &[u8]) -> Option<String> {
    let &[length] = take(bytes, 1)? else {
        return None;
    };
    String::from_utf8(take(bytes, length.into())?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use sokhoe_testing::SeededRng;

    use super::*;

    #[test]
    fn a_table_comes_back_and_no_beginning_of_it_passes_for_one() {
        let rng = SeededRng::new(1);
        let key = VaultKey::generate(&rng);
        let mut table = Table {
            recovery: Some(super::super::vault_key::random(&rng, KEY_LEN)),
            erasing: vec!["gone".to_owned()],
            ..Table::default()
        };
        let entry = |next, finished| Entry {
            key: key.duplicate(),
            next,
            finished,
            lease: None,
        };
        let next = key.successor(&rng);
        assert!(next != key && next.bytes()[32..] == key.bytes()[32..]);
        table.vaults.insert("a".to_owned(), entry(None, true));
        table
            .vaults
            .insert("b".to_owned(), entry(Some(next), false));
        let here = LeaseKey::Here(super::super::vault_key::random(&rng, KEY_LEN));
        for (name, lease) in [("c", here), ("d", LeaseKey::Away([7; 32]))] {
            let leased = Entry {
                lease: Some(lease),
                ..entry(None, true)
            };
            table.vaults.insert(name.to_owned(), leased);
        }
        let bytes = table.write();
        let read = Table::read(&bytes).unwrap();
        assert_eq!(*read.write(), *bytes);
        assert!(read.vaults["a"].finished && read.vaults["b"].next.is_some());
        assert!(matches!(&read.vaults["d"].lease, Some(LeaseKey::Away(hash)) if *hash == [7; 32]));
        for length in 0..bytes.len() {
            assert!(Table::read(&bytes[..length]).is_none(), "{length}");
        }
    }
}
