//! The real file port: a folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sokhoe_domain::ports::{FileLock, FileWriter, VaultFiles};

/// How the name of a half-written file begins: such files are never listed, and those that a crash
/// left are removed when the folder is opened.
const UNFINISHED: &str = ".unfinished-";
/// How the name of a file that only serves as a lock begins.
const LOCK: &str = ".lock-";

/// Vaults in one folder of the file system, which only its owner may enter.
#[derive(Debug, Clone)]
pub struct FolderFiles {
    folder: PathBuf,
}

impl FolderFiles {
    /// The folder, made when it is not there.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        let files = Self {
            folder: folder.as_ref().to_owned(),
        };
        files.clean_up()?;
        Ok(files)
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        if is_name(name) {
            Ok(self.folder.join(name))
        } else {
            Err(io::ErrorKind::InvalidInput.into())
        }
    }

    /// Removes what crashes left half-written: what nobody holds.
    fn clean_up(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED)
                && let Ok(file) = File::open(entry.path())
                && file.try_lock().is_ok()
            {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Makes renames and removals last.
    fn sync_folder(&self) -> io::Result<()> {
        sync_folder(&self.folder)
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Options to open a file that only its owner may read.
fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are of Unix"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A file under a name of its own, renamed when it is whole.
struct Unfinished {
    file: File,
    path: PathBuf,
    folder: PathBuf,
    /// The name it is to have; gone once it has it.
    name: Option<PathBuf>,
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl FileWriter for Unfinished {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some(name) = &self.name {
            fs::rename(&self.path, name)?;
        }
        self.name = None;
        sync_folder(&self.folder)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.name.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The operating system lets go of it when the file closes.
struct Held(#[expect(dead_code, reason = "is held, not used")] File);

impl FileLock for Held {}

/// Whether a text can name a file of a vault everywhere.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=200).contains(&name.len())
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

impl VaultFiles for FolderFiles {
    fn database_path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(name)?) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut writer = self.writer(name)?;
        writer.write_all(bytes)?;
        writer.finish()
    }

    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(name)?;
        let is_new = !path.try_exists()?;
        let mut file = private().append(true).create(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        if is_new {
            self.sync_folder()?;
        }
        Ok(())
    }

    fn reader(&self, name: &str) -> io::Result<Option<Box<dyn Read + Send>>> {
        match File::open(self.path(name)?) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn writer(&self, name: &str) -> io::Result<Box<dyn FileWriter>> {
        // Two processes that write the same file must not write into one another's.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = self.path(name)?;
        let path = self.folder.join(format!(
            "{UNFINISHED}{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        let file = private()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        // For as long as it is being written: tells it from one that a crash left.
        file.lock()?;
        Ok(Box::new(Unfinished {
            file,
            path,
            folder: self.folder.clone(),
            name: Some(name),
        }))
    }

    fn size(&self, name: &str) -> io::Result<Option<u64>> {
        match fs::metadata(self.path(name)?) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        match fs::rename(self.path(from)?, self.path(to)?) {
            Ok(()) => self.sync_folder(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)?) {
            Ok(()) => self.sync_folder(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            if let Ok(name) = entry?.file_name().into_string()
                && is_name(&name)
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn lock(&self, name: &str) -> io::Result<Box<dyn FileLock>> {
        self.path(name)?;
        let file = private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.folder.join(format!("{LOCK}{name}")))?;
        file.lock()?;
        Ok(Box::new(Held(file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_whole_files_and_stays_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let files = FolderFiles::open(folder.path().join("a/b")).unwrap();
        assert_eq!(files.read("x.key").unwrap(), None);
        files.write("x.key", b"one").unwrap();
        files.write("x.key", b"two").unwrap();
        assert_eq!(files.read("x.key").unwrap().unwrap(), b"two");
        assert_eq!(files.list().unwrap(), ["x.key"]);
        files.append("x.log", b"a").unwrap();
        files.append("x.log", b"bc").unwrap();
        assert_eq!(files.size("x.log").unwrap(), Some(3));
        let mut streamed = files.writer("x.blob").unwrap();
        streamed.write_all(b"half").unwrap();
        FolderFiles::open(&files.folder).unwrap();
        let unfinished = || fs::read_dir(&files.folder).unwrap().count();
        assert_eq!(
            unfinished(),
            3,
            "a file that is being written is left alone"
        );
        drop(streamed);
        assert_eq!((unfinished(), files.size("x.blob").unwrap()), (2, None));
        fs::write(files.folder.join(".unfinished-1-1"), b"of a crash").unwrap();
        FolderFiles::open(&files.folder).unwrap();
        assert_eq!(unfinished(), 2);
        assert!(files.reader("x.blob").unwrap().is_none());
        let mut streamed = files.writer("x.blob").unwrap();
        streamed.write_all(b"whole").unwrap();
        streamed.finish().unwrap();
        let mut text = String::new();
        let mut reader = files.reader("x.blob").unwrap().unwrap();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "whole");
        files.rename("x.blob", "y.blob").unwrap();
        files.rename("x.blob", "z.blob").unwrap();
        assert_eq!(files.list().unwrap(), ["x.key", "x.log", "y.blob"]);
        files.remove("x.log").unwrap();
        files.remove("y.blob").unwrap();
        files.remove("x.key").unwrap();
        files.remove("x.key").unwrap();
        assert!(files.list().unwrap().is_empty());
        for bad in ["", "../x", "a/b", ".x", "a\\b", "ă"] {
            assert_eq!(
                files.write(bad, b"").unwrap_err().kind(),
                io::ErrorKind::InvalidInput
            );
        }
    }

    #[test]
    fn a_lock_has_one_holder() {
        let folder = tempfile::tempdir().unwrap();
        let files = FolderFiles::open(folder.path()).unwrap();
        let held = files.lock("x").unwrap();
        let other = files.clone();
        let (sender, receiver) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || {
            let held = other.lock("x").unwrap();
            sender.send(()).unwrap();
            drop(held);
        });
        let _another = files.lock("y").unwrap();
        assert!(
            receiver
                .recv_timeout(std::time::Duration::from_millis(50))
                .is_err()
        );
        drop(held);
        receiver.recv().unwrap();
        waiting.join().unwrap();
        assert!(files.list().unwrap().is_empty());
    }
}
