//! Folders of this computer that only their owner may look into.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sokhoe_app::SystemRng;
use sokhoe_domain::ports::Rng as _;

use crate::failure::Failure;

/// Makes a folder and its parents when they are not there; the new one is private.
///
/// # Errors
/// [`Failure::File`]
pub(crate) fn make_private(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(Failure::file(path))
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// [`Failure::File`]
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = |mut file: fs::File| file.write_all(text.as_bytes());
    options
        .open(path)
        .and_then(write)
        .map_err(Failure::file(path))
}

/// A folder for one run. A temporary one is removed at the end, one that was asked for stays.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    temporary: bool,
}

impl RunFolder {
    /// The folder that was asked for, which must be empty or absent, or else a temporary one.
    ///
    /// # Errors
    /// [`Failure::File`]; `folder-not-empty`.
    pub fn open(asked: Option<PathBuf>) -> Result<Self, Failure> {
        let temporary = asked.is_none();
        let path = asked.unwrap_or_else(unused_name);
        make_private(&path)?;
        let mut inside = fs::read_dir(&path).map_err(Failure::file(&path))?;
        if inside.next().is_some() {
            return Err(Failure::Said(
                "folder-not-empty",
                vec![("path", path.display().to_string())],
            ));
        }
        Ok(Self { path, temporary })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed lies in the system's folder for temporary things.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn unused_name() -> PathBuf {
    let mut random = [0; 6];
    SystemRng::default().fill(&mut random);
    let name: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    std::env::temp_dir().join(format!("sokhoe-{name}"))
}

/// Bytes of all files below a folder.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn bytes_below(path: &Path) -> io::Result<u64> {
    fs::read_dir(path)?.try_fold(0, |sum, entry| {
        let entry = entry?;
        let inside = if entry.file_type()?.is_dir() {
            bytes_below(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
        Ok(sum + inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_is_private_and_goes_away() {
        let folder = RunFolder::open(None).unwrap();
        let path = folder.path().to_owned();
        fs::write(path.join("a"), "12345").unwrap();
        assert_eq!(bytes_below(&path).unwrap(), 5);
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions())
                & 0o077,
            0
        );
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let folder = tempfile::TempDir::new().unwrap();
        fs::write(folder.path().join("precious"), "x").unwrap();
        assert!(matches!(
            RunFolder::open(Some(folder.path().to_owned())),
            Err(Failure::Said("folder-not-empty", _))
        ));
        assert!(folder.path().join("precious").exists());
    }
}
