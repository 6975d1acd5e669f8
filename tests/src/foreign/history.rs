//! `_history`: every version, the newest first, paged by offset over what is there at the moment.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::json;
use sokhoe_domain::{ResourceKey, Timestamp};

use super::paging::{Printer, bundle};
use super::store::{Present, Refusal, Row, Store, Version};
use super::wire;

/// Whose history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    System,
    Kind(String),
    Instance(ResourceKey),
}

impl Level {
    fn takes(&self, key: &ResourceKey) -> bool {
        match self {
            Self::System => true,
            Self::Kind(kind) => key.kind == *kind,
            Self::Instance(wanted) => key == wanted,
        }
    }

    fn path(&self) -> String {
        match self {
            Self::System => "_history".to_owned(),
            Self::Kind(kind) => format!("{kind}/_history"),
            Self::Instance(key) => format!("{}/{}/_history", key.kind, key.id),
        }
    }
}

/// What is asked of it.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    count: Option<usize>,
    offset: usize,
    since: Option<(String, Timestamp)>,
}

impl Wanted {
    pub(super) fn parse(query: &str) -> Result<Self, Refusal> {
        let bad = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why);
        let mut wanted = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let number = || {
                value
                    .parse()
                    .map_err(|_| bad(format!("Invalid {name} \"{value}\"")))
            };
            match &*name {
                "_count" => wanted.count = Some(number()?),
                "_offset" => wanted.offset = number()?,
                "_since" => {
                    let text = value.replace(' ', "+");
                    let at = Timestamp::parse_fhir(&text)
                        .filter(|_| text.len() > 10)
                        .ok_or_else(|| {
                            bad(format!("Invalid date/time string (an instant): {text}"))
                        })?;
                    wanted.since = Some((text, at));
                }
                _ => {}
            }
        }
        Ok(wanted)
    }
}

/// How many versions were counted, and when.
pub(super) type Counts = BTreeMap<Level, (Timestamp, usize)>;

pub(super) fn page(
    printer: &Printer<'_>,
    id: &str,
    level: &Level,
    wanted: &Wanted,
    counts: &mut Counts,
) -> Result<String, Refusal> {
    if let Level::Instance(key) = level
        && printer.store.row(key).is_none()
    {
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            format!("Resource {}/{} is not known", key.kind, key.id),
        ));
    }
    let mut versions = versions(printer.store, level);
    if let Some((_, since)) = &wanted.since {
        versions.retain(|(_, version)| version.updated >= *since);
    } else {
        let remembered = printer.manners.history_count_remembered;
        let total = match counts.get(level) {
            Some((counted, total)) if printer.now.since(*counted) < remembered => *total,
            Some(_) | None => {
                counts.insert(level.clone(), (printer.now, versions.len()));
                versions.len()
            }
        };
        versions.truncate(total);
    }
    let all = versions.len();
    let count = printer.page_size(wanted.count);
    let end = wanted.offset.saturating_add(count).min(all);
    let entries: Vec<String> = versions
        .get(wanted.offset.min(end)..end)
        .unwrap_or_default()
        .iter()
        .map(|(key, version)| entry(printer, key, version))
        .collect();
    let url = |offset: Option<usize>| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if offset.is_some() || wanted.count.is_some() {
            query.append_pair("_count", &count.to_string());
        }
        if let Some(offset) = offset {
            query.append_pair("_offset", &offset.to_string());
        }
        if let Some((text, _)) = &wanted.since {
            query.append_pair("_since", text);
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}/{}{mark}{query}", printer.base, level.path())
    };
    let offset = (wanted.offset > 0).then_some(wanted.offset);
    let mut links = vec![json!({"relation": "self", "url": url(offset)})];
    if end < all {
        links.push(json!({"relation": "next", "url": url(Some(end))}));
    }
    let total = if wanted.since.is_none() {
        format!(r#""total":{all},"#)
    } else {
        String::new()
    };
    let made = wire::instant(printer.now);
    Ok(bundle(id, "history", Some(&made), &total, &links, &entries))
}

fn versions<'s>(store: &'s Store, level: &Level) -> Vec<(&'s ResourceKey, &'s Version)> {
    let mut all: Vec<_> = store
        .rows()
        .filter(|(key, _)| level.takes(key))
        .flat_map(|(key, row): (_, &Row)| row.versions.iter().map(move |version| (key, version)))
        .collect();
    all.sort_by_key(|(_, version)| std::cmp::Reverse((version.updated, version.sequence)));
    all
}

fn entry(printer: &Printer<'_>, key: &ResourceKey, version: &Version) -> String {
    let place = format!("{}/{}", key.kind, key.id);
    let number = version.number;
    let (method, status, resource) = match &version.content {
        None => ("DELETE", "200 OK", String::new()),
        Some(content) => {
            let text = printer.clinic.write(
                Present {
                    key,
                    arrival: 0,
                    version,
                    content,
                },
                None,
            );
            let (method, status) = if number == 1 {
                ("POST", "201 Created")
            } else {
                ("PUT", "200 OK")
            };
            (method, status, format!(r#""resource":{text},"#))
        }
    };
    format!(
        r#"{{"fullUrl":"{}/{place}",{resource}"request":{{"method":"{method}","url":"{place}/_history/{number}"}},"response":{{"status":"{status}","etag":"W/\"{number}\""}}}}"#,
        printer.base
    )
}
