//! How things look in a terminal: columns, numbers, courses of values, codes.

mod code;
mod day;
mod number;
mod sparkline;
mod table;

pub(crate) use code::draw;
pub(crate) use day::parse_day;
pub(crate) use number::{Numbers, parse_dong, plain};
pub(crate) use sparkline::sparkline;
pub(crate) use table::{Column, pad, table};
