//! Where an export goes, while the vault gives one thing at a time.

use std::io::{self, Write};
use std::ops::ControlFlow;

use sokhoe_vault::VaultError;

use crate::error::AppError;

/// The output, with the core's errors.
pub(super) struct Sink<'a> {
    out: &'a mut dyn Write,
}

impl<'a> Sink<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    pub(super) fn put(&mut self, text: &str) -> Result<(), AppError> {
        self.out.write_all(text.as_bytes()).map_err(cannot_write)
    }

    pub(super) fn flush(&mut self) -> Result<(), AppError> {
        self.out.flush().map_err(cannot_write)
    }
}

pub(crate) fn cannot_write(error: io::Error) -> AppError {
    let reason = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => return AppError::DiskFull,
        io::ErrorKind::AlreadyExists => "exists",
        io::ErrorKind::NotFound => "no-folder",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "not-allowed",
        _ => "other",
    };
    AppError::CannotWrite {
        reason: reason.to_owned(),
    }
}

/// Walks over something of the vault until `each` fails, and gives what it failed with.
pub(super) fn walk<T>(
    walk: impl FnOnce(&mut dyn FnMut(T) -> ControlFlow<()>) -> Result<(), VaultError>,
    mut each: impl FnMut(T) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mut failed = None;
    walk(&mut |item| match each(item) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(()), Err)
}
