//! Everything that is measured, under its name: written by the library in the form that Prometheus reads.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::traffic::{ConnectionReading, OperationReading};
use crate::db::DatabaseSizes;
use crate::histogram::HistogramReading;
use crate::store::mail_queues::MailQueue;

/// What the database says of itself.
#[derive(Debug)]
pub(super) struct DatabaseFigures {
    pub sizes: DatabaseSizes,
    pub mail: MailQueue,
}

/// What was measured at one moment.
#[derive(Debug)]
pub(super) struct Measured {
    pub requests: Vec<OperationReading>,
    pub connections: ConnectionReading,
    pub waiting_writes: u64,
    pub commits: HistogramReading,
    pub dropped_log_lines: u64,
    /// `None` if the database does not answer.
    pub database: Option<Arc<DatabaseFigures>>,
}

impl Collector for Measured {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut writer = MetricWriter(encoder);
        self.encode_requests(&mut writer)?;
        let ConnectionReading { open, accepted, max } = self.connections;
        writer.gauge("brms_connections", "Open connections of clients", open)?;
        writer.gauge(
            "brms_connections_max",
            "Connections of clients that may be open at once",
            max.into(),
        )?;
        writer.counter("brms_connections_accepted", "Connections of clients that were accepted", accepted)?;
        writer.gauge("brms_writer_queue_length", "Writes that wait for the writer", self.waiting_writes)?;
        let mut commits = writer.begin(
            "brms_commit_duration_seconds",
            "How long a commit of one or several writes took until it was durable",
            MetricType::Histogram,
        )?;
        histogram(&mut commits, &self.commits)?;
        writer.gauge("brms_database_up", "Whether the database answers", self.database.is_some().into())?;
        if let Some(database) = &self.database {
            writer.database(database)?;
        }
        let dropped = self.dropped_log_lines;
        writer.counter("brms_log_lines_dropped", "Log lines that could not be written", dropped)?;
        let mut build = writer.begin("brms_build", "The version of brms", MetricType::Info)?;
        build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

impl Measured {
    fn encode_requests(&self, writer: &mut MetricWriter<'_>) -> fmt::Result {
        let mut total = writer.begin(
            "brms_http_requests",
            "Requests that were answered; `none` has no operation",
            MetricType::Counter,
        )?;
        for operation in &self.requests {
            for (status, count) in &operation.statuses {
                let labels = [("operation", operation.name.to_owned()), ("status", status.to_string())];
                total.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(count, None)?;
            }
        }
        let mut durations = writer.begin(
            "brms_http_request_duration_seconds",
            "How long requests took from their head to the beginning of the response",
            MetricType::Histogram,
        )?;
        for operation in &self.requests {
            let labels = [("operation", operation.name)];
            histogram(&mut durations.encode_family(&labels)?, &operation.durations)?;
        }
        Ok(())
    }
}

/// Begins each metric, with its name without the ending of its type, and its help.
struct MetricWriter<'e>(DescriptorEncoder<'e>);

impl MetricWriter<'_> {
    fn begin<'n>(
        &'n mut self,
        name: &'n str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'n>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.begin(name, help, MetricType::Gauge)?.encode_gauge(&value)
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.begin(name, help, MetricType::Counter)?.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    fn database(&mut self, DatabaseFigures { sizes, mail }: &DatabaseFigures) -> fmt::Result {
        self.gauge(
            "brms_database_size_bytes",
            "The size of the database, without a write-ahead log",
            sizes.bytes,
        )?;
        if let Some(bytes) = sizes.log_bytes {
            self.gauge("brms_database_log_size_bytes", "The size of the write-ahead log", bytes)?;
        }
        if let Some(bytes) = sizes.free_bytes {
            self.gauge("brms_database_free_bytes", "What of the database file is not used", bytes)?;
        }
        let help = "Mails in the outbox that are due, scheduled for a later attempt, or being sent";
        let mut queue = self.begin("brms_mail_queue", help, MetricType::Gauge)?;
        for (state, number) in [("due", mail.due), ("scheduled", mail.scheduled), ("sending", mail.sending)] {
            queue.encode_family(&[("state", state)])?.encode_gauge(&number)?;
        }
        let help = "How long the oldest mail of the outbox has waited; 0 without any";
        self.begin("brms_mail_oldest_queued_seconds", help, MetricType::Gauge)?
            .encode_gauge(&mail.oldest_age.as_secs_f64())
    }
}

fn histogram(encoder: &mut MetricEncoder<'_>, reading: &HistogramReading) -> fmt::Result {
    encoder.encode_histogram::<NoLabelSet>(reading.seconds, reading.count, &reading.ranges, None)
}
