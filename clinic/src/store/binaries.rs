//! Which resources decide who is given a Binary. Kept beside the resources, in their transactions, so that
//! `access` can ask it in its queries.

use sokhoe_domain::ResourceKey;
use sokhoe_fhir::{BinaryView, SecurityContext, attachments};

use super::{Sql, StoreError, params};
use crate::fhir_api::types::{Rule, rule_of};

/// The types whose attachments are followed.
const REFERRING: [&str; 3] = ["DiagnosticReport", "DocumentReference", "Media"];
const ADD: &str = "INSERT INTO binary_reference VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";

/// Notes to which Binaries the resource refers, or whose access rules hold for it when it is one.
pub(super) fn note(sql: Sql<'_>, kind: &str, id: &str, json: &str) -> Result<(), StoreError> {
    forget(sql, kind, id)?;
    if kind == "Binary" {
        // One that cannot be read is given to nobody.
        let context = BinaryView::from_json(json)
            .map_or(SecurityContext::Unclear, |binary| binary.security_context);
        match context {
            SecurityContext::Unset => {}
            SecurityContext::Of(key) if rule_of(&key.kind) == Some(Rule::Compartment) => {
                sql.execute(ADD, params![id, true, key.kind, key.id])?;
            }
            SecurityContext::Of(_) | SecurityContext::Unclear => {
                sql.execute(ADD, params![id, true, "", ""])?;
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
            sql.execute(ADD, params![binary.id, false, kind, id])?;
        }
    }
    Ok(())
}

/// Forgets what [`note`] noted.
pub(super) fn forget(sql: Sql<'_>, kind: &str, id: &str) -> Result<(), StoreError> {
    if kind == "Binary" {
        sql.execute(
            "DELETE FROM binary_reference WHERE \"binary\" = ?1 AND is_context",
            params![id],
        )?;
    } else if REFERRING.contains(&kind) {
        sql.execute(
            "DELETE FROM binary_reference WHERE type = ?1 AND id = ?2 AND NOT is_context",
            params![kind, id],
        )?;
    }
    Ok(())
}

/// Notes it for everything that is there: once, when a database from before learns it.
pub(super) fn note_all(sql: Sql<'_>) -> Result<(), StoreError> {
    sql.stream(
        "SELECT type, id, json FROM resource
         WHERE type IN ('Binary', 'DiagnosticReport', 'DocumentReference', 'Media') AND json IS NOT NULL",
        &[],
        |row| {
            note(sql, row.text(0)?, row.text(1)?, row.text(2)?)?;
            Ok(true)
        },
    )
}
