//! What can go wrong in a task.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a task did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something a task needs is not there and could not be installed: the task did not run.
    #[error("{0}")]
    Missing(String),

    /// Something outside that a check reads is out of reach; the check says nothing about us.
    #[error("{0}")]
    Unreachable(String),

    /// A program ran and ended badly.
    #[error("`{command}` ended with {status}; see {}", log.display())]
    Failed {
        /// The program and its arguments.
        command: String,
        /// The exit code, or what ended it.
        status: String,
        /// Where its whole output is.
        log: PathBuf,
    },

    /// A program could not be started.
    #[error("could not start `{command}`: {source}")]
    Start {
        /// The program and its arguments.
        command: String,
        /// The system's reason.
        source: io::Error,
    },

    /// A program was ended because it took too long.
    #[error("`{command}` was ended after {seconds} s; see {}", log.display())]
    TimedOut {
        /// The program and its arguments.
        command: String,
        /// The time that it had.
        seconds: u64,
        /// Where its output up to then is.
        log: PathBuf,
    },

    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },

    /// A test report is not the XML that it should be.
    #[error("{} is no XML test report: {source}", path.display())]
    Report {
        /// The report.
        path: PathBuf,
        /// Where the XML breaks.
        source: roxmltree::Error,
    },

    /// A JSON file does not have the shape that it should have.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it differs.
        source: serde_json::Error,
    },

    /// cargo could not describe the workspace.
    #[error("cargo metadata: {0}")]
    Metadata(#[from] cargo_metadata::Error),

    /// A check found something wrong.
    #[error("{0}")]
    Wrong(String),
}

impl Error {
    /// Wraps an input or output error with the path that it is about.
    pub fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }
}

/// The result of a task.
pub type Result<T, E = Error> = std::result::Result<T, E>;
