//! The documents that a resource carries or refers to: FHIR's `Attachment`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sokhoe_domain::Timestamp;

use crate::FhirError;
use crate::base64::{Base64Text, decoded_length};
use crate::json::{Document, Node};
use crate::{read, values};

/// Attachments of a resource beyond this are left out.
const MOST: usize = 100;
/// Characters of a title.
const LONGEST_TITLE: usize = 300;
/// Bytes of a url or of a content type; a longer one is no use and reads as none.
const LONGEST_URL: usize = 2_048;
const LONGEST_TYPE: usize = 200;

/// What a resource says of a document.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// `contentType`, a MIME type; empty when not told.
    pub content_type: String,
    /// `title`; empty when not told.
    pub title: String,
    /// Bytes, by `size`, or those of the inline data.
    pub size: Option<u64>,
    /// `hash`: the SHA-1 of the bytes. One that is not 20 bytes in base64 is none.
    pub sha1: Option<[u8; 20]>,
    /// Where the bytes are: relative to the FHIR base, or absolute.
    pub url: Option<String>,
    /// When it was made.
    pub creation: Option<Timestamp>,
    /// Whether the bytes are in the resource itself: [`inline_data`] gives them.
    pub is_inline: bool,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("is_inline", &self.is_inline)
            .finish_non_exhaustive()
    }
}

/// The attachments of a DocumentReference (`content.attachment`), a DiagnosticReport
/// (`presentedForm`) or a Media (`content`), in their order; other types have none here. One with
/// neither data nor url, which nobody can open, is left out.
///
/// # Errors
/// `NotJson`, `NotAnObject`, `TooDeep`, `TooLong`
pub fn attachments(json: &str) -> Result<Vec<Attachment>, FhirError> {
    let document = Document::parse(json)?;
    Ok(nodes(document.root()).map(attachment).collect())
}

/// The inline data of the attachment at this place in [`attachments`], when it has some.
///
/// # Errors
/// `NotJson`, `NotAnObject`, `TooDeep`, `TooLong`
pub fn inline_data(json: &str, index: usize) -> Result<Option<Base64Text>, FhirError> {
    let document = Document::parse(json)?;
    let data = nodes(document.root())
        .nth(index)
        .and_then(|node| node.str("data"));
    Ok(data.map(|data| Base64Text::new(data.into_owned())))
}

fn nodes(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let kind = root.str("resourceType").unwrap_or_default();
    let (list, inside) = match &*kind {
        "DocumentReference" => (root.get("content"), Some("attachment")),
        "DiagnosticReport" => (root.get("presentedForm"), None),
        "Media" => (root.get("content"), None),
        _ => (root.get(""), None),
    };
    let is_known = matches!(&*kind, "DocumentReference" | "DiagnosticReport" | "Media");
    list.items()
        .filter(move |_| is_known)
        .map(move |item| inside.map_or(item, |inside| item.get(inside)))
        .filter(|node| node.get("data").text().is_some() || url(*node).is_some())
        .take(MOST)
}

fn url(node: Node<'_>) -> Option<String> {
    node.str("url")
        .map(|url| url.trim().to_owned())
        .filter(|url| url.len() <= LONGEST_URL)
}

fn attachment(node: Node<'_>) -> Attachment {
    let data = node.str("data");
    let size = match &data {
        Some(data) => Some(decoded_length(data)),
        None => node.get("size").u64(),
    };
    Attachment {
        content_type: node
            .str("contentType")
            .map(|kind| kind.trim().to_owned())
            .filter(|kind| kind.len() <= LONGEST_TYPE)
            .unwrap_or_default(),
        title: values::clip(read::string(node, "title"), LONGEST_TITLE),
        size,
        sha1: node
            .str("hash")
            .filter(|hash| hash.len() <= LONGEST_TYPE)
            .and_then(|hash| STANDARD.decode(hash.trim()).ok())
            .and_then(|hash| hash.try_into().ok()),
        url: url(node),
        creation: read::timestamp(node.get("creation")),
        is_inline: data.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_type_has_its_place_for_them() {
        let one = r#"{"contentType":"application/pdf","title":" Giấy ra viện ","size":5,
            "hash":"2jmj7l5rSw0yVb/vlWAYkK/YBwk=","url":"Binary/b1","creation":"2026-11-24"}"#;
        for json in [
            format!(
                r#"{{"resourceType":"DocumentReference","id":"1","content":[{{"attachment":{one}}}]}}"#
            ),
            format!(r#"{{"resourceType":"DiagnosticReport","id":"1","presentedForm":[{one}]}}"#),
            format!(r#"{{"resourceType":"Media","id":"1","content":{one}}}"#),
        ] {
            let found = attachments(&json).unwrap();
            assert_eq!(found.len(), 1, "{json}");
            let found = &found[0];
            assert_eq!(found.content_type, "application/pdf");
            assert_eq!(found.url.as_deref(), Some("Binary/b1"));
            assert_eq!(found.size, Some(5));
            assert_eq!(found.sha1.unwrap()[..4], [0xda, 0x39, 0xa3, 0xee]);
            assert_eq!(found.creation, Timestamp::parse_fhir("2026-11-24"));
            assert!(!found.is_inline);
            assert!(inline_data(&json, 0).unwrap().is_none());
        }
        for json in [
            format!(r#"{{"resourceType":"Patient","id":"1","photo":[{one}],"content":{one}}}"#),
            format!(r#"{{"":{one}}}"#),
            r#"{"resourceType":"DocumentReference","content":[{"attachment":{"title":"x"}},{"attachment":7},3]}"#.to_owned(),
        ] {
            assert_eq!(attachments(&json), Ok(vec![]), "{json}");
        }
    }

    #[test]
    fn inline_data_are_told_by_their_place() {
        let json = r#"{"resourceType":"DiagnosticReport","presentedForm":[{"title":"nothing"},
            {"url":"Binary/1","size":-4,"hash":"AAAA"},{"contentType":"text/plain","size":99,"data":"eGlu IGNow6Bv"}]}"#;
        let found = attachments(json).unwrap();
        assert_eq!((found[0].size, found[0].sha1), (None, None));
        assert_eq!((found[1].size, found[1].is_inline), (Some(9), true));
        assert!(inline_data(json, 0).unwrap().is_none());
        let mut data = inline_data(json, 1).unwrap().unwrap();
        assert_eq!(data.next_piece().unwrap().unwrap(), "xin chào".as_bytes());
        assert_eq!(data.next_piece(), Ok(None));
        assert!(inline_data(json, 2).unwrap().is_none());
    }

    #[test]
    fn a_hostile_resource_costs_little() {
        let many = vec![r#"{"url":"Binary/1"}"#; 5_000].join(",");
        let json = format!(r#"{{"resourceType":"DiagnosticReport","presentedForm":[{many}]}}"#);
        assert_eq!(attachments(&json).unwrap().len(), MOST);
        let long = "x".repeat(1 << 20);
        let json = format!(
            r#"{{"resourceType":"Media","content":{{"url":"Binary/1","title":"{long}","contentType":"{long}","hash":"{long}"}}}}"#
        );
        let found = attachments(&json).unwrap();
        assert!(found[0].title.chars().count() <= LONGEST_TITLE + 1);
        assert_eq!((found[0].content_type.as_str(), found[0].sha1), ("", None));
        let json = format!(r#"{{"resourceType":"Media","content":{{"url":"{long}"}}}}"#);
        assert_eq!(attachments(&json), Ok(vec![]));
    }

    fn arb_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        let name = prop_oneof![
            Just("resourceType"),
            Just("content"),
            Just("attachment"),
            Just("presentedForm"),
            Just("data"),
            Just("url"),
            Just("size"),
            Just("hash"),
            Just("title"),
            Just("contentType"),
            Just("creation"),
        ];
        leaf.prop_recursive(5, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec((name.clone(), inner), 0..6).prop_map(|fields| {
                    serde_json::Value::Object(
                        fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
                    )
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_resource_breaks_it(
            kind in prop_oneof![Just("DocumentReference"), Just("DiagnosticReport"), Just("Media")],
            mut value in arb_value(),
        ) {
            if let Some(object) = value.as_object_mut() {
                object.insert("resourceType".to_owned(), kind.into());
            }
            let json = value.to_string();
            if let Ok(found) = attachments(&json) {
                for (index, one) in found.iter().enumerate() {
                    let inline = inline_data(&json, index).unwrap();
                    prop_assert_eq!(inline.is_some(), one.is_inline);
                    if let Some(mut data) = inline {
                        while let Ok(Some(_)) = data.next_piece() {}
                    }
                }
            }
        }
    }
}
