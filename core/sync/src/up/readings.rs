//! What a person measured, at a server that is not ours and may give all ids itself.
//!
//! There a reading cannot have the id under which the phone shows it, so it is created with that id as an identifier,
//! and asked for by it when the answer was lost. What the server calls it takes the place of what the phone did, in one
//! transaction of the vault, whichever of the answer and the feed comes first.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sokhoe_client::{ClientError, GarbledAnswer, ServerQuery, Versioned};
use sokhoe_domain::{ResourceKey, Wire};
use sokhoe_fhir::CapabilityView;
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::given_id::{READING, change_of, to_be_created};
use sokhoe_vault::StoredChange;

use super::changes::{Attempt, Next, overtaken};
use super::server::may_be_for_id;
use crate::down::known_reading_ways;
use crate::error::SyncError;
use crate::lane::{Engine, Lane};

/// What a person makes.
const OBSERVATION: &str = "Observation";
/// So long a server may not find what it has: its index comes later than its answer. Nothing is created again before.
const SEARCHED_LATER: Duration = Duration::from_secs(600);
/// Readings of one identifier that are looked at.
const OURS: u32 = 20;

/// What matters for readings of what a server can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReadingWays {
    /// Whether an Observation may have the id that the phone gave it; unset when the server does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ids: Option<bool>,
}

impl ReadingWays {
    pub(crate) fn of(server: &CapabilityView) -> Self {
        Self {
            client_ids: server
                .resource(OBSERVATION)
                .and_then(|resource| resource.update_create),
        }
    }
}

/// Whether the server has yet to give a change's resource its id, or to take the phone's.
pub(super) fn is_unnamed(lane: &Lane, change: &StoredChange) -> bool {
    lane.wire == Wire::Server
        && change.is_new()
        && change.theirs.is_none()
        && change.key == ResourceKey::new(OBSERVATION, change.id.to_string())
}

impl Engine {
    /// How readings are sent there, or what follows when the server does not say.
    async fn reading_ways(
        &self,
        change: &StoredChange,
        attempt: &mut Attempt<'_>,
    ) -> Result<Result<ReadingWays, Next>, SyncError> {
        let lane = attempt.lane;
        if let Some(ways) = known_reading_ways(self.vault.cursor(&lane.clinic)?.as_deref()) {
            return Ok(Ok(ways));
        }
        match lane.client.capabilities().await {
            Ok(server) => Ok(Ok(ReadingWays::of(&server))),
            // A word on what it can is none on this reading.
            Err(ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. }) => {
                Ok(Ok(ReadingWays::default()))
            }
            Err(error) => Ok(Err(self.change_failed(change, error, attempt).await?)),
        }
    }

    /// Whether the server has a reading of which a byte may have arrived.
    pub(super) async fn ask_for_reading(
        &self,
        change: &StoredChange,
        attempt: &mut Attempt<'_>,
    ) -> Result<Next, SyncError> {
        let client_ids = match self.reading_ways(change, attempt).await? {
            Ok(ways) => ways.client_ids,
            Err(next) => return Ok(next),
        };
        if client_ids != Some(false) {
            match attempt.lane.client.versioned(&change.key).await {
                Ok(found) => return self.take_found(change, &found),
                Err(ClientError::NotFound) if client_ids == Some(true) => return Ok(Next::Write),
                Err(ClientError::NotFound) => {}
                // To a server that gives ids itself this may be none at all.
                Err(ClientError::Refused { status: 400, .. }) if client_ids.is_none() => {}
                Err(error) => return self.change_failed(change, error, attempt).await,
            }
        }
        match self.reading_there(change, attempt.lane).await {
            Ok(Some((key, found))) => self.take_named(change, &key, &found),
            Ok(None) => Ok(Next::Write),
            Err(error) => self.change_failed(change, error, attempt).await,
        }
    }

    /// Writes a reading that the server has not named yet.
    pub(super) async fn write_reading(
        &self,
        change: &StoredChange,
        json: &str,
        attempt: &mut Attempt<'_>,
    ) -> Result<Next, SyncError> {
        let client_ids = match self.reading_ways(change, attempt).await? {
            Ok(ways) => ways.client_ids,
            Err(next) => return Ok(next),
        };
        let Ok(unnamed) = to_be_created(json, change.id) else {
            return self.refuse_change(change, "invalid-request");
        };
        // Until then the last sending stays noted as it was.
        let may_be_there = client_ids != Some(true) && self.may_be_found_later(change)?;
        if !may_be_there
            && let Err(error) = self.vault.mark_change_sending(change.id, self.clock.now())
        {
            return overtaken(error);
        }
        if client_ids != Some(false) {
            match attempt.lane.client.put(&change.key, json, None).await {
                Ok(stored) => return self.take_found(change, &stored),
                // It may be the id that this server gives by itself.
                Err(error) if client_ids.is_none() && may_be_for_id(&error) => {}
                Err(error) => return self.not_put(change, error, attempt).await,
            }
        }
        // Under its own id it could be written again and again; created again it would be there twice.
        if may_be_there {
            return self.put_change_off(change, None, true);
        }
        let id = change.id.to_string();
        let created = attempt
            .lane
            .client
            .create(OBSERVATION, &unnamed, (READING, &id));
        let error = match created.await {
            Ok((key, Some(found))) => return self.take_named(change, &key, &found),
            Ok((key, None)) => match attempt.lane.client.versioned(&key).await {
                Ok(found) => return self.take_named(change, &key, &found),
                // It was created: what cannot be read now is asked for the next time.
                Err(ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. }) => {
                    ClientError::Garbled(GarbledAnswer::NotFhir)
                }
                Err(error) => error,
            },
            // It is there more than once: any of them is it.
            Err(error) if error.is_overtaken() => {
                match self.reading_there(change, attempt.lane).await {
                    Ok(Some((key, found))) => return self.take_named(change, &key, &found),
                    Ok(None) => error,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        self.change_failed(change, error, attempt).await
    }

    /// The server's copy of what a change made, by the identifier that it carries.
    async fn reading_there(
        &self,
        change: &StoredChange,
        lane: &Lane,
    ) -> Result<Option<(ResourceKey, Versioned)>, ClientError> {
        let query = ServerQuery::Kind {
            kind: OBSERVATION.to_owned(),
            params: vec![("identifier".to_owned(), format!("{READING}|{}", change.id))],
        };
        let body = match lane.client.query(&query, OURS).await {
            // It is not searched so: what arrived comes down with everything else.
            Err(ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. }) => {
                return Ok(None);
            }
            other => other?,
        };
        let page = body
            .read()
            .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        let found = page.changes.into_iter().find_map(|found| match found {
            Change::Put { key, version, json } if change_of(json) == Some(change.id) => {
                let json = json.to_owned();
                Some((key, Versioned { json, version }))
            }
            _ => None,
        });
        Ok(found)
    }

    /// Whether what was sent may be there and not be found yet.
    fn may_be_found_later(&self, change: &StoredChange) -> Result<bool, SyncError> {
        let Some(sent) = self.vault.change_sent(change.id)? else {
            return Ok(false);
        };
        let now = self.clock.now();
        // A clock that went back says nothing.
        Ok(sent <= now && now.since(sent) < SEARCHED_LATER)
    }

    fn take_named(
        &self,
        change: &StoredChange,
        key: &ResourceKey,
        found: &Versioned,
    ) -> Result<Next, SyncError> {
        let version = found.version.clone().or_else(|| {
            let indexed = sokhoe_fhir::index(&found.json).ok();
            indexed.and_then(|indexed| indexed.version_id)
        });
        let (json, version) = (&found.json, version.as_deref());
        let now = self.clock.now();
        match self.vault.take_named(change.id, key, json, version, now) {
            Ok(()) => Ok(Next::Look),
            Err(error) => overtaken(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bytes::Bytes;
    use http::{Method, Request, Response};
    use sokhoe_client::ClinicClient;
    use sokhoe_domain::ports::{BoxFuture, Clock, Limits, Rng, Transport, TransportError};
    use sokhoe_domain::{ClinicId, IntentId};
    use sokhoe_testing::disk::{Promise, SimDisk};
    use sokhoe_testing::{FakeClock, MemoryKeys, SeededRng};
    use sokhoe_vault::{NewChange, Vault, VaultPorts};

    use super::*;
    use crate::pace::HostPaces;
    use crate::up::Urgency;

    const CAN: &str = r#"{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{"mode":"server",
        "resource":[{"type":"Observation","updateCreate":false}]}]}"#;

    /// Calls its one Observation 7.
    #[derive(Default)]
    struct OneReading {
        asked: Mutex<Vec<String>>,
        there: Mutex<Option<(u32, String)>>,
    }

    impl Transport for OneReading {
        fn send(
            &self,
            request: Request<Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
            let path = request.uri().path().trim_start_matches("/r4/").to_owned();
            let is_read = request.method() == Method::GET;
            if path != "metadata" {
                let asked = format!("{} {path}", request.method());
                self.asked.lock().unwrap().push(asked);
            }
            let mut there = self.there.lock().unwrap();
            if !is_read {
                let body = String::from_utf8(request.body().to_vec()).unwrap();
                let version = there.as_ref().map_or(1, |(version, _)| version + 1);
                let body = match request.method() {
                    &Method::POST => body.replacen('{', r#"{"id":"7","#, 1),
                    _ => body,
                };
                *there = Some((version, body));
            }
            let answer = match (path.as_str(), &*there) {
                ("metadata", _) => CAN.to_owned(),
                (_, Some((_, json))) => json.clone(),
                _ => r#"{"resourceType":"Bundle","type":"searchset"}"#.to_owned(),
            };
            let version = there.as_ref().map_or(0, |(version, _)| *version);
            Box::pin(async move {
                let answer = Response::builder()
                    .header("etag", format!("W/\"{version}\""))
                    .body(answer.into());
                Ok(answer.unwrap())
            })
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_written_into_an_unsent_reading_goes_to_what_the_server_calls_it() {
        let ports = VaultPorts::new(
            Arc::new(SimDisk::new(Promise::PowersafeOverwrite)),
            Arc::new(MemoryKeys::default()),
            Arc::new(SeededRng::new(1)),
        );
        let vault = Vault::create(&ports, "me").unwrap();
        let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-11-24T08:00:00+07:00"));
        let rng: Arc<dyn Rng> = Arc::new(SeededRng::new(2));
        let server = Arc::new(OneReading::default());
        let clinic = ClinicId::from("c");
        let lane = Lane {
            wire: Wire::Server,
            clinic: clinic.clone(),
            patient_id: "p".to_owned(),
            public_key: sokhoe_qr::PublicKey::from_bytes([0; 32]),
            client: ClinicClient::of_server("https://fhir.example/r4", None, server.clone())
                .unwrap(),
        };
        let id = IntentId::new(clock.now(), &*rng);
        let made = ResourceKey::new(OBSERVATION, id.to_string());
        let reading = format!(
            r#"{{"resourceType":"Observation","id":"{id}","status":"final","performer":[{{"reference":"Patient/p"}}],"valueQuantity":{{"value":61.50,"unit":"kg"}}}}"#
        );
        let heavier = reading.replace("61.50", "71.50");
        for (id, base, ours) in [
            (id, None, reading.clone()),
            (IntentId::new(clock.now(), &*rng), Some(reading), heavier),
        ] {
            let new = NewChange {
                id,
                clinic: clinic.clone(),
                key: made.clone(),
                base,
                ours,
                created: clock.now(),
            };
            vault.keep_change(&new).unwrap();
        }
        let engine = Engine::new(vault.clone(), clock.clone(), rng.clone());
        let paces = HostPaces::new(clock, rng);
        let lanes = [lane];
        let pushed = engine.push_changes(&lanes, Urgency::Foreground, &paces);
        let pushed = pushed.await.unwrap();
        assert_eq!((pushed.settled, pushed.waiting), (2, 0));
        let asked = server.asked.lock().unwrap().clone();
        assert_eq!(asked, ["POST Observation", "PUT Observation/7"]);
        let (_, there) = server.there.lock().unwrap().clone().unwrap();
        assert!(there.contains("71.50"), "{there}");
        let named = ResourceKey::new(OBSERVATION, "7");
        assert_eq!(vault.resource(&clinic, &made).unwrap(), None);
        let here = vault.resource(&clinic, &named).unwrap().unwrap();
        assert_eq!(here.json, there);
    }
}
