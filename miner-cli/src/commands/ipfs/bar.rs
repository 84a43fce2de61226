//! How far something has come, on standard error and only if that is a terminal.

use std::time::Duration;

use arbius_sdk::content::unixfs::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that vanishes when it is dropped.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar of bytes; without their number it shows how many and how fast.
    pub(super) fn new(doing: &'static str, bytes: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::stderr());
        let template = match bytes {
            Some(_) => {
                "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}"
            }
            None => "{spinner} {msg} {binary_bytes} {binary_bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(doing);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// So many bytes are done.
    pub(super) fn at(&self, bytes: u64) {
        self.0.set_position(bytes);
    }

    /// For imports and exports to tell how far they are.
    pub(super) fn progress(&self) -> impl Fn(Progress) + Send + Sync + use<> {
        let bar = self.0.clone();
        move |so_far| bar.set_position(so_far.bytes)
    }

    /// For whoever counts bytes in another thread.
    pub(super) fn progress_of_bytes(&self) -> impl Fn(u64) + Send + 'static + use<> {
        let bar = self.0.clone();
        move |bytes| bar.set_position(bytes)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
