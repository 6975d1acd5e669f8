//! What a disk holds: what no power cut can take, and what is still on its way there.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Names a file whatever it is called: it stays the same over renames, and while it is open after its
/// name is gone.
pub type FileId = u64;

/// One thing a program asks of a disk, in the order in which it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Bytes at a place in a file.
    Write {
        /// The file.
        file: FileId,
        /// Where they begin.
        offset: usize,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
    /// A file gets this length.
    Truncate {
        /// The file.
        file: FileId,
        /// Its length from now on.
        length: usize,
    },
    /// What was done to a file so far becomes durable. Its name need not.
    SyncFile {
        /// The file.
        file: FileId,
    },
    /// An empty file appears.
    Create {
        /// What it is called.
        name: String,
        /// The file.
        file: FileId,
    },
    /// A name goes.
    Remove {
        /// The name.
        name: String,
    },
    /// A file gets another name; whatever had that name is gone.
    Rename {
        /// What it was called.
        from: String,
        /// What it is called from now on.
        to: String,
    },
    /// The names that came and went so far become durable.
    SyncFolder,
}

/// A change of one file that is not durable yet.
#[derive(Debug, Clone)]
pub(super) enum FileChange {
    Write { offset: usize, bytes: Arc<[u8]> },
    Truncate { length: usize },
}

impl FileChange {
    pub(super) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
            Self::Truncate { length } => content.resize(*length, 0),
        }
    }
}

/// A change of the names that is not durable yet.
#[derive(Debug, Clone)]
pub(super) enum NameChange {
    Create { name: String, file: FileId },
    Remove { name: String },
    Rename { from: String, to: String },
}

impl NameChange {
    pub(super) fn apply(&self, names: &mut BTreeMap<String, FileId>) {
        match self {
            Self::Create { name, file } => {
                names.insert(name.clone(), *file);
            }
            Self::Remove { name } => {
                names.remove(name);
            }
            Self::Rename { from, to } => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }

    /// The names it touches.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Self::Create { name, .. } | Self::Remove { name } => vec![name],
            Self::Rename { from, to } => vec![from, to],
        }
    }
}

/// One file.
#[derive(Debug, Clone, Default)]
pub(super) struct File {
    pub(super) durable: Arc<Vec<u8>>,
    /// As programs see it.
    pub(super) current: Arc<Vec<u8>>,
    /// What leads from the one to the other, in order.
    pub(super) pending: Vec<FileChange>,
    /// Whether something in `current` will never become durable: see [`Medium::lose_pending`].
    pub(super) lost: bool,
}

/// A folder of files: as programs see it, and as a power cut leaves it.
#[derive(Debug, Clone, Default)]
pub struct Medium {
    pub(super) files: BTreeMap<FileId, File>,
    pub(super) durable_names: BTreeMap<String, FileId>,
    pub(super) names: BTreeMap<String, FileId>,
    pub(super) pending_names: Vec<NameChange>,
}

impl Medium {
    /// A folder of these files, all of them durable.
    #[must_use]
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Self {
        let mut medium = Self::default();
        for (file, (name, content)) in (1..).zip(files) {
            let content = Arc::new(content);
            medium.files.insert(
                file,
                File {
                    durable: Arc::clone(&content),
                    current: content,
                    ..File::default()
                },
            );
            medium.names.insert(name, file);
        }
        medium.durable_names = medium.names.clone();
        medium
    }

    /// Does what a program asked.
    pub fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Write {
                file,
                offset,
                bytes,
            } => self.change(
                *file,
                FileChange::Write {
                    offset: *offset,
                    bytes: Arc::clone(bytes),
                },
            ),
            Operation::Truncate { file, length } => {
                self.change(*file, FileChange::Truncate { length: *length });
            }
            Operation::SyncFile { file } => self.sync(*file),
            Operation::Create { name, file } => {
                self.files.insert(*file, File::default());
                self.change_names(NameChange::Create {
                    name: name.clone(),
                    file: *file,
                });
            }
            Operation::Remove { name } => {
                self.change_names(NameChange::Remove { name: name.clone() });
            }
            Operation::Rename { from, to } => self.change_names(NameChange::Rename {
                from: from.clone(),
                to: to.clone(),
            }),
            Operation::SyncFolder => {
                self.durable_names.clone_from(&self.names);
                self.pending_names.clear();
            }
        }
    }

    fn change(&mut self, file: FileId, change: FileChange) {
        let file = self.files.entry(file).or_default();
        change.apply(Arc::make_mut(&mut file.current));
        file.pending.push(change);
    }

    fn sync(&mut self, file: FileId) {
        let file = self.files.entry(file).or_default();
        if file.pending.is_empty() {
            return;
        }
        if file.lost {
            let durable = Arc::make_mut(&mut file.durable);
            for change in &file.pending {
                change.apply(durable);
            }
        } else {
            file.durable = Arc::clone(&file.current);
        }
        file.pending.clear();
    }

    /// A sync that failed, after which the operating system takes for written what it could not
    /// write: programs still see it, but no later sync brings it to the disk.
    pub(super) fn lose_pending(&mut self, file: FileId) {
        let file = self.files.entry(file).or_default();
        file.pending.clear();
        file.lost = true;
    }

    fn change_names(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }

    /// The file of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.names.get(name).copied()
    }

    /// A file's bytes as programs see them.
    #[must_use]
    pub fn content(&self, file: FileId) -> &[u8] {
        self.files.get(&file).map_or(&[], |file| &file.current)
    }

    /// All files as programs see them.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        self.names
            .iter()
            .map(|(name, file)| (name.clone(), self.content(*file).to_vec()))
            .collect()
    }
}
