//! `metadata` tells the truth: whatever it lists answers, and nothing else does.

use serde_json::Value;

use crate::support::{MOTHER, hospital, key};

#[tokio::test]
async fn whatever_metadata_lists_is_there() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let open = hospital
        .connect()
        .await
        .ask("GET", "/fhir/metadata", &[], "")
        .await;
    assert_eq!(open.status, 200);
    let statement = open.json();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    let resources = statement["rest"][0]["resource"].as_array().unwrap().clone();
    assert!(resources.len() > 20);
    for resource in &resources {
        let kind = resource["type"].as_str().unwrap();
        let absent = phone.get(&format!("/fhir/{kind}/absent")).await;
        assert_eq!(absent.status, 404, "{kind}");
        // A log is asked for of somebody.
        let of_whom = if kind == "AuditEvent" {
            "patient=x&"
        } else {
            ""
        };
        let search = phone.get(&format!("/fhir/{kind}?{of_whom}_count=1")).await;
        let interactions = resource["interaction"].as_array().unwrap();
        let searched = interactions.iter().any(|i| i["code"] == "search-type");
        let expected = if searched { 200 } else { 404 };
        assert_eq!(search.status, expected, "{kind}: {}", search.body);
        for param in resource["searchParam"].as_array().unwrap() {
            let name = param["name"].as_str().unwrap();
            let value = if param["type"] == "date" {
                "ge2020-01-01"
            } else {
                "x"
            };
            let found = phone.get(&format!("/fhir/{kind}?{name}={value}")).await;
            assert_eq!(found.status, 200, "{kind}?{name}: {}", found.body);
        }
        for include in resource["searchInclude"].as_array().into_iter().flatten() {
            let include = include.as_str().unwrap();
            let found = phone.get(&format!("/fhir/{kind}?_include={include}")).await;
            assert_eq!(found.status, 200, "{include}");
        }
    }
    let operations: Vec<(&str, &str)> = resources
        .iter()
        .flat_map(|resource| {
            let kind = resource["type"].as_str().unwrap();
            let operations = resource["operation"].as_array().into_iter().flatten();
            operations.map(move |operation: &Value| (kind, operation["name"].as_str().unwrap()))
        })
        .collect();
    assert_eq!(
        operations,
        [
            ("Appointment", "find"),
            ("Appointment", "hold"),
            ("Appointment", "book"),
            ("Appointment", "join"),
            ("Appointment", "ticket"),
            ("Appointment", "queue"),
            ("Appointment", "wait"),
            ("Patient", "changes")
        ]
    );
    for (kind, name) in operations {
        // What is asked is wrong, the operation is there.
        let (reply, expected) = match name {
            "changes" => {
                let path = format!("/fhir/{kind}/{MOTHER}/$changes");
                (phone.get(&path).await, 200)
            }
            "join" | "ticket" | "queue" => {
                let path = format!("/fhir/{kind}/1/${name}?unknown=1");
                (phone.get(&path).await, 400)
            }
            _ => {
                let path = format!("/fhir/{kind}/${name}");
                (phone.post(&path, Some(&key()), "{}").await, 400)
            }
        };
        assert_eq!(reply.status, expected, "{name}");
    }
    assert_eq!(phone.get("/fhir/Slot").await.status, 404);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_is_discovered_works_and_is_the_same_everywhere() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let ask = async |path: &str| {
        let mut connection = hospital.connect().await;
        let reply = connection.ask("GET", path, &[], "").await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        reply.json()
    };
    let smart = ask("/.well-known/smart-configuration").await;
    assert_eq!(smart, ask("/fhir/.well-known/smart-configuration").await);
    let oauth = ask("/.well-known/oauth-authorization-server").await;
    assert_eq!(oauth["issuer"], hospital.base());
    let token_endpoint = format!("{}/token", hospital.base());
    for document in [&smart, &oauth] {
        assert_eq!(document["token_endpoint"], token_endpoint);
        assert!(document.get("authorization_endpoint").is_none());
        let listed = |name: &str| {
            let values = document[name].as_array().unwrap().iter();
            values.filter_map(Value::as_str).collect::<Vec<_>>()
        };
        assert_eq!(listed("dpop_signing_alg_values_supported"), ["ES256"]);
        assert_eq!(
            listed("token_endpoint_auth_signing_alg_values_supported"),
            ["ES384", "RS384"]
        );
        // Each grant is one; what is not listed is none.
        for grant in listed("grant_types_supported") {
            let reply = phone.ask_for_tokens(&format!("grant_type={grant}")).await;
            assert_ne!(reply.json()["error"], "unsupported_grant_type", "{grant}");
        }
        let jwks = r#"{"keys":[{"kty":"EC","kid":"1","crv":"P-384","x":"XX","y":"XX"}]}"#;
        let jwks = jwks.replace("XX", &"A".repeat(64));
        for scope in listed("scopes_supported") {
            let added = hospital.clinic.add_system("x", &jwks, scope);
            assert!(added.is_ok(), "{scope}");
        }
    }
    let statement = ask_fhir(&hospital).await;
    let security = &statement["rest"][0]["security"];
    assert_eq!(security["service"][0]["coding"][0]["code"], "SMART-on-FHIR");
    assert_eq!(
        security["extension"][0]["extension"][0]["valueUri"],
        token_endpoint
    );
    hospital.running.shutdown().await;
}

async fn ask_fhir(hospital: &crate::support::Hospital) -> Value {
    let mut connection = hospital.connect().await;
    connection
        .ask("GET", "/fhir/metadata", &[], "")
        .await
        .json()
}
