//! Durations, counted by their length for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the ranges: from a commit on a fast disk to the deadline of a request.
const BOUNDS: [Duration; 17] = [
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// How often something took how long. To record a duration are two atomic additions: no lock, no allocation.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each bound, and one for what is longer.
    ranges: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

/// What a histogram has counted so far.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramReading {
    /// The sum of all durations.
    pub seconds: f64,
    /// How many there were.
    pub count: u64,
    /// Upper bounds in seconds, the last one infinite, each with the number of durations above the bound before it.
    pub ranges: Vec<(f64, u64)>,
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&self, duration: Duration) {
        let range = BOUNDS.partition_point(|bound| *bound < duration);
        self.ranges[range].fetch_add(1, Ordering::Relaxed);
        // 584 years in all.
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// What was counted. The sum may be ahead of the numbers by a duration that is being recorded.
    #[must_use]
    pub fn read(&self) -> HistogramReading {
        let bounds = BOUNDS.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        let numbers = self.ranges.iter().map(|number| number.load(Ordering::Relaxed));
        let ranges: Vec<_> = bounds.zip(numbers).collect();
        HistogramReading {
            seconds: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64(),
            count: ranges.iter().map(|(_, number)| number).sum(),
            ranges,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_below_the_first_bound_that_it_does_not_exceed() {
        let histogram = Histogram::default();
        for micros in [0, 100, 101, 30_000_000, 30_000_001] {
            histogram.record(Duration::from_micros(micros));
        }
        let reading = histogram.read();
        let of = |position: usize| reading.ranges[position];
        assert_eq!((of(0), of(1), of(16)), ((0.0001, 2), (0.000_25, 1), (30.0, 1)));
        assert_eq!(of(17), (f64::INFINITY, 1));
        assert_eq!((reading.count, reading.ranges.len()), (5, 18));
        assert!((reading.seconds - 60.000_202).abs() < 1e-6, "{}", reading.seconds);
    }
}
