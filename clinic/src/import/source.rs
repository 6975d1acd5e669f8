//! Files, folders and streams, opened and decompressed.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

/// The longest file, decompressed: a whole one is held in memory.
const LONGEST: u64 = 2 * 1024 * 1024 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const EXTENSIONS: &[&str] = &["json", "ndjson", "jsonl"];

/// A file with its text, or why there is none.
pub(super) struct Found {
    pub path: PathBuf,
    pub content: Result<String, String>,
}

/// The file, or every file with FHIR's extensions below the folder, by name.
pub(super) fn files(path: &Path) -> impl Iterator<Item = Found> {
    let (paths, problems) = if path.is_dir() {
        walk(path)
    } else {
        (vec![path.to_owned()], Vec::new())
    };
    let read = paths.into_iter().map(|path| Found {
        content: std::fs::File::open(&path)
            .map_err(|error| error.to_string())
            .and_then(|mut file| text(&mut file)),
        path,
    });
    problems.into_iter().chain(read)
}

fn walk(folder: &Path) -> (Vec<PathBuf>, Vec<Found>) {
    let (mut paths, mut problems) = (Vec::new(), Vec::new());
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                problems.push(Found {
                    path: folder,
                    content: Err(error.to_string()),
                });
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(_) if is_ours(&path) => paths.push(path),
                Ok(_) | Err(_) => {}
            }
        }
    }
    paths.sort();
    (paths, problems)
}

fn is_ours(path: &Path) -> bool {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| EXTENSIONS.contains(&extension))
}

/// The text of a stream, decompressed when it is gzip.
pub(super) fn text(reader: &mut dyn Read) -> Result<String, String> {
    let mut first = Vec::new();
    let told = |error: io::Error| error.to_string();
    reader.take(2).read_to_end(&mut first).map_err(told)?;
    let zipped = first == GZIP;
    let whole = io::Cursor::new(first).chain(reader);
    let mut bytes = Vec::new();
    if zipped {
        MultiGzDecoder::new(whole)
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
    } else {
        whole.take(LONGEST + 1).read_to_end(&mut bytes)
    }
    .map_err(told)?;
    if bytes.len() as u64 > LONGEST {
        return Err("longer than 2 GB".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
            + 1;
        format!("not UTF-8 in line {line}")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
