//! What somebody wants of a time, as far as a server's resources tell it.

use sokhoe_app::{SlotCriteria, SlotView, VisitMode};

use crate::server::Phone;
use crate::times::{all, clinic};

fn ids(slots: &[SlotView]) -> Vec<&str> {
    slots.iter().map(|slot| slot.id.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_found_by_what_schedules_doctors_and_services_tell() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let plain = phone.try_find(None, 50).await.unwrap();
        assert_eq!(ids(&plain), ["early", "mid", "late", "eyes"], "{name}");
        let (heart, eyes) = (&plain[0], &plain[3]);
        assert_eq!(
            (heart.mode, eyes.mode),
            (Some(VisitMode::InPerson), None),
            "{name}"
        );
        assert_eq!(eyes.languages, ["vi", "hmn"], "{name}");
        assert!(
            heart.languages.is_empty() && heart.step_free.is_none(),
            "{name}"
        );
        assert_eq!(
            (&*heart.practitioner_id, &*eyes.practitioner_id),
            ("tim", "mat"),
            "{name}"
        );

        let any = SlotCriteria::default;
        let hmong = SlotCriteria {
            language: Some("hmn".to_owned()),
            ..any()
        };
        let or_untold = SlotCriteria {
            untold_too: true,
            ..hmong.clone()
        };
        let remote = SlotCriteria {
            mode: Some(VisitMode::Remote),
            untold_too: true,
            ..any()
        };
        let hearts = SlotCriteria {
            specialty: Some("tim".to_owned()),
            from_minute: 11 * 60,
            until_minute: 16 * 60,
            weekdays: vec![2],
            ..any()
        };
        let eye_doctor = SlotCriteria {
            practitioner_id: Some("mat".to_owned()),
            ..any()
        };
        for (criteria, found) in [
            (hmong, vec!["eyes"]),
            (or_untold, vec!["early"]),
            (remote, vec!["eyes"]),
            (hearts, vec!["mid"]),
            (eye_doctor, vec!["eyes"]),
        ] {
            // Only one is asked for: what does not fit takes no place.
            let slots = phone.try_find_with(None, 1, Some(criteria.clone())).await;
            assert_eq!(ids(&slots.unwrap()), found, "{name}: {criteria:?}");
        }
    }
}
