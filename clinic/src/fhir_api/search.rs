//! `GET /fhir/{type}?…`: strict (an unknown parameter is refused, so that no filter is ever ignored), in a
//! steady order or the newest first, with opaque `next` links.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::Value;
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, ResourceKey};
use sokhoe_fhir::SearchBundleWriter;
use sokhoe_fhir::bundle::SearchMode;

use super::error::fhir;
use super::extract::{Pairs, Reader, Segments, UNKNOWN_PARAMETER, count};
use super::filter::Filter;
use super::newest::Newest;
use super::types::{INCLUDES, Param, Rule, Served, served};
use super::{Api, ApiError};
use crate::access::{Access, Scope, Stored};
use crate::access_log::{Asked, Draft, owners};
use crate::cursor;
use crate::store::{Sql, StoreError, read_async};

const USUAL_COUNT: usize = 50;
const MOST: usize = 200;
/// A page ends after this many bytes of resources, however many were asked for.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
const PURPOSE: &str = "search";
/// The parameter of `next` links.
const PAGE: &str = "_page";

/// A search as it was asked.
#[derive(Debug)]
struct Question {
    kind: &'static Served,
    /// All parameters but the page, for links.
    query: String,
    patient: Option<String>,
    ids: BTreeSet<String>,
    filter: Filter,
    includes: Vec<&'static (&'static str, &'static str, &'static str)>,
    count: usize,
    newest_first: bool,
    page: Option<String>,
}

pub(super) async fn search(
    State(api): State<Api>,
    Segments(kind): Segments<String>,
    Pairs(pairs): Pairs,
    Reader(access): Reader,
) -> Result<Response, ApiError> {
    let served = served(&kind)
        .filter(|served| served.rule != Rule::Referred)
        .ok_or(ApiError::NotFound)?;
    let question = Question::read(served, &pairs)?;
    let after = match &question.page {
        None => 0,
        Some(page) => cursor::open(&api.inner.keys, PURPOSE, &question.bound(&access), page)
            .ok_or(ApiError::CursorGone)?,
    };
    let store = Arc::clone(&api.inner.store);
    let office = api.clone();
    let (body, drafts) = read_async(&store, move |sql| {
        let page = found(sql, &access, &question, after)?;
        let drafts = noted(
            sql,
            &access,
            &question,
            page.as_ref().map(|(found, _)| &**found),
        )?;
        let body = page
            .map(|(found, more)| answer(sql, &office, &access, &question, &found, more))
            .transpose()?;
        Ok((body, drafts))
    })
    .await?;
    api.note(drafts).await?;
    let body = body.ok_or(ApiError::CursorGone)?;
    Ok(fhir(StatusCode::OK, body))
}

/// What a search leaves in the log: an entry of the person that it names, or else of each of whom it gave something; and of
/// each whose resource was asked for by its id and not given.
fn noted(
    sql: Sql<'_>,
    access: &Access,
    question: &Question,
    found: Option<&[Stored]>,
) -> Result<Vec<Draft>, StoreError> {
    if question.kind.rule != Rule::Compartment {
        return Ok(Vec::new());
    }
    let asked = Asked {
        access,
        operation: AccessOperation::Search,
        action: AccessAction::Execute,
        kind: question.kind.name,
        id: None,
    };
    let found = found.unwrap_or_default();
    if let Some(patient) = &question.patient {
        // What was found was granted.
        if !found.is_empty() {
            return Ok(vec![asked.given(patient)]);
        }
        let draft = asked.of_person(sql, patient, question.kind.scopes)?;
        return Ok(draft.into_iter().collect());
    }
    let now = access.clock_now();
    let given: BTreeSet<&str> = found
        .iter()
        .filter_map(|it| it.patient.as_deref())
        .collect();
    let mut drafts: Vec<Draft> = given
        .iter()
        .map(|patient| asked.draft(patient, AccessOutcome::Done, now))
        .collect();
    for id in &question.ids {
        if found.iter().any(|stored| stored.id == *id) {
            continue;
        }
        for owner in owners(sql, question.kind.name, id)? {
            let is_denied = !asked.may(sql, &owner, question.kind.scopes)?;
            let is_new = drafts.iter().all(|draft| draft.patient != owner);
            if is_denied && is_new {
                drafts.push(asked.draft(&owner, AccessOutcome::Denied, now));
            }
        }
    }
    Ok(drafts)
}

/// The resources of a page, and whether there are more; nothing when the place where it begins is no more.
fn found(
    sql: Sql<'_>,
    access: &Access,
    question: &Question,
    after: i64,
) -> Result<Option<(Vec<Stored>, bool)>, StoreError> {
    if question.newest_first {
        newest(sql, access, question, after)
    } else {
        Ok(Some(in_order(sql, access, question, after)?))
    }
}

/// The page.
fn answer(
    sql: Sql<'_>,
    api: &Api,
    access: &Access,
    question: &Question,
    found: &[Stored],
    more: bool,
) -> Result<String, StoreError> {
    let mut bundle = SearchBundleWriter::new(&api.base);
    for stored in found {
        let key = ResourceKey::new(question.kind.name, &*stored.id);
        bundle.push(&key, SearchMode::Match, &stored.json);
    }
    for (kind, id) in included(question, found) {
        if let Some(stored) = access.read(sql, kind, &id)? {
            bundle.push(
                &ResourceKey::new(kind, id),
                SearchMode::Include,
                &stored.json,
            );
        }
    }
    let base = format!("{}/{}", api.base, question.kind.name);
    let link = |extra: &str| match (question.query.as_str(), extra) {
        ("", "") => base.clone(),
        ("", extra) => format!("{base}?{extra}"),
        (query, "") => format!("{base}?{query}"),
        (query, extra) => format!("{base}?{query}&{extra}"),
    };
    let last = found.last().filter(|_| more);
    let next = last.map(|stored| {
        let page = cursor::seal(&api.inner.keys, PURPOSE, &question.bound(access), stored.pk);
        link(&format!("{PAGE}={page}"))
    });
    Ok(bundle.finish(None, &link(""), next.as_deref()))
}

/// The resources of a page that begins after this place; whether there are more.
fn in_order(
    sql: Sql<'_>,
    access: &Access,
    question: &Question,
    after: i64,
) -> Result<(Vec<Stored>, bool), StoreError> {
    let mut found: Vec<Stored> = Vec::new();
    let (mut bytes, mut more) = (0, false);
    access.search(sql, question.kind.name, &question.scope(after), |stored| {
        if question.filter.fits(&stored.json, stored.updated) {
            more = found.len() == question.count || bytes > PAGE_BYTES;
            if !more {
                bytes += stored.json.len();
                found.push(stored);
            }
        }
        !more
    })?;
    Ok((found, more))
}

/// The same of those that are older than the last page's last one, the newest first. Who turns pages while a
/// date changes may meet a resource twice or not at all: whoever wants all of them follows the feed. Nothing when
/// that last one was taken away.
fn newest(
    sql: Sql<'_>,
    access: &Access,
    question: &Question,
    after: i64,
) -> Result<Option<(Vec<Stored>, bool)>, StoreError> {
    let mut page = Newest::of(question.count, PAGE_BYTES);
    if after > 0 {
        let mut last = None;
        access.search(
            sql,
            question.kind.name,
            &question.scope(after - 1),
            |stored| {
                last = Some(stored).filter(|stored| stored.pk == after);
                false
            },
        )?;
        let Some(last) = last else {
            return Ok(None);
        };
        page.begin_after(&last);
    }
    access.search(sql, question.kind.name, &question.scope(0), |stored| {
        if question.filter.fits(&stored.json, stored.updated) {
            page.offer(stored);
        }
        true
    })?;
    Ok(Some(page.finish()))
}

/// The resources that come along.
fn included(question: &Question, found: &[Stored]) -> BTreeSet<(&'static str, String)> {
    let mut keys = BTreeSet::new();
    if question.includes.is_empty() {
        return keys;
    }
    for stored in found {
        let value: Value = serde_json::from_str(&stored.json).unwrap_or_default();
        for (_, kind, place) in &question.includes {
            let references = match value.pointer(place) {
                Some(Value::Array(references)) => references.iter().collect(),
                Some(reference) => vec![reference],
                None => Vec::new(),
            };
            for reference in references {
                let key = reference
                    .get("reference")
                    .and_then(Value::as_str)
                    .and_then(ResourceKey::parse)
                    .filter(|key| key.kind == *kind);
                keys.extend(key.map(|key| (*kind, key.id)));
            }
        }
    }
    keys
}

impl Question {
    fn read(kind: &'static Served, pairs: &[(String, String)]) -> Result<Self, ApiError> {
        let mut question = Self {
            kind,
            query: String::new(),
            patient: None,
            ids: BTreeSet::new(),
            filter: Filter::default(),
            includes: Vec::new(),
            count: USUAL_COUNT,
            newest_first: false,
            page: None,
        };
        let mut links = Vec::new();
        for (name, value) in pairs {
            match name.as_str() {
                PAGE => {
                    question.page = Some(value.clone());
                    continue;
                }
                "_count" => question.count = count(value, MOST)?,
                name => {
                    let param = kind
                        .params
                        .iter()
                        .find(|param| param.name() == name)
                        .ok_or(UNKNOWN_PARAMETER)?;
                    question.add(*param, value)?;
                }
            }
            links.push(format!("{name}={}", escape(value)));
        }
        question.query = links.join("&");
        Ok(question)
    }

    fn add(&mut self, param: Param, value: &str) -> Result<(), ApiError> {
        match param {
            Param::Patient => {
                let id = value.strip_prefix("Patient/").unwrap_or(value);
                if self.patient.as_deref().is_some_and(|before| before != id) {
                    return Err(ApiError::BadRequest("One patient at a time."));
                }
                self.patient = Some(id.to_owned());
                Ok(())
            }
            Param::Id => {
                self.ids.extend(value.split(',').map(str::to_owned));
                Ok(())
            }
            Param::Include => {
                let include = INCLUDES
                    .iter()
                    .find(|(name, _, _)| *name == value)
                    .ok_or(UNKNOWN_PARAMETER)?;
                self.includes.push(include);
                Ok(())
            }
            Param::Sort if value == "-date" => {
                self.newest_first = true;
                Ok(())
            }
            Param::Sort => Err(ApiError::BadRequest("Sorted by -date, or not at all.")),
            Param::LastUpdated | Param::Category | Param::Code | Param::Date | Param::Status => {
                self.filter.add(param, value)
            }
        }
    }

    fn scope(&self, after: i64) -> Scope<'_> {
        Scope {
            patient: self.patient.as_deref(),
            ids: &self.ids,
            after,
        }
    }

    /// What a page link is worth for: this question by this device.
    fn bound<'a>(&'a self, access: &'a Access) -> [&'a str; 3] {
        [access.device(), self.kind.name, &self.query]
    }
}

/// Percent-encodes a value of a query.
pub(super) fn escape(value: &str) -> String {
    use std::fmt::Write as _;
    value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
        out
    })
}
