//! Whether what was answered at one seat can have happened one after the other (Herlihy and Wing's linearizability),
//! decided by stateright's tester.
//!
//! A search for an order is exponential in what overlaps, so a history is made smaller before, in three ways that change
//! no answer:
//!
//! * From the answer that confirmed a booking to the request that gave it up, the seat is that booking's in every order
//!   that explains both. A refusal of anybody else that overlaps this time fits there, and changes nothing: it goes.
//! * A refusal whose time encloses that of another refusal goes. Where the inner one fits, the outer one fits beside it,
//!   since a refusal changes nothing and both ask the same ("somebody else has it", and the outer one began earlier, when
//!   a hold was not closer to its end); and without the outer one there is less to fit.
//! * What is left is cut where nothing of it is under way. Everything before such a point is over when everything behind
//!   it begins, so that an order of the whole is an order of the first piece and then one of the second: orders of the
//!   pieces, each begun where the one before ended, are an order of the whole. The other way round, a piece can end in
//!   more than one way only where a hold ran out; so a piece without an order is tried again together with the piece
//!   before, and so on back to the beginning. Only what has no order as a whole is called wrong.

use std::collections::BTreeMap;
use std::fmt;

use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester, SequentialSpec as _};

use crate::seat::{Ask, Id, Op, Ret, Seat, State};

/// Steps of a search after which it is given up.
const STEPS: u64 = 1_000_000;

/// An operation at a seat, as its client saw it. The moments are of one monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// When its first request was sent.
    pub began: u64,
    /// When its first answer had come.
    pub ended: u64,
    pub op: Op,
    pub ret: Ret,
}

/// What was looked at.
#[derive(Debug, Default, Clone, Copy)]
pub struct Looked {
    pub operations: usize,
    /// Those that an order was searched for, and their pieces.
    pub ordered: usize,
    pub pieces: usize,
    /// Operations of the largest piece.
    pub largest: usize,
    /// Operations that were under way at the same time, at most.
    pub at_once: usize,
}

impl Looked {
    pub fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.ordered += other.ordered;
        self.pieces += other.pieces;
        self.largest = self.largest.max(other.largest);
        self.at_once = self.at_once.max(other.at_once);
    }
}

/// A history that cannot have happened.
#[derive(Debug)]
pub struct Wrong {
    /// Whether the search ended; else it was given up.
    pub decided: bool,
    pub began_as: State,
    pub events: Vec<Event>,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.decided {
            "no order explains"
        } else {
            "no order was found in time for"
        };
        write!(f, "{what} this, from {:?}:", self.began_as)?;
        for Event {
            began,
            ended,
            op,
            ret,
        } in &self.events
        {
            write!(f, "\n  {began:>14} to {ended:>14}: {op:?} -> {ret:?}")?;
        }
        Ok(())
    }
}

/// Looks at the history of one seat, which is free before.
pub fn check(mut events: Vec<Event>) -> Result<Looked, Wrong> {
    let mut looked = Looked {
        operations: events.len(),
        ..Looked::default()
    };
    events.sort_by_key(|event| event.began);
    without_refusals_of_booked_time(&mut events);
    without_outer_refusals(&mut events);
    looked.ordered = events.len();
    let pieces = pieces(&events);
    looked.pieces = pieces.len();
    // How each piece begins.
    let mut begins = vec![State::Free];
    for (place, piece) in pieces.iter().enumerate() {
        looked.largest = looked.largest.max(piece.len());
        let mut from = place;
        let end = loop {
            let joined = &events[pieces[from].start..piece.end];
            match order(begins[from], joined, &mut looked.at_once) {
                Ok(end) => break end,
                Err(decided) if from == 0 || !decided => {
                    return Err(Wrong {
                        decided,
                        began_as: begins[from],
                        events: joined.to_vec(),
                    });
                }
                Err(_) => from -= 1,
            }
        };
        begins.push(end);
    }
    Ok(looked)
}

/// Takes refusals away that overlap a time in which the seat was certainly booked. The events come and stay in the order
/// of their beginnings.
fn without_refusals_of_booked_time(events: &mut Vec<Event>) {
    let mut since: BTreeMap<Id, u64> = BTreeMap::new();
    let mut booked: Vec<(u64, u64, Id)> = Vec::new();
    for event in &*events {
        match (event.op.ask, event.ret) {
            (Ask::Book(id) | Ask::BookHeld(id), Ret::Done) => {
                since.insert(id, event.ended);
            }
            (Ask::Leave(id), Ret::Done) => {
                booked.extend(since.remove(&id).map(|since| (since, event.began, id)));
            }
            _ => {}
        }
    }
    booked.extend(since.into_iter().map(|(id, since)| (since, u64::MAX, id)));
    booked.retain(|(since, until, _)| since < until);
    booked.sort_unstable();
    events.retain(|event| {
        let (Ask::Hold(own) | Ask::Book(own) | Ask::BookHeld(own)) = event.op.ask else {
            return true;
        };
        let after = booked.partition_point(|(since, ..)| *since < event.ended);
        // In a history without mistakes these do not overlap, so that only the last ones can reach so far.
        let reaches = booked[..after]
            .iter()
            .rev()
            .take(4)
            .any(|(_, until, id)| *until > event.began && *id != own);
        event.ret != Ret::Taken || !reaches
    });
}

/// Takes refusals away that enclose another one. The events come and stay in the order of their beginnings.
fn without_outer_refusals(events: &mut Vec<Event>) {
    let mut earliest_end = u64::MAX;
    let mut inner: Vec<Event> = Vec::with_capacity(events.len());
    // From the last: whoever began earlier and ended later encloses.
    for event in events.drain(..).rev() {
        let alike = matches!(event.op.ask, Ask::Hold(_) | Ask::Book(_)) && event.ret == Ret::Taken;
        if alike && event.ended >= earliest_end {
            continue;
        }
        if alike {
            earliest_end = event.ended;
        }
        inner.push(event);
    }
    inner.reverse();
    *events = inner;
}

/// The pieces between points at which nothing is under way.
fn pieces(events: &[Event]) -> Vec<std::ops::Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut busy_until) = (0, 0);
    for (place, event) in events.iter().enumerate() {
        if place > start && event.began > busy_until {
            pieces.push(start..place);
            start = place;
        }
        busy_until = busy_until.max(event.ended);
    }
    if start < events.len() {
        pieces.push(start..events.len());
    }
    pieces
}

/// How the seat is after an order of these that explains their answers. Else whether it is sure that there is none.
fn order(begin: State, events: &[Event], at_once: &mut usize) -> Result<State, bool> {
    let seat = Seat::new(begin, STEPS);
    let mut tester = LinearizabilityTester::new(seat.clone());
    let clients = clients(events);
    *at_once = (*at_once).max(clients.iter().max().map_or(0, |most| most + 1));
    let mut moments: Vec<(u64, bool, usize)> = (0..events.len())
        .flat_map(|n| [(events[n].began, false, n), (events[n].ended, true, n)])
        .collect();
    // At one moment what begins comes first: then it overlaps, of which less follows.
    moments.sort_unstable();
    for (_, is_end, n) in moments {
        let told = if is_end {
            tester.on_return(clients[n], events[n].ret)
        } else {
            tester.on_invoke(
                clients[n],
                Op {
                    place: n,
                    ..events[n].op
                },
            )
        };
        told.expect("one operation at a time of each");
    }
    let Some(order) = tester.serialized_history() else {
        return Err(!seat.was_given_up());
    };
    let mut after = Seat::new(begin, u64::MAX);
    for (op, ret) in &order {
        assert!(after.is_valid_step(op, ret), "the order explains");
    }
    Ok(after.state)
}

/// As few clients as could have asked this one after the other: the tester goes through the last operations of all.
fn clients(events: &[Event]) -> Vec<usize> {
    let mut busy_until: Vec<u64> = Vec::new();
    events
        .iter()
        .map(|event| {
            let idle = busy_until.iter().position(|until| *until < event.began);
            let client = idle.unwrap_or_else(|| {
                busy_until.push(0);
                busy_until.len() - 1
            });
            busy_until[client] = event.ended;
            client
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An operation between two moments, long before any hold ends.
    fn event(began: u64, ended: u64, ask: Ask, ret: Ret) -> Event {
        let op = Op {
            place: 0,
            ask,
            from: 0,
            to: 0,
        };
        Event {
            began,
            ended,
            op,
            ret,
        }
    }

    const HELD: Ret = Ret::Held { until: 300_000 };

    fn wrong(events: &[Event]) -> bool {
        match check(events.to_vec()) {
            Ok(_) => false,
            Err(wrong) => {
                assert!(wrong.decided, "{wrong}");
                true
            }
        }
    }

    #[test]
    fn a_day_at_a_seat_is_explained() {
        let day = [
            // Three at once; the one that sent last was first.
            event(1, 9, Ask::Book(1), Ret::Taken),
            event(2, 8, Ask::Book(2), Ret::Taken),
            event(3, 7, Ask::Book(3), Ret::Done),
            event(20, 21, Ask::Stay(3), Ret::Done),
            // Called off while another asks again and again.
            event(30, 40, Ask::Leave(3), Ret::Done),
            event(31, 33, Ask::Book(4), Ret::Taken),
            event(34, 36, Ask::Hold(5), HELD),
            event(37, 39, Ask::Book(6), Ret::Taken),
            event(50, 51, Ask::BookHeld(5), Ret::Done),
        ];
        let looked = check(day.to_vec()).unwrap();
        assert_eq!((looked.operations, looked.pieces), (9, 4));
        // The two refusals that came when 3 was booked tell nothing more.
        assert_eq!(looked.ordered, 7);
    }

    #[test]
    fn a_double_booking_is_found() {
        let both = [
            event(1, 5, Ask::Book(1), Ret::Done),
            event(2, 6, Ask::Book(2), Ret::Done),
        ];
        assert!(wrong(&both));
        // With a cancellation it depends on when.
        let left = |began| {
            [
                both[0],
                both[1],
                event(began, began + 2, Ask::Leave(1), Ret::Done),
            ]
        };
        assert!(!wrong(&left(3)));
        assert!(wrong(&left(7)));
        let over_a_hold = [
            event(1, 2, Ask::Hold(1), HELD),
            event(3, 4, Ask::Book(2), Ret::Done),
        ];
        assert!(wrong(&over_a_hold));
    }

    #[test]
    fn a_confirmation_that_was_lost_is_found() {
        // Killed between 2 and 3: afterwards the time is somebody else's, or its owner's no longer.
        let confirmed = event(1, 2, Ask::Book(1), Ret::Done);
        assert!(wrong(&[confirmed, event(3, 4, Ask::Book(2), Ret::Done)]));
        assert!(wrong(&[
            confirmed,
            event(3, 4, Ask::Stay(1), Ret::Done),
            event(5, 6, Ask::Leave(1), Ret::Taken)
        ]));
        assert!(wrong(&[
            confirmed,
            event(3, 4, Ask::Leave(1), Ret::Done),
            event(5, 6, Ask::Stay(1), Ret::Done)
        ]));
    }

    #[test]
    fn a_refusal_of_a_free_time_is_found() {
        assert!(wrong(&[event(1, 2, Ask::Book(1), Ret::Taken)]));
        assert!(wrong(&[
            event(1, 2, Ask::Book(1), Ret::Done),
            event(3, 4, Ask::Leave(1), Ret::Done),
            event(5, 6, Ask::Book(2), Ret::Taken),
        ]));
    }

    #[test]
    fn a_hold_ends_by_the_clinics_clock() {
        let at = |minute: i64, ask, ret| {
            let began = u64::try_from(minute).unwrap() * 10 + 1;
            let mut event = event(began, began + 1, ask, ret);
            (event.op.from, event.op.to) = (minute * 60_000, minute * 60_000);
            event
        };
        let held = at(0, Ask::Hold(1), HELD);
        assert!(wrong(&[held, at(3, Ask::Book(2), Ret::Done)]));
        assert!(!wrong(&[held, at(3, Ask::Book(2), Ret::Taken)]));
        assert!(!wrong(&[held, at(7, Ask::Book(2), Ret::Done)]));
        assert!(wrong(&[held, at(7, Ask::Book(2), Ret::Taken)]));
        // Its owner gets it all the same while nobody else came.
        assert!(!wrong(&[held, at(7, Ask::BookHeld(1), Ret::Done)]));
        let lost = [held, at(7, Ask::Book(2), Ret::Done)];
        assert!(wrong(&[
            lost[0],
            lost[1],
            at(8, Ask::BookHeld(1), Ret::Done)
        ]));
        assert!(!wrong(&[
            lost[0],
            lost[1],
            at(8, Ask::BookHeld(1), Ret::Taken)
        ]));
    }

    #[test]
    fn what_began_in_more_than_one_way_is_not_called_wrong() {
        // Two long operations, a hold and the booking over it, can have been either way round: first the booking is
        // tried as the last. Only together with what follows it shows that the hold was.
        let mut hold = event(1, 9, Ask::Hold(1), HELD);
        let mut other = event(2, 8, Ask::Hold(2), HELD);
        (hold.op.to, other.op.to) = (400_000, 400_000);
        let after = |id| [hold, other, event(20, 21, Ask::Book(id), Ret::Taken)];
        let own = |id| [hold, other, event(20, 21, Ask::BookHeld(id), Ret::Done)];
        for id in [1, 2] {
            assert!(!wrong(&own(id)));
            assert!(!wrong(&after(id)));
        }
        assert!(wrong(&[own(1)[0], own(1)[1], own(1)[2], own(2)[2]]));
    }
}
