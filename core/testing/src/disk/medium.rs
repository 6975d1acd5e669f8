//! What a disk holds: what no power cut can take, and what is still on its way there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::content::Content;

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
    pub(super) fn apply(&self, content: &mut Content) {
        match self {
            Self::Write { offset, bytes } => content.write(*offset, bytes),
            Self::Truncate { length } => content.resize(*length),
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
    pub(super) durable: Content,
    /// As programs see it.
    pub(super) current: Content,
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
        Self::with(
            files
                .into_iter()
                .map(|(name, bytes)| (name, bytes.into()))
                .collect(),
        )
    }

    pub(super) fn with(files: BTreeMap<String, Content>) -> Self {
        let mut medium = Self::default();
        for (file, (name, content)) in (1..).zip(files) {
            medium.files.insert(
                file,
                File {
                    durable: content.clone(),
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
        change.apply(&mut file.current);
        file.pending.push(change);
    }

    fn sync(&mut self, file: FileId) {
        let file = self.files.entry(file).or_default();
        if file.pending.is_empty() {
            return;
        }
        if file.lost {
            for change in &file.pending {
                change.apply(&mut file.durable);
            }
            file.pending.clear();
            return;
        }
        let is_cut = |change: &FileChange| matches!(change, FileChange::Truncate { .. });
        if file.pending.iter().any(is_cut) {
            file.durable = file.current.clone();
        }
        for change in file.pending.drain(..) {
            if let FileChange::Write { offset, bytes } = change {
                let range = offset..offset + bytes.len();
                file.durable.take_over(&file.current, range);
            }
        }
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
    pub(super) fn content(&self, file: FileId) -> Option<&Content> {
        self.files.get(&file).map(|file| &file.current)
    }

    /// How many bytes a file has for programs.
    #[must_use]
    pub fn length(&self, file: FileId) -> usize {
        self.content(file).map_or(0, Content::len)
    }

    /// A file's bytes as programs see them.
    #[must_use]
    pub fn bytes(&self, file: FileId) -> Vec<u8> {
        self.content(file).map(Content::to_vec).unwrap_or_default()
    }

    /// The same files for programs, all of them durable.
    pub(super) fn synced(&self) -> Self {
        let current = |file| self.content(file).cloned().unwrap_or_default();
        Self::with(
            self.names
                .iter()
                .map(|(name, file)| (name.clone(), current(*file)))
                .collect(),
        )
    }

    /// All files as programs see them.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        self.names
            .iter()
            .map(|(name, file)| (name.clone(), self.bytes(*file)))
            .collect()
    }
}
