//! What the operations on one visit have in common: who asks is remembered.

use sokhoe_domain::{AccessAction, AccessOperation, GrantScope, GrantScopes};

use crate::access::Access;
use crate::access_log::{Asked, Draft};
use crate::store::{Sql, StoreError};

/// What asking for something of an Appointment leaves in the log.
pub(super) fn noted(
    sql: Sql<'_>,
    access: &Access,
    operation: AccessOperation,
    id: &str,
    was_given: bool,
) -> Result<Vec<Draft>, StoreError> {
    let asked = Asked {
        access,
        operation,
        action: AccessAction::Read,
        kind: "Appointment",
        id: Some(id),
    };
    asked.of_resource(sql, GrantScopes::of(&[GrantScope::Book]), was_given)
}
