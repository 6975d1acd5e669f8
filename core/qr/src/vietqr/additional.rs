use std::fmt;

use crate::emv::Objects;

/// Tag 62. The value `***` asks the payer to fill in the field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AdditionalData<'a>(Objects<'a>);

pub(crate) const TEMPLATE: u8 = 62;
pub(crate) const BILL: u8 = 1;
pub(crate) const MOBILE: u8 = 2;
pub(crate) const STORE: u8 = 3;
pub(crate) const LOYALTY: u8 = 4;
pub(crate) const REFERENCE: u8 = 5;
pub(crate) const CUSTOMER: u8 = 6;
pub(crate) const TERMINAL: u8 = 7;
pub(crate) const PURPOSE: u8 = 8;
pub(crate) const CONSUMER_REQUEST: u8 = 9;

impl<'a> AdditionalData<'a> {
    pub(crate) fn new(objects: Objects<'a>) -> Self {
        Self(objects)
    }

    /// The value of a field by its number.
    pub fn get(&self, id: u8) -> Option<&'a str> {
        self.0.get(id)
    }

    /// All fields in their order.
    pub fn objects(&self) -> Objects<'a> {
        self.0
    }

    /// The number of the bill.
    pub fn bill(&self) -> Option<&'a str> {
        self.get(BILL)
    }

    /// A mobile phone number.
    pub fn mobile(&self) -> Option<&'a str> {
        self.get(MOBILE)
    }

    /// The store.
    pub fn store(&self) -> Option<&'a str> {
        self.get(STORE)
    }

    /// A loyalty number.
    pub fn loyalty(&self) -> Option<&'a str> {
        self.get(LOYALTY)
    }

    /// The reference label.
    pub fn reference(&self) -> Option<&'a str> {
        self.get(REFERENCE)
    }

    /// The customer label.
    pub fn customer(&self) -> Option<&'a str> {
        self.get(CUSTOMER)
    }

    /// The terminal.
    pub fn terminal(&self) -> Option<&'a str> {
        self.get(TERMINAL)
    }

    /// The purpose of the transaction.
    pub fn purpose(&self) -> Option<&'a str> {
        self.get(PURPOSE)
    }

    /// What the payer is asked for: some of A (address), M (mobile), E (e-mail).
    pub fn consumer_request(&self) -> Option<&'a str> {
        self.get(CONSUMER_REQUEST)
    }
}

impl fmt::Debug for AdditionalData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
