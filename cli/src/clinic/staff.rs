//! `sokhoe clinic staff`: who works at the clinic and may sign in at its desk.

use std::io::{self, BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use sokhoe_app::domain::StaffRole;
use sokhoe_clinic::{NewStaff, Password};

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::{Output, aside};
use crate::text::{Column, table};
use crate::words::Words;

/// Say who works at the clinic and may sign in at its desk
///
/// From the first account on, the address that `serve` prints opens the desk no more: everybody signs in, and patients read by
/// name who saw their record. A password is read from standard input, one line, never from the command.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub(super) struct StaffArgs {
    #[command(subcommand)]
    command: StaffCommand,
}

const EXAMPLES: &str = "\
Examples:
  sokhoe clinic staff add --data ./clinic nam --name 'Lò Văn Nam' --role administrator
  sokhoe clinic staff add --data ./clinic hoa --name 'Nguyễn Thị Hoa' --role reception --role cashier < password.txt
  sokhoe clinic staff roles --data ./clinic hoa --role cashier
  sokhoe clinic staff password --data ./clinic hoa
  sokhoe clinic staff end --data ./clinic hoa
  sokhoe clinic staff list --data ./clinic";

#[derive(Debug, Subcommand)]
enum StaffCommand {
    Add(AddArgs),
    List(ListArgs),
    Roles(RolesArgs),
    Password(LoginArgs),
    End(LoginArgs),
}

/// What somebody does at the clinic
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    Reception,
    Doctor,
    Cashier,
    Operator,
    Administrator,
}

impl From<Role> for StaffRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Reception => Self::Reception,
            Role::Doctor => Self::Doctor,
            Role::Cashier => Self::Cashier,
            Role::Operator => Self::Operator,
            Role::Administrator => Self::Administrator,
        }
    }
}

/// List everybody who works there or did
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    data: DataArgs,
}

/// Set another password, or end an account: whatever is signed in with it is no more
#[derive(Debug, Args)]
struct LoginArgs {
    #[command(flatten)]
    data: DataArgs,

    /// What they type to sign in
    #[arg(value_name = "LOGIN")]
    login: String,
}

/// Make an account; its first password is read from standard input
#[derive(Debug, Args)]
struct AddArgs {
    #[command(flatten)]
    of: LoginArgs,

    /// Their name, as patients read it
    #[arg(long, value_name = "NAME")]
    name: String,

    /// What they do; may be given several times
    #[arg(long, value_name = "ROLE", required = true)]
    role: Vec<Role>,
}

/// Give an account other roles
#[derive(Debug, Args)]
struct RolesArgs {
    #[command(flatten)]
    of: LoginArgs,

    /// What they do; may be given several times
    #[arg(long, value_name = "ROLE", required = true)]
    role: Vec<Role>,
}

fn roles(roles: Vec<Role>) -> Vec<StaffRole> {
    roles.into_iter().map(Into::into).collect()
}

/// The first line of standard input.
fn password(words: &Words) -> Result<Password, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        aside(&words.say("clinic-staff-type-password"));
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    while line.ends_with(['\n', '\r']) {
        line.pop();
    }
    Ok(Password::from(line))
}

pub(super) async fn run(
    args: StaffArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let (done, login) = match args.command {
        StaffCommand::List(args) => return list(args, words, output).await,
        StaffCommand::Add(args) => {
            let login = args.of.login.clone();
            let new = NewStaff {
                login: args.of.login,
                name: args.name,
                roles: roles(args.role),
                password: password(words)?,
            };
            let clinic = args.of.data.open().await?;
            off_thread(move || clinic.add_staff(&new)).await?;
            ("added", login)
        }
        StaffCommand::Roles(args) => {
            let login = args.of.login.clone();
            let roles = roles(args.role);
            let clinic = args.of.data.open().await?;
            off_thread(move || clinic.set_staff_roles(&args.of.login, &roles)).await?;
            ("roles", login)
        }
        StaffCommand::Password(args) => {
            let login = args.login.clone();
            let password = password(words)?;
            let clinic = args.data.open().await?;
            off_thread(move || clinic.set_staff_password(&args.login, &password)).await?;
            ("password", login)
        }
        StaffCommand::End(args) => {
            let login = args.login.clone();
            let clinic = args.data.open().await?;
            off_thread(move || clinic.end_staff(&args.login)).await?;
            ("ended", login)
        }
    };
    output.json(&json!({"login": login, "done": done}))?;
    output.line(words.say_with(&format!("clinic-staff-{done}"), &[("login", login)]))
}

async fn list(args: ListArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open().await?;
    let staff = off_thread(move || clinic.staff()).await?;
    let mut rows = Vec::new();
    for one in staff {
        let roles: Vec<_> = one.roles.iter().map(|role| role.code()).collect();
        output.json(&json!({
            "login": one.login,
            "name": one.name,
            "roles": roles,
            "added": one.added.to_fhir(),
            "ended": one.ended.map(|ended| ended.to_fhir()),
        }))?;
        let ended = one.ended.map(|_| words.say("clinic-staff-is-ended"));
        rows.push(vec![
            one.login,
            one.name,
            roles.join(", "),
            ended.unwrap_or_default(),
        ]);
    }
    if rows.is_empty() {
        return output.line(words.say("clinic-staff-none"));
    }
    output.lines(table(&[Column::Left; 4], &rows))
}
