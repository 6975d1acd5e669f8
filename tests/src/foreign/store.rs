//! Every version of every resource.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use sokhoe_domain::{ResourceKey, Timestamp};

use super::content::Content;
use super::manners::{Manners, StaleVersion};

/// Why the server did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The answer's code.
    pub status: StatusCode,
    /// Words for people, that no program should read.
    pub diagnostics: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.as_u16(), self.diagnostics)
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    pub(super) fn new(status: StatusCode, diagnostics: impl Into<String>) -> Self {
        Self {
            status,
            diagnostics: diagnostics.into(),
        }
    }
}

/// One version; without content it says that the resource was deleted.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) updated: Timestamp,
    pub(super) source: Arc<str>,
    pub(super) content: Option<Arc<Content>>,
    /// When it was written among all versions: what tells apart those of one instant.
    pub(super) sequence: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    /// When it was first written among all resources.
    pub(super) arrival: u64,
    pub(super) versions: Vec<Version>,
}

impl Row {
    pub(super) fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }
}

/// A resource that is there, in the version that counts.
#[derive(Clone, Copy)]
pub(super) struct Present<'s> {
    pub(super) key: &'s ResourceKey,
    pub(super) arrival: u64,
    pub(super) version: &'s Version,
    pub(super) content: &'s Arc<Content>,
}

/// Who writes: all that it writes has one time and one source.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) at: Timestamp,
    pub(super) source: Arc<str>,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Created(u64),
    Updated(u64),
    Unchanged(u64),
    Deleted(u64),
    /// There is no such resource, or none any more.
    NothingToDelete,
}

impl Done {
    /// Whether there is a new version.
    pub(super) const fn wrote(self) -> bool {
        matches!(self, Self::Created(_) | Self::Updated(_) | Self::Deleted(_))
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    rows: BTreeMap<ResourceKey, Row>,
    sequence: u64,
    given_ids: u64,
}

impl Store {
    pub(super) fn row(&self, key: &ResourceKey) -> Option<&Row> {
        self.rows.get(key)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&ResourceKey, &Row)> {
        self.rows.iter()
    }

    pub(super) fn present<'s>(&'s self, key: &ResourceKey) -> Option<Present<'s>> {
        let (key, row) = self.rows.get_key_value(key)?;
        present(key, row)
    }

    /// A resource as it was at a time; nothing when it was not there.
    pub(super) fn at(&self, key: &ResourceKey, time: Timestamp) -> Option<(&Version, &Content)> {
        let versions = self.rows.get(key)?.versions.iter().rev();
        let then = versions
            .into_iter()
            .find(|version| version.updated <= time)?;
        Some((then, then.content.as_deref()?))
    }

    /// All that are there, in the order in which they first came.
    pub(super) fn all_present(&self) -> Vec<Present<'_>> {
        let mut all: Vec<_> = self
            .rows
            .iter()
            .filter_map(|(key, row)| present(key, row))
            .collect();
        all.sort_by_key(|present| present.arrival);
        all
    }

    pub(super) fn next_id(&mut self) -> String {
        self.given_ids += 1;
        (1000 + self.given_ids).to_string()
    }

    pub(super) fn put(
        &mut self,
        id: &str,
        content: Content,
        if_match: Option<&str>,
        writer: &Writer,
        manners: &Manners,
    ) -> Result<Done, Refusal> {
        let key = ResourceKey::new(content.kind.clone(), id);
        let newest = self.rows.get(&key).and_then(Row::newest).cloned();
        let content = Arc::new(content);
        let Some(newest) = newest else {
            // HAPI does not mind that there is no version to match.
            return Ok(Done::Created(self.add(key, Some(content), writer, manners)));
        };
        check_version(&key, newest.number, if_match, manners)?;
        match &newest.content {
            Some(old) if old.says_the_same(&content) => Ok(Done::Unchanged(newest.number)),
            Some(_) => Ok(Done::Updated(self.add(key, Some(content), writer, manners))),
            None => Ok(Done::Created(self.add(key, Some(content), writer, manners))),
        }
    }

    pub(super) fn delete(
        &mut self,
        key: &ResourceKey,
        if_match: Option<&str>,
        writer: &Writer,
        manners: &Manners,
    ) -> Result<Done, Refusal> {
        let Some(present) = self.present(key) else {
            return Ok(Done::NothingToDelete);
        };
        if manners.delete_if_match {
            check_version(key, present.version.number, if_match, manners)?;
        }
        Ok(Done::Deleted(self.add(key.clone(), None, writer, manners)))
    }

    /// Takes back what was written last to this.
    pub(super) fn take_back(&mut self, key: &ResourceKey) {
        if let Some(row) = self.rows.get_mut(key) {
            row.versions.pop();
            if row.versions.is_empty() {
                self.rows.remove(key);
            }
        }
    }

    /// Forgets a resource and that it ever was; whether it was there.
    pub(super) fn expunge(&mut self, key: &ResourceKey) -> bool {
        self.rows.remove(key).is_some()
    }

    /// Whether everything that these refer to is there, and nothing refers to what is gone.
    pub(super) fn check_references(
        &self,
        written: &[ResourceKey],
        manners: &Manners,
    ) -> Result<(), Refusal> {
        for key in written {
            match self.present(key) {
                Some(present) if manners.refuses_dangling => {
                    let dangling = present
                        .content
                        .references
                        .iter()
                        .find(|(_, to)| self.present(to).is_none());
                    if let Some((member, to)) = dangling {
                        return Err(Refusal::new(
                            StatusCode::BAD_REQUEST,
                            format!(
                                "Resource {}/{} not found, specified in path: {}.{member}",
                                to.kind, to.id, key.kind
                            ),
                        ));
                    }
                }
                None if manners.refuses_delete_of_referenced => {
                    let all = self.all_present();
                    if let Some(other) = all.iter().find(|other| other.content.refers_to(key)) {
                        return Err(Refusal::new(
                            StatusCode::CONFLICT,
                            format!(
                                "Unable to delete {}/{} because {}/{} refers to it",
                                key.kind, key.id, other.key.kind, other.key.id
                            ),
                        ));
                    }
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        key: ResourceKey,
        content: Option<Arc<Content>>,
        writer: &Writer,
        manners: &Manners,
    ) -> u64 {
        self.sequence += 1;
        let row = self.rows.entry(key).or_insert_with(|| Row {
            arrival: self.sequence,
            versions: Vec::new(),
        });
        let number = match row.newest() {
            None => 1,
            Some(newest) if newest.content.is_none() && manners.skips_a_version => {
                newest.number + 2
            }
            Some(newest) => newest.number + 1,
        };
        row.versions.push(Version {
            number,
            updated: writer.at,
            source: Arc::clone(&writer.source),
            content,
            sequence: self.sequence,
        });
        number
    }
}

fn present<'s>(key: &'s ResourceKey, row: &'s Row) -> Option<Present<'s>> {
    let version = row.newest()?;
    Some(Present {
        key,
        arrival: row.arrival,
        version,
        content: version.content.as_ref()?,
    })
}

fn check_version(
    key: &ResourceKey,
    current: u64,
    if_match: Option<&str>,
    manners: &Manners,
) -> Result<(), Refusal> {
    let Some(wanted) = if_match.map(version_of_etag) else {
        return Ok(());
    };
    if wanted == current.to_string() {
        return Ok(());
    }
    let status = match manners.stale {
        StaleVersion::Conflict => StatusCode::CONFLICT,
        StaleVersion::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
    };
    Err(Refusal::new(
        status,
        format!(
            "Trying to update {}/{}/_history/{wanted} but this is not the current version",
            key.kind, key.id
        ),
    ))
}

/// `W/"3"`, `"3"` and `3` are version 3.
pub(super) fn version_of_etag(etag: &str) -> &str {
    let etag = etag.trim();
    etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"')
}
