//! One damage after another, each from its seed.

use std::collections::BTreeMap;

use sokhoe_testing::SeededRng;

use crate::history::{History, MINE, OTHER};

const PAGE: usize = 4_096;
/// A page in the journal has 24 bytes before it, and the journal 32 before all.
const FRAME: usize = PAGE + 24;
const JOURNAL_HEADER: usize = 32;

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// A few bits are others.
    Flip,
    /// Its end is missing.
    Truncate,
    /// Two of its pages, or frames of the journal, changed places.
    SwapPages,
    /// A page of the other vault stands in the place of one of its own.
    ForeignPage,
    /// It is the other vault's file.
    ForeignFile,
    /// A page, or some of it, is zeros.
    Zero,
    /// Something follows where it ended.
    Grow,
    /// It is as it was some commits ago, the others are not.
    Replay,
}

impl Damage {
    pub const ALL: [Self; 8] = [
        Self::Flip,
        Self::Truncate,
        Self::SwapPages,
        Self::ForeignPage,
        Self::ForeignFile,
        Self::Zero,
        Self::Grow,
        Self::Replay,
    ];
}

/// A vault with a damaged file.
pub struct Damaged {
    pub damage: Damage,
    /// Which file.
    pub file: String,
    /// The moment it was taken from.
    pub moment: usize,
    pub files: BTreeMap<String, Vec<u8>>,
    /// Whether it may hold what an earlier commit held: the journal ends where it is damaged, and a
    /// file that was put back is one that was whole.
    pub may_be_earlier: bool,
}

/// The file of all keys, which has a copy beside it.
const RING: &str = "ring";

fn name_of(end: &str) -> String {
    match end {
        RING => RING.to_owned(),
        end => format!("{MINE}{end}"),
    }
}

struct Dice(SeededRng);

impl Dice {
    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.0.next() % (bound.max(1) as u64)).unwrap()
    }
}

/// The damage of this seed.
pub fn make(history: &History, seed: u64) -> Damaged {
    let dice = Dice(SeededRng::new(seed));
    let damage = Damage::ALL[dice.below(Damage::ALL.len())];
    let moment = 1 + dice.below(history.moments.len() - 1);
    let mut files = (*history.moments[moment].files).clone();
    let ends: &[&str] = match damage {
        // The ring and the journal of intents have no pages; of the other vault's log there is none.
        Damage::SwapPages => &[".db", ".db-wal"],
        Damage::ForeignPage => &[".db", ".db", ".db-wal"],
        Damage::ForeignFile => &[".db", ".journal"],
        _ => &[".db", ".db", ".db-wal", ".db-wal", RING, ".journal"],
    };
    let present: Vec<&&str> = ends
        .iter()
        .filter(|end| files.contains_key(&name_of(end)))
        .collect();
    let end = *present[dice.below(present.len())];
    let file = name_of(end);
    let is_journal = end == ".db-wal";
    let earlier = dice.below(moment);
    let older = history.moments[earlier].files.get(&file).cloned();
    let foreign = files.get(&format!("{OTHER}{end}")).cloned();
    let foreign_page = files.get(&format!("{OTHER}.db")).cloned().unwrap();
    let content = files.get_mut(&file).unwrap();
    let (first, unit) = match end {
        ".db" => (0, PAGE),
        ".db-wal" => (JOURNAL_HEADER, FRAME),
        _ => (0, 1),
    };
    let units = (content.len() - first) / unit;
    let place = |number: usize| first + number * unit;
    match damage {
        Damage::Flip => {
            for _ in 0..=dice.below(3) {
                let at = dice.below(content.len());
                content[at] ^= 1 << dice.below(8);
            }
        }
        Damage::Truncate => match dice.below(3) {
            0 => content.truncate(place(dice.below(units))),
            1 => content.truncate(dice.below(content.len() / 512 + 1) * 512),
            _ => content.truncate(dice.below(content.len())),
        },
        Damage::SwapPages => {
            let (a, b) = (place(dice.below(units)), place(dice.below(units)));
            for at in 0..unit {
                content.swap(a + at, b + at);
            }
        }
        Damage::ForeignPage => {
            let at = place(dice.below(units)) + unit - PAGE;
            let from = dice.below(foreign_page.len() / PAGE) * PAGE;
            content[at..at + PAGE].copy_from_slice(&foreign_page[from..from + PAGE]);
        }
        Damage::ForeignFile => *content = foreign.unwrap(),
        Damage::Zero => {
            let from = place(dice.below(units));
            let length = if dice.below(2) == 0 {
                unit
            } else {
                1 + dice.below(unit)
            };
            content[from..(from + length)].fill(0);
        }
        Damage::Grow => {
            let length = [1, 512, PAGE, FRAME, 3 * PAGE][dice.below(5)];
            let filler = u8::try_from(dice.below(256)).unwrap();
            if dice.below(2) == 0 {
                content.resize(content.len() + length, filler);
            } else {
                let copied = content[..length.min(content.len())].to_vec();
                content.extend_from_slice(&copied);
            }
        }
        Damage::Replay => match older {
            Some(older) => *content = older,
            None => {
                files.remove(&file);
            }
        },
    }
    Damaged {
        damage,
        file,
        moment,
        files,
        may_be_earlier: is_journal || damage == Damage::Replay,
    }
}
