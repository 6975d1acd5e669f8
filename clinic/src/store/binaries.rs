//! Which resources decide who is given a Binary. Kept beside the resources, in their transactions, so that
//! `access` can ask it in its queries.

use rusqlite::{Connection, params};
use sokhoe_domain::ResourceKey;
use sokhoe_fhir::{BinaryView, SecurityContext, attachments};

use super::StoreError;
use crate::fhir_api::types::{Rule, rule_of};

/// The types whose attachments are followed.
const REFERRING: [&str; 3] = ["DiagnosticReport", "DocumentReference", "Media"];

/// Notes to which Binaries the resource refers, or whose access rules hold for it when it is one.
pub(super) fn note(sql: &Connection, kind: &str, id: &str, json: &str) -> Result<(), StoreError> {
    forget(sql, kind, id)?;
    let mut add =
        sql.prepare_cached("INSERT OR IGNORE INTO binary_reference VALUES (?1, ?2, ?3, ?4)")?;
    if kind == "Binary" {
        // One that cannot be read is given to nobody.
        let context = BinaryView::from_json(json)
            .map_or(SecurityContext::Unclear, |binary| binary.security_context);
        match context {
            SecurityContext::Unset => {}
            SecurityContext::Of(key) if rule_of(&key.kind) == Some(Rule::Compartment) => {
                add.execute(params![id, true, key.kind, key.id])?;
            }
            SecurityContext::Of(_) | SecurityContext::Unclear => {
                add.execute(params![id, true, "", ""])?;
            }
        }
    } else if REFERRING.contains(&kind) {
        // Only by relative references: whose server an absolute address is, the data do not say.
        let named = attachments(json)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|attachment| ResourceKey::parse(&attachment.url?))
            .filter(|key| key.kind == "Binary");
        for binary in named {
            add.execute(params![binary.id, false, kind, id])?;
        }
    }
    Ok(())
}

/// Forgets what [`note`] noted.
pub(super) fn forget(sql: &Connection, kind: &str, id: &str) -> Result<(), StoreError> {
    if kind == "Binary" {
        sql.prepare_cached("DELETE FROM binary_reference WHERE binary = ?1 AND is_context")?
            .execute([id])?;
    } else if REFERRING.contains(&kind) {
        sql.prepare_cached(
            "DELETE FROM binary_reference WHERE type = ?1 AND id = ?2 AND NOT is_context",
        )?
        .execute([kind, id])?;
    }
    Ok(())
}

/// Notes it for everything that is there: once, when a database from before learns it.
pub(super) fn note_all(sql: &Connection) -> Result<(), StoreError> {
    let mut resources = sql.prepare(
        "SELECT type, id, json FROM resource
         WHERE type IN ('Binary', 'DiagnosticReport', 'DocumentReference', 'Media') AND json IS NOT NULL",
    )?;
    let mut rows = resources.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, id, json): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        note(sql, &kind, &id, &json)?;
    }
    Ok(())
}
