//! What ends a command, told in words a person understands.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use sokhoe_app::AppError;
use sokhoe_clinic::ClinicError;

use crate::words::Words;

/// Why a command did not work. No variant holds personal data but what was typed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The phone's core said no.
    #[error(transparent)]
    App(#[from] AppError),
    /// The clinic said no.
    #[error(transparent)]
    Clinic(#[from] ClinicError),
    /// A file of this computer.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Whoever read our output is gone; there is nobody to tell.
    #[error("the output was closed")]
    OutputClosed,
    /// The system.
    #[error(transparent)]
    System(io::Error),
    /// A message of our own, by its key and values.
    #[error("{0}")]
    Said(&'static str, Vec<(&'static str, String)>),
    /// All was said on stdout or stderr before.
    #[error("already told")]
    AlreadyTold,
    /// What was given is broken, and why was said before.
    #[error("refused, and already told")]
    Refused,
}

impl Failure {
    /// A message without values.
    pub fn said(key: &'static str) -> Self {
        Self::Said(key, Vec::new())
    }

    /// Something about a file.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |error| Self::File { path, error }
    }

    /// What happened, in words.
    pub fn in_words(&self, words: &Words) -> String {
        match self {
            Self::App(error) => words.of_core(error),
            Self::Clinic(error) => words.of_clinic(error),
            Self::File { path, error } => {
                let values = [
                    ("path", path.display().to_string()),
                    ("error", words.of_system(error)),
                ];
                words.say_with("failure-file", &values)
            }
            Self::System(error) => words.of_system(error),
            Self::Said(key, values) => words.say_with(key, values),
            Self::OutputClosed | Self::AlreadyTold | Self::Refused => String::new(),
        }
    }

    /// Says on stderr what happened, and gives the exit code.
    pub fn tell(&self, words: &Words) -> ExitCode {
        let text = self.in_words(words);
        if !text.is_empty() {
            // Where even stderr is gone, the exit code has to do.
            let _ = writeln!(io::stderr(), "sokhoe: {text}");
        }
        match self {
            Self::Refused => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::System(error)
        }
    }
}
