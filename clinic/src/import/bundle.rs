//! Bundles, taken apart; a bare resource is a Bundle of one.

use serde::Deserialize;
use serde_json::value::RawValue;
use sokhoe_domain::ResourceKey;

use super::head::Head;
use super::pieces::Lines;
use super::sink::Sink;
use crate::store::StoreError;

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow, default)]
    entry: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(default, rename = "fullUrl")]
    full_url: String,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    request: Option<Request>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
}

/// Takes a value that is a resource or a Bundle. `lines` counts the file it is a part of.
pub(super) fn take(
    sink: &mut Sink<'_>,
    file: &str,
    lines: &mut Lines<'_>,
    json: &str,
) -> Result<(), StoreError> {
    match Head::read(json) {
        Ok(head) if head.kind == "Bundle" => take_bundle(sink, file, lines, json),
        Ok(head) => sink.put(file, lines.of(json), json, head.id),
        Err(reason) => {
            sink.skip(file, lines.of(json), reason);
            Ok(())
        }
    }
}

fn take_bundle(
    sink: &mut Sink<'_>,
    file: &str,
    lines: &mut Lines<'_>,
    json: &str,
) -> Result<(), StoreError> {
    let Ok(bundle) = serde_json::from_str::<Bundle<'_>>(json) else {
        sink.skip(file, lines.of(json), "the Bundle's entries are not a list");
        return Ok(());
    };
    let mut entries = Vec::with_capacity(bundle.entry.len());
    for raw in bundle.entry {
        let line = lines.of(raw.get());
        let Ok(entry) = serde_json::from_str::<Entry<'_>>(raw.get()) else {
            sink.skip(file, line, "not an entry of a Bundle");
            continue;
        };
        // Names first: a reference may stand before what it names.
        let id = entry.resource.and_then(|resource| {
            let head = Head::read(resource.get()).ok()?;
            let uuid = entry.full_url.strip_prefix("urn:uuid:");
            let id = head.id.or_else(|| uuid.map(str::to_owned))?;
            sink.references
                .learn(entry.full_url.clone(), &head.kind, &id);
            for identifier in head.identifiers {
                sink.references.learn(identifier, &head.kind, &id);
            }
            Some(id)
        });
        entries.push((line, entry, id));
    }
    for (line, entry, id) in entries {
        match (entry.resource, entry.request) {
            (Some(resource), _) => sink.put(file, line, resource.get(), id)?,
            (None, Some(request)) if request.method == "DELETE" => {
                match ResourceKey::parse(&request.url) {
                    Some(key) => sink.delete(key)?,
                    None => sink.skip(file, line, "the deletion names no resource"),
                }
            }
            (None, _) => sink.skip(file, line, "the entry has no resource"),
        }
    }
    sink.references.forget_bundle();
    Ok(())
}
