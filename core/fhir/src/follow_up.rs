//! What a clinic asks somebody to come again for: a re-examination slip ("giấy hẹn khám lại").
//!
//! FHIR has it as an Appointment that is `proposed` to a person and has no place of its own yet: `requestedPeriod` says
//! within which days (or `start`, where a clinic names one time), the participants with whom, `serviceType` for what.

use std::time::Duration;

use sokhoe_domain::Timestamp;

use crate::common::Ref;
use crate::json::{Document, Node};
use crate::{Appointment, AppointmentStatus, read};

/// Days that a slip leaves which names one day: people come within the week.
const WITHIN: Duration = Duration::from_secs(7 * 86_400);
/// No slip leaves more than this.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// A slip.
#[derive(Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// For what, if it says so.
    pub service: Option<Ref>,
    /// To whom, if it says so.
    pub practitioner: Option<Ref>,
    /// Why, in the clinic's words; may be empty.
    pub reason: String,
}

impl std::fmt::Debug for FollowUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FollowUp")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl FollowUp {
    /// Reads an Appointment; nothing when it is none that is yet to be booked, e.g. an offer that the clinic holds for a
    /// while.
    #[must_use]
    pub fn of_appointment(json: &str) -> Option<Self> {
        let appointment = Appointment::from_json(json).ok()?;
        if appointment.status != AppointmentStatus::Proposed || appointment.held_until.is_some() {
            return None;
        }
        let document = Document::parse(json).ok()?;
        let root = document.root();
        let period = root.get("requestedPeriod").items().find_map(period);
        let (from, to) = match period {
            Some(period) => period,
            None => {
                let day = appointment.start?.vietnam_day();
                let from = Timestamp::start_of_day(day);
                (from, from.plus(WITHIN))
            }
        };
        let told = |key: &str| root.str(key).map(std::borrow::Cow::into_owned);
        let reason = read::coded(root.get("reasonCode")).map(|reason| reason.name);
        let reason = reason.filter(|reason| !reason.is_empty());
        Some(Self {
            from,
            to: to.clamp(from, from.plus(LONGEST)),
            service: appointment.service,
            practitioner: appointment.practitioner,
            reason: reason
                .or_else(|| told("description"))
                .or_else(|| told("comment"))
                .unwrap_or_default(),
        })
    }
}

/// A Period; one without an end leaves as long as one day does.
fn period(period: Node<'_>) -> Option<(Timestamp, Timestamp)> {
    let from = read::timestamp(period.get("start"))?;
    let end = period.get("end");
    let to = match (read::timestamp(end), end.text()) {
        // A day counts to its end.
        (Some(end), Some(text)) if text.len() <= 10 => end.plus(Duration::from_secs(86_400)),
        (Some(end), _) => end,
        (None, _) => from.plus(WITHIN),
    };
    Some((from, to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slip(more: &str) -> String {
        format!(
            r#"{{"resourceType":"Appointment","id":"hen-1","status":"proposed",{more}"participant":[{{"actor":{{"reference":"Practitioner/bs-1","display":"BS. Hà"}},"status":"accepted"}}]}}"#
        )
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_fhir(text).unwrap()
    }

    #[test]
    fn a_slip_says_within_which_days_to_whom_and_why() {
        let period = r#""requestedPeriod":[{"start":"2026-12-01","end":"2026-12-05"}],"reasonCode":[{"text":"Tăng huyết áp"}],"#;
        let read = FollowUp::of_appointment(&slip(period)).unwrap();
        assert_eq!(read.from, at("2026-12-01T00:00:00+07:00"));
        assert_eq!(read.to, at("2026-12-06T00:00:00+07:00"));
        assert_eq!(read.practitioner.unwrap().id, "bs-1");
        assert_eq!(read.reason, "Tăng huyết áp");

        let day = r#""start":"2026-12-01T08:00:00+07:00","description":"Cắt chỉ","#;
        let read = FollowUp::of_appointment(&slip(day)).unwrap();
        assert_eq!(read.from, at("2026-12-01T00:00:00+07:00"));
        assert_eq!(read.to, at("2026-12-08T00:00:00+07:00"));
        assert_eq!(read.reason, "Cắt chỉ");

        let open = r#""requestedPeriod":[{"start":"2026-12-01T00:00:00+07:00"}],"#;
        let read = FollowUp::of_appointment(&slip(open)).unwrap();
        assert_eq!(read.to, at("2026-12-08T00:00:00+07:00"));
        // Ends before it begins, and one for ever.
        for (end, to) in [("2025-01-01", "2026-12-01"), ("2999-01-01", "2027-12-02")] {
            let period = format!(r#""requestedPeriod":[{{"start":"2026-12-01","end":"{end}"}}],"#);
            let read = FollowUp::of_appointment(&slip(&period)).unwrap();
            assert_eq!(read.to, at(&format!("{to}T00:00:00+07:00")));
        }
    }

    #[test]
    fn what_is_booked_called_off_or_held_is_no_slip() {
        let day = r#""start":"2026-12-01T08:00:00+07:00","#;
        assert!(FollowUp::of_appointment(&slip(day)).is_some());
        for status in ["booked", "cancelled", "waitlist", "fulfilled"] {
            let other = slip(day).replace("proposed", status);
            assert!(FollowUp::of_appointment(&other).is_none(), "{status}");
        }
        let held = r#""extension":[{"url":"https://sokhoe.vn/fhir/StructureDefinition/held-until","valueInstant":"2026-12-01T07:10:00+07:00"}],"#;
        assert!(FollowUp::of_appointment(&slip(&format!("{held}{day}"))).is_none());
        assert!(
            FollowUp::of_appointment(&slip("")).is_none(),
            "without a day"
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = FollowUp::of_appointment(&text);
        }
    }
}
