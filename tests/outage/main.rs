//! A clinic is away for half an hour and comes back, and the phones of its province do not knock it down
//! again.

#![allow(
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a simulation that prints its figures"
)]

mod province;

use province::{
    DAY, DOWN_FROM, Figures, Manners, PHONES, STEADY_LIMIT, TIGHT_LIMIT, UP_FROM, live,
};

/// The most that is offered to the clinic once it is back, as a multiple of its steady limit.
const MOST_OFFERED: f64 = 1.5;
/// The most that is sent on the day of the outage, as a multiple of what is sent on any other.
const MOST_AMPLIFIED: f64 = 1.1;
/// The same for the six hours from its beginning. Whoever failed has to come once more, and an eighth of
/// a round of fetching failed: no manners that bring everybody into step come below some 1.08 here.
const MOST_AMPLIFIED_IN_SIX_HOURS: f64 = 1.15;

/// The busiest ten seconds once the clinic is back, in requests a second.
fn busiest_after(figures: &Figures) -> f64 {
    figures.sent[UP_FROM as usize..]
        .chunks(10)
        .map(|seconds| f64::from(seconds.iter().sum::<u32>()) / 10.0)
        .fold(0.0, f64::max)
}

fn sent(figures: &Figures, from: u32, to: u32) -> u64 {
    let seconds = &figures.sent[from as usize..to as usize];
    seconds.iter().copied().map(u64::from).sum()
}

fn part(sorted: &[u32], percent: usize) -> u32 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}

struct Told {
    offered: f64,
    amplified_day: f64,
    amplified_hours: f64,
}

fn tell(name: &str, limit: u32, figures: &Figures, usual: &Figures) -> Told {
    let offered = busiest_after(figures) / f64::from(limit);
    let ratio = |from, to| sent(figures, from, to) as f64 / sent(usual, from, to) as f64;
    let (amplified_day, amplified_hours) = (ratio(0, DAY), ratio(DOWN_FROM, DOWN_FROM + 6 * 3600));
    println!(
        "{name}: busiest ten seconds after the outage {:.0}/s = {offered:.2} of the limit of {limit}/s \
         (usually {:.0}/s); sent in the outage {:.1} times as much as usual, in six hours from its beginning \
         {amplified_hours:.3}, in the day {amplified_day:.3}; {} answered, {} sent away",
        offered * f64::from(limit),
        busiest_after(usual),
        ratio(DOWN_FROM, UP_FROM),
        figures.answered,
        figures.sent_away,
    );
    println!(
        "{name}: {} phones missed their time; in step after the end: half in {} min, 99 of 100 in {} min, all in \
         {} min; {} decisions settled: half in {} s, all in {} s; {} left behind",
        figures.in_step_after.len(),
        part(&figures.in_step_after, 50) / 60,
        part(&figures.in_step_after, 99) / 60,
        part(&figures.in_step_after, 100) / 60,
        figures.settled_after.len(),
        part(&figures.settled_after, 50),
        part(&figures.settled_after, 100),
        figures.left_behind,
    );
    Told {
        offered,
        amplified_day,
        amplified_hours,
    }
}

#[test]
fn a_province_comes_back_from_an_outage_without_a_second_one() {
    let usual = live(7, Manners::Paced, false, STEADY_LIMIT);
    assert_eq!(
        usual.sent_away, 0,
        "the clinic is too small for ordinary days"
    );
    let paced = live(7, Manners::Paced, true, STEADY_LIMIT);
    println!("{PHONES} phones, 30 minutes");
    let told = tell("paced", STEADY_LIMIT, &paced, &usual);
    assert!(told.offered <= MOST_OFFERED, "{:.2}", told.offered);
    assert!(
        told.amplified_hours <= MOST_AMPLIFIED_IN_SIX_HOURS,
        "{:.3}",
        told.amplified_hours
    );
    assert!(
        told.amplified_day <= MOST_AMPLIFIED,
        "{:.3}",
        told.amplified_day
    );
    assert!(paced.in_step_after.len() > 50_000, "nobody missed anything");
    assert_eq!(paced.left_behind, 0);
    assert!(part(&paced.in_step_after, 100) <= 2 * 3600);
    assert!(!paced.settled_after.is_empty());
    assert!(part(&paced.settled_after, 100) <= 15 * 60);
}

/// What returns is more than such a clinic can answer for an hour: it sends phones away and catches up.
#[test]
fn a_clinic_that_is_barely_large_enough_comes_back_too() {
    let usual = live(7, Manners::Paced, false, TIGHT_LIMIT);
    assert!(
        usual.sent_away * 1_000 < usual.answered,
        "the clinic is too small for ordinary days"
    );
    let paced = live(7, Manners::Paced, true, TIGHT_LIMIT);
    let told = tell("tight", TIGHT_LIMIT, &paced, &usual);
    assert!(paced.sent_away > 0, "it was large enough");
    assert!(told.offered <= MOST_OFFERED, "{:.2}", told.offered);
    assert!(
        told.amplified_day <= MOST_AMPLIFIED,
        "{:.3}",
        told.amplified_day
    );
    assert!(part(&paced.in_step_after, 100) <= 8 * 3600);
    assert_eq!(paced.left_behind, 0);
}

/// What the figures above are held against would be no news if any phone came to them.
#[test]
fn backoff_alone_is_not_enough() {
    let usual = live(7, Manners::BackoffAlone, false, STEADY_LIMIT);
    let figures = live(7, Manners::BackoffAlone, true, STEADY_LIMIT);
    let told = tell("backoff alone", STEADY_LIMIT, &figures, &usual);
    assert!(told.offered > MOST_OFFERED);
    assert!(told.amplified_hours > MOST_AMPLIFIED_IN_SIX_HOURS);
}
