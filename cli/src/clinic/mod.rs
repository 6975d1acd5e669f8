//! `sokhoe clinic`: a clinic on this computer.

mod backup;
mod check;
mod data;
mod enrol;
mod grant;
mod import;
mod insurance;
mod money;
mod pay;
mod restore;
mod rights;
mod serve;
mod staff;
mod system;
mod timetable;
mod video_rooms;

use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::output::Output;
use crate::words::Words;

pub(crate) use data::{fill_demo, off_thread};

/// Run a clinic: serve phones and the desk, save and check its data, take in records, let phones in, count payments
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct ClinicArgs {
    #[command(subcommand)]
    command: ClinicCommand,
}

const EXAMPLES: &str = "\
A clinic from nothing, and a phone that enrols there:
  sokhoe clinic serve --data ./clinic --demo-data
  sokhoe clinic enrol --data ./clinic --patient bn-000001
  sokhoe phone --folder ./phone enrol SK1E:…";

#[derive(Debug, Subcommand)]
enum ClinicCommand {
    Serve(serve::ServeArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Check(check::CheckArgs),
    Import(import::ImportArgs),
    Enrol(enrol::EnrolArgs),
    Grant(grant::GrantArgs),
    Rights(rights::RightsArgs),
    System(system::SystemArgs),
    Pay(pay::PayArgs),
    Money(money::MoneyArgs),
    Staff(staff::StaffArgs),
    Timetable(timetable::TimetableArgs),
    VideoRooms(video_rooms::VideoRoomsArgs),
    Insurance(insurance::InsuranceArgs),
}

/// Runs the command.
///
/// # Errors
/// When the clinic could not do it.
pub(crate) async fn run(
    args: ClinicArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    match args.command {
        ClinicCommand::Serve(args) => serve::run(args, words, output).await,
        ClinicCommand::Backup(args) => backup::run(args, words, output).await,
        ClinicCommand::Restore(args) => restore::run(args, words, output).await,
        ClinicCommand::Check(args) => check::run(args, words, output).await,
        ClinicCommand::Import(args) => import::run(args, words, output).await,
        ClinicCommand::Enrol(args) => enrol::run(args, words, output).await,
        ClinicCommand::Grant(args) => grant::run(args, words, output).await,
        ClinicCommand::Rights(args) => rights::run(args, words, output).await,
        ClinicCommand::System(args) => system::run(args, words, output).await,
        ClinicCommand::Pay(args) => pay::run(args, words, output).await,
        ClinicCommand::Money(args) => money::run(args, words, output).await,
        ClinicCommand::Staff(args) => staff::run(args, words, output).await,
        ClinicCommand::Timetable(args) => timetable::run(args, words, output).await,
        ClinicCommand::VideoRooms(args) => video_rooms::run(args, words, output).await,
        ClinicCommand::Insurance(args) => insurance::run(args, words, output).await,
    }
}
