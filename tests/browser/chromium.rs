//! Real Chromium in a process of its own, and the people who sit before it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// A browser, ended when this is dropped.
pub struct Chromium {
    process: Child,
    pipes: Mutex<(Option<ChildStdin>, BufReader<ChildStdout>)>,
}

impl Chromium {
    /// For the pages of a clinic: a request to anybody else is a failure.
    pub fn start(origin: &str) -> Self {
        let program = std::env::var("SOKHOE_CHROMIUM").expect("cargo xtask test --only browser");
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/driver.mjs");
        let mut process = Command::new("node")
            .arg(driver)
            .args([&program, origin])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        Self {
            process,
            pipes: Mutex::new((input, output)),
        }
    }

    /// Somebody with a browser of their own.
    pub fn person<'c>(&'c self, name: &'static str) -> Person<'c> {
        Person {
            chromium: self,
            name,
        }
    }

    #[track_caller]
    fn tell(&self, told: &Value) -> Value {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(pipes.0.as_mut().expect("it is not dropped"), "{told}")
            .expect("the driver listens");
        let mut answer = String::new();
        pipes.1.read_line(&mut answer).expect("the driver answers");
        let answer: Value = serde_json::from_str(&answer).expect("the driver answers JSON");
        let (error, shown) = (
            &answer["error"],
            answer["shown"].as_str().unwrap_or_default(),
        );
        assert!(answer["ok"] == true, "{told}\n{error}\n{shown}");
        answer
    }

    /// Nothing went wrong in any page, and none asked anybody but the clinic.
    #[track_caller]
    pub fn complains_of_nothing(&self) {
        let said = self.tell(&json!({"do": "complaints"}));
        assert_eq!(said["complaints"], json!([]));
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The end of its input is the end of it.
        let pipes = self.pipes.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(pipes.0.take());
        let _ended = self.process.wait();
    }
}

/// Somebody before a browser.
#[derive(Clone, Copy)]
pub struct Person<'c> {
    chromium: &'c Chromium,
    name: &'static str,
}

impl Person<'_> {
    #[track_caller]
    fn does(&self, doing: &str, told: Value) -> Value {
        let mut told = told;
        told["do"] = doing.into();
        told["at"] = self.name.into();
        self.chromium.tell(&told)
    }

    /// Opens an address of the clinic's; the answer's status.
    #[track_caller]
    pub fn opens(&self, path: &str) -> u64 {
        let opened = self.does("goto", json!({"url": path}));
        opened["status"].as_u64().expect("an answer")
    }

    /// Fills a field in.
    #[track_caller]
    pub fn fills(&self, label: &str, text: &str) {
        self.does("fill", json!({"label": label, "text": text}));
    }

    /// Fills a field in, in the part of the page that says something.
    #[track_caller]
    pub fn fills_at(&self, within: &str, label: &str, text: &str) {
        let told = json!({"label": label, "text": text, "within": within});
        self.does("fill", told);
    }

    /// Presses a button, in the row or part of the page that says something.
    #[track_caller]
    pub fn presses_at(&self, within: &str, name: &str) {
        self.does(
            "press",
            json!({"role": "button", "name": name, "within": within}),
        );
    }

    /// Presses a button.
    #[track_caller]
    pub fn presses(&self, name: &str) {
        self.does("press", json!({"role": "button", "name": name}));
    }

    /// Follows a link.
    #[track_caller]
    pub fn follows(&self, name: &str) {
        self.does("press", json!({"role": "link", "name": name}));
    }

    /// Opens what is folded away.
    #[track_caller]
    pub fn unfolds(&self, summary: &str) {
        self.does(
            "press",
            json!({"css": format!("summary:text-is('{summary}')")}),
        );
    }

    /// Ticks a box or chooses.
    #[track_caller]
    pub fn ticks(&self, label: &str) {
        self.does("check", json!({"label": label}));
    }

    /// The same, in the part of the page that says something.
    #[track_caller]
    pub fn ticks_at(&self, within: &str, label: &str) {
        self.does("check", json!({"label": label, "within": within}));
    }

    /// Types into whatever has the focus, as a scanner does.
    #[track_caller]
    pub fn types(&self, text: &str) {
        self.does("type", json!({"text": text}));
        self.enters();
    }

    /// Presses Enter, as a scanner does behind a code. Milliseconds until the page after it is there.
    #[track_caller]
    pub fn enters(&self) -> u64 {
        let at = std::time::Instant::now();
        self.does("key", json!({"key": "Enter"}));
        self.does("ready", json!({}));
        u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Types without Enter.
    #[track_caller]
    pub fn keys_in(&self, text: &str) {
        self.does("type", json!({"text": text}));
    }

    /// Waits until the page shows something.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.does("see", json!({"text": text}));
    }

    /// How much of it there is.
    #[track_caller]
    pub fn counts(&self, css: &str) -> u64 {
        self.does("count", json!({"css": css}))["count"]
            .as_u64()
            .expect("an answer")
    }

    /// What a part of the page says.
    #[track_caller]
    pub fn reads(&self, css: &str) -> String {
        self.does("text", json!({"css": css}))["text"]
            .as_str()
            .expect("an answer")
            .to_owned()
    }

    /// Sits before another screen.
    #[track_caller]
    pub fn has_screen(&self, width: u32, height: u32) {
        self.does("size", json!({"width": width, "height": height}));
    }

    /// Keeps a picture of the page, and has axe-core look at it: nothing serious.
    #[track_caller]
    pub fn keeps_picture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        std::fs::create_dir_all(&folder).expect("a folder");
        let file: PathBuf = folder.join(format!("{name}.png"));
        self.does("shot", json!({"file": file}));
        let looked = self.does("axe", json!({}));
        assert_eq!(looked["bad"], json!([]), "{name}");
    }
}
