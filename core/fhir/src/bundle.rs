//! Bundles: the change feed and search answers, read and written without touching the resources.

use sokhoe_domain::{ResourceKey, Timestamp};

use crate::FhirError;
use crate::json::{self, Document, push_string};

/// One page of a person's changes (`Patient/{id}/$changes`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage<'a> {
    /// The changes in the order the clinic committed them.
    pub changes: Vec<Change<'a>>,
    /// What to give as `cursor` next time.
    pub cursor: String,
    /// Whether more waits right now (a `next` link).
    pub more: bool,
    /// How many changes there are in all from where it was asked, if the clinic says it.
    pub total: Option<u64>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// The resource is now this.
    Put {
        /// Its type and id.
        key: ResourceKey,
        /// Its version: the answer's `etag`, else `meta.versionId`.
        version: Option<String>,
        /// The resource byte for byte as it came.
        json: &'a str,
    },
    /// The resource is gone, or no longer for this person.
    Delete {
        /// Its type and id.
        key: ResourceKey,
    },
    /// An entry that is neither; the others are not concerned.
    Broken {
        /// Its place in the page, from 0.
        position: usize,
        /// What is wrong.
        reason: FhirError,
        /// The whole entry byte for byte, to set aside.
        json: &'a str,
    },
}

impl<'a> ChangePage<'a> {
    /// Reads a history Bundle of the feed. An entry that is broken in itself, even one that is not
    /// JSON or too deep, costs only itself.
    ///
    /// # Errors
    /// When the body is not JSON, not a Bundle, or has no `self` link with a cursor.
    pub fn parse(body: &'a str) -> Result<Self, FhirError> {
        let mut changes = Vec::new();
        let envelope = read(body, |position, json, parts| {
            changes.push(match parts.and_then(|parts| change(&parts)) {
                Ok(change) => change,
                Err(reason) => Change::Broken {
                    position,
                    reason,
                    json,
                },
            });
        })?;
        let cursor = envelope
            .link("self")
            .and_then(|url| query_parameter(&url, "cursor"))
            .ok_or(FhirError::Unexpected {
                expected: "a self link with a cursor",
            })?;
        Ok(Self {
            changes,
            cursor,
            more: envelope.link("next").is_some(),
            total: envelope.total,
        })
    }
}

/// One page of what a FHIR server has of a person: a search, `$everything` or a history. Unlike
/// [`ChangePage`] it carries no cursor: what it stands for is in its stamps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerPage<'a> {
    /// What is there, and in a history what is gone, in the server's order.
    pub changes: Vec<Change<'a>>,
    /// The newest `meta.lastUpdated` of the resources; nothing when none says it.
    pub newest: Option<Timestamp>,
    /// The oldest.
    pub oldest: Option<Timestamp>,
    /// `meta.lastUpdated` of the Bundle: when the server looked.
    pub looked: Option<Timestamp>,
    /// Where the next page is, as the server wrote it.
    pub next: Option<String>,
}

impl<'a> ServerPage<'a> {
    /// Reads a Bundle of search results or of a history. An entry that is broken costs only itself;
    /// what the server says of the search (OperationOutcome) is left out.
    ///
    /// # Errors
    /// When the body is not JSON or not a Bundle.
    pub fn parse(body: &'a str) -> Result<Self, FhirError> {
        let mut changes = Vec::new();
        let (mut newest, mut oldest) = (None, None);
        let envelope = read(body, |position, json, parts| {
            let outcome = parts.as_ref().is_ok_and(is_outcome);
            match parts.and_then(|parts| change(&parts)) {
                _ if outcome => {}
                Ok(change) => {
                    if let Change::Put { json, .. } = &change {
                        let stamp = last_updated(json);
                        newest = newest.max(stamp);
                        oldest = match (oldest, stamp) {
                            (Some(before), Some(stamp)) => Some(stamp.min(before)),
                            (before, stamp) => stamp.or(before),
                        };
                    }
                    changes.push(change);
                }
                Err(reason) => changes.push(Change::Broken {
                    position,
                    reason,
                    json,
                }),
            }
        })?;
        Ok(Self {
            changes,
            newest,
            oldest,
            looked: envelope.looked,
            next: envelope.link("next").filter(|url| !url.is_empty()),
        })
    }
}

/// A `batch` Bundle that reads these URLs, which are relative to the FHIR base.
#[must_use]
pub fn batch_of_reads(urls: &[String]) -> String {
    let mut out = String::from(r#"{"resourceType":"Bundle","type":"batch","entry":["#);
    for (place, url) in urls.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push_str(r#"{"request":{"method":"GET","url":"#);
        push_string(&mut out, url);
        out.push_str("}}");
    }
    out.push_str("]}");
    out
}

/// Whether an entry says something about the search and is no part of the answer.
fn is_outcome(parts: &Parts<'_>) -> bool {
    let mode = parts.search.and_then(|search| Document::parse(search).ok());
    mode.is_some_and(|mode| mode.root().get("mode").is_text("outcome"))
        || parts.resource.is_some_and(|json| {
            sniff(json, false)
                .ok()
                .and_then(|sniffed| sniffed.kind)
                .is_some_and(|kind| kind == "OperationOutcome")
        })
}

/// `meta.lastUpdated` of a resource.
fn last_updated(json: &str) -> Option<Timestamp> {
    const FOUND: FhirError = FhirError::NotAnObject;
    let mut stamp = None;
    let _ended_early = members(json, 0, |key, at| {
        let end = json::skip_value(json, at)?;
        if key == "meta" {
            stamp = json.get(at..end).and_then(stamp_of_meta);
            return Err(FOUND);
        }
        Ok(end)
    });
    stamp
}

fn stamp_of_meta(meta: &str) -> Option<Timestamp> {
    let document = Document::parse(meta).ok()?;
    let stamp = document.root().str("lastUpdated")?;
    Timestamp::parse_fhir(&stamp)
}

/// One page of search results, and any other Bundle that carries resources ($find, $hold, $book).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage<'a> {
    /// The resources in order; entries without a readable one are left out.
    pub found: Vec<Found<'a>>,
    /// Where the next page is, as the server wrote it.
    pub next: Option<String>,
    /// `Bundle.total`.
    pub total: Option<u64>,
    /// How many entries were broken and left out.
    pub broken: usize,
}

/// One resource of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// Its `resourceType`.
    pub kind: String,
    /// Why it is in the page.
    pub mode: SearchMode,
    /// The resource byte for byte as it came.
    pub json: &'a str,
}

/// Why a resource is in a search page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchMode {
    /// It was asked for.
    Match,
    /// It came along (`_include`).
    Include,
    /// It says something about the search.
    Outcome,
}

impl SearchMode {
    const fn code(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Include => "include",
            Self::Outcome => "outcome",
        }
    }
}

impl<'a> SearchPage<'a> {
    /// Reads any Bundle that carries resources.
    ///
    /// # Errors
    /// When the body is not JSON or not a Bundle.
    pub fn parse(body: &'a str) -> Result<Self, FhirError> {
        let mut found = Vec::new();
        let mut broken = 0;
        let envelope = read(body, |_, _, parts| {
            match parts.and_then(|parts| search_result(&parts)) {
                Ok(Some(result)) => found.push(result),
                Ok(None) => {}
                Err(_) => broken += 1,
            }
        })?;
        Ok(Self {
            found,
            next: envelope.link("next"),
            total: envelope.total,
            broken,
        })
    }

    /// The resources of one type.
    pub fn of_kind<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'a str> + 's {
        self.found
            .iter()
            .filter(move |found| found.kind == kind)
            .map(|found| found.json)
    }
}

/// What a Bundle says beside its entries.
#[derive(Default)]
struct Envelope {
    links: Vec<(String, String)>,
    total: Option<u64>,
    looked: Option<Timestamp>,
}

impl Envelope {
    fn link(&self, relation: &str) -> Option<String> {
        self.links
            .iter()
            .find(|(name, _)| name == relation)
            .map(|(_, url)| url.clone())
    }
}

/// The parts of an entry, each byte for byte.
#[derive(Default)]
struct Parts<'a> {
    resource: Option<&'a str>,
    request: Option<&'a str>,
    response: Option<&'a str>,
    search: Option<&'a str>,
}

/// Reads a Bundle in one pass: each entry is given with its place, its bytes and its parts.
fn read<'a>(
    body: &'a str,
    mut on_entry: impl FnMut(usize, &'a str, Result<Parts<'a>, FhirError>),
) -> Result<Envelope, FhirError> {
    let bytes = body.as_bytes();
    let start = json::skip_space(bytes, 0);
    match bytes.get(start) {
        Some(b'{') => {}
        Some(_) if json::skip_value(body, start).is_ok() => return Err(FhirError::NotAnObject),
        Some(_) | None => return Err(json::not_json(body, start)),
    }
    let mut envelope = Envelope::default();
    let mut is_bundle = false;
    let mut position = 0;
    let end = members(body, start, |key, at| {
        if key == "entry" && bytes.get(at) == Some(&b'[') {
            return elements(body, at, |at| {
                let (end, parts) = match entry(body, at) {
                    Ok((end, parts)) => (end, Ok(parts)),
                    Err(reason) => match skip_brackets(bytes, at) {
                        Some(end) => (end, Err(reason)),
                        None => return Err(reason),
                    },
                };
                on_entry(position, body.get(at..end).unwrap_or(""), parts);
                position += 1;
                Ok(end)
            });
        }
        let end = json::skip_value(body, at)?;
        let value = body.get(at..end).unwrap_or("");
        match key {
            "resourceType" => is_bundle = value == "\"Bundle\"",
            "total" => envelope.total = value.parse().ok(),
            "meta" => envelope.looked = stamp_of_meta(value),
            "link" => {
                let wrapped = format!("{{\"link\":{value}}}");
                let document = Document::parse(&wrapped)?;
                for link in document.root().get("link").items() {
                    if let (Some(relation), Some(url)) = (link.str("relation"), link.str("url")) {
                        envelope.links.push((relation.into(), url.into()));
                    }
                }
            }
            _ => {}
        }
        Ok(end)
    })?;
    let rest = json::skip_space(bytes, end);
    if rest != bytes.len() {
        return Err(json::not_json(body, rest));
    }
    if is_bundle {
        Ok(envelope)
    } else {
        Err(FhirError::Unexpected { expected: "Bundle" })
    }
}

/// The end and the parts of the entry at `at`.
fn entry(body: &str, at: usize) -> Result<(usize, Parts<'_>), FhirError> {
    if body.as_bytes().get(at) != Some(&b'{') {
        json::skip_value(body, at)?;
        return Err(FhirError::NotAnObject);
    }
    let mut parts = Parts::default();
    let end = members(body, at, |key, at| {
        let end = json::skip_value(body, at)?;
        let value = body.get(at..end);
        match key {
            "resource" => parts.resource = parts.resource.or(value),
            "request" => parts.request = parts.request.or(value),
            "response" => parts.response = parts.response.or(value),
            "search" => parts.search = parts.search.or(value),
            _ => {}
        }
        Ok(end)
    })?;
    Ok((end, parts))
}

fn change<'a>(parts: &Parts<'a>) -> Result<Change<'a>, FhirError> {
    let request = parts.request.map(Document::parse).transpose()?;
    let request = request.as_ref().map(Document::root);
    if request.is_some_and(|r| r.get("method").is_text("DELETE")) {
        let key = request
            .and_then(|r| r.str("url"))
            .and_then(|url| key_of_url(&url))
            .ok_or(FhirError::BadId)?;
        return Ok(Change::Delete { key });
    }
    let json = parts.resource.ok_or(FhirError::Unexpected {
        expected: "a resource or a deletion",
    })?;
    let response = parts.response.map(Document::parse).transpose()?;
    let etag = response.as_ref().and_then(|r| r.root().str("etag"));
    let sniffed = sniff(json, etag.is_none())?;
    Ok(Change::Put {
        key: sniffed.key()?,
        version: etag.map_or(sniffed.version, |etag| Some(version_of_etag(&etag))),
        json,
    })
}

fn search_result<'a>(parts: &Parts<'a>) -> Result<Option<Found<'a>>, FhirError> {
    let Some(json) = parts.resource else {
        return Ok(None);
    };
    let kind = sniff(json, false)?.kind.ok_or(FhirError::MissingType)?;
    let search = parts.search.map(Document::parse).transpose()?;
    let mode = search.as_ref().and_then(|s| s.root().str("mode"));
    let mode = match mode.as_deref() {
        Some("include") => SearchMode::Include,
        Some("outcome") => SearchMode::Outcome,
        None if kind == "OperationOutcome" => SearchMode::Outcome,
        Some(_) | None => SearchMode::Match,
    };
    Ok(Some(Found { kind, mode, json }))
}

/// The first things a resource says of itself.
#[derive(Default)]
struct Sniffed {
    kind: Option<String>,
    id: Option<String>,
    version: Option<String>,
}

impl Sniffed {
    fn key(&self) -> Result<ResourceKey, FhirError> {
        let kind = self.kind.as_deref().ok_or(FhirError::MissingType)?;
        let id = self.id.as_deref().ok_or(FhirError::BadId)?;
        ResourceKey::parse(&format!("{kind}/{id}")).ok_or(
            if ResourceKey::parse(&format!("{kind}/1")).is_some() {
                FhirError::BadId
            } else {
                FhirError::MissingType
            },
        )
    }
}

/// Reads type, id and, when wanted, version of a resource that is known to be JSON; stops as soon as it has them,
/// which stand first as a rule. Of a key given twice the first counts, as everywhere in this crate.
fn sniff(json: &str, version_wanted: bool) -> Result<Sniffed, FhirError> {
    const ENOUGH: FhirError = FhirError::NotAnObject;
    if !json.starts_with('{') {
        return Err(FhirError::NotAnObject);
    }
    let mut sniffed = Sniffed::default();
    let mut meta = !version_wanted;
    let text = |value: &str| {
        let wrapped = format!("{{\"v\":{value}}}");
        let document = Document::parse(&wrapped).ok()?;
        document.root().str("v").map(String::from)
    };
    let walked = members(json, 0, |key, at| {
        let end = json::skip_value(json, at)?;
        let value = json.get(at..end).unwrap_or("");
        match key {
            "resourceType" if sniffed.kind.is_none() => sniffed.kind = text(value),
            "id" if sniffed.id.is_none() => sniffed.id = text(value),
            "meta" if !meta => {
                meta = true;
                if value.starts_with('{') {
                    sniffed.version = Document::parse(value)?
                        .root()
                        .str("versionId")
                        .map(Into::into);
                }
            }
            _ => {}
        }
        if meta && sniffed.kind.is_some() && sniffed.id.is_some() {
            return Err(ENOUGH);
        }
        Ok(end)
    });
    match walked {
        Ok(_) => Ok(sniffed),
        Err(e) if e == ENOUGH => Ok(sniffed),
        Err(e) => Err(e),
    }
}

/// Goes through the members of the object at `start`; `on_member` is given the key and the place of
/// the value and gives the value's end.
fn members(
    text: &str,
    start: usize,
    mut on_member: impl FnMut(&str, usize) -> Result<usize, FhirError>,
) -> Result<usize, FhirError> {
    sequence(text, start, b'}', |at| {
        let key_end = json::skip_string(text, at)?;
        let colon = json::skip_space(text.as_bytes(), key_end);
        if text.as_bytes().get(colon) != Some(&b':') {
            return Err(json::not_json(text, colon));
        }
        let value = json::skip_space(text.as_bytes(), colon + 1);
        on_member(text.get(at + 1..key_end - 1).unwrap_or(""), value)
    })
}

/// Goes through the elements of the array at `start`; `on_element` gives the end of each.
fn elements(
    text: &str,
    start: usize,
    on_element: impl FnMut(usize) -> Result<usize, FhirError>,
) -> Result<usize, FhirError> {
    sequence(text, start, b']', on_element)
}

fn sequence(
    text: &str,
    start: usize,
    close: u8,
    mut on_part: impl FnMut(usize) -> Result<usize, FhirError>,
) -> Result<usize, FhirError> {
    let bytes = text.as_bytes();
    let mut at = json::skip_space(bytes, start + 1);
    if bytes.get(at) == Some(&close) {
        return Ok(at + 1);
    }
    loop {
        at = json::skip_space(bytes, on_part(at)?);
        match bytes.get(at) {
            Some(byte) if *byte == close => return Ok(at + 1),
            Some(b',') => at = json::skip_space(bytes, at + 1),
            Some(_) | None => return Err(json::not_json(text, at)),
        }
    }
}

/// The end of an element that is broken in itself, found by its brackets and the comma or bracket
/// after it alone; nothing when the text ends first.
fn skip_brackets(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b',' | b']' | b'}' if depth == 0 => break,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                at += 1;
                while *bytes.get(at)? != b'"' {
                    at += if bytes.get(at) == Some(&b'\\') { 2 } else { 1 };
                }
            }
            _ => {}
        }
        at += 1;
    }
    let blank = bytes[start..at]
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_whitespace())
        .count();
    (at - blank > start).then_some(at - blank)
}

/// The key in a request's URL: `Type/id`, perhaps below the server's base, perhaps with a version.
fn key_of_url(url: &str) -> Option<ResourceKey> {
    let path = url.split(['?', '#']).next().unwrap_or("");
    let mut parts: Vec<&str> = path.split('/').collect();
    if let [.., "_history", _] = parts[..] {
        parts.truncate(parts.len() - 2);
    }
    match parts[..] {
        [.., kind, id] => ResourceKey::parse(&format!("{kind}/{id}")),
        _ => None,
    }
}

/// `W/"3"`, `"3"` and (as some servers write it) `3` are version `3`.
fn version_of_etag(etag: &str) -> String {
    let etag = etag.trim();
    etag.strip_prefix("W/")
        .unwrap_or(etag)
        .trim_matches('"')
        .to_owned()
}

/// The value of a query parameter, decoded.
fn query_parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next().unwrap_or("");
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode(key)? == name).then(|| percent_decode(value))?
    })
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

/// Writes a history Bundle of the feed.
#[derive(Debug)]
pub struct ChangeBundleWriter {
    base: String,
    entries: String,
}

impl ChangeBundleWriter {
    /// For a server whose FHIR base is `base`, e.g. `http://127.0.0.1:8080/fhir`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            entries: String::new(),
        }
    }

    /// The resource is now this. `json` is put in as it is and must be the resource of that key.
    pub fn push_put(&mut self, key: &ResourceKey, version: &str, at: Timestamp, json: &str) {
        self.entries.reserve(json.len() + 256);
        self.open(key);
        self.entries.push_str(",\"resource\":");
        self.entries.push_str(json);
        self.close("PUT", "200", key, version, at);
    }

    /// The resource is gone.
    pub fn push_delete(&mut self, key: &ResourceKey, version: &str, at: Timestamp) {
        self.open(key);
        self.close("DELETE", "204", key, version, at);
    }

    /// Whether nothing was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The Bundle. `total` is how many changes there are in all, when it was counted; `self_link` carries
    /// the cursor to give next time; `next_link` is there when more waits.
    #[must_use]
    pub fn finish(self, total: Option<u64>, self_link: &str, next_link: Option<&str>) -> String {
        finish("history", total, self_link, next_link, &self.entries)
    }

    fn open(&mut self, key: &ResourceKey) {
        open_entry(&mut self.entries, &self.base, key);
    }

    fn close(
        &mut self,
        method: &str,
        status: &str,
        key: &ResourceKey,
        version: &str,
        at: Timestamp,
    ) {
        let out = &mut self.entries;
        out.push_str(",\"request\":{\"method\":\"");
        out.push_str(method);
        out.push_str("\",\"url\":");
        push_string(out, &key.to_string());
        out.push_str("},\"response\":{\"status\":\"");
        out.push_str(status);
        out.push_str("\",\"etag\":");
        push_string(out, &format!("W/\"{version}\""));
        out.push_str(",\"lastModified\":\"");
        out.push_str(&at.to_fhir());
        out.push_str("\"}}");
    }
}

/// Every entry of a searchset needs a `fullUrl` (HAPI's validator insists); an outcome that is stored
/// nowhere has this one.
const OUTCOME_URL: &str = "urn:uuid:6f757463-6f6d-4500-8000-000000000000";

/// Writes a searchset Bundle.
#[derive(Debug)]
pub struct SearchBundleWriter {
    base: String,
    entries: String,
}

impl SearchBundleWriter {
    /// For a server whose FHIR base is `base`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            entries: String::new(),
        }
    }

    /// Adds a resource of that key; `json` is put in as it is.
    pub fn push(&mut self, key: &ResourceKey, mode: SearchMode, json: &str) {
        self.entries.reserve(json.len() + 128);
        open_entry(&mut self.entries, &self.base, key);
        self.entries.push(',');
        self.close(mode, json);
    }

    /// Adds the OperationOutcome of the Bundle, which has no address of its own; at most one.
    pub fn push_outcome(&mut self, json: &str) {
        if !self.entries.is_empty() {
            self.entries.push(',');
        }
        self.entries.push_str("{\"fullUrl\":\"");
        self.entries.push_str(OUTCOME_URL);
        self.entries.push_str("\",");
        self.close(SearchMode::Outcome, json);
    }

    /// The Bundle.
    #[must_use]
    pub fn finish(self, total: Option<u64>, self_link: &str, next_link: Option<&str>) -> String {
        finish("searchset", total, self_link, next_link, &self.entries)
    }

    fn close(&mut self, mode: SearchMode, json: &str) {
        self.entries.push_str("\"resource\":");
        self.entries.push_str(json);
        self.entries.push_str(",\"search\":{\"mode\":\"");
        self.entries.push_str(mode.code());
        self.entries.push_str("\"}}");
    }
}

/// Begins an entry with its `fullUrl`.
fn open_entry(out: &mut String, base: &str, key: &ResourceKey) {
    if !out.is_empty() {
        out.push(',');
    }
    out.push_str("{\"fullUrl\":");
    push_string(out, &format!("{base}/{key}"));
}

fn finish(
    kind: &str,
    total: Option<u64>,
    self_link: &str,
    next_link: Option<&str>,
    entries: &str,
) -> String {
    let mut out = String::with_capacity(entries.len() + 256);
    out.push_str("{\"resourceType\":\"Bundle\",\"type\":\"");
    out.push_str(kind);
    out.push('"');
    if let Some(total) = total {
        out.push_str(",\"total\":");
        out.push_str(&total.to_string());
    }
    out.push_str(",\"link\":[{\"relation\":\"self\",\"url\":");
    push_string(&mut out, self_link);
    out.push('}');
    if let Some(next) = next_link {
        out.push_str(",{\"relation\":\"next\",\"url\":");
        push_string(&mut out, next);
        out.push('}');
    }
    out.push(']');
    if !entries.is_empty() {
        out.push_str(",\"entry\":[");
        out.push_str(entries);
        out.push(']');
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BASE: &str = "http://127.0.0.1:8080/fhir";

    fn key(kind: &str, id: &str) -> ResourceKey {
        ResourceKey::new(kind, id)
    }

    #[test]
    fn a_written_feed_comes_back_byte_for_byte() {
        let first = "{ \"resourceType\" : \"Observation\",\n\t\"id\":\"a\", \"x\" : 4.50 }";
        let second = r#"{"id":"b","note":"\u0041 \"quoted\" }]","resourceType":"Condition"}"#;
        let mut writer = ChangeBundleWriter::new(BASE);
        assert!(writer.is_empty());
        let at = Timestamp::parse_fhir("2026-11-24T08:30:00+07:00").unwrap();
        writer.push_put(&key("Observation", "a"), "3", at, first);
        writer.push_delete(&key("Invoice", "gone"), "2", at);
        writer.push_put(&key("Condition", "b"), "1", at, second);
        let next = format!("{BASE}/Patient/1/$changes?_count=3&cursor=a%2Fb%3D%20c");
        let body = writer.finish(None, &next, Some(&next));
        insta::assert_snapshot!(body);
        let page = ChangePage::parse(&body).unwrap();
        assert_eq!(page.cursor, "a/b= c");
        assert!(page.more);
        assert_eq!(
            page.changes,
            [
                Change::Put {
                    key: key("Observation", "a"),
                    version: Some("3".to_owned()),
                    json: first,
                },
                Change::Delete {
                    key: key("Invoice", "gone"),
                },
                Change::Put {
                    key: key("Condition", "b"),
                    version: Some("1".to_owned()),
                    json: second,
                },
            ]
        );
    }

    #[test]
    fn nothing_new_has_no_entries() {
        let body = ChangeBundleWriter::new(BASE).finish(None, "x?cursor=7", None);
        assert!(!body.contains("entry"));
        let page = ChangePage::parse(&body).unwrap();
        assert_eq!((page.changes.len(), page.more), (0, false));
        assert_eq!(page.cursor, "7");
    }

    #[test]
    fn one_bad_entry_costs_only_itself() {
        let deep = format!("{{\"resource\":{}{}}}", "[".repeat(90), "]".repeat(90));
        let entries = [
            r#"{"resource":{"resourceType":"Observation","id":"ok1","meta":{"versionId":"9"}}}"#,
            "7",
            "{}",
            r#"{"resource":{"id":"a"}}"#,
            r#"{"resource":{"resourceType":"Observation"}}"#,
            r#"{"resource":{"resourceType":"Observation","id":"no spaces"}}"#,
            r#"{"resource":{"resourceType":"../x","id":"a"}}"#,
            r#"{"resource":[1]}"#,
            r#"{"request":{"method":"DELETE","url":"Observation"}}"#,
            r#"{"request":7,"resource":{"resourceType":"Observation","id":"a"}}"#,
            r#"{"resource":{"resourceType":"Observation","id":"nan","value":NaN}}"#,
            r#"{"resource":{"resourceType":"Observation","id":"\x"}}"#,
            &deep,
            r#"{"request":{"method":"DELETE","url":"http://h/fhir/Condition/c1/_history/4"}}"#,
            r#"{"resource":{"resourceType":"Observation","id":"ok2"},"response":{"etag":"2"}}"#,
        ];
        let body = format!(
            r#"{{"link":[{{"relation":"self","url":"?cursor=1"}}],"entry":[ {} ],"resourceType":"Bundle"}}"#,
            entries.join(" , ")
        );
        let page = ChangePage::parse(&body).unwrap();
        let seen: Vec<String> = page
            .changes
            .iter()
            .map(|change| match change {
                Change::Put { key, version, .. } => format!("put {key} {version:?}"),
                Change::Delete { key } => format!("delete {key}"),
                Change::Broken {
                    position,
                    reason,
                    json,
                } => {
                    assert_eq!(*json, entries[*position]);
                    format!("{position} {}", reason.code())
                }
            })
            .collect();
        assert_eq!(
            seen,
            [
                "put Observation/ok1 Some(\"9\")",
                "1 not-an-object",
                "2 unexpected",
                "3 missing-type",
                "4 bad-id",
                "5 bad-id",
                "6 missing-type",
                "7 not-an-object",
                "8 bad-id",
                "9 not-an-object",
                "10 not-json",
                "11 not-json",
                "12 too-deep",
                "delete Condition/c1",
                "put Observation/ok2 Some(\"2\")",
            ]
        );
    }

    #[test]
    fn what_is_no_page_is_an_error() {
        let whole = ChangeBundleWriter::new(BASE).finish(None, "?cursor=1", None);
        for (body, code) in [
            ("", "not-json"),
            ("<html>", "not-json"),
            ("[]", "not-an-object"),
            ("{}", "unexpected"),
            (r#"{"resourceType":"OperationOutcome"}"#, "unexpected"),
            (r#"{"resourceType":"Bundle"}"#, "unexpected"),
            (
                r#"{"resourceType":"Bundle","link":[{"relation":"self","url":"x"}]}"#,
                "unexpected",
            ),
            (&whole[..whole.len() - 1], "not-json"),
        ] {
            assert_eq!(ChangePage::parse(body).unwrap_err().code(), code, "{body}");
        }
        let deep = "{\"entry\":[".repeat(200_000);
        assert!(ChangePage::parse(&deep).is_err());
        assert!(SearchPage::parse(&"[".repeat(1_000_000)).is_err());
    }

    #[test]
    fn half_a_feed_is_an_error_wherever_it_is_cut() {
        let mut writer = ChangeBundleWriter::new(BASE);
        let json = r#"{"resourceType":"Observation","id":"a","text":"[{\"]"}"#;
        writer.push_put(&key("Observation", "a"), "1", Timestamp::default(), json);
        writer.push_put(&key("Observation", "b"), "1", Timestamp::default(), json);
        let body = writer.finish(None, "?cursor=1", None);
        for cut in 0..body.len() {
            assert!(ChangePage::parse(&body[..cut]).is_err(), "{cut}");
        }
        assert!(ChangePage::parse(&body).is_ok());
    }

    #[test]
    fn a_search_page_comes_back() {
        let appointment = r#"{"resourceType":"Appointment","id":"p1"}"#;
        let outcome = r#"{"resourceType":"OperationOutcome","issue":[]}"#;
        let mut writer = SearchBundleWriter::new(&format!("{BASE}/"));
        writer.push_outcome(outcome);
        writer.push(&key("Appointment", "p1"), SearchMode::Match, appointment);
        writer.push(
            &key("Location", "l"),
            SearchMode::Include,
            r#"{"resourceType":"Location","id":"l"}"#,
        );
        let body = writer.finish(Some(1), "self", Some("next \"page\""));
        insta::assert_snapshot!(body);
        let page = SearchPage::parse(&body).unwrap();
        assert_eq!(page.next.as_deref(), Some("next \"page\""));
        assert_eq!((page.total, page.broken), (Some(1), 0));
        assert_eq!(
            page.of_kind("Appointment").collect::<Vec<_>>(),
            [appointment]
        );
        assert_eq!(page.found[0].mode, SearchMode::Outcome);
        assert_eq!(page.found[0].json, outcome);
        assert_eq!(page.found[2].mode, SearchMode::Include);
    }

    #[test]
    fn of_a_key_given_twice_the_first_counts() {
        let resource =
            r#"{"id":"a","id":"b","resourceType":"Basic","resourceType":"List","meta":{}}"#;
        let body = format!(
            r#"{{"resourceType":"Bundle","link":[{{"relation":"self","url":"?cursor=1"}}],"entry":[{{"resource":{resource},"resource":7}}]}}"#
        );
        let page = ChangePage::parse(&body).unwrap();
        assert!(
            matches!(&page.changes[..], [Change::Put { key: k, .. }] if *k == key("Basic", "a"))
        );
        assert_eq!(crate::index(resource).unwrap().key, key("Basic", "a"));
    }

    proptest! {
        #[test]
        fn every_feed_comes_back(
            ids in prop::collection::vec("[A-Za-z0-9.-]{1,64}", 0..8),
            note: String,
            version in "[a-zA-Z0-9]{1,8}",
            cursor in "[A-Za-z0-9_-]{1,30}",
            more: bool,
        ) {
            let mut writer = ChangeBundleWriter::new(BASE);
            let jsons: Vec<String> = ids
                .iter()
                .map(|id| {
                    let note = serde_json::Value::from(note.as_str());
                    format!(" {{\"note\" : {note} ,\"resourceType\":\"Condition\",\"id\":\"{id}\"}}")
                        .trim_start()
                        .to_owned()
                })
                .collect();
            for (id, json) in ids.iter().zip(&jsons) {
                writer.push_put(&key("Condition", id), &version, Timestamp::default(), json);
            }
            let link = format!("{BASE}/x?cursor={cursor}");
            let body = writer.finish(None, &link, more.then_some(&link));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok());
            let page = ChangePage::parse(&body).unwrap();
            prop_assert_eq!((&page.cursor, page.more), (&cursor, more));
            let expected: Vec<Change<'_>> = ids
                .iter()
                .zip(&jsons)
                .map(|(id, json)| Change::Put {
                    key: key("Condition", id),
                    version: Some(version.clone()),
                    json,
                })
                .collect();
            prop_assert_eq!(page.changes, expected);
        }

        #[test]
        fn no_text_panics(text in r#"[ \[\]{}",:\\a0-9]{0,40}"#, any: String) {
            let entries = format!("{{\"resourceType\":\"Bundle\",\"entry\":[{text}]}}");
            for body in [&text, &any, &entries] {
                let _ = ChangePage::parse(body);
                let _ = SearchPage::parse(body);
            }
        }
    }
}
