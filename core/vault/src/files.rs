//! The real file port: a folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sokhoe_domain::ports::VaultFiles;

/// What a half-written file is called: never listed, overwritten by the next try.
const UNFINISHED: &str = ".unfinished-";

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
        Ok(Self {
            folder: folder.as_ref().to_owned(),
        })
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        if is_name(name) {
            Ok(self.folder.join(name))
        } else {
            Err(io::ErrorKind::InvalidInput.into())
        }
    }

    /// Makes renames and removals last.
    fn sync_folder(&self) -> io::Result<()> {
        if cfg!(unix) {
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }
}

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
        let path = self.path(name)?;
        let unfinished = self.folder.join(format!("{UNFINISHED}{name}"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&unfinished, &path)?;
        self.sync_folder()
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
}
