//! Memory of this machine, bytes, where the system tells.

/// Memory in all: that of the machine, or of the control group that this process is
/// confined to if that is less, as in a container.
pub fn total() -> Option<u64> {
    let machine = field(&meminfo()?, "MemTotal:");
    [machine, group()].into_iter().flatten().min()
}

/// Memory that is available without swapping.
pub fn available() -> Option<u64> {
    field(&meminfo()?, "MemAvailable:")
}

fn meminfo() -> Option<String> {
    std::fs::read_to_string("/proc/meminfo").ok()
}

/// The limit of the control group, versions 2 and 1.
fn group() -> Option<u64> {
    let read = |path| std::fs::read_to_string(path).ok()?.trim().parse().ok();
    read("/sys/fs/cgroup/memory.max")
        .or_else(|| read("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
}

fn field(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The most memory that a process has used at once so far, bytes.
pub fn peak_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    field(&status, "VmHWM:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_says_of_its_memory() {
        let text =
            "MemTotal:       16307716 kB\nMemFree:          123 kB\nMemAvailable:    8000 kB\n";
        assert_eq!(field(text, "MemAvailable:"), Some(8_192_000));
        assert_eq!(field("MemTotal: 5 kB", "MemAvailable:"), None);
        assert_eq!(field("MemAvailable: many kB", "MemAvailable:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_memory_and_this_process_uses_some() {
        let (total, available) = (total().unwrap(), available().unwrap());
        let used = peak_of(std::process::id()).unwrap();
        assert!(used > 100_000 && used < total, "{used} of {total}");
        assert!(available > 0);
        assert_eq!(peak_of(u32::MAX), None);
    }
}
