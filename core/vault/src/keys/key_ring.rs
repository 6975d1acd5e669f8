//! The ring itself: what is in memory, and every change of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use sokhoe_domain::ports::{KeyStore, KeyStoreError, Rng, VaultFiles};
use zeroize::Zeroizing;

use super::recovery_code::RecoveryCode;
use super::released;
use super::ring_file::RingFile;
use super::seal::{KEY_LEN, open, seal};
use super::table::{Entry, Table};
use super::vault_key::{VaultKey, random};
use crate::error::VaultError;
use crate::files::is_name;
use crate::rebuild::is_of_rebuilding;

/// The lock under which processes change the ring.
const LOCK: &str = "ring";
/// What the ring key is bound to when it is wrapped for recovery.
const FOR_RECOVERY: &[u8] = b"ring key for recovery";
/// How many names after the newest are tried for a new wrapping key: one that was begun and never used
/// may have become unusable.
const TRIES: u64 = 4;

/// The keys of all vaults of a phone. The key store is asked once, by whoever needs a key first; then the
/// keys stay in memory until [`KeyRing::lock`].
///
/// Nothing but asking for keys and changing the ring waits for the key store: an open vault needs
/// neither.
pub struct KeyRing {
    files: Arc<dyn VaultFiles>,
    keys: Arc<dyn KeyStore>,
    rng: Arc<dyn Rng>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ring: Option<Ring>,
    /// What has a key of this ring in memory.
    users: Vec<Weak<dyn Lockable>>,
    /// How often the ring was locked.
    lockings: u64,
}

/// Something that has keys in memory.
pub(crate) trait Lockable: Send + Sync {
    /// Ends what is under way, closes, and wipes the keys.
    fn lock(&self);
}

/// The ring as it was last read or written.
pub(super) struct Ring {
    file: RingFile,
    secret: Zeroizing<Vec<u8>>,
    table: Table,
}

/// A vault's key as the ring has it.
pub(crate) struct FoundKey {
    pub(crate) key: VaultKey,
    /// The key it is being given.
    pub(crate) next: Option<VaultKey>,
    /// Whether the database was ever whole.
    pub(crate) finished: bool,
    /// For [`KeyRing::watch`].
    pub(crate) locking: u64,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").finish_non_exhaustive()
    }
}

fn alias(number: u64) -> String {
    format!("ring-{number}")
}

/// Whether a vault may have this name: files and keys of the ring must not pass for a vault's.
pub(crate) fn is_vault_name(name: &str) -> bool {
    is_name(name) && name != "ring" && !name.starts_with("ring-") && !name.starts_with("ring.")
}

/// All files of a vault begin with its name and a point.
fn is_of(file: &str, vault: &str) -> bool {
    file.strip_prefix(vault)
        .is_some_and(|rest| rest.starts_with('.'))
}

impl KeyRing {
    /// The ring of these files; locked. One for all vaults of a folder.
    #[must_use]
    pub fn new(files: Arc<dyn VaultFiles>, keys: Arc<dyn KeyStore>, rng: Arc<dyn Rng>) -> Self {
        Self {
            files,
            keys,
            rng,
            state: Mutex::default(),
        }
    }

    /// Closes every vault that was opened with this ring, once the transactions under way have ended, and
    /// wipes all keys from memory. Handles of those vaults answer [`KeyStoreError::Locked`] from now on;
    /// opening a vault again asks the key store again.
    pub fn lock(&self) {
        let users = {
            let mut state = self.state();
            state.ring = None;
            state.lockings += 1;
            std::mem::take(&mut state.users)
        };
        for user in users.iter().filter_map(Weak::upgrade) {
            user.lock();
        }
    }

    /// Whether there is a recovery code. Asks no key store.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when both copies of the ring are damaged, [`VaultError::File`].
    pub fn has_recovery_code(&self) -> Result<bool, VaultError> {
        Ok(RingFile::read(&*self.files)?.is_some_and(|file| !file.recovery.is_empty()))
    }

    /// Makes a recovery code; the one before no longer opens anything.
    ///
    /// # Errors
    /// [`VaultError::Key`], [`VaultError::DiskFull`], [`VaultError::File`]; the code before is still good then, or,
    /// when the disk failed between the two copies of the ring, no longer.
    pub fn make_recovery_code(&self) -> Result<RecoveryCode, VaultError> {
        let code = RecoveryCode::generate(&*self.rng);
        let key = code.key()?;
        // Under a new ring key: an old copy of the file and the old code together open nothing then.
        self.change(true, |mut ring| {
            ring.table.recovery = Some(key);
            self.renewed(ring)
        })?;
        Ok(code)
    }

    /// Opens the ring with a recovery code, when the key store has lost its key, and wraps it by the key
    /// store again: a new key of the store is made, none is deleted.
    ///
    /// # Errors
    /// [`VaultError::NoRecoveryCode`], [`VaultError::WrongRecoveryCode`], [`VaultError::Corrupt`],
    /// [`VaultError::Key`], [`VaultError::File`]; nothing was changed then.
    pub fn recover(&self, code: &RecoveryCode) -> Result<(), VaultError> {
        let key = code.key()?;
        let mut state = self.state();
        let _turn = self.files.lock(LOCK)?;
        let file = RingFile::read(&*self.files)?.ok_or(VaultError::NoRecoveryCode)?;
        if file.recovery.is_empty() {
            return Err(VaultError::NoRecoveryCode);
        }
        let secret =
            open(&key, FOR_RECOVERY, &file.recovery).ok_or(VaultError::WrongRecoveryCode)?;
        let mut ring = Ring::open(file, secret).ok_or(VaultError::Corrupt)?;
        ring.table.recovery = Some(key);
        let ring = self.renewed(ring)?;
        ring.file.write(&*self.files)?;
        state.ring = Some(ring);
        // The names before it are no longer needed; what the key store has of them goes when it can.
        let _ = self.finish(&mut state.ring);
        Ok(())
    }

    /// Puts everything under a new ring key. Old copies of the ring file open nothing afterwards.
    ///
    /// # Errors
    /// [`VaultError::Key`], [`VaultError::File`], [`VaultError::DiskFull`]; everything stays readable, and
    /// repeating it ends what was interrupted.
    pub fn rotate(&self) -> Result<(), VaultError> {
        self.change(false, |ring| self.renewed(ring))
    }

    /// Destroys all keys, then all files of all vaults. Does not need the keys, so it works when the key
    /// store has lost them. Drop every handle before.
    ///
    /// # Errors
    /// [`VaultError::Key`], [`VaultError::File`]: what is left is taken away by repeating it.
    pub fn erase_everything(&self) -> Result<(), VaultError> {
        self.lock();
        let mut state = self.state();
        let _turn = self.files.lock(LOCK)?;
        state.ring = None;
        let names = self.files.list()?;
        // A damaged ring does not say its numbers. Those that a phone can have reached in life are few.
        let last = match RingFile::read(&*self.files) {
            Ok(Some(file)) => Some((file.oldest, file.number + TRIES)),
            Ok(None) => None,
            Err(_) => Some((1, 1_000)),
        };
        if let Some((oldest, last)) = last {
            for number in oldest..=last {
                self.keys.delete(&alias(number))?;
            }
        }
        let vaults = names.iter().filter_map(|name| {
            name.strip_suffix(".db")
                .or_else(|| name.strip_suffix(".key"))
        });
        for vault in vaults {
            self.keys.delete(vault)?;
        }
        // The ring last: as long as it is there, repeating this finds the names of its keys.
        let (ring, others): (Vec<_>, Vec<_>) = names
            .into_iter()
            .partition(|name| name == "ring" || is_of(name, "ring"));
        for name in others.iter().chain(&ring) {
            self.files.remove(name)?;
        }
        Ok(())
    }

    /// The key of a vault; nothing when there is none.
    pub(crate) fn find(&self, name: &str) -> Result<Option<FoundKey>, VaultError> {
        let mut state = self.state();
        self.load(&mut state.ring)?;
        let locking = state.lockings;
        let ring = state.ring.as_ref();
        let entry = ring.and_then(|ring| ring.table.vaults.get(name));
        if entry.is_some_and(Entry::is_covered) {
            return Err(VaultError::LeaseOver);
        }
        let known = |ring: &Option<Ring>| {
            let entry = ring.as_ref()?.table.vaults.get(name)?;
            Some(FoundKey {
                key: entry.key.duplicate(),
                next: entry.next.as_ref().map(VaultKey::duplicate),
                finished: entry.finished,
                locking,
            })
        };
        let released = self.files.size(&released::file_of(name))?.is_some();
        if let Some(found) = known(&state.ring) {
            // A crash came between taking the key over and removing the file.
            if released
                && let Ok(Some(entry)) = released::read(&*self.files, &*self.keys, name)
                && entry.key == found.key
            {
                released::remove(&*self.files, &*self.keys, name);
            }
            return Ok(Some(found));
        }
        if !released {
            return Ok(None);
        }
        let Some(entry) = released::read(&*self.files, &*self.keys, name)? else {
            return Ok(None);
        };
        self.change_loaded(&mut state.ring, true, |mut ring| {
            ring.table.vaults.entry(name.to_owned()).or_insert(entry);
            Ok(ring)
        })?;
        released::remove(&*self.files, &*self.keys, name);
        Ok(known(&state.ring))
    }

    /// A new key for a vault, on disk before this returns. One that is there already stays.
    pub(crate) fn add(&self, name: &str) -> Result<FoundKey, VaultError> {
        self.change(true, |mut ring| {
            ring.table.erasing.retain(|erasing| erasing != name);
            ring.table
                .vaults
                .entry(name.to_owned())
                .or_insert_with(|| Entry {
                    key: VaultKey::generate(&*self.rng),
                    next: None,
                    finished: false,
                    lease: None,
                });
            Ok(ring)
        })?;
        self.find(name)?
            .ok_or(VaultError::Key(KeyStoreError::Missing))
    }

    /// Notes whether the database of a vault is whole.
    pub(crate) fn set_finished(&self, name: &str, finished: bool) -> Result<(), VaultError> {
        self.change_entry(name, |entry| entry.finished = finished)
    }

    /// Gives a vault a next key, unless it has one already.
    pub(crate) fn begin_rotation(&self, name: &str) -> Result<(), VaultError> {
        self.change_entry(name, |entry| {
            let next = || entry.key.successor(&*self.rng);
            entry.next = Some(entry.next.take().unwrap_or_else(next));
        })
    }

    /// The database is under the next key now.
    pub(crate) fn end_rotation(&self, name: &str) -> Result<(), VaultError> {
        self.change_entry(name, |entry| {
            if let Some(next) = entry.next.take() {
                entry.key = next;
            }
        })
    }

    /// Destroys the key of a vault, then its files.
    pub(crate) fn erase(&self, name: &str) -> Result<(), VaultError> {
        let mut state = self.state();
        self.load(&mut state.ring)?;
        if let Some(ring) = &state.ring
            && ring.table.vaults.contains_key(name)
        {
            self.change_loaded(&mut state.ring, false, |mut ring| {
                ring.table.vaults.remove(name);
                ring.table.erasing.push(name.to_owned());
                self.renewed(ring)
            })
        } else {
            let _turn = self.files.lock(LOCK)?;
            self.finish(&mut state.ring)?;
            self.remove_remains(name)
        }
    }

    /// From now on [`KeyRing::lock`] reaches what has the key that was found.
    pub(crate) fn watch(&self, locking: u64, user: Weak<dyn Lockable>) -> Result<(), VaultError> {
        let mut state = self.state();
        if state.lockings != locking {
            return Err(VaultError::Key(KeyStoreError::Locked));
        }
        state.users.retain(|user| user.strong_count() > 0);
        state.users.push(user);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes what is in memory what is on disk; asks the key store only for a ring key that is not in
    /// memory.
    fn load(&self, slot: &mut Option<Ring>) -> Result<(), VaultError> {
        let Some(file) = RingFile::read(&*self.files)? else {
            *slot = None;
            return Ok(());
        };
        if let Some(ring) = slot {
            if ring.file == file {
                return Ok(());
            }
            if ring.file.number == file.number
                && let Some(again) = Ring::open(file.clone(), ring.secret.clone())
            {
                *ring = again;
                return Ok(());
            }
        }
        let secret = self.keys.unwrap(&alias(file.number), &file.wrapped)?;
        *slot = Some(Ring::open(file, secret).ok_or(VaultError::WrongKey)?);
        // What an interrupted change left to do. It is tried again at the next opening.
        if let Ok(_turn) = self.files.lock(LOCK) {
            let _ = self.finish(slot);
        }
        Ok(())
    }

    /// Asks the key store anew for the key that it has of the ring, so that the phone asks its person (a finger, a face, a
    /// code), though the books are open. Changes nothing.
    ///
    /// # Errors
    /// [`VaultError::Key`] where the person does not show that they are there; [`VaultError::WrongKey`].
    pub fn ask_anew(&self) -> Result<(), VaultError> {
        let Some(file) = RingFile::read(&*self.files)? else {
            return Ok(());
        };
        let secret = self.keys.unwrap(&alias(file.number), &file.wrapped)?;
        let ring = Ring::open(file, secret).ok_or(VaultError::WrongKey)?;
        drop(ring);
        Ok(())
    }

    /// What is to be known of a vault's entry; nothing when there is none.
    pub(super) fn entry<T>(
        &self,
        name: &str,
        know: impl Fn(&Entry) -> T,
    ) -> Result<Option<T>, VaultError> {
        let mut state = self.state();
        self.load(&mut state.ring)?;
        let ring = state.ring.as_ref();
        Ok(ring.and_then(|ring| ring.table.vaults.get(name)).map(know))
    }

    pub(super) fn change(
        &self,
        make: bool,
        work: impl FnOnce(Ring) -> Result<Ring, VaultError>,
    ) -> Result<(), VaultError> {
        let mut state = self.state();
        self.load(&mut state.ring)?;
        self.change_loaded(&mut state.ring, make, work)
    }

    fn change_entry(&self, name: &str, work: impl FnOnce(&mut Entry)) -> Result<(), VaultError> {
        self.change(false, |mut ring| {
            let entry = ring.table.vaults.get_mut(name);
            work(entry.ok_or(VaultError::Key(KeyStoreError::Missing))?);
            Ok(ring)
        })
    }

    /// Changes the ring, on disk before this returns. Under the lock, and from what is on disk, so that no change of
    /// another process is lost. What is in memory stays as it was when the change fails.
    fn change_loaded(
        &self,
        slot: &mut Option<Ring>,
        make: bool,
        work: impl FnOnce(Ring) -> Result<Ring, VaultError>,
    ) -> Result<(), VaultError> {
        let _turn = self.files.lock(LOCK)?;
        let base = match (RingFile::read(&*self.files)?, &*slot) {
            (Some(file), Some(ring)) => match Ring::open(file.clone(), ring.secret.clone()) {
                Some(base) => base,
                None => {
                    let secret = self.keys.unwrap(&alias(file.number), &file.wrapped)?;
                    Ring::open(file, secret).ok_or(VaultError::WrongKey)?
                }
            },
            (Some(file), None) => {
                let secret = self.keys.unwrap(&alias(file.number), &file.wrapped)?;
                Ring::open(file, secret).ok_or(VaultError::WrongKey)?
            }
            (None, _) if make => self.first()?,
            (None, _) => return Err(VaultError::Key(KeyStoreError::Missing)),
        };
        let number = base.file.number;
        let mut ring = work(base)?;
        ring.seal(&*self.rng)?;
        ring.file.write(&*self.files)?;
        let renewed = ring.file.number != number;
        *slot = Some(ring);
        if renewed { self.finish(slot) } else { Ok(()) }
    }

    /// A ring for a phone that has none. Not for one that has lost it: the files of the ring may come back.
    fn first(&self) -> Result<Ring, VaultError> {
        let names = self.files.list()?;
        let lost = names.iter().any(|name| {
            name.strip_suffix(".db")
                .is_some_and(|vault| !names.contains(&released::file_of(vault)))
        });
        if lost {
            return Err(VaultError::Key(KeyStoreError::Missing));
        }
        self.renewed(Ring {
            file: RingFile {
                number: 0,
                oldest: 1,
                wrapped: Vec::new(),
                recovery: Vec::new(),
                sealed: Vec::new(),
            },
            secret: Zeroizing::new(Vec::new()),
            table: Table::default(),
        })
    }

    /// The same table under a new ring key, which the key store has wrapped.
    pub(super) fn renewed(&self, ring: Ring) -> Result<Ring, VaultError> {
        let secret = random(&*self.rng, KEY_LEN);
        let mut number = ring.file.number + 1;
        let wrapped = loop {
            match self.keys.wrap(&alias(number), &secret) {
                Err(KeyStoreError::Invalidated | KeyStoreError::Missing)
                    if number < ring.file.number + TRIES =>
                {
                    number += 1;
                }
                wrapped => break wrapped?,
            }
        };
        let recovery = match &ring.table.recovery {
            Some(key) => seal(&*self.rng, key, FOR_RECOVERY, &secret)?,
            None => Vec::new(),
        };
        let mut ring = Ring {
            file: RingFile {
                number,
                oldest: ring.file.oldest,
                wrapped,
                recovery,
                sealed: Vec::new(),
            },
            secret,
            table: ring.table,
        };
        ring.seal(&*self.rng)?;
        Ok(ring)
    }

    /// Takes away what the ring no longer needs: keys of before, and what is left of erased vaults. The
    /// lock is held.
    fn finish(&self, slot: &mut Option<Ring>) -> Result<(), VaultError> {
        let Some(ring) = slot else {
            return Ok(());
        };
        if ring.file.oldest == ring.file.number && ring.table.erasing.is_empty() {
            return Ok(());
        }
        if RingFile::read(&*self.files)?.as_ref() != Some(&ring.file) {
            return Ok(());
        }
        // Both copies must be of this key before the ones before it go.
        ring.file.write(&*self.files)?;
        for number in ring.file.oldest..ring.file.number {
            self.keys.delete(&alias(number))?;
        }
        for name in &ring.table.erasing {
            self.remove_remains(name)?;
        }
        ring.file.oldest = ring.file.number;
        ring.table.erasing.clear();
        ring.seal(&*self.rng)?;
        ring.file.write(&*self.files)
    }

    /// Of a vault without a key in the ring: its counter, a key of the released form, its files.
    fn remove_remains(&self, name: &str) -> Result<(), VaultError> {
        self.keys.delete(name)?;
        let files = self.files.list()?;
        // `me.db` is of `me`, but `me.too.db` is of `me.too`.
        let is_of_another = |file: &str| {
            let databases = files.iter().filter(|file| !is_of_rebuilding(file, name));
            databases
                .filter_map(|file| file.strip_suffix(".db"))
                .filter(|other| is_of(other, name))
                .any(|other| is_of(file, other))
        };
        for file in &files {
            if is_of(file, name) && !is_of_another(file) {
                self.files.remove(file)?;
            }
        }
        Ok(())
    }
}

impl Ring {
    pub(super) fn entry(&mut self, name: &str) -> Option<&mut Entry> {
        self.table.vaults.get_mut(name)
    }

    /// Nothing when the key is not that of the file.
    fn open(file: RingFile, secret: Zeroizing<Vec<u8>>) -> Option<Self> {
        let table = Table::read(&open(&secret, &file.head(), &file.sealed)?)?;
        Some(Self {
            file,
            secret,
            table,
        })
    }

    fn seal(&mut self, rng: &dyn Rng) -> Result<(), VaultError> {
        self.file.sealed = seal(rng, &self.secret, &self.file.head(), &self.table.write())?;
        Ok(())
    }
}
