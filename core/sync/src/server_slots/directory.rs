//! What Slots belong to: Schedules, and the doctors, rooms and services of these.

use std::collections::{BTreeMap, BTreeSet};

use sokhoe_client::{ClientError, ClinicClient, ServerQuery};
use sokhoe_domain::ResourceKey;
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::slot::{actors, codes};
use sokhoe_fhir::{
    LocationView, PractitionerRoleView, PractitionerView, Ref, ScheduleView, ServiceView,
};

use super::pages::Pages;

/// Resources read by their ids at once.
const BY_ID: usize = 40;
/// A doctor is at most so many references away from a Schedule: by a role.
const HOPS: usize = 2;

/// A Schedule, as far as booking goes.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    pub active: bool,
    pub service: String,
    pub codes: Vec<(String, String)>,
    pub actors: Vec<(ResourceKey, String)>,
}

impl Calendar {
    fn of(json: &str) -> Option<(String, Self)> {
        let view = ScheduleView::from_json(json).ok()?;
        let calendar = Self {
            active: view.active,
            service: view.service.map(|service| service.name).unwrap_or_default(),
            codes: codes(json, "serviceType"),
            actors: actors(json).ok()?,
        };
        Some((view.id, calendar))
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &(ResourceKey, String)> {
        self.actors.iter().filter(move |(key, _)| key.kind == kind)
    }
}

/// What a Slot's Schedule says of a visit. A name that nobody tells is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub service: Option<Ref>,
    pub practitioner: Option<Ref>,
    pub location: Option<Ref>,
}

/// What is known so far. What could not be had is not asked for again.
#[derive(Default)]
pub(super) struct Directory {
    schedules: BTreeMap<String, Calendar>,
    roles: BTreeMap<String, PractitionerRoleView>,
    names: BTreeMap<ResourceKey, String>,
    asked: BTreeSet<ResourceKey>,
}

impl Directory {
    /// Takes in what came along with a search.
    pub(super) fn take(&mut self, changes: &[Change<'_>]) {
        for change in changes {
            if let Change::Put { key, json, .. } = change {
                self.take_one(key, json);
            }
        }
    }

    fn take_one(&mut self, key: &ResourceKey, json: &str) {
        let name = match key.kind.as_str() {
            "Schedule" => {
                self.schedules.extend(Calendar::of(json));
                return;
            }
            "PractitionerRole" => {
                if let Ok(role) = PractitionerRoleView::from_json(json) {
                    self.roles.insert(key.id.clone(), role);
                }
                return;
            }
            "Practitioner" => PractitionerView::from_json(json).map(|view| view.name),
            "Location" => LocationView::from_json(json).map(|view| view.name),
            "HealthcareService" => ServiceView::from_json(json).map(|view| view.name),
            _ => return,
        };
        if let Ok(name) = name {
            self.names.insert(key.clone(), name);
        }
    }

    pub(super) fn calendar(&self, schedule: Option<&str>) -> Option<&Calendar> {
        self.schedules.get(schedule?)
    }

    /// Whether a Schedule is of this HealthcareService; nothing when it does not say of which it is.
    pub(super) fn is_of(&self, calendar: &Calendar, service: &str) -> Option<bool> {
        let of_roles = calendar
            .of_kind("PractitionerRole")
            .filter_map(|(key, _)| self.roles.get(&key.id))
            .flat_map(|role| role.services.iter().map(|service| service.id.as_str()));
        let mut services = calendar
            .of_kind("HealthcareService")
            .map(|(key, _)| key.id.as_str())
            .chain(of_roles)
            .peekable();
        services.peek()?;
        Some(services.any(|id| id == service))
    }

    /// Reads Schedules that did not come along, and the roles that are in them.
    pub(super) async fn ask_for_schedules(
        &mut self,
        client: &ClinicClient,
        schedules: impl Iterator<Item = &str>,
    ) -> Result<(), ClientError> {
        let missing = schedules
            .filter(|id| !self.schedules.contains_key(*id))
            .map(|id| ResourceKey::new("Schedule", id))
            .collect();
        self.ask(client, missing).await?;
        let roles = self
            .schedules
            .values()
            .flat_map(|calendar| calendar.of_kind("PractitionerRole"))
            .filter(|(key, _)| !self.roles.contains_key(&key.id))
            .map(|(key, _)| key.clone())
            .collect();
        self.ask(client, roles).await
    }

    /// Reads the names that Schedules do not tell of their own.
    pub(super) async fn ask_for_names(
        &mut self,
        client: &ClinicClient,
        schedules: &BTreeSet<&str>,
    ) -> Result<(), ClientError> {
        for _ in 0..HOPS {
            let unnamed: BTreeSet<ResourceKey> = schedules
                .iter()
                .filter_map(|id| self.schedules.get(*id))
                .flat_map(|calendar| self.unnamed(calendar))
                .collect();
            self.ask(client, unnamed).await?;
        }
        Ok(())
    }

    fn unnamed(&self, calendar: &Calendar) -> Vec<ResourceKey> {
        let told = self.told(calendar);
        [
            ("HealthcareService", told.service),
            ("Practitioner", told.practitioner),
            ("Location", told.location),
        ]
        .into_iter()
        .filter_map(|(kind, one)| {
            let one = one.filter(|one| one.name.is_empty() && !one.id.is_empty())?;
            Some(ResourceKey::new(kind, one.id))
        })
        .collect()
    }

    /// What a Schedule says of a visit, by itself and by the role that it is of.
    pub(super) fn told(&self, calendar: &Calendar) -> Told {
        let own = |kind: &str| {
            let (key, shown) = calendar.of_kind(kind).next()?;
            Some(self.named(kind, Ref::new(key.id.as_str(), shown.as_str())))
        };
        let role = calendar.of_kind("PractitionerRole").next();
        let view = role.and_then(|(key, _)| self.roles.get(&key.id));
        let practitioner = || {
            let (_, shown) = role?;
            let of_role = view.and_then(|view| view.practitioner.clone());
            let mut practitioner = self.named("Practitioner", of_role.unwrap_or_default());
            if practitioner.name.is_empty() {
                practitioner.name.clone_from(shown);
            }
            Some(practitioner)
        };
        let location = || Some(self.named("Location", view?.locations.first()?.clone()));
        Told {
            service: own("HealthcareService"),
            practitioner: own("Practitioner").or_else(practitioner),
            location: own("Location").or_else(location),
        }
    }

    fn named(&self, kind: &str, one: Ref) -> Ref {
        if !one.name.is_empty() {
            return one;
        }
        let known = self.names.get(&ResourceKey::new(kind, one.id.as_str()));
        Ref {
            name: known.cloned().unwrap_or_default(),
            ..one
        }
    }

    /// Reads what is named by these keys. What the server does not show this phone stays unknown.
    async fn ask(
        &mut self,
        client: &ClinicClient,
        keys: BTreeSet<ResourceKey>,
    ) -> Result<(), ClientError> {
        let mut by_kind: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for key in keys {
            if self.asked.insert(key.clone()) {
                by_kind.entry(key.kind).or_default().push(key.id);
            }
        }
        for (kind, ids) in by_kind {
            for ids in ids.chunks(BY_ID) {
                let query = ServerQuery::Kind {
                    kind: kind.clone(),
                    params: vec![("_id".to_owned(), ids.join(","))],
                };
                let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
                let mut pages = Pages::of(client, query, count);
                loop {
                    let body = match pages.next().await {
                        Ok(Some(body)) => body,
                        Ok(None)
                        | Err(
                            ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. },
                        ) => break,
                        Err(error) => return Err(error),
                    };
                    if let Ok(page) = body.read() {
                        self.take(&page.changes);
                    }
                }
            }
        }
        Ok(())
    }
}
