//! The table of callers: each line is a kind of caller with the response to each kind of operation. It is written by
//! hand from the documentation; nothing in it is computed.
//!
//! The columns, from left to right:
//!
//! | column | the operation requires |
//! |---|---|
//! | `open` | nothing |
//! | `own` | authentication: it is about the caller's own objects |
//! | `any` | authentication, with a token only if it is valid for everything |
//! | `auth` | user type author, admin or owner |
//! | `adm` | user type admin or owner, and refers to no existing object |
//! | `adm+` | the same, and refers to an object of acme |
//! | `see` | access to the project |
//! | `mng` | the permission project:manage there |
//! | `all` | the permission owner there |
//!
//! In addition, an operation that accepts only sessions answers every token with 401.

use By::{
    ExpiredSession, ExpiredToken, Nothing, RegeneratedToken, RevokedSession, RevokedToken, Session,
    SessionAsToken, Token, TokenAsSession, UnknownSession, UnknownToken, WrongScheme,
};
use Place::{Group, Inside, Marked, Outside, Role};
use Reach::{Elsewhere, Everywhere, Here};
use Who::{
    Admin, Author, DisabledAdmin, ForeignOwner, Invited, LockedAdmin, Member, Owner, ServiceAdmin,
    ServiceMember,
};

/// The user behind a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Who {
    Owner,
    Admin,
    Author,
    Member,
    Invited,
    /// Would be an admin.
    DisabledAdmin,
    /// Would be an admin.
    LockedAdmin,
    ServiceAdmin,
    ServiceMember,
    /// The owner of another organisation.
    ForeignOwner,
}

/// The user's relation to the requested project, and to the deleted one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// Not a member.
    Outside,
    /// A member without any group.
    Inside,
    /// A member in a group with this permission.
    Group(&'static str),
    /// A member through a role with this permission.
    Role(&'static str),
    /// A member with the owner mark.
    Marked,
}

/// The credentials that are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    Nothing,
    /// A valid token with an unknown scheme.
    WrongScheme,
    /// A valid token, sent as a session.
    TokenAsSession,
    /// A valid session, sent as a token.
    SessionAsToken,
    UnknownToken,
    UnknownSession,
    ExpiredToken,
    ExpiredSession,
    RevokedToken,
    RevokedSession,
    /// The previous secret of a regenerated token.
    RegeneratedToken,
    Session,
    /// A token with these permissions.
    Token(&'static [&'static str], Reach),
}

/// The projects of a token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    Everywhere,
    /// The requested project, and the deleted one.
    Here,
    /// Only another project.
    Elsewhere,
}

/// A kind of caller and the expected responses.
pub type Line = (Who, Place, By, [u16; 9]);

/// A token without restrictions.
const FULL: By = Token(&["owner"], Everywhere);
const MANAGE: By = Token(&["project:manage"], Everywhere);

/// Without valid credentials every caller is rejected everywhere.
#[rustfmt::skip]
pub const NOT_LET_IN: &[Line] = &[
    //                                           open own  any  auth adm  adm+ see  mng  all
    (Owner,         Outside, Nothing,           [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, WrongScheme,       [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, TokenAsSession,     [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, SessionAsToken,     [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, UnknownToken,      [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, UnknownSession,     [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, ExpiredToken,      [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, ExpiredSession,     [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, RevokedToken,      [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, RevokedSession,     [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, RegeneratedToken,  [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (DisabledAdmin, Outside, FULL,              [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (DisabledAdmin, Outside, Session,            [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (LockedAdmin,   Outside, FULL,              [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (LockedAdmin,   Outside, Session,            [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Invited,       Marked,  FULL,              [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Invited,       Marked,  Session,            [200, 401, 401, 401, 401, 401, 401, 401, 401]),
];

/// People with a session: user type, and permission in the project.
#[rustfmt::skip]
pub const SIGNED_IN: &[Line] = &[
    //                                                       open own  any  auth adm  adm+ see  mng  all
    (Owner,        Outside,                         Session, [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    (Admin,        Outside,                         Session, [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    (Author,       Outside,                         Session, [200, 200, 200, 200, 403, 403, 404, 404, 404]),
    (Author,       Inside,                          Session, [200, 200, 200, 200, 403, 403, 200, 403, 403]),
    (Author,       Marked,                          Session, [200, 200, 200, 200, 403, 403, 200, 200, 200]),
    (Member,       Outside,                         Session, [200, 200, 200, 403, 403, 403, 404, 404, 404]),
    (Member,       Inside,                          Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Marked,                          Session, [200, 200, 200, 403, 403, 403, 200, 200, 200]),
    (Member,       Role("owner"),                   Session, [200, 200, 200, 403, 403, 403, 200, 200, 200]),
    (Member,       Role("project:manage"),          Session, [200, 200, 200, 403, 403, 403, 200, 200, 403]),
    (Member,       Role("documents"),               Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("owner"),                  Session, [200, 200, 200, 403, 403, 403, 200, 200, 200]),
    (Member,       Group("project:manage"),         Session, [200, 200, 200, 403, 403, 403, 200, 200, 403]),
    (Member,       Group("documents"),              Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("documents:full"),         Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("documents:view-content"), Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("documents:edit-content"), Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("documents:edit-view"),    Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("releases"),               Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("releases:manage"),        Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("releases:deploy"),        Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("releases:delete"),        Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("integrations:manage"),    Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("branches"),               Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("branches:create"),        Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("branches:merge"),         Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("branches:delete"),        Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("environments"),           Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("environments:manage"),    Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("environments:delete"),    Session, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (ForeignOwner, Outside,                         Session, [200, 200, 200, 200, 200, 404, 404, 404, 404]),
];

/// A token of the organisation's owner, with each permission.
#[rustfmt::skip]
pub const OWNERS_TOKENS: &[Line] = &[
    //                                                               open own  any  auth adm  adm+ see  mng  all
    (Owner, Outside, FULL,                                          [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    (Owner, Outside, MANAGE,                                        [200, 200, 403, 403, 403, 403, 200, 200, 403]),
    (Owner, Outside, Token(&[], Everywhere),                        [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["documents"], Everywhere),             [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["documents:full"], Everywhere),        [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["documents:view-content"], Everywhere), [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["documents:edit-content"], Everywhere), [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["documents:edit-view"], Everywhere),   [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["releases"], Everywhere),              [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["releases:manage"], Everywhere),       [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["releases:deploy"], Everywhere),       [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["releases:delete"], Everywhere),       [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["integrations:manage"], Everywhere),   [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["branches"], Everywhere),              [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["branches:create"], Everywhere),       [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["branches:merge"], Everywhere),        [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["branches:delete"], Everywhere),       [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["environments"], Everywhere),          [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["environments:manage"], Everywhere),   [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["environments:delete"], Everywhere),   [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["owner"], Here),                       [200, 200, 403, 403, 403, 403, 200, 200, 200]),
    (Owner, Outside, Token(&["project:manage"], Here),              [200, 200, 403, 403, 403, 403, 200, 200, 403]),
    (Owner, Outside, Token(&[], Here),                              [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Owner, Outside, Token(&["owner"], Elsewhere),                  [200, 200, 403, 403, 403, 403, 404, 404, 404]),
];

/// Tokens of other users: a token restricts its user and grants nothing.
#[rustfmt::skip]
pub const OTHER_TOKENS: &[Line] = &[
    //                                                                         open own  any  auth adm  adm+ see  mng  all
    (Admin,         Outside,                 FULL,                            [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    (Admin,         Outside,                 MANAGE,                          [200, 200, 403, 403, 403, 403, 200, 200, 403]),
    (Admin,         Outside,                 Token(&["owner"], Here),         [200, 200, 403, 403, 403, 403, 200, 200, 200]),
    (Author,        Outside,                 FULL,                            [200, 200, 200, 200, 403, 403, 404, 404, 404]),
    (Author,        Outside,                 MANAGE,                          [200, 200, 403, 403, 403, 403, 404, 404, 404]),
    (Author,        Marked,                  Token(&["owner"], Here),         [200, 200, 403, 403, 403, 403, 200, 200, 200]),
    (Member,        Outside,                 FULL,                            [200, 200, 200, 403, 403, 403, 404, 404, 404]),
    (Member,        Outside,                 Token(&["owner"], Here),         [200, 200, 403, 403, 403, 403, 404, 404, 404]),
    (Member,        Inside,                  FULL,                            [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,        Marked,                  FULL,                            [200, 200, 200, 403, 403, 403, 200, 200, 200]),
    (Member,        Marked,                  MANAGE,                          [200, 200, 403, 403, 403, 403, 200, 200, 403]),
    (Member,        Marked,                  Token(&["owner"], Here),         [200, 200, 403, 403, 403, 403, 200, 200, 200]),
    (Member,        Marked,                  Token(&["owner"], Elsewhere),    [200, 200, 403, 403, 403, 403, 404, 404, 404]),
    (Member,        Group("project:manage"), FULL,                            [200, 200, 200, 403, 403, 403, 200, 200, 403]),
    (Member,        Group("project:manage"), Token(&["documents"], Here),     [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Member,        Group("documents"),      MANAGE,                          [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (Member,        Role("project:manage"),  FULL,                            [200, 200, 200, 403, 403, 403, 200, 200, 403]),
    (ServiceAdmin,  Outside,                 FULL,                            [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    (ServiceAdmin,  Outside,                 MANAGE,                          [200, 200, 403, 403, 403, 403, 200, 200, 403]),
    (ServiceMember, Outside,                 FULL,                            [200, 200, 200, 403, 403, 403, 404, 404, 404]),
    (ServiceMember, Group("project:manage"), FULL,                            [200, 200, 200, 403, 403, 403, 200, 200, 403]),
    (ServiceMember, Group("project:manage"), Token(&["project:manage"], Here), [200, 200, 403, 403, 403, 403, 200, 200, 403]),
    (ServiceMember, Marked,                  Token(&["documents"], Everywhere), [200, 200, 403, 403, 403, 403, 200, 403, 403]),
    (ForeignOwner,  Outside,                 FULL,                            [200, 200, 200, 200, 200, 404, 404, 404, 404]),
    (ForeignOwner,  Outside,                 MANAGE,                          [200, 200, 403, 403, 403, 404, 404, 404, 404]),
    (ForeignOwner,  Outside,                 Token(&["owner"], Here),         [200, 200, 403, 403, 403, 404, 404, 404, 404]),
];
