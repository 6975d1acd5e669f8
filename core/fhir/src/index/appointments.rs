//! Appointments.

use sokhoe_domain::Section;

use super::row::{Book, Row, Words};
use crate::json::Node;
use crate::values;

pub(super) fn appointment(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let actor = |kind: &str| {
        root.get("participant")
            .items()
            .map(|participant| participant.get("actor"))
            .find(|actor| {
                actor
                    .str("reference")
                    .is_some_and(|reference| reference.split('/').any(|part| part == kind))
            })
            .and_then(|actor| actor.str("display"))
    };
    let service = words
        .first_concept(root.get("serviceType"))
        .or_else(|| words.text(actor("HealthcareService")));
    let specialty = words.first_concept(root.get("specialty"));
    let title = service
        .or(specialty)
        .or_else(|| words.text(root.str("description")))
        .or_else(|| words.concept(root.get("appointmentType")))
        .or_else(|| words.first_concept(root.get("reasonCode")));
    let detail = values::joined([actor("Practitioner"), actor("Location")], " · ");
    book.add(Row {
        detail: detail.unwrap_or_default(),
        when: values::first_when(root, &["start", "requestedPeriod", "created"]),
        ..Row::new(Section::Appointments, title, "Lịch hẹn", words)
    });
}
