//! What becomes of a mail in the outbox.

use crate::http::words;

words! {
    /// What became of a mail.
    #[derive(clap::ValueEnum)]
    MailState {
        /// It waits, or is being handed over right now.
        Queued = "queued",
        /// The relay took it, or the local mailbox has it.
        Delivered = "delivered",
        /// It was taken out, or a newer mail made it pointless.
        Cancelled = "cancelled",
        /// The relay refused it, or it was given up.
        Failed = "failed",
    }
}
