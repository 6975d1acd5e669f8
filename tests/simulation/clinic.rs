//! A clinic as phones and the world know it, whatever program answers there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_clinic::PaymentOutcome;
use sokhoe_domain::ports::{BoxFuture, TransportError};
use sokhoe_domain::{Timestamp, Vnd};

use crate::wishes::Moves;

/// A clinic, whether it runs or not.
pub trait SimClinic: Send + Sync {
    /// How phones call it, and where they reach it: `https://HOST`.
    fn host(&self) -> &str;

    /// Answers at this very moment.
    fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;

    /// What happens there, until it is aborted; something every `often`, in the mean. Where it moves a booking to stands in `moves`.
    fn live(
        self: Arc<Self>,
        patients: &'static [&'static str],
        often: Duration,
        moves: Moves,
    ) -> BoxFuture<'static, ()>;

    /// Whatever went on, it runs from now on.
    fn recover(&self);

    /// The id by which phones know it; while it runs.
    fn id(&self) -> String;

    /// Whether whatever it answers is of those alone whom the asking phone has there.
    fn tells_of_nobody_else(&self) -> bool {
        true
    }

    /// Hears from a bank of money that came; nothing when it does not hear.
    fn hears_of_money(
        &self,
        _reference: &str,
        _amount: Vnd,
        _provider_id: &str,
    ) -> Option<PaymentOutcome> {
        None
    }

    /// Times that are taken though nobody has them.
    fn kept_for_nobody(&self) -> Vec<String> {
        Vec::new()
    }

    /// All its bookings; while it runs.
    fn bookings(&self) -> Vec<Booking>;

    /// Every resource that it has of a patient, in the bytes in which it gives it; while it runs.
    fn record<'a>(&'a self, patient: &'a str) -> BoxFuture<'a, BTreeSet<String>>;

    /// What is gone without a word, as `Observation/ID`: a phone finds it only by comparing with all that is
    /// there, which it does once or four times a day.
    fn untold(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// What it took away from whom. It says so to whoever asks, and never takes it back.
    fn ended(&self) -> Vec<Ended> {
        Vec::new()
    }

    /// Appointments of people who came without one.
    fn without_booking(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// I9, of what its desk was told; while it runs.
    fn wrong_on_the_floor(&self) -> Vec<String> {
        Vec::new()
    }

    /// How many had a number, and how many were seen.
    fn came_and_were_seen(&self) -> (u64, u64) {
        (0, 0)
    }

    /// Whether there was a time when it let nobody in, who had a right to it all the same.
    fn once_let_nobody_in(&self) -> bool {
        false
    }

    /// What stands in a patient's Patient and is nobody else's to alter.
    fn facts(&self, _patient: &str) -> Vec<String> {
        Vec::new()
    }
}

/// A device's access to a patient's record, which the clinic took away.
#[derive(Clone, PartialEq, Eq)]
pub struct Ended {
    pub patient: String,
    pub device: String,
    /// Whether it is on the clinic's disk for sure: the power may have gone meanwhile.
    pub is_certain: bool,
}

/// A booking as the clinic has it.
pub struct Booking {
    pub id: String,
    pub practitioner: String,
    pub start: Timestamp,
    /// As FHIR calls it.
    pub status: String,
}
