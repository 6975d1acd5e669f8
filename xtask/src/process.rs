//! Running other programs: their output is shown live, kept in a log, and handed back as lines.
//!
//! Standard output and standard error share one pipe, so that the log keeps their order.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use crate::error::{Error, Result};

/// How long a program may run when nothing else is said.
const USUAL_LIMIT: Duration = Duration::from_mins(40);
/// How long lines of a program that has ended are waited for: a process that it left behind may hold the pipe.
const LAST_LINES: Duration = Duration::from_secs(2);

/// The log file of one task.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Starts an empty log.
    pub fn create(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Error::file(folder))?;
        }
        let file = File::create(path).map_err(Error::file(path))?;
        Ok(Self {
            path: path.to_path_buf(),
            file,
        })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Shows a line and keeps it.
    pub fn say(&mut self, line: &str) {
        println!("{line}");
        self.keep(line);
    }

    /// Keeps a line without showing it. A log on a full disk must not fail the task, so errors are let go.
    pub fn keep(&mut self, line: &str) {
        let _ = writeln!(self.file, "{line}");
    }
}

/// What a program that ended left.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Everything it printed.
    pub lines: Vec<String>,
}

/// A program to run.
#[derive(Debug)]
pub struct Run {
    command: Command,
    name: String,
    limit: Duration,
    quiet: bool,
}

impl Run {
    /// A program without arguments, in the current folder.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let name = program.as_ref().to_string_lossy().into_owned();
        Self {
            command: Command::new(program),
            name,
            limit: USUAL_LIMIT,
            quiet: false,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.name.push(' ');
        self.name.push_str(&arg.as_ref().to_string_lossy());
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(self, args: impl IntoIterator<Item = A>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the folder that it runs in.
    pub fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Gives the command another name in messages.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Ends it after this time instead of the usual one.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Keeps its output in the log only.
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Runs it, however it ends.
    pub fn output(mut self, log: &mut Log) -> Result<Output> {
        log.keep(&format!("$ {}", self.name));
        let (reader, child) = self.start()?;
        // The command holds the pipe's writing end, and must let go of it for the pipe to end.
        let Self {
            name, limit, quiet, ..
        } = self;
        let mut child = child;
        let lines = read_lines(reader);
        let mut kept = Vec::new();
        let started = Instant::now();
        let mut ended: Option<(ExitStatus, Instant)> = None;
        loop {
            match lines.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => {
                    if quiet {
                        log.keep(&line);
                    } else {
                        log.say(&line);
                    }
                    kept.push(line);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if ended.is_none() => {
                    thread::sleep(Duration::from_millis(10));
                }
                Err(RecvTimeoutError::Disconnected) => {}
            }
            match ended {
                None => ended = poll(&mut child, &name)?.map(|status| (status, Instant::now())),
                Some((status, since)) => {
                    if lines_are_over(&lines, since, quiet, log, &mut kept) {
                        return Ok(Output {
                            status,
                            lines: kept,
                        });
                    }
                }
            }
            if ended.is_none() && started.elapsed() > limit {
                end_tree(&mut child);
                return Err(Error::TimedOut {
                    command: name,
                    seconds: limit.as_secs(),
                    log: log.path().to_path_buf(),
                });
            }
        }
    }

    /// Runs it; ending with anything but success is an error.
    pub fn check(self, log: &mut Log) -> Result<Output> {
        let command = self.name.clone();
        let output = self.output(log)?;
        if output.status.success() {
            return Ok(output);
        }
        Err(Error::Failed {
            command,
            status: describe(output.status),
            log: log.path().to_path_buf(),
        })
    }

    fn start(&mut self) -> Result<(impl Read + Send + use<>, Child)> {
        let started = std::io::pipe().and_then(|(reader, writer)| {
            self.command
                .stdin(Stdio::null())
                .stdout(writer.try_clone()?)
                .stderr(writer);
            let child = self.command.spawn()?;
            self.command.stdout(Stdio::null()).stderr(Stdio::null());
            Ok((reader, child))
        });
        started.map_err(|source| Error::Start {
            command: self.name.clone(),
            source,
        })
    }
}

/// The exit code, or what ended the program.
pub fn describe(status: ExitStatus) -> String {
    status
        .code()
        .map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

/// The path of a program, if `PATH` has it.
pub fn find_program(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

fn poll(child: &mut Child, name: &str) -> Result<Option<ExitStatus>> {
    child.try_wait().map_err(|source| Error::Start {
        command: name.to_owned(),
        source,
    })
}

fn read_lines(reader: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}

/// Takes what is left in the pipe of a program that has ended; says whether nothing more is to come.
fn lines_are_over(
    lines: &Receiver<String>,
    since: Instant,
    quiet: bool,
    log: &mut Log,
    kept: &mut Vec<String>,
) -> bool {
    loop {
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => {
                if quiet {
                    log.keep(&line);
                } else {
                    log.say(&line);
                }
                kept.push(line);
            }
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) if since.elapsed() > LAST_LINES => return true,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Ends a program and everything that it started, so that a hung test leaves no server behind.
fn end_tree(child: &mut Child) {
    let mut doomed = vec![child.id()];
    let parents = parents();
    let mut next = 0;
    while next < doomed.len() {
        let parent = doomed[next];
        doomed.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(id, _)| *id),
        );
        next += 1;
    }
    let _ = Command::new("kill")
        .arg("-KILL")
        .args(doomed.iter().map(ToString::to_string))
        .stderr(Stdio::null())
        .status();
    let _ = child.wait();
}

/// Every process with its parent, as Linux tells it; empty elsewhere.
fn parents() -> Vec<(u32, u32)> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name in parentheses may hold spaces; state and parent follow it.
            let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
            Some((id, parent))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> (tempfile::TempDir, Log) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = Log::create(&folder.path().join("log")).expect("a log");
        (folder, log)
    }

    #[test]
    fn lines_of_both_streams_come_in_order_and_are_kept() {
        let (_folder, mut log) = log();
        let output = Run::new("sh")
            .args(["-c", "echo one; echo two >&2; echo three; exit 3"])
            .quiet()
            .output(&mut log)
            .expect("sh runs");
        assert_eq!(output.lines, ["one", "two", "three"]);
        assert_eq!(output.status.code(), Some(3));
        let kept = fs::read_to_string(log.path()).expect("the log");
        assert!(kept.ends_with("one\ntwo\nthree\n"), "{kept}");
    }

    #[test]
    fn a_bad_end_is_an_error_that_names_the_command() {
        let (_folder, mut log) = log();
        let error = Run::new("sh")
            .args(["-c", "exit 7"])
            .check(&mut log)
            .expect_err("exit code 7");
        assert!(error.to_string().contains("exit code 7"), "{error}");
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_what_it_started() {
        let (_folder, mut log) = log();
        let error = Run::new("sh")
            .args(["-c", "sleep 60 & echo $!; wait"])
            .limit(Duration::from_millis(300))
            .quiet()
            .output(&mut log)
            .expect_err("it hangs");
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
        let kept = fs::read_to_string(log.path()).expect("the log");
        let sleeper = kept.lines().last().expect("the id of sleep");
        let is_gone = || {
            fs::read_to_string(format!("/proc/{sleeper}/stat"))
                .map_or(true, |state| state.contains(") Z "))
        };
        // The signal is sent at once, and takes a moment on a busy machine.
        for _ in 0..100 {
            if is_gone() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("sleep is still there");
    }

    #[test]
    fn a_process_left_behind_does_not_hold_the_task_up() {
        let (_folder, mut log) = log();
        let started = Instant::now();
        Run::new("sh")
            .args(["-c", "sleep 20 & echo started"])
            .quiet()
            .check(&mut log)
            .expect("sh ends");
        assert!(started.elapsed() < Duration::from_secs(15));
    }
}
