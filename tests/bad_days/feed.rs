//! Feeds that misbehave, and pulls that run beside each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sokhoe_app::domain::ports::{BoxFuture, Limits, Transport, TransportError};
use sokhoe_app::domain::{ClinicId, Timestamp};
use sokhoe_app::{SystemClock, SystemRng};
use sokhoe_client::{ClientError, ClinicClient, GarbledAnswer};
use sokhoe_fhir::bundle::Change;
use sokhoe_qr::PublicKey;
use sokhoe_sync::{Engine, Lane, SyncError};
use sokhoe_testing::{MemoryKeys, SeededRng};
use sokhoe_vault::{FolderFiles, Page, Place, Vault, VaultPorts};
use tempfile::TempDir;

fn vault(folder: &TempDir) -> Vault {
    let ports = VaultPorts::new(
        Arc::new(FolderFiles::open(folder.path()).unwrap()),
        Arc::new(MemoryKeys::default()),
        Arc::new(SeededRng::new(5)),
    );
    Vault::create(&ports, "feed").unwrap()
}

#[test]
fn a_page_that_another_pull_has_overtaken_is_not_laid_over_newer_ones() {
    let folder = TempDir::new().unwrap();
    let vault = vault(&folder);
    let clinic = ClinicId::from("c1");
    let observation = |version: &str, status: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"o1","meta":{{"versionId":"{version}"}},"status":"{status}","code":{{"text":"x"}}}}"#
        )
    };
    let take = |json: &str, version: &str, after: Option<&str>, cursor: &str, last: bool| {
        let key = sokhoe_fhir::index(json).unwrap().key;
        let changes = [Change::Put {
            key,
            version: Some(version.to_owned()),
            json,
        }];
        let page = Page {
            clinic: &clinic,
            changes: &changes,
            cursor,
            received: Timestamp::from_millis(0),
            bookings: &[],
            events: &[],
        };
        vault.apply_at(&page, Place { after, last }).unwrap()
    };
    let (old, new) = (observation("1", "preliminary"), observation("2", "final"));
    assert!(take(&old, "1", None, "a", false).is_some());
    assert!(!vault.caught_up(&clinic).unwrap(), "there was more");
    assert!(take(&new, "2", Some("a"), "b", true).is_some());
    assert!(vault.caught_up(&clinic).unwrap());
    assert!(
        take(&old, "1", Some("a"), "a2", true).is_none(),
        "overtaken"
    );
    assert!(take(&old, "1", None, "a", true).is_none(), "overtaken");
    assert_eq!(vault.cursor(&clinic).unwrap().as_deref(), Some("b"));
    let kept = vault.resources_of_kind("Observation", 10).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].json, new);
    vault.reset_cursor(&clinic).unwrap();
    assert!(
        vault.caught_up(&clinic).unwrap(),
        "what comes is still news"
    );
}

/// Promises more for ever, between two cursors.
struct Circle(AtomicU32);

impl Transport for Circle {
    fn send(
        &self,
        _: http::Request<bytes::Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<bytes::Bytes>, TransportError>> {
        let turn = self.0.fetch_add(1, Ordering::Relaxed);
        let link = |relation: &str, cursor: u32| {
            format!(r#"{{"relation":"{relation}","url":"http://127.0.0.1/x?cursor=c{cursor}"}}"#)
        };
        let body = format!(
            r#"{{"resourceType":"Bundle","type":"history","link":[{},{}]}}"#,
            link("self", turn % 2),
            link("next", turn % 2)
        );
        Box::pin(async move { Ok(http::Response::new(body.into())) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_goes_in_circles_ends_with_an_error() {
    let folder = TempDir::new().unwrap();
    let circle = Arc::new(Circle(AtomicU32::new(0)));
    let lane = Lane {
        wire: sokhoe_app::domain::Wire::Clinic,
        clinic: ClinicId::from("c1"),
        patient_id: "p1".to_owned(),
        public_key: PublicKey::from_bytes([0; 32]),
        client: ClinicClient::new("http://127.0.0.1:9", None, circle.clone()).unwrap(),
    };
    let engine = Engine::new(
        vault(&folder),
        Arc::new(SystemClock),
        Arc::new(SystemRng::default()),
    );
    let error = engine.pull(&lane, None).await.unwrap_err();
    assert!(
        matches!(
            error,
            SyncError::Client(ClientError::Garbled(GarbledAnswer::NotFhir))
        ),
        "{error:?}"
    );
    assert!(circle.0.load(Ordering::Relaxed) < 10);
}
