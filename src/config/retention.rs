//! The settings of retention: what a server removes when it is old.

use std::time::Duration;

use clap::Args;

use super::values::keep_time;

/// How long rows are kept. Without a setting they are kept for good.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct RetentionSettings {
    /// Remove audit log entries that are older than this, at least 1d. Default: they are kept for good.
    #[arg(long, env = "BRMS_AUDIT_KEEP", value_name = "TIME", value_parser = keep_time)]
    pub audit_keep: Option<Duration>,
    /// Remove mails that were delivered, given up or cancelled longer ago than this, at least 1d, and those of the local
    /// mailbox. Default: they are kept for good.
    #[arg(long, env = "BRMS_MAIL_KEEP", value_name = "TIME", value_parser = keep_time)]
    pub mail_keep: Option<Duration>,
    /// Forget the used, replaced and withdrawn codes of an invitation that was accepted, was withdrawn or has expired
    /// longer ago than this, at least 1d: from then on they are answered 404 and not 410. 90d is a good choice. Default:
    /// they are kept for good.
    #[arg(long, env = "BRMS_SECRET_KEEP", value_name = "TIME", value_parser = keep_time)]
    pub secret_keep: Option<Duration>,
}
