//! Bookings of several people who come together: all of them or none, in one transaction.
//!
//! Persons are locked and seats are taken in one order, whoever asks: two trips that want the same seats in different
//! order wait for each other once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sokhoe_domain::trip::{Company, FreeTime, times_together};
use sokhoe_fhir::outcome::Issue;
use sokhoe_fhir::together::{expression, outcome_with_times};
use sokhoe_fhir::{Appointment, BookTogetherRequest, Outcome};

use super::allowance;
use super::answers::Answer;
use super::book::{Office, Said, insert, is_id_used, put_booked, reused, seen_free};
use super::calendar::{Offer, last_day};
use super::claim::claim;
use super::free::free_for_service;
use super::refusal::Refusal;
use crate::store::{StoreError, Tx};

/// Other times for all that are proposed when those that were named cannot be had.
const OTHER_TIMES: usize = 3;
/// Days looked at for them.
const DAYS_OF_OTHER_TIMES: usize = 7;

/// What became of the wish for a seat.
enum Seats {
    Taken(Vec<i64>),
    /// Of this one somebody was quicker.
    Lost(usize),
    IdUsed,
}

/// `$book` with `together`.
pub(crate) fn book_together(
    tx: &mut Tx<'_>,
    office: &Office,
    request: &BookTogetherRequest,
) -> Result<Answer, StoreError> {
    let office = &office.up_to_date(tx)?;
    for visit in &request.visits {
        if is_id_used(tx, &visit.id.to_string())? {
            return Ok(reused());
        }
    }
    let (calendar, now) = (&office.calendar, tx.now());
    let proposed = request
        .visits
        .iter()
        .map(|visit| calendar.proposed(&visit.appointment, office.source, now));
    let offers = match all_or_missing(proposed) {
        Ok(offers) => offers,
        Err(missing) => return Ok(refused(Refusal::NotOffered, &missing)),
    };
    let day = offers.first().map(|offer| offer.cell.day());
    let elsewhere = places(&offers, |offer| Some(offer.cell.day()) != day);
    if !elsewhere.is_empty() {
        return Ok(refused(Refusal::NotOffered, &elsewhere));
    }
    let mut too_many = Vec::new();
    for (place, (visit, offer)) in request.visits.iter().zip(&offers).enumerate() {
        if allowance::is_used_up(tx, calendar, &visit.patient, offer.service.pk)? {
            too_many.push(place);
        }
    }
    if !too_many.is_empty() {
        return Ok(refused(Refusal::TooMany, &too_many));
    }
    let mut taken = Vec::new();
    for (place, offer) in offers.iter().enumerate() {
        if seen_free(tx, office, Some(*offer))?.is_none() {
            taken.push(place);
        }
    }
    if !taken.is_empty() {
        return slots_taken(tx, office, &offers, &taken);
    }
    match take_all(tx, office, request, &offers)? {
        Seats::Lost(place) => slots_taken(tx, office, &offers, &[place]),
        Seats::IdUsed => Ok(reused()),
        Seats::Taken(rows) => confirm_all(tx, office, request, &offers, &rows),
    }
}

/// A seat for each, or none at all.
fn take_all(
    tx: &Tx<'_>,
    office: &Office,
    request: &BookTogetherRequest,
    offers: &[Offer<'_>],
) -> Result<Seats, StoreError> {
    let mut order: Vec<usize> = (0..offers.len()).collect();
    order.sort_by_key(|place| {
        offers
            .get(*place)
            .map(|offer| (offer.schedule.pk, offer.cell))
    });
    let mut seats = Seats::Taken(Vec::new());
    tx.or_undo(|| {
        let mut rows = vec![0; offers.len()];
        for place in order {
            let (offer, visit) = (&offers[place], &request.visits[place]);
            let id = visit.id.to_string();
            let Some(pk) = insert(tx, &id, offer, &visit.patient, office.source, None)? else {
                seats = Seats::IdUsed;
                return Ok(false);
            };
            if !claim(tx, offer, pk, office.source)? {
                seats = Seats::Lost(place);
                return Ok(false);
            }
            rows[place] = pk;
        }
        seats = Seats::Taken(rows);
        Ok(true)
    })?;
    Ok(seats)
}

/// All times are taken: writes the Appointments and their Invoices.
fn confirm_all(
    tx: &mut Tx<'_>,
    office: &Office,
    request: &BookTogetherRequest,
    offers: &[Offer<'_>],
    rows: &[i64],
) -> Result<Answer, StoreError> {
    let mut booked: Vec<(Appointment, String)> = Vec::new();
    for ((visit, offer), pk) in request.visits.iter().zip(offers).zip(rows) {
        let id = visit.id.to_string();
        booked.push(put_booked(
            tx,
            office,
            offer,
            *pk,
            &id,
            &visit.patient,
            Said::default(),
        )?);
    }
    let booked: Vec<(&Appointment, &str)> = booked.iter().map(|(a, json)| (a, &**json)).collect();
    Ok(Answer::done(office.bundle(&booked, None)))
}

/// Somebody else has some of the times: says whose, with other times for all.
fn slots_taken(
    tx: &Tx<'_>,
    office: &Office,
    offers: &[Offer<'_>],
    taken: &[usize],
) -> Result<Answer, StoreError> {
    let others = other_times(tx, office, offers)?;
    let ids: Vec<Vec<String>> = others
        .iter()
        .map(|times| times.iter().map(Offer::id).collect())
        .collect();
    let offered: BTreeMap<String, Appointment> = others
        .iter()
        .flatten()
        .map(|offer| (offer.id(), offer.appointment()))
        .collect();
    let offered: Vec<(Appointment, String)> = offered
        .into_values()
        .map(|appointment| {
            let json = appointment.to_json();
            (appointment, json)
        })
        .collect();
    let offered: Vec<(&Appointment, &str)> = offered.iter().map(|(a, json)| (a, &**json)).collect();
    let outcome = outcome_with_times(&outcome(Refusal::SlotTaken, taken), &ids);
    let body = office.bundle(&offered, Some(&outcome));
    Ok(Answer::refused(Refusal::SlotTaken, body))
}

/// Other neighbouring times for the same services, of the named day or of the nearest after it that has any.
fn other_times<'o>(
    tx: &Tx<'_>,
    office: &'o Office,
    asked: &[Offer<'_>],
) -> Result<Vec<Vec<Offer<'o>>>, StoreError> {
    let now = tx.now();
    let Some(first) = asked.iter().map(|offer| offer.cell).min() else {
        return Ok(Vec::new());
    };
    let company = company_of(asked);
    let mut found: Vec<Vec<Offer<'o>>> = Vec::new();
    let days = first.day().iter_days().take(DAYS_OF_OTHER_TIMES);
    for day in days.take_while(|day| *day <= last_day(now)) {
        let mut free: BTreeMap<i64, Vec<Offer<'o>>> = BTreeMap::new();
        for offer in asked {
            let service = offer.service.pk;
            if let Entry::Vacant(place) = free.entry(service) {
                let (calendar, source) = (&office.calendar, office.source);
                place.insert(free_for_service(
                    tx.sql(),
                    calendar,
                    service,
                    day,
                    source,
                    now,
                )?);
            }
        }
        let people: Vec<&[Offer<'o>]> = asked
            .iter()
            .map(|offer| free.get(&offer.service.pk).map_or(&[][..], Vec::as_slice))
            .collect();
        let times: Vec<Vec<FreeTime<'_>>> = people
            .iter()
            .map(|offers| offers.iter().map(free_time).collect())
            .collect();
        let mut together = times_together(&times, company, usize::MAX);
        together.sort_by_key(|times| {
            let start = times.start.as_millis();
            let away = start.abs_diff(first.start().as_millis());
            (times.end.since(times.start), away, start)
        });
        for times in together {
            let offers = times.chosen.iter().zip(&people);
            let offers: Vec<Offer<'o>> = offers
                .filter_map(|(chosen, free)| free.get(*chosen).copied())
                .collect();
            let is_asked = offers
                .iter()
                .zip(asked)
                .all(|(offer, asked)| offer.id() == asked.id());
            if !is_asked {
                found.push(offers);
            }
            if found.len() == OTHER_TIMES {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Who wanted two visits at once manages alone.
fn company_of(asked: &[Offer<'_>]) -> Company {
    let mut times: Vec<_> = asked
        .iter()
        .map(|offer| (offer.cell.start(), offer.end()))
        .collect();
    times.sort_unstable();
    let meet = times
        .iter()
        .zip(times.iter().skip(1))
        .any(|((_, end), (start, _))| start < end);
    match meet {
        true => Company::SideBySide,
        false => Company::OneAfterTheOther,
    }
}

fn free_time<'a>(offer: &Offer<'a>) -> FreeTime<'a> {
    FreeTime {
        start: offer.cell.start(),
        end: offer.end(),
        at: &offer.schedule.practitioner.id,
    }
}

/// All of them, or the places of those that are missing.
fn all_or_missing<T>(items: impl Iterator<Item = Option<T>>) -> Result<Vec<T>, Vec<usize>> {
    let (mut all, mut missing) = (Vec::new(), Vec::new());
    for (place, item) in items.enumerate() {
        match item {
            Some(item) => all.push(item),
            None => missing.push(place),
        }
    }
    if missing.is_empty() {
        Ok(all)
    } else {
        Err(missing)
    }
}

fn places<T>(items: &[T], is_meant: impl Fn(&T) -> bool) -> Vec<usize> {
    let meant = items.iter().enumerate().filter(|(_, item)| is_meant(item));
    meant.map(|(place, _)| place).collect()
}

fn refused(refusal: Refusal, because_of: &[usize]) -> Answer {
    Answer::refused(refusal, outcome(refusal, because_of).to_json())
}

/// An issue for each because of whom nobody is booked.
fn outcome(refusal: Refusal, because_of: &[usize]) -> Outcome {
    let issue = refusal
        .outcome()
        .issues
        .into_iter()
        .next()
        .unwrap_or_default();
    let issues = because_of.iter().map(|place| Issue {
        expression: Some(expression(*place)),
        ..issue.clone()
    });
    Outcome {
        issues: issues.collect(),
    }
}
