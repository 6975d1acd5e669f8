//! The only chance there is.

use std::sync::Arc;
use std::time::Duration;

use sokhoe_testing::SeededRng;
use sokhoe_testing::disk::{CrashKind, SimDisk};

/// Dice of one actor: what one of them rolls changes nothing for the others.
#[derive(Clone)]
pub struct Dice(Arc<SeededRng>);

impl Dice {
    /// Of a seed and an actor's number.
    pub fn new(seed: u64, actor: u64) -> Self {
        let mixed = SeededRng::new(seed ^ actor.wrapping_mul(0x9e37_79b9_97f4_a7c1)).next();
        Self(Arc::new(SeededRng::new(mixed)))
    }

    /// Random bytes for the port.
    pub fn rng(&self) -> Arc<SeededRng> {
        Arc::new(SeededRng::new(self.0.next()))
    }

    pub fn number(&self) -> u64 {
        self.0.next()
    }

    /// 0 to `bound` − 1.
    pub fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap();
        usize::try_from(self.0.next() % bound).unwrap()
    }

    /// True in so many of a hundred.
    pub fn percent(&self, share: usize) -> bool {
        self.below(100) < share
    }

    pub fn one<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    /// A disk after the power went now.
    pub fn crash(&self, disk: &SimDisk) -> (CrashKind, SimDisk) {
        // The others tear the write at the cut, and at this moment there is none.
        const KINDS: [CrashKind; 4] = [
            CrashKind::Durable,
            CrashKind::Written,
            CrashKind::Dropped,
            CrashKind::Reordered,
        ];
        let kind = KINDS[self.below(KINDS.len())];
        (kind, disk.crash(kind, self.number()))
    }

    /// From `least` to `most`.
    pub fn between(&self, least: Duration, most: Duration) -> Duration {
        let span = u64::try_from((most - least).as_millis()).unwrap().max(1);
        least + Duration::from_millis(self.0.next() % span)
    }

    /// Around `mean`, seldom much longer: the time until something that may happen at any moment.
    pub fn waiting(&self, mean: Duration) -> Duration {
        let share = f64::from(u32::try_from(self.0.next() >> 32).unwrap()) / f64::from(u32::MAX);
        let factor = -(share.max(1e-6)).ln();
        Duration::from_millis(u64::try_from(mean.mul_f64(factor.min(6.0)).as_millis()).unwrap())
    }
}
