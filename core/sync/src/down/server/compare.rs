//! Comparing with everything that a server lists: ids and versions travel, and only what differs is read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sokhoe_client::{ClientError, GarbledAnswer, PageBody, ServerQuery};
use sokhoe_domain::{ResourceKey, Timestamp};
use sokhoe_fhir::bundle::Change;

use super::place::{Comparing, Standing};
use super::plan::search;
use super::{COMPARE_WITHOUT_HISTORY, PAGE, PAGES, Run, next_of};
use crate::error::SyncError;
use crate::lane::{Engine, Lane};

/// Ids and versions asked for at once.
const LISTED: u32 = 1_000;
/// Resources read by their ids at once.
const BY_ID: usize = 40;

/// The versions of a type by id, as far as the server tells them.
type Versions = BTreeMap<String, Option<String>>;

impl Engine {
    /// Compares the Patient and every type that can be listed. What is elsewhere than in a patient's compartment
    /// (practitioners, places) is not compared. A type that cannot be listed now is left as it is. What breaks it off
    /// costs the type under way: the next call goes on with that.
    pub(super) async fn compare(&self, lane: &Lane, run: &mut Run<'_>) -> Result<(), SyncError> {
        let kinds = match &run.standing.plan {
            Some(plan) => plan.kinds.clone(),
            None => return Ok(()),
        };
        // Once for all types, and before their lists: what came since is at most read once more, and whoever is missing
        // in a list is asked for by id before it is gone.
        let here = self.held_versions(lane)?;
        let mut place = self.place_of_comparison(&run.standing);
        let patient = ("Patient".to_owned(), "_id".to_owned());
        for (kind, param) in std::iter::once(patient).chain(kinds) {
            if place.done.contains(&kind) {
                continue;
            }
            let elements = vec![("_elements".to_owned(), "id,meta".to_owned())];
            let query = search(&kind, &param, &lane.patient_id, elements);
            if let Some(there) = self.listed(lane, &query, &kind).await? {
                self.compare_kind(lane, run, &kind, there, here.get(&kind))
                    .await?;
            }
            place.done.insert(kind);
            let mut standing = run.standing.clone();
            standing.comparing = Some(place.clone());
            self.apply(lane, run, &[], standing, false)?;
        }
        let mut standing = run.standing.clone();
        standing.comparing = None;
        // From the first type on nothing is older than this.
        standing.compared = Some(place.begun);
        self.apply(lane, run, &[], standing, true)?;
        Ok(())
    }

    /// Where the comparison stands; at its begin when it stood still for so long that it would be due again.
    fn place_of_comparison(&self, standing: &Standing) -> Comparing {
        let now = self.clock.now();
        let is_recent = |place: &Comparing| {
            let begun = Timestamp::from_millis(place.begun);
            begun <= now && now.since(begun) < COMPARE_WITHOUT_HISTORY
        };
        let place = standing.comparing.clone().filter(is_recent);
        place.unwrap_or_else(|| Comparing {
            begun: now.as_millis(),
            ..Comparing::default()
        })
    }

    /// The versions of the book by type and id, but of what the person made and no server knows.
    fn held_versions(&self, lane: &Lane) -> Result<BTreeMap<String, Versions>, SyncError> {
        let made: BTreeSet<ResourceKey> = self
            .vault
            .changes()?
            .into_iter()
            .filter(|change| change.clinic == lane.clinic)
            .filter(|change| change.is_new() && change.theirs.is_none())
            .map(|change| change.key)
            .collect();
        let mut held: BTreeMap<String, Versions> = BTreeMap::new();
        for (key, version) in self.vault.versions(&lane.clinic)? {
            if !made.contains(&key) {
                held.entry(key.kind).or_default().insert(key.id, version);
            }
        }
        Ok(held)
    }

    async fn compare_kind(
        &self,
        lane: &Lane,
        run: &mut Run<'_>,
        kind: &str,
        mut there: Versions,
        here: Option<&Versions>,
    ) -> Result<(), SyncError> {
        if kind == "Patient" {
            if !there.contains_key(&lane.patient_id) {
                self.ask_for_patient(lane).await?;
            }
            // Whatever else is listed, it is nobody's of this lane.
            there.retain(|id, _| *id == lane.patient_id);
        }
        let known = |id: &str| here.and_then(|here| here.get(id));
        // A Patient that is not listed is not gone: it is what the lane is of.
        let missing = here.into_iter().flat_map(BTreeMap::keys);
        let missing = missing.filter(|id| kind != "Patient" && !there.contains_key(*id));
        let differing: Vec<String> = there
            .iter()
            .filter(|(id, version)| match known(id) {
                None => true,
                Some(known) => version.is_some() && known != *version,
            })
            .map(|(id, _)| id)
            // A list that is read page by page may leave out what changed meanwhile: whoever is
            // missing is asked for by id before it is gone.
            .chain(missing)
            .cloned()
            .collect();
        for ids in differing.chunks(BY_ID) {
            self.read_by_id(lane, run, kind, ids, &there).await?;
        }
        Ok(())
    }

    /// Reads resources by their ids; one that is neither given nor listed is gone.
    async fn read_by_id(
        &self,
        lane: &Lane,
        run: &mut Run<'_>,
        kind: &str,
        ids: &[String],
        listed: &Versions,
    ) -> Result<(), SyncError> {
        let query = ServerQuery::Search {
            kind: kind.to_owned(),
            patient: ("_id".to_owned(), ids.join(",")),
            others: Vec::new(),
        };
        let Some(bodies) = pages(lane, &query, PAGE).await? else {
            return Ok(());
        };
        let mut given = BTreeSet::new();
        for body in &bodies {
            let page = read(body)?;
            let changes: Vec<Change<'_>> = page
                .into_iter()
                .filter(|change| match change {
                    Change::Put { key, .. } => key.kind == kind && ids.contains(&key.id),
                    Change::Delete { .. } | Change::Broken { .. } => false,
                })
                .collect();
            for change in &changes {
                if let Change::Put { key, .. } = change {
                    given.insert(key.id.clone());
                }
            }
            let standing = run.standing.clone();
            self.apply(lane, run, &changes, standing, false)?;
        }
        let gone: Vec<Change<'_>> = ids
            .iter()
            .filter(|id| !given.contains(*id) && !listed.contains_key(*id))
            .map(|id| Change::Delete {
                key: ResourceKey::new(kind, id.as_str()),
            })
            .collect();
        let standing = run.standing.clone();
        self.apply(lane, run, &gone, standing, false)?;
        Ok(())
    }

    /// What the server lists of a type; nothing when it does not list it for this phone.
    async fn listed(
        &self,
        lane: &Lane,
        query: &ServerQuery,
        kind: &str,
    ) -> Result<Option<Versions>, SyncError> {
        let Some(bodies) = pages(lane, query, LISTED).await? else {
            return Ok(None);
        };
        let mut versions = Versions::new();
        for body in &bodies {
            for change in read(body)? {
                if let Change::Put { key, version, .. } = change
                    && key.kind == kind
                {
                    versions.insert(key.id, version);
                }
            }
        }
        Ok(Some(versions))
    }
}

fn read(body: &PageBody) -> Result<Vec<Change<'_>>, ClientError> {
    let page = body.read();
    Ok(page
        .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?
        .changes)
}

/// All pages of an answer; nothing when the server refuses. A list that breaks off is no list.
async fn pages(
    lane: &Lane,
    query: &ServerQuery,
    count: u32,
) -> Result<Option<Vec<PageBody>>, SyncError> {
    let mut pages = Vec::new();
    let mut followed = HashSet::new();
    let mut answer = lane.client.query(query, count).await;
    loop {
        let body = match answer {
            Ok(body) => body,
            Err(ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let page = body
            .read()
            .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        let next = next_of(&body, page.next.as_deref())
            .filter(|next| !page.changes.is_empty() || !followed.contains(next));
        pages.push(body);
        let Some(next) = next else {
            return Ok(Some(pages));
        };
        if !followed.insert(next.clone()) || pages.len() > PAGES {
            return Ok(None);
        }
        answer = lane.client.next_page(&next).await;
    }
}
