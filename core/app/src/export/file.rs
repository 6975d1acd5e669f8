//! The real file that an app asks for: whole under its name, or not there at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::sink::cannot_write;
use crate::error::AppError;

/// What to do when there is a file of the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and fail.
    Keep,
    /// Put the new one in its place.
    Replace,
}

/// Writes a file that has its name only once all of it is on disk; only its owner may read it. Like
/// [`crate::system_ports`] this is the outside world: it is for apps, the use cases write to a
/// [`Write`].
///
/// # Errors
/// [`AppError::CannotWrite`], [`AppError::DiskFull`], what `write` gives. Whatever had the name is left
/// as it was then, and nothing else is left behind.
pub fn write_file(
    path: &Path,
    existing: Existing,
    write: impl FnOnce(&mut dyn Write) -> Result<(), AppError>,
) -> Result<(), AppError> {
    if existing == Existing::Keep && path.symlink_metadata().is_ok() {
        return Err(cannot_write(io::ErrorKind::AlreadyExists.into()));
    }
    let unfinished = Unfinished::beside(path)?;
    let mut out = BufWriter::new(&unfinished.file);
    write(&mut out)?;
    out.flush().map_err(cannot_write)?;
    drop(out);
    unfinished.file.sync_all().map_err(cannot_write)?;
    match existing {
        Existing::Replace => fs::rename(&unfinished.path, path),
        // Unlike a renaming, a link fails when somebody took the name meanwhile.
        Existing::Keep => match fs::hard_link(&unfinished.path, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                // A card or a share without links.
                fs::rename(&unfinished.path, path)
            }
            linked => linked,
        },
    }
    .map_err(cannot_write)
}

/// A file that is gone when it is dropped, unless it has got another name.
struct Unfinished {
    path: PathBuf,
    file: File,
}

impl Unfinished {
    fn beside(path: &Path) -> Result<Self, AppError> {
        let mut name = OsString::from(".");
        name.push(
            path.file_name()
                .ok_or_else(|| cannot_write(io::ErrorKind::InvalidInput.into()))?,
        );
        name.push(".unfinished");
        let path = path.with_file_name(name);
        // Left by a process that died.
        let _ = fs::remove_file(&path);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(cannot_write)?;
        Ok(Self { path, file })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect()
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Sổ của mẹ.html");
        let half = write_file(&path, Existing::Keep, |out| {
            out.write_all(b"half").unwrap();
            Err(AppError::DiskFull)
        });
        assert_eq!(half, Err(AppError::DiskFull));
        assert!(names(folder.path()).is_empty());
        let whole = |text: &'static [u8], existing| {
            write_file(&path, existing, |out| {
                out.write_all(text).map_err(cannot_write)
            })
        };
        whole(b"first", Existing::Keep).unwrap();
        assert_eq!(
            whole(b"second", Existing::Keep),
            Err(AppError::CannotWrite {
                reason: "exists".to_owned()
            })
        );
        assert_eq!(fs::read(&path).unwrap(), b"first");
        whole(b"third", Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(names(folder.path()).len(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none").join("book.json");
        assert_eq!(
            write_file(&path, Existing::Replace, |_| Ok(())),
            Err(AppError::CannotWrite {
                reason: "no-folder".to_owned()
            })
        );
    }
}
