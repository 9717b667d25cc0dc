//! What can happen in a life: one operation with one credential, or a code accepted. Users, projects, groups
//! and all else are named by their positions in the model.

/// With what a step calls.
#[derive(Clone, Copy, Debug)]
pub enum Credential {
    /// A new sign-in of a user.
    SignIn(usize),
    /// A secret of a personal access token, whether it works or not.
    Secret(usize),
}

/// Whose tokens an operation is about.
#[derive(Clone, Copy, Debug)]
pub enum Owner {
    Caller,
    Service(usize),
}

pub type Words = Vec<&'static str>;

#[derive(Debug)]
pub enum UserChange {
    Standing(&'static str),
    Status(&'static str),
    Roles(Vec<usize>),
}

#[derive(Debug)]
pub enum ProjectChange {
    Name(String),
    Key(&'static str),
    Protection(bool),
}

#[derive(Debug)]
pub struct GroupSave {
    pub name: String,
    pub permissions: Option<Words>,
}

#[derive(Debug)]
pub struct RoleSave {
    pub name: String,
    pub is_for_all: bool,
    pub permissions: Option<Words>,
    pub users: Option<Vec<usize>>,
    pub projects: Option<Vec<usize>>,
}

#[derive(Debug)]
pub struct NewToken {
    pub note: String,
    pub permissions: Words,
    /// `None`: all of them.
    pub projects: Option<Vec<usize>>,
    pub expiry: &'static str,
}

#[derive(Debug)]
pub enum Operation {
    InviteUsers(Vec<String>),
    SendInvitation(usize),
    UpdateUser(usize, UserChange),
    CreateServiceAccount { email: String, standing: &'static str },
    CreateProject { key: &'static str, copy: Option<usize> },
    UpdateProject(usize, ProjectChange),
    DeleteProject(usize),
    RestoreProject(usize),
    JoinProject(usize),
    UpdateApprovals { project: usize, groups: Vec<usize> },
    CreateGroup(usize, GroupSave),
    UpdateGroup(usize, GroupSave),
    DeleteGroup(usize),
    InviteMembers { project: usize, users: Vec<usize>, groups: Vec<usize>, owner: bool },
    UpdateMember { project: usize, user: usize, groups: Option<Vec<usize>>, owner: bool },
    CreateRole(RoleSave),
    UpdateRole(usize, RoleSave),
    CreateToken(Owner, NewToken),
    RegenerateToken { owner: Owner, token: usize, expiry: &'static str },
    DeleteToken { owner: Owner, token: usize },
    ListProjects { all: bool },
    GetProject(usize),
    ListMemberUsers(usize),
}

#[derive(Debug)]
pub enum Step {
    Accept { code: usize },
    Call(Credential, Operation),
}

impl Step {
    pub fn sends_mail(&self) -> bool {
        matches!(self, Self::Call(_, Operation::InviteUsers(_) | Operation::SendInvitation(_)))
    }
}

impl Operation {
    /// Whether a person has to be signed in for it: `security` in brms.json names internalAuth alone.
    pub fn needs_sign_in(&self) -> bool {
        matches!(
            self,
            Self::InviteUsers(_)
                | Self::SendInvitation(_)
                | Self::UpdateUser(..)
                | Self::CreateServiceAccount { .. }
                | Self::CreateToken(..)
                | Self::RegenerateToken { .. }
                | Self::DeleteToken { .. }
        )
    }
}
