//! The delivery states of a mail in the outbox.

use crate::http::words;

words! {
    /// The delivery state of a mail.
    #[derive(clap::ValueEnum)]
    MailState {
        /// Pending, or being sent right now.
        Queued = "queued",
        /// Accepted by the relay, or stored in the local mailbox.
        Delivered = "delivered",
        /// Cancelled, or replaced by a newer mail.
        Cancelled = "cancelled",
        /// Refused by the relay, or given up after retries.
        Failed = "failed",
    }
}
