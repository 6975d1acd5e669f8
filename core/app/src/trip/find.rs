//! Neighbouring times for several people.

use sokhoe_domain::trip::{Company, FreeTime, times_together};
use sokhoe_domain::{Refusal, Timestamp, Wire};
use tokio::task::JoinSet;

use super::members::check_people;
use super::{FindTripRequest, TripTimesView, TripVisit};
use crate::error::AppError;
use crate::find_slots::free_time;
use crate::session::{Session, SoKhoe};
use crate::views::{FindSlotsRequest, SlotView};

/// Times that are asked for at once.
const AT_ONCE: u32 = 100;
/// How often more are asked for when those that came are not neighbours.
const ROUNDS: usize = 5;

/// What is free for one of them.
struct Free {
    asking: FindSlotsRequest,
    slots: Vec<SlotView>,
    /// Whether there may be more, later.
    has_more: bool,
}

impl SoKhoe {
    /// Neighbouring times for several people at a clinic, those that take the least time in all first, of two as short
    /// the earlier. Everybody's free times are asked for side by side; each may want another service or doctor, and the
    /// order in which they are seen is free.
    ///
    /// # Errors
    /// As [`SoKhoe::find_slots`]. [`AppError::BadAnswer`] with [`Refusal::BOOKS_ONE_AT_A_TIME`] for a clinic where
    /// several cannot be booked together.
    pub async fn find_trip(
        &self,
        request: FindTripRequest,
    ) -> Result<Vec<TripTimesView>, AppError> {
        let people = request.members.iter().map(|member| &*member.person_id);
        check_people(people, "members")?;
        if !(1..=20).contains(&request.limit) {
            return Err(AppError::invalid("limit", "must be 1 to 20"));
        }
        let session = &*self.inner;
        session.books_together(&request.clinic_id)?;
        let company = match request.side_by_side {
            true => Company::SideBySide,
            false => Company::OneAfterTheOther,
        };
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let mut free: Vec<Free> = request
            .members
            .iter()
            .map(|member| Free {
                asking: FindSlotsRequest {
                    person_id: member.person_id.clone(),
                    clinic_id: request.clinic_id.clone(),
                    service_id: member.service_id.clone(),
                    from: request.from,
                    to: request.to,
                    limit: AT_ONCE,
                    criteria: member.criteria.clone(),
                    has_referral: member.has_referral,
                },
                slots: Vec::new(),
                has_more: true,
            })
            .collect();
        for _ in 0..ROUNDS {
            if !self.ask_for_more(&mut free).await? {
                break;
            }
            let found = together(&free, company, limit);
            if !found.is_empty() {
                let views = found.into_iter().filter_map(|it| session.times_view(it));
                return Ok(views.collect());
            }
        }
        Ok(Vec::new())
    }

    /// Asks for everybody's next times, side by side. Whether there was anybody to ask for.
    async fn ask_for_more(&self, free: &mut [Free]) -> Result<bool, AppError> {
        // Who is behind is asked for first: their times may be neighbours of what is known of the others.
        let reach = |of: &Free| of.slots.last().map(|slot| slot.start);
        let behind: Option<Option<Timestamp>> =
            free.iter().filter(|it| it.has_more).map(reach).min();
        let Some(behind) = behind else {
            return Ok(false);
        };
        let mut asking = JoinSet::new();
        for (place, of) in free.iter().enumerate() {
            if of.has_more && reach(of) == behind {
                let (app, asked) = (self.clone(), of.asking.clone());
                asking.spawn(async move { (place, app.find_slots(asked).await) });
            }
        }
        while let Some(asked) = asking.join_next().await {
            let (place, slots) = asked.map_err(|_| AppError::internal("find-trip"))?;
            if let Some(of) = free.get_mut(place) {
                of.take(slots?);
            }
        }
        Ok(true)
    }
}

impl Free {
    /// Takes what is new; it begins with what ends the times before.
    fn take(&mut self, slots: Vec<SlotView>) {
        let is_full = u32::try_from(slots.len()).unwrap_or(u32::MAX) >= self.asking.limit;
        let known = self.slots.len();
        for slot in slots {
            if self.slots.iter().rev().all(|it| it.id != slot.id) {
                self.slots.push(slot);
            }
        }
        self.has_more = is_full && self.slots.len() > known;
        if let Some(last) = self.slots.last() {
            self.asking.from = last.start;
        }
    }
}

fn together(free: &[Free], company: Company, limit: usize) -> Vec<Vec<TripVisit>> {
    let times: Vec<Vec<FreeTime<'_>>> = free
        .iter()
        .map(|of| of.slots.iter().map(free_time).collect())
        .collect();
    let found = times_together(&times, company, limit);
    found
        .into_iter()
        .map(|times| {
            let chosen = free.iter().zip(times.chosen);
            let visits = chosen.filter_map(|(of, chosen)| {
                Some(TripVisit {
                    person_id: of.asking.person_id.clone(),
                    slot: of.slots.get(chosen)?.clone(),
                })
            });
            visits.collect()
        })
        .collect()
}

impl Session {
    /// Refuses a clinic where several cannot be booked together: only ours do it in one transaction.
    pub(super) fn books_together(&self, clinic_id: &str) -> Result<(), AppError> {
        match self.clinic(clinic_id)?.wire {
            Wire::Clinic => Ok(()),
            Wire::Server => Err(AppError::BadAnswer {
                what: Refusal::BOOKS_ONE_AT_A_TIME.to_owned(),
            }),
        }
    }
}
