//! Searches whose pages are fetched one by one.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::json;
use sokhoe_domain::{ResourceKey, Timestamp};
use sokhoe_testing::SeededRng;

use super::clinic::ForeignClinic;
use super::manners::Manners;
use super::search::Query;
use super::store::{Present, Refusal, Store};
use super::wire;

/// What a search found when it was made: pages show these, as they are by then.
#[derive(Debug)]
pub(super) struct Saved {
    pub(super) made: Timestamp,
    /// The type that was searched; none for `$everything`.
    pub(super) kind: Option<String>,
    pub(super) keys: Vec<ResourceKey>,
    pub(super) count: usize,
    pub(super) query: Option<Query>,
    pub(super) self_url: String,
}

/// All searches that somebody may still page through.
#[derive(Debug, Default)]
pub(super) struct Searches {
    saved: BTreeMap<String, Saved>,
    /// The newest of each question.
    by_question: BTreeMap<String, String>,
}

/// What the pages of a server are made with.
pub(super) struct Printer<'s> {
    pub(super) base: &'s str,
    pub(super) store: &'s Store,
    pub(super) manners: &'s Manners,
    pub(super) dice: &'s SeededRng,
    pub(super) now: Timestamp,
    pub(super) clinic: &'s ForeignClinic,
}

impl Searches {
    /// A search that was made for the same question a moment ago.
    pub(super) fn remembered(
        &self,
        question: &str,
        now: Timestamp,
        manners: &Manners,
    ) -> Option<String> {
        let id = self.by_question.get(question)?;
        let saved = self.saved.get(id)?;
        (now.since(saved.made) < manners.searches_remembered).then(|| id.clone())
    }

    pub(super) fn keep(&mut self, id: &str, question: Option<String>, saved: Saved) {
        if let Some(question) = question {
            self.by_question.insert(question, id.to_owned());
        }
        self.saved.insert(id.to_owned(), saved);
    }

    /// Forgets what nobody pages through any more.
    pub(super) fn expire(&mut self, now: Timestamp, manners: &Manners) {
        self.saved
            .retain(|_, saved| now.since(saved.made) < manners.pages_live);
        self.by_question.retain(|_, id| self.saved.contains_key(id));
    }

    pub(super) fn page(
        &self,
        id: &str,
        offset: usize,
        count: Option<usize>,
        printer: &Printer<'_>,
    ) -> Result<String, Refusal> {
        let saved = self.saved.get(id).ok_or_else(|| {
            Refusal::new(
                StatusCode::GONE,
                format!("Search ID \"{id}\" does not exist and may have expired"),
            )
        })?;
        let count = count.map_or(saved.count, |count| printer.page_size(Some(count)));
        Ok(printer.page(id, saved, offset, count))
    }
}

impl Printer<'_> {
    /// How many entries a page has for who wants so many.
    pub(super) fn page_size(&self, wanted: Option<usize>) -> usize {
        match wanted {
            Some(wanted) if !self.manners.ignores_count => {
                wanted.clamp(1, self.manners.most_on_a_page)
            }
            Some(_) | None => self.manners.page,
        }
    }

    fn page(&self, id: &str, saved: &Saved, offset: usize, count: usize) -> String {
        let all = saved.keys.len();
        let (start, end) = (offset.min(all), offset.saturating_add(count).min(all));
        let keys = &saved.keys[start..end];
        let elements = saved
            .query
            .as_ref()
            .and_then(|query| query.elements.as_deref());
        let mut entries: Vec<String> = keys
            .iter()
            .filter_map(|key| self.store.present(key))
            .filter(|present| !self.loses(id, saved, present))
            .map(|present| self.entry(present, elements, "match"))
            .collect();
        if let Some(query) = &saved.query {
            entries.extend(
                query
                    .included(self.store, keys)
                    .iter()
                    .filter_map(|key| self.store.present(key))
                    .map(|present| self.entry(present, None, "include")),
            );
        }
        let mut links = vec![json!({"relation": "self", "url": saved.self_url})];
        if let Some(next) = self.next(start, count, all) {
            let url = self.link(id, saved, next, count);
            links.push(json!({"relation": "next", "url": url}));
        }
        let total = if offset == 0 && all <= count && !self.manners.ends_with_an_empty_page {
            format!(r#""total":{all},"#)
        } else {
            String::new()
        };
        bundle(
            id,
            "searchset",
            Some(&wire::instant(saved.made)),
            &total,
            &links,
            &entries,
        )
    }

    fn entry(&self, present: Present<'_>, elements: Option<&[String]>, mode: &str) -> String {
        format!(
            r#"{{"fullUrl":"{}/{}/{}","resource":{},"search":{{"mode":"{mode}"}}}}"#,
            self.base,
            present.key.kind,
            present.key.id,
            self.clinic.write(present, elements)
        )
    }

    /// Where the next page begins.
    fn next(&self, start: usize, count: usize, all: usize) -> Option<usize> {
        let end = start.saturating_add(count);
        if end < all {
            let most = self.manners.pages_overlap.min(count - 1);
            let overlap = usize::try_from(self.dice.next()).unwrap_or_default() % (most + 1);
            return Some(end - overlap);
        }
        self.manners.ends_with_an_empty_page.then_some(all)
    }

    fn link(&self, id: &str, saved: &Saved, offset: usize, count: usize) -> String {
        let query = format!(
            "?_getpages={id}&_getpagesoffset={offset}&_count={count}&_bundletype=searchset"
        );
        let form = if self.manners.any_next_links {
            self.dice.next() % 3
        } else {
            0
        };
        match (form, &saved.kind) {
            (1, _) => format!("{}{query}", path_of(self.base)),
            (2, Some(kind)) => format!("{kind}{query}"),
            _ => format!("{}{query}", self.base),
        }
    }

    /// Whether it changed since the search was made and is on no page for that.
    fn loses(&self, id: &str, saved: &Saved, present: &Present<'_>) -> bool {
        if present.version.updated <= saved.made || self.manners.loses_changed_rows == 0 {
            return false;
        }
        // The same on every page, or the pages that overlap would bring it back.
        let seed = id
            .bytes()
            .chain(present.key.id.bytes())
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        SeededRng::new(seed).next() % 100 < u64::from(self.manners.loses_changed_rows)
    }
}

/// The path of an absolute URL.
pub(super) fn path_of(url: &str) -> &str {
    let behind_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    behind_scheme
        .find('/')
        .map_or("", |slash| &behind_scheme[slash..])
}

pub(super) fn bundle(
    id: &str,
    kind: &str,
    updated: Option<&str>,
    total: &str,
    links: &[serde_json::Value],
    entries: &[String],
) -> String {
    let meta = updated.map_or(String::new(), |updated| {
        format!(r#""meta":{{"lastUpdated":"{updated}"}},"#)
    });
    let links = serde_json::Value::from(links);
    let entries = if entries.is_empty() {
        String::new()
    } else {
        format!(r#","entry":[{}]"#, entries.join(","))
    };
    format!(
        r#"{{"resourceType":"Bundle","id":"{id}",{meta}"type":"{kind}",{total}"link":{links}{entries}}}"#
    )
}
