//! What test runners say they did, read from their own output.

pub mod cargo_test;
pub mod junit;

use std::ops::AddAssign;

/// How many tests passed, failed and were left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Tests that ran and passed.
    pub passed: u64,
    /// Tests that ran and failed, and runs that broke.
    pub failed: u64,
    /// Tests that their runner left out.
    pub skipped: u64,
}

impl Count {
    /// The count of one check.
    pub fn one(passed: bool) -> Self {
        Self {
            passed: u64::from(passed),
            failed: u64::from(!passed),
            skipped: 0,
        }
    }

    /// How many ran.
    pub fn executed(self) -> u64 {
        self.passed + self.failed
    }

    /// Makes sure that a runner that ended badly counts as at least one failure.
    pub fn with_end(mut self, succeeded: bool) -> Self {
        if !succeeded && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}
