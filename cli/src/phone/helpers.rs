//! `sokhoe phone helpers`: who helps a person, and `invitations`: whom this phone is invited to help

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use sokhoe_app::domain::{GrantScope, Timestamp};
use sokhoe_app::{HelperView, InviteHelperRequest};

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::draw;

/// See who may help a person; invite somebody, give them longer, take it back
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone helpers
  sokhoe phone helpers invite --helper 'Lò Văn Giúp' --may book --days 90
  sokhoe phone helpers invite --helper 'Lò Văn Giúp' --may book --days 90 --agreed
  sokhoe phone helpers prolong 01a19b9d --days 90
  sokhoe phone helpers end 01a19b9d")]
pub(super) struct HelpersArgs {
    #[command(subcommand)]
    command: Option<HelpersCommand>,
}

#[derive(Debug, Subcommand)]
enum HelpersCommand {
    Invite(InviteArgs),
    Prolong(ProlongArgs),
    End(EndArgs),
}

/// Show the words to agree to; with --agreed, the code that the helper's phone scans
#[derive(Debug, Args)]
struct InviteArgs {
    /// Which clinic: an id or a part of its name; not needed when there is only one
    #[arg(long)]
    clinic: Option<String>,

    /// The helper's name
    #[arg(long, value_name = "NAME")]
    helper: String,

    /// What the helper may do; may be given more than once
    #[arg(long = "may", value_name = "WHAT", required = true, num_args = 1..)]
    may: Vec<May>,

    /// How long
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,

    /// Who decides for a child: their name
    #[arg(long, value_name = "NAME")]
    guardian: Option<String>,

    /// A child of seven or older was asked and agrees, too
    #[arg(long, requires = "guardian")]
    child_agrees: bool,

    /// Whoever decides has heard or read the words and said yes
    #[arg(long)]
    agreed: bool,
}

/// Let somebody help so many days more, from today on
#[derive(Debug, Args)]
struct ProlongArgs {
    /// The grant: its number, or the beginning of it
    #[arg(value_name = "GRANT")]
    grant: String,

    /// How long
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
}

/// Take a grant back
#[derive(Debug, Args)]
struct EndArgs {
    /// The grant: its number, or the beginning of it
    #[arg(value_name = "GRANT")]
    grant: String,
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
}

pub(super) async fn helpers(
    phone: &Phone<'_>,
    args: HelpersArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    match args.command {
        None => list(phone, output),
        Some(HelpersCommand::Invite(args)) => invite(phone, args, output).await,
        Some(HelpersCommand::Prolong(args)) => {
            let person = phone.person()?;
            let grant = one(phone, &person.id, &args.grant)?;
            let helper = phone
                .app
                .prolong_help(&person.id, &grant, args.days)
                .await?;
            tell(&helper, output)
        }
        Some(HelpersCommand::End(args)) => {
            let person = phone.person()?;
            let grant = one(phone, &person.id, &args.grant)?;
            let helper = phone.app.end_help(&person.id, &grant).await?;
            tell(&helper, output)
        }
    }
}

fn list(phone: &Phone<'_>, output: &mut Output) -> Result<(), Failure> {
    let person = phone.person()?;
    let helpers = phone.app.helpers(&person.id)?;
    output.json(&json!({"helpers": json::list(&helpers, view)}))?;
    if helpers.is_empty() {
        return output.line(phone.words.say("phone-no-helpers"));
    }
    for helper in &helpers {
        line(helper, output)?;
    }
    Ok(())
}

async fn invite(phone: &Phone<'_>, args: InviteArgs, output: &mut Output) -> Result<(), Failure> {
    let person = phone.person()?;
    let clinic = phone.clinic(&person, args.clinic.as_deref())?;
    let request = InviteHelperRequest {
        clinic_id: Some(clinic.id),
        person_id: person.id,
        helper: args.helper,
        scopes: args.may.iter().map(|may| may.scope()).collect(),
        days: args.days,
        guardian: args.guardian,
        child_agrees: args.child_agrees,
    };
    let words = phone.app.words_before_grant(&request)?;
    output.line(&words)?;
    if !args.agreed {
        output.json(&json!({"words": words, "agreed": false}))?;
        return output.line(phone.words.say("clinic-grant-not-agreed"));
    }
    let invited = phone.app.invite_helper(request, &words).await?;
    output.json(&json!({
        "words": words,
        "agreed": true,
        "consent": invited.consent_id,
        "invitation": invited.qr_text,
        "expires": invited.expires.to_fhir(),
    }))?;
    let drawn = sokhoe_qr::Matrix::encode_for(&invited.qr_text, sokhoe_qr::draw::For::Screen);
    if let Ok(drawn) = drawn {
        output.lines(draw(&drawn, output.is_terminal()))?;
    }
    output.line(invited.text)?;
    output.line(invited.qr_text)
}

/// The one grant that is meant.
fn one(phone: &Phone<'_>, person: &str, named: &str) -> Result<String, Failure> {
    let mut helpers = phone.app.helpers(person)?;
    helpers.retain(|helper| helper.active && helper.consent_id.starts_with(named));
    match (helpers.pop(), helpers.pop()) {
        (Some(helper), None) => Ok(helper.consent_id),
        _ => Err(Failure::said("phone-no-such-grant")),
    }
}

fn tell(helper: &HelperView, output: &mut Output) -> Result<(), Failure> {
    output.json(&view(helper))?;
    line(helper, output)
}

fn line(helper: &HelperView, output: &mut Output) -> Result<(), Failure> {
    let sync = helper.sync.as_ref();
    let sync = sync
        .map(|sync| format!(" {}", sync.text))
        .unwrap_or_default();
    output.line(format!("{}  {}{sync}", helper.consent_id, helper.text))
}

fn view(helper: &HelperView) -> Value {
    json!({
        "consent": helper.consent_id,
        "clinic_id": helper.clinic_id,
        "name": helper.name,
        "scopes": helper.scopes,
        "until": helper.until.to_fhir(),
        "active": helper.active,
        "text": helper.text,
        "sync": helper.sync.as_ref().map(|sync| &sync.text),
    })
}

/// See the invitations that wait, and try them again
#[derive(Debug, Args)]
pub(super) struct InvitationsArgs {
    /// Forget this one
    #[arg(long, value_name = "ID")]
    drop: Option<String>,
}

pub(super) async fn invitations(
    phone: &Phone<'_>,
    args: InvitationsArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    if let Some(id) = args.drop {
        phone.app.drop_invitation(&id)?;
    }
    let taken = phone.app.try_invitations().await?;
    let waiting = phone.app.invitations()?;
    let taken: Vec<_> = taken.into_iter().flat_map(|taken| taken.persons).collect();
    output.json(&json!({
        "taken": json::list(&taken, json::person),
        "waiting": json::list(&waiting, |it| json!({
            "id": it.id,
            "person": it.person,
            "clinic": it.clinic_name,
            "scopes": it.scopes,
            "expires": Timestamp::to_fhir(it.expires),
        })),
    }))?;
    for person in taken {
        let helping = person
            .helping
            .map(|helping| helping.text)
            .unwrap_or_default();
        output.line(format!("{}: {helping}", person.name))?;
    }
    for it in waiting {
        output.line(format!("{}  {}: {}", it.id, it.person, it.text))?;
    }
    Ok(())
}
