//! How invitations behave here.

use std::time::Duration;

use crate::config::InvitationSettings;

/// How long an invitation lives, and how often it may be sent.
#[derive(Clone, Copy, Debug)]
pub struct InvitationRules {
    /// How long a link lives.
    pub lifetime: Duration,
    /// How many mails an invitation may cause within [`InvitationRules::send_window`].
    pub sends_max: u32,
    /// See [`InvitationRules::sends_max`].
    pub send_window: Duration,
    /// How many invitations one user may send within [`InvitationRules::inviter_send_window`].
    pub inviter_sends_max: u32,
    /// See [`InvitationRules::inviter_sends_max`].
    pub inviter_send_window: Duration,
}

impl From<&InvitationSettings> for InvitationRules {
    fn from(settings: &InvitationSettings) -> Self {
        Self {
            lifetime: settings.invitation_ttl,
            sends_max: settings.invitation_sends_max,
            send_window: settings.invitation_send_window,
            inviter_sends_max: settings.inviter_sends_max,
            inviter_send_window: settings.inviter_send_window,
        }
    }
}
