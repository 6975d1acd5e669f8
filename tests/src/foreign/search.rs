//! Searches: what they ask for and what they find.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use sokhoe_domain::{ResourceKey, Timestamp};

use super::content::Content;
use super::kinds::{date_member, members_of, token_member};
use super::store::{Present, Refusal, Store};

/// A search of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    kind: String,
    conditions: Vec<Condition>,
    sort: Vec<Sort>,
    includes: Vec<String>,
    /// What comes along with what came along.
    iterates: Vec<String>,
    pub(super) count: Option<usize>,
    pub(super) elements: Option<Vec<String>>,
    pub(super) only_count: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Id(Vec<String>),
    LastUpdated(Bound),
    Refers {
        members: &'static [&'static str],
        to: Vec<String>,
    },
    Token {
        member: &'static str,
        values: Vec<String>,
    },
    Date {
        member: &'static str,
        bound: Bound,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sort {
    LastUpdated {
        descending: bool,
    },
    Id {
        descending: bool,
    },
    Date {
        member: &'static str,
        descending: bool,
    },
}

/// `ge2026-11-29T08:00:00Z` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    prefix: String,
    from: Timestamp,
    /// The last instant that the text means as well: `2026-11-29` is a whole day.
    to: Timestamp,
}

impl Bound {
    fn parse(text: &str) -> Option<Self> {
        let (prefix, rest) = match text.get(..2) {
            Some(prefix @ ("ge" | "gt" | "le" | "lt" | "eq" | "sa" | "eb")) => (prefix, &text[2..]),
            _ => ("eq", text),
        };
        // A `+` of an offset that was not escaped arrives as a space.
        let rest = rest.replace(' ', "+");
        let from = Timestamp::parse_fhir(&rest)?;
        let width = match rest.len() {
            0..=4 => Duration::from_secs(366 * 86_400),
            5..=7 => Duration::from_secs(31 * 86_400),
            8..=10 => Duration::from_secs(86_400),
            _ if rest.contains('.') => Duration::from_millis(1),
            _ => Duration::from_secs(1),
        };
        let to = Timestamp::from_millis(from.plus(width).as_millis() - 1);
        Some(Self {
            prefix: prefix.to_owned(),
            from,
            to,
        })
    }

    fn takes(&self, at: Timestamp) -> bool {
        match self.prefix.as_str() {
            "ge" => at >= self.from,
            "gt" | "sa" => at > self.to,
            "le" => at <= self.to,
            "lt" | "eb" => at < self.from,
            _ => at >= self.from && at <= self.to,
        }
    }
}

impl Query {
    /// Reads what stands behind the `?`.
    pub(super) fn parse(kind: &str, text: &str) -> Result<Self, Refusal> {
        let mut query = Self {
            kind: kind.to_owned(),
            conditions: Vec::new(),
            sort: Vec::new(),
            includes: Vec::new(),
            iterates: Vec::new(),
            count: None,
            elements: None,
            only_count: false,
        };
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            query.add(&name, &value)?;
        }
        Ok(query)
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let bad = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why);
        let bound = || {
            Bound::parse(value)
                .ok_or_else(|| bad(format!("Invalid date/time/quantity format: \"{value}\"")))
        };
        let list = || value.split(',').map(ToOwned::to_owned).collect::<Vec<_>>();
        match name {
            "_count" => {
                let count = value
                    .parse()
                    .map_err(|_| bad(format!("Invalid _count \"{value}\"")))?;
                self.count = Some(count);
                self.only_count |= count == 0;
            }
            "_summary" => self.only_count |= value == "count",
            "_elements" => self.elements = Some(list()),
            "_sort" => {
                for wish in value.split(',') {
                    self.sort.push(self.sort_by(wish)?);
                }
            }
            "_include" => self.includes.extend(list()),
            "_include:iterate" => self.iterates.extend(list()),
            "_format" | "_pretty" | "_total" => {}
            "_id" => self.conditions.push(Condition::Id(list())),
            "_lastUpdated" => self.conditions.push(Condition::LastUpdated(bound()?)),
            _ => {
                let members = members_of(&self.kind, name);
                let condition = if let Some(member) = date_member(&self.kind, name) {
                    Condition::Date {
                        member,
                        bound: bound()?,
                    }
                } else if !members.is_empty() {
                    let whole = |id: String| match name {
                        "patient" if !id.contains('/') => format!("Patient/{id}"),
                        _ => id,
                    };
                    Condition::Refers {
                        members,
                        to: list().into_iter().map(whole).collect(),
                    }
                } else if let Some(member) = token_member(&self.kind, name) {
                    Condition::Token {
                        member,
                        values: list(),
                    }
                } else {
                    return Err(bad(format!(
                        "Unknown search parameter \"{name}\" for resource type \"{}\"",
                        self.kind
                    )));
                };
                self.conditions.push(condition);
            }
        }
        Ok(())
    }

    fn sort_by(&self, wish: &str) -> Result<Sort, Refusal> {
        let (descending, name) = match wish.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, wish),
        };
        match name {
            "_lastUpdated" => Ok(Sort::LastUpdated { descending }),
            "_id" => Ok(Sort::Id { descending }),
            _ => date_member(&self.kind, name)
                .map(|member| Sort::Date { member, descending })
                .ok_or_else(|| {
                    Refusal::new(
                        StatusCode::BAD_REQUEST,
                        format!("Unknown _sort parameter value \"{name}\""),
                    )
                }),
        }
    }

    /// Whether something is to come along.
    pub(super) fn includes_any(&self) -> bool {
        !self.includes.is_empty() || !self.iterates.is_empty()
    }

    pub(super) fn takes(&self, key: &ResourceKey, content: &Content, updated: Timestamp) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Id(ids) => ids.contains(&key.id),
            Condition::LastUpdated(bound) => bound.takes(updated),
            Condition::Refers { members, to } => content.references.iter().any(|(member, key)| {
                members.contains(&member.as_str())
                    && to.iter().any(|wanted| match wanted.split_once('/') {
                        Some((kind, id)) => key.kind == kind && key.id == id,
                        None => key.id == *wanted,
                    })
            }),
            Condition::Token { member, values } => values
                .iter()
                .any(|wanted| has_token(&content.value[*member], wanted)),
            Condition::Date { member, bound } => content.value[*member]
                .as_str()
                .and_then(Timestamp::parse_fhir)
                .is_some_and(|at| bound.takes(at)),
        })
    }

    /// What is found of what was there at a time, sorted; what is equal there stays in the order in which it came.
    pub(super) fn run(&self, store: &Store, indexed: Timestamp) -> Vec<ResourceKey> {
        let mut found: Vec<Present<'_>> = store
            .all_present()
            .into_iter()
            .filter(|present| present.key.kind == self.kind)
            .filter(|present| {
                store
                    .at(present.key, indexed)
                    .is_some_and(|(then, content)| self.takes(present.key, content, then.updated))
            })
            .collect();
        found.sort_by(|a, b| {
            self.sort
                .iter()
                .map(|sort| sort.compare(a, b))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        found
            .into_iter()
            .map(|present| present.key.clone())
            .collect()
    }

    /// What comes along with these.
    pub(super) fn included(&self, store: &Store, found: &[ResourceKey]) -> Vec<ResourceKey> {
        let mut included = BTreeSet::new();
        for include in &self.includes {
            included.extend(along(store, include, found.iter()));
        }
        loop {
            let before = included.len();
            for include in &self.iterates {
                let all: Vec<_> = found.iter().chain(&included).cloned().collect();
                included.extend(along(store, include, all.iter()));
            }
            if included.len() == before {
                break;
            }
        }
        included
            .into_iter()
            .filter(|key| !found.contains(key))
            .collect()
    }
}

/// What `Type:parameter` of these refers to and is there.
fn along<'k>(
    store: &Store,
    include: &str,
    of: impl Iterator<Item = &'k ResourceKey>,
) -> Vec<ResourceKey> {
    let (kind, parameter) = include.split_once(':').unwrap_or_default();
    let members = members_of(kind, parameter);
    of.filter(|key| key.kind == kind)
        .filter_map(|key| store.present(key))
        .flat_map(|present| present.content.references.clone())
        .filter(|(member, _)| members.contains(&member.as_str()))
        .map(|(_, key)| key)
        .filter(|key| store.present(key).is_some())
        .collect()
}

impl Sort {
    fn compare(&self, a: &Present<'_>, b: &Present<'_>) -> Ordering {
        let (order, descending) = match self {
            Self::LastUpdated { descending } => {
                (a.version.updated.cmp(&b.version.updated), *descending)
            }
            Self::Id { descending } => (a.key.id.cmp(&b.key.id), *descending),
            Self::Date { member, descending } => {
                let at = |present: &Present<'_>| {
                    present.content.value[*member]
                        .as_str()
                        .and_then(Timestamp::parse_fhir)
                };
                (at(a).cmp(&at(b)), *descending)
            }
        };
        if descending { order.reverse() } else { order }
    }
}

/// Whether a code, Coding, CodeableConcept or Identifier is `code`, `system|code` or `|code`.
fn has_token(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| has_token(item, wanted)),
        Value::String(code) => code == wanted.rsplit('|').next().unwrap_or_default(),
        Value::Bool(flag) => flag.to_string() == wanted,
        Value::Object(members) => {
            if let Some(coding) = members.get("coding") {
                return has_token(coding, wanted);
            }
            let of = |name: &str| members.get(name).and_then(Value::as_str);
            let code = of("value").or_else(|| of("code"));
            match wanted.split_once('|') {
                Some((system, "")) => of("system") == Some(system),
                Some(("", wanted)) => of("system").is_none() && code == Some(wanted),
                Some((system, wanted)) => of("system") == Some(system) && code == Some(wanted),
                None => code == Some(wanted),
            }
        }
        Value::Null | Value::Number(_) => false,
    }
}

/// What `Patient/{id}/$everything` finds: the patient, what refers to the patient, and all that these
/// refer to.
pub(super) fn everything(
    store: &Store,
    patient: &ResourceKey,
    kinds: Option<&[String]>,
    since: Option<Timestamp>,
) -> Vec<ResourceKey> {
    let mut found: Vec<ResourceKey> = vec![patient.clone()];
    let all = store.all_present();
    found.extend(
        all.iter()
            .filter(|present| {
                present.key != patient
                    && present.content.refers_to(patient)
                    && kinds.is_none_or(|kinds| kinds.contains(&present.key.kind))
            })
            .map(|present| present.key.clone()),
    );
    let mut seen: BTreeSet<ResourceKey> = found.iter().cloned().collect();
    let mut place = 0;
    while place < found.len() {
        if let Some(present) = store.present(&found[place]) {
            for (_, key) in &present.content.references {
                if key.kind != "Patient" && store.present(key).is_some() && seen.insert(key.clone())
                {
                    found.push(key.clone());
                }
            }
        }
        place += 1;
    }
    if let Some(since) = since {
        found.retain(|key| {
            store
                .present(key)
                .is_some_and(|present| present.version.updated >= since)
        });
    }
    found
}
