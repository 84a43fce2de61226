//! What a child may use.

use serde::{Deserialize, Serialize};

/// Limits of a child; what is not named is not limited.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Limits {
    /// Address space in bytes: what the child has mapped, whether it uses it or not.
    pub memory_bytes: Option<u64>,
    /// Processor time of one request in seconds, over all threads.
    pub cpu_seconds: Option<u64>,
}

impl Default for Limits {
    /// 4 GiB and ten minutes.
    fn default() -> Self {
        Self {
            memory_bytes: Some(4 << 30),
            cpu_seconds: Some(600),
        }
    }
}

/// Puts this process under the limits, once and for good: no core dumps, no files written,
/// at most so much memory, and (on Linux) no sockets and no other programs.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub(super) fn confine(limits: &Limits) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let set = |resource, bytes| {
        let limit = Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        };
        setrlimit(resource, limit).map_err(|error| format!("{resource:?}: {error}"))
    };
    set(Resource::Core, 0)?;
    set(Resource::Fsize, 0)?;
    if let Some(bytes) = limits.memory_bytes {
        set(Resource::As, bytes)?;
    }
    #[cfg(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))]
    super::seccomp::forbid_sockets_and_programs()?;
    Ok(())
}

/// Without limits of the system's own the parent's time-out is the only one.
#[cfg(not(unix))]
pub(super) fn confine(_: &Limits) -> Result<(), String> {
    Ok(())
}

/// Gives this process processor time for one more request; the system ends it when that is
/// used up.
#[cfg(unix)]
pub(super) fn allow_cpu_time(limits: &Limits) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};

    let Some(seconds) = limits.cpu_seconds else {
        return;
    };
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or(0);
    // The soft limit may move below the hard one. Should it fail, the parent's time-out
    // still ends the child.
    let maximum = getrlimit(Resource::Cpu).maximum;
    let current = Some(used.saturating_add(seconds).saturating_add(1));
    let _ = setrlimit(Resource::Cpu, Rlimit { current, maximum });
}

/// Without limits of the system's own the parent's time-out is the only one.
#[cfg(not(unix))]
pub(super) fn allow_cpu_time(_: &Limits) {}
