//! `sokhoe phone`: this computer as a phone, its state in a folder.

mod access_log;
mod book;
mod check;
mod day_times;
mod documents;
mod enrol;
mod export;
mod follow_ups;
mod forget_clinic;
mod helpers;
pub(crate) mod invoices;
mod join;
pub(crate) mod json;
mod keys;
mod move_phone;
mod offers;
mod open;
mod own_documents;
mod own_words;
mod papers;
mod parked;
mod people;
mod queue;
mod reminders;
pub(crate) mod results;
mod rights;
mod same_person;
mod series;
mod sign_in;
mod storage;
mod support_report;
mod sync;
mod ticket;
mod times;
mod travel_time;
mod trip;
mod waiting_list;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::output::Output;
use crate::words::Words;

use open::Phone;
pub(crate) use open::open_ports;

/// Be a phone: enrol, book, keep the health book offline, pay
///
/// Everything lives in one folder: the encrypted books and the keys that open them (this computer has no
/// hardware for keys, so whoever can read the folder can read the books). What was synchronised is read
/// without a network.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct PhoneArgs {
    /// The phone's folder; `enrol` makes it when it is not there
    #[arg(long, value_name = "DIR", env = "SOKHOE_PHONE", hide_env_values = true)]
    folder: PathBuf,

    /// Whose book: an id or a part of the name; not needed when there is only one
    #[arg(long, value_name = "PERSON", global = true)]
    person: Option<String>,

    #[command(subcommand)]
    command: PhoneCommand,
}

const EXAMPLES: &str = "\
A visit from the code at the counter to the payment:
  export SOKHOE_PHONE=./phone
  sokhoe phone enrol SK1E:…            (or: enrol - < code.txt)
  sokhoe phone sync                    the health book comes in, and stays readable offline
  sokhoe phone find --service 'nội tiết'
  sokhoe phone book 1                  the first time of that list
  sokhoe phone list
  sokhoe phone ticket <BOOKING>        to be shown at the kiosk, also offline
  sokhoe phone book-search duong huyet
  sokhoe phone attachments <ENTRY>     the documents of a row: letters, scans
  sokhoe phone open-attachment <ENTRY> --to letter.pdf
  sokhoe phone invoice                 what is to be paid
  sokhoe phone invoice qr <ID>         its VietQR, for the bank's app
  sokhoe phone record-reading blood-pressure 135 82
  sokhoe phone access-log              who looked at the book
  sokhoe phone export --out book.html  the whole book, to print or to take along

A booking without a network is kept and goes out with the next `sync`.";

#[derive(Debug, Subcommand)]
enum PhoneCommand {
    Enrol(enrol::EnrolArgs),
    SignIn(sign_in::SignInArgs),
    /// List the people whose books are here, and the clinics
    Persons,
    /// Show who is here twice, as far as their clinics vouch for it
    SamePerson,
    Unite(same_person::UniteArgs),
    Part(same_person::PartArgs),
    /// Show who needs what today, everybody on this phone
    Today,
    Helpers(helpers::HelpersArgs),
    Rights(rights::RightsArgs),
    Invitations(helpers::InvitationsArgs),
    /// List what a clinic offers
    Services(times::ServicesArgs),
    Find(times::FindArgs),
    Book(book::BookArgs),
    FindTrip(trip::FindTripArgs),
    BookTrip(trip::BookTripArgs),
    FindSeries(series::FindSeriesArgs),
    BookSeries(series::BookSeriesArgs),
    CancelSeries(series::CancelSeriesArgs),
    /// List the bookings, the next first
    List,
    Cancel(book::CancelArgs),
    MoveBooking(book::MoveBookingArgs),
    Wait(waiting_list::WaitArgs),
    TakeOffer(waiting_list::TakeOfferArgs),
    DeclineOffer(waiting_list::DeclineOfferArgs),
    Papers(papers::PapersArgs),
    Ticket(ticket::TicketArgs),
    Join(join::JoinArgs),
    Queue(queue::QueueArgs),
    FollowUps(follow_ups::FollowUpsArgs),
    AccessLog(access_log::AccessLogArgs),
    /// List what could not be sent and is kept back
    Parked,
    Retry(parked::RetryArgs),
    Drop(parked::DropArgs),
    Sync(sync::SyncArgs),
    BookSearch(results::SearchArgs),
    Show(results::ShowArgs),
    Trend(results::TrendArgs),
    Attachments(documents::AttachmentsArgs),
    OpenAttachment(documents::OpenAttachmentArgs),
    Invoice(invoices::InvoiceArgs),
    Events(people::EventsArgs),
    AddDocument(own_documents::AddDocumentArgs),
    RemoveDocument(own_documents::RemoveDocumentArgs),
    RecordReading(own_words::RecordReadingArgs),
    Contact(own_words::ContactArgs),
    ChangeContact(own_words::ChangeContactArgs),
    /// List what the person and a clinic changed differently
    Conflicts,
    Settle(own_words::SettleArgs),
    TakeBack(own_words::TakeBackArgs),
    ForgetClinic(forget_clinic::ForgetClinicArgs),
    Export(export::ExportArgs),
    Storage(storage::StorageArgs),
    Reminders(reminders::RemindersArgs),
    DayTimes(day_times::DayTimesArgs),
    TravelTime(travel_time::TravelTimeArgs),
    /// Show how this phone stands, to be read aloud to support: nothing of any person
    SupportReport,
    /// Read a whole book and verify it; what is damaged is kept aside and fetched again
    Check,
    Move(move_phone::MoveArgs),
    Recovery(keys::RecoveryArgs),
    Erase(keys::EraseArgs),
}

/// Runs the command.
///
/// # Errors
/// When the phone could not do it.
pub(crate) async fn run(
    args: PhoneArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let folder = &args.folder;
    // A phone whose keys are lost cannot be opened first.
    if let PhoneCommand::Recovery(args) = &args.command {
        return keys::recovery(folder, args, words, output);
    }
    let may_make = match &args.command {
        PhoneCommand::Enrol(_) | PhoneCommand::SignIn(_) => true,
        PhoneCommand::Move(args) => args.begins(),
        _ => false,
    };
    let phone = Phone::open(folder, may_make, args.person, words)?;
    match args.command {
        PhoneCommand::Enrol(args) => enrol::run(&phone, args, output).await,
        PhoneCommand::SignIn(args) => sign_in::run(&phone, args, output).await,
        PhoneCommand::Today => people::today(&phone, output),
        PhoneCommand::Helpers(args) => helpers::helpers(&phone, args, output).await,
        PhoneCommand::Rights(args) => rights::rights(&phone, args, output).await,
        PhoneCommand::Invitations(args) => helpers::invitations(&phone, args, output).await,
        PhoneCommand::Persons => people::persons(&phone, output),
        PhoneCommand::SamePerson => same_person::list(&phone, output),
        PhoneCommand::Unite(args) => same_person::unite(&phone, &args, output).await,
        PhoneCommand::Part(args) => same_person::part(&phone, &args, output).await,
        PhoneCommand::Services(args) => times::services(&phone, args, output).await,
        PhoneCommand::Find(args) => times::find(&phone, args, output).await,
        PhoneCommand::Book(args) => book::book(&phone, &args, output).await,
        PhoneCommand::FindTrip(args) => trip::find(&phone, args, output).await,
        PhoneCommand::BookTrip(args) => trip::book(&phone, &args, output).await,
        PhoneCommand::FindSeries(args) => series::find(&phone, args, output).await,
        PhoneCommand::BookSeries(args) => series::book(&phone, args, output).await,
        PhoneCommand::CancelSeries(args) => series::cancel(&phone, &args, output).await,
        PhoneCommand::List => book::list(&phone, output),
        PhoneCommand::Cancel(args) => book::cancel(&phone, &args, output).await,
        PhoneCommand::MoveBooking(args) => book::move_booking(&phone, &args, output).await,
        PhoneCommand::Wait(args) => waiting_list::wait(&phone, args, output).await,
        PhoneCommand::TakeOffer(args) => waiting_list::take(&phone, &args, output).await,
        PhoneCommand::DeclineOffer(args) => waiting_list::decline(&phone, &args, output).await,
        PhoneCommand::Papers(args) => papers::papers(&phone, &args, output),
        PhoneCommand::Ticket(args) => ticket::run(&phone, &args, output),
        PhoneCommand::Join(args) => join::run(&phone, &args, output).await,
        PhoneCommand::Queue(args) => queue::run(&phone, &args, output).await,
        PhoneCommand::FollowUps(args) => follow_ups::run(&phone, &args, output).await,
        PhoneCommand::AccessLog(args) => access_log::run(&phone, &args, output).await,
        PhoneCommand::Parked => parked::list(&phone, output),
        PhoneCommand::Retry(args) => parked::retry(&phone, &args, output).await,
        PhoneCommand::Drop(args) => parked::give_up(&phone, &args, output).await,
        PhoneCommand::Sync(args) => sync::run(&phone, &args, output).await,
        PhoneCommand::BookSearch(args) => results::search(&phone, args, output),
        PhoneCommand::Show(args) => results::show(&phone, &args, output),
        PhoneCommand::Trend(args) => results::trend(&phone, &args, output),
        PhoneCommand::Attachments(args) => documents::list(&phone, &args, output),
        PhoneCommand::OpenAttachment(args) => documents::open(&phone, &args, output).await,
        PhoneCommand::Invoice(args) => invoices::run(&phone, args, output),
        PhoneCommand::Events(args) => people::events(&phone, &args, output),
        PhoneCommand::Storage(args) => storage::run(&phone, &args, output),
        PhoneCommand::Reminders(args) => reminders::run(&phone, &args, output),
        PhoneCommand::DayTimes(args) => day_times::run(&phone, &args, output),
        PhoneCommand::TravelTime(args) => travel_time::run(&phone, &args, output),
        PhoneCommand::SupportReport => support_report::run(&phone, output),
        PhoneCommand::Check => check::run(&phone, output),
        PhoneCommand::AddDocument(args) => own_documents::add(&phone, args, output),
        PhoneCommand::RemoveDocument(args) => own_documents::remove(&phone, &args, output),
        PhoneCommand::RecordReading(args) => own_words::record_reading(&phone, args, output).await,
        PhoneCommand::Contact(args) => own_words::contact(&phone, args, output),
        PhoneCommand::ChangeContact(args) => own_words::change_contact(&phone, args, output).await,
        PhoneCommand::Conflicts => own_words::conflicts(&phone, output),
        PhoneCommand::Settle(args) => own_words::settle(&phone, args, output).await,
        PhoneCommand::TakeBack(args) => own_words::take_back(&phone, &args, output),
        PhoneCommand::ForgetClinic(args) => forget_clinic::run(&phone, &args, output).await,
        PhoneCommand::Export(args) => export::run(&phone, &args, output),
        PhoneCommand::Move(args) => move_phone::run(&phone, args, output),
        PhoneCommand::Recovery(args) => keys::recovery(folder, &args, words, output),
        PhoneCommand::Erase(args) => keys::erase(&phone, &args, output),
    }
}
