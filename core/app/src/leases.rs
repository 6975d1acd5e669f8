//! The books of people whom this phone helps: shown while a clinic's lease lasts, and no longer.
//!
//! A lease is renewed whenever the clinic is asked what this phone may do (`GET /access`), which a synchronisation does
//! once an hour. When it is over, the key that opens the book is covered (`sokhoe_vault::KeyRing::end_lease`): nothing is
//! lost, nothing can be read, and what waits to be sent waits. The clinic's next answer uncovers it, or ends the access.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sokhoe_client::{ClientError, ClinicClient, PersonAccess};
use sokhoe_domain::ports::{Clock, Rng, Uptime};
use sokhoe_domain::{ClinicId, Lease, PersonId, Timestamp, Wire};
use sokhoe_sync::Cause;
use sokhoe_vault::{ClinicRecord, Helping, VaultError};

use crate::error::AppError;
use crate::session::Session;

/// A lease that is younger is not renewed.
const YOUNG: Duration = Duration::from_secs(3_600);

/// What is known of leases, so that opening a book asks no database for it.
pub(crate) struct Leases {
    known: Mutex<HashMap<PersonId, Keeping>>,
    since: Since,
}

/// How a person's book is kept.
#[derive(Clone)]
enum Keeping {
    /// It is of somebody of this phone's own.
    Own,
    /// Under these.
    Leases(Vec<Lease>),
}

/// Since when this core runs, for phones that do not say since when they run.
struct Since {
    opened: Timestamp,
    start: u64,
    /// Milliseconds; a clock that is set back takes none away.
    longest: AtomicU64,
}

impl Leases {
    pub(crate) fn new(clock: &dyn Clock, rng: &dyn Rng) -> Self {
        let mut start = [0; 8];
        rng.fill(&mut start);
        Self {
            known: Mutex::default(),
            since: Since {
                opened: clock.now(),
                start: u64::from_be_bytes(start) >> 1,
                longest: AtomicU64::new(0),
            },
        }
    }

    /// Something was granted, ended, linked or unlinked.
    pub(crate) fn changed(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clear();
    }
}

impl Session {
    /// Since when the phone runs; where it does not say, since when this core does.
    pub(crate) fn uptime(&self) -> Uptime {
        self.ports.clock.uptime().unwrap_or_else(|| {
            let since = &self.leases.since;
            let span = self.now().since(since.opened).as_millis();
            let span = u64::try_from(span).unwrap_or(u64::MAX);
            let longest = since.longest.fetch_max(span, Ordering::SeqCst).max(span);
            Uptime {
                start: since.start,
                since_start: Duration::from_millis(longest),
            }
        })
    }

    fn keeping(&self, person: &PersonId) -> Result<Keeping, AppError> {
        let known = || {
            self.leases
                .known
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(keeping) = known().get(person) {
            return Ok(keeping.clone());
        }
        let helping = self.helping(person)?;
        let leases = helping.iter().filter_map(|helping| helping.lease);
        let keeping = match helping.is_empty() {
            true => Keeping::Own,
            false => Keeping::Leases(leases.collect()),
        };
        known().insert(person.clone(), keeping.clone());
        Ok(keeping)
    }

    /// By which grants this phone helps the person; none when it is somebody of its own at some clinic.
    pub(crate) fn helping(&self, person: &PersonId) -> Result<Vec<Helping>, AppError> {
        let account = self.account()?;
        let helping = account.helping(person)?;
        if helping.is_empty() {
            return Ok(helping);
        }
        for link in account.links(person)? {
            let is_helped = helping
                .iter()
                .any(|of| of.clinic == link.clinic && of.patient_id == link.patient_id);
            // What any server tells makes nobody one's own: whoever helps could have added it.
            if !is_helped
                && account
                    .clinic(&link.clinic)?
                    .is_some_and(|clinic| clinic.wire == Wire::Clinic)
            {
                return Ok(Vec::new());
            }
        }
        Ok(helping)
    }

    /// Whether the person's book may be shown.
    pub(crate) fn may_show(&self, person: &PersonId) -> Result<bool, AppError> {
        Ok(match self.keeping(person)? {
            Keeping::Own => true,
            Keeping::Leases(leases) => {
                let now = Some(self.uptime());
                leases.iter().any(|lease| lease.left(now).is_some())
            }
        })
    }

    /// Asks the clinics what this phone may do for a person whom it helps, where it is time to. Nothing for a person of
    /// its own.
    ///
    /// # Errors
    /// Why the clinic could not be asked, when the book cannot be shown without its answer.
    pub(crate) async fn renew_leases(
        &self,
        person: &PersonId,
        cause: Cause,
    ) -> Result<(), AppError> {
        let mut due: Vec<ClinicId> = Vec::new();
        for helping in self.helping(person)? {
            if self.is_due(person, &helping)? {
                due.push(helping.clinic);
            }
        }
        if self.is_left_covered(person)? {
            let links = self.account()?.links(person)?;
            due.extend(links.into_iter().map(|link| link.clinic));
        }
        due.dedup();
        for clinic in due {
            let clinic = self.clinic(clinic.as_str())?;
            if clinic.wire == Wire::Server {
                continue;
            }
            let renewed = self.ask_for_access(&clinic, cause).await;
            if let Err(error) = renewed
                && !self.may_show(person)?
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Whether a crash left the book of somebody of the phone's own covered, who was helped before: the clinic's answer
    /// uncovers it.
    fn is_left_covered(&self, person: &PersonId) -> Result<bool, AppError> {
        let (vault, ring) = (self.vault_of(person)?, &self.vault_ports.ring);
        let is_covered =
            ring.is_leased(&vault).unwrap_or(false) && !ring.has_lease_key(&vault).unwrap_or(true);
        Ok(is_covered && self.helping(person)?.is_empty())
    }

    fn is_due(&self, person: &PersonId, helping: &Helping) -> Result<bool, AppError> {
        let now = self.uptime();
        let left = helping
            .lease
            .as_ref()
            .and_then(|lease| lease.left(Some(now)));
        let (Some(lease), Some(_)) = (&helping.lease, left) else {
            return Ok(true);
        };
        if now.since_start.saturating_sub(lease.from.since_start) >= YOUNG {
            return Ok(true);
        }
        let vault = self.vault_of(person)?;
        Ok(!self.vault_ports.ring.has_lease_key(&vault).unwrap_or(false))
    }

    fn vault_of(&self, person: &PersonId) -> Result<String, AppError> {
        let person = self.account()?.person(person)?;
        Ok(person
            .ok_or_else(|| AppError::not_found("person"))?
            .vault_name)
    }

    async fn ask_for_access(&self, clinic: &ClinicRecord, cause: Cause) -> Result<(), AppError> {
        let client = self.client(clinic)?;
        let asked = self.uptime();
        let answer = self.access_at_pace(&client, cause).await?;
        for access in &answer.access {
            if let Some(person) = self.account()?.person_of(&clinic.id, &access.patient)? {
                self.take_access(&clinic.id, &person.id, access, asked)?;
            }
        }
        for patient in &answer.ended {
            if let Some(person) = self.account()?.person_of(&clinic.id, patient)? {
                self.lose_helped(&person.id, &clinic.id)?;
            }
        }
        Ok(())
    }

    async fn access_at_pace(
        &self,
        client: &ClinicClient,
        cause: Cause,
    ) -> Result<sokhoe_client::AccessAnswer, AppError> {
        let permit = self
            .paces
            .may_call(&client.origin(), cause)
            .map_err(|wait| ClientError::Busy {
                retry_after: Some(self.paces.from_now(wait.0)),
            })?;
        let answer = client.access().await;
        match &answer {
            Ok(_) => permit.succeeded(),
            Err(error) => permit.failed(error),
        }
        Ok(answer?)
    }

    /// Keeps what a clinic says of a person: under a lease since it was asked, or as somebody of the phone's own.
    pub(crate) fn take_access(
        &self,
        clinic: &ClinicId,
        person: &PersonId,
        access: &PersonAccess,
        asked: Uptime,
    ) -> Result<(), AppError> {
        let helping = access.grant.as_ref().map(|grant| Helping {
            clinic: clinic.clone(),
            patient_id: access.patient.clone(),
            scopes: grant.scopes,
            ends: grant.until,
            lease: Some(Lease::given(asked, grant.lease)),
        });
        let (account, ring) = (self.account()?, &self.vault_ports.ring);
        let vault = self.vault_of(person)?;
        // A book is made when it is first opened.
        let unless_new = |result: Result<(), VaultError>| match result {
            Err(VaultError::NotFound) => Ok(()),
            other => other,
        };
        match &helping {
            Some(helping) => {
                // The key first: a crash in between leaves a lease that is over, and the clinic is asked again.
                unless_new(ring.begin_lease(&vault, &access.lease_key))?;
                account.set_helping(helping)?;
            }
            None => {
                let is_leased = ring.is_leased(&vault).unwrap_or(false);
                if is_leased {
                    ring.begin_lease(&vault, &access.lease_key)?;
                }
                account.forget_helping(clinic, &access.patient)?;
                if is_leased && self.helping(person)?.is_empty() {
                    ring.lift_lease(&vault)?;
                }
            }
        }
        self.leases.changed();
        if helping.is_some() && !ring.has_lease_key(&vault).unwrap_or(false) {
            // There is no book yet: an empty one, so that what comes is under the lease from the beginning.
            let _made = self.book(person.as_str())?;
            ring.begin_lease(&vault, &access.lease_key)?;
        }
        Ok(())
    }
}
