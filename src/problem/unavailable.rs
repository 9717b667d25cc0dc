//! Why the service cannot take requests.

/// Why the service cannot take a request now (503).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// More requests wait than may.
    Overload,
    /// Another process holds the database.
    Database,
    /// There is no room to write.
    DiskFull,
    /// The database cannot be written by this process.
    ReadOnly,
    /// The disk refused to read or write.
    DiskFailed,
    /// The database is damaged, or another program has written it.
    Damaged,
    /// The database file is not where it was opened.
    FileGone,
    /// The database has another schema than this program writes.
    OtherSchema,
    /// The database fails in a way that the log tells.
    Broken,
    /// A part that the process cannot work without has ended.
    PartEnded,
    /// Mail waits and no task takes it.
    MailStuck,
    /// The server is going down.
    ShuttingDown,
}

impl Unavailable {
    /// What is in the way, and the way out.
    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::Overload => "More requests are waiting than can be served. Try again shortly.",
            Self::Database => "The database is busy. Nothing was changed; try again shortly.",
            Self::DiskFull => "There is no room to write. Nothing was changed; make room and try again.",
            Self::ReadOnly => {
                "The database is read-only. Nothing was changed; make the file and its disk writable, then restart \
                 the server."
            }
            Self::DiskFailed => {
                "The disk refused to read or write the database. Nothing was changed; see the server log."
            }
            Self::Damaged => {
                "The database is damaged, or another program has written it. Stop the server and put a backup in its \
                 place with `brms restore`; the server log has the cause."
            }
            Self::FileGone => {
                "The database file was moved, removed or replaced. If the server has left a copy of all that was written beside \
                 it, put that copy in the place of the file, otherwise put the file back; then restart the server."
            }
            Self::OtherSchema => {
                "The database has a different schema from the one this server writes. Restart the server."
            }
            Self::Broken => "The database failed. The server log has the cause.",
            Self::PartEnded => {
                "A part of the server ended unexpectedly. Restart the server; its log has the cause."
            }
            Self::MailStuck => {
                "Mail is waiting and nothing is delivering it. See `brms mail list`, and restart the server."
            }
            Self::ShuttingDown => "The server is shutting down. Nothing was changed; try again shortly.",
        }
    }
}
