//! What Slots belong to: Schedules, and the doctors, rooms and services of these.

use std::collections::{BTreeMap, BTreeSet};

use sokhoe_client::{ClientError, ClinicClient, ServerQuery};
use sokhoe_domain::{ResourceKey, VisitMode, Vnd};
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::slot::{actors, codes};
use sokhoe_fhir::{
    Coded, LocationView, PractitionerRoleView, PractitionerView, Ref, ScheduleView, ServiceView,
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
    pub specialty: Option<Coded>,
    pub codes: Vec<(String, String)>,
    pub actors: Vec<(ResourceKey, String)>,
}

impl Calendar {
    fn of(json: &str) -> Option<(String, Self)> {
        let view = ScheduleView::from_json(json).ok()?;
        let calendar = Self {
            active: view.active,
            service: view.service.map(|service| service.name).unwrap_or_default(),
            specialty: view.specialty,
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

impl Told {
    /// Whom and what it names, by their kinds.
    fn named(&self) -> impl Iterator<Item = (&'static str, &Ref)> {
        let all = [
            ("HealthcareService", &self.service),
            ("Practitioner", &self.practitioner),
            ("Location", &self.location),
        ];
        let named = all
            .into_iter()
            .filter_map(|(kind, one)| Some((kind, one.as_ref()?)));
        named.filter(|(_, one)| !one.id.is_empty())
    }
}

/// What doctors, rooms and services tell of themselves, beside their names. What is unset or empty they do not tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Details {
    pub specialty: Option<Coded>,
    pub price: Option<Vnd>,
    pub languages: Vec<String>,
    pub step_free: Option<bool>,
    pub mode: Option<VisitMode>,
}

impl Details {
    /// A name with what is told beside it.
    fn read(kind: &str, json: &str) -> Option<(String, Self)> {
        match kind {
            "Practitioner" => {
                let view = PractitionerView::from_json(json).ok()?;
                let details = Self {
                    languages: view.languages,
                    ..Self::default()
                };
                Some((view.name, details))
            }
            "Location" => {
                let view = LocationView::from_json(json).ok()?;
                let details = Self {
                    step_free: view.step_free,
                    ..Self::default()
                };
                Some((view.name, details))
            }
            "HealthcareService" => {
                let view = ServiceView::from_json(json).ok()?;
                let details = Self {
                    specialty: view.specialty,
                    price: view.price,
                    languages: view.languages,
                    step_free: view.step_free,
                    mode: view.mode,
                };
                Some((view.name, details))
            }
            _ => None,
        }
    }

    /// Takes in what another one tells and this one does not.
    fn add(&mut self, other: &Self) {
        for language in &other.languages {
            if !self.languages.contains(language) {
                self.languages.push(language.clone());
            }
        }
        self.specialty = self.specialty.take().or_else(|| other.specialty.clone());
        self.price = self.price.or(other.price);
        self.step_free = self.step_free.or(other.step_free);
        self.mode = self.mode.or(other.mode);
    }
}

/// What is known so far. What could not be had is not asked for again.
#[derive(Default)]
pub(super) struct Directory {
    schedules: BTreeMap<String, Calendar>,
    roles: BTreeMap<String, PractitionerRoleView>,
    names: BTreeMap<ResourceKey, String>,
    details: BTreeMap<ResourceKey, Details>,
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
        match key.kind.as_str() {
            "Schedule" => self.schedules.extend(Calendar::of(json)),
            "PractitionerRole" => {
                if let Ok(role) = PractitionerRoleView::from_json(json) {
                    self.roles.insert(key.id.clone(), role);
                }
            }
            kind => {
                if let Some((name, details)) = Details::read(kind, json) {
                    self.names.insert(key.clone(), name);
                    self.details.insert(key.clone(), details);
                }
            }
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
        let unnamed = told.named().filter(|(_, one)| one.name.is_empty());
        unnamed
            .map(|(kind, one)| ResourceKey::new(kind, one.id.as_str()))
            .collect()
    }

    /// Reads what doctors, rooms and services tell of themselves, of those that Schedules name.
    pub(super) async fn ask_for_details(
        &mut self,
        client: &ClinicClient,
        schedules: &BTreeSet<&str>,
    ) -> Result<(), ClientError> {
        for _ in 0..HOPS {
            let told = schedules
                .iter()
                .filter_map(|id| self.schedules.get(*id))
                .map(|calendar| self.told(calendar));
            let missing = told
                .flat_map(|told| -> Vec<ResourceKey> {
                    let keys = told
                        .named()
                        .map(|(kind, one)| ResourceKey::new(kind, one.id.as_str()));
                    keys.collect()
                })
                .filter(|key| !self.details.contains_key(key))
                .collect();
            self.ask(client, missing).await?;
        }
        Ok(())
    }

    /// What is told of a visit of a Schedule, beside names.
    pub(super) fn details(&self, calendar: &Calendar) -> Details {
        let role = calendar.of_kind("PractitionerRole").next();
        let of_role = role.and_then(|(key, _)| self.roles.get(&key.id)?.specialty.clone());
        let mut details = Details {
            specialty: calendar.specialty.clone().or(of_role),
            ..Details::default()
        };
        let told = self.told(calendar);
        let doctor_first = ["Practitioner", "Location", "HealthcareService"];
        for wanted in doctor_first {
            for (kind, one) in told.named().filter(|(kind, _)| *kind == wanted) {
                let known = self.details.get(&ResourceKey::new(kind, one.id.as_str()));
                known.into_iter().for_each(|known| details.add(known));
            }
        }
        details
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
