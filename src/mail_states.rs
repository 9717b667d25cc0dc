//! The kinds and the delivery states of a mail in the outbox.

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

words! {
    /// What a mail is for.
    MailKind {
        /// The link of an invitation.
        Invitation = "invitation",
        /// A code for signing in.
        SignIn = "sign-in",
    }
}
