//! `sokhoe clinic grant`: lets somebody help a patient, and ends it.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use sokhoe_app::SystemClock;
use sokhoe_app::domain::GrantScope;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_clinic::{Giver, GrantRequest, Shown};

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::text::draw;
use crate::words::{Lang, Words};

/// Which version of `clinic-grant-words` a person was shown: a new one whenever those words change.
const VERSION: &str = "1";

/// Let somebody help a patient: for what the patient allows, and for so long
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub(super) struct GrantArgs {
    #[command(subcommand)]
    command: GrantCommand,
}

const EXAMPLES: &str = "\
Examples:
  sokhoe clinic grant invite --data ./clinic --patient bn-000001 --person 'Bà Mai' --helper 'Lò Văn Giúp' --may book
  sokhoe clinic grant invite … --agreed
  sokhoe clinic grant prolong --data ./clinic 01a19b9d-3acf-76a3-9efa-7216ce7bb1e2 --days 90 --agreed
  sokhoe clinic grant end --data ./clinic 01a19b9d-3acf-76a3-9efa-7216ce7bb1e2";

#[derive(Debug, Subcommand)]
enum GrantCommand {
    Invite(InviteArgs),
    Prolong(ProlongArgs),
    End(EndArgs),
}

/// Show the words to agree to; with --agreed, make the code that the helper scans
#[derive(Debug, Args)]
struct InviteArgs {
    #[command(flatten)]
    data: DataArgs,

    /// The patient's id
    #[arg(long, value_name = "ID")]
    patient: String,

    /// What the patient calls themselves to the helper
    #[arg(long, value_name = "NAME")]
    person: String,

    /// The helper's name
    #[arg(long, value_name = "NAME")]
    helper: String,

    /// What the helper may do; may be given more than once
    #[arg(long = "may", value_name = "WHAT", required = true, num_args = 1..)]
    may: Vec<May>,

    /// How long
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,

    /// Who decides for the patient by law: a small child's parent, a guardian
    #[arg(long, value_name = "NAME")]
    guardian: Option<String>,

    /// A child of seven or older was asked and agrees, too
    #[arg(long, requires = "guardian")]
    child_agrees: bool,

    /// Whoever decides has heard or read the words and said yes
    #[arg(long)]
    agreed: bool,

    /// Where the phone reaches the clinic
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    base_url: String,

    /// How long the code works
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    minutes: u32,
}

/// Let a helper help so many days more, from today on
#[derive(Debug, Args)]
struct ProlongArgs {
    #[command(flatten)]
    data: DataArgs,

    /// The grant's number, as `invite` printed it
    #[arg(value_name = "CONSENT")]
    consent: String,

    /// How long
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,

    /// Whoever decides was asked again and said yes
    #[arg(long, required = true)]
    agreed: bool,
}

/// End a grant at once; the helper's phone erases what it has when it asks next
#[derive(Debug, Args)]
struct EndArgs {
    #[command(flatten)]
    data: DataArgs,

    /// The grant's number, as `invite` printed it
    #[arg(value_name = "CONSENT")]
    consent: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum May {
    /// Book, move and cancel appointments
    Book,
    /// See allergies, current medicines and next appointments
    SeeSummary,
    /// See the whole health book, and write into it
    SeeEverything,
    /// See invoices and pay them
    Pay,
}

impl May {
    const fn scope(self) -> GrantScope {
        match self {
            Self::Book => GrantScope::Book,
            Self::SeeSummary => GrantScope::SeeSummary,
            Self::SeeEverything => GrantScope::SeeEverything,
            Self::Pay => GrantScope::Pay,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Book => "clinic-grant-book",
            Self::SeeSummary => "clinic-grant-see-summary",
            Self::SeeEverything => "clinic-grant-see-everything",
            Self::Pay => "clinic-grant-pay",
        }
    }
}

pub(super) async fn run(
    args: GrantArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    match args.command {
        GrantCommand::Invite(args) => invite(args, words, output).await,
        GrantCommand::Prolong(args) => prolong(args, words, output).await,
        GrantCommand::End(args) => end(args, words, output).await,
    }
}

async fn invite(args: InviteArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let days = Duration::from_secs(u64::from(args.days) * 86_400);
    let until = SystemClock.now().plus(days);
    let may: Vec<_> = args.may.iter().map(|may| words.say(may.words())).collect();
    let shown = words.say_with(
        "clinic-grant-words",
        &[
            (
                "person",
                args.guardian.clone().unwrap_or_else(|| args.person.clone()),
            ),
            ("patient", args.person.clone()),
            ("helper", args.helper.clone()),
            ("may", may.join("; ")),
            ("until", until.in_vietnam().format("%d/%m/%Y").to_string()),
        ],
    );
    output.line(&shown)?;
    if !args.agreed {
        output.json(&json!({"words": shown, "agreed": false}))?;
        return output.line(words.say("clinic-grant-not-agreed"));
    }
    let request = GrantRequest {
        patient: args.patient,
        person: args.person,
        helper: args.helper,
        scopes: args.may.iter().map(|may| may.scope()).collect(),
        until,
        giver: args.guardian.map_or(Giver::Person, |name| Giver::Guardian {
            name,
            child_agrees: args.child_agrees,
        }),
        shown: Shown {
            text: shown.clone(),
            language: match words.lang() {
                Lang::Vi => "vi",
                Lang::En => "en",
            }
            .to_owned(),
            version: VERSION.to_owned(),
        },
    };
    let valid_for = Duration::from_secs(u64::from(args.minutes) * 60);
    let base_url = args.base_url;
    let offered = off_thread(move || clinic.offer_grant(&request, valid_for, &base_url)).await?;
    let code = &offered.code;
    output.json(&json!({
        "words": shown,
        "agreed": true,
        "consent": offered.consent,
        "invitation": code.text,
        "expires": code.expires.to_fhir(),
        "until": until.to_fhir(),
    }))?;
    output.lines(draw(&code.matrix()?, output.is_terminal()))?;
    let expires = code
        .expires
        .in_vietnam()
        .format("%H:%M, %d/%m/%Y")
        .to_string();
    output.line(words.say_with("clinic-enrolment-until", &[("until", expires)]))?;
    output.line(words.say_with(
        "clinic-grant-number",
        &[("consent", offered.consent.clone())],
    ))?;
    output.line("")?;
    output.line(&code.text)
}

async fn prolong(args: ProlongArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let days = Duration::from_secs(u64::from(args.days) * 86_400);
    let until = SystemClock.now().plus(days);
    let consent = args.consent;
    let patient = off_thread(move || clinic.prolong_grant(&consent, until)).await?;
    if patient.is_none() {
        return Err(Failure::said("clinic-grant-over"));
    }
    output.json(&json!({"until": until.to_fhir()}))?;
    let day = until.in_vietnam().format("%d/%m/%Y").to_string();
    output.line(words.say_with("clinic-grant-prolonged", &[("until", day)]))
}

async fn end(args: EndArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let consent = args.consent;
    let phones = off_thread(move || clinic.end_grant(&consent)).await?;
    output.json(&json!({"phones": phones}))?;
    output.line(words.say_with("clinic-grant-ended", &[("phones", phones.to_string())]))
}
