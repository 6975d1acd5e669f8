//! `sokhoe phone wait`, `take-offer` and `decline-offer`

use chrono::NaiveDate;
use clap::Args;
use sokhoe_app::{BookingStatus, BookingView, JoinWaitingListRequest, PersonView};
use sokhoe_domain::Timestamp;

use super::book::{known, tell};
use super::open::Phone;
use super::times::{DAY, Wanted, day, service_named};
use crate::failure::Failure;
use crate::output::{Output, aside};

/// Go on the waiting list of a clinic
///
/// As soon as a time that suits is freed the clinic keeps it for the first on the list, for ten minutes: `list` shows it
/// after a `sync`, `take-offer` takes it. Without a network the wish is kept, and goes out with the next `sync`. `cancel`
/// leaves the list.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone wait --service 'tim mạch' --days 30
  sokhoe phone wait --service 'tim mạch' --from 2026-12-01 --days 7 --on tue,thu --between 07:00-11:00")]
pub(super) struct WaitArgs {
    /// Which clinic: an id or a part of its name; not needed when there is only one
    #[arg(long)]
    clinic: Option<String>,

    /// Which service: an id, or a part of its or its speciality's name
    #[arg(long)]
    service: String,

    /// The first day, e.g. 2026-11-24; now when not given
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<NaiveDate>,

    /// For how many days
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,

    #[command(flatten)]
    wanted: Wanted,
}

/// Take the time that a clinic offers to somebody on its waiting list
///
/// It is yours when the clinic confirms it. Where it has gone to the next (exit code 1), you are still on the list.
#[derive(Debug, Args)]
pub(super) struct TakeOfferArgs {
    /// The id of the place on the list, or enough of its beginning; `list` shows it
    #[arg(value_name = "BOOKING")]
    booking: String,
}

/// Decline the time that a clinic offers, and wait on
#[derive(Debug, Args)]
pub(super) struct DeclineOfferArgs {
    /// The id of the place on the list, or enough of its beginning; `list` shows it
    #[arg(value_name = "BOOKING")]
    booking: String,
}

pub(super) async fn wait(
    phone: &Phone<'_>,
    args: WaitArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let clinic = phone.clinic(&person, args.clinic.as_deref())?;
    let service = service_named(phone, &clinic, &args.service).await?;
    let criteria = args.wanted.criteria(phone, &clinic).await?;
    let now = phone.ports.clock.now();
    let from = args
        .from
        .map_or(now, |day| Timestamp::start_of_day(day).max(now));
    let request = JoinWaitingListRequest {
        person_id: person.id,
        clinic_id: clinic.id,
        service_id: service.id,
        service: service.name,
        from,
        to: from.plus(DAY * args.days),
        criteria: Some(criteria),
    };
    let place = phone.app.join_waiting_list(request).await?;
    tell(phone, &place, output)
}

pub(super) async fn take(
    phone: &Phone<'_>,
    args: &TakeOfferArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let place = known(phone, &person, &args.booking)?;
    let place = phone.app.take_offer(&person.id, &place.id).await?;
    tell(phone, &place, output)?;
    match place.status {
        BookingStatus::Confirmed => Ok(()),
        _ if is_on_its_way(&place) => {
            aside(&phone.words.say("phone-sync-sends"));
            Ok(())
        }
        _ => Err(not_taken(phone, &person, place)?),
    }
}

pub(super) async fn decline(
    phone: &Phone<'_>,
    args: &DeclineOfferArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let place = known(phone, &person, &args.booking)?;
    let place = phone.app.decline_offer(&person.id, &place.id).await?;
    tell(phone, &place, output)?;
    if is_on_its_way(&place) {
        aside(&phone.words.say("phone-sync-sends"));
    }
    Ok(())
}

fn is_on_its_way(place: &BookingView) -> bool {
    let waiting = place.waiting.as_ref();
    waiting.is_some_and(|waiting| waiting.taking || waiting.declining)
}

/// Why a time was not had: what the person heard of it last.
fn not_taken(
    phone: &Phone<'_>,
    person: &PersonView,
    place: BookingView,
) -> Result<Failure, Failure> {
    let events = phone.app.events(&person.id)?;
    let heard = events
        .into_iter()
        .rev()
        .find(|event| event.subject == place.id && event.kind == "offer-over");
    let why = heard.map_or(place.status_text, |event| event.text);
    Ok(Failure::Said("phone-not-moved", vec![("why", why)]))
}
