//! What goes wrong on bad days: clinics that answer nonsense, full disks, wrong keys, kills.

mod clinic_answers;
mod disk;
mod keys;
mod kill;
mod logs;
