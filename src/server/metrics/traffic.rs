//! Counts requests and connections. To count a request takes a search by its name and three atomic additions, without a
//! lock; its labels become text when the metrics are read.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::generated::api::Operation;
use crate::histogram::{Histogram, HistogramReading};
use crate::{testing, web};

/// The name of a request for a path, or with a method, that no operation has.
pub(in crate::server) const NO_OPERATION: &str = "none";
/// The name of a preflight request.
pub(in crate::server) const PREFLIGHT: &str = "preflight";

const STATUS_MIN: u16 = 100;
const STATUSES: usize = 500;

/// What has happened on the listener of the API.
#[derive(Debug)]
pub struct Traffic {
    /// Sorted by name.
    operations: Vec<OperationTraffic>,
    connections: AtomicU64,
    accepted: AtomicU64,
    connections_max: u32,
}

#[derive(Debug)]
struct OperationTraffic {
    name: &'static str,
    /// Made by the first request.
    requests: OnceLock<Box<RequestCounts>>,
}

#[derive(Debug)]
struct RequestCounts {
    of_status: [AtomicU64; STATUSES],
    durations: Histogram,
}

impl Default for RequestCounts {
    fn default() -> Self {
        Self { of_status: [const { AtomicU64::new(0) }; STATUSES], durations: Histogram::default() }
    }
}

/// The requests for an operation so far.
#[derive(Debug)]
pub(super) struct OperationReading {
    pub name: &'static str,
    /// The statuses that occurred.
    pub statuses: Vec<(u16, u64)>,
    pub durations: HistogramReading,
}

/// The connections now, and so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionReading {
    pub open: u64,
    pub accepted: u64,
    pub max: u32,
}

impl Traffic {
    /// For a server that takes this number of connections.
    #[must_use]
    pub fn new(connections_max: u32) -> Self {
        let of_api = Operation::ALL.iter().map(|operation| operation.id());
        let beside = web::endpoint_names().chain(testing::control_names());
        let mut names: Vec<_> = of_api.chain(beside).chain([NO_OPERATION, PREFLIGHT]).collect();
        names.sort_unstable();
        names.dedup();
        let operation = |name| OperationTraffic { name, requests: OnceLock::new() };
        Self {
            operations: names.into_iter().map(operation).collect(),
            connections: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            connections_max,
        }
    }

    /// Counts a request that is answered.
    pub(in crate::server) fn record(&self, operation: &str, status: u16, duration: Duration) {
        let Ok(position) = self.operations.binary_search_by(|known| known.name.cmp(operation)) else {
            debug_assert!(false, "{operation} is not counted");
            return;
        };
        let requests = self.operations[position].requests.get_or_init(Box::default);
        if let Some(count) = requests.of_status.get(usize::from(status.wrapping_sub(STATUS_MIN))) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        requests.durations.record(duration);
    }

    /// Counts a connection until the guard is dropped.
    pub(in crate::server) fn connected(&self) -> OpenConnection<'_> {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self)
    }

    pub(super) fn requests(&self) -> Vec<OperationReading> {
        let read = |operation: &OperationTraffic| {
            let requests = operation.requests.get()?;
            let counts = requests.of_status.iter().map(|count| count.load(Ordering::Relaxed));
            let statuses = (STATUS_MIN..).zip(counts).filter(|(_, count)| *count > 0);
            Some(OperationReading {
                name: operation.name,
                statuses: statuses.collect(),
                durations: requests.durations.read(),
            })
        };
        self.operations.iter().filter_map(read).collect()
    }

    pub(super) fn connections(&self) -> ConnectionReading {
        ConnectionReading {
            open: self.connections.load(Ordering::Relaxed),
            accepted: self.accepted.load(Ordering::Relaxed),
            max: self.connections_max,
        }
    }
}

/// A connection that is open.
pub(in crate::server) struct OpenConnection<'t>(&'t Traffic);

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_operation_and_status() {
        let traffic = Traffic::new(7);
        for (operation, status) in [("listUsers", 200), ("listUsers", 200), ("listUsers", 403), ("none", 404)]
        {
            traffic.record(operation, status, Duration::from_millis(2));
        }
        let found: Vec<_> = traffic
            .requests()
            .into_iter()
            .map(|reading| (reading.name, reading.statuses, reading.durations.count))
            .collect();
        assert_eq!(
            found,
            [("listUsers", vec![(200, 2), (403, 1)], 3), ("none", vec![(404, 1)], 1)],
            "operations without a request are left out"
        );
    }

    #[test]
    fn connections_are_counted_while_they_are_open() {
        let traffic = Traffic::new(7);
        let (first, second) = (traffic.connected(), traffic.connected());
        drop(first);
        let now = traffic.connections();
        assert_eq!((now.open, now.accepted, now.max), (1, 2, 7));
        drop(second);
        assert_eq!(traffic.connections().open, 0);
    }
}
