//! `sokhoe`: the demo, the clinic and a phone on the command line.
//!
//! One file or folder a command. What goes to stdout goes through [`output::Output`], so that a closed
//! pipe ends a command instead of breaking it; what went wrong goes to stderr in words ([`failure`]).

mod clinic;
mod data;
mod demo;
mod failure;
mod folder;
mod key_store;
mod logs;
mod output;
mod phone;
mod qr;
mod rights;
mod stop;
mod stopwatch;
mod text;
mod words;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::output::Output;
use crate::words::{Lang, Words};

/// How long the end waits for what still runs in the background.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Sổ Khỏe: book at a clinic, keep the health book offline, pay by QR.
///
/// Everything speaks to everything over the real protocols: the clinic answers FHIR R4 over HTTP, the
/// phone keeps an encrypted book in a folder of this computer, and the codes are those that bank apps
/// and citizen cards carry.
#[derive(Debug, Parser)]
#[command(name = "sokhoe", version, propagate_version = true, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    /// The language of what is said; this help is in English
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "SOKHOE_LANG",
        hide_env_values = true
    )]
    lang: Lang,

    /// Print JSON for programs and nothing else on stdout
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sokhoe demo                                   the whole story, then a desk to look at
  sokhoe demo --lang en --once                  the same in English, and stop at the end
  sokhoe clinic serve --data ./clinic --demo-data
  sokhoe phone --folder ./phone enrol SK1E:…    this computer as a phone of that clinic
  sokhoe phone --folder ./phone book-search duong huyet
  sokhoe qr read -                              what is this code? (its text on stdin)

Exit codes: 0 done, 1 it did not work (stderr says why), 2 the command was written wrongly, or a code is broken.
Logs go to stderr and hold no personal data: SOKHOE_LOG=info sokhoe …";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Clinic(clinic::ClinicArgs),
    Phone(phone::PhoneArgs),
    Qr(qr::QrArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    logs::to_stderr();
    let words = Words::new(cli.lang);
    let mut output = Output::new(cli.json);
    match run(cli.command, &words, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(&words),
    }
}

fn run(command: Command, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        match command {
            Command::Demo(args) => demo::run(args, words, output).await,
            Command::Clinic(args) => clinic::run(args, words, output).await,
            Command::Phone(args) => phone::run(args, words, output).await,
            Command::Qr(args) => qr::run(args, words, output),
        }
    });
    runtime.shutdown_timeout(LAST_WORK);
    result
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
