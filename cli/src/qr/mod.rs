//! `sokhoe qr`: what a code is, and making one to be paid.

mod content;
mod fields;
mod pay;
mod payment;
mod read;
mod reason;

use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::output::Output;
use crate::words::Words;

/// Read any code that a camera saw, or make one to be paid
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct QrArgs {
    #[command(subcommand)]
    command: QrCommand,
}

#[derive(Debug, Subcommand)]
enum QrCommand {
    Read(read::ReadArgs),
    Pay(Box<pay::PayArgs>),
}

/// Runs the command. Needs neither network nor folder.
///
/// # Errors
/// When a text cannot be read, or a code not be made.
pub(crate) fn run(args: QrArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    match args.command {
        QrCommand::Read(args) => read::run(&args, words, output),
        QrCommand::Pay(args) => pay::run(&args, words, output),
    }
}
