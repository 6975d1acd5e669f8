//! Bundles of writes: `transaction` does all or nothing, `batch` what it can.

use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sokhoe_domain::{ResourceKey, Timestamp};

use super::content::Content;
use super::manners::Manners;
use super::outcome;
use super::search::Query;
use super::store::{Done, Refusal, Store, Writer};

#[derive(Deserialize)]
struct Bundle {
    #[serde(rename = "resourceType")]
    resource_type: String,
    r#type: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    full_url: Option<String>,
    resource: Option<Box<RawValue>>,
    request: Option<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    if_match: Option<String>,
    if_none_exist: Option<String>,
}

/// What is to be done, read but not yet done.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) is_batch: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Step {
    method: String,
    url: String,
    full_url: Option<String>,
    resource: Option<String>,
    if_match: Option<String>,
    if_none_exist: Option<String>,
}

impl Parsed {
    /// What is read, when it is a batch that does nothing else.
    pub(super) fn reads(&self) -> Option<Vec<String>> {
        let only_reads = self.is_batch && self.steps.iter().all(|step| step.method == "GET");
        only_reads.then(|| self.steps.iter().map(|step| step.url.clone()).collect())
    }

    /// What it writes to, where that is known before it is done.
    pub(super) fn targets(&self) -> Vec<ResourceKey> {
        self.steps
            .iter()
            .filter(|step| step.method != "GET")
            .filter_map(|step| ResourceKey::parse(step.url.trim_start_matches('/')))
            .collect()
    }
}

/// What an entry did.
pub(super) enum Answered {
    Wrote(ResourceKey, Done),
    Found(ResourceKey),
    Read(ResourceKey),
}

impl Parsed {
    pub(super) fn read(text: &str) -> Result<Self, Refusal> {
        let bad = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why);
        let bundle: Bundle = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        if bundle.resource_type != "Bundle" {
            return Err(bad("only a Bundle can be posted here".to_owned()));
        }
        let is_batch = match bundle.r#type.as_str() {
            "batch" => true,
            "transaction" => false,
            other => {
                return Err(bad(format!("Bundle.type \"{other}\" cannot be processed")));
            }
        };
        let steps = bundle
            .entry
            .into_iter()
            .map(|entry| {
                let request = entry
                    .request
                    .ok_or_else(|| bad("an entry without request".to_owned()))?;
                Ok(Step {
                    method: request.method,
                    url: request.url,
                    full_url: entry.full_url,
                    resource: entry.resource.map(|raw| raw.get().to_owned()),
                    if_match: request.if_match,
                    if_none_exist: request.if_none_exist,
                })
            })
            .collect::<Result<_, Refusal>>()?;
        Ok(Self { is_batch, steps })
    }

    /// All of it, or nothing and why.
    pub(super) fn all_or_nothing(
        mut self,
        store: &mut Store,
        writer: &Writer,
        manners: &Manners,
    ) -> Result<Vec<Answered>, Refusal> {
        self.name_what_is_new(store);
        // FHIR's own order: what is deleted is gone before anything is made.
        let mut order: Vec<usize> = (0..self.steps.len()).collect();
        order.sort_by_key(|&step| match self.steps[step].method.as_str() {
            "DELETE" => 0,
            "POST" => 1,
            "PUT" => 2,
            _ => 3,
        });
        let mut answers: Vec<Option<Answered>> = self.steps.iter().map(|_| None).collect();
        let mut written = Vec::new();
        let mut run = || {
            for &place in &order {
                let answer = self.steps[place].take(store, writer, manners)?;
                if let Answered::Wrote(key, done) = &answer
                    && done.wrote()
                {
                    written.push(key.clone());
                }
                answers[place] = Some(answer);
            }
            store.check_references(&written, manners)
        };
        match run() {
            Ok(()) => Ok(answers.into_iter().flatten().collect()),
            Err(refusal) => {
                for key in written.iter().rev() {
                    store.take_back(key);
                }
                Err(refusal)
            }
        }
    }

    /// Each for itself.
    pub(super) fn each(
        self,
        store: &mut Store,
        writer: &Writer,
        manners: &Manners,
    ) -> Vec<Result<Answered, Refusal>> {
        self.steps
            .into_iter()
            .map(|step| {
                let one = Self {
                    is_batch: true,
                    steps: vec![step],
                };
                let mut answers = one.all_or_nothing(store, writer, manners)?;
                answers
                    .pop()
                    .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "an empty entry"))
            })
            .collect()
    }

    /// Gives ids to what is posted, and puts them where the others refer to it by its `urn:uuid:`.
    fn name_what_is_new(&mut self, store: &mut Store) {
        let mut named = Vec::new();
        for step in &mut self.steps {
            if step.method != "POST" {
                continue;
            }
            let kind = step.url.trim_matches('/').to_owned();
            let id = store.next_id();
            if let Some(urn) = step.full_url.take().filter(|url| url.starts_with("urn:")) {
                named.push((format!("\"{urn}\""), format!("\"{kind}/{id}\"")));
            }
            step.url = format!("{kind}/{id}");
        }
        for resource in self
            .steps
            .iter_mut()
            .filter_map(|step| step.resource.as_mut())
        {
            for (urn, reference) in &named {
                *resource = resource.replace(urn, reference);
            }
        }
    }
}

impl Step {
    fn take(
        &self,
        store: &mut Store,
        writer: &Writer,
        manners: &Manners,
    ) -> Result<Answered, Refusal> {
        let bad = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why);
        let key = ResourceKey::parse(self.url.trim_start_matches('/'))
            .ok_or_else(|| bad(format!("\"{}\" is not the place of a resource", self.url)))?;
        let content = || -> Result<Content, Refusal> {
            let text = self
                .resource
                .as_deref()
                .ok_or_else(|| bad("an entry without resource".to_owned()))?;
            let later;
            let text = if manners.confirms_later && key.kind == "Appointment" {
                later = text.replacen(r#""status":"booked""#, r#""status":"pending""#, 1);
                later.as_str()
            } else {
                text
            };
            let content = Content::parse(text).map_err(|error| bad(error.to_string()))?;
            if content.kind != key.kind {
                return Err(bad(format!("a {} at {}", content.kind, self.url)));
            }
            Ok(content)
        };
        let if_match = self.if_match.as_deref();
        match self.method.as_str() {
            "PUT" if !manners.client_ids && store.row(&key).is_none() => {
                Err(bad(format!("{} is not an id of this server's", key.id)))
            }
            "PUT" => {
                let done = store.put(&key.id, content()?, if_match, writer, manners)?;
                Ok(Answered::Wrote(key, done))
            }
            "POST" => {
                let content = content()?;
                let indexed = manners.indexed_until(writer.at);
                if let Some(condition) = &self.if_none_exist
                    && let Some(there) = existing(store, &key, &content, condition, indexed)?
                {
                    return Ok(Answered::Found(there));
                }
                let done = store.put(&key.id, content, None, writer, manners)?;
                Ok(Answered::Wrote(key, done))
            }
            "DELETE" => {
                let done = store.delete(&key, if_match, writer, manners)?;
                Ok(Answered::Wrote(key, done))
            }
            "GET" => Ok(Answered::Read(key)),
            other => Err(bad(format!("{other} is not supported"))),
        }
    }
}

/// The one resource that a conditional create found, of what was there at a time.
pub(super) fn existing(
    store: &Store,
    key: &ResourceKey,
    content: &Content,
    condition: &str,
    indexed: Timestamp,
) -> Result<Option<ResourceKey>, Refusal> {
    let query = Query::parse(&key.kind, condition)?;
    if !query.takes(key, content, Timestamp::default()) {
        return Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            format!(
                "Invalid conditional URL \"{condition}\". The given resource is not matched by this URL."
            ),
        ));
    }
    let mut found = query.run(store, indexed).into_iter();
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            "more than one resource is matched",
        )),
        (first, _) => Ok(first),
    }
}

/// What a `GET` in a Bundle found.
pub(super) fn read_entry(resource: Option<String>) -> String {
    match resource {
        Some(text) => format!(r#"{{"resource":{text},"response":{{"status":"200 OK"}}}}"#),
        None => json!({"response": {"status": "404 Not Found"}}).to_string(),
    }
}

/// Why an entry of a batch was refused.
pub(super) fn refused_entry(refusal: &Refusal) -> String {
    let reason = refusal.status.canonical_reason().unwrap_or_default();
    json!({"response": {
        "status": format!("{} {reason}", refusal.status.as_u16()),
        "outcome": outcome::body("error", &refusal.diagnostics),
    }})
    .to_string()
}

/// What a write did.
pub(super) fn written_entry(
    key: &ResourceKey,
    done: Done,
    modified: &str,
    manners: &Manners,
) -> String {
    let (status, version) = match done {
        Done::Created(number) => ("201 Created", Some(number)),
        Done::Updated(number) | Done::Unchanged(number) => ("200 OK", Some(number)),
        Done::Deleted(number) => ("204 No Content", Some(number)),
        Done::NothingToDelete => ("204 No Content", None),
    };
    let mut response = json!({"status": status});
    if let Some(version) = version {
        response["location"] = Value::from(format!("{}/{}/_history/{version}", key.kind, key.id));
        response["etag"] = Value::from(if manners.bare_transaction_etags {
            version.to_string()
        } else {
            format!("W/\"{version}\"")
        });
    }
    if matches!(done, Done::Created(_)) {
        response["lastModified"] = Value::from(modified);
    }
    json!({"response": response}).to_string()
}
