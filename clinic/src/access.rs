//! Who may see what. This is the only place that decides it, and everything that a phone is given is read
//! here: each query carries the condition itself, so that there is nothing to forget.
//!
//! * A device proves itself with a key and a token that is bound to it ([`crate::oauth`]).
//! * A session sees of a person's compartment what a grant opens, while it lasts (`access_grant`): asked anew by every
//!   query, with the scopes that [`crate::fhir_api::types`] names for each type.
//! * The directory is open to every session; it is what lies in nobody's compartment, of the types in
//!   [`crate::fhir_api::types`].
//! * A Binary is given to whoever may see the resource that its `securityContext` names, or where it names none,
//!   one that refers to it (FHIR R4, 2.20.2); one that nothing refers to is given to nobody.
//! * A person writes only what [`Access::write`] lets through: readings of their own, of their Patient the words that are
//!   theirs, who helps, and what they ask of what is kept of them.
//! * A system of the clinic's own sees what its scopes open, of everybody ([`crate::backend_services`]). It has no session, so that
//!   nothing that asks for a grant is open to it.
//! * A type without a rule there is denied. What is not granted looks like what is not there.

mod writing;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use sokhoe_domain::ports::Clock;
use sokhoe_domain::{GrantScope, GrantScopes, Timestamp};

use crate::backend_services::{Doing, SystemToken};
use crate::fhir_api::types::{Rule, rule_of, scopes_of};
use crate::store::{Dialect, Row, Sql, StoreError, params};
pub(crate) use writing::{Effect, WRITABLE, Writing};

/// The persons of session `?1` for whom it has one of these scopes at the time that a parameter says, while it is not
/// revoked: the one condition of every query.
fn granted_to_session(scopes: GrantScopes, now: Parameter) -> String {
    let bits = scopes.bits();
    format!(
        "SELECT g.patient FROM access_grant g JOIN session s ON s.pk = g.session
         WHERE g.session = ?1 AND g.scopes & {bits} <> 0 AND {}",
        in_force(now)
    )
}

/// Whether grant `g` of session `s` is in force.
fn in_force(now: Parameter) -> String {
    format!("g.ended IS NULL AND (g.ends IS NULL OR g.ends > {now}) AND s.revoked IS NULL")
}

/// A parameter of a query, as `?5`.
type Parameter = &'static str;

/// No session has this number.
const NO_SESSION: i64 = 0;

/// Changes that are looked up at a time.
const FEED_PIECE: usize = 1024;

/// A device that proved itself, and by it the persons it was granted.
#[derive(Clone)]
pub(crate) struct Access {
    session: i64,
    device: String,
    /// What it is instead of a device, if it is.
    system: Option<Arc<SystemToken>>,
    /// A request may wait, and grants end meanwhile.
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// A resource as it is served.
#[derive(Debug)]
pub(crate) struct Stored {
    pub pk: i64,
    pub id: String,
    pub version: i64,
    pub updated: Timestamp,
    pub json: String,
    /// In whose compartment it lies.
    pub patient: Option<String>,
}

/// One change of a person's feed; no JSON when deleted.
pub(crate) struct FeedRow<'a> {
    pub kind: &'a str,
    pub id: &'a str,
    pub version: i64,
    pub at: Timestamp,
    pub json: Option<&'a str>,
}

/// What is granted of one person.
#[derive(Debug)]
pub(crate) struct Granted {
    pub patient: String,
    pub scopes: GrantScopes,
    pub ends: Option<Timestamp>,
    /// Whether it is somebody else's grant, not a phone of the person's own.
    pub is_helping: bool,
}

/// Which resources a search looks at, before it looks into them.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    /// Only this person's.
    pub patient: Option<&'a str>,
    /// Only these ids; empty for all.
    pub ids: &'a BTreeSet<String>,
    /// Only after this place in the order.
    pub after: i64,
}

impl Access {
    /// The device's id, to bind cursors to.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The session, as the log knows it.
    pub fn session(&self) -> i64 {
        self.session
    }

    /// The system that it is, if it is one.
    pub fn system(&self) -> Option<&SystemToken> {
        self.system.as_deref()
    }

    /// The clinic's time.
    pub fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millis()
    }

    /// Whether the session may do this for the person.
    pub fn may(&self, sql: Sql<'_>, patient: &str, scope: GrantScope) -> Result<bool, StoreError> {
        Ok(self.scopes(sql, patient)?.has(scope))
    }

    /// What the session may do for the person; none: they are not there for it.
    pub fn scopes(&self, sql: Sql<'_>, patient: &str) -> Result<GrantScopes, StoreError> {
        Ok(self.grant(sql, patient)?.0)
    }

    /// The same, until when, and by which Consent, where it is somebody else's phone.
    pub fn grant(
        &self,
        sql: Sql<'_>,
        patient: &str,
    ) -> Result<(GrantScopes, Option<Timestamp>, Option<String>), StoreError> {
        let found: Option<(i64, Option<i64>, Option<String>)> = sql.first(
            &format!(
                "SELECT g.scopes, g.ends, g.consent FROM access_grant g JOIN session s ON s.pk = g.session
                 WHERE g.session = ?1 AND g.patient = ?2 AND {}",
                in_force("?3")
            ),
            params![self.session, patient, self.now()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let Some((bits, ends, consent)) = found else {
            return Ok((GrantScopes::default(), None, None));
        };
        let ends = ends.map(Timestamp::from_millis);
        Ok((scopes_of_bits(bits)?, ends, consent))
    }

    /// Whether it is a phone of the person's own, not a helper's.
    pub fn is_own(&self, sql: Sql<'_>, patient: &str) -> Result<bool, StoreError> {
        let granted = self.granted(sql)?;
        let is_it = |granted: &Granted| granted.patient == patient && !granted.is_helping;
        Ok(granted.iter().any(is_it))
    }

    /// Everybody of whom the session may do anything.
    pub fn granted(&self, sql: Sql<'_>) -> Result<Vec<Granted>, StoreError> {
        sql.rows(
            &format!(
                "SELECT g.patient, g.scopes, g.ends, g.consent IS NOT NULL
                 FROM access_grant g JOIN session s ON s.pk = g.session
                 WHERE g.session = ?1 AND {} ORDER BY g.patient",
                in_force("?2")
            ),
            params![self.session, self.now()],
            |row| {
                Ok(Granted {
                    patient: row.get(0)?,
                    scopes: scopes_of_bits(row.get(1)?)?,
                    ends: row.get::<Option<i64>>(2)?.map(Timestamp::from_millis),
                    is_helping: row.get(3)?,
                })
            },
        )
    }

    /// Everybody whom the session could once see and no longer may.
    pub fn ended(&self, sql: Sql<'_>) -> Result<Vec<String>, StoreError> {
        sql.rows(
            "SELECT patient FROM access_grant
             WHERE session = ?1 AND (ended IS NOT NULL OR ends <= ?2) ORDER BY patient",
            params![self.session, self.now()],
            |row| row.get(0),
        )
    }

    /// Whether the session could once see the person and no longer may: it alone is told so.
    pub fn has_ended(&self, sql: Sql<'_>, patient: &str) -> Result<bool, StoreError> {
        sql.exists(
            "SELECT 1 FROM access_grant
             WHERE session = ?1 AND patient = ?2 AND (ended IS NOT NULL OR ends <= ?3)",
            params![self.session, patient, self.now()],
        )
    }

    /// How many resources a feed from its beginning has; none of a person of whom not everything is granted.
    pub fn feed_length(&self, sql: Sql<'_>, patient: &str) -> Result<u64, StoreError> {
        let granted = granted_to_session(GrantScopes::of(&[GrantScope::SeeEverything]), "?3");
        sql.one(
            &format!("SELECT count(*) FROM change WHERE patient = ?2 AND ?2 IN ({granted})"),
            params![self.session, patient, self.now()],
            |row| row.get(0).map(i64::unsigned_abs),
        )
    }

    /// The resource, when it is there and granted.
    pub fn read(&self, sql: Sql<'_>, kind: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        let Some(system) = &self.system else {
            return self.read_under(sql, kind, id, scopes_of(kind));
        };
        let Some(condition) = open_to_system(kind, system, Doing::Read, "?4") else {
            return Ok(None);
        };
        sql.first(
            &format!(
                "SELECT pk, id, version, updated, json, patient FROM resource
                 WHERE type = ?2 AND id = ?3 AND json IS NOT NULL AND {condition}"
            ),
            params![system.client, kind, id, self.now()],
            stored,
        )
    }

    /// The same for whoever may do this with it.
    pub fn read_to(
        &self,
        sql: Sql<'_>,
        kind: &str,
        id: &str,
        scope: GrantScope,
    ) -> Result<Option<Stored>, StoreError> {
        self.read_under(sql, kind, id, GrantScopes::of(&[scope]))
    }

    fn read_under(
        &self,
        sql: Sql<'_>,
        kind: &str,
        id: &str,
        scopes: GrantScopes,
    ) -> Result<Option<Stored>, StoreError> {
        let Some(condition) = condition(kind, scopes, "?4") else {
            return Ok(None);
        };
        sql.first(
            &format!(
                "SELECT pk, id, version, updated, json, patient FROM resource
                 WHERE type = ?2 AND id = ?3 AND json IS NOT NULL AND {condition}"
            ),
            params![self.session, kind, id, self.now()],
            stored,
        )
    }

    /// Gives `each` the granted resources of a type in a steady order, until it says to stop.
    pub fn search(
        &self,
        sql: Sql<'_>,
        kind: &str,
        scope: &Scope<'_>,
        mut each: impl FnMut(Stored) -> bool,
    ) -> Result<(), StoreError> {
        let (who, granted) = match &self.system {
            Some(system) => (system.client, searched_by_system(kind, system)),
            None => (self.session, granted(kind, scope.patient.is_some())),
        };
        let Some(granted) = granted else {
            return Ok(());
        };
        let now = self.now();
        let params = params![who, kind, scope.after, scope.patient, now];
        if !scope.ids.is_empty() {
            let mut found = Vec::new();
            for id in scope.ids {
                found.extend(sql.first(
                    &format!(
                        "SELECT pk, id, version, updated, json, patient FROM resource
                         WHERE id = ?6 AND json IS NOT NULL AND {granted}"
                    ),
                    params![who, kind, scope.after, scope.patient, now, id],
                    stored,
                )?);
            }
            found.sort_by_key(|stored: &Stored| stored.pk);
            let _told_all_it_wants = found.into_iter().all(each);
            return Ok(());
        }
        match sql.dialect() {
            // Only numbers are sorted: what is read row by row is not.
            Dialect::Sqlite => sql.stream(&places(&granted), params, |row| {
                let found = sql.first(
                    "SELECT pk, id, version, updated, json, patient FROM resource
                     WHERE pk = ?1 AND json IS NOT NULL",
                    params![row.get::<i64>(0)?],
                    stored,
                )?;
                Ok(found.is_none_or(&mut each))
            }),
            // There each question is a journey.
            Dialect::Postgres => sql.stream(
                &format!(
                    "SELECT pk, id, version, updated, json, patient FROM resource
                     WHERE json IS NOT NULL AND {granted} ORDER BY pk"
                ),
                params,
                |row| Ok(each(stored(row)?)),
            ),
        }
    }

    /// Gives `each` the person's changes after `after` in the order of their commits, until it says to stop
    /// (the row it says so at counts as not seen), and answers with the last one seen. What a read denies is passed by.
    /// Nothing when the person is not granted.
    pub fn feed(
        &self,
        sql: Sql<'_>,
        patient: &str,
        after: i64,
        mut each: impl FnMut(FeedRow<'_>) -> bool,
    ) -> Result<Option<i64>, StoreError> {
        // A session's scopes never change, only whether they are in force.
        let scopes = self.scopes(sql, patient)?;
        if scopes.is_empty() {
            return Ok(None);
        }
        // For SQLite's planner a CROSS JOIN is an order; PostgreSQL has no condition on one.
        let join = match sql.dialect() {
            Dialect::Sqlite => "CROSS JOIN",
            Dialect::Postgres => "JOIN",
        };
        // Without a limit PostgreSQL would sort all of a long feed to give its beginning.
        let granted = granted_to_session(GrantScopes::ALL, "?4");
        let feed = format!(
            "SELECT c.seq, r.type, r.id, c.version, c.deleted, c.at, r.json
             FROM change c {join} resource r ON r.pk = c.resource
             WHERE c.patient = ?2 AND c.seq > ?3 AND ?2 IN ({granted})
             ORDER BY c.seq LIMIT {FEED_PIECE}"
        );
        let mut seen = after;
        loop {
            let (mut rows, mut wants_more) = (0, true);
            let from = seen;
            sql.stream(
                &feed,
                params![self.session, patient, from, self.now()],
                |row| {
                    rows += 1;
                    let kind = row.text(1)?;
                    let opened = scopes.meets(scopes_of(kind));
                    if opened && rule_of(kind) == Some(Rule::Compartment) {
                        let deleted: bool = row.get(4)?;
                        wants_more = each(FeedRow {
                            kind,
                            id: row.text(2)?,
                            version: row.get(3)?,
                            at: Timestamp::from_millis(row.get(5)?),
                            json: row.text_or_null(6)?.filter(|_| !deleted),
                        });
                    }
                    if wants_more {
                        seen = row.get(0)?;
                    }
                    Ok(wants_more)
                },
            )?;
            if !wants_more || rows < FEED_PIECE {
                break;
            }
        }
        Ok(Some(seen))
    }

    /// The granted persons' Patient resources.
    pub fn patients(&self, sql: Sql<'_>) -> Result<Vec<Stored>, StoreError> {
        let mut patients = Vec::new();
        let all = BTreeSet::new();
        let scope = Scope {
            patient: None,
            ids: &all,
            after: 0,
        };
        self.search(sql, "Patient", &scope, |patient| {
            patients.push(patient);
            true
        })?;
        Ok(patients)
    }

    /// The new session of a device that proved another one of its own may see whom that one may see.
    pub fn inherit(&self, sql: Sql<'_>, earlier: &Self) -> Result<(), StoreError> {
        // What has ended goes along: the device may not have asked since.
        sql.execute(
            "INSERT INTO access_grant (session, patient, ended, scopes, ends, consent)
             SELECT CAST(?2 AS BIGINT), patient, ended, scopes, ends, consent
             FROM access_grant WHERE session = ?1
             ON CONFLICT DO NOTHING",
            params![earlier.session, self.session],
        )?;
        Ok(())
    }

    /// Of a session that proved itself, or that was opened in this very transaction.
    pub fn of_session(session: i64, device: &str, clock: &Arc<dyn Clock>) -> Self {
        Self {
            session,
            device: device.to_owned(),
            system: None,
            clock: Arc::clone(clock),
        }
    }

    /// Of a system whose token is still good.
    pub fn of_system(token: SystemToken, clock: &Arc<dyn Clock>) -> Self {
        Self {
            session: NO_SESSION,
            // To bind cursors to: a device's id has no space.
            device: format!("system {}", token.client),
            system: Some(Arc::new(token)),
            clock: Arc::clone(clock),
        }
    }
}

/// Takes the access to a person away: from one device, or from all. How many lost it.
pub(crate) fn end(
    sql: Sql<'_>,
    patient: &str,
    device: Option<&str>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    sql.execute(
        "UPDATE access_grant SET ended = ?3
         WHERE patient = ?1 AND ended IS NULL
           AND session IN (SELECT pk FROM session WHERE CAST(?2 AS TEXT) IS NULL OR device = ?2)",
        params![patient, device, now.as_millis()],
    )
}

/// Whether there is any session that may book for the person: somebody who could be offered a time.
pub(crate) fn has_booker(sql: Sql<'_>, patient: &str, now: Timestamp) -> Result<bool, StoreError> {
    let book = GrantScope::Book.bit();
    sql.exists(
        &format!(
            "SELECT 1 FROM access_grant g JOIN session s ON s.pk = g.session
             WHERE g.patient = ?1 AND g.scopes & {book} <> 0 AND {}",
            in_force("?2")
        ),
        params![patient, now.as_millis()],
    )
}

fn scopes_of_bits(bits: i64) -> Result<GrantScopes, StoreError> {
    let bits = u16::try_from(bits).ok();
    bits.and_then(GrantScopes::from_bits)
        .ok_or(StoreError::Unexpected)
}

/// The condition under which a resource of the type is served to session `?1` that has one of these scopes; none: never.
fn condition(kind: &str, scopes: GrantScopes, now: Parameter) -> Option<String> {
    let granted = granted_to_session(scopes, now);
    match rule_of(kind)? {
        Rule::Directory => Some(
            // The time is a parameter of every query.
            format!("patient IS NULL AND CAST({now} AS BIGINT) IS NOT NULL
                     AND EXISTS (SELECT 1 FROM session WHERE pk = ?1 AND revoked IS NULL)"),
        ),
        Rule::Compartment => Some(format!("patient IN ({granted})")),
        // A context takes the place of all references: either only contexts count or only these.
        Rule::Referred => Some(format!(
            "EXISTS (SELECT 1 FROM binary_reference b
                     JOIN resource r ON r.type = b.type AND r.id = b.id
                     WHERE b.\"binary\" = resource.id AND r.json IS NOT NULL AND r.patient IN ({granted})
                       AND b.is_context = EXISTS (SELECT 1 FROM binary_reference c
                                                  WHERE c.\"binary\" = resource.id AND c.is_context))"
        )),
    }
}

/// The condition under which a resource of the type is served to system `?1` that wants to do this; none: never. Everybody's
/// are, also a directory's, and a Binary that a resource refers to which it may read.
fn open_to_system(
    kind: &str,
    system: &SystemToken,
    doing: Doing,
    now: Parameter,
) -> Option<String> {
    let rule = rule_of(kind).filter(|_| system.scopes.open(kind, doing))?;
    let whose = match rule {
        Rule::Directory => "patient IS NULL".to_owned(),
        Rule::Compartment => "patient IS NOT NULL".to_owned(),
        Rule::Referred => {
            let readable = match system.scopes.read_types() {
                None => String::new(),
                // Names of types that are served, which need no quoting.
                Some(types) => format!("AND r.type IN ('{}')", types.join("','")),
            };
            format!(
                "EXISTS (SELECT 1 FROM binary_reference b
                         JOIN resource r ON r.type = b.type AND r.id = b.id
                         WHERE b.\"binary\" = resource.id AND r.json IS NOT NULL {readable})"
            )
        }
    };
    Some(format!(
        "{whose} AND CAST({now} AS BIGINT) IS NOT NULL
         AND EXISTS (SELECT 1 FROM system_client WHERE pk = ?1 AND revoked IS NULL)"
    ))
}

/// What system `?1` may search at `?5` of type `?2` after place `?3`: of person `?4` alone, or with null of all.
fn searched_by_system(kind: &str, system: &SystemToken) -> Option<String> {
    let condition = open_to_system(kind, system, Doing::Search, "?5")?;
    (rule_of(kind)? != Rule::Referred).then(|| {
        format!(
            "type = ?2 AND pk > ?3 AND (CAST(?4 AS TEXT) IS NULL OR patient = ?4) AND {condition}"
        )
    })
}

/// What is granted at `?5` of type `?2` after place `?3`: of person `?4` alone, or with null of all.
fn granted(kind: &str, of_one: bool) -> Option<String> {
    let scopes = scopes_of(kind);
    let condition = match (rule_of(kind)?, of_one) {
        (Rule::Referred, _) => return None,
        (Rule::Compartment, true) => {
            let granted = granted_to_session(scopes, "?5");
            format!("patient = ?4 AND ?4 IN ({granted})")
        }
        (Rule::Compartment | Rule::Directory, _) => {
            let condition = condition(kind, scopes, "?5")?;
            format!("{condition} AND CAST(?4 AS TEXT) IS NULL")
        }
    };
    Some(format!("type = ?2 AND pk > ?3 AND {condition}"))
}

/// Their places, in their order. Only numbers are sorted, and for one person not even they.
fn places(granted: &str) -> String {
    format!("SELECT pk FROM resource WHERE {granted} ORDER BY pk")
}

fn stored(row: Row<'_>) -> Result<Stored, StoreError> {
    Ok(Stored {
        pk: row.get(0)?,
        id: row.get(1)?,
        version: row.get(2)?,
        updated: Timestamp::from_millis(row.get(3)?),
        json: row.get(4)?,
        patient: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use sokhoe_testing::FakeClock;

    use super::*;

    fn still() -> Arc<dyn Clock> {
        Arc::new(FakeClock::at("2026-11-23T06:00:00+07:00"))
    }

    #[test]
    fn a_revoked_session_is_granted_nothing_by_the_queries_themselves() {
        let database = crate::store::InMemory::new();
        let connection = database.connection();
        let sql = database.sql();
        connection
            .execute_batch(
                "INSERT INTO session (pk, device, device_name, family, created) VALUES (1, 'device', '', x'00', 0);
             INSERT INTO access_grant (session, patient) VALUES (1, 'p');
             INSERT INTO resource VALUES (1, 'Patient', 'p', 1, 'p', 0, '{}'),
                                         (2, 'Location', 'l', 1, NULL, 0, '{}'),
                                         (3, 'Binary', 'b', 1, NULL, 0, '{}');
             INSERT INTO binary_reference VALUES ('b', 1, 'Patient', 'p');",
            )
            .unwrap();
        let access = Access::of_session(1, "device", &still());
        let granted = || {
            [
                access.may(sql, "p", GrantScope::Book).unwrap(),
                access.read(sql, "Patient", "p").unwrap().is_some(),
                access.read(sql, "Location", "l").unwrap().is_some(),
                access.read(sql, "Binary", "b").unwrap().is_some(),
                access.feed(sql, "p", 0, |_| true).unwrap().is_some(),
                !access.patients(sql).unwrap().is_empty(),
            ]
        };
        assert_eq!(granted(), [true; 6]);
        connection
            .execute("UPDATE session SET revoked = 1", [])
            .unwrap();
        assert_eq!(granted(), [false; 6]);
    }

    #[test]
    fn a_search_sorts_at_most_numbers() {
        let database = crate::store::InMemory::new();
        let connection = database.connection();
        let plan = |kind: &str, patient: Option<&str>| -> String {
            let query = places(&granted(kind, patient.is_some()).unwrap());
            let mut plan = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {query}"))
                .unwrap();
            let steps = plan
                .query_map(rusqlite::params![1, kind, 0, patient, 0], |row| {
                    row.get::<_, String>(3)
                })
                .unwrap();
            steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
        };
        for (kind, patient) in [("Observation", Some("p")), ("Location", None)] {
            let plan = plan(kind, patient);
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
            assert!(
                plan.contains("COVERING INDEX resource_of_patient"),
                "{plan}"
            );
        }
        let plan = plan("Observation", None);
        assert!(
            plan.contains("COVERING INDEX resource_of_patient"),
            "{plan}"
        );
    }
}
