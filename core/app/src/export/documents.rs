//! The documents that are on this phone, as Binary entries of the Bundle.
//!
//! A document is read twice: first to prove it, so that a damaged one leaves the Bundle whole and is left
//! out, then to write it. Memory holds a chunk. One is at most [`crate::MAX_DOCUMENT_BYTES`] long, all
//! together are what documents may take on the phone.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sokhoe_domain::{ClinicId, ResourceKey};
use sokhoe_fhir::Attachment;
use sokhoe_vault::{BlobHash, BlobReader, BlobState, OpenedBlob, StoredResource, VaultError};

use super::fhir::Bundle;
use crate::documents::stored;
use crate::error::AppError;
use crate::session::OpenBook;

/// For a document whose type the clinic does not tell.
const UNKNOWN: &str = "application/octet-stream";

/// Which resources refer to documents: noted while the book is walked over, since nothing else is read
/// meanwhile.
#[derive(Default)]
pub(super) struct Documents {
    referred: Vec<(ClinicId, ResourceKey, Attachment)>,
}

impl Documents {
    pub(super) fn note(&mut self, resource: &StoredResource) {
        let attachments = sokhoe_fhir::attachments(&resource.json).unwrap_or_default();
        let elsewhere = attachments.into_iter().filter(|one| !one.is_inline);
        self.referred
            .extend(elsewhere.map(|one| (resource.clinic.clone(), resource.key.clone(), one)));
    }

    /// Writes those that are here, each once, under the address by which it is referred to.
    pub(super) fn write(self, book: &OpenBook, bundle: &mut Bundle<'_>) -> Result<(), AppError> {
        let mut written = HashSet::new();
        for (clinic, resource, attachment) in self.referred {
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
            if is_resource || written.contains(&full_url) || !is_whole(book, &blob.hash)? {
                continue;
            }
            let OpenedBlob::Here(reader) = book.vault.open_blob(&blob.hash)? else {
                continue;
            };
            let id = key.as_ref().map(|key| key.id.as_str());
            binary(bundle, &full_url, id, &attachment.content_type, reader)?;
            written.insert(full_url);
        }
        Ok(())
    }
}

/// Whether all of a document can be read; what cannot is noted by the vault, and left out.
fn is_whole(book: &OpenBook, hash: &BlobHash) -> Result<bool, AppError> {
    let mut reader = match book.vault.open_blob(hash) {
        Ok(OpenedBlob::Here(reader)) => reader,
        Ok(OpenedBlob::AtClinic) | Err(VaultError::BlobDamaged) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    loop {
        match reader.next_chunk() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(true),
            Err(VaultError::BlobDamaged) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}

fn binary(
    bundle: &mut Bundle<'_>,
    full_url: &str,
    id: Option<&str>,
    content_type: &str,
    mut reader: Box<BlobReader>,
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
    // Three bytes are four letters: what is over waits for the next chunk.
    let mut waiting = Vec::new();
    while let Some(chunk) = reader.next_chunk()? {
        waiting.extend_from_slice(chunk);
        let over = waiting.split_off(waiting.len() / 3 * 3);
        bundle.sink.put(&STANDARD.encode(&waiting))?;
        waiting = over;
    }
    bundle.sink.put(&STANDARD.encode(&waiting))?;
    bundle.sink.put("\"}")?;
    bundle.end_entry()
}
