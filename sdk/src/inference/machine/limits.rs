//! What the system allows a process.

use serde::Serialize;

/// Limits of this process and so of what it starts; `None` where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SystemLimits {
    /// Address space, bytes.
    pub address_space: Option<u64>,
    /// Open files.
    pub open_files: Option<u64>,
    /// Processes and threads of the user.
    pub processes: Option<u64>,
}

impl SystemLimits {
    /// Those of this process.
    #[cfg(unix)]
    pub fn of_this_process() -> Self {
        use rustix::process::{Resource, getrlimit};
        let limit = |resource| getrlimit(resource).current;
        Self {
            address_space: limit(Resource::As),
            open_files: limit(Resource::Nofile),
            processes: limit(Resource::Nproc),
        }
    }

    /// Those of this process: there are none to ask for.
    #[cfg(not(unix))]
    pub fn of_this_process() -> Self {
        Self::default()
    }
}
