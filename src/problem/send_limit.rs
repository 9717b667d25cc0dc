//! The limits on mails that somebody causes.

/// A rate limit for sending mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendLimit {
    /// For one invitation, so that no mailbox is flooded.
    Invitation,
    /// For one inviter, so that a stolen credential cannot flood many mailboxes.
    Inviter,
    /// For the sign-in codes of one address.
    SignInAddress,
    /// For the sign-in codes that one network asks for.
    SignInNetwork,
    /// For the sign-in codes of the whole server.
    SignInServer,
}

impl SendLimit {
    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::Invitation => "This invitation was sent too often.",
            Self::Inviter => "You have sent too many invitations.",
            Self::SignInAddress => "Too many codes were asked for with this address.",
            Self::SignInNetwork => "Too many codes were asked for from your network.",
            Self::SignInServer => "Too many codes are being asked for.",
        }
    }
}
