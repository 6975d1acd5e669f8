//! Free times of any FHIR R4 server: its free Slots, and what their Schedules say of them.

mod directory;
mod otherwise;
mod pages;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sokhoe_client::{ClientError, ClinicClient, ServerQuery};
use sokhoe_domain::{Criteria, ResourceKey, Timestamp, VisitMode};
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::slot::{self, codes};
use sokhoe_fhir::{Appointment, AppointmentStatus, Ref, ServiceView, SlotStatus, SlotView};

use self::directory::Directory;
use self::pages::Pages;
pub(crate) use self::ways::BookingWays;
pub use self::ways::HeardWays;
use self::ways::takes_none;
use crate::error::SyncError;
use crate::lane::{Engine, Lane};

/// Slots asked for at once; a server may give others.
const PAGE: u32 = 200;
/// So many other times are offered to whoever was late.
const ALTERNATIVES: usize = 5;
/// Other times are looked for from the begin of the day on for so long.
const DAY: Duration = Duration::from_secs(86_400);

/// Which free times are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSearch {
    /// Not before.
    pub from: Timestamp,
    /// Begins before this.
    pub to: Timestamp,
    /// The id of a HealthcareService; any when unset.
    pub service: Option<String>,
    /// What it must have, as far as the server tells it.
    pub criteria: Criteria,
    /// At most so many.
    pub limit: usize,
}

/// What a time must be for.
enum Kind {
    Any,
    /// A HealthcareService, with the codes of what it does.
    Service {
        id: String,
        codes: Vec<(String, String)>,
    },
    /// The same as another Slot: of its Schedule, of its service, or by its codes.
    Like {
        schedule: Option<String>,
        service: Option<String>,
        codes: Vec<(String, String)>,
    },
}

impl Kind {
    /// Of the same kind as a Slot, by what that and its Schedule say.
    fn like(slot: &SlotView, json: &str, schedule: Option<&str>) -> Self {
        let own = codes(json, "serviceType");
        let of_schedule = || schedule.map(|json| codes(json, "serviceType"));
        let actors = schedule.and_then(|json| slot::actors(json).ok());
        let mut actors = actors.unwrap_or_default().into_iter();
        Self::Like {
            schedule: slot.schedule.clone(),
            service: actors
                .find(|(key, _)| key.kind == "HealthcareService")
                .map(|(key, _)| key.id),
            codes: if own.is_empty() {
                of_schedule().unwrap_or_default()
            } else {
                own
            },
        }
    }

    fn takes(&self, slot: &Found, directory: &Directory) -> bool {
        let calendar = directory.calendar(slot.view.schedule.as_deref());
        let of_service = |id: &str| calendar.and_then(|calendar| directory.is_of(calendar, id));
        let has_one_of = |wanted: &[(String, String)]| {
            let of_calendar = calendar.map(|calendar| calendar.codes.as_slice());
            let own = if slot.codes.is_empty() {
                of_calendar.unwrap_or_default()
            } else {
                &slot.codes
            };
            own.iter().any(|code| wanted.contains(code))
        };
        match self {
            Self::Any => true,
            Self::Service { id, codes } => of_service(id).unwrap_or_else(|| has_one_of(codes)),
            Self::Like {
                schedule,
                service,
                codes,
            } => {
                (schedule.is_some() && *schedule == slot.view.schedule)
                    || service.as_ref().and_then(|id| of_service(id)) == Some(true)
                    || has_one_of(codes)
            }
        }
    }
}

/// A Slot of an answer.
struct Found {
    view: SlotView,
    codes: Vec<(String, String)>,
    mode: Option<VisitMode>,
}

/// A search under way.
struct Search<'a> {
    client: &'a ClinicClient,
    ways: BookingWays,
    from: Timestamp,
    to: Timestamp,
    kind: Kind,
    criteria: Criteria,
    limit: usize,
    directory: Directory,
    /// By begin and id: the nearest first.
    found: BTreeMap<(Timestamp, String), Found>,
    /// Where in `found` an id is: what comes twice is there once, as it came last.
    places: BTreeMap<String, Timestamp>,
    /// Nothing is asked for but what must be: this server refused more.
    bare: bool,
}

impl Engine {
    /// Free times at a server, the nearest first. Busy and past ones and those of a closed Schedule are
    /// none. What the server does not tell of a time is empty.
    ///
    /// # Errors
    /// [`SyncError`]; [`ClientError::Refused`] with the code [`sokhoe_domain::Refusal::TAKES_NO_BOOKINGS`]
    /// for a server where a time cannot be taken safely.
    pub async fn free_slots(
        &self,
        lane: &Lane,
        wanted: &SlotSearch,
    ) -> Result<Vec<Appointment>, SyncError> {
        let ways = self.booking_ways(lane).await?;
        if !ways.takes_bookings {
            return Err(takes_none().into());
        }
        let kind = match &wanted.service {
            None => Kind::Any,
            Some(id) => Kind::Service {
                codes: codes_of_service(&lane.client, id).await?,
                id: id.clone(),
            },
        };
        let mut search = Search {
            client: &lane.client,
            ways,
            from: wanted.from.max(self.clock.now()),
            to: wanted.to,
            kind,
            criteria: wanted.criteria.clone(),
            limit: wanted.limit,
            directory: Directory::default(),
            found: BTreeMap::new(),
            places: BTreeMap::new(),
            bare: false,
        };
        Ok(search.run().await?)
    }

    /// Other free times of the same kind on the same day, those nearest to the wanted one first. None when
    /// the server cannot be asked now: that the wanted one is taken is certain without them.
    pub(crate) async fn alternatives(
        &self,
        lane: &Lane,
        ways: BookingWays,
        slot: &SlotView,
        json: &str,
        schedule: Option<&str>,
    ) -> Vec<Timestamp> {
        let day = Timestamp::start_of_day(slot.start.vietnam_day());
        let mut search = Search {
            client: &lane.client,
            ways,
            from: day.max(self.clock.now()),
            to: day.plus(DAY),
            kind: Kind::like(slot, json, schedule),
            criteria: Criteria::default(),
            limit: usize::MAX,
            directory: Directory::default(),
            found: BTreeMap::new(),
            places: BTreeMap::new(),
            bare: false,
        };
        let starts = search.starts().await.unwrap_or_default();
        nearest(starts, slot.start)
    }
}

/// The services that a server lists. One that cannot be read is left out.
///
/// # Errors
/// [`ClientError`]
pub async fn services_of_server(client: &ClinicClient) -> Result<Vec<ServiceView>, ClientError> {
    let query = ServerQuery::Kind {
        kind: "HealthcareService".to_owned(),
        params: Vec::new(),
    };
    let mut pages = Pages::of(client, query, PAGE);
    let mut services: BTreeMap<String, ServiceView> = BTreeMap::new();
    while let Some(body) = pages.next().await? {
        let Ok(page) = body.read() else { continue };
        for change in page.changes {
            if let Change::Put { json, .. } = change
                && let Ok(service) = ServiceView::from_json(json)
            {
                services.insert(service.id.clone(), service);
            }
        }
    }
    Ok(services.into_values().collect())
}

/// The codes of what a HealthcareService does; none of one that the server does not show.
async fn codes_of_service(
    client: &ClinicClient,
    id: &str,
) -> Result<Vec<(String, String)>, ClientError> {
    let key = ResourceKey::new("HealthcareService", id);
    match client.resource(&key).await {
        Ok(json) => Ok(codes(&json, "type")),
        Err(ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. }) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// The starts nearest to a time, each once.
fn nearest(starts: BTreeSet<Timestamp>, to: Timestamp) -> Vec<Timestamp> {
    let mut starts: Vec<Timestamp> = starts.into_iter().collect();
    starts.sort_by_key(|start| start.as_millis().abs_diff(to.as_millis()));
    starts.truncate(ALTERNATIVES);
    starts
}

impl Search<'_> {
    async fn run(&mut self) -> Result<Vec<Appointment>, ClientError> {
        self.gather().await?;
        let chosen: Vec<&Found> = self.wanted().take(self.limit).collect();
        let schedules: BTreeSet<String> = chosen
            .iter()
            .filter_map(|slot| slot.view.schedule.clone())
            .collect();
        let schedules = schedules.iter().map(String::as_str).collect();
        self.directory
            .ask_for_details(self.client, &schedules)
            .await?;
        let chosen = self.wanted().take(self.limit);
        Ok(chosen.map(|slot| self.offer(slot)).collect())
    }

    async fn starts(&mut self) -> Result<BTreeSet<Timestamp>, ClientError> {
        self.gather().await?;
        Ok(self.wanted().map(|slot| slot.view.start).collect())
    }

    /// Those that are wanted, the nearest first.
    fn wanted(&self) -> impl Iterator<Item = &Found> {
        self.found.values().filter(|slot| {
            let calendar = self.directory.calendar(slot.view.schedule.as_deref());
            calendar.is_none_or(|calendar| calendar.active)
                && self.criteria.times.allows(slot.view.start)
                && self.kind.takes(slot, &self.directory)
                && (self.criteria.take_any_visit()
                    || self.criteria.allow(&self.offer(slot).facts()))
        })
    }

    /// Reads pages until there are enough, as far as the server keeps an order, else all of them.
    async fn gather(&mut self) -> Result<(), ClientError> {
        let mut pages = Pages::of(self.client, self.query(), PAGE);
        let mut last = None;
        let mut in_order = true;
        loop {
            let body = match pages.next().await {
                Ok(Some(body)) => body,
                Ok(None) => return Ok(()),
                // What would come along can be asked for by itself, and put in order here.
                Err(ClientError::Refused { .. }) if self.places.is_empty() && !self.bare => {
                    self.bare = true;
                    pages = Pages::of(self.client, self.query(), PAGE);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Ok(page) = body.read() else { continue };
            self.directory.take(&page.changes);
            for change in &page.changes {
                let Change::Put { key, json, .. } = change else {
                    continue;
                };
                let Some(view) = (key.kind == "Slot")
                    .then(|| SlotView::from_json(json).ok())
                    .flatten()
                else {
                    continue;
                };
                in_order &= last.is_none_or(|last| last <= view.start);
                last = Some(view.start);
                self.take(view, json);
            }
            let schedules: BTreeSet<String> = self
                .found
                .values()
                .filter_map(|slot| slot.view.schedule.clone())
                .collect();
            self.directory
                .ask_for_schedules(self.client, schedules.iter().map(String::as_str))
                .await?;
            if !self.criteria.take_any_visit() {
                let schedules = schedules.iter().map(String::as_str).collect();
                self.directory
                    .ask_for_details(self.client, &schedules)
                    .await?;
            }
            if in_order && self.wanted().take(self.limit).count() == self.limit {
                return Ok(());
            }
        }
    }

    /// Whatever the server was asked: it may not have heeded all of it.
    fn take(&mut self, view: SlotView, json: &str) {
        if let Some(before) = self.places.remove(&view.id) {
            self.found.remove(&(before, view.id.clone()));
        }
        if view.status != SlotStatus::Free || view.start < self.from || view.start >= self.to {
            return;
        }
        let found = Found {
            codes: codes(json, "serviceType"),
            mode: slot::mode(json),
            view,
        };
        let place = (found.view.start, found.view.id.clone());
        self.places.insert(found.view.id.clone(), found.view.start);
        self.found.insert(place, found);
    }

    fn query(&self) -> ServerQuery {
        let mut params = vec![
            ("status", SlotStatus::Free.code().to_owned()),
            ("start", format!("ge{}", self.from.to_fhir())),
            ("start", format!("lt{}", self.to.to_fhir())),
        ];
        if !self.bare {
            params.push(("_sort", "start".to_owned()));
        }
        if self.ways.brings_schedules && !self.bare {
            params.push(("_include", "Slot:schedule".to_owned()));
            if self.ways.brings_actors {
                params.push(("_include:iterate", "Schedule:actor".to_owned()));
            }
        }
        ServerQuery::Kind {
            kind: "Slot".to_owned(),
            params: params
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }

    /// As our clinic would offer it.
    fn offer(&self, slot: &Found) -> Appointment {
        let view = &slot.view;
        let calendar = self.directory.calendar(view.schedule.as_deref());
        let told = calendar.map(|calendar| self.directory.told(calendar));
        let told = told.unwrap_or_default();
        let details = calendar.map(|calendar| self.directory.details(calendar));
        let details = details.unwrap_or_default();
        let by_name = |name: &str| Some(Ref::new("", name)).filter(|one| !one.name.is_empty());
        let service = told
            .service
            .filter(|service| !service.name.is_empty())
            .or_else(|| by_name(&view.service.as_ref()?.name))
            .or_else(|| by_name(&calendar?.service));
        Appointment {
            id: Some(view.id.clone()),
            status: AppointmentStatus::Proposed,
            start: Some(view.start),
            end: Some(view.end),
            service,
            specialty: view.specialty.clone().or(details.specialty),
            practitioner: told.practitioner,
            location: told.location,
            price: details.price,
            languages: details.languages,
            step_free: details.step_free,
            mode: slot.mode.or(details.mode),
            ..Appointment::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_times_are_the_nearest_on_either_side() {
        let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
        let starts: BTreeSet<Timestamp> = [10, 40, 50, 55, 70, 90, 300].map(at).into();
        assert_eq!(
            nearest(starts, at(60)),
            [at(55), at(50), at(70), at(40), at(90)]
        );
    }
}
