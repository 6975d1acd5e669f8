//! The bank: it takes transfers from those who scan a code, and tells the clinic of each until the clinic says that
//! it heard. It tells some twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sokhoe_app::{AppError, PaymentStatus, PersonView, SoKhoe};
use sokhoe_clinic::PaymentOutcome;
use sokhoe_domain::Vnd;
use sokhoe_fhir::InvoiceView;

use crate::check::{Records, Wrongs};
use crate::dice::Dice;
use crate::network::Clinics;
use crate::phone::SimPhone;
use crate::story::Story;

/// Money on its way.
#[derive(Clone)]
pub struct Transfer {
    host: String,
    reference: String,
    amount: Vnd,
    /// What the clinic said of it first.
    heard: Option<Heard>,
}

/// What became of a transfer, as far as the clinic has said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Applied,
    ToSettle,
    /// One of both, in a call that seemed to fail.
    Before,
}

/// A bank for everybody.
pub struct Bank {
    dice: Dice,
    story: Story,
    wrongs: Wrongs,
    transfers: Mutex<Vec<Transfer>>,
}

impl Bank {
    pub fn open(dice: Dice, story: &Story, wrongs: &Wrongs) -> Arc<Self> {
        Arc::new(Self {
            dice,
            story: story.clone(),
            wrongs: wrongs.clone(),
            transfers: Mutex::default(),
        })
    }

    fn transfers(&self) -> MutexGuard<'_, Vec<Transfer>> {
        self.transfers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub fn takes(&self, host: &str, reference: &str, amount: Vnd) {
        self.transfers().push(Transfer {
            host: host.to_owned(),
            reference: reference.to_owned(),
            amount,
            heard: None,
        });
    }

    /// Until it is aborted.
    pub async fn live(self: Arc<Self>, clinics: Arc<Clinics>, often: Duration) {
        loop {
            tokio::time::sleep(self.dice.waiting(often)).await;
            let again = self.dice.percent(30);
            self.tells(&clinics, again);
        }
    }

    /// Tells of what was not heard yet, and `again` of what was.
    pub fn tells(&self, clinics: &Clinics, again: bool) {
        let count = self.transfers().len();
        for number in 0..count {
            let transfer = self.transfers()[number].clone();
            if transfer.heard.is_some() && !again {
                continue;
            }
            let Some(clinic) = clinics.get(&transfer.host) else {
                continue;
            };
            let provider_id = format!("transfer-{number}");
            let Some(outcome) =
                clinic.hears_of_money(&transfer.reference, transfer.amount, &provider_id)
            else {
                continue;
            };
            self.story
                .tell("bank", format_args!("{provider_id}: {outcome:?}"));
            let heard = match outcome {
                PaymentOutcome::Applied { .. } => Heard::Applied,
                PaymentOutcome::ToSettle(_) => Heard::ToSettle,
                PaymentOutcome::AlreadyCounted => transfer.heard.unwrap_or(Heard::Before),
                PaymentOutcome::Conflict => {
                    self.wrong(format_args!("{provider_id} is taken for another"));
                    continue;
                }
            };
            if transfer.heard.is_some_and(|before| before != heard)
                || transfer.heard.is_some() && outcome != PaymentOutcome::AlreadyCounted
            {
                self.wrong(format_args!("{provider_id} was counted twice"));
            }
            self.transfers()[number].heard = Some(heard);
        }
    }

    fn wrong(&self, what: std::fmt::Arguments<'_>) {
        self.wrongs.note(format!("I8: {what}"));
    }

    /// I8: whatever was transferred is either applied, to one invoice that is paid by it alone, or waits for a person.
    pub fn adds_up(&self, records: &Records<'_>) {
        let mut applied: BTreeMap<String, u32> = BTreeMap::new();
        let mut may_be: BTreeSet<String> = BTreeSet::new();
        for transfer in self.transfers().iter() {
            match transfer.heard {
                Some(Heard::Applied) => {
                    *applied.entry(transfer.reference.clone()).or_default() += 1
                }
                Some(Heard::Before) => drop(may_be.insert(transfer.reference.clone())),
                Some(Heard::ToSettle) => {}
                None => self.wrong(format_args!("{} was never heard of", transfer.reference)),
            }
        }
        for (reference, times) in &applied {
            if *times > 1 {
                self.wrong(format_args!("{reference} is paid {times} times"));
            }
        }
        let invoices = records.values().flatten();
        let invoices = invoices.filter_map(|json| InvoiceView::from_json(json).ok());
        for invoice in invoices {
            let is_paid = invoice.status == "balanced";
            let was_paid = applied.contains_key(&invoice.reference);
            if is_paid && !was_paid && !may_be.contains(&invoice.reference) || was_paid && !is_paid
            {
                self.wrong(format_args!("{} is {}", invoice.reference, invoice.status));
            }
        }
    }
}

impl SimPhone {
    /// Scans the code of an invoice and transfers what it says, or what was typed wrong.
    pub fn pays(&self, app: &SoKhoe, of: &PersonView) {
        let invoices = match app.invoices(&of.id) {
            Ok(invoices) => invoices,
            Err(error) => return self.failed_for("invoices", of, &error),
        };
        let Some(invoice) = self.dice.one(&invoices) else {
            return;
        };
        let code = app.payment_qr(&of.id, &invoice.id);
        match (invoice.status, code) {
            (PaymentStatus::Due, Ok(code)) => {
                if (&code.reference, code.amount) != (&invoice.reference, invoice.amount) {
                    self.wrong(format_args!(
                        "I8: the code of {} is another",
                        invoice.reference
                    ));
                }
                let is_typed_wrong = self.dice.percent(10);
                let amount = match is_typed_wrong {
                    true => Vnd::new(code.amount.dong() / 10),
                    false => code.amount,
                };
                self.tell(format_args!("pays {}: {amount}", code.reference));
                self.state().tally.transfers += 1;
                let host = &self.around.hosts[&invoice.clinic_id];
                self.around.bank.takes(host, &code.reference, amount);
            }
            (PaymentStatus::Paid | PaymentStatus::Void, Err(AppError::UntrustedPayment { .. })) => {
            }
            (_, Err(error)) => self.failed_for("code", of, &error),
            (status, Ok(_)) => {
                self.wrong(format_args!(
                    "I8: {} is {status:?} and has a code",
                    invoice.reference
                ));
            }
        }
    }
}
