//! What an app asks at `GET /authorize` (RFC 6749, 4.1.1; SMART App Launch 2.2, standalone), and how it is answered.

use crate::oauth::{Thumbprint, decode};

use super::config::SignIn;

/// How a verifier may be hidden: S256 alone. `plain` shows it to whoever reads the address (RFC 9700, 2.1.1).
pub(crate) const CHALLENGES: [&str; 1] = ["S256"];
/// What a session opens, as SMART writes it. Whoever does not ask for all of it is not given more than they asked.
pub(crate) const SCOPES: [&str; 7] = [
    "launch/patient",
    "offline_access",
    "patient/*.rs",
    "patient/Appointment.cu",
    "patient/Consent.cu",
    "patient/Observation.cu",
    "patient/Patient.u",
];
/// Bytes of a `state`: SMART wants 122 random bits.
const STATE: std::ops::RangeInclusive<usize> = 21..=512;

/// A request that may be followed.
#[derive(Clone)]
pub(crate) struct AuthorizationRequest {
    /// Where the answer goes: one of those that are configured.
    pub redirect_uri: String,
    /// What the app knows its request by.
    pub state: String,
    /// SHA-256 over the app's verifier.
    pub challenge: [u8; 32],
    /// Of the key that the tokens will be bound to.
    pub thumbprint: Thumbprint,
}

impl std::fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

/// Why one may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RequestRefused {
    /// It is not known who asks, or where an answer would go: nobody is sent anywhere.
    Unknown,
    /// The app is told.
    Told {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
    },
}

impl AuthorizationRequest {
    /// Reads the parameters of a request to a clinic with this FHIR base.
    pub fn read(
        pairs: &[(String, String)],
        sign_in: &SignIn,
        fhir_base: &str,
    ) -> Result<Self, RequestRefused> {
        let client = one(pairs, "client_id").ok().flatten();
        let redirect_uri = one(pairs, "redirect_uri").ok().flatten();
        let app = &sign_in.app;
        let known = redirect_uri.filter(|uri| app.redirect_uris.iter().any(|known| known == uri));
        let (Some(redirect_uri), true) = (known, client == Some(&*app.client_id)) else {
            return Err(RequestRefused::Unknown);
        };
        let state = one(pairs, "state").ok().flatten();
        // RFC 6749, appendix A.5.
        let state = state.filter(|state| {
            STATE.contains(&state.len()) && state.bytes().all(|b| (b' '..=b'~').contains(&b))
        });
        let told = |error| RequestRefused::Told {
            redirect_uri: redirect_uri.to_owned(),
            state: state.map(str::to_owned),
            error,
        };
        const INVALID: &str = "invalid_request";
        let wanted = |name| one(pairs, name).map_err(|Twice| told(INVALID));
        match wanted("response_type")? {
            Some("code") => {}
            Some(_) => return Err(told("unsupported_response_type")),
            None => return Err(told(INVALID)),
        }
        // A request in an object, or by reference, would say something else than is read here.
        if wanted("request")?.is_some() {
            return Err(told("request_not_supported"));
        }
        if wanted("request_uri")?.is_some() {
            return Err(told("request_uri_not_supported"));
        }
        let is_query = wanted("response_mode")?.is_none_or(|mode| mode == "query");
        let is_here = wanted("aud")? == Some(fhir_base);
        let is_hidden = wanted("code_challenge_method")?.is_some_and(|it| CHALLENGES.contains(&it));
        let bytes = |name| {
            Ok(wanted(name)?
                .and_then(decode)
                .and_then(|it| it.try_into().ok()))
        };
        let (challenge, thumbprint) = (bytes("code_challenge")?, bytes("dpop_jkt")?);
        let (true, true, true, Some(state), Some(challenge), Some(thumbprint)) =
            (is_query, is_here, is_hidden, state, challenge, thumbprint)
        else {
            return Err(told(INVALID));
        };
        let asked = wanted("scope")?.unwrap_or_default();
        let asks = |scope: &&str| asked.split(' ').any(|asked| asked == *scope);
        if !SCOPES.iter().all(asks) {
            return Err(told("invalid_scope"));
        }
        Ok(Self {
            redirect_uri: redirect_uri.to_owned(),
            state: state.to_owned(),
            challenge,
            thumbprint,
        })
    }
}

/// A parameter that is there more than once (RFC 6749, 3.1).
struct Twice;

/// The value of a parameter; one without a value counts as not there.
fn one<'a>(pairs: &'a [(String, String)], name: &str) -> Result<Option<&'a str>, Twice> {
    let mut values = pairs.iter().filter(|(it, _)| it == name);
    let first = values.next();
    if values.next().is_some() {
        return Err(Twice);
    }
    let value = first.map(|(_, value)| value.as_str());
    Ok(value.filter(|value| !value.is_empty()))
}

/// Where a browser is sent with an answer: the address as it is configured, and behind it the answer's parts.
pub(crate) fn answer_url(redirect_uri: &str, parts: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parts);
    let between = if redirect_uri.contains('?') { '&' } else { '?' };
    format!("{redirect_uri}{between}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://clinic.example/fhir";
    const APP: &str = "vn.sokhoe:/signed-in";

    fn sign_in() -> SignIn {
        SignIn::from_json(
            r#"{"provider":{"issuer":"https://id.example","client_id":"c","client_secret":"s",
                "identifier_claim":"cccd"}}"#,
        )
        .unwrap()
    }

    fn sound() -> Vec<(String, String)> {
        let text = "A".repeat(43);
        [
            ("response_type", "code"),
            ("client_id", "vn.sokhoe"),
            ("redirect_uri", APP),
            ("state", &text),
            ("code_challenge", &text),
            ("code_challenge_method", "S256"),
            ("dpop_jkt", &text),
            ("aud", BASE),
            ("scope", &SCOPES.join(" ")),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn error(pairs: &[(String, String)]) -> Option<&'static str> {
        match AuthorizationRequest::read(pairs, &sign_in(), BASE) {
            Err(RequestRefused::Told { error, .. }) => Some(error),
            Err(RequestRefused::Unknown) => Some("unknown"),
            Ok(_) => None,
        }
    }

    #[test]
    fn a_request_is_whole_or_refused() {
        assert_eq!(error(&sound()), None);
        for (number, (name, value)) in sound().into_iter().enumerate() {
            let expected = match &*name {
                "client_id" | "redirect_uri" => "unknown",
                "scope" => "invalid_scope",
                _ => "invalid_request",
            };
            let mut without = sound();
            without.remove(number);
            assert_eq!(error(&without), Some(expected), "without {name}");
            let mut twice = sound();
            twice.push((name.clone(), value.clone()));
            let expected = match &*name {
                "client_id" | "redirect_uri" => "unknown",
                _ => "invalid_request",
            };
            assert_eq!(error(&twice), Some(expected), "{name} twice");
            let mut empty = sound();
            empty[number].1.clear();
            assert!(error(&empty).is_some(), "{name} empty");
        }
    }

    #[test]
    fn nothing_is_weakened() {
        for (name, value, expected) in [
            ("code_challenge_method", "plain", "invalid_request"),
            ("code_challenge_method", "s256", "invalid_request"),
            ("code_challenge", "short", "invalid_request"),
            ("dpop_jkt", "!", "invalid_request"),
            ("state", "short", "invalid_request"),
            (
                "state",
                "a state that is long but\0 has a NUL",
                "invalid_request",
            ),
            ("aud", "https://other.example/fhir", "invalid_request"),
            ("response_type", "token", "unsupported_response_type"),
            ("scope", "patient/*.rs", "invalid_scope"),
            ("redirect_uri", "vn.sokhoe:/signed-in/", "unknown"),
            ("redirect_uri", "https://evil.example/", "unknown"),
            ("client_id", "vn.other", "unknown"),
        ] {
            let mut bent = sound();
            let place = bent.iter_mut().find(|(it, _)| it == name).unwrap();
            place.1 = value.to_owned();
            assert_eq!(error(&bent), Some(expected), "{name}={value}");
        }
        for (name, value, expected) in [
            ("response_mode", "fragment", "invalid_request"),
            ("request", "e30.e30.", "request_not_supported"),
            (
                "request_uri",
                "https://a.example",
                "request_uri_not_supported",
            ),
        ] {
            let mut more = sound();
            more.push((name.to_owned(), value.to_owned()));
            assert_eq!(error(&more), Some(expected), "{name}");
        }
    }

    #[test]
    fn an_answer_stands_behind_the_address_as_it_is() {
        let parts = [("error", "access_denied"), ("iss", "https://a.example")];
        assert_eq!(
            answer_url(APP, &parts),
            "vn.sokhoe:/signed-in?error=access_denied&iss=https%3A%2F%2Fa.example"
        );
        assert_eq!(
            answer_url("https://a.example/?x=1", &parts[..1]),
            "https://a.example/?x=1&error=access_denied"
        );
    }
}
