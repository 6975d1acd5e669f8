//! A grant of a person's phone that the helper's phone brings: the first may have had no network since.

use std::time::Duration;

use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, Timestamp};
use sokhoe_fhir::consent::{Giver, Grant, Shown};
use sokhoe_qr::signed::CarriedGrant;

use super::own;
use crate::access::{Access, Effect, Writing};
use crate::access_log::Asked;
use crate::clinic::Inner;
use crate::keys::sha256;
use crate::oauth::{sessions_of_key, thumbprint_of_point};
use crate::store::{StoreError, Tx, resources};

/// For so much a phone's clock may be ahead that had no network to set it by.
const AHEAD: Duration = Duration::from_secs(86_400);

/// Writes what a word says as if its phone had: decided by the same rules. Whether the invitation with this code is known from
/// now on; a word that is not believed leaves nothing.
pub(crate) fn take(
    tx: &mut Tx<'_>,
    inner: &Inner,
    word: &[u8],
    code: &str,
) -> Result<bool, StoreError> {
    let Ok((carried, key)) = CarriedGrant::read(word, code) else {
        return Ok(false);
    };
    let now = tx.now();
    let is_of_now = carried.given <= now.plus(AHEAD) && now < carried.given.plus(own::INVITED_FOR);
    if !is_of_now {
        return Ok(false);
    }
    let grant = grant(carried, code);
    let json = grant.to_json();
    for access in sessions_of_key(tx.sql(), inner, thumbprint_of_point(&key), now)? {
        let writing = access.write(tx.sql(), "Consent", &grant.id, None, &json)?;
        // One that the clinic knows in any form decides itself, also when it is over by now.
        if let Writing::Write {
            patient,
            json,
            new: true,
            effect: Effect::Grant(own::Change::Invites(invited)),
        } = writing
        {
            note(tx, &access, &patient, &grant.id, now);
            own::invite(tx, &invited)?;
            resources::put(tx, "Consent", &grant.id, Some(&patient), &json)?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn note(tx: &mut Tx<'_>, access: &Access, patient: &str, consent: &str, now: Timestamp) {
    let asked = Asked {
        access,
        operation: AccessOperation::Write,
        action: AccessAction::Create,
        kind: "Consent",
        id: Some(consent),
    };
    tx.note(asked.draft(patient, AccessOutcome::Done, now));
}

/// The Consent that the phone itself will send.
fn grant(carried: CarriedGrant, code: &str) -> Grant {
    Grant {
        id: carried.id,
        patient: carried.patient,
        helper: carried.helper,
        scopes: carried.scopes,
        given: carried.given,
        until: carried.until,
        giver: match carried.guardian {
            None => Giver::Person,
            Some((name, child_agrees)) => Giver::Guardian { name, child_agrees },
        },
        shown_hash: sha256(carried.shown.as_bytes()),
        shown: Shown {
            text: carried.shown,
            language: carried.language,
            version: carried.version,
        },
        invitation_hash: Some(sha256(code.as_bytes())),
        active: true,
    }
}
