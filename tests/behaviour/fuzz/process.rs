//! The server process as seen from outside: its memory, its sockets, its log.

/// The resident memory of the process, in KiB.
pub fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line about its memory");
    let number = line.trim().strip_suffix(" kB").expect("it is in kB");
    number.parse().expect("a number")
}

/// The number of its sockets: the listener, one per connection, and those of the runtime.
pub fn sockets(process: u32) -> usize {
    let handles = std::fs::read_dir(format!("/proc/{process}/fd")).expect("the process is there");
    // A handle may be closed while the list is read.
    let targets = handles.filter_map(|handle| std::fs::read_link(handle.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

/// Checks a log for panics, internal errors, addresses and paths. Secrets are checked elsewhere.
pub fn complaints(log: &str) -> Vec<&str> {
    let unwanted = ["panicked", "\"ERROR\"", ".test", "/api/"];
    log.lines().filter(|line| unwanted.iter().any(|word| line.contains(word))).collect()
}

#[test]
fn growth_of_memory_and_sockets_is_detected() {
    let process = std::process::id();
    let before = resident_kib(process);
    // Other tests of this process free memory meanwhile, but not as much.
    let held = vec![1_u8; 256 * 1024 * 1024];
    assert!(resident_kib(process) > before + 128 * 1024, "{} bytes are not seen", held.len());
    let listeners: Vec<_> =
        (0..300).map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    assert!(sockets(process) >= listeners.len());
}

#[test]
fn an_invalid_log_line_is_detected() {
    let good = r#"{"level":"INFO","fields":{"operation":"listUsers","status":200}}"#;
    assert_eq!(complaints(good), Vec::<&str>::new());
    for bad in [
        "thread 'tokio-rt-worker' panicked at src/a.rs:1:1:",
        r#"{"level":"ERROR","fields":{"status":500}}"#,
        r#"{"level":"INFO","fields":{"path":"/api/users"}}"#,
        r#"{"level":"WARN","fields":{"cause":"no mail to ann@example.test"}}"#,
    ] {
        let log = format!("{good}\n{bad}\n{good}");
        assert_eq!(complaints(&log), [bad]);
    }
}
