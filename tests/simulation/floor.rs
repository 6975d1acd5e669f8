//! Our clinic's floor: who comes, who is called, what becomes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sokhoe_clinic::{Arrival, CheckIn, Clinic, LinePerson};
use sokhoe_domain::ports::Clock as _;

use crate::our_clinic::OurClinic;

/// Between two things at the desk, in the mean.
const BETWEEN: Duration = Duration::from_secs(4 * 60);

/// Lines to which people come without a booking: two doctors, of whom one sees people by booking in this life, too.
const LINES: [&str; 2] = ["lich-bs-cam-van-toan", "lich-bs-pham-duc-long"];

/// What the desk was told, and what of it was wrong.
#[derive(Default)]
pub struct Floor {
    /// Who was given which number of which day, in the order of the numbers.
    numbers: BTreeMap<(chrono::NaiveDate, u32), String>,
    /// The number that somebody has: not known for sure once the desk heard no answer to taking it back.
    has: BTreeMap<String, Option<u32>>,
    /// Appointments of people who came without a booking.
    without_booking: BTreeSet<String>,
    /// Who went in, and who was seen.
    in_room: BTreeSet<String>,
    seen: BTreeSet<String>,
    wrongs: Vec<String>,
}

impl Floor {
    /// I9: a person keeps their number of the day, and whoever comes later has a greater one.
    fn gives(&mut self, day: chrono::NaiveDate, appointment: &str, number: u32) {
        let key = (day, number);
        match self.has.get(appointment) {
            Some(Some(before)) if *before == number => return,
            Some(Some(before)) => {
                let wrong = format!("I9: {appointment} had number {before} and has {number}");
                return self.wrongs.push(wrong);
            }
            _ => {}
        }
        let is_theirs = self.numbers.get(&key).is_some_and(|of| of == appointment);
        let mut of_day = self.numbers.range((day, 0)..=(day, u32::MAX));
        let greatest = of_day.next_back().map(|((_, number), _)| *number);
        if !is_theirs && greatest.is_some_and(|greatest| greatest >= number) {
            let wrong = format!("I9: {appointment} has number {number} after {greatest:?}");
            self.wrongs.push(wrong);
        }
        self.numbers.insert(key, appointment.to_owned());
        self.has.insert(appointment.to_owned(), Some(number));
    }

    /// I9: everybody is served once.
    fn serves(&mut self, appointment: &str) {
        if !self.in_room.insert(appointment.to_owned()) {
            let wrong = format!("I9: {appointment} goes in twice");
            self.wrongs.push(wrong);
        }
    }

    /// Those who came without a booking.
    pub fn without_booking(&self) -> BTreeSet<String> {
        self.without_booking.clone()
    }

    /// How many had a number, and how many were seen.
    pub fn tally(&self) -> (u64, u64) {
        (self.numbers.len() as u64, self.seen.len() as u64)
    }

    /// Whatever was not true of what the desk was told; and that what it was told is so.
    pub fn wrongs(&self, clinic: &Clinic) -> Vec<String> {
        let mut wrongs = self.wrongs.clone();
        let days: BTreeSet<_> = self.numbers.keys().map(|(day, _)| *day).collect();
        for day in days {
            let lines = clinic.lines_of_day(day).expect("lines");
            let mut numbers = BTreeSet::new();
            for person in lines.iter().flat_map(|line| &line.people) {
                if !numbers.insert(person.number) {
                    wrongs.push(format!("I9: number {} of {day} is of two", person.number));
                }
                let had = self.has.get(&person.appointment).copied().flatten();
                if had.is_some_and(|had| had != person.number) {
                    wrongs.push(format!(
                        "I9: {} was told {had:?} and has {}",
                        person.appointment, person.number
                    ));
                }
            }
        }
        wrongs
    }
}

impl OurClinic {
    /// A while at the desk.
    pub async fn floor_goes_on(&self, patients: &[&str]) {
        for _ in 0..4 + self.dice.below(12) {
            if let Some(clinic) = self.running() {
                match self.dice.below(10) {
                    0..2 => self.somebody_comes(&clinic, patients),
                    2..5 => self.next_is_called(&clinic),
                    5..9 => self.somebody_goes_on(&clinic),
                    _ => {
                        let said = clinic.tend_queue();
                        self.tell(format_args!("ends days that are over: {}", said.is_ok()));
                    }
                }
            }
            tokio::time::sleep(self.dice.waiting(BETWEEN)).await;
        }
    }

    /// To a booking of today, or without one.
    fn somebody_comes(&self, clinic: &Clinic, patients: &[&str]) {
        let today = self.clock.now().vietnam_day();
        let mut rows = clinic.bookings_of_day(today).unwrap_or_default();
        rows.retain(|row| row.status == "booked");
        let arrival = match (self.dice.one(&rows), self.dice.one(patients)) {
            (Some(row), _) if self.dice.percent(75) => Arrival::Booking(row.id.clone()),
            (_, Some(patient)) => Arrival::WalkIn {
                patient: (*patient).to_owned(),
                schedule: LINES[self.dice.below(LINES.len())].to_owned(),
                service: None,
            },
            _ => return,
        };
        let is_booked = |id: &str| rows.iter().any(|row| row.id == id);
        let said = clinic.check_in(CheckIn {
            arrival,
            goes_first: self.dice.percent(20),
        });
        self.tell(format_args!("checks somebody in: {:?}", said.as_ref().ok()));
        if let Ok((id, number)) = said {
            let mut floor = self.floor();
            if !is_booked(&id) {
                floor.without_booking.insert(id.clone());
            }
            floor.gives(today, &id, number);
        }
    }

    /// I9: whoever is first of those who wait is called, and nobody else.
    fn next_is_called(&self, clinic: &Clinic) {
        let today = self.clock.now().vietnam_day();
        let lines = clinic.lines_of_day(today).unwrap_or_default();
        let Some(line) = self.dice.one(&lines) else {
            return;
        };
        let is_waiting = |person: &&LinePerson| person.state == "waiting";
        let first = line.people.iter().find(is_waiting);
        let first = first.map(|person| (person.appointment.clone(), person.number));
        let said = clinic.call_next(&line.schedule, "Phòng 1");
        self.tell(format_args!("calls the next one: {:?}", said.as_ref().ok()));
        if let Ok(called) = said
            && called != first
        {
            let wrong = format!("I9: {called:?} is called, and first is {first:?}");
            self.floor().wrongs.push(wrong);
        }
    }

    fn somebody_goes_on(&self, clinic: &Clinic) {
        let today = self.clock.now().vietnam_day();
        let lines = clinic.lines_of_day(today).unwrap_or_default();
        let people: Vec<LinePerson> = lines.into_iter().flat_map(|line| line.people).collect();
        let Some(person) = self.dice.one(&people) else {
            return;
        };
        let id = &*person.appointment;
        match (&*person.state, self.dice.below(10)) {
            ("called", 0..5) => {
                if clinic.begin_visit(id).is_ok() {
                    self.floor().serves(id);
                }
            }
            ("called", 5..7) => {
                let _whatever = clinic.missed_call(id);
            }
            ("called", 7..9) => {
                let _whatever = clinic.call_again(id, None);
            }
            ("in-room", _) => {
                if clinic.finish_visit(id).is_ok() {
                    self.floor().seen.insert(id.to_owned());
                }
            }
            ("missed", 0..6) => {
                let said = clinic.check_in(CheckIn {
                    arrival: Arrival::Booking(id.to_owned()),
                    goes_first: false,
                });
                if let Ok((id, number)) = said {
                    self.floor().gives(today, &id, number);
                }
            }
            ("waiting", 3..) => {}
            _ => {
                let said = clinic.take_back_check_in(id);
                self.tell(format_args!("takes back that {id} came: {}", said.is_ok()));
                self.floor().has.insert(id.to_owned(), None);
            }
        }
    }
}
