//! What the core shows, as JSON for programs. Times are FHIR instants, money is whole đồng.

use serde_json::{Value, json};
use sokhoe_app::{
    AttachmentState, AttachmentView, BookingStatus, BookingView, ClinicView, ConflictView,
    ContactView, DeadlineView, EntryDetailView, EntryView, EventView, InvoiceView, Paper,
    PaperView, ParkedView, PaymentQrView, PaymentStatus, PersonView, QueueView, SeriesTimesView,
    ServiceView, SlotView, SyncStateView, SyncStatus, SyncView, TrendView, TripTimesView, TripView,
};
use sokhoe_domain::{Timestamp, VisitMode, Vnd};

/// Each of them in its form.
pub(crate) fn list<T>(things: &[T], form: impl Fn(&T) -> Value) -> Value {
    things.iter().map(form).collect()
}

/// A person.
pub(crate) fn person(view: &PersonView) -> Value {
    let helping = view.helping.as_ref().map(|helping| {
        json!({"scopes": helping.scopes, "until": helping.until.map(Timestamp::to_fhir), "needs_network": helping.needs_network, "text": helping.text})
    });
    json!({"id": view.id, "name": view.name, "birth_date": view.birth_date, "clinic_ids": view.clinic_ids, "helping": helping})
}

/// A clinic.
pub(crate) fn clinic(view: &ClinicView) -> Value {
    json!({"id": view.id, "name": view.name, "base_url": view.base_url})
}

/// A service.
pub(crate) fn service(view: &ServiceView) -> Value {
    json!({"id": view.id, "name": view.name, "specialty": view.specialty, "specialty_code": view.specialty_code, "price_text": view.price_text})
}

/// A free time.
pub(crate) fn slot(view: &SlotView) -> Value {
    json!({
        "id": view.id,
        "clinic_id": view.clinic_id,
        "start": view.start.to_fhir(),
        "end": view.end.to_fhir(),
        "when_text": view.when_text,
        "service": view.service,
        "practitioner": view.practitioner,
        "location": view.location,
        "price_text": view.price_text,
        "price": view.price.map(Vnd::dong),
        "estimate": view.estimate.as_ref().map(|estimate| json!({
            "insurance_pays": estimate.insurance_pays.map(Vnd::dong),
            "remains": estimate.remains.map(Vnd::dong),
            "text": estimate.text,
        })),
        "practitioner_id": view.practitioner_id,
        "specialty": view.specialty,
        "languages": view.languages,
        "languages_text": view.languages_text,
        "step_free": view.step_free,
        "step_free_text": view.step_free_text,
        "mode": view.mode.map(VisitMode::code),
        "mode_text": view.mode_text,
        "deadline": view.deadline.as_ref().map(deadline),
        "untold_text": view.untold_text,
    })
}

/// Something to take along.
pub(crate) fn paper(view: &PaperView) -> Value {
    let paper = match view.paper {
        Paper::Identity => "identity",
        Paper::InsuranceCard => "insurance_card",
        Paper::Referral => "referral",
        Paper::ReexaminationSlip => "reexamination_slip",
        Paper::EarlierResults => "earlier_results",
        Paper::Medicines => "medicines",
    };
    json!({"paper": paper, "name": view.name, "note": view.note})
}

/// A document of a row; `number` is what `open-attachment` takes.
pub(crate) fn attachment(view: &AttachmentView) -> Value {
    let state = match view.state {
        AttachmentState::Inline => "inline",
        AttachmentState::Here => "here",
        AttachmentState::AtClinic => "at_clinic",
        AttachmentState::Gone => "gone",
        AttachmentState::Elsewhere => "elsewhere",
    };
    json!({
        "number": view.index + 1,
        "title": view.title,
        "content_type": view.content_type,
        "size": view.size,
        "state": state,
        "state_text": view.state_text,
    })
}

/// A booking.
pub(crate) fn booking(view: &BookingView) -> Value {
    let alternatives: Vec<String> = view.alternatives.iter().map(|at| at.to_fhir()).collect();
    json!({
        "id": view.id,
        "person_id": view.person_id,
        "clinic_id": view.clinic_id,
        "start": view.start.to_fhir(),
        "end": view.end.to_fhir(),
        "when_text": view.when_text,
        "service": view.service,
        "practitioner": view.practitioner,
        "location": view.location,
        "status": booking_status(view.status),
        "status_text": view.status_text,
        "cancelling": view.cancelling,
        "moving_to": view.moving_to.map(|at| at.to_fhir()),
        "alternatives": alternatives,
        "deadline": view.deadline.as_ref().map(deadline),
        "asked": view.asked.map(|at| at.to_fhir()),
        "waiting": view.waiting.as_ref().map(|waiting| json!({
            "since": waiting.since.map(|at| at.to_fhir()),
            "offered_until": waiting.offered_until.map(|at| at.to_fhir()),
            "is_short": waiting.is_short,
            "taking": waiting.taking,
            "declining": waiting.declining,
        })),
        "trip": view.trip.as_ref().map(trip),
        "series": view.series.as_ref().map(|series| json!({
            "id": series.id,
            "number": series.number,
            "coming": series.coming,
            "text": series.text,
        })),
        "queue": view.queue.as_ref().map(queue),
    })
}

/// Until when something can be changed.
fn deadline(view: &DeadlineView) -> Value {
    json!({"until": view.until.to_fhir(), "is_over": view.is_over, "text": view.text})
}

/// How somebody stands in a clinic's queue.
pub(crate) fn queue(view: &QueueView) -> Value {
    json!({
        "number": view.number,
        "state": view.state.code(),
        "ahead": view.ahead,
        "expected": view.expected.map(Timestamp::to_fhir),
        "station": view.station,
        "as_of": view.as_of.to_fhir(),
        "is_old": view.is_old,
        "text": view.text,
    })
}

/// With whom a booking belongs together.
fn trip(view: &TripView) -> Value {
    let others: Value = list(&view.others, |other| {
        json!({
            "person_id": other.person_id,
            "name": other.name,
            "booking_id": other.booking_id,
            "start": other.start.to_fhir(),
            "status": other.status.map(booking_status),
        })
    });
    json!({
        "id": view.id,
        "others": others,
        "text": view.text,
        "other_times": list(&view.other_times, trip_times),
    })
}

/// Times for a series.
pub(crate) fn series_times(view: &SeriesTimesView) -> Value {
    let days: Value = list(
        &view.days,
        |day| json!({"day": day.day, "slot": day.slot.as_ref().map(slot), "text": day.text}),
    );
    json!({
        "days": days,
        "price": view.price.map(Vnd::dong),
        "remains": view.remains.map(Vnd::dong),
        "most_visits": view.most_visits,
        "text": view.text,
    })
}

/// Neighbouring times for several people.
pub(crate) fn trip_times(view: &TripTimesView) -> Value {
    let visits: Value = list(
        &view.visits,
        |visit| json!({"person_id": visit.person_id, "slot": slot(&visit.slot)}),
    );
    json!({
        "visits": visits,
        "start": view.start.to_fhir(),
        "end": view.end.to_fhir(),
        "price": view.price.map(Vnd::dong),
        "waiting_minutes": view.waiting_minutes,
        "text": view.text,
    })
}

/// The stable name of a booking's state.
pub(crate) fn booking_status(status: BookingStatus) -> &'static str {
    match status {
        BookingStatus::WaitingForNetwork => "waiting_for_network",
        BookingStatus::Sending => "sending",
        BookingStatus::OnWaitingList => "on_waiting_list",
        BookingStatus::Offered => "offered",
        BookingStatus::Confirmed => "confirmed",
        BookingStatus::CheckedIn => "checked_in",
        BookingStatus::Fulfilled => "fulfilled",
        BookingStatus::NoShow => "no_show",
        BookingStatus::Refused => "refused",
        BookingStatus::Cancelled => "cancelled",
    }
}

/// Something that is kept back.
pub(crate) fn parked(view: &ParkedView) -> Value {
    json!({
        "id": view.id,
        "booking_id": view.booking_id,
        "what": view.what_text,
        "reason": view.reason_text,
        "since": view.since.to_fhir(),
        "can_mend": view.can_mend,
    })
}

/// What a synchronisation did.
pub(crate) fn sync(view: &SyncView) -> Value {
    json!({
        "stored": view.stored,
        "deleted": view.deleted,
        "set_aside": view.set_aside,
        "settled": view.settled,
        "waiting": view.waiting,
        "unreachable_clinic_ids": view.unreachable_clinic_ids,
        "finished": view.finished,
    })
}

/// A row of the book.
pub(crate) fn entry(view: &EntryView) -> Value {
    json!({
        "id": view.id,
        "clinic_id": view.clinic_id,
        "clinic_name": view.clinic_name,
        "section": view.section,
        "title": view.title,
        "detail": view.detail,
        "when": view.when.map(Timestamp::to_fhir),
        "when_text": view.when_text,
        "status": view.status,
        "kind": view.kind,
        "trend_code": view.trend_code,
        "snippet": list(&view.snippet, |part| json!({"text": part.text, "is_hit": part.is_hit})),
        "sync": view.sync.as_ref().map(sync_state),
    })
}

/// How far what the person wrote has come.
fn sync_state(view: &SyncStateView) -> Value {
    let status = match view.status {
        SyncStatus::Waiting => "waiting",
        SyncStatus::Sending => "sending",
        SyncStatus::Refused => "refused",
        SyncStatus::Conflict => "conflict",
    };
    json!({"id": view.id, "status": status, "text": view.text})
}

/// How a clinic can reach a person.
pub(crate) fn contact(view: &ContactView) -> Value {
    json!({
        "clinic_id": view.clinic_id,
        "clinic_name": view.clinic_name,
        "phones": view.phones,
        "address": view.address,
        "sync": view.sync.as_ref().map(sync_state),
    })
}

/// What both changed.
pub(crate) fn conflict(view: &ConflictView) -> Value {
    let parts = list(
        &view.parts,
        |part| json!({"what": part.what, "mine": part.mine, "clinics": part.clinics}),
    );
    json!({
        "id": view.id,
        "clinic_id": view.clinic_id,
        "clinic_name": view.clinic_name,
        "written": view.written.to_fhir(),
        "when_text": view.when_text,
        "parts": parts,
    })
}

/// A row with what stands behind it; the resource as it is, where it is JSON.
pub(crate) fn entry_detail(view: &EntryDetailView) -> Value {
    let fields = list(
        &view.fields,
        |field| json!({"label": field.label, "value": field.value}),
    );
    let resource: Value = serde_json::from_str(&view.resource_json).unwrap_or_default();
    json!({"entry": entry(&view.entry), "fields": fields, "resource": resource})
}

/// The course of a value.
pub(crate) fn trend(view: &TrendView) -> Value {
    let points = list(
        &view.points,
        |point| json!({"at": point.at.to_fhir(), "value": point.value, "low": point.low, "high": point.high}),
    );
    json!({"title": view.title, "unit": view.unit, "points": points})
}

/// An invoice.
pub(crate) fn invoice(view: &InvoiceView) -> Value {
    json!({
        "id": view.id,
        "clinic_id": view.clinic_id,
        "reference": view.reference,
        "amount": view.amount.dong(),
        "amount_text": view.amount_text,
        "issued_text": view.issued_text,
        "status": payment_status(view.status),
        "status_text": view.status_text,
    })
}

/// The stable name of a payment's state.
pub(crate) fn payment_status(status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::Due => "due",
        PaymentStatus::Paid => "paid",
        PaymentStatus::Void => "void",
    }
}

/// What a payment code says; its modules are for drawing and are left out.
pub(crate) fn payment_qr(view: &PaymentQrView) -> Value {
    json!({
        "payload": view.payload,
        "bank": view.bank,
        "payee_name": view.payee_name,
        "account": view.account,
        "amount": view.amount.dong(),
        "amount_text": view.amount_text,
        "reference": view.reference,
    })
}

/// What must not be missed.
pub(crate) fn event(view: &EventView) -> Value {
    json!({
        "id": view.id,
        "person_id": view.person_id,
        "kind": view.kind,
        "subject": view.subject,
        "text": view.text,
        "at": view.at.to_fhir(),
    })
}
