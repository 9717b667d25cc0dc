//! Answers of POST operations, and what of each may be kept for a repeat.

use serde::Serialize;
use uuid::Uuid;

use crate::generated::models::{
    CreatedPersonalAccessToken, CreatedProject, Group, Invitation, Member, Role, User,
};

/// Whether an answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// All of it.
    Body,
    /// It shows a secret, so of it only the ids may be.
    IdsAlone,
}

/// An answer of a POST operation.
pub trait Repeatable: Serialize + Send + 'static {
    /// What its ids are ids of, in the words of the problems.
    const NOUN: &'static str;
    /// Whether it may be kept.
    const KEEPING: Keeping;

    /// The ids of what was made or changed.
    fn ids(&self) -> Vec<Uuid>;
}

macro_rules! repeatable {
    ($($type:ty: $noun:literal, $keeping:ident, |$answer:ident| $ids:expr;)*) => {$(
        impl Repeatable for $type {
            const NOUN: &'static str = $noun;
            const KEEPING: Keeping = Keeping::$keeping;

            fn ids(&self) -> Vec<Uuid> {
                let $answer = self;
                $ids
            }
        }
    )*};
}

repeatable! {
    CreatedProject: "project", Body, |answer| vec![answer.project.id];
    Group: "group", Body, |group| vec![group.id];
    Invitation: "invitation", Body, |invitation| vec![invitation.id];
    Vec<Invitation>: "invitation", Body, |invitations| invitations.iter().map(|one| one.id).collect();
    Member: "member", Body, |member| vec![member.id];
    Vec<Member>: "member", Body, |members| members.iter().map(|one| one.id).collect();
    CreatedPersonalAccessToken: "personal access token", IdsAlone, |token| vec![token.id];
    Role: "role", Body, |role| vec![role.id];
    User: "user", Body, |user| vec![user.id];
}
