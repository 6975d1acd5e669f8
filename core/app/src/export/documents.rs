//! The documents that are on this phone: those of clinics as Binary entries of the Bundle, the person's own
//! within their DocumentReference.
//!
//! A document is read twice: first to prove it, so that a damaged one leaves the Bundle whole and is left
//! out, then to write it. Memory holds a chunk. One of a clinic is at most [`crate::MAX_DOCUMENT_BYTES`]
//! long, all together are what documents may take on the phone.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sokhoe_domain::{ClinicId, ResourceKey};
use sokhoe_fhir::Attachment;
use sokhoe_vault::{BlobHash, BlobState, OpenedBlob, StoredResource, VaultError};

use super::fhir::Bundle;
use super::sink::Sink;
use crate::documents::stored;
use crate::error::AppError;
use crate::session::OpenBook;

/// For a document whose type the clinic does not tell.
const UNKNOWN: &str = "application/octet-stream";

/// FHIR's own: why there is no value.
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

/// Which resources refer to documents: noted while the book is walked over, since nothing else is read
/// meanwhile.
#[derive(Default)]
pub(super) struct Referred {
    by: Vec<(ClinicId, ResourceKey, Attachment)>,
}

impl Referred {
    pub(super) fn note(&mut self, resource: &StoredResource) {
        let attachments = sokhoe_fhir::attachments(&resource.json).unwrap_or_default();
        let elsewhere = attachments.into_iter().filter(|one| !one.is_inline);
        self.by
            .extend(elsewhere.map(|one| (resource.clinic.clone(), resource.key.clone(), one)));
    }

    /// Writes those that are here, each once, under the address by which it is referred to.
    pub(super) fn write(self, book: &OpenBook, bundle: &mut Bundle<'_>) -> Result<(), AppError> {
        let mut written = HashSet::new();
        for (clinic, resource, attachment) in self.by {
            let Some(blob) = stored(book, &clinic, &resource, &attachment)?
                .filter(|blob| blob.state == BlobState::Here)
            else {
                continue;
            };
            let url = attachment.url.as_deref().unwrap_or_default();
            let key = ResourceKey::parse(url).filter(|key| key.kind == "Binary");
            let full_url = match &key {
                Some(key) => bundle.bases.url(&clinic, key),
                None => url.to_owned(),
            };
            // The clinic's own Binary is an entry already.
            let is_resource = match &key {
                Some(key) => book.vault.resource(&clinic, key)?.is_some(),
                None => false,
            };
            if is_resource || written.contains(&full_url) || !put_bytes(book, &blob.hash, None)? {
                continue;
            }
            let id = key.as_ref().map(|key| key.id.as_str());
            binary(
                book,
                bundle,
                &full_url,
                id,
                &attachment.content_type,
                &blob.hash,
            )?;
            written.insert(full_url);
        }
        Ok(())
    }
}

/// Writes a document that is whole.
fn binary(
    book: &OpenBook,
    bundle: &mut Bundle<'_>,
    full_url: &str,
    id: Option<&str>,
    content_type: &str,
    hash: &BlobHash,
) -> Result<(), AppError> {
    let content_type = match content_type {
        "" => UNKNOWN,
        known => known,
    };
    bundle.begin_entry(full_url, None)?;
    let id = id.map_or(String::new(), |id| format!(r#""id":{},"#, Value::from(id)));
    bundle.sink.put(&format!(
        r#"{{"resourceType":"Binary",{id}"contentType":{},"data":""#,
        Value::from(content_type)
    ))?;
    if !put_bytes(book, hash, Some(&mut bundle.sink))? {
        return Err(AppError::internal("document"));
    }
    bundle.sink.put("\"}")?;
    bundle.end_entry()
}

/// What the person put in, with its bytes in the place of their url.
pub(super) fn own_documents(book: &OpenBook, bundle: &mut Bundle<'_>) -> Result<(), AppError> {
    for document in book.vault.own_documents()? {
        let unreadable = || AppError::internal("own-document");
        let mut resource: Value =
            serde_json::from_str(&document.resource.json).map_err(|_| unreadable())?;
        let attachment = resource.pointer_mut("/content/0/attachment");
        let mut attachment = attachment.ok_or_else(unreadable)?.take();
        let members = attachment.as_object_mut().ok_or_else(unreadable)?;
        members.remove("url");
        let blob = document.blob.map(|blob| blob.hash);
        // Read to its end first: what is damaged must not end the whole export half-way.
        let is_whole = match blob {
            Some(hash) => put_bytes(book, &hash, None)?,
            None => false,
        };
        if !is_whole {
            let lost = json!({"extension": [{"url": ABSENT, "valueCode": "error"}]});
            members.insert("_data".to_owned(), lost);
        }
        resource
            .as_object_mut()
            .ok_or_else(unreadable)?
            .remove("content");
        let (resource, attachment) = (resource.to_string(), attachment.to_string());
        let open = |object: &str| object.strip_suffix('}').map(str::to_owned);
        bundle.begin_entry(&format!("urn:uuid:{}", document.id), None)?;
        bundle.sink.put(&open(&resource).ok_or_else(unreadable)?)?;
        bundle.sink.put(r#","content":[{"attachment":"#)?;
        match blob.filter(|_| is_whole) {
            Some(hash) => {
                bundle
                    .sink
                    .put(&open(&attachment).ok_or_else(unreadable)?)?;
                bundle.sink.put(r#","data":""#)?;
                if !put_bytes(book, &hash, Some(&mut bundle.sink))? {
                    return Err(unreadable());
                }
                bundle.sink.put("\"}")?;
            }
            None => bundle.sink.put(&attachment)?,
        }
        bundle.sink.put("}]}")?;
        bundle.end_entry()?;
    }
    Ok(())
}

/// Reads a document and puts it as base64, when there is where to; whether it is whole.
fn put_bytes(
    book: &OpenBook,
    hash: &BlobHash,
    mut sink: Option<&mut Sink<'_>>,
) -> Result<bool, AppError> {
    let mut reader = match book.vault.open_blob(hash) {
        Ok(OpenedBlob::Here(reader)) => reader,
        Ok(OpenedBlob::AtClinic) | Err(VaultError::BlobDamaged | VaultError::UnknownBlob) => {
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    // Three bytes are four letters: what is left over waits for the next piece.
    let mut piece = Vec::new();
    loop {
        match reader.next_chunk() {
            Ok(Some(_)) if sink.is_none() => {}
            Ok(Some(chunk)) => piece.extend_from_slice(chunk),
            Ok(None) => break,
            Err(VaultError::BlobDamaged) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        if let Some(sink) = &mut sink {
            let later = piece.split_off(piece.len() / 3 * 3);
            sink.put(&STANDARD.encode(&piece))?;
            piece = later;
        }
    }
    if let Some(sink) = &mut sink {
        sink.put(&STANDARD.encode(&piece))?;
    }
    Ok(true)
}
