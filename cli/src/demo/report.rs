//! How a step is told: to a person as a few lines, to a program as one object.

use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::Output;
use crate::stopwatch::Stopwatch;
use crate::text::{Numbers, pad};
use crate::words::Words;

/// The column in which times begin.
const TIMES: usize = 60;
const INDENT: &str = "    ";

/// What a step has to say.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// For programs.
    pub data: Value,
    /// For people.
    pub lines: Vec<String>,
    /// A code, below them.
    pub drawing: Vec<String>,
}

/// Tells step after step.
pub(super) struct Report<'a> {
    pub words: &'a Words,
    output: &'a mut Output,
    steps: u32,
    watch: Stopwatch,
}

impl<'a> Report<'a> {
    /// Begins to tell.
    pub fn new(words: &'a Words, output: &'a mut Output) -> Self {
        Self {
            words,
            output,
            steps: 0,
            watch: Stopwatch::start(),
        }
    }

    /// Whether codes may be drawn in colours.
    pub fn in_colours(&self) -> bool {
        self.output.is_terminal()
    }

    /// The time since the beginning.
    pub fn so_far(&self) -> Duration {
        self.watch.read()
    }

    /// Says what the story is about.
    pub fn title(&mut self) -> Result<(), Failure> {
        self.output.line(self.words.say("demo-title"))?;
        self.output.line("")
    }

    /// Does a step and tells it. What it failed with is told with the step's name.
    pub async fn step<T>(
        &mut self,
        name: &'static str,
        work: impl Future<Output = Result<(T, Told), Failure>>,
    ) -> Result<T, Failure> {
        self.steps += 1;
        let title = self.words.say(&format!("demo-step-{name}"));
        let head = format!("{:>2}  {title}", self.steps);
        self.output.meanwhile(&format!("{head} …"))?;
        let watch = Stopwatch::start();
        let result = work.await;
        let span = watch.read();
        match result {
            Ok((value, told)) => {
                self.done(name, &head, span, &told)?;
                Ok(value)
            }
            Err(failure) => {
                let why = failure.in_words(self.words);
                self.output
                    .json(&self.object(name, false, span, &json!({"error": why})))?;
                self.output.over(&format!("{head}  ✗"))?;
                Err(Failure::Said(
                    "demo-step-failed",
                    vec![
                        ("number", self.steps.to_string()),
                        ("title", title),
                        ("why", why),
                    ],
                ))
            }
        }
    }

    fn done(&mut self, name: &str, head: &str, span: Duration, told: &Told) -> Result<(), Failure> {
        self.output
            .json(&self.object(name, true, span, &told.data))?;
        let time = Numbers::of(self.words).span(span);
        let head = format!("{}{time}", pad(head, TIMES));
        self.output.over(&if self.output.is_terminal() {
            format!("\x1b[1m{head}\x1b[0m")
        } else {
            head
        })?;
        let indented = told
            .lines
            .iter()
            .chain(&told.drawing)
            .map(|line| format!("{INDENT}{line}").trim_end().to_owned());
        self.output.lines(indented)?;
        self.output.line("")
    }

    fn object(&self, name: &str, ok: bool, span: Duration, data: &Value) -> Value {
        let millis = (span.as_secs_f64() * 10_000.0).round() / 10.0;
        json!({"step": self.steps, "name": name, "ok": ok, "millis": millis, "data": data})
    }
}
