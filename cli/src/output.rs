//! Stdout: lines for people, or JSON for programs.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

use crate::failure::Failure;

/// Where a command says what it found.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    terminal: bool,
}

impl Output {
    /// Writes to stdout.
    pub fn new(json: bool) -> Self {
        Self {
            json,
            terminal: io::stdout().is_terminal(),
        }
    }

    /// Whether only JSON may be written.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person watches: what is written may be written over, and colours can be seen.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// A line for people; nothing when JSON is asked for.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`]
    pub fn line(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        if self.json {
            Ok(())
        } else {
            write(text.as_ref(), "\n")
        }
    }

    /// Many lines for people.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`]
    pub fn lines<T: AsRef<str>>(
        &mut self,
        lines: impl IntoIterator<Item = T>,
    ) -> Result<(), Failure> {
        lines.into_iter().try_for_each(|line| self.line(line))
    }

    /// A beginning of a line that [`Output::over`] will replace; only where a person watches.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`]
    pub fn meanwhile(&mut self, text: &str) -> Result<(), Failure> {
        if self.json || !self.terminal {
            Ok(())
        } else {
            write(text, "")
        }
    }

    /// A line in place of what [`Output::meanwhile`] wrote.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`]
    pub fn over(&mut self, text: &str) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        write(if self.terminal { "\r\x1b[K" } else { "" }, "")?;
        write(text, "\n")
    }

    /// One JSON value on one line, whoever reads.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`]
    pub fn object(&mut self, value: &Value) -> Result<(), Failure> {
        write(&value.to_string(), "\n")
    }

    /// One JSON value on one line; nothing when a person reads.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`]
    pub fn json(&mut self, value: &Value) -> Result<(), Failure> {
        if self.json {
            write(&value.to_string(), "\n")
        } else {
            Ok(())
        }
    }

    /// A document that is what was asked for, for people and programs alike.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`]
    #[expect(clippy::unused_self, reason = "stdout is written through this alone")]
    pub fn document(&mut self, text: &str) -> Result<(), Failure> {
        write(text, "\n")
    }
}

fn write(text: &str, end: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.write_all(end.as_bytes())?;
    Ok(stdout.flush()?)
}

/// A line on stderr: what is worth knowing but is not the answer.
pub(crate) fn aside(text: &str) {
    // Nobody reads it: then it was not worth failing for.
    let _ = writeln!(io::stderr(), "{text}");
}
