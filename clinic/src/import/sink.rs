//! Where the pieces go: checked, gathered, and written many at a time.

use sokhoe_domain::ResourceKey;
use sokhoe_fhir::BinaryView;
use sokhoe_fhir::limits::{MAX_DEPTH, check_depth};

use super::head::Head;
use super::references::References;
use super::{ImportReport, Skipped};
use crate::ClinicError;
use crate::access_log::Who;
use crate::clinic::Inner;
use crate::store::resources::{self, Put};
use crate::store::{Store, StoreError};

/// Resources, and their bytes, that share a transaction.
const GROUP: usize = 1000;
const GROUP_BYTES: usize = 8 * 1024 * 1024;
/// The longest resource: with what a page of a feed holds already it must stay below the 32 MiB that phones
/// take, or it would end that person's feed for ever.
const LONGEST_MIB: usize = 8;
/// The longest Binary, which is in no page: a document of some 24 MB. One that is asked for is in memory while
/// it is sent.
const LONGEST_BINARY_MIB: usize = 32;

enum Work {
    Put {
        kind: String,
        id: String,
        patient: Option<String>,
        json: String,
    },
    Delete(ResourceKey),
}

/// Takes what an import finds.
pub(super) struct Sink<'a> {
    store: &'a Store,
    adopting: bool,
    /// What references become.
    pub references: References,
    report: ImportReport,
    waiting: Vec<Work>,
    waiting_bytes: usize,
}

impl<'a> Sink<'a> {
    pub fn new(inner: &'a Inner, adopt_into: Option<String>) -> Result<Self, StoreError> {
        let mut references = References::new(adopt_into.as_deref());
        // Bundles name by identifier what came before them.
        let known = inner.store.read(|sql| {
            sql.rows(
                "SELECT json FROM resource
                 WHERE type IN ('Practitioner', 'Organization', 'Location') AND json IS NOT NULL",
                &[],
                |row| row.get::<String>(0),
            )
        })?;
        for head in known.iter().filter_map(|json| Head::read(json).ok()) {
            let id = head.id.unwrap_or_default();
            for identifier in head.identifiers {
                references.learn(identifier, &head.kind, &id);
            }
        }
        Ok(Self {
            store: &inner.store,
            adopting: adopt_into.is_some(),
            references,
            report: ImportReport::default(),
            waiting: Vec::new(),
            waiting_bytes: 0,
        })
    }

    /// Notes what cannot be taken.
    pub fn skip(&mut self, file: &str, line: usize, reason: impl Into<String>) {
        self.report.skipped.push(Skipped {
            file: file.to_owned(),
            line,
            reason: reason.into(),
        });
    }

    /// Takes a resource; `id` is for one that says none itself.
    pub fn put(
        &mut self,
        file: &str,
        line: usize,
        json: &str,
        id: Option<String>,
    ) -> Result<(), StoreError> {
        if check_depth(json.as_bytes(), MAX_DEPTH).is_err() {
            self.skip(file, line, format!("nested deeper than {MAX_DEPTH} levels"));
            return Ok(());
        }
        let json = self.references.apply(json);
        let head = match Head::read(&json) {
            Ok(head) => head,
            Err(reason) => {
                self.skip(file, line, reason);
                return Ok(());
            }
        };
        if self.adopting && head.kind == "Patient" {
            return Ok(());
        }
        let named = head.id.is_some();
        let Some(id) = head
            .id
            .or(id)
            .filter(|id| sokhoe_domain::ids::is_fhir_id(id))
        else {
            self.skip(file, line, "no id");
            return Ok(());
        };
        for identifier in head.identifiers {
            self.references.learn(identifier, &head.kind, &id);
        }
        let json = if named {
            json.into_owned()
        } else {
            with_id(&json, &id)
        };
        let longest = match head.kind.as_str() {
            "Binary" => LONGEST_BINARY_MIB,
            _ => LONGEST_MIB,
        };
        if json.len() > longest * 1024 * 1024 {
            self.skip(file, line, format!("longer than {longest} MiB"));
            return Ok(());
        }
        if head.kind == "Binary" && !is_whole_binary(&json) {
            self.skip(file, line, "the Binary's data are not base64");
            return Ok(());
        }
        let patient = head
            .patient
            .or_else(|| (head.kind == "Patient").then(|| id.clone()));
        self.waiting_bytes += json.len();
        self.waiting.push(Work::Put {
            kind: head.kind,
            id,
            patient,
            json,
        });
        self.write_when_enough()
    }

    /// Deletes a resource.
    pub fn delete(&mut self, key: ResourceKey) -> Result<(), StoreError> {
        self.waiting.push(Work::Delete(key));
        self.write_when_enough()
    }

    /// Writes the rest.
    pub fn finish(mut self) -> Result<ImportReport, ClinicError> {
        self.write()?;
        Ok(self.report)
    }

    fn write_when_enough(&mut self) -> Result<(), StoreError> {
        if self.waiting.len() >= GROUP || self.waiting_bytes >= GROUP_BYTES {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.waiting_bytes = 0;
        let work = std::mem::take(&mut self.waiting);
        if work.is_empty() {
            return Ok(());
        }
        let (stored, unchanged, deleted) = self.store.write(move |tx| {
            tx.by(Who::Import);
            let (mut stored, mut unchanged, mut deleted) = (0, 0, 0);
            for work in &work {
                match work {
                    Work::Put {
                        kind,
                        id,
                        patient,
                        json,
                    } => match resources::put(tx, kind, id, patient.as_deref(), json)? {
                        Put::Stored(_) => stored += 1,
                        Put::Same(_) => unchanged += 1,
                    },
                    Work::Delete(key) => {
                        deleted += usize::from(resources::delete(tx, &key.kind, &key.id)?);
                    }
                }
            }
            Ok((stored, unchanged, deleted))
        })?;
        self.report.stored += stored;
        self.report.unchanged += unchanged;
        self.report.deleted += deleted;
        Ok(())
    }
}

/// Whether the data of a Binary can be given.
fn is_whole_binary(json: &str) -> bool {
    BinaryView::from_json(json).is_ok_and(|mut binary| {
        loop {
            match binary.data.next_piece() {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    })
}

/// The object with an id in front; the rest stays as it is.
fn with_id(json: &str, id: &str) -> String {
    let inside = json.trim_start().strip_prefix('{').unwrap_or_default();
    // A resource has at least its type, so something follows.
    format!("{{\"id\":\"{id}\",{inside}")
}
