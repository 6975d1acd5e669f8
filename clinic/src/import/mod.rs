//! Data from outside: FHIR JSON resources, Bundles and ndjson, plain or gzip, files and folders. What is bad
//! is told by file and line, and the rest goes in.

mod bundle;
mod head;
mod pieces;
mod references;
mod sink;
mod source;

use std::io::Read;
use std::path::Path;

use crate::ClinicError;
use crate::clinic::Inner;
use crate::store::resources;
use sink::Sink;

/// How to take data in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Makes everything this patient's: references to any Patient become references to this one, and
    /// Patient resources are left out. For filling a demonstration.
    pub adopt_into: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Resources stored, new or in a new version.
    pub stored: usize,
    /// Resources that were there already, byte for byte.
    pub unchanged: usize,
    /// Resources deleted, by a Bundle that said so.
    pub deleted: usize,
    /// What was left out, and why.
    pub skipped: Vec<Skipped>,
}

/// Something that could not be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub file: String,
    /// The line in it, from 1; 0 for the whole file.
    pub line: usize,
    /// Why; without the data themselves.
    pub reason: String,
}

/// Takes in files and folders.
pub(crate) fn import_paths(
    inner: &Inner,
    paths: &[&Path],
    options: &ImportOptions,
) -> Result<ImportReport, ClinicError> {
    let mut sink = begin(inner, options)?;
    for path in paths {
        for found in source::files(path) {
            let name = found.path.display().to_string();
            match found.content {
                Ok(text) => take(&mut sink, &name, &text)?,
                Err(reason) => sink.skip(&name, 0, reason),
            }
        }
    }
    sink.finish()
}

/// Takes in one stream.
pub(crate) fn import_reader(
    inner: &Inner,
    name: &str,
    reader: &mut dyn Read,
    options: &ImportOptions,
) -> Result<ImportReport, ClinicError> {
    let mut sink = begin(inner, options)?;
    match source::text(reader) {
        Ok(text) => take(&mut sink, name, &text)?,
        Err(reason) => sink.skip(name, 0, reason),
    }
    sink.finish()
}

fn begin<'a>(inner: &'a Inner, options: &ImportOptions) -> Result<Sink<'a>, ClinicError> {
    if let Some(patient) = options.adopt_into.clone() {
        let there = inner
            .store
            .read(move |sql| resources::json_of(sql, "Patient", &patient))?;
        if there.is_none() {
            return Err(ClinicError::NoSuchPatient);
        }
    }
    Ok(Sink::new(inner, options.adopt_into.clone())?)
}

fn take(sink: &mut Sink<'_>, name: &str, text: &str) -> Result<(), ClinicError> {
    let mut lines = pieces::Lines::new(text);
    for piece in pieces::pieces(name, text) {
        match piece.json {
            Ok(json) => bundle::take(sink, name, &mut lines, json)?,
            Err(reason) => sink.skip(name, piece.line, reason),
        }
    }
    Ok(())
}
