//! A life from its beginning to the quiet at its end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::check::{self, Wrongs};
use crate::clinic::SimClinic;
use crate::dice::Dice;
use crate::network::{Answers, Clinics};
use crate::phone::{SimPhone, Surroundings};
use crate::story::Story;
use crate::template::{PATIENTS, Template, runtime};
use crate::time::Time;

/// How long a life is, before the quiet.
const LIFE: Duration = Duration::from_secs(5 * 3_600);
/// I11: once nothing goes wrong any more, everything is in step within this.
const QUIET: Duration = Duration::from_secs(60);

/// One life.
pub struct Life {
    pub seed: u64,
    pub story: Story,
    pub wrongs: Vec<String>,
    pub tally: Tally,
}

/// What happened in it.
#[derive(Clone, Default)]
pub struct Tally {
    pub lives: u64,
    pub device_hours: f64,
    pub syncs: u64,
    pub bookings: u64,
    pub cancellations: u64,
    pub power_cuts: u64,
    pub resources_compared: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.lives += other.lives;
        self.device_hours += other.device_hours;
        self.syncs += other.syncs;
        self.bookings += other.bookings;
        self.cancellations += other.cancellations;
        self.power_cuts += other.power_cuts;
        self.resources_compared += other.resources_compared;
    }

    /// Lives in which nothing happens prove nothing.
    pub fn assert_that_it_was_a_life(&self) {
        assert!(self.syncs > 5 * self.lives, "{self}");
        assert!(self.bookings > self.lives, "{self}");
        assert!(self.power_cuts > self.lives, "{self}");
        assert!(self.resources_compared > 10 * self.lives, "{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0} device-hours, {} syncs, {} bookings, {} cancellations, {} power cuts, {} resources compared",
            self.device_hours,
            self.syncs,
            self.bookings,
            self.cancellations,
            self.power_cuts,
            self.resources_compared
        )
    }
}

/// Lives the life of a seed.
pub fn live(template: &Template, seed: u64) -> Life {
    runtime().block_on(async {
        let time = Time::start();
        let story = Story::begin(&time);
        let wrongs = Wrongs::default();
        let clinics: Arc<Clinics> = Arc::new(
            template
                .clinics
                .iter()
                .zip(100..)
                .map(|((host, files, keys), actor)| {
                    let dice = Dice::new(seed, actor);
                    let clinic =
                        SimClinic::start(host, files.clone(), keys.clone(), &time, dice, &story);
                    (host.clone(), Arc::new(clinic))
                })
                .collect(),
        );
        let around = Surroundings {
            time: Arc::clone(&time),
            clinics: Arc::clone(&clinics),
            answers: Arc::new(Answers::default()),
            story: story.clone(),
            wrongs: wrongs.clone(),
        };
        let phones: Vec<Arc<SimPhone>> = template
            .phones
            .iter()
            .zip(200..)
            .map(|(files, actor)| {
                let name = format!("phone {}", actor - 200);
                let dice = Dice::new(seed, actor);
                Arc::new(SimPhone::start(name, files.clone(), dice, &around))
            })
            .collect();

        let mut lives = tokio::task::JoinSet::new();
        for phone in &phones {
            lives.spawn(Arc::clone(phone).live());
        }
        for clinic in clinics.values() {
            lives.spawn(Arc::clone(clinic).live(&PATIENTS));
        }
        let until = tokio::time::sleep(LIFE);
        tokio::pin!(until);
        loop {
            tokio::select! {
                biased;
                () = &mut until => break,
                ended = lives.join_next() => {
                    // Nobody ends by itself: this is a panic.
                    if let Some(Err(error)) = ended {
                        wrongs.note(format!("somebody broke: {error}"));
                        break;
                    }
                }
            }
        }
        lives.shutdown().await;

        story.tell("everybody", "quiet");
        for clinic in clinics.values() {
            clinic.recover();
        }
        for phone in &phones {
            phone.comes_home();
        }
        let end = tokio::time::Instant::now() + QUIET;
        let mut settled = false;
        while !settled && tokio::time::Instant::now() < end {
            settled = true;
            for phone in &phones {
                settled &= phone.settles().await;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        if !settled {
            wrongs.note("I11: somebody still waits".to_owned());
        }
        // What others did while the first ones were already in step.
        for phone in &phones {
            phone.settles().await;
        }
        let mut tally = Tally {
            lives: 1,
            device_hours: time.since_begin().as_secs_f64() / 3_600.0 * phones.len() as f64,
            ..Tally::default()
        };
        for phone in &phones {
            tally.add(&phone.tally());
        }
        check::seats(&clinics, &wrongs);
        check::effects(&phones, &clinics, &wrongs);
        check::confirmations(&phones, &clinics, &wrongs);
        tally.resources_compared = check::books(&phones, &clinics, &wrongs).await;
        for contradiction in around.answers.contradictions() {
            wrongs.note(contradiction);
        }
        Life {
            seed,
            story,
            wrongs: wrongs.all(),
            tally,
        }
    })
}
