//! The workspace and the folders that tasks use.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{Metadata, MetadataCommand};

use crate::{
    error::{Error, Result},
    process::{Log, Run},
};

/// The folders of this workspace and what cargo says about it.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of the root manifest.
    pub root: PathBuf,
    /// cargo's target folder.
    pub target: PathBuf,
    /// Where tools are installed: `$SOKHOE_TOOLS_DIR`, or `.tools` in the workspace.
    pub tools: PathBuf,
    /// The members and their direct dependencies.
    pub metadata: Metadata,
}

impl Workspace {
    /// Finds the workspace that this program was built in or is run in.
    pub fn find() -> Result<Self> {
        let mut command = MetadataCommand::new();
        if let Some(own) = env::var_os("CARGO_MANIFEST_DIR") {
            command.current_dir(own);
        }
        let metadata = command.no_deps().exec()?;
        let root = metadata.workspace_root.clone().into_std_path_buf();
        let tools =
            env::var_os("SOKHOE_TOOLS_DIR").map_or_else(|| root.join(".tools"), PathBuf::from);
        let tools = std::path::absolute(&tools).map_err(Error::file(&tools))?;
        Ok(Self {
            target: metadata.target_directory.clone().into_std_path_buf(),
            tools,
            root,
            metadata,
        })
    }

    /// Where logs and intermediate files of the tasks are.
    pub fn scratch(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// Where cargo puts what it builds in the dev profile.
    pub fn built(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// An empty log with the name of a task.
    pub fn log(&self, task: &str) -> Result<Log> {
        Log::create(&self.scratch().join(format!("{task}.log")))
    }

    /// cargo, in the root.
    pub fn cargo(&self) -> Run {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.run(&cargo).named("cargo")
    }

    /// A program, in the root.
    pub fn run(&self, program: impl AsRef<std::ffi::OsStr>) -> Run {
        Run::new(program).dir(&self.root)
    }

    /// The files that git knows or would take (not ignored), whose path starts with one of `folders`
    /// and ends with one of `endings`; relative to the root and sorted.
    pub fn sources(
        &self,
        folders: &[&str],
        endings: &[&str],
        log: &mut Log,
    ) -> Result<Vec<PathBuf>> {
        let listed = self
            .run("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .args(["--deduplicate", "--"])
            .args(folders)
            .quiet()
            .check(log)?;
        let mut files: Vec<PathBuf> = listed
            .lines
            .iter()
            .filter(|line| endings.is_empty() || endings.iter().any(|end| line.ends_with(end)))
            .map(PathBuf::from)
            .filter(|path| self.root.join(path).is_file())
            .collect();
        files.sort();
        Ok(files)
    }
}

/// Writes a file unless it already has this content, so that build tools see no change where there is none.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
    }
    fs::write(path, content).map_err(Error::file(path))
}

/// Every file below a folder; none when the folder does not exist.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(Error::file(&folder))? {
            let path = entry.map_err(Error::file(&folder))?.path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
