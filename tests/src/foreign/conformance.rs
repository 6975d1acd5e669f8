//! What is so at HAPI, asserted in the same words of the real one and of ours.
//!
//! Each case has resources of its own, so that all of them can be asked of one server.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

/// A FHIR server that a case can be asked of.
pub trait Server {
    /// Its base URL.
    fn base(&self) -> &str;

    /// Sends one request.
    fn send(&self, request: Request<Bytes>) -> Response<Bytes>;

    /// Sends several at the same time.
    fn send_all(&self, requests: Vec<Request<Bytes>>) -> Vec<Response<Bytes>>;

    /// Starts a transaction that takes a while, calls `meanwhile`, and returns when it has committed.
    fn commit_late(&self, bundle: String, meanwhile: &mut dyn FnMut());

    /// Lets time pass.
    fn wait(&self, span: Duration);
}

/// A behaviour and how it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What is so.
    pub name: &'static str,
    /// Panics when it is not.
    pub check: fn(&dyn Server),
}

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        /// All of them.
        pub const CASES: &[Case] = &[$(Case { name: stringify!($name), check: $name }),*];
    };
}

cases![
    says_what_it_can,
    a_write_of_the_same_changes_nothing,
    versions_and_etags,
    a_stale_version_is_a_conflict,
    a_version_of_what_is_not_there_does_not_matter,
    what_cannot_be_read_is_refused,
    references_must_be_to_something,
    what_is_deleted_is_gone,
    deletions_are_only_in_the_history,
    searches_by_patient,
    pages_point_at_the_root,
    pages_have_a_most,
    pages_show_what_is_there_by_then,
    a_page_of_nobody_is_gone,
    the_same_search_is_answered_from_memory,
    elements_leave_the_rest_out,
    bounds_of_last_updated,
    memory_does_not_tell_gt_from_ge,
    everything_takes_what_it_refers_to_and_no_since,
    everything_is_never_from_memory,
    history_wants_a_full_instant,
    history_pages_move,
    history_without_since_is_cut,
    transactions_have_one_stamp_and_bare_etags,
    transactions_do_all_or_nothing,
    a_batch_books_half,
    the_second_appointment,
    free_slots_bring_what_they_are_of,
    transactions_give_what_they_wrote,
    a_cancellation_frees_its_slot,
    a_new_slot_is_taken_by_a_conditional_create,
    one_winner_of_a_slot,
    conditional_creates,
    a_late_commit_is_behind_every_cursor,
];

/// An answer, read.
struct Answer {
    status: u16,
    headers: http::HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    fn updated(&self) -> String {
        text(&self.body["meta"]["lastUpdated"])
    }

    fn next(&self) -> Option<String> {
        let links = self.body["link"].as_array()?;
        let next = links.iter().find(|link| link["relation"] == "next")?;
        Some(text(&next["url"]))
    }

    fn entries(&self) -> &[Value] {
        self.body["entry"].as_array().map_or(&[], Vec::as_slice)
    }

    fn ids(&self) -> Vec<String> {
        self.entries()
            .iter()
            .map(|entry| text(&entry["resource"]["id"]))
            .collect()
    }

    /// `METHOD place` of every entry of a history.
    fn changes(&self) -> Vec<String> {
        self.entries()
            .iter()
            .map(|entry| {
                let request = &entry["request"];
                format!("{} {}", text(&request["method"]), text(&request["url"]))
            })
            .collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn request(
    server: &dyn Server,
    method: &str,
    place: &str,
    body: Option<&Value>,
    headers: &[(&str, &str)],
) -> Request<Bytes> {
    let url = if place.starts_with("http") {
        place.to_owned()
    } else if place.is_empty() {
        server.base().to_owned()
    } else {
        format!("{}/{place}", server.base())
    };
    let mut request = Request::builder()
        .method(method)
        .uri(url)
        .header("accept", "application/fhir+json")
        .header("content-type", "application/fhir+json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = body.map_or(Bytes::new(), |body| Bytes::from(body.to_string()));
    request.body(body).expect("a request")
}

fn read(response: Response<Bytes>) -> Answer {
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    }
}

fn get(server: &dyn Server, place: &str) -> Answer {
    read(server.send(request(server, "GET", place, None, &[])))
}

/// Past what the server remembers.
fn get_fresh(server: &dyn Server, place: &str) -> Answer {
    let fresh = [("cache-control", "no-cache")];
    read(server.send(request(server, "GET", place, None, &fresh)))
}

fn put(server: &dyn Server, resource: &Value) -> Answer {
    put_with(server, resource, &[])
}

fn put_with(server: &dyn Server, resource: &Value, headers: &[(&str, &str)]) -> Answer {
    let place = format!(
        "{}/{}",
        text(&resource["resourceType"]),
        text(&resource["id"])
    );
    read(server.send(request(server, "PUT", &place, Some(resource), headers)))
}

fn delete(server: &dyn Server, place: &str) -> Answer {
    read(server.send(request(server, "DELETE", place, None, &[])))
}

fn post(server: &dyn Server, place: &str, body: &Value) -> Answer {
    read(server.send(request(server, "POST", place, Some(body), &[])))
}

fn patient(server: &dyn Server, id: &str) {
    let made = put(server, &json!({"resourceType": "Patient", "id": id}));
    assert_eq!(made.status, 201, "{}", made.body);
}

fn observation(id: &str, patient: &str, value: i32) -> Value {
    json!({
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"text": "glucose"},
        "subject": {"reference": format!("Patient/{patient}")},
        "valueQuantity": {"value": value},
    })
}

fn slot(id: &str, schedule: &str, status: &str) -> Value {
    json!({
        "resourceType": "Slot",
        "id": id,
        "schedule": {"reference": format!("Schedule/{schedule}")},
        "status": status,
        "start": "2026-12-01T08:00:00+07:00",
        "end": "2026-12-01T08:30:00+07:00",
    })
}

fn appointment(id: &str, slot: &str, patient: &str) -> Value {
    json!({
        "resourceType": "Appointment",
        "id": id,
        "identifier": [{"system": "urn:sokhoe", "value": id}],
        "status": "booked",
        "slot": [{"reference": format!("Slot/{slot}")}],
        "start": "2026-12-01T08:00:00+07:00",
        "end": "2026-12-01T08:30:00+07:00",
        "participant": [{
            "actor": {"reference": format!("Patient/{patient}")},
            "status": "accepted",
        }],
    })
}

/// A doctor's Schedule with one free Slot of this name.
fn free_slot(server: &dyn Server, name: &str) {
    put(
        server,
        &json!({"resourceType": "Practitioner", "id": format!("{name}-doctor")}),
    );
    put(
        server,
        &json!({
            "resourceType": "Schedule",
            "id": format!("{name}-schedule"),
            "actor": [{"reference": format!("Practitioner/{name}-doctor")}],
        }),
    );
    let made = put(server, &slot(name, &format!("{name}-schedule"), "free"));
    assert_eq!(made.status, 201, "{}", made.body);
}

fn bundle(kind: &str, entries: &[Value]) -> Value {
    json!({"resourceType": "Bundle", "type": kind, "entry": entries})
}

fn entry(method: &str, url: &str, resource: Option<Value>) -> Value {
    let mut entry = json!({"request": {"method": method, "url": url}});
    if let Some(resource) = resource {
        entry["resource"] = resource;
    }
    entry
}

/// Takes the Slot when it still has this version, for this Appointment.
fn booking(kind: &str, slot_id: &str, version: &str, appointment_id: &str, patient: &str) -> Value {
    let busy = slot(slot_id, &format!("{slot_id}-schedule"), "busy");
    let mut take = entry("PUT", &format!("Slot/{slot_id}"), Some(busy));
    take["request"]["ifMatch"] = json!(version);
    let made = appointment(appointment_id, slot_id, patient);
    let book = entry("PUT", &format!("Appointment/{appointment_id}"), Some(made));
    bundle(kind, &[take, book])
}

/// An instant as it stands in a URL.
fn escaped(instant: &str) -> String {
    instant.replace('+', "%2B")
}

fn says_what_it_can(server: &dyn Server) {
    let statement = get(server, "metadata").body;
    assert_eq!(statement["resourceType"], "CapabilityStatement");
    assert_eq!(statement["fhirVersion"], "4.0.1");
    assert_eq!(statement["software"]["name"], "HAPI FHIR Server");
    let rest = &statement["rest"][0];
    let codes = |list: &Value| -> BTreeSet<String> {
        let list = list.as_array().map_or(&[][..], Vec::as_slice);
        list.iter().map(|item| text(&item["code"])).collect()
    };
    let system = codes(&rest["interaction"]);
    for needed in ["transaction", "history-system"] {
        assert!(system.contains(needed), "{needed}");
    }
    let resources = rest["resource"].as_array().expect("resources");
    let of = |kind: &str| {
        let found = resources.iter().find(|resource| resource["type"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))
    };
    for kind in ["Patient", "Observation", "Slot", "Appointment"] {
        let interactions = codes(&of(kind)["interaction"]);
        for needed in [
            "read",
            "vread",
            "update",
            "create",
            "delete",
            "search-type",
            "history-type",
            "history-instance",
        ] {
            assert!(interactions.contains(needed), "{kind} {needed}");
        }
    }
    for (kind, include) in [("Slot", "Slot:schedule"), ("Schedule", "Schedule:actor")] {
        let includes = of(kind)["searchInclude"].as_array().expect("includes");
        assert!(includes.iter().any(|it| it == include), "{include}");
        // Not a word on whether clients may give ids: they may.
        assert!(of(kind).get("updateCreate").is_none(), "{kind}");
        assert_eq!(of(kind)["versioning"], "versioned-update");
    }
    let operations = of("Patient")["operation"].as_array().expect("operations");
    assert!(operations.iter().any(|it| it["name"] == "everything"));
    // Ours has not all types, but says the same of those that it has.
    for resource in resources {
        let kind = text(&resource["type"]);
        let parameters = resource["searchParam"].as_array().expect("parameters");
        let has = |name: &str| parameters.iter().any(|it| it["name"] == name);
        assert_eq!(has("patient"), super::has_patient(&kind), "{kind}");
        if super::has_patient(&kind) {
            assert_eq!(has("subject"), super::kinds::has_subject(&kind), "{kind}");
        }
    }
}

fn a_write_of_the_same_changes_nothing(server: &dyn Server) {
    let resource = json!({"resourceType": "Patient", "id": "same", "active": true});
    let first = put(server, &resource);
    assert_eq!(first.status, 201);
    let again = put(server, &resource);
    assert_eq!(again.status, 200);
    assert_eq!(again.header("etag"), "W/\"1\"");
    assert_eq!(again.updated(), first.updated());
    assert_eq!(get(server, "Patient/same/_history").entries().len(), 1);
}

fn versions_and_etags(server: &dyn Server) {
    let first = put(
        server,
        &json!({"resourceType": "Patient", "id": "versions", "active": true}),
    );
    assert_eq!((first.status, first.header("etag")), (201, "W/\"1\""));
    let place = format!("{}/Patient/versions/_history/1", server.base());
    assert_eq!(first.header("content-location"), place);
    let second = put(
        server,
        &json!({"resourceType": "Patient", "id": "versions", "active": false}),
    );
    assert_eq!((second.status, second.header("etag")), (200, "W/\"2\""));
    let now = get(server, "Patient/versions");
    assert_eq!((now.status, now.header("etag")), (200, "W/\"2\""));
    assert_eq!(now.body["meta"]["versionId"], "2");
    assert!(now.header("last-modified").ends_with(" GMT"));
    assert!(now.updated().ends_with("+00:00"), "{}", now.updated());
    assert_eq!(now.updated().len(), "2026-11-29T08:26:38.098+00:00".len());
    let old = get(server, "Patient/versions/_history/1");
    assert_eq!((old.status, &old.body["active"]), (200, &json!(true)));
    assert_eq!(get(server, "Patient/versions/_history/9").status, 404);
    let known = [("if-none-match", "W/\"2\"")];
    let same = server.send(request(server, "GET", "Patient/versions", None, &known));
    assert_eq!(same.status().as_u16(), 304);
    // A create: the server names it.
    let mut nameless = observation("x", "versions", 1);
    nameless.as_object_mut().expect("an object").remove("id");
    let made = post(server, "Observation", &nameless);
    assert_eq!(made.status, 201);
    let id = text(&made.body["id"]);
    let place = format!("{}/Observation/{id}/_history/1", server.base());
    assert_eq!(made.header("location"), place);
    let least = [("prefer", "return=minimal")];
    let made = server.send(request(
        server,
        "POST",
        "Observation",
        Some(&nameless),
        &least,
    ));
    assert_eq!((made.status().as_u16(), made.body().len()), (201, 0));
}

fn a_stale_version_is_a_conflict(server: &dyn Server) {
    let resource =
        |active: bool| json!({"resourceType": "Patient", "id": "stale", "active": active});
    put(server, &resource(true));
    put(server, &resource(false));
    let stale = put_with(server, &resource(true), &[("if-match", "W/\"1\"")]);
    assert_eq!(stale.status, 409, "{}", stale.body);
    assert_eq!(stale.body["resourceType"], "OperationOutcome");
    // Whatever the form of the current one.
    for (form, birth) in [("W/\"2\"", "2001"), ("\"3\"", "2002"), ("4", "2003")] {
        let current = json!({"resourceType": "Patient", "id": "stale", "birthDate": birth});
        let done = put_with(server, &current, &[("if-match", form)]);
        assert_eq!(done.status, 200, "{form}: {}", done.body);
    }
    assert_eq!(get(server, "Patient/stale").header("etag"), "W/\"5\"");
}

fn a_version_of_what_is_not_there_does_not_matter(server: &dyn Server) {
    let resource = json!({"resourceType": "Patient", "id": "matchless"});
    let made = put_with(server, &resource, &[("if-match", "W/\"7\"")]);
    assert_eq!((made.status, made.header("etag")), (201, "W/\"1\""));
    let other = json!({"resourceType": "Patient", "id": "matchless", "active": true});
    let done = put_with(server, &other, &[("if-none-match", "*")]);
    assert_eq!((done.status, done.header("etag")), (200, "W/\"2\""));
}

fn what_cannot_be_read_is_refused(server: &dyn Server) {
    assert_eq!(get(server, "Patient/nobody").status, 404);
    assert_eq!(get(server, "Nonsense/1").status, 404);
    let odd = json!({"resourceType": "Patient", "id": "other"});
    let request = request(server, "PUT", "Patient/one", Some(&odd), &[]);
    assert_eq!(read(server.send(request)).status, 400);
    let broken = Request::put(format!("{}/Patient/broken", server.base()))
        .header("content-type", "application/fhir+json")
        .body(Bytes::from_static(b"{nonsense"))
        .expect("a request");
    let refused = read(server.send(broken));
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body["resourceType"], "OperationOutcome");
}

fn references_must_be_to_something(server: &dyn Server) {
    let refused = put(server, &observation("dangling", "nobody-here", 1));
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(get(server, "Observation/dangling").status, 404);
    patient(server, "referred");
    put(server, &observation("refers", "referred", 1));
    assert_eq!(delete(server, "Patient/referred").status, 409);
    assert_eq!(get(server, "Patient/referred").status, 200);
}

fn what_is_deleted_is_gone(server: &dyn Server) {
    patient(server, "gone-patient");
    put(server, &observation("gone", "gone-patient", 1));
    assert_eq!(delete(server, "Observation/gone").status, 200);
    assert_eq!(delete(server, "Observation/gone").status, 200);
    assert_eq!(delete(server, "Observation/never-was").status, 200);
    assert_eq!(get(server, "Observation/gone").status, 410);
    assert_eq!(get(server, "Observation/gone/_history/2").status, 410);
    assert_eq!(get(server, "Observation/gone/_history/1").status, 200);
    assert_eq!(get(server, "Observation/never-was").status, 404);
    // It comes back with a version left out.
    let again = put(server, &observation("gone", "gone-patient", 1));
    assert_eq!((again.status, again.header("etag")), (201, "W/\"4\""));
    assert_eq!(get(server, "Observation/gone/_history/3").status, 404);
    // A version does not keep it from being deleted.
    let stale = [("if-match", "W/\"1\"")];
    let request = request(server, "DELETE", "Observation/gone", None, &stale);
    assert_eq!(read(server.send(request)).status, 200);
    assert_eq!(get(server, "Observation/gone").status, 410);
}

fn deletions_are_only_in_the_history(server: &dyn Server) {
    patient(server, "erased-patient");
    let first = put(server, &observation("erased", "erased-patient", 1));
    put(server, &observation("kept", "erased-patient", 1));
    delete(server, "Observation/erased");
    let found = get_fresh(server, "Observation?patient=erased-patient");
    assert_eq!(found.ids(), ["kept"]);
    let found = get(server, "Patient/erased-patient/$everything");
    assert_eq!(found.ids(), ["erased-patient", "kept"]);
    let since = escaped(&first.updated());
    for place in ["", "Observation/", "Observation/erased/"] {
        let history = get(server, &format!("{place}_history?_since={since}&_count=50"));
        assert_eq!(history.body["type"], "history");
        let deletion = history
            .entries()
            .iter()
            .find(|entry| entry["request"]["method"] == "DELETE")
            .expect("the deletion");
        assert_eq!(deletion["request"]["url"], "Observation/erased/_history/2");
        assert_eq!(deletion["response"]["etag"], "W/\"2\"");
        assert!(deletion.get("resource").is_none());
        assert!(deletion["response"].get("lastModified").is_none());
        let changes = history.changes();
        assert!(
            changes.contains(&"POST Observation/erased/_history/1".to_owned()),
            "{changes:?}"
        );
    }
}

fn searches_by_patient(server: &dyn Server) {
    patient(server, "searched");
    patient(server, "not-searched");
    for n in 0..3 {
        put(server, &observation(&format!("s{n}"), "searched", n));
    }
    put(server, &observation("s-other", "not-searched", 1));
    for search in [
        "patient=searched",
        "patient=Patient/searched",
        "subject=Patient/searched",
    ] {
        let found = get(server, &format!("Observation?{search}"));
        assert_eq!(found.status, 200, "{}", found.body);
        assert_eq!(found.ids(), ["s0", "s1", "s2"], "{search}");
        assert_eq!(found.body["type"], "searchset");
        assert_eq!(found.body["total"], 3);
        assert_eq!(found.entries()[0]["search"]["mode"], "match");
        let url = format!("{}/Observation/s0", server.base());
        assert_eq!(found.entries()[0]["fullUrl"], json!(url));
        assert!(found.next().is_none());
    }
    let sorted = get(server, "Observation?patient=searched&_sort=-_lastUpdated");
    assert_eq!(sorted.ids(), ["s2", "s1", "s0"]);
    for count in ["_summary=count", "_count=0"] {
        let counted = get(server, &format!("Observation?patient=searched&{count}"));
        assert_eq!(
            (&counted.body["total"], counted.entries().len()),
            (&json!(3), 0)
        );
    }
    for refused in [
        "Observation?nonsense=1",
        "Organization?patient=searched",
        "Observation?patient=searched&_lastUpdated=nonsense",
    ] {
        assert_eq!(get(server, refused).status, 400, "{refused}");
    }
}

fn pages_point_at_the_root(server: &dyn Server) {
    patient(server, "paged");
    for n in 0..7 {
        put(server, &observation(&format!("paged{n}"), "paged", n));
    }
    let mut page = get(server, "Observation?patient=paged&_count=3");
    assert_eq!(page.ids(), ["paged0", "paged1", "paged2"]);
    let mut all = page.ids();
    let mut pages = 1;
    while let Some(next) = page.next() {
        let root = format!("{}?_getpages=", server.base());
        assert!(next.starts_with(&root), "{next}");
        page = get(server, &next);
        all.extend(page.ids());
        pages += 1;
    }
    assert_eq!((pages, all.len()), (3, 7));
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 7);
}

fn pages_have_a_most(server: &dyn Server) {
    patient(server, "many");
    let entries: Vec<Value> = (0..60)
        .map(|n| {
            let id = format!("many{n:02}");
            let url = format!("Observation/{id}");
            entry("PUT", &url, Some(observation(&id, "many", n)))
        })
        .collect();
    assert_eq!(
        post(server, "", &bundle("transaction", &entries)).status,
        200
    );
    let page = |query: &str| get(server, &format!("Observation?patient=many{query}"));
    assert_eq!(page("").ids().len(), 10);
    assert_eq!(page("&_count=1000").ids().len(), 50);
    let everything = get(server, "Patient/many/$everything?_count=1000");
    assert_eq!(everything.ids().len(), 50);
    assert!(everything.next().is_some());
}

fn pages_show_what_is_there_by_then(server: &dyn Server) {
    patient(server, "moving");
    for n in 0..6 {
        put(server, &observation(&format!("moving{n}"), "moving", n));
    }
    let first = get(server, "Observation?patient=moving&_count=3");
    delete(server, "Observation/moving3");
    put(server, &observation("moving4", "moving", 400));
    let second = get(server, &first.next().expect("a next page"));
    assert_eq!(second.ids(), ["moving4", "moving5"]);
    assert_eq!(second.entries()[0]["resource"]["meta"]["versionId"], "2");
}

fn a_page_of_nobody_is_gone(server: &dyn Server) {
    let url = format!(
        "{}?_getpages=11111111-1111-4111-a111-111111111111&_getpagesoffset=3",
        server.base()
    );
    let gone = get(server, &url);
    assert_eq!(gone.status, 410);
    assert_eq!(gone.body["resourceType"], "OperationOutcome");
}

fn the_same_search_is_answered_from_memory(server: &dyn Server) {
    patient(server, "memory");
    put(server, &observation("memory0", "memory", 0));
    let search = "Observation?patient=memory";
    assert_eq!(get(server, search).ids(), ["memory0"]);
    put(server, &observation("memory1", "memory", 1));
    assert_eq!(get(server, search).ids(), ["memory0"]);
    let other = get(server, &format!("{search}&_count=20"));
    assert_eq!(other.ids(), ["memory0", "memory1"]);
    assert_eq!(get_fresh(server, search).ids(), ["memory0", "memory1"]);
    // Whoever asks past the memory changes nothing for the others.
    assert_eq!(get(server, search).ids(), ["memory0"]);
    // What is remembered is which resources, not what they are.
    put(server, &observation("memory0", "memory", 77));
    let remembered = get(server, search);
    assert_eq!(
        remembered.entries()[0]["resource"]["meta"]["versionId"],
        "2"
    );
}

fn elements_leave_the_rest_out(server: &dyn Server) {
    patient(server, "elements");
    put(server, &observation("elements0", "elements", 0));
    let found = get(server, "Observation?patient=elements&_elements=id");
    let resource = &found.entries()[0]["resource"];
    assert_eq!(resource["id"], "elements0");
    assert_eq!(resource["meta"]["versionId"], "1");
    assert!(resource["meta"]["lastUpdated"].is_string());
    assert_eq!(resource["meta"]["tag"][0]["code"], "SUBSETTED");
    for left_out in ["status", "code", "subject", "valueQuantity"] {
        assert!(resource.get(left_out).is_none(), "{left_out}");
    }
}

fn bounds_of_last_updated(server: &dyn Server) {
    patient(server, "bounds");
    let mut stamps = Vec::new();
    for n in 0..3 {
        let made = put(server, &observation(&format!("bound{n}"), "bounds", n));
        stamps.push(made.updated());
        server.wait(Duration::from_millis(20));
    }
    let middle = &stamps[1];
    let zulu = middle.replace("+00:00", "Z");
    let expected: &[(&str, &[u8])] = &[
        ("ge", &[1, 2]),
        ("gt", &[2]),
        ("le", &[0, 1]),
        ("lt", &[0]),
        ("eq", &[1]),
    ];
    let found =
        |bounds: &str| get_fresh(server, &format!("Observation?patient=bounds{bounds}")).ids();
    let named = |ids: &[u8]| -> Vec<String> { ids.iter().map(|n| format!("bound{n}")).collect() };
    for stamp in [middle, &zulu] {
        for (prefix, ids) in expected {
            let bound = format!("&_lastUpdated={prefix}{}", escaped(stamp));
            assert_eq!(found(&bound), named(ids), "{prefix}{stamp}");
        }
    }
    let both = format!("&_lastUpdated=ge{zulu}&_lastUpdated=le{zulu}");
    assert_eq!(found(&both), named(&[1]));
    // Without milliseconds the whole second is meant.
    let second = &middle[..19];
    let later: Vec<u8> = (0..3)
        .filter(|n| &stamps[usize::from(*n)][..19] > second)
        .collect();
    assert_eq!(found(&format!("&_lastUpdated=gt{second}Z")), named(&later));
    let earlier: Vec<u8> = (0..3)
        .filter(|n| &stamps[usize::from(*n)][..19] < second)
        .collect();
    assert_eq!(
        found(&format!("&_lastUpdated=lt{second}Z")),
        named(&earlier)
    );
}

fn memory_does_not_tell_gt_from_ge(server: &dyn Server) {
    patient(server, "confused");
    let first = put(server, &observation("confused0", "confused", 0));
    server.wait(Duration::from_millis(20));
    put(server, &observation("confused1", "confused", 1));
    let search = |prefix: &str| {
        let stamp = escaped(&first.updated());
        format!("Observation?patient=confused&_lastUpdated={prefix}{stamp}")
    };
    assert_eq!(get(server, &search("ge")).ids(), ["confused0", "confused1"]);
    assert_eq!(get(server, &search("gt")).ids(), ["confused0", "confused1"]);
    assert_eq!(get_fresh(server, &search("gt")).ids(), ["confused1"]);
    assert_eq!(get(server, &search("ge")).ids(), ["confused0", "confused1"]);
}

fn everything_takes_what_it_refers_to_and_no_since(server: &dyn Server) {
    patient(server, "whole");
    free_slot(server, "whole-slot");
    put(server, &observation("whole0", "whole", 0));
    put(server, &appointment("whole-booking", "whole-slot", "whole"));
    let wanted: BTreeSet<String> = [
        "whole",
        "whole0",
        "whole-booking",
        "whole-slot",
        "whole-slot-schedule",
        "whole-slot-doctor",
    ]
    .map(ToOwned::to_owned)
    .into();
    for since in [
        "",
        "&_since=2100-01-01T00:00:00Z",
        "&_lastUpdated=ge2100-01-01",
    ] {
        let found = get(
            server,
            &format!("Patient/whole/$everything?_count=50{since}"),
        );
        assert_eq!(found.status, 200, "{}", found.body);
        assert_eq!(found.ids()[0], "whole");
        assert_eq!(
            found.ids().into_iter().collect::<BTreeSet<_>>(),
            wanted,
            "{since}"
        );
        assert_eq!(found.entries().len(), 6);
        assert!(found.next().is_none());
    }
    let page = get(server, "Patient/whole/$everything?_count=2");
    assert_eq!(page.ids().len(), 2);
    let next = page.next().expect("a next page");
    assert!(
        next.starts_with(&format!("{}?_getpages=", server.base())),
        "{next}"
    );
    assert_eq!(get(server, &next).ids().len(), 2);
    assert_eq!(get(server, "Patient/nobody/$everything").status, 404);
}

fn everything_is_never_from_memory(server: &dyn Server) {
    patient(server, "fresh");
    assert_eq!(get(server, "Patient/fresh/$everything").ids(), ["fresh"]);
    put(server, &observation("fresh0", "fresh", 0));
    let found = get(server, "Patient/fresh/$everything");
    assert_eq!(found.ids(), ["fresh", "fresh0"]);
}

fn history_wants_a_full_instant(server: &dyn Server) {
    patient(server, "instant");
    for place in ["", "Patient/", "Patient/instant/"] {
        let refused = get(server, &format!("{place}_history?_since=2020-01-01"));
        assert_eq!(refused.status, 400, "{place}");
        let whole = get(
            server,
            &format!("{place}_history?_since=2020-01-01T00:00:00Z&_count=1"),
        );
        assert_eq!(whole.status, 200, "{place}");
    }
    assert_eq!(get(server, "Patient/nobody/_history").status, 404);
}

fn history_pages_move(server: &dyn Server) {
    let organization = |id: &str| json!({"resourceType": "Organization", "id": id, "name": "x"});
    let first = put(server, &organization("h0"));
    for n in 1..6 {
        put(server, &organization(&format!("h{n}")));
    }
    let since = escaped(&first.updated());
    let page = get(
        server,
        &format!("Organization/_history?_count=3&_since={since}"),
    );
    let place = |n: u8| format!("POST Organization/h{n}/_history/1");
    assert_eq!(page.changes(), [place(5), place(4), place(3)]);
    assert!(page.body.get("total").is_none());
    let next = page.next().expect("a next page");
    let start = format!("{}/Organization/_history?", server.base());
    assert!(
        next.starts_with(&start) && next.contains("_offset=3"),
        "{next}"
    );
    // What comes now pushes what was seen on to the next page.
    put(server, &organization("h6"));
    let page = get(server, &next);
    assert_eq!(page.changes(), [place(3), place(2), place(1)]);
    let page = get(server, &page.next().expect("a next page"));
    assert_eq!(page.changes(), [place(0)]);
    assert!(page.next().is_none());
    let beyond = format!("Organization/_history?_count=3&_offset=90&_since={since}");
    let page = get(server, &beyond);
    assert_eq!((page.status, page.entries().len()), (200, 0));
    assert!(page.next().is_none());
}

fn history_without_since_is_cut(server: &dyn Server) {
    let location =
        |n: u8| json!({"resourceType": "Location", "id": format!("cut{n}"), "name": "x"});
    put(server, &location(0));
    let counted = get(server, "Location/_history");
    assert_eq!(counted.changes(), ["POST Location/cut0/_history/1"]);
    put(server, &location(1));
    put(server, &location(2));
    let cut = get(server, "Location/_history");
    assert_eq!(cut.body["total"], 1);
    assert_eq!(cut.changes(), ["POST Location/cut2/_history/1"]);
    assert!(cut.next().is_none());
    let whole = get(server, "Location/_history?_since=2020-01-01T00:00:00Z");
    assert_eq!(whole.changes().len(), 3);
}

fn transactions_have_one_stamp_and_bare_etags(server: &dyn Server) {
    patient(server, "stamped");
    put(server, &observation("stamped-old", "stamped", 0));
    put(server, &observation("stamped-gone", "stamped", 0));
    let urn = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059";
    let mut named = entry(
        "POST",
        "Practitioner",
        Some(json!({"resourceType": "Practitioner"})),
    );
    named["fullUrl"] = json!(urn);
    let mut performed = observation("stamped-new", "stamped", 1);
    performed["performer"] = json!([{"reference": urn}]);
    let answer = post(
        server,
        "",
        &bundle(
            "transaction",
            &[
                entry(
                    "PUT",
                    "Observation/stamped-old",
                    Some(observation("stamped-old", "stamped", 9)),
                ),
                entry("PUT", "Observation/stamped-new", Some(performed)),
                named,
                entry("DELETE", "Observation/stamped-gone", None),
                entry("GET", "Patient/stamped", None),
            ],
        ),
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["type"], "transaction-response");
    let response = |n: usize| &answer.entries()[n]["response"];
    let told = |n: usize| (text(&response(n)["status"]), text(&response(n)["etag"]));
    let pair = |status: &str, etag: &str| (status.to_owned(), etag.to_owned());
    assert_eq!(told(0), pair("200 OK", "2"));
    assert_eq!(told(1), pair("201 Created", "1"));
    assert_eq!(told(2), pair("201 Created", "1"));
    assert_eq!(told(3), pair("204 No Content", "2"));
    assert_eq!(
        response(1)["location"],
        "Observation/stamped-new/_history/1"
    );
    assert_eq!(answer.entries()[4]["resource"]["id"], "stamped");
    let new = get(server, "Observation/stamped-new");
    let performer = text(&new.body["performer"][0]["reference"]);
    assert!(
        text(&response(2)["location"]).starts_with(&performer),
        "{performer}"
    );
    let stamps: BTreeSet<String> = [
        "Observation/stamped-old",
        "Observation/stamped-new",
        &performer,
    ]
    .iter()
    .map(|place| get(server, place).updated())
    .collect();
    assert_eq!(stamps.len(), 1, "{stamps:?}");
    assert_eq!(response(1)["lastModified"], json!(new.updated()));
}

fn transactions_do_all_or_nothing(server: &dyn Server) {
    patient(server, "atomic");
    let refused = post(
        server,
        "",
        &bundle(
            "transaction",
            &[
                entry(
                    "PUT",
                    "Observation/atomic0",
                    Some(observation("atomic0", "atomic", 1)),
                ),
                entry(
                    "PUT",
                    "Observation/atomic1",
                    Some(observation("atomic1", "nobody", 1)),
                ),
            ],
        ),
    );
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(get(server, "Observation/atomic0").status, 404);
}

fn a_batch_books_half(server: &dyn Server) {
    patient(server, "half");
    free_slot(server, "half-slot");
    let taken = post(
        server,
        "",
        &booking("transaction", "half-slot", "W/\"1\"", "half0", "half"),
    );
    assert_eq!(taken.status, 200, "{}", taken.body);
    let late = post(
        server,
        "",
        &booking("batch", "half-slot", "W/\"1\"", "half1", "half"),
    );
    assert_eq!(late.status, 200, "{}", late.body);
    assert_eq!(late.body["type"], "batch-response");
    let status = |n: usize| text(&late.entries()[n]["response"]["status"]);
    assert!(status(0).starts_with("409"), "{}", status(0));
    assert!(status(1).starts_with("201"), "{}", status(1));
    assert_eq!(get(server, "Appointment/half1").status, 200);
}

fn the_second_appointment(server: &dyn Server) {
    patient(server, "twice");
    free_slot(server, "twice-slot");
    let book = |version: &str, id: &str| {
        post(
            server,
            "",
            &booking("transaction", "twice-slot", version, id, "twice"),
        )
    };
    assert_eq!(book("W/\"1\"", "twice0").status, 200);
    // A replay of what was done is a conflict, and so is somebody else's.
    assert_eq!(book("W/\"1\"", "twice0").status, 409);
    assert_eq!(book("W/\"1\"", "twice1").status, 409);
    assert_eq!(get(server, "Appointment/twice1").status, 404);
    let found = get(server, "Appointment?identifier=urn:sokhoe|twice0");
    assert_eq!(found.ids(), ["twice0"]);
    // With the busy Slot's own version nothing changes, and nothing is in the way.
    let second = book("W/\"2\"", "twice2");
    assert_eq!(second.status, 200, "{}", second.body);
    assert_eq!(get(server, "Slot/twice-slot").header("etag"), "W/\"2\"");
    assert_eq!(get(server, "Appointment/twice2").status, 200);
}

fn free_slots_bring_what_they_are_of(server: &dyn Server) {
    free_slot(server, "open");
    let at = |id: &str, hour: &str, status: &str| {
        let mut slot = slot(id, "open-schedule", status);
        slot["start"] = json!(format!("2027-03-01T{hour}:00:00+07:00"));
        slot["end"] = json!(format!("2027-03-01T{hour}:30:00+07:00"));
        put(server, &slot);
    };
    at("open-late", "10", "free");
    at("open-early", "08", "free");
    at("open-busy", "09", "busy");
    at("open-later", "11", "free");
    let bounds = "start=ge2027-03-01T07:30:00%2B07:00&start=lt2027-03-01T11:00:00%2B07:00";
    let found = get_fresh(
        server,
        &format!(
            "Slot?status=free&{bounds}&_sort=start&_include=Slot:schedule&_include:iterate=Schedule:actor&_count=50"
        ),
    );
    assert_eq!(found.status, 200, "{}", found.body);
    let of_mode = |mode: &str| -> Vec<String> {
        let entries = found.entries().iter();
        let of_mode = entries.filter(|entry| entry["search"]["mode"] == mode);
        of_mode
            .map(|entry| text(&entry["resource"]["id"]))
            .collect()
    };
    assert_eq!(of_mode("match"), ["open-early", "open-late"]);
    let along: BTreeSet<String> = of_mode("include").into_iter().collect();
    let wanted = ["open-doctor", "open-schedule"].map(ToOwned::to_owned);
    assert_eq!(along, wanted.into());
}

fn transactions_give_what_they_wrote(server: &dyn Server) {
    patient(server, "shown");
    free_slot(server, "shown-slot");
    let wishes = [("prefer", "return=representation")];
    let body = booking("transaction", "shown-slot", "W/\"1\"", "shown0", "shown");
    let answer = read(server.send(request(server, "POST", "", Some(&body), &wishes)));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let given = |n: usize| &answer.entries()[n]["resource"];
    assert_eq!(given(0)["status"], "busy");
    assert_eq!(given(0)["meta"]["versionId"], "2");
    assert_eq!(*given(1), get(server, "Appointment/shown0").body);
}

fn a_cancellation_frees_its_slot(server: &dyn Server) {
    patient(server, "off");
    free_slot(server, "off-slot");
    let booked = booking("transaction", "off-slot", "W/\"1\"", "off0", "off");
    assert_eq!(post(server, "", &booked).status, 200);
    let cancel = |appointment_version: &str, slot_version: &str| {
        let mut cancelled = appointment("off0", "off-slot", "off");
        cancelled["status"] = json!("cancelled");
        let mut call_off = entry("PUT", "Appointment/off0", Some(cancelled));
        call_off["request"]["ifMatch"] = json!(appointment_version);
        let freed = slot("off-slot", "off-slot-schedule", "free");
        let mut free = entry("PUT", "Slot/off-slot", Some(freed));
        free["request"]["ifMatch"] = json!(slot_version);
        post(server, "", &bundle("transaction", &[call_off, free]))
    };
    // One version that is not the current one, and neither is written.
    assert_eq!(cancel("W/\"1\"", "W/\"1\"").status, 409);
    assert_eq!(get(server, "Appointment/off0").body["status"], "booked");
    assert_eq!(cancel("W/\"1\"", "W/\"2\"").status, 200);
    assert_eq!(get(server, "Appointment/off0").body["status"], "cancelled");
    let slot = get(server, "Slot/off-slot");
    assert_eq!(slot.body["status"], "free");
    assert_eq!(slot.header("etag"), "W/\"3\"");
}

fn a_new_slot_is_taken_by_a_conditional_create(server: &dyn Server) {
    patient(server, "posted");
    free_slot(server, "posted-slot");
    let book = |version: &str| {
        let busy = slot("posted-slot", "posted-slot-schedule", "busy");
        let mut take = entry("PUT", "Slot/posted-slot", Some(busy));
        take["request"]["ifMatch"] = json!(version);
        let mut made = appointment("posted0", "posted-slot", "posted");
        made.as_object_mut().expect("an object").remove("id");
        let mut create = entry("POST", "Appointment", Some(made));
        create["request"]["ifNoneExist"] = json!("identifier=urn:sokhoe|posted0");
        post(server, "", &bundle("transaction", &[take, create]))
    };
    let made = book("W/\"1\"");
    assert_eq!(made.status, 200, "{}", made.body);
    let location = text(&made.entries()[1]["response"]["location"]);
    let place = location.split("/_history").next().unwrap_or_default();
    assert_eq!(get(server, place).body["identifier"][0]["value"], "posted0");
    assert_eq!(book("W/\"1\"").status, 409);
    let found = get_fresh(server, "Appointment?identifier=urn:sokhoe|posted0");
    assert_eq!(found.ids().len(), 1);
    assert!(place.ends_with(&found.ids()[0]), "{place}");
}

fn one_winner_of_a_slot(server: &dyn Server) {
    patient(server, "racer");
    for round in 0..5 {
        let slot_id = format!("race{round}");
        free_slot(server, &slot_id);
        let ids: Vec<String> = (0..8).map(|n| format!("race{round}-{n}")).collect();
        let requests = ids
            .iter()
            .map(|id| {
                let body = booking("transaction", &slot_id, "W/\"1\"", id, "racer");
                request(server, "POST", "", Some(&body), &[])
            })
            .collect();
        let answers: Vec<u16> = server
            .send_all(requests)
            .into_iter()
            .map(|answer| answer.status().as_u16())
            .collect();
        let won = answers.iter().filter(|status| **status == 200).count();
        let lost = answers.iter().filter(|status| **status == 409).count();
        assert_eq!((won, lost), (1, 7), "{answers:?}");
        for (id, status) in ids.iter().zip(&answers) {
            let there = get(server, &format!("Appointment/{id}")).status;
            assert_eq!(there == 200, *status == 200, "{id}");
        }
    }
}

fn conditional_creates(server: &dyn Server) {
    patient(server, "condition");
    free_slot(server, "condition-slot");
    put(
        server,
        &appointment("condition0", "condition-slot", "condition"),
    );
    let create = |identifier: &str, condition: &str| {
        let mut made = appointment(identifier, "condition-slot", "condition");
        made.as_object_mut().expect("an object").remove("id");
        let mut create = entry("POST", "Appointment", Some(made));
        create["request"]["ifNoneExist"] = json!(format!("identifier=urn:sokhoe|{condition}"));
        post(server, "", &bundle("transaction", &[create]))
    };
    let found = create("condition0", "condition0");
    assert_eq!(found.status, 200, "{}", found.body);
    let response = &found.entries()[0]["response"];
    assert_eq!(response["status"], "200 OK");
    assert_eq!(response["location"], "Appointment/condition0/_history/1");
    assert_eq!(create("condition1", "condition2").status, 412);
    let made = create("condition3", "condition3");
    assert_eq!(made.entries()[0]["response"]["status"], "201 Created");
}

fn a_late_commit_is_behind_every_cursor(server: &dyn Server) {
    const SIZE: usize = 1000;
    patient(server, "late");
    let before = put(server, &observation("late-before", "late", 0)).updated();
    server.wait(Duration::from_millis(20));
    let entries = (0..SIZE).fold(String::new(), |mut entries, n| {
        let id = format!("late{n:04}");
        let url = format!("Observation/{id}");
        let entry = entry("PUT", &url, Some(observation(&id, "late", 1)));
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(entries, "{comma}{entry}");
        entries
    });
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entries}]}}"#);
    let mut cursor = String::new();
    server.commit_late(bundle, &mut || {
        let meanwhile = put(server, &observation("late-meanwhile", "late", 0));
        assert_eq!(meanwhile.status, 201, "{}", meanwhile.body);
        cursor = meanwhile.updated();
        assert_eq!(get(server, "Observation/late0000").status, 404);
        let since = format!("Observation/_history?_count=50&_since={}", escaped(&before));
        let seen = get(server, &since).changes();
        assert!(seen.contains(&"POST Observation/late-meanwhile/_history/1".to_owned()));
        assert!(
            !seen.iter().any(|change| change.contains("late0")),
            "{seen:?}"
        );
    });
    let stamp = get(server, "Observation/late0000").updated();
    assert_eq!(get(server, "Observation/late0999").updated(), stamp);
    assert!(
        stamp > before && stamp < cursor,
        "{before} {stamp} {cursor}"
    );
    let behind = |place: &str| walk(server, place);
    // Whoever goes on from what came meanwhile misses all of it,
    let found = behind(&format!(
        "Observation?patient=late&_count=50&_lastUpdated=ge{}",
        escaped(&cursor)
    ));
    assert_eq!(found, BTreeSet::from(["late-meanwhile".to_owned()]));
    let found = behind(&format!(
        "Observation/_history?_count=50&_since={}",
        escaped(&cursor)
    ));
    assert!(!found.contains("late0000") && found.contains("late-meanwhile"));
    // and whoever goes back far enough has it.
    for place in [
        "Observation?patient=late&_count=50&_lastUpdated=ge",
        "Observation/_history?_count=50&_since=",
    ] {
        let found = behind(&format!("{place}{}", escaped(&before)));
        assert!(found.len() >= SIZE + 2, "{place}: {}", found.len());
    }
}

/// The ids on all pages.
fn walk(server: &dyn Server, place: &str) -> BTreeSet<String> {
    let mut page = get(server, place);
    let mut ids: BTreeSet<String> = page.ids().into_iter().collect();
    while let Some(next) = page.next() {
        page = get(server, &next);
        assert_eq!(page.status, 200, "{}", page.body);
        ids.extend(page.ids());
    }
    ids
}
