//! Bookings and pages that are told apart by a number, so that two processes mean the same by it.

use sokhoe_app::domain::{BookingState, ClinicId, IntentId, ResourceKey, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::SeededRng;
use sokhoe_vault::{IntentKind, NewIntent, Page, StoredBooking, Vault, VaultError};

/// The clinic of all of them.
#[must_use]
pub fn clinic() -> ClinicId {
    ClinicId::from("a")
}

/// The booking of this number.
#[must_use]
pub fn booking(number: u32, state: BookingState) -> StoredBooking {
    let start = Timestamp::from_millis(i64::from(number) * 1_000);
    StoredBooking {
        id: IntentId::new(start, &SeededRng::new(u64::from(number))),
        clinic: clinic(),
        start,
        end: start,
        service: "Khám nội".to_owned(),
        practitioner: String::new(),
        location: String::new(),
        state,
        updated: start,
        asked: None,
        occurrence: None,
        changeable_until: None,
    }
}

/// Keeps the booking of this number and the intent that asks for it.
///
/// # Errors
/// [`VaultError`]
pub fn enqueue(vault: &Vault, number: u32) -> Result<(), VaultError> {
    let booking = booking(number, BookingState::WaitingForNetwork);
    let intent = NewIntent {
        id: booking.id,
        clinic: clinic(),
        kind: IntentKind::Book,
        thing: booking.id.to_string(),
        body: "{}".to_owned(),
        created: booking.start,
    };
    vault.enqueue(&intent, &booking)
}

/// Takes in the page of this number: three resources, each new or changed.
///
/// # Errors
/// [`VaultError`]
pub fn apply_page(vault: &Vault, number: u32) -> Result<(), VaultError> {
    let resources: Vec<(String, String)> = (number..number + 3)
        .map(|n| {
            let id = format!("c{}", n % 24);
            let json = format!(
                r#"{{"resourceType":"Condition","id":"{id}","code":{{"text":"Dị ứng đào {number}"}},"recordedDate":"2026-02-{:02}"}}"#,
                n % 28 + 1
            );
            (id, json)
        })
        .collect();
    let changes: Vec<Change<'_>> = resources
        .iter()
        .map(|(id, json)| Change::Put {
            key: ResourceKey::new("Condition", id),
            version: None,
            json,
        })
        .collect();
    let page = Page {
        clinic: &clinic(),
        changes: &changes,
        cursor: &number.to_string(),
        received: Timestamp::from_millis(1),
        bookings: &[],
        events: &[],
    };
    vault.apply(&page).map(drop)
}
