//! The disk as the vault's port, step by step as a folder of a real file system does it.

use std::io::{self, Cursor, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use sokhoe_domain::ports::{FileLock, FileWriter, VaultFiles};

use super::medium::{FileId, Operation};
use super::{Shared, SimDisk, State, vfs};

/// How the name of a file begins that is not whole yet: it is not listed.
const UNFINISHED: &str = ".unfinished-";

fn check_name(name: &str) -> io::Result<()> {
    let is_name = (1..=200).contains(&name.len())
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if is_name {
        Ok(())
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

impl State {
    fn append(&mut self, file: FileId, bytes: &[u8]) -> io::Result<()> {
        let offset = self.medium.length(file);
        Ok(self.perform(Operation::Write {
            file,
            offset,
            bytes: bytes.into(),
        })?)
    }
}

impl VaultFiles for SimDisk {
    fn database_path(&self, name: &str) -> PathBuf {
        vfs::path(&self.shared, name).into()
    }

    fn sqlite_vfs(&self) -> Option<&str> {
        Some(vfs::NAME)
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        check_name(name)?;
        let mut state = self.state();
        state.check_read()?;
        let file = state.medium.find(name);
        Ok(file.map(|file| state.medium.bytes(file)))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut writer = self.writer(name)?;
        writer.write_all(bytes)?;
        writer.finish()
    }

    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        check_name(name)?;
        let mut state = self.state();
        let known = state.medium.find(name);
        let file = match known {
            Some(file) => file,
            None => state.create(name)?,
        };
        state.append(file, bytes)?;
        state.perform(Operation::SyncFile { file })?;
        if known.is_none() {
            state.perform(Operation::SyncFolder)?;
        }
        Ok(())
    }

    fn reader(&self, name: &str) -> io::Result<Option<Box<dyn Read + Send>>> {
        let bytes = self.read(name)?;
        Ok(bytes.map(|bytes| Box::new(Cursor::new(bytes)) as Box<dyn Read + Send>))
    }

    fn writer(&self, name: &str) -> io::Result<Box<dyn FileWriter>> {
        check_name(name)?;
        let mut state = self.state();
        let unfinished = format!("{UNFINISHED}{}", state.next_file);
        let file = state.create(&unfinished)?;
        drop(state);
        Ok(Box::new(Unfinished {
            disk: Arc::clone(&self.shared),
            file,
            unfinished,
            name: Some(name.to_owned()),
        }))
    }

    fn size(&self, name: &str) -> io::Result<Option<u64>> {
        check_name(name)?;
        let mut state = self.state();
        state.check_read()?;
        let file = state.medium.find(name);
        Ok(file.map(|file| state.medium.length(file) as u64))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        check_name(from)?;
        check_name(to)?;
        let mut state = self.state();
        if state.medium.find(from).is_none() {
            return Ok(());
        }
        state.perform(Operation::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        })?;
        Ok(state.perform(Operation::SyncFolder)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        check_name(name)?;
        let mut state = self.state();
        if state.medium.find(name).is_none() {
            return Ok(());
        }
        state.perform(Operation::Remove {
            name: name.to_owned(),
        })?;
        Ok(state.perform(Operation::SyncFolder)?)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.check_read()?;
        let names = state.medium.names.keys();
        Ok(names
            .filter(|name| check_name(name).is_ok())
            .cloned()
            .collect())
    }

    fn lock(&self, name: &str) -> io::Result<Box<dyn FileLock>> {
        check_name(name)?;
        let mut state = self.state();
        while !state.held.insert(name.to_owned()) {
            state = self
                .shared
                .unlocked
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        Ok(Box::new(Held {
            disk: Arc::clone(&self.shared),
            name: name.to_owned(),
        }))
    }
}

/// A file under a name of its own, renamed when it is whole.
struct Unfinished {
    disk: Arc<Shared>,
    file: FileId,
    unfinished: String,
    /// The name it is to have; gone once it has it.
    name: Option<String>,
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.state().append(self.file, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FileWriter for Unfinished {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let mut state = self.disk.state();
        state.perform(Operation::SyncFile { file: self.file })?;
        if let Some(name) = &self.name {
            state.perform(Operation::Rename {
                from: self.unfinished.clone(),
                to: name.clone(),
            })?;
        }
        let synced = state.perform(Operation::SyncFolder);
        drop(state);
        self.name = None;
        Ok(synced?)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.name.is_some() {
            let _ = self.disk.state().perform(Operation::Remove {
                name: self.unfinished.clone(),
            });
        }
    }
}

struct Held {
    disk: Arc<Shared>,
    name: String,
}

impl FileLock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.disk.state().held.remove(&self.name);
        self.disk.unlocked.notify_all();
    }
}
