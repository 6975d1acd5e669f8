//! The server: who may ask, what is asked, and what the clinic itself does there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use sokhoe_domain::{ResourceKey, Timestamp};
use sokhoe_testing::SeededRng;

use super::capability;
use super::content::{Content, NotAResource, Stamp};
use super::history::{self, Counts, Level, Wanted};
use super::kinds::is_known;
use super::manners::Manners;
use super::outcome::{self, FHIR_JSON, json_answer, refuse, with_headers};
use super::paging::{Printer, Saved, Searches, bundle};
use super::search::{Query, everything};
use super::store::{Done, Present, Refusal, Store, Version, Writer, version_of_etag};
use super::transaction::{self, Answered, Parsed};
use super::wire::{self, Asked};

/// A clinic's server. It has no clock: whoever calls says what time it is.
#[derive(Debug)]
pub struct ForeignClinic {
    base: String,
    manners: Manners,
    door: Mutex<Door>,
    state: Mutex<State>,
}

/// Who is let in, and what others are told.
#[derive(Debug, Clone)]
struct Door {
    token: Option<String>,
    refusal: StatusCode,
}

#[derive(Debug)]
struct State {
    store: Store,
    searches: Searches,
    counts: Counts,
    running: Vec<Running>,
    ended: BTreeMap<TransactionId, Result<(), Refusal>>,
    begun: u64,
    dice: SeededRng,
}

/// A transaction of the clinic that takes its time.
#[derive(Debug)]
struct Running {
    id: TransactionId,
    what: Parsed,
    started: Timestamp,
    commits_at: Timestamp,
}

/// Names a transaction that the clinic began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransactionId(u64);

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionState {
    /// Nobody sees anything of it.
    Running,
    /// Everybody sees all of it.
    Committed,
    /// Nothing of it was done.
    Refused(Refusal),
}

/// A Slot, and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRow {
    /// Its id.
    pub id: String,
    /// `free`, `busy` and so on.
    pub status: String,
    /// Its version.
    pub version: u64,
    /// The Appointments for it that are not cancelled.
    pub appointments: Vec<String>,
}

impl ForeignClinic {
    /// A server without data, e.g. at `https://hospital.example/fhir`.
    #[must_use]
    pub fn new(base: &str, manners: Manners, seed: u64) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            manners,
            door: Mutex::new(Door {
                token: None,
                refusal: StatusCode::UNAUTHORIZED,
            }),
            state: Mutex::new(State {
                store: Store::default(),
                searches: Searches::default(),
                counts: Counts::new(),
                running: Vec::new(),
                ended: BTreeMap::new(),
                begun: 0,
                dice: SeededRng::new(seed),
            }),
        }
    }

    /// The same, answering only who has this bearer token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.lets_in_only(token, StatusCode::UNAUTHORIZED);
        self
    }

    /// From now on answers only who has this bearer token; others are refused with this.
    pub fn lets_in_only(&self, token: &str, refusal: StatusCode) {
        *self.door() = Door {
            token: Some(token.to_owned()),
            refusal,
        };
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another server with the same data, that rolls its own dice. Nothing runs there.
    #[must_use]
    pub fn copy(&self, seed: u64) -> Self {
        let copy = Self::new(&self.base, self.manners.clone(), seed);
        copy.state().store = self.state().store.clone();
        Self {
            door: Mutex::new(self.door().clone()),
            ..copy
        }
    }

    /// Where it is.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// How it behaves.
    #[must_use]
    pub const fn manners(&self) -> &Manners {
        &self.manners
    }

    /// Answers as of now.
    pub fn answer(&self, request: Request<Bytes>, now: Timestamp) -> Response<Bytes> {
        let Some(asked) = Asked::of(request, &self.base) else {
            return refuse(StatusCode::NOT_FOUND, "this is not below the server's base");
        };
        let mut state = self.state_at(now);
        if self.manners.busy > 0 && state.dice.next() % 100 < u64::from(self.manners.busy) {
            let mut answer = refuse(StatusCode::SERVICE_UNAVAILABLE, "try again");
            let wait = http::HeaderValue::from(1 + state.dice.next() % 20);
            answer.headers_mut().insert("retry-after", wait);
            return answer;
        }
        if asked.path != ["metadata"] && !self.lets_in(&asked) {
            let refusal = self.door().refusal;
            let mut answer = refuse(refusal, "a bearer token is needed");
            let realm = http::HeaderValue::from_static("Bearer");
            answer.headers_mut().insert("www-authenticate", realm);
            return answer;
        }
        self.route(&mut state, &asked, now)
            .unwrap_or_else(|refusal| outcome::refusal(&refusal))
    }

    fn lets_in(&self, asked: &Asked) -> bool {
        self.door().token.as_ref().is_none_or(|token| {
            asked
                .header("authorization")
                .and_then(|value| value.strip_prefix("Bearer "))
                == Some(token.as_str())
        })
    }

    /// What the clinic's own programs write. Unlike a client they may refer to what is not there.
    ///
    /// # Errors
    /// When it is no resource with an id.
    pub fn put(&self, json: &str, now: Timestamp) -> Result<ResourceKey, NotAResource> {
        let content = Content::parse(json)?;
        let id = content
            .id
            .clone()
            .ok_or_else(|| NotAResource("no id".to_owned()))?;
        let key = ResourceKey::new(content.kind.clone(), id);
        let mut state = self.state_at(now);
        let writer = state.writer(now, &self.manners);
        state
            .store
            .put(&key.id, content, None, &writer, &self.manners)
            .map_err(|refusal| NotAResource(refusal.diagnostics))?;
        Ok(key)
    }

    /// What the clinic's own programs delete, whoever refers to it; false when it was not there.
    pub fn delete(&self, kind: &str, id: &str, now: Timestamp) -> bool {
        let mut state = self.state_at(now);
        let writer = state.writer(now, &self.manners);
        let key = ResourceKey::new(kind, id);
        let done = state.store.delete(&key, None, &writer, &self.manners);
        matches!(done, Ok(Done::Deleted(_)))
    }

    /// A `transaction` Bundle whose resources get the time at which it starts, and are there from the
    /// time at which it commits.
    ///
    /// # Errors
    /// When it is no such Bundle.
    pub fn begin_transaction(
        &self,
        bundle: &str,
        started: Timestamp,
        commits_at: Timestamp,
    ) -> Result<TransactionId, Refusal> {
        let what = Parsed::read(bundle)?;
        let mut state = self.state();
        state.begun += 1;
        let id = TransactionId(state.begun);
        state.running.push(Running {
            id,
            what,
            started,
            commits_at,
        });
        state
            .running
            .sort_by_key(|running| (running.commits_at, running.id));
        Ok(id)
    }

    /// Whatever transaction runs commits now.
    pub fn commit_all(&self, now: Timestamp) {
        let mut state = self.state();
        for running in &mut state.running {
            running.commits_at = running.commits_at.min(now);
        }
        drop(state);
        drop(self.state_at(now));
    }

    /// The program ends in the middle of whatever it does: what was committed stays, transactions that run
    /// leave nothing, and nobody can page on.
    pub fn crash(&self, now: Timestamp) {
        let mut state = self.state_at(now);
        state.running.clear();
        state.searches = Searches::default();
        state.counts = Counts::new();
    }

    /// Forgets a resource and its history, as HAPI's `$expunge` does, so that nobody is told that it is gone;
    /// false when it was not there.
    pub fn expunge(&self, kind: &str, id: &str, now: Timestamp) -> bool {
        self.state_at(now)
            .store
            .expunge(&ResourceKey::new(kind, id))
    }

    /// What became of a transaction.
    #[must_use]
    pub fn transaction(&self, id: TransactionId, now: Timestamp) -> TransactionState {
        match self.state_at(now).ended.get(&id) {
            None => TransactionState::Running,
            Some(Ok(())) => TransactionState::Committed,
            Some(Err(refusal)) => TransactionState::Refused(refusal.clone()),
        }
    }

    /// The patient and everything that refers to the patient, as the server sends it.
    #[must_use]
    pub fn contents(&self, patient: &str, now: Timestamp) -> BTreeMap<ResourceKey, String> {
        let patient = ResourceKey::new("Patient", patient);
        let state = self.state_at(now);
        state
            .store
            .all_present()
            .into_iter()
            .filter(|present| *present.key == patient || present.content.refers_to(&patient))
            .map(|present| (present.key.clone(), self.write(present, None)))
            .collect()
    }

    /// The same with all that these refer to, which is what `$everything` brings.
    #[must_use]
    pub fn everything(&self, patient: &str, now: Timestamp) -> BTreeMap<ResourceKey, String> {
        let patient = ResourceKey::new("Patient", patient);
        let state = self.state_at(now);
        everything(&state.store, &patient, None, None)
            .iter()
            .filter_map(|key| state.store.present(key))
            .map(|present| (present.key.clone(), self.write(present, None)))
            .collect()
    }

    /// All Slots, with who has them.
    #[must_use]
    pub fn slots(&self, now: Timestamp) -> Vec<SlotRow> {
        let state = self.state_at(now);
        let all = state.store.all_present();
        let of_kind = |kind: &'static str| all.iter().filter(move |it| it.key.kind == kind);
        let status = |it: &Present<'_>| {
            let status = it.content.value["status"].as_str();
            status.unwrap_or_default().to_owned()
        };
        of_kind("Slot")
            .map(|slot| SlotRow {
                id: slot.key.id.clone(),
                status: status(slot),
                version: slot.version.number,
                appointments: of_kind("Appointment")
                    .filter(|it| status(it) != "cancelled" && it.content.refers_to(slot.key))
                    .map(|it| it.key.id.clone())
                    .collect(),
            })
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state once everything committed that was due.
    fn state_at(&self, now: Timestamp) -> MutexGuard<'_, State> {
        let mut state = self.state();
        while state
            .running
            .first()
            .is_some_and(|running| running.commits_at <= now)
        {
            let running = state.running.remove(0);
            let id = running.id;
            let done = state.commit(running, &self.manners);
            state.ended.insert(id, done);
        }
        state.searches.expire(now, &self.manners);
        state
    }

    fn printer<'s>(&'s self, state: &'s State, now: Timestamp) -> Printer<'s> {
        Printer {
            base: &self.base,
            store: &state.store,
            manners: &self.manners,
            dice: &state.dice,
            now,
            clinic: self,
        }
    }

    pub(super) fn write(&self, present: Present<'_>, elements: Option<&[String]>) -> String {
        let Version {
            number,
            updated,
            source,
            ..
        } = present.version;
        let stamp = Stamp {
            version: *number,
            updated: wire::last_updated(*updated, present.key, *number, &self.manners),
            source: self.manners.source.then_some(source),
        };
        present.content.write(&present.key.id, &stamp, elements)
    }

    fn route(
        &self,
        state: &mut State,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Response<Bytes>, Refusal> {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        if let Some(kind) = path.first()
            && kind.starts_with(|first: char| first.is_ascii_uppercase())
            && !is_known(kind)
        {
            return Err(Refusal::new(
                StatusCode::NOT_FOUND,
                format!("Unknown resource type '{kind}'"),
            ));
        }
        let paged = asked.parameter("_getpages");
        let method = &asked.method;
        match (method, path.as_slice()) {
            (&Method::GET, ["metadata"]) => {
                let date = wire::instant(now);
                let statement = capability::statement(&self.base, &self.manners, &date);
                Ok(json_answer(StatusCode::OK, statement.to_string()))
            }
            (&Method::GET, [] | [_]) if paged.is_some() => {
                let number = |name| asked.parameter(name).and_then(|value| value.parse().ok());
                let text = state.searches.page(
                    &paged.unwrap_or_default(),
                    number("_getpagesoffset").unwrap_or(0),
                    number("_count"),
                    &self.printer(state, now),
                )?;
                Ok(json_answer(StatusCode::OK, text))
            }
            (&Method::POST, []) => self.process(state, asked, now),
            (&Method::GET, ["_history"]) => self.history(state, &Level::System, asked, now),
            (&Method::GET, [kind, "_history"]) => {
                self.history(state, &Level::Kind((*kind).to_owned()), asked, now)
            }
            (&Method::GET, [kind, id, "_history"]) => {
                let level = Level::Instance(ResourceKey::new(*kind, *id));
                self.history(state, &level, asked, now)
            }
            (&Method::GET, [kind, id, "_history", version]) => {
                self.read(state, &ResourceKey::new(*kind, *id), Some(version), asked)
            }
            (&Method::GET, ["Patient", id, "$everything"]) if self.manners.everything => {
                self.everything_page(state, id, asked, now)
            }
            (_, [.., operation]) if operation.starts_with('$') => {
                Err(not_here(state, &format!("the operation {operation}")))
            }
            (&Method::GET, [kind]) => self.search(state, kind, &asked.query, asked, now),
            (&Method::POST, [kind, "_search"]) => {
                let query = [asked.query.as_str(), asked.body.trim()].join("&");
                self.search(state, kind, &query, asked, now)
            }
            (&Method::POST, [kind]) => self.create(state, kind, asked, now),
            (&Method::GET, [kind, id]) => {
                self.read(state, &ResourceKey::new(*kind, *id), None, asked)
            }
            (&Method::PUT, [kind, id]) => {
                self.update(state, &ResourceKey::new(*kind, *id), asked, now)
            }
            (&Method::DELETE, [kind, id]) => {
                self.remove(state, &ResourceKey::new(*kind, *id), asked, now)
            }
            _ => Err(not_here(state, &format!("{method} at this place"))),
        }
    }

    fn read(
        &self,
        state: &State,
        key: &ResourceKey,
        version: Option<&str>,
        asked: &Asked,
    ) -> Result<Response<Bytes>, Refusal> {
        let row = state.store.row(key).ok_or_else(|| {
            Refusal::new(
                StatusCode::NOT_FOUND,
                format!("Resource {}/{} is not known", key.kind, key.id),
            )
        })?;
        let found = match version {
            None => row.newest(),
            Some(wanted) => row
                .versions
                .iter()
                .find(|version| version.number.to_string() == wanted),
        };
        let found = found.ok_or_else(|| {
            Refusal::new(
                StatusCode::NOT_FOUND,
                format!("Version is not valid for resource {}/{}", key.kind, key.id),
            )
        })?;
        let Some(content) = &found.content else {
            return Err(Refusal::new(
                StatusCode::GONE,
                format!("Resource was deleted at {}", wire::instant(found.updated)),
            ));
        };
        let known = asked.header("if-none-match").map(version_of_etag);
        if known == Some(&*found.number.to_string()) {
            return Ok(with_headers(StatusCode::NOT_MODIFIED, &[], String::new()));
        }
        let present = Present {
            key,
            arrival: row.arrival,
            version: found,
            content,
        };
        Ok(self.resource(StatusCode::OK, present, true))
    }

    /// A resource with the headers that say which version it is.
    fn resource(&self, status: StatusCode, present: Present<'_>, whole: bool) -> Response<Bytes> {
        let ResourceKey { kind, id } = present.key;
        let number = present.version.number;
        let place = format!("{}/{kind}/{id}/_history/{number}", self.base);
        let etag = wire::etag(present.key, number, &self.manners);
        let modified = wire::http_date(present.version.updated);
        let mut headers = vec![
            ("etag", etag.as_str()),
            ("last-modified", modified.as_str()),
            ("content-location", place.as_str()),
        ];
        if status == StatusCode::CREATED {
            headers.push(("location", place.as_str()));
        }
        if !whole {
            return with_headers(status, &headers, String::new());
        }
        headers.push(("content-type", FHIR_JSON));
        with_headers(status, &headers, self.write(present, None))
    }

    fn create(
        &self,
        state: &mut State,
        kind: &str,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Response<Bytes>, Refusal> {
        let key = ResourceKey::new(kind, state.store.next_id());
        let condition = asked
            .header("if-none-exist")
            .filter(|_| self.manners.conditional_create);
        if let Some(condition) = condition {
            let indexed = self.manners.indexed_until(now);
            let content = parse(&asked.body)?;
            let there = transaction::existing(&state.store, &key, &content, condition, indexed)?;
            if let Some(present) = there.and_then(|there| state.store.present(&there)) {
                return Ok(self.resource(StatusCode::OK, present, true));
            }
        }
        self.write_one(state, &key, None, asked, now)
    }

    fn update(
        &self,
        state: &mut State,
        key: &ResourceKey,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Response<Bytes>, Refusal> {
        let content = parse(&asked.body)?;
        if !self.manners.client_ids && state.store.row(key).is_none() {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                format!("{} is not an id of this server's", key.id),
            ));
        }
        if content.id.as_ref() != Some(&key.id) {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "resource body must contain an ID element which matches the request URL",
            ));
        }
        self.write_one(state, key, asked.header("if-match"), asked, now)
    }

    fn write_one(
        &self,
        state: &mut State,
        key: &ResourceKey,
        if_match: Option<&str>,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Response<Bytes>, Refusal> {
        let content = parse(&asked.body)?;
        if content.kind != key.kind {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                format!("a {} cannot be written as a {}", content.kind, key.kind),
            ));
        }
        let writer = state.writer(now, &self.manners);
        let done = state
            .store
            .put(&key.id, content, if_match, &writer, &self.manners)?;
        if done.wrote()
            && let Err(refusal) = state
                .store
                .check_references(std::slice::from_ref(key), &self.manners)
        {
            state.store.take_back(key);
            return Err(refusal);
        }
        let status = match done {
            Done::Created(_) => StatusCode::CREATED,
            _ => StatusCode::OK,
        };
        let present = state
            .store
            .present(key)
            .ok_or_else(|| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "it is not there"))?;
        let whole = asked.header("prefer") != Some("return=minimal");
        Ok(self.resource(status, present, whole))
    }

    fn remove(
        &self,
        state: &mut State,
        key: &ResourceKey,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Response<Bytes>, Refusal> {
        let writer = state.writer(now, &self.manners);
        let if_match = asked.header("if-match");
        let done = state.store.delete(key, if_match, &writer, &self.manners)?;
        if done.wrote()
            && let Err(refusal) = state
                .store
                .check_references(std::slice::from_ref(key), &self.manners)
        {
            state.store.take_back(key);
            return Err(refusal);
        }
        let words = match done {
            Done::Deleted(_) => "Successfully deleted 1 resource(s).",
            _ => "Not deleted, nothing was there.",
        };
        let body = outcome::body("information", words);
        Ok(json_answer(StatusCode::OK, body.to_string()))
    }

    fn process(
        &self,
        state: &mut State,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Response<Bytes>, Refusal> {
        let parsed = Parsed::read(&asked.body)?;
        if !parsed.is_batch && !self.manners.transactions {
            return Err(not_here(state, "a transaction"));
        }
        let whole = self.manners.gives_what_it_wrote
            && asked.header("prefer") == Some("return=representation");
        if let Some(urls) = parsed.reads() {
            return Ok(self.read_each(state, &urls, now));
        }
        let writer = state.writer(now, &self.manners);
        let is_batch = parsed.is_batch;
        let answers = if is_batch {
            parsed.each(&mut state.store, &writer, &self.manners)
        } else {
            let all = parsed.all_or_nothing(&mut state.store, &writer, &self.manners)?;
            all.into_iter().map(Ok).collect()
        };
        let id = state.uuid();
        let kind = if is_batch {
            "batch-response"
        } else {
            "transaction-response"
        };
        let entries: Vec<String> = answers
            .iter()
            .map(|answer| self.transaction_entry(&state.store, answer, whole, now))
            .collect();
        let link = serde_json::json!({"relation": "self", "url": self.base});
        let text = bundle(&id, kind, None, "", &[link], &entries);
        Ok(json_answer(StatusCode::OK, text))
    }

    /// A batch that only reads: searches and histories, too.
    fn read_each(&self, state: &mut State, urls: &[String], now: Timestamp) -> Response<Bytes> {
        let entries: Vec<String> = urls
            .iter()
            .map(|url| {
                let asked = Asked::read_of(url);
                match self.route(state, &asked, now) {
                    Ok(answer) => {
                        let text = String::from_utf8_lossy(answer.body()).into_owned();
                        transaction::read_entry(Some(text))
                    }
                    Err(refusal) => transaction::refused_entry(&refusal),
                }
            })
            .collect();
        let id = state.uuid();
        let link = serde_json::json!({"relation": "self", "url": self.base});
        let text = bundle(&id, "batch-response", None, "", &[link], &entries);
        json_answer(StatusCode::OK, text)
    }

    fn transaction_entry(
        &self,
        store: &Store,
        answer: &Result<Answered, Refusal>,
        whole: bool,
        now: Timestamp,
    ) -> String {
        let key = match answer {
            Ok(Answered::Read(key)) => {
                return transaction::read_entry(
                    store.present(key).map(|present| self.write(present, None)),
                );
            }
            Err(refusal) => return transaction::refused_entry(refusal),
            Ok(Answered::Found(key) | Answered::Wrote(key, _)) => key,
        };
        let done = match answer {
            Ok(Answered::Wrote(_, done)) => *done,
            _ => Done::Unchanged(
                store
                    .present(key)
                    .map_or(1, |present| present.version.number),
            ),
        };
        let entry = transaction::written_entry(key, done, &wire::instant(now), &self.manners);
        match store.present(key).filter(|_| whole) {
            Some(present) => format!(
                r#"{{"resource":{},{}"#,
                self.write(present, None),
                entry.trim_start_matches('{')
            ),
            None => entry,
        }
    }

    fn history(
        &self,
        state: &mut State,
        level: &Level,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Response<Bytes>, Refusal> {
        if !self.manners.history {
            return Err(not_here(state, "_history"));
        }
        let wanted = Wanted::parse(&asked.query)?;
        let id = state.uuid();
        let mut counts = std::mem::take(&mut state.counts);
        let page = history::page(&self.printer(state, now), &id, level, &wanted, &mut counts);
        state.counts = counts;
        Ok(json_answer(StatusCode::OK, page?))
    }

    fn search(
        &self,
        state: &mut State,
        kind: &str,
        text: &str,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Response<Bytes>, Refusal> {
        let query = Query::parse(kind, text)?;
        if query.includes_any() && !self.manners.includes {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "_include is not supported",
            ));
        }
        if query.only_count {
            let total = query
                .run(&state.store, self.manners.indexed_until(now))
                .len();
            let body =
                serde_json::json!({"resourceType": "Bundle", "type": "searchset", "total": total});
            return Ok(json_answer(StatusCode::OK, body.to_string()));
        }
        let question = question(kind, text);
        let remembered = state
            .searches
            .remembered(&question, now, &self.manners)
            .filter(|_| !asked.wants_fresh());
        let id = remembered.unwrap_or_else(|| {
            let id = state.uuid();
            let saved = Saved {
                made: now,
                kind: Some(kind.to_owned()),
                keys: query.run(&state.store, self.manners.indexed_until(now)),
                count: self.printer(state, now).page_size(query.count),
                query: Some(query),
                self_url: format!("{}/{question}", self.base),
            };
            let question = (!asked.wants_fresh()).then_some(question);
            state.searches.keep(&id, question, saved);
            id
        });
        let page = state
            .searches
            .page(&id, 0, None, &self.printer(state, now))?;
        Ok(json_answer(StatusCode::OK, page))
    }

    fn everything_page(
        &self,
        state: &mut State,
        patient: &str,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Response<Bytes>, Refusal> {
        let key = ResourceKey::new("Patient", patient);
        if state.store.present(&key).is_none() {
            return Err(Refusal::new(
                StatusCode::NOT_FOUND,
                format!("Resource Patient/{patient} is not known"),
            ));
        }
        let since = asked
            .parameter("_since")
            .filter(|_| self.manners.everything_since)
            .and_then(|text| Timestamp::parse_fhir(&text));
        let kinds: Option<Vec<String>> = asked
            .parameter("_type")
            .map(|kinds| kinds.split(',').map(ToOwned::to_owned).collect());
        let count = asked
            .parameter("_count")
            .and_then(|count| count.parse().ok());
        let id = state.uuid();
        let saved = Saved {
            made: now,
            kind: None,
            keys: everything(&state.store, &key, kinds.as_deref(), since),
            count: self.printer(state, now).page_size(count),
            query: None,
            self_url: format!(
                "{}/Patient/{patient}/$everything?{}",
                self.base, asked.query
            ),
        };
        state.searches.keep(&id, None, saved);
        let page = state
            .searches
            .page(&id, 0, None, &self.printer(state, now))?;
        Ok(json_answer(StatusCode::OK, page))
    }
}

impl State {
    /// Random, and the same for the same seed.
    fn uuid(&self) -> String {
        let (high, low) = (self.dice.next(), self.dice.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }

    fn writer(&self, at: Timestamp, manners: &Manners) -> Writer {
        let source: Arc<str> = if manners.source {
            Arc::from(format!("#{:016x}", self.dice.next()))
        } else {
            Arc::from("")
        };
        Writer { at, source }
    }

    fn commit(&mut self, running: Running, manners: &Manners) -> Result<(), Refusal> {
        let overtaken = running.what.targets().into_iter().find(|key| {
            let newest = self.store.row(key).and_then(|row| row.newest());
            newest.is_some_and(|newest| newest.updated > running.started)
        });
        if let Some(key) = overtaken {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                format!("{}/{} was changed meanwhile", key.kind, key.id),
            ));
        }
        let writer = self.writer(running.started, manners);
        running
            .what
            .all_or_nothing(&mut self.store, &writer, manners)
            .map(|_| ())
    }
}

fn parse(body: &str) -> Result<Content, Refusal> {
    Content::parse(body).map_err(|error| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            format!("Failed to parse request body as JSON resource. Error was: {error}"),
        )
    })
}

/// Servers say 501 or 400 for the same.
fn not_here(state: &State, what: &str) -> Refusal {
    let status = if state.dice.next().is_multiple_of(2) {
        StatusCode::NOT_IMPLEMENTED
    } else {
        StatusCode::BAD_REQUEST
    };
    Refusal::new(status, format!("{what} is not supported"))
}

/// The search as one text, however its parameters were ordered. HAPI does not tell `gt` from `ge` here.
fn question(kind: &str, query: &str) -> String {
    let mut parameters: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| {
            let value = match value.get(..2) {
                Some("gt") if name == "_lastUpdated" => format!("ge{}", &value[2..]),
                Some("lt") if name == "_lastUpdated" => format!("le{}", &value[2..]),
                _ => value.into_owned(),
            };
            (name, value)
        })
        .collect();
    parameters.sort();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    format!("{kind}?{query}")
}
