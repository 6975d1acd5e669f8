//! A resource with its version: read, and written over the version that is known.

use http::header::{CONTENT_LOCATION, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use http::{Method, Request, Response};
use sokhoe_domain::ResourceKey;
use sokhoe_domain::ids::is_fhir_id;
use sokhoe_fhir::transaction::key_at;

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::{ORDINARY, read};

/// A resource as the clinic has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Versioned {
    /// Byte for byte what came.
    pub json: String,
    /// The version of the `ETag`; unset when the clinic does not tell it.
    pub version: Option<String>,
}

impl std::fmt::Debug for Versioned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Versioned")
            .field("bytes", &self.json.len())
            .field("version", &self.version)
            .finish()
    }
}

impl ClinicClient {
    /// A resource and its version.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn versioned(&self, key: &ResourceKey) -> Result<Versioned, ClientError> {
        let request = self
            .request(Method::GET, &self.fhir_url(&path(key)?)?)?
            .body(bytes::Bytes::new())
            .map_err(|_| ClientError::Invalid)?;
        self.exchange_versioned(request, key).await
    }

    /// Writes a resource over a version of it, or one that is new under its own id, and gives what the clinic then has.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with status 409, 412 or 428 when the clinic has another version than that;
    /// [`ClientError`].
    pub async fn put(
        &self,
        key: &ResourceKey,
        json: &str,
        over: Option<&str>,
    ) -> Result<Versioned, ClientError> {
        let mut request = self
            .request(Method::PUT, &self.fhir_url(&path(key)?)?)?
            .header(CONTENT_TYPE, "application/fhir+json")
            .header("prefer", "return=representation");
        if let Some(version) = over {
            request = request.header(IF_MATCH, format!("W/\"{version}\""));
        }
        let request = request
            .body(json.to_owned().into())
            .map_err(|_| ClientError::Invalid)?;
        self.exchange_versioned(request, key).await
    }

    /// Creates a resource, unless this identifier (system and value), which must be in it, is there already; what that
    /// then is, by its key, and as the server has it when it says so. A server that does not heed `If-None-Exist`
    /// creates it in any case.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with status 412 when the identifier is there more than once; [`ClientError`].
    pub async fn create(
        &self,
        kind: &str,
        json: &str,
        (system, value): (&str, &str),
    ) -> Result<(ResourceKey, Option<Versioned>), ClientError> {
        let condition = format!("identifier={system}|{value}");
        let request = self
            .post(&kind_path(kind)?)?
            .header("prefer", "return=representation")
            .header("if-none-exist", condition)
            .body(json.to_owned().into())
            .map_err(|_| ClientError::Invalid)?;
        let response = self.send(request, ORDINARY).await?;
        let version = version(&response);
        let place = [LOCATION, CONTENT_LOCATION]
            .iter()
            .find_map(|header| key_at(response.headers().get(header)?.to_str().ok()?));
        let place = place.filter(|key| key.kind == kind && is_fhir_id(&key.id));
        let json = read(response)?;
        let key = sokhoe_fhir::index(&json).ok().map(|indexed| indexed.key);
        match (key.filter(|key| key.kind == kind), place) {
            (Some(key), place) if place.as_ref().is_none_or(|place| *place == key) => {
                Ok((key, Some(Versioned { json, version })))
            }
            (None, Some(place)) => Ok((place, None)),
            _ => Err(ClientError::Garbled(GarbledAnswer::NotFhir)),
        }
    }

    async fn exchange_versioned(
        &self,
        request: Request<bytes::Bytes>,
        key: &ResourceKey,
    ) -> Result<Versioned, ClientError> {
        let response = self.send(request, ORDINARY).await?;
        let version = version(&response);
        let json = read(response)?;
        // Another's resource is no answer.
        match sokhoe_fhir::index(&json) {
            Ok(indexed) if indexed.key == *key => Ok(Versioned { json, version }),
            _ => Err(ClientError::Garbled(GarbledAnswer::NotFhir)),
        }
    }
}

fn kind_path(kind: &str) -> Result<String, ClientError> {
    let is_sound = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphabetic());
    is_sound
        .then(|| kind.to_owned())
        .ok_or(ClientError::Invalid)
}

fn path(key: &ResourceKey) -> Result<String, ClientError> {
    if is_fhir_id(&key.id) {
        Ok(format!("{}/{}", kind_path(&key.kind)?, key.id))
    } else {
        Err(ClientError::Invalid)
    }
}

fn version(response: &Response<bytes::Bytes>) -> Option<String> {
    let tag = response.headers().get(ETAG)?.to_str().ok()?.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let version = tag.strip_prefix('"')?.strip_suffix('"')?;
    (!version.is_empty() && !version.contains('"')).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_what_the_tag_says() {
        for (tag, expected) in [
            (Some(r#"W/"3""#), Some("3")),
            (Some(r#""a-b""#), Some("a-b")),
            (Some("3"), None),
            (Some(r#"W/"""#), None),
            (None, None),
        ] {
            let mut response = Response::builder();
            if let Some(tag) = tag {
                response = response.header(ETAG, tag);
            }
            let response = response.body(bytes::Bytes::new()).unwrap();
            assert_eq!(version(&response).as_deref(), expected, "{tag:?}");
        }
    }

    #[test]
    fn only_a_resource_has_a_path() {
        let key = ResourceKey::new("Patient", "bn-1");
        assert_eq!(path(&key).as_deref(), Ok("Patient/bn-1"));
        for (kind, id) in [("Patient", "../x"), ("", "x"), ("Patient/x", "y")] {
            assert!(path(&ResourceKey::new(kind, id)).is_err());
        }
    }
}
