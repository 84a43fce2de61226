//! How far an import or an export has come.

/// Totals so far. They only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files that are done.
    pub files: u64,
    /// Bytes of files that were read or written.
    pub bytes: u64,
}

/// Who is told, and how far it has come.
pub(super) struct Reporter<'a> {
    listener: Option<&'a (dyn Fn(Progress) + Send + Sync)>,
    pub(super) so_far: Progress,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(listener: Option<&'a (dyn Fn(Progress) + Send + Sync)>) -> Self {
        Self {
            listener,
            so_far: Progress::default(),
        }
    }

    pub(super) fn bytes(&mut self, more: u64) {
        self.so_far.bytes += more;
        self.tell();
    }

    pub(super) fn file(&mut self) {
        self.so_far.files += 1;
        self.tell();
    }

    fn tell(&self) {
        if let Some(listener) = self.listener {
            listener(self.so_far);
        }
    }
}
