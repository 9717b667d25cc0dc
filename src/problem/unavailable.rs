//! Reasons for being unavailable.

/// Why the service is unavailable (503).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Too many requests are pending.
    Overload,
    /// Another process holds the database.
    Database,
    /// The disk or the database size limit is full.
    DiskFull,
    /// The database cannot be written by this process.
    ReadOnly,
    /// The disk refused to read or write.
    DiskFailed,
    /// The database is damaged, or another program has written to it.
    Damaged,
    /// A part of the database could not be read: it is damaged, or the disk failed for a moment.
    Unreadable,
    /// The database is examined, since a part of it could not be read.
    BeingExamined,
    /// The database file is no longer at its path.
    FileGone,
    /// The schema of the database differs from the one that this program writes.
    OtherSchema,
    /// The database failed for a reason that is in the log.
    Broken,
    /// The connection to the database was lost while it committed, or its file could not be looked at afterwards.
    OutcomeUnknown,
    /// A vital part of the process has ended.
    PartEnded,
    /// Mails are pending and no task claims them.
    MailStuck,
    /// The server is shutting down.
    ShuttingDown,
}

impl Unavailable {
    /// Whether what was asked for may be done all the same: the file or the process failed after a commit.
    #[must_use]
    pub fn may_be_done(self) -> bool {
        matches!(self, Self::OutcomeUnknown | Self::FileGone | Self::Damaged | Self::PartEnded | Self::Broken)
    }

    /// The reason and how to resolve it.
    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::Overload => "The server is overloaded. Try again shortly.",
            Self::Database => "The database is busy. Nothing was changed; try again shortly.",
            Self::DiskFull => {
                "The disk or the database size limit is full. Nothing was changed; free some space and try again."
            }
            Self::ReadOnly => {
                "The database is read-only. Nothing was changed; make the file and its disk writable, then restart \
                 the server."
            }
            Self::DiskFailed => {
                "The disk refused to read or write the database. Nothing was changed; see the server log."
            }
            Self::Damaged => {
                "The database is damaged, or another program has written to it. Stop the server and restore a backup \
                 with `brms restore`; see the server log for the cause."
            }
            Self::Unreadable | Self::BeingExamined => {
                "A part of the database could not be read, and it is being examined. Nothing was changed; try again \
                 shortly. Restore a backup with `brms restore` only if it is found damaged; see the server log."
            }
            Self::FileGone => {
                "The database file, its write-ahead log or the link to it was moved, removed or replaced. The server log \
                 says where the data is, and what to do before the server is restarted."
            }
            Self::OtherSchema => {
                "The database has a different schema from the one this server writes. Restart the server."
            }
            Self::OutcomeUnknown => {
                "The database failed while it committed (its connection was lost, or its file could not be checked), so \
                 the change may or may not have been made. Look whether it was, or repeat the request with the same \
                 Idempotency-Key, if it had one."
            }
            Self::Broken => "Database error; see the server log.",
            Self::PartEnded => {
                "A part of the server ended unexpectedly. Restart the server; see its log for the cause."
            }
            Self::MailStuck => "Mail delivery has stalled. See `brms mail list`, and restart the server.",
            Self::ShuttingDown => "The server is shutting down. Nothing was changed; try again shortly.",
        }
    }
}
