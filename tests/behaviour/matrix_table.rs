//! The table of callers: each line is one kind of caller, and what that caller is answered by each kind of
//! operation. It is written by hand from what the documents promise; nothing of it is computed.
//!
//! The columns, from left to right:
//!
//! | column | the operation asks |
//! |---|---|
//! | `open` | nothing |
//! | `own` | to be a caller: it is about the caller's own things |
//! | `any` | to be a caller, by a token that reaches everything if by a token |
//! | `auth` | standing author, admin or owner |
//! | `adm` | standing admin or owner, and names nothing that exists already |
//! | `adm+` | the same, and names a thing of acme |
//! | `see` | to see the project |
//! | `mng` | the permission project:manage there |
//! | `all` | the permission owner there |
//!
//! Above that, an operation that takes sign-ins alone answers 401 to every token.

use By::{
    ExpiredSignIn, ExpiredToken, Nothing, RegeneratedToken, RevokedSignIn, RevokedToken, SignIn,
    SignInAsToken, Token, TokenAsSignIn, UnknownSignIn, UnknownToken, WrongScheme,
};
use Place::{Group, Inside, Marked, Outside, Role};
use Reach::{Elsewhere, Everywhere, Here};
use Who::{
    Admin, Author, DisabledAdmin, ForeignOwner, Invited, LockedAdmin, Member, Owner, ServiceAdmin,
    ServiceMember,
};

/// Who the user behind a call is.
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

/// How the user stands to the project that is asked for, and to the deleted one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// Nobody put the user there.
    Outside,
    /// A member without any group.
    Inside,
    /// A member in a group with this permission.
    Group(&'static str),
    /// Brought there by a role with this permission.
    Role(&'static str),
    /// A member with the owner mark.
    Marked,
}

/// What the user sends as credentials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    Nothing,
    /// A good token behind a word that is no scheme here.
    WrongScheme,
    /// A good token, sent as a sign-in.
    TokenAsSignIn,
    /// A good sign-in, sent as a token.
    SignInAsToken,
    UnknownToken,
    UnknownSignIn,
    ExpiredToken,
    ExpiredSignIn,
    RevokedToken,
    RevokedSignIn,
    /// The secret that a token had before it got a new one.
    RegeneratedToken,
    SignIn,
    /// A token with these permissions.
    Token(&'static [&'static str], Reach),
}

/// The projects that a token reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    Everywhere,
    /// The project that is asked for, and the deleted one.
    Here,
    /// Another project alone.
    Elsewhere,
}

/// A kind of caller, and what it is answered.
pub type Line = (Who, Place, By, [u16; 9]);

/// A token that takes nothing away.
const FULL: By = Token(&["owner"], Everywhere);
const MANAGE: By = Token(&["project:manage"], Everywhere);

/// Whoever shows nothing good is let in nowhere, whoever they would have been.
#[rustfmt::skip]
pub const NOT_LET_IN: &[Line] = &[
    //                                           open own  any  auth adm  adm+ see  mng  all
    (Owner,         Outside, Nothing,           [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, WrongScheme,       [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, TokenAsSignIn,     [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, SignInAsToken,     [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, UnknownToken,      [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, UnknownSignIn,     [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, ExpiredToken,      [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, ExpiredSignIn,     [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, RevokedToken,      [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, RevokedSignIn,     [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Owner,         Outside, RegeneratedToken,  [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (DisabledAdmin, Outside, FULL,              [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (DisabledAdmin, Outside, SignIn,            [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (LockedAdmin,   Outside, FULL,              [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (LockedAdmin,   Outside, SignIn,            [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Invited,       Marked,  FULL,              [200, 401, 401, 401, 401, 401, 401, 401, 401]),
    (Invited,       Marked,  SignIn,            [200, 401, 401, 401, 401, 401, 401, 401, 401]),
];

/// People who signed in: standing, and permission in the project.
#[rustfmt::skip]
pub const SIGNED_IN: &[Line] = &[
    //                                                       open own  any  auth adm  adm+ see  mng  all
    (Owner,        Outside,                         SignIn, [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    (Admin,        Outside,                         SignIn, [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    (Author,       Outside,                         SignIn, [200, 200, 200, 200, 403, 403, 404, 404, 404]),
    (Author,       Inside,                          SignIn, [200, 200, 200, 200, 403, 403, 200, 403, 403]),
    (Author,       Marked,                          SignIn, [200, 200, 200, 200, 403, 403, 200, 200, 200]),
    (Member,       Outside,                         SignIn, [200, 200, 200, 403, 403, 403, 404, 404, 404]),
    (Member,       Inside,                          SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Marked,                          SignIn, [200, 200, 200, 403, 403, 403, 200, 200, 200]),
    (Member,       Role("owner"),                   SignIn, [200, 200, 200, 403, 403, 403, 200, 200, 200]),
    (Member,       Role("project:manage"),          SignIn, [200, 200, 200, 403, 403, 403, 200, 200, 403]),
    (Member,       Role("documents"),               SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("owner"),                  SignIn, [200, 200, 200, 403, 403, 403, 200, 200, 200]),
    (Member,       Group("project:manage"),         SignIn, [200, 200, 200, 403, 403, 403, 200, 200, 403]),
    (Member,       Group("documents"),              SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("documents:full"),         SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("documents:view-content"), SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("documents:edit-content"), SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("documents:edit-view"),    SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("releases"),               SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("releases:manage"),        SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("releases:deploy"),        SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("releases:delete"),        SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("integrations:manage"),    SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("branches"),               SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("branches:create"),        SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("branches:merge"),         SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("branches:delete"),        SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("environments"),           SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("environments:manage"),    SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (Member,       Group("environments:delete"),    SignIn, [200, 200, 200, 403, 403, 403, 200, 403, 403]),
    (ForeignOwner, Outside,                         SignIn, [200, 200, 200, 200, 200, 404, 404, 404, 404]),
];

/// What each permission of a token leaves of the organisation's owner.
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

/// Tokens of everybody else: a token takes away from its user and gives nothing.
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
