//! Everything that a vault gives, to be compared with what it should give.

use std::collections::BTreeMap;

use sokhoe_app::domain::{ClinicId, IntentId, Point, ResourceKey, Section, Timestamp};
use sokhoe_vault::{
    EntryPage, EntryQuery, EntryRow, KeptEvent, OpenedBlob, SetAside, StoredBlob, StoredBooking,
    StoredIntent, StoredResource, Vault, VaultError,
};

/// The content of a vault, read by every way that screens and the sync have.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Book {
    /// All rows, newest first.
    pub entries: Vec<EntryRow>,
    /// How many each section has.
    pub counts: Vec<(Section, u64)>,
    /// For each word that was looked for, the rows that have it.
    pub found: BTreeMap<String, Vec<EntryRow>>,
    /// The course of each code that was looked for: time, value's bits, unit.
    pub trends: BTreeMap<String, Vec<(Timestamp, u64, String)>>,
    /// Every resource of the kinds that were looked for.
    pub resources: BTreeMap<(ClinicId, ResourceKey), StoredResource>,
    /// All bookings.
    pub bookings: Vec<StoredBooking>,
    /// The whole outbox.
    pub intents: Vec<StoredIntent>,
    /// What nobody acknowledged.
    pub events: Vec<KeptEvent>,
    /// Where each clinic's feed stands, and whether its end was reached.
    pub feeds: BTreeMap<ClinicId, (Option<String>, bool)>,
    /// What could not be read.
    pub set_aside: Vec<SetAside>,
    /// The person's own documents, and what is known of their bytes.
    pub documents: Vec<(IntentId, Option<StoredBlob>)>,
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let titles: Vec<_> = self.entries.iter().map(|row| row.title.as_str()).collect();
        let bookings: Vec<_> = self.bookings.iter().map(|b| (b.id, &b.state)).collect();
        f.debug_struct("Book")
            .field("titles", &titles)
            .field("resources", &self.resources.len())
            .field("bookings", &bookings)
            .field("intents", &self.intents.len())
            .field("events", &self.events.len())
            .field("feeds", &self.feeds)
            .field("set_aside", &self.set_aside.len())
            .field("documents", &self.documents)
            .finish_non_exhaustive()
    }
}

/// What to look for in a vault.
#[derive(Debug, Clone, Copy)]
pub struct Probes<'a> {
    /// Words to search.
    pub words: &'a [&'a str],
    /// Codes whose trends to read.
    pub codes: &'a [&'a str],
    /// Types of resources to read.
    pub kinds: &'a [&'a str],
    /// Clinics whose cursors to read.
    pub clinics: &'a [&'a str],
}

impl Book {
    /// Reads everything.
    ///
    /// # Errors
    /// [`VaultError`]; also when two ways to the same thing disagree: `Internal`.
    pub fn read(vault: &Vault, probes: Probes<'_>) -> Result<Self, VaultError> {
        let mut book = Self {
            entries: all_pages(|query| vault.entries(query))?,
            counts: vault.counts()?,
            bookings: vault.bookings()?,
            intents: vault.due(Timestamp::from_millis(i64::MAX))?,
            events: vault.events()?,
            set_aside: vault.set_aside()?,
            documents: vault
                .own_documents()?
                .into_iter()
                .map(|document| (document.id, document.blob))
                .collect(),
            ..Self::default()
        };
        for word in probes.words {
            let rows = all_pages(|query| vault.search(word, query))?;
            book.found.insert((*word).to_owned(), rows);
        }
        for code in probes.codes {
            let points: Vec<Point> = vault.trend(code, 10_000)?;
            let course = points
                .into_iter()
                .map(|point| (point.at, point.value.to_bits(), point.unit));
            book.trends.insert((*code).to_owned(), course.collect());
        }
        for kind in probes.kinds {
            for resource in vault.resources_of_kind(kind, 10_000)? {
                let name = (resource.clinic.clone(), resource.key.clone());
                let by_key = vault.resource(&resource.clinic, &resource.key)?;
                if by_key.as_ref() != Some(&resource) {
                    return Err(VaultError::Internal { code: -1 });
                }
                book.resources.insert(name, resource);
            }
        }
        for row in &book.entries {
            let behind = vault.entry(row.id)?;
            let name = (row.clinic.clone(), row.resource.clone());
            if behind.is_none_or(|(_, behind)| book.resources.get(&name) != Some(&behind)) {
                return Err(VaultError::Internal { code: -2 });
            }
        }
        for clinic in probes.clinics {
            let clinic = ClinicId::from(*clinic);
            let feed = (vault.cursor(&clinic)?, vault.caught_up(&clinic)?);
            book.feeds.insert(clinic, feed);
        }
        Ok(book)
    }

    /// Whether it is that of a new vault.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.resources.is_empty()
            && self.bookings.is_empty()
            && self.intents.is_empty()
            && self.events.is_empty()
            && self.set_aside.is_empty()
            && self.documents.is_empty()
            && self.feeds.values().all(|feed| *feed == (None, false))
    }
}

/// The bytes of every document of the person's own; not a part of [`Book`], since reading a document notes
/// its use.
///
/// # Errors
/// [`VaultError`]; [`VaultError::BlobDamaged`] also for bytes that are not on this phone.
pub fn bytes_of_documents(vault: &Vault) -> Result<BTreeMap<IntentId, Vec<u8>>, VaultError> {
    let mut all = BTreeMap::new();
    for document in vault.own_documents()? {
        let blob = document.blob.ok_or(VaultError::UnknownBlob)?;
        let OpenedBlob::Here(reader) = vault.open_blob(&blob.hash)? else {
            return Err(VaultError::BlobDamaged);
        };
        let mut bytes = Vec::new();
        reader.copy_to(&mut bytes)?;
        all.insert(document.id, bytes);
    }
    Ok(all)
}

fn all_pages(
    mut page: impl FnMut(&EntryQuery) -> Result<EntryPage, VaultError>,
) -> Result<Vec<EntryRow>, VaultError> {
    let mut query = EntryQuery {
        limit: 16,
        ..EntryQuery::default()
    };
    let mut rows = Vec::new();
    loop {
        let mut found = page(&query)?;
        rows.append(&mut found.rows);
        match found.next {
            Some(next) => query.before = Some(next),
            None => return Ok(rows),
        }
    }
}

/// The resources of an exported FHIR Bundle, byte for byte.
///
/// # Panics
/// When it is no Bundle.
#[must_use]
pub fn exported_resources(bundle: &[u8]) -> Vec<&str> {
    #[derive(serde::Deserialize)]
    struct Bundle<'a> {
        #[serde(borrow, default)]
        entry: Vec<Entry<'a>>,
    }
    #[derive(serde::Deserialize)]
    struct Entry<'a> {
        #[serde(borrow)]
        resource: &'a serde_json::value::RawValue,
    }
    let bundle: Bundle<'_> = serde_json::from_slice(bundle).expect("a Bundle");
    bundle
        .entry
        .into_iter()
        .map(|entry| entry.resource.get())
        .collect()
}
