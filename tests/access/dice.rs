//! Chance, from a seed.

use sokhoe_testing::SeededRng;

/// What is thrown for everything that is chosen.
pub struct Dice(pub SeededRng);

impl Dice {
    pub fn below(&self, most: usize) -> usize {
        let most = u64::try_from(most).expect("a number of choices");
        usize::try_from(self.0.next() % most).expect("smaller")
    }

    pub fn one<'a, T: ?Sized>(&self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    pub fn once_in(&self, times: usize) -> bool {
        self.below(times) == 0
    }
}
