//! SMART Health Links: an address and the key of an encrypted document.
//!
//! <https://docs.smarthealthit.org/smart-health-links/spec>, version 1: `shlink:/` and base64url of a
//! JSON object, or the same behind `#` in the address of a viewer. Nothing here fetches anything.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sokhoe_domain::Timestamp;
use thiserror::Error;

use crate::signed::is_safe;
use crate::text::{Hidden, is_shown_text, trim_scan};

const SCHEME: &str = "shlink:/";

/// The longest address that the specification allows, in characters.
const LONGEST_URL: usize = 128;

/// The longest label that the specification allows, in characters.
const LONGEST_LABEL: usize = 80;

/// A SMART Health Link. `Debug` shows neither address nor key: both together are the document.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthLink {
    /// Where the document's manifest or file is: https, or http on this very machine; at most 128 characters.
    pub url: String,
    key: [u8; 32],
    /// After this instant the link should not work any more; whole seconds.
    pub expires: Option<Timestamp>,
    /// What the document is, at most 80 characters.
    pub label: Option<String>,
    /// `L`: meant for long use; the document may change.
    pub long_term: bool,
    /// `P`: needs a passcode.
    pub passcode: bool,
    /// `U`: the address is the encrypted file itself. Not together with a passcode.
    pub single_file: bool,
}

/// Why a text is no SMART Health Link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HealthLinkError {
    /// It does not begin as they do.
    #[error("not a SMART Health Link")]
    NotALink,
    /// It is cut off or garbled, or says what no link may say.
    #[error("the SMART Health Link is cut off or garbled")]
    Malformed,
    /// It is of a later version of the specification.
    #[error("the SMART Health Link is of a newer version")]
    NewerVersion,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    url: String,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<f64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    flag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v: Option<u32>,
}

impl HealthLink {
    /// A link without expiry, label and flags.
    pub fn new(url: impl Into<String>, key: [u8; 32]) -> Self {
        Self {
            url: url.into(),
            key,
            expires: None,
            label: None,
            long_term: false,
            passcode: false,
            single_file: false,
        }
    }

    /// The key of the document (AES-256-GCM).
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// Reads `shlink:/…`, alone or behind the address of a viewer.
    ///
    /// # Errors
    /// [`HealthLinkError`]
    pub fn read(text: &str) -> Result<Self, HealthLinkError> {
        let payload = payload_of(trim_scan(text)).ok_or(HealthLinkError::NotALink)?;
        let json = URL_SAFE_NO_PAD
            .decode(payload)
            .map_err(|_| HealthLinkError::Malformed)?;
        let wire: Wire = serde_json::from_slice(&json).map_err(|_| HealthLinkError::Malformed)?;
        if wire.v.is_some_and(|version| version != 1) {
            return Err(HealthLinkError::NewerVersion);
        }
        let key = URL_SAFE_NO_PAD
            .decode(&wire.key)
            .ok()
            .and_then(|key| key.try_into().ok())
            .ok_or(HealthLinkError::Malformed)?;
        let expires = match wire.exp {
            None => None,
            Some(seconds) => Some(instant(seconds).ok_or(HealthLinkError::Malformed)?),
        };
        let has = |flag| wire.flag.contains(flag);
        let link = Self {
            url: wire.url,
            key,
            expires,
            label: wire.label.filter(|label| !label.is_empty()),
            long_term: has('L'),
            passcode: has('P'),
            single_file: has('U'),
        };
        if link.is_sound() {
            Ok(link)
        } else {
            Err(HealthLinkError::Malformed)
        }
    }

    /// The link as text, without a viewer.
    pub fn to_text(&self) -> String {
        let flags = [
            (self.long_term, 'L'),
            (self.passcode, 'P'),
            (self.single_file, 'U'),
        ];
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds of this era are far below 2^53"
        )]
        let wire = Wire {
            url: self.url.clone(),
            key: URL_SAFE_NO_PAD.encode(self.key),
            exp: self
                .expires
                .map(|at| at.as_millis().div_euclid(1_000) as f64),
            flag: flags
                .into_iter()
                .filter_map(|(is_set, letter)| is_set.then_some(letter))
                .collect(),
            label: self.label.clone(),
            v: None,
        };
        let json = serde_json::to_vec(&wire).unwrap_or_default();
        format!("{SCHEME}{}", URL_SAFE_NO_PAD.encode(json))
    }

    /// Whether the specification allows what it says.
    pub(crate) fn is_sound(&self) -> bool {
        let label_fits = self
            .label
            .as_ref()
            .is_none_or(|label| is_shown_text(label, LONGEST_LABEL));
        label_fits
            && self.url.len() <= LONGEST_URL
            && is_safe(&self.url)
            && !(self.passcode && self.single_file)
    }

    /// Whether a text is such a link, whole or not.
    pub(crate) fn looks_like(text: &str) -> bool {
        payload_of(text).is_some()
    }
}

impl fmt::Debug for HealthLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthLink")
            .field("url", &Hidden)
            .field("key", &Hidden)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// What stands behind `shlink:/`; before it only an address of a viewer that ends with `#`.
fn payload_of(text: &str) -> Option<&str> {
    let (before, payload) = text.split_once(SCHEME)?;
    let has_viewer = before.starts_with("https://") && before.ends_with('#');
    (before.is_empty() || has_viewer).then_some(payload)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked before"
)]
fn instant(seconds: f64) -> Option<Timestamp> {
    (0.0..1e12)
        .contains(&seconds)
        .then(|| Timestamp::from_millis(seconds as i64 * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> HealthLink {
        HealthLink {
            expires: Some(Timestamp::from_millis(1_795_312_800_000)),
            label: Some("Kết quả xét nghiệm".to_owned()),
            passcode: true,
            ..HealthLink::new("https://benhvien.example/shl/manifest", [7; 32])
        }
    }

    #[test]
    fn comes_back_alone_and_behind_a_viewer() {
        let text = link().to_text();
        assert!(text.starts_with("shlink:/ey"));
        assert_eq!(HealthLink::read(&text), Ok(link()));
        let viewer = format!("https://viewer.example/#{text}");
        assert_eq!(HealthLink::read(&viewer), Ok(link()));
        for not in [
            format!("https://viewer.example/{text}"),
            format!("javascript:#{text}"),
            "https://viewer.example".to_owned(),
        ] {
            assert_eq!(
                HealthLink::read(&not),
                Err(HealthLinkError::NotALink),
                "{not}"
            );
        }
    }

    /// The example of the specification.
    #[test]
    fn reads_the_published_example() {
        let text = "https://viewer.example.org#shlink:/eyJ1cmwiOiJodHRwczovL2VociBleGFtcGxl";
        assert_eq!(HealthLink::read(text), Err(HealthLinkError::Malformed));
        let json = r#"{"url":"https://ehr.example.org/qr/Y9xwkUdtmN9wwoJoN3ffJIhX2UGvCL1JnlPVNL3kDWM/m","flag":"LP","key":"rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7Q","label":"Back-to-school immunizations for Oliver Brown"}"#;
        let read = HealthLink::read(&format!("{SCHEME}{}", URL_SAFE_NO_PAD.encode(json))).unwrap();
        assert!(read.long_term && read.passcode && !read.single_file);
        assert_eq!(read.expires, None);
    }

    #[test]
    fn refuses_what_no_link_says() {
        let with =
            |json: &str| HealthLink::read(&format!("{SCHEME}{}", URL_SAFE_NO_PAD.encode(json)));
        let key = URL_SAFE_NO_PAD.encode([7; 32]);
        for json in [
            "{}".to_owned(),
            format!(r#"{{"url":"http://benhvien.example","key":"{key}"}}"#),
            format!(r#"{{"url":"https://benhvien.example","key":"{key}AA"}}"#),
            format!(r#"{{"url":"https://benhvien.example","key":"{key}","flag":"PU"}}"#),
            format!(r#"{{"url":"https://benhvien.example","key":"{key}","exp":1e300}}"#),
            format!(
                r#"{{"url":"https://benhvien.example/{}","key":"{key}"}}"#,
                "x".repeat(128)
            ),
            format!(
                r#"{{"url":"https://benhvien.example","key":"{key}","label":"{}"}}"#,
                "x".repeat(81)
            ),
        ] {
            assert_eq!(with(&json), Err(HealthLinkError::Malformed), "{json}");
        }
        let newer = format!(r#"{{"url":"https://benhvien.example","key":"{key}","v":2}}"#);
        assert_eq!(with(&newer), Err(HealthLinkError::NewerVersion));
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!("{:?}", link());
        assert!(
            !shown.contains("7, 7") && !shown.contains("benhvien"),
            "{shown}"
        );
    }
}
