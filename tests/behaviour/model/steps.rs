//! What can happen in a life: one operation by one caller, or somebody accepting.

use serde_json::{Value, json};

use crate::support::Answer;

#[derive(Debug)]
pub enum Change {
    Standing(&'static str),
    Status(&'static str),
}

impl Change {
    pub fn body(&self) -> Value {
        match self {
            Self::Standing(word) => json!({ "type": word }),
            Self::Status(word) => json!({ "status": word }),
        }
    }
}

#[derive(Debug)]
pub enum Step {
    InviteUsers { caller: usize, emails: Vec<String> },
    SendInvitation { caller: usize, user: usize },
    Accept { code: usize },
    UpdateUser { caller: usize, user: usize, change: Change },
    CreateProject { caller: usize, key: &'static str },
    InviteMembers { caller: usize, project: usize, users: Vec<usize>, owner: bool },
    UpdateMember { caller: usize, project: usize, user: usize, owner: bool },
}

impl Step {
    pub fn sends_mail(&self) -> bool {
        matches!(self, Self::InviteUsers { .. } | Self::SendInvitation { .. })
    }

    /// Whether a good answer means that something is different now.
    pub fn changes(&self, answer: &Answer) -> bool {
        match self {
            Self::InviteMembers { .. } | Self::InviteUsers { .. } => {
                answer.json().as_array().is_some_and(|all| !all.is_empty())
            }
            _ => true,
        }
    }
}
