//! Timetables as people think of them: who works where, for what, at which hours of the week, and when it is
//! otherwise. From them the calendar computes what is offered.

mod hours;
mod release;
mod tables;
mod time_of_day;

use chrono::{NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

pub(super) use hours::{Hours, OfDay, Weekly};
pub(crate) use tables::{all, close_day, open_day, set};
pub use time_of_day::TimeOfDay;

/// Seats of a schedule at most, the counter's included: a cell's are counted in the bits of one number.
const SEATS: u32 = 64;
/// Seats that the counter may give beyond the others, at most.
const EXTRA_SEATS: u32 = 16;
/// Weeks that times are given out before, at most.
const WEEKS: u32 = 52;
/// The shortest and the longest visit, in minutes.
const VISIT: std::ops::RangeInclusive<u32> = 5..=480;

/// When somebody works somewhere, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timetable {
    /// The Schedule's id.
    pub schedule: String,
    /// Who works: the Practitioner.
    pub practitioner: Named,
    /// Where: the Location.
    pub location: Named,
    /// How many people at the same time.
    pub seats: u32,
    /// How many more the counter may take at the same time when all seats are taken: for those who stand there.
    #[serde(default)]
    pub extra_seats: u32,
    /// For what.
    pub services: Vec<TimetableService>,
    /// The hours of every week.
    pub weekly: Vec<WeeklyHours>,
    /// What is otherwise on single days.
    #[serde(default)]
    pub days: Vec<DayHours>,
    /// From when a week's times are given out; at once when unset, up to sixty days ahead.
    #[serde(default)]
    pub release: Option<Release>,
}

/// Somebody or something by id, with the name that people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The resource's id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A service that a timetable offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimetableService {
    /// The HealthcareService's id.
    pub id: String,
    /// How long it takes here, in minutes; as long as the service says when unset.
    #[serde(default)]
    pub minutes: Option<u32>,
}

/// Hours of every week, for good or for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeeklyHours {
    /// On these days of the week.
    pub weekdays: Vec<Weekday>,
    /// From then on.
    pub from: TimeOfDay,
    /// Until then.
    pub until: TimeOfDay,
    /// The first day on which it is so; always when unset.
    #[serde(default)]
    pub first_day: Option<NaiveDate>,
    /// The last day on which it is so; for good when unset.
    #[serde(default)]
    pub last_day: Option<NaiveDate>,
}

/// Hours of one day that are added, or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayHours {
    /// The day.
    pub day: NaiveDate,
    /// From then on.
    pub from: TimeOfDay,
    /// Until then.
    pub until: TimeOfDay,
    /// Added, also when the whole clinic is closed; else taken away.
    pub open: bool,
    /// Why, for the people of the clinic.
    pub reason: String,
}

/// When the times of a week are given out, e.g. "next week opens on Friday at six".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// On this day of the week.
    pub weekday: Weekday,
    /// At this time.
    pub at: TimeOfDay,
    /// So many weeks before the week whose times they are: 1 for "next week".
    pub weeks_before: u32,
}

/// Why a timetable cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimetableError {
    /// An id is no FHIR id.
    #[error("an id is no FHIR id")]
    Id,
    /// Not 1 to 64 seats, more than 16 extra ones, or more than 64 in all.
    #[error("there must be 1 to 64 seats, of which at most 16 are extra")]
    Seats,
    /// Hours that end before they begin, or a last day before the first.
    #[error("hours and days must end after they begin")]
    Order,
    /// Times that are not whole five minutes.
    #[error("hours and lengths must be whole five minutes, a visit 5 to 480 of them")]
    FiveMinutes,
    /// Times that are given out more than a year before.
    #[error("times can be given out at most 52 weeks before")]
    Release,
    /// A service is not known here, or there is none.
    #[error("a timetable needs services that the clinic has")]
    Service,
}

impl Timetable {
    /// Whether it can be.
    ///
    /// # Errors
    /// [`TimetableError`]: all but what only the clinic's own data show.
    pub fn check(&self) -> Result<(), TimetableError> {
        let ids = [&self.schedule, &self.practitioner.id, &self.location.id];
        let services = self.services.iter().map(|service| &service.id);
        if !ids
            .into_iter()
            .chain(services)
            .all(|id| sokhoe_domain::ids::is_fhir_id(id))
        {
            return Err(TimetableError::Id);
        }
        if self.services.is_empty() {
            return Err(TimetableError::Service);
        }
        let seats = self.seats.saturating_add(self.extra_seats);
        if self.seats == 0 || self.extra_seats > EXTRA_SEATS || seats > SEATS {
            return Err(TimetableError::Seats);
        }
        let lengths = self.services.iter().filter_map(|service| service.minutes);
        let weekly = self.weekly.iter().map(|hours| (hours.from, hours.until));
        let days = self.days.iter().map(|hours| (hours.from, hours.until));
        for (from, until) in weekly.chain(days) {
            if from >= until {
                return Err(TimetableError::Order);
            }
            if from.minutes() % 5 != 0 || until.minutes() % 5 != 0 {
                return Err(TimetableError::FiveMinutes);
            }
        }
        if lengths
            .into_iter()
            .any(|minutes| minutes % 5 != 0 || !VISIT.contains(&minutes))
        {
            return Err(TimetableError::FiveMinutes);
        }
        let is_backwards = |hours: &WeeklyHours| matches!((hours.first_day, hours.last_day), (Some(first), Some(last)) if first > last);
        if self.weekly.iter().any(is_backwards) {
            return Err(TimetableError::Order);
        }
        if self
            .release
            .is_some_and(|release| release.weeks_before > WEEKS)
        {
            return Err(TimetableError::Release);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timetable() -> Timetable {
        serde_json::from_str(
            r#"{"schedule": "s", "practitioner": {"id": "p", "name": "BS. An"},
                "location": {"id": "l", "name": "Phòng 1"}, "seats": 2,
                "services": [{"id": "kham"}],
                "weekly": [{"weekdays": ["Mon", "Tue"], "from": "07:00", "until": "11:30"}],
                "release": {"weekday": "Fri", "at": "06:00", "weeks_before": 1}}"#,
        )
        .unwrap()
    }

    #[test]
    fn it_is_read_as_people_write_it_and_written_so() {
        let read = timetable();
        assert_eq!(read.check(), Ok(()));
        assert_eq!(read.weekly[0].from.minutes(), 7 * 60);
        let text = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Timetable>(&text).unwrap(), read);
        assert!(serde_json::from_str::<Timetable>(r#"{"schedule": "s", "seets": 1}"#).is_err());
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        type Change = fn(&mut Timetable);
        let cases: [(Change, TimetableError); 8] = [
            (|it| it.schedule = "a b".to_owned(), TimetableError::Id),
            (|it| it.services.clear(), TimetableError::Service),
            (|it| it.seats = 0, TimetableError::Seats),
            (
                |it| (it.seats, it.extra_seats) = (60, 5),
                TimetableError::Seats,
            ),
            (
                |it| it.weekly[0].until = it.weekly[0].from,
                TimetableError::Order,
            ),
            (
                |it| it.weekly[0].from = "07:02".parse().unwrap(),
                TimetableError::FiveMinutes,
            ),
            (
                |it| it.services[0].minutes = Some(7),
                TimetableError::FiveMinutes,
            ),
            (
                |it| it.release.as_mut().unwrap().weeks_before = 99,
                TimetableError::Release,
            ),
        ];
        for (change, error) in cases {
            let mut bad = timetable();
            change(&mut bad);
            assert_eq!(bad.check(), Err(error));
        }
    }
}
