//! What there is, for whoever comes to ask (SMART App Launch 2.2, 4.2; RFC 8414): only what works.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use serde_json::{Value, json};

use super::Api;
use super::token::{CLIENT_CREDENTIALS, JWT_BEARER, REFRESH};
use super::types::TYPES;
use crate::backend_services::SIGNING;

/// `/.well-known/smart-configuration`, there and below the FHIR base.
pub(super) async fn smart(State(api): State<Api>) -> Response {
    let mut document = common(&api);
    // A system's key, and scopes of version 2; apps are not launched.
    document["capabilities"] = json!(["client-confidential-asymmetric", "permission-v2"]);
    answer(&document)
}

/// `/.well-known/oauth-authorization-server`.
pub(super) async fn oauth(State(api): State<Api>) -> Response {
    let mut document = common(&api);
    document["issuer"] = json!(&*api.root);
    // Nobody is sent to a page to say yes: phones come in by a code at the counter.
    document["response_types_supported"] = json!([]);
    answer(&document)
}

fn common(api: &Api) -> Value {
    let types = TYPES
        .iter()
        .map(|served| format!("system/{}.rs", served.name));
    let scopes: Vec<String> = std::iter::once("system/*.rs".to_owned())
        .chain(types)
        .collect();
    json!({
        "token_endpoint": format!("{}/token", api.root),
        // Systems sign; phones are public clients, whose tokens are bound to their keys.
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": SIGNING,
        "grant_types_supported": [CLIENT_CREDENTIALS, REFRESH, JWT_BEARER],
        "dpop_signing_alg_values_supported": ["ES256"],
        "scopes_supported": scopes,
    })
}

fn answer(document: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], document.to_string()).into_response()
}
