//! What a service manager is told: systemd's `Type=notify` and watchdog.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use crate::processes::{log, stop, wait_for};
use crate::support::program::Serving;
use crate::support::server::PATIENCE;

/// A socket of a manager.
fn manager(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    socket
}

fn next(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 256];
    let length = socket.recv(&mut bytes).expect("a message in time");
    String::from_utf8(bytes[..length].to_vec()).expect("UTF-8")
}

fn watched(command: &mut Command, socket: &str) {
    command.env("NOTIFY_SOCKET", socket).env("WATCHDOG_USEC", "100000");
}

#[test]
fn the_manager_is_told_when_the_server_is_ready_that_it_runs_and_that_it_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let socket = manager(&path);
    let mut serving =
        Serving::start_as(folder.path(), &[], |command| watched(command, &path.display().to_string()));
    assert_eq!(next(&socket), "READY=1");
    for _ in 0..3 {
        assert_eq!(next(&socket), "WATCHDOG=1");
    }
    assert!(stop(&mut serving).success());
    let mut last = next(&socket);
    while last == "WATCHDOG=1" {
        last = next(&socket);
    }
    assert_eq!(last, "STOPPING=1");
}

#[test]
fn a_watchdog_of_another_process_and_a_socket_that_is_gone_are_ignored() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let socket = manager(&path);
    let serving = Serving::start_as(folder.path(), &[], |command| {
        watched(command, &path.display().to_string());
        command.env("WATCHDOG_PID", "1");
    });
    assert_eq!(next(&socket), "READY=1");
    socket.set_read_timeout(Some(std::time::Duration::from_millis(300))).expect("a time-out");
    assert!(socket.recv(&mut [0; 16]).is_err(), "no watchdog was asked for of this process");
    drop(serving);

    let folder = tempfile::tempdir().expect("a folder");
    let _serving = Serving::start_as(folder.path(), &[], |command| watched(command, "/nowhere/at/all"));
    wait_for("a warning", || log(folder.path()).contains("NOTIFY_SOCKET cannot be used").then_some(()));
}

#[test]
#[cfg(target_os = "linux")]
fn a_socket_may_be_abstract() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let name = format!("brms-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let socket = UnixDatagram::bind_addr(&address).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let folder = tempfile::tempdir().expect("a folder");
    let _serving = Serving::start_as(folder.path(), &[], |command| watched(command, &format!("@{name}")));
    assert_eq!(next(&socket), "READY=1");
}
