//! Why the service cannot take requests.

/// Why the service cannot take a request now (503).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// More requests wait than may.
    Overload,
    /// Another process holds the database.
    Database,
    /// There is no room to write.
    DiskFull,
    /// The database file is not where it was opened.
    FileGone,
    /// The database has another schema than this program writes.
    OtherSchema,
    /// The database fails in a way that the log tells.
    Broken,
    /// Mail waits and nobody takes it.
    MailStuck,
    /// The server is going down.
    ShuttingDown,
}

impl Busy {
    /// What is in the way, and the way out.
    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::Overload => "More requests are waiting than can be served. Try again shortly.",
            Self::Database => "The database is busy. Nothing was changed; try again shortly.",
            Self::DiskFull => "There is no room to write. Nothing was changed; make room and try again.",
            Self::FileGone => "The database file was moved, removed or replaced. Restart the server.",
            Self::OtherSchema => {
                "The database has another schema than this server writes. Restart the server."
            }
            Self::Broken => "The database fails. The log of the server says how.",
            Self::MailStuck => "Mail waits that nobody takes. See `brms mail list`, and restart the server.",
            Self::ShuttingDown => "The server is shutting down. Nothing was changed; try again shortly.",
        }
    }
}
