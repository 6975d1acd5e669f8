//! Binary: bytes that other resources refer to.

use std::fmt;

use sokhoe_domain::ResourceKey;

use crate::base64::Base64Text;
use crate::{FhirError, read};

/// A Binary.
#[derive(Clone)]
pub struct BinaryView {
    /// `contentType` as it came; empty when not told.
    pub content_type: String,
    /// The bytes.
    pub data: Base64Text,
    /// Whose access rules hold for it.
    pub security_context: SecurityContext,
}

/// `Binary.securityContext`.
#[derive(Clone, PartialEq, Eq)]
pub enum SecurityContext {
    /// It names none.
    Unset,
    /// This resource.
    Of(ResourceKey),
    /// It names one in a way that cannot be followed here.
    Unclear,
}

impl fmt::Debug for BinaryView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinaryView").finish_non_exhaustive()
    }
}

impl fmt::Debug for SecurityContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unset => "Unset",
            Self::Of(_) => "Of(…)",
            Self::Unclear => "Unclear",
        })
    }
}

impl BinaryView {
    /// Reads a Binary.
    ///
    /// # Errors
    /// `Unexpected` when it is no Binary, and what [`crate::json::Document::parse`] says.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Binary")?;
        let root = document.root();
        let context = root.get("securityContext");
        Ok(Self {
            content_type: read::string(root, "contentType"),
            data: Base64Text::new(read::string(root, "data")),
            security_context: match (context.exists(), read::key(context)) {
                (false, _) => SecurityContext::Unset,
                (true, Some(key)) => SecurityContext::Of(key),
                (true, None) => SecurityContext::Unclear,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_that_cannot_be_followed_is_not_taken_for_none() {
        let context = |json: &str| {
            let json = format!(r#"{{"resourceType":"Binary","contentType":"text/plain"{json}}}"#);
            BinaryView::from_json(&json).unwrap().security_context
        };
        assert_eq!(context(""), SecurityContext::Unset);
        assert_eq!(
            context(r#","securityContext":null"#),
            SecurityContext::Unset
        );
        assert_eq!(
            context(r#","securityContext":{"reference":"Patient/p"}"#),
            SecurityContext::Of(ResourceKey::new("Patient", "p"))
        );
        for unclear in [
            "{}",
            "7",
            "[]",
            r#"{"reference":"https://a/Patient/p"}"#,
            r#"{"display":"Mai"}"#,
        ] {
            assert_eq!(
                context(&format!(r#","securityContext":{unclear}"#)),
                SecurityContext::Unclear,
                "{unclear}"
            );
        }
    }

    #[test]
    fn data_are_decoded_later() {
        let json = r#"{"resourceType":"Binary","contentType":"text/plain","data":"TQ=="}"#;
        let mut binary = BinaryView::from_json(json).unwrap();
        assert_eq!(binary.data.next_piece(), Ok(Some(b"M".to_vec())));
        assert!(BinaryView::from_json(r#"{"resourceType":"Basic"}"#).is_err());
    }
}
