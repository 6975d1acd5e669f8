//! What a scanned code is. The compiler checks that the fields here are those of [`sokhoe_app`]; the comments are
//! what app developers read.

use sokhoe_app::{
    CitizenCardView, InsuranceCardView, PayeeCheckView, PayeeDifference, PaymentScheme, ScanView,
    ScannedPaymentView, ScannedView,
};
use sokhoe_domain::{GrantScope, Timestamp, Vnd};

/// What a helper may do for a person.
#[uniffi::remote(Enum)]
pub enum GrantScope {
    /// Book, move and cancel appointments.
    Book,
    /// See the summary: allergies, current medicines, next appointments.
    SeeSummary,
    /// See the whole health book.
    SeeEverything,
    /// See invoices and pay them.
    Pay,
}

/// What a scanned text is. Nothing was opened, sent or kept.
#[uniffi::remote(Record)]
pub struct ScanView {
    /// What it says.
    pub content: ScannedView,
    /// What it is and what can be done with it, in words.
    pub text: String,
    /// What is odd about it, in words.
    pub warnings: Vec<String>,
}

/// What a scanned text says.
#[uniffi::remote(Enum)]
pub enum ScannedView {
    /// A payment code of any scheme. Its payee is not checked: `check_payment` does, against an invoice.
    Payment {
        /// What it says.
        payment: ScannedPaymentView,
    },
    /// A citizen card, or its number alone.
    CitizenCard {
        /// What it says.
        card: CitizenCardView,
    },
    /// A health insurance card, or its number alone.
    InsuranceCard {
        /// What it says.
        card: InsuranceCardView,
    },
    /// A clinic brings this phone in: give the text to `enrol`.
    Enrolment {
        /// The clinic's name.
        clinic_name: String,
        /// The clinic's address.
        clinic_url: String,
        /// From this instant on it is refused.
        expires: Timestamp,
    },
    /// A person asks for help.
    Invitation {
        /// How the person calls themselves.
        person: String,
        /// The clinic that made it.
        clinic_name: String,
        /// What the helper would be allowed to do.
        scopes: Vec<GrantScope>,
        /// From this instant on it is refused.
        expires: Timestamp,
    },
    /// A booking's ticket. Only a kiosk that holds the clinic's keys can say whether it is good.
    Ticket {
        /// The clinic's number of it.
        number: u32,
        /// When the appointment begins.
        start: Timestamp,
    },
    /// A shared document.
    Share {
        /// The clinic that signed it; unset when nobody did. Only with `is_known` it is who it says to be.
        clinic_name: Option<String>,
        /// Whether a clinic that this phone is enrolled with signed it.
        is_known: bool,
        /// What the document is.
        label: Option<String>,
        /// Whether a passcode is needed.
        passcode: bool,
        /// From this instant on it no longer works.
        expires: Option<Timestamp>,
    },
    /// A new phone asks for the account: ask the person, then give the text to `answer_move`.
    MoveRequest {
        /// What the new phone calls itself.
        device_name: String,
        /// From this instant on it is refused.
        expires: Timestamp,
    },
    /// A part of an old phone's account: give the text to `take_parcel`.
    MoveParcel {
        /// Which part, from 1.
        part: u8,
        /// How many there are.
        of: u8,
    },
    /// An address on the web. It is not opened.
    Url {
        /// The address.
        address: String,
    },
    /// None of these, or a broken one of these.
    Unknown {
        /// A stable name, e.g. `unrecognised`, `wrong_crc`, `altered`, `expired`.
        reason: String,
        /// The character, from 0, where a payment code is broken.
        position: Option<u32>,
    },
}

/// Whose payment code it is.
#[uniffi::remote(Enum)]
pub enum PaymentScheme {
    /// VietQR to a bank.
    VietQr,
    /// VietQR to MoMo.
    MoMo,
    /// VietQR to ZaloPay.
    ZaloPay,
    /// VietQR to Viettel Money.
    ViettelMoney,
    /// VietQR to VNPT Money.
    VnptMoney,
    /// VNPAY-QR.
    VnPay,
    /// ShopeePay.
    ShopeePay,
    /// An electricity bill of EVN.
    Evn,
    /// Another scheme.
    Other,
}

/// A scanned payment code.
#[uniffi::remote(Record)]
pub struct ScannedPaymentView {
    /// Whose code it is.
    pub scheme: PaymentScheme,
    /// The payee's bank or wallet by name, or its number (BIN); unset outside VietQR.
    pub bank: Option<String>,
    /// The payee's account, or its merchant number in another scheme.
    pub account: Option<String>,
    /// The payee's name as the code has it. Anybody can write any name there.
    pub payee_name: Option<String>,
    /// The amount; unset when the payer types it.
    pub amount: Option<Vnd>,
    /// The amount as text; empty when unset.
    pub amount_text: String,
    /// The text of the transfer.
    pub purpose: Option<String>,
    /// The number of the bill.
    pub bill: Option<String>,
    /// Whether a tip or fee comes on top of the amount.
    pub has_fee: bool,
    /// Whether it may be paid many times.
    pub is_static: bool,
}

/// What a citizen card says. Dates are ISO 8601.
#[uniffi::remote(Record)]
pub struct CitizenCardView {
    /// The citizen number.
    pub number: String,
    /// The number of the card before it.
    pub old_number: Option<String>,
    /// The full name; unset when only the number was shown.
    pub name: Option<String>,
    /// The date of birth.
    pub birth_date: Option<String>,
    /// `male` or `female` (FHIR).
    pub gender: Option<String>,
    /// The place of residence.
    pub residence: Option<String>,
    /// The province where the birth was registered.
    pub birth_province: Option<String>,
}

/// What an insurance card says. Dates are ISO 8601.
#[uniffi::remote(Record)]
pub struct InsuranceCardView {
    /// The number, in any of its three forms.
    pub number: String,
    /// The full name; unset when only the number was shown.
    pub name: Option<String>,
    /// The date of birth, or its year.
    pub birth_date: Option<String>,
    /// `male` or `female` (FHIR).
    pub gender: Option<String>,
    /// Where the person is first registered for care, five digits.
    pub facility: Option<String>,
    /// The first day of cover.
    pub valid_from: Option<String>,
    /// The last day of cover.
    pub valid_to: Option<String>,
    /// The benefit level, 1 to 5.
    pub benefit_level: Option<u8>,
    /// What the level pays of covered costs, in percent: an estimate.
    pub benefit_percent: Option<u8>,
}

/// Whether a scanned payment code pays a clinic's invoice.
#[uniffi::remote(Record)]
pub struct PayeeCheckView {
    /// Whether all that the code says is what the clinic signed. If not: a red stop.
    pub may_pay: bool,
    /// What is not.
    pub differences: Vec<PayeeDifference>,
    /// The same in words, and what to do.
    pub text: String,
}

/// What in a scanned payment code is not what the clinic signed.
#[uniffi::remote(Enum)]
pub enum PayeeDifference {
    /// It is no VietQR code that can be paid.
    NotVietQr,
    /// The bank is another one.
    Bank,
    /// The account, or the kind of account, is another one.
    Account,
    /// The amount is another one.
    Amount,
    /// The purpose does not begin with the invoice's reference.
    Reference,
    /// A fee, another payee for another scheme, or letters that apps read in different ways.
    Extra,
}
