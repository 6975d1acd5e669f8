//! Which provider vouches for people, and which app may bring them: as the clinic is configured.

use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use url::{Host, Url};

/// How people come in by an OpenID provider. As JSON it is what `sokhoe clinic serve --sign-in FILE` reads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Who vouches for people.
    pub provider: OpenIdProvider,
    /// Which app may bring them.
    #[serde(default)]
    pub app: PhoneApp,
}

/// An app on phones: a public client (RFC 8252).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneApp {
    /// Its client id.
    pub client_id: String,
    /// Where browsers may be sent with an answer, each compared as it stands: https, a scheme of the app's own whose name
    /// is a domain reversed (RFC 8252, 7.1), or http to this very machine.
    pub redirect_uris: Vec<String>,
}

impl Default for PhoneApp {
    /// The app of this repository.
    fn default() -> Self {
        Self {
            client_id: "vn.sokhoe".to_owned(),
            redirect_uris: vec!["vn.sokhoe:/signed-in".to_owned()],
        }
    }
}

/// An OpenID provider, as the clinic is registered there. Has secrets: `Debug` shows none.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenIdProvider {
    /// Its issuer identifier, compared as it stands. https; http for a provider on this very machine alone.
    pub issuer: String,
    /// What the clinic is called there.
    pub client_id: String,
    /// The secret by which it proves to be the clinic.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Or the private key (PEM of PKCS #8, P-256) by which it does (`private_key_jwt`, ES256).
    #[serde(default)]
    pub client_key: Option<String>,
    /// Scopes that are asked for besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The claim of the ID token that has the identifier.
    pub identifier_claim: String,
    /// What the identifier is: the system under which Patients have it. Usually that of the citizen's number (CCCD).
    #[serde(default = "super::person::usual_system")]
    pub identifier_system: String,
    /// How a person must have proved who they are (`acr`), if that is required.
    #[serde(default)]
    pub acr: Option<String>,
}

impl fmt::Debug for OpenIdProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenIdProvider")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// A configuration that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignIn {
    /// It is not the JSON that is read here.
    #[error("not a configuration of sign-in, in line {line}")]
    NotJson {
        /// Where it cannot be read.
        line: usize,
    },
    /// The issuer is no https address without query and fragment.
    #[error("the provider's issuer must be an https address without query and fragment")]
    Issuer,
    /// A name that is needed is empty.
    #[error("client_id and identifier_claim must not be empty")]
    Empty,
    /// There is neither a secret nor a key, or both, or the key cannot be read.
    #[error("either client_secret or client_key (PEM of PKCS #8, P-256)")]
    Credential,
    /// An address where answers go is none that may be used.
    #[error(
        "redirect_uris must be https, a scheme with a dot in its name, or http to 127.0.0.1, without fragment"
    )]
    RedirectUri,
}

impl SignIn {
    /// Reads a configuration and looks whether it is sound.
    ///
    /// # Errors
    /// [`BadSignIn`]
    pub fn from_json(json: &str) -> Result<Self, BadSignIn> {
        let read: Self = serde_json::from_str(json)
            .map_err(|error| BadSignIn::NotJson { line: error.line() })?;
        read.check()?;
        Ok(read)
    }

    /// Whether it is sound.
    pub(crate) fn check(&self) -> Result<(), BadSignIn> {
        let provider = &self.provider;
        let issuer = Url::parse(&provider.issuer).map_err(|_| BadSignIn::Issuer)?;
        if !is_safe(&issuer) || issuer.query().is_some() || issuer.fragment().is_some() {
            return Err(BadSignIn::Issuer);
        }
        let names = [
            &provider.client_id,
            &provider.identifier_claim,
            &provider.identifier_system,
            &self.app.client_id,
        ];
        if names.iter().any(|name| name.trim().is_empty()) {
            return Err(BadSignIn::Empty);
        }
        match (&provider.client_secret, &provider.client_key) {
            (Some(secret), None) if !secret.is_empty() => {}
            (None, Some(key)) if super::client_key::read(key).is_some() => {}
            _ => return Err(BadSignIn::Credential),
        }
        let uris = &self.app.redirect_uris;
        if uris.is_empty() || !uris.iter().all(|uri| is_redirect(uri)) {
            return Err(BadSignIn::RedirectUri);
        }
        Ok(())
    }
}

/// Whether what goes there cannot be read on the way: https, or http that does not leave this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(url))
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(_)) | None => false,
    }
}

fn is_redirect(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else {
        return false;
    };
    let is_of_app = url.scheme().contains('.') && !url.cannot_be_a_base();
    (is_safe(&url) || is_of_app) && url.fragment().is_none() && uri.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"{
        "provider": {
            "issuer": "https://id.example.vn", "client_id": "clinic", "client_secret": "s",
            "identifier_claim": "cccd"
        }
    }"#;

    #[test]
    fn only_what_keeps_people_safe_is_taken() {
        let sound = SignIn::from_json(SOUND).unwrap();
        assert_eq!(
            sound.provider.identifier_system,
            "http://fhir.hl7.org.vn/core/sid/cccd"
        );
        assert_eq!(sound.app, PhoneApp::default());
        assert!(!format!("{sound:?}").contains("\"s\""));
        for (from, to, error) in [
            ("https://id", "http://id", BadSignIn::Issuer),
            (".example.vn", ".example.vn?x=1", BadSignIn::Issuer),
            (r#""client_secret": "s","#, "", BadSignIn::Credential),
            (r#": "s""#, r#": """#, BadSignIn::Credential),
            (
                r#""client_secret": "s""#,
                r#""client_key": "no key""#,
                BadSignIn::Credential,
            ),
            (r#""cccd""#, r#""""#, BadSignIn::Empty),
            (
                r#""cccd""#,
                r#""cccd", "more": 1"#,
                BadSignIn::NotJson { line: 4 },
            ),
        ] {
            let bent = SOUND.replace(from, to);
            assert_eq!(SignIn::from_json(&bent), Err(error), "{bent}");
        }
    }

    #[test]
    fn answers_go_only_where_nobody_else_reads_them() {
        for good in [
            "https://app.example.vn/signed-in",
            "vn.sokhoe:/signed-in",
            "http://127.0.0.1:7777/signed-in",
        ] {
            assert!(is_redirect(good), "{good}");
        }
        for bad in [
            "",
            "/signed-in",
            "http://app.example.vn/signed-in",
            "http://localhost/signed-in",
            "sokhoe:/signed-in",
            "vn.sokhoe:signed-in",
            "javascript:alert(1)",
            "https://app.example.vn/#x",
        ] {
            assert!(!is_redirect(bad), "{bad}");
        }
    }
}
