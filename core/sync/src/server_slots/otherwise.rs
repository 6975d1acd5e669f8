//! Free Slots in the place of one that is taken.

use std::collections::{BTreeMap, BTreeSet};

use sokhoe_client::ClientError;
use sokhoe_domain::otherwise::nearness;
use sokhoe_domain::{Criteria, Otherwise, Timestamp};
use sokhoe_fhir::SlotView;

use super::directory::{Directory, Told};
use super::{BookingWays, Found, Kind, Search};
use crate::lane::{Engine, Lane};

impl Engine {
    /// The ids of free Slots of the same kind that will do in the place of this one, by what it and its Schedule
    /// say; the nearest to the named time first, of two at one time the one with the same doctor.
    pub(crate) async fn slots_that_will_do(
        &self,
        lane: &Lane,
        ways: BookingWays,
        (slot, json, schedule): (&SlotView, &str, Option<&str>),
        named: Timestamp,
        otherwise: &Otherwise,
    ) -> Result<Vec<String>, ClientError> {
        let now = self.clock.now();
        let period = otherwise.period();
        if period.end <= now {
            return Ok(Vec::new());
        }
        let mut search = Search {
            client: &lane.client,
            ways,
            from: period.start.max(now),
            to: period.end,
            kind: Kind::like(slot, json, schedule),
            criteria: Criteria::default(),
            limit: usize::MAX,
            directory: Directory::default(),
            found: BTreeMap::new(),
            places: BTreeMap::new(),
            bare: false,
        };
        search.gather().await?;
        let own = slot.schedule.as_deref();
        let directory = &mut search.directory;
        directory
            .ask_for_schedules(&lane.client, own.into_iter())
            .await?;
        let doctor = doctor_of(directory, own);
        let is_same = |other: &Found| {
            let of_other = other.view.schedule.as_deref();
            let by_name = || doctor_of(&search.directory, of_other) == doctor;
            (own.is_some() && own == of_other) || (doctor.is_some() && by_name())
        };
        let will_do = |other: &&Found| {
            other.view.start > now && otherwise.allows(other.view.start, is_same(other))
        };
        let mut found: Vec<&Found> = search.wanted().filter(will_do).collect();
        found.sort_by_key(|other| (nearness(other.view.start, named), !is_same(other)));
        Ok(found
            .into_iter()
            .map(|other| other.view.id.clone())
            .collect())
    }

    /// What is told of a Slot's visit; nothing of what cannot be had now.
    pub(crate) async fn told_of(&self, lane: &Lane, slot: &SlotView) -> Told {
        let own = slot.schedule.as_deref();
        let mut directory = Directory::default();
        let schedules: BTreeSet<&str> = own.into_iter().collect();
        let asked = directory.ask_for_schedules(&lane.client, own.into_iter());
        if asked.await.is_ok() {
            let named = directory.ask_for_names(&lane.client, &schedules).await;
            if named.is_ok()
                && let Some(calendar) = directory.calendar(own)
            {
                return directory.told(calendar);
            }
        }
        Told::default()
    }
}

/// The id of the doctor whose Schedule it is.
fn doctor_of(directory: &Directory, schedule: Option<&str>) -> Option<String> {
    let calendar = directory.calendar(schedule)?;
    let doctor = directory.told(calendar).practitioner?;
    Some(doctor.id).filter(|id| !id.is_empty())
}
