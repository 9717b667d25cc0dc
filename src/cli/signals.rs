//! The signals that stop a server: SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGXCPU and SIGPWR. A closing terminal sends SIGHUP,
//! and a server killed by it would leave its files behind; so would every other signal that ends a process, unless it is
//! handled. Those that report no error of the process are ignored.

#[cfg(unix)]
use std::io;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that stop a server.
#[cfg(unix)]
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    /// `None` under `nohup`, which sets SIGHUP to be ignored.
    hang_up: Option<Signal>,
    /// Used up what `ulimit -t` allows; it is sent again each second.
    cpu_time: Signal,
    /// The power fails. `None` where there is no such signal.
    power: Option<Signal>,
}

#[cfg(unix)]
impl StopSignals {
    /// Installs the handlers.
    pub(super) fn watch() -> io::Result<Self> {
        for ignored in others() {
            // The handler stays when this is dropped, and does nothing. A system without the signal refuses it.
            drop(signal(SignalKind::from_raw(ignored)));
        }
        let is_hang_up_ignored = is_hang_up_ignored();
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hang_up: (!is_hang_up_ignored).then(|| signal(SignalKind::hangup())).transpose()?,
            cpu_time: signal(SignalKind::from_raw(signal_hook::consts::SIGXCPU))?,
            power: power().map(|power| signal(SignalKind::from_raw(power))).transpose()?,
        })
    }

    /// The next signal that was sent on purpose. A closing terminal sends SIGHUP twice.
    pub(super) async fn next_deliberate(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.quit.recv() => {}
        }
    }

    /// The next signal.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.quit.recv() => {}
            _ = self.cpu_time.recv() => {}
            () = received(self.hang_up.as_mut()) => {}
            () = received(self.power.as_mut()) => {}
        }
    }
}

/// The signals that would end the process and are ignored. SIGPIPE and SIGXFSZ are handled where the process starts.
#[cfg(unix)]
fn others() -> Vec<i32> {
    use signal_hook::consts::{SIGALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGVTALRM};
    let of_every_system = [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF];
    #[cfg(target_os = "linux")]
    let of_this_system = {
        use rustix::process::Signal;
        // The C library keeps the first real-time signals for itself.
        [Signal::IO.as_raw(), Signal::STKFLT.as_raw()].into_iter().chain(35..=64)
    };
    #[cfg(not(target_os = "linux"))]
    let of_this_system = std::iter::empty();
    of_every_system.into_iter().chain(of_this_system).collect()
}

#[cfg(unix)]
fn power() -> Option<i32> {
    #[cfg(target_os = "linux")]
    let power = Some(rustix::process::Signal::POWER.as_raw());
    #[cfg(not(target_os = "linux"))]
    let power = None;
    power
}

#[cfg(unix)]
async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether the process was started with SIGHUP ignored. Assumes not where /proc is not available.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is signal 1, SIGHUP.
    mask.is_some_and(|mask| mask & 1 == 1)
}

/// Ctrl-c.
#[cfg(not(unix))]
pub(super) struct StopSignals;

#[cfg(not(unix))]
impl StopSignals {
    /// Installs the handler.
    pub(super) fn watch() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// The same as [`StopSignals::next`].
    pub(super) async fn next_deliberate(&mut self) {
        self.next().await;
    }

    /// The next signal.
    pub(super) async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
