//! The corpus and the books of one size, made when a figure first needs them.

use std::cell::OnceCell;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::book::Side;
use super::corpus;
use super::jvm::Jvm;
use crate::process::{job, number, text};
use crate::report::percentile;

/// How often the storing is measured; each side in turn, so that a slow moment of the machine meets all.
const STORES: usize = 3;

pub struct Stage<'a> {
    /// How many resources.
    pub count: usize,
    /// What the names of its figures end with.
    pub suffix: &'static str,
    pub jvm: Option<&'a Jvm>,
    folder: TempDir,
    corpus: OnceCell<PathBuf>,
    stored: OnceCell<Stored>,
    stored_by_jvm: OnceCell<Value>,
    jvm_read: OnceCell<Value>,
}

/// The medians of storing on all sides.
pub struct Stored {
    pub encrypted: Storing,
    pub plain: Storing,
    pub rows: Storing,
}

/// What storing took.
pub struct Storing {
    pub seconds: f64,
    pub cpu_seconds: f64,
    pub bytes: f64,
}

impl<'a> Stage<'a> {
    pub fn new(count: usize, suffix: &'static str, jvm: Option<&'a Jvm>) -> Self {
        Self {
            count,
            suffix,
            jvm,
            folder: TempDir::new().expect("a folder"),
            corpus: OnceCell::new(),
            stored: OnceCell::new(),
            stored_by_jvm: OnceCell::new(),
            jvm_read: OnceCell::new(),
        }
    }

    /// The name of a figure at this size.
    pub fn name(&self, figure: &str) -> String {
        format!("{figure}{}", self.suffix)
    }

    pub fn corpus(&self) -> &PathBuf {
        self.corpus.get_or_init(|| {
            let file = self.folder.path().join("corpus.ndjson");
            corpus::write(&file, self.count);
            file
        })
    }

    /// Bytes of the JSON alone.
    pub fn json_bytes(&self) -> f64 {
        let file = self.corpus().metadata().expect("the corpus").len();
        file as f64 - self.count as f64
    }

    /// Stores the corpus on all sides, several times; the books stay.
    pub fn stored(&self) -> &Stored {
        self.stored.get_or_init(|| {
            let corpus = text(self.corpus());
            let count = self.count.to_string();
            let [mut encrypted, mut plain, mut rows] = [const { Vec::new() }; 3];
            for _ in 0..STORES {
                for (side, said) in Side::BOTH.iter().zip([&mut encrypted, &mut plain]) {
                    let folder = self.emptied(side.name());
                    said.push(job("store", &[side.name(), corpus, &count, text(&folder)]));
                }
                let folder = self.emptied("rows");
                rows.push(job("rows", &[corpus, &count, text(&folder)]));
            }
            Stored {
                encrypted: Storing::median(&encrypted),
                plain: Storing::median(&plain),
                rows: Storing::median(&rows),
            }
        })
    }

    /// The folder of a stored book.
    pub fn book(&self, side: Side) -> PathBuf {
        self.stored();
        self.folder.path().join(side.name())
    }

    /// The same on the JVM, once and after its warming up; nothing where there is no JVM.
    pub fn stored_by_jvm(&self) -> Option<&Value> {
        let jvm = self.jvm?;
        let database = self.database();
        Some(
            self.stored_by_jvm
                .get_or_init(|| jvm.job(&["store", text(self.corpus()), text(&database)])),
        )
    }

    /// Every kind of reading on the JVM.
    pub fn read_by_jvm(&self) -> Option<&Value> {
        let jvm = self.jvm?;
        self.stored_by_jvm()?;
        let database = self.database();
        Some(
            self.jvm_read
                .get_or_init(|| jvm.job(&["read", text(self.corpus()), text(&database)])),
        )
    }

    /// Opening to the first list on the JVM.
    pub fn opened_by_jvm(&self) -> Option<Value> {
        let jvm = self.jvm?;
        self.stored_by_jvm()?;
        Some(jvm.job(&["open", text(&self.database())]))
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("jvm.db")
    }

    fn emptied(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("an empty folder");
        }
        std::fs::create_dir(&folder).expect("a folder");
        folder
    }
}

impl Storing {
    fn median(said: &[Value]) -> Self {
        let median = |name: &str| {
            let mut all: Vec<f64> = said.iter().map(|said| number(said, name)).collect();
            percentile(&mut all, 50)
        };
        Self {
            seconds: median("wall_s"),
            cpu_seconds: median("cpu_s"),
            bytes: median("bytes"),
        }
    }

    /// How many measurements the median is of.
    pub const SAMPLES: usize = STORES;
}
