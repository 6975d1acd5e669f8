//! What people do, from end to end: a real clinic over real HTTP, real vaults on disk.

mod book;
mod cancel;
mod enrol;
mod pay;
mod read_offline;
mod watch;
