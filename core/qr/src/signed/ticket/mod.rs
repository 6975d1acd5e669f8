//! The ticket of a booking: scanned at the kiosk, also when neither phone nor kiosk has a network.
//!
//! A ticket is nine bytes and a signature, written as decimal digits because QR codes hold digits most
//! densely: version 6 at level Q, which leaves a quarter of the code to cracks and glare. It is valid
//! for one half hour of its day. The clinic signs one for each half hour in which the person may come,
//! and the phone shows the one of now: yesterday's screenshot, or the screenshot sent to a friend an
//! hour ago, is refused. A ticket on paper is valid all day.

mod digits;
mod gate;
mod sheet;
mod text;

pub use gate::{Admission, CLOCK_TOLERANCE, TicketGate};
pub use sheet::TicketSheet;
pub use text::{Ticket, TicketWindow, UnprovenTicket};
