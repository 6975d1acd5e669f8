//! How often what happened.

/// How often.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// Operations: keys that were asked under.
    pub attempts: u64,
    pub won: u64,
    pub held: u64,
    pub moved: u64,
    pub called_off: u64,
    pub taken: u64,
    /// Refused because the person has enough.
    pub too_many: u64,
    /// Answers that were thrown away unread.
    pub thrown_away: u64,
    /// Requests whose connection broke before the answer.
    pub broken: u64,
    /// "Come back later".
    pub later: u64,
    /// Known answers that were asked for again.
    pub repeated: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.won += other.won;
        self.held += other.held;
        self.moved += other.moved;
        self.called_off += other.called_off;
        self.taken += other.taken;
        self.too_many += other.too_many;
        self.thrown_away += other.thrown_away;
        self.broken += other.broken;
        self.later += other.later;
        self.repeated += other.repeated;
    }
}
