//! What a seat at a time is, when one client asks after the other: the specification against which histories are held.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use stateright::semantics::SequentialSpec;

/// A booking: the number in the key of the intent that made it.
pub type Id = u64;

/// Milliseconds by which an answer's word on time may differ from the clock of who asked: jobs that share a commit share
/// its time, and what waits is asked later than it was sent. Clinic's time, which is in a hurry: a second of ours.
const SLACK: i64 = 60_000;

/// What is asked of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// `$hold`.
    Hold(Id),
    /// `$book` of the proposed time, or a move to it.
    Book(Id),
    /// `$book` of what was held under this id.
    BookHeld(Id),
    /// Called off, or moved elsewhere.
    Leave(Id),
    /// A move elsewhere that was refused, so that the booking must be here.
    Stay(Id),
}

/// An operation: what is asked, and the clinic's time when it was asked first and when it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Op {
    /// Its place among those that an order is searched for.
    pub place: usize,
    pub ask: Ask,
    pub from: i64,
    pub to: i64,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ret {
    /// Held, until then at least.
    Held { until: i64 },
    /// Done.
    Done,
    /// Somebody else has it.
    Taken,
}

/// Who has the seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Free,
    Held { by: Id, until: i64 },
    Booked { by: Id },
}

/// A seat.
#[derive(Debug, Clone)]
pub struct Seat {
    pub state: State,
    /// The places of the operations that were done, as bits.
    done: Vec<u64>,
    search: Rc<RefCell<Search>>,
}

/// What a search for an order has tried. A step to where it was before is no step: what did not lead on from there does
/// not now (Lowe, "Testing for linearizability", 2017), and without this a search is exponential in what overlaps.
#[derive(Debug)]
pub struct Search {
    tried: HashSet<(Vec<u64>, State)>,
    /// Steps after which it is given up.
    left: u64,
}

impl Seat {
    /// Before a search of so many steps.
    pub fn new(state: State, steps: u64) -> Self {
        let search = Search {
            tried: HashSet::new(),
            left: steps,
        };
        Self {
            state,
            done: Vec::new(),
            search: Rc::new(RefCell::new(search)),
        }
    }

    /// Whether the search was given up.
    pub fn was_given_up(&self) -> bool {
        self.search.borrow().left == 0
    }

    /// Notes a step. Whether it leads where the search has not been.
    fn leads_on(&mut self, op: &Op) -> bool {
        let (word, bit) = (op.place / 64, op.place % 64);
        if self.done.len() <= word {
            self.done.resize(word + 1, 0);
        }
        self.done[word] |= 1 << bit;
        let place = (self.done.clone(), self.state);
        self.search.borrow_mut().tried.insert(place)
    }

    /// Whether somebody else can take it at some time of the operation.
    fn can_be_taken(&self, op: &Op) -> bool {
        match self.state {
            State::Free => true,
            State::Held { until, .. } => op.to + SLACK >= until,
            State::Booked { .. } => false,
        }
    }

    /// Whether it can be somebody else's at some time of the operation.
    fn is_anothers(&self, op: &Op, id: Id) -> bool {
        match self.state {
            State::Free => false,
            State::Held { by, until } => by != id && op.from - SLACK < until,
            State::Booked { by } => by != id,
        }
    }
}

impl SequentialSpec for Seat {
    type Op = Op;
    type Ret = Ret;

    /// What a clinic could answer whose clock stands at the operation's begin. Recorded operations all have answers, so
    /// that only [`SequentialSpec::is_valid_step`] decides.
    fn invoke(&mut self, op: &Op) -> Ret {
        let ret = match op.ask {
            Ask::Hold(_) => Ret::Held { until: op.from },
            Ask::Book(_) | Ask::BookHeld(_) | Ask::Leave(_) | Ask::Stay(_) => Ret::Done,
        };
        if self.is_valid_step(op, &ret) {
            ret
        } else {
            Ret::Taken
        }
    }

    fn is_valid_step(&mut self, op: &Op, ret: &Ret) -> bool {
        {
            let mut search = self.search.borrow_mut();
            search.left = search.left.saturating_sub(1);
            if search.left == 0 {
                return false;
            }
        }
        let (valid, then) = match (op.ask, *ret) {
            (Ask::Hold(id), Ret::Held { until }) => {
                (self.can_be_taken(op), State::Held { by: id, until })
            }
            (Ask::Book(id), Ret::Done) => (self.can_be_taken(op), State::Booked { by: id }),
            (Ask::BookHeld(id), Ret::Done) => {
                let own = matches!(self.state, State::Held { by, .. } if by == id);
                (own || self.can_be_taken(op), State::Booked { by: id })
            }
            (Ask::Leave(id), Ret::Done) => (self.state == State::Booked { by: id }, State::Free),
            (Ask::Stay(id), Ret::Done) => (self.state == State::Booked { by: id }, self.state),
            (Ask::Hold(id) | Ask::Book(id) | Ask::BookHeld(id), Ret::Taken) => {
                (self.is_anothers(op, id), self.state)
            }
            (Ask::Book(_) | Ask::BookHeld(_), Ret::Held { .. })
            | (Ask::Hold(_), Ret::Done)
            | (Ask::Leave(_) | Ask::Stay(_), Ret::Held { .. } | Ret::Taken) => (false, self.state),
        };
        if !valid {
            return false;
        }
        self.state = then;
        self.leads_on(op)
    }
}
