//! Free times for a series.

use std::ops::RangeInclusive;

use chrono::{Datelike as _, Days, NaiveDate};
use sokhoe_domain::series::{
    Liking, MOST_DAYS_ASIDE, Recurrence, RecurrenceError, times_of_series, windows,
};
use sokhoe_domain::trip::FreeTime;
use sokhoe_domain::{Timestamp, Vnd, Wire};

use super::{FindSeriesRequest, SeriesDayView, SeriesDays, SeriesTimesView};
use crate::book::day;
use crate::error::AppError;
use crate::find_slots::{free_time, weekdays as numbered};
use crate::session::{Session, SoKhoe};
use crate::views::{FindSlotsRequest, SlotCriteria, SlotView};

/// Times that are asked for at once, and how often the next ones are.
const AT_ONCE: u32 = 100;
const PAGES: usize = 20;
/// Days without a wanted one that are passed over rather than asked for.
const GAP: i64 = 7;

impl SoKhoe {
    /// For each wanted day of a series the free time that comes nearest to it. Nothing is kept for anybody yet.
    ///
    /// # Errors
    /// As [`SoKhoe::find_slots`].
    pub async fn find_series(
        &self,
        request: FindSeriesRequest,
    ) -> Result<SeriesTimesView, AppError> {
        let days = wanted_days(&request.days)?;
        let days_aside = aside("days_aside", request.days_aside)?;
        let minute = request.at_minute.map(u16::try_from).transpose();
        let minute = minute.ok().filter(|it| it.is_none_or(|it| it < 1_440));
        let minute = minute.ok_or_else(|| AppError::invalid("at_minute", "must be 0 to 1439"))?;
        let windows = windows(&days, days_aside);
        let mut free: Vec<SlotView> = Vec::new();
        for window in asked_at_once(&windows) {
            let allowed: Vec<_> = windows.iter().filter(|it| is_within(it, &window)).collect();
            let asking = asking(&request, &window, &allowed);
            self.all_of(asking, &mut free).await?;
        }
        let times: Vec<FreeTime<'_>> = free.iter().map(free_time).collect();
        let liking = Liking {
            minute,
            same_practitioner: request.same_practitioner,
        };
        let chosen = times_of_series(&days, &windows, liking, &times);
        let most_visits = self.most_visits(&request).await?;
        let slots = chosen
            .into_iter()
            .map(|chosen| chosen.and_then(|chosen| free.get(chosen).cloned()));
        let found = days.into_iter().zip(slots).collect();
        Ok(self.inner.series_times_view(found, most_visits))
    }

    /// Every free time, page by page.
    async fn all_of(
        &self,
        mut asking: FindSlotsRequest,
        free: &mut Vec<SlotView>,
    ) -> Result<(), AppError> {
        for _ in 0..PAGES {
            let found = self.find_slots(asking.clone()).await?;
            let is_full = u32::try_from(found.len()).unwrap_or(u32::MAX) >= asking.limit;
            let known = free.len();
            for slot in found {
                // A page begins with what ended the one before.
                if free.iter().rev().all(|it| it.id != slot.id) {
                    asking.from = asking.from.max(slot.start);
                    free.push(slot);
                }
            }
            if !is_full || free.len() == known {
                break;
            }
        }
        Ok(())
    }

    /// How many more visits of the service the clinic lets the person book; nothing when it does not say.
    async fn most_visits(&self, request: &FindSeriesRequest) -> Result<Option<u32>, AppError> {
        let session = &*self.inner;
        let clinic = session.clinic(&request.clinic_id)?;
        if clinic.wire == Wire::Server {
            return Ok(None);
        }
        let services = session.client(&clinic)?.services().await?;
        let service = services.iter().find(|it| it.id == request.service_id);
        let Some((ahead, name)) = service.and_then(|it| Some((it.bookings_ahead?, &it.name)))
        else {
            return Ok(None);
        };
        let book = session.book(&request.person_id)?;
        let now = session.now();
        let coming = crate::overlaps::stands(&book)?;
        let coming = coming
            .iter()
            .filter(|it| it.clinic == clinic.id && it.service == *name && it.end > now);
        let coming = u32::try_from(coming.count()).unwrap_or(u32::MAX);
        Ok(Some(ahead.saturating_sub(coming)))
    }
}

/// The days as the core knows them.
pub(super) fn wanted_days(days: &SeriesDays) -> Result<Vec<NaiveDate>, AppError> {
    let recurrence = match days {
        SeriesDays::Weekly {
            first_day,
            weekdays,
            week_interval,
            visits,
        } => Recurrence::Weekly {
            first_day: day("days.first_day", first_day)?,
            weekdays: numbered(weekdays)
                .ok_or_else(|| AppError::invalid("days.weekdays", "must be 1 to 7"))?,
            week_interval: u8::try_from(*week_interval).unwrap_or(u8::MAX),
            occurrence_count: usize::try_from(*visits).unwrap_or(usize::MAX),
        },
        SeriesDays::On { days } => {
            let days = days.iter().map(|text| day("days.days", text));
            Recurrence::On(days.collect::<Result<_, _>>()?)
        }
        SeriesDays::Antenatal { due_day, first_day } => Recurrence::Antenatal {
            due_day: day("days.due_day", due_day)?,
            first_day: day("days.first_day", first_day)?,
        },
    };
    recurrence.days().map_err(|error| {
        let field = match error {
            RecurrenceError::Visits => "days.visits",
            RecurrenceError::Weekdays => "days.weekdays",
            RecurrenceError::Weeks => "days.week_interval",
            RecurrenceError::TooLong => "days",
        };
        AppError::invalid(field, &error.to_string())
    })
}

pub(super) fn aside(field: &str, days: u32) -> Result<u8, AppError> {
    let days = u8::try_from(days).ok().filter(|it| *it <= MOST_DAYS_ASIDE);
    days.ok_or_else(|| AppError::invalid(field, "must be 0 to 6"))
}

/// Windows that lie near each other are asked for together.
fn asked_at_once(windows: &[RangeInclusive<NaiveDate>]) -> Vec<RangeInclusive<NaiveDate>> {
    let mut asked: Vec<RangeInclusive<NaiveDate>> = Vec::new();
    for window in windows {
        match asked.last_mut() {
            Some(last) if (*window.start() - *last.end()).num_days() <= GAP => {
                *last = *last.start()..=*window.end();
            }
            _ => asked.push(window.clone()),
        }
    }
    asked
}

fn is_within(window: &RangeInclusive<NaiveDate>, all: &RangeInclusive<NaiveDate>) -> bool {
    all.contains(window.start()) && all.contains(window.end())
}

/// What is asked of the clinic: of these windows, on the weekdays that any of them has.
fn asking(
    request: &FindSeriesRequest,
    all: &RangeInclusive<NaiveDate>,
    windows: &[&RangeInclusive<NaiveDate>],
) -> FindSlotsRequest {
    let criteria = request.criteria.clone().unwrap_or_default();
    let days = windows.iter().flat_map(|window| {
        window
            .start()
            .iter_days()
            .take_while(|it| it <= window.end())
    });
    let mut weekdays: Vec<u32> = days
        .map(|day| day.weekday().number_from_monday())
        .filter(|it| criteria.weekdays.is_empty() || criteria.weekdays.contains(it))
        .collect();
    weekdays.sort_unstable();
    weekdays.dedup();
    let end = all
        .end()
        .checked_add_days(Days::new(1))
        .unwrap_or(*all.end());
    FindSlotsRequest {
        person_id: request.person_id.clone(),
        clinic_id: request.clinic_id.clone(),
        service_id: Some(request.service_id.clone()),
        from: Timestamp::start_of_day(*all.start()),
        to: Timestamp::start_of_day(end),
        limit: AT_ONCE,
        has_referral: request.has_referral,
        criteria: Some(SlotCriteria {
            weekdays,
            ..criteria
        }),
    }
}

impl Session {
    fn series_times_view(
        &self,
        found: Vec<(NaiveDate, Option<SlotView>)>,
        most_visits: Option<u32>,
    ) -> SeriesTimesView {
        let (words, now) = (&self.words, self.now());
        let wanted = found.len();
        let days: Vec<SeriesDayView> = found
            .into_iter()
            .map(|(day, slot)| SeriesDayView {
                day: day.to_string(),
                text: match &slot {
                    Some(slot) => slot.when_text.clone(),
                    None => words.say_with(
                        "series-none-on",
                        &[("day", words.day(Timestamp::start_of_day(day), now))],
                    ),
                },
                slot,
            })
            .collect();
        let slots = || days.iter().filter_map(|day| day.slot.as_ref());
        let price = Vnd::total(slots().map(|slot| slot.price));
        let remains = Vnd::total(slots().map(|slot| slot.estimate.as_ref()?.remains));
        let count = |count: usize| count.to_string();
        let had = slots().count();
        let mut texts = vec![words.say_with(
            "series-found",
            &[("found", count(had)), ("wanted", count(wanted))],
        )];
        if had < wanted {
            texts.push(words.say("series-later"));
        }
        texts.extend(
            price.map(|price| words.say_with("series-price", &[("price", price.to_string())])),
        );
        texts
            .extend(remains.map(|remains| {
                words.say_with("trip-remains", &[("remains", remains.to_string())])
            }));
        if let Some(most) =
            most_visits.filter(|most| usize::try_from(*most).is_ok_and(|it| it < had))
        {
            texts.push(words.say_with("series-most", &[("most", most.to_string())]));
        }
        SeriesTimesView {
            price,
            remains,
            most_visits,
            text: texts.join(" "),
            days,
        }
    }
}
