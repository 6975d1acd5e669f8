//! What there is, for whoever comes to ask (SMART App Launch 2.2, 4.2; RFC 8414): only what works.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use serde_json::{Value, json};

use super::Api;
use super::token::{AUTHORIZATION_CODE, CLIENT_CREDENTIALS, JWT_BEARER, REFRESH};
use super::types::TYPES;
use crate::backend_services::SIGNING;
use crate::sign_in::{CHALLENGES, SCOPES};

/// `/.well-known/smart-configuration`, there and below the FHIR base.
pub(super) async fn smart(State(api): State<Api>) -> Response {
    let mut document = common(&api);
    // A system's key, and scopes of version 2; no EHR launches anything.
    let mut capabilities = vec!["client-confidential-asymmetric", "permission-v2"];
    if api.inner.provider.is_some() {
        capabilities.extend([
            "launch-standalone",
            "client-public",
            "context-standalone-patient",
            "permission-offline",
            "permission-patient",
        ]);
    }
    document["capabilities"] = json!(capabilities);
    answer(&document)
}

/// `/.well-known/oauth-authorization-server`.
pub(super) async fn oauth(State(api): State<Api>) -> Response {
    let mut document = common(&api);
    document["issuer"] = json!(&*api.root);
    if api.inner.provider.is_none() {
        // Nobody is sent to a page to say yes: phones come in by a code at the counter.
        document["response_types_supported"] = json!([]);
    }
    answer(&document)
}

fn common(api: &Api) -> Value {
    let types = TYPES
        .iter()
        .map(|served| format!("system/{}.rs", served.name));
    let mut scopes: Vec<String> = std::iter::once("system/*.rs".to_owned())
        .chain(types)
        .collect();
    let mut grants = vec![CLIENT_CREDENTIALS, REFRESH, JWT_BEARER];
    let signs_in = api.inner.provider.is_some();
    if signs_in {
        scopes.extend(SCOPES.map(str::to_owned));
        grants.push(AUTHORIZATION_CODE);
    }
    let mut document = json!({
        "token_endpoint": format!("{}/token", api.root),
        // Systems sign; phones are public clients, whose tokens are bound to their keys.
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": SIGNING,
        "grant_types_supported": grants,
        "dpop_signing_alg_values_supported": ["ES256"],
        "scopes_supported": scopes,
    });
    if signs_in {
        document["authorization_endpoint"] = json!(format!("{}/authorize", api.root));
        document["response_types_supported"] = json!(["code"]);
        document["response_modes_supported"] = json!(["query"]);
        document["code_challenge_methods_supported"] = json!(CHALLENGES);
        document["authorization_response_iss_parameter_supported"] = json!(true);
        // Ours: a phone has a key for each clinic, by the clinic's own.
        document["sokhoe_clinic"] = json!({
            "id": api.inner.id,
            "name": api.inner.name,
            "public_key": api.inner.public_key.to_string(),
        });
    }
    document
}

fn answer(document: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], document.to_string()).into_response()
}
