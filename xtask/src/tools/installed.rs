//! A tool's folder with a mark that says it is complete, so that an interrupted install is done again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    process::Log,
};

const MARK: &str = ".complete";

/// A folder that holds what `key` describes (a version, the text of a lock file), or is made anew.
#[derive(Debug)]
pub struct Installed {
    folder: PathBuf,
    key: String,
}

impl Installed {
    /// The folder and what it must hold.
    pub fn new(folder: PathBuf, key: impl Into<String>) -> Self {
        Self {
            folder,
            key: key.into(),
        }
    }

    /// The folder's path once it is complete: `install` fills an emptied folder when it is not.
    pub fn or_install(
        self,
        what: &str,
        log: &mut Log,
        install: impl FnOnce(&Path, &mut Log) -> Result<()>,
    ) -> Result<PathBuf> {
        let mark = self.folder.join(MARK);
        if fs::read_to_string(&mark).is_ok_and(|held| held == self.key) {
            return Ok(self.folder);
        }
        log.say(&format!("installing {what}"));
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).map_err(Error::file(&self.folder))?;
        }
        fs::create_dir_all(&self.folder).map_err(Error::file(&self.folder))?;
        install(&self.folder, log).map_err(|error| missing(what, &error))?;
        fs::write(&mark, &self.key).map_err(Error::file(&mark))?;
        Ok(self.folder)
    }
}

/// An install step that failed means that the part which needs it cannot run.
pub fn missing(what: &str, error: &Error) -> Error {
    match error {
        Error::Missing(_) => Error::Missing(error.to_string()),
        other => Error::Missing(format!("{what} could not be installed: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_folder_with_the_same_key_is_kept() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = place.path().join("tool");
        let mut log = Log::create(&place.path().join("log")).expect("a log");
        let mut installs = 0;
        let mut ensure = |key: &str, works: bool, log: &mut Log| {
            Installed::new(folder.clone(), key).or_install("a tool", log, |folder, _| {
                installs += 1;
                fs::write(folder.join("half"), "").map_err(Error::file(folder))?;
                if works {
                    return Ok(());
                }
                Err(Error::Wrong("broken off".to_owned()))
            })
        };
        let broken = ensure("1", false, &mut log);
        assert!(matches!(broken, Err(Error::Missing(_))), "{broken:?}");
        ensure("1", true, &mut log).expect("done again");
        ensure("1", true, &mut log).expect("already there");
        ensure("2", true, &mut log).expect("another version");
        assert_eq!(installs, 3);
    }
}
