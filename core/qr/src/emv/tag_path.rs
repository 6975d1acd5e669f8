use std::fmt;

/// Where a value stands: `54`, or `62.08` inside a template.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagPath {
    root: u8,
    sub: Option<u8>,
}

impl TagPath {
    /// A tag at the root.
    pub const fn root(tag: u8) -> Self {
        Self {
            root: tag,
            sub: None,
        }
    }

    /// A tag inside a template.
    pub const fn inside(template: u8, tag: u8) -> Self {
        Self {
            root: template,
            sub: Some(tag),
        }
    }
}

impl fmt::Display for TagPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sub {
            None => write!(f, "{:02}", self.root),
            Some(sub) => write!(f, "{:02}.{sub:02}", self.root),
        }
    }
}

impl fmt::Debug for TagPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
