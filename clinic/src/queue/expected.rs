//! About when it is somebody's turn. A pure rule, so that it can be tested.

use std::time::Duration;

use sokhoe_domain::Timestamp;

/// So many visits of the day must be over before they tell how long one takes.
const ENOUGH: usize = 3;

/// What is known of a line.
#[derive(Debug, Clone)]
pub(super) struct LineNow {
    /// How many people can be with the doctor, or at the counters, at the same time.
    pub seats: u32,
    /// Since when each of those is in who is in.
    pub running: Vec<Timestamp>,
    /// How many were called and are on their way in.
    pub called: u32,
    /// How long each visit took that is over today.
    pub took: Vec<Duration>,
    /// How long one is meant to take.
    pub meant: Duration,
}

/// When it is the turn of somebody with `ahead` people before them: each seat is free when its visit is over, and each of
/// those before takes the seat that is free first. Nobody's turn is before the time of their own booking.
pub(super) fn expected(
    line: &LineNow,
    ahead: u32,
    booked: Option<Timestamp>,
    now: Timestamp,
) -> Timestamp {
    let one = length(line);
    let seats = usize::try_from(line.seats.max(1)).unwrap_or(1);
    let mut free: Vec<Timestamp> = line
        .running
        .iter()
        .map(|begun| begun.plus(one).max(now))
        .collect();
    free.sort_unstable();
    // More may be in than there are seats: those who leave first are followed by nobody.
    let too_many = free.len().saturating_sub(seats);
    free.drain(..too_many);
    free.resize(seats, now);
    for _ in 0..u64::from(line.called) + u64::from(ahead) {
        if let Some(first) = free.iter_mut().min() {
            *first = first.plus(one);
        }
    }
    let turn = free.iter().min().copied().unwrap_or(now);
    turn.max(booked.unwrap_or(turn))
}

/// The median of what visits took, where enough are over; else what one is meant to take.
fn length(line: &LineNow) -> Duration {
    let mut took = line.took.clone();
    took.sort_unstable();
    match took.get(took.len() / 2) {
        Some(median) if took.len() >= ENOUGH => *median,
        _ => line.meant,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(minutes * 60)
    }

    fn at(minute: u64) -> Timestamp {
        Timestamp::from_millis(0).plus(minutes(minute))
    }

    fn line() -> LineNow {
        LineNow {
            seats: 1,
            running: Vec::new(),
            called: 0,
            took: Vec::new(),
            meant: minutes(15),
        }
    }

    #[test]
    fn one_after_the_other_as_long_as_visits_take() {
        let now = at(100);
        assert_eq!(expected(&line(), 0, None, now), now);
        assert_eq!(expected(&line(), 4, None, now), at(160));
        // Whoever is in stays for the rest of a visit; whoever is called begins a whole one.
        let busy = LineNow {
            running: vec![at(95)],
            ..line()
        };
        assert_eq!(expected(&busy, 0, None, now), at(110));
        assert_eq!(expected(&busy, 2, None, now), at(140));
        let overdue = LineNow {
            running: vec![at(10)],
            called: 1,
            ..line()
        };
        assert_eq!(expected(&overdue, 0, None, now), at(115));
    }

    #[test]
    fn three_visits_of_the_day_tell_how_long_one_takes() {
        let of = |took: &[u64]| LineNow {
            took: took.iter().copied().map(minutes).collect(),
            ..line()
        };
        assert_eq!(expected(&of(&[5, 6]), 1, None, at(0)), at(15));
        assert_eq!(expected(&of(&[90, 5, 6]), 1, None, at(0)), at(6));
    }

    #[test]
    fn several_are_seen_at_the_same_time_where_there_are_seats() {
        let four = LineNow { seats: 4, ..line() };
        assert_eq!(expected(&four, 3, None, at(0)), at(0));
        assert_eq!(expected(&four, 4, None, at(0)), at(15));
        let full = LineNow {
            seats: 2,
            running: vec![at(0), at(5), at(10)],
            ..line()
        };
        assert_eq!(expected(&full, 0, None, at(12)), at(20));
    }

    #[test]
    fn nobody_is_seen_before_the_time_of_their_booking() {
        assert_eq!(expected(&line(), 0, Some(at(200)), at(100)), at(200));
        assert_eq!(expected(&line(), 9, Some(at(200)), at(100)), at(235));
    }

    prop_compose! {
        fn arb_line()(
            seats in 0_u32..6, running in vec(0_u64..2_000, 0..6), called in 0_u32..4, took in vec(0_u64..200, 0..9),
            meant in 5_u64..120,
        ) -> LineNow {
            LineNow {
                seats,
                running: running.into_iter().map(at).collect(),
                called,
                took: took.into_iter().map(minutes).collect(),
                meant: minutes(meant),
            }
        }
    }

    proptest! {
        #[test]
        fn more_people_ahead_never_make_it_sooner_and_it_never_lies_in_the_past(
            line in arb_line(), ahead in 0_u32..300, more in 0_u32..50,
            booked in proptest::option::of(0_u64..3_000), now in 0_u64..2_000,
        ) {
            let (booked, now) = (booked.map(at), at(now));
            let turn = expected(&line, ahead, booked, now);
            prop_assert!(turn <= expected(&line, ahead + more, booked, now));
            prop_assert!(turn >= now && turn >= booked.unwrap_or(now));
        }
    }
}
