//! The operator's links for signing in.

use super::users;
use crate::clock::Timestamp;
use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::generated::models::{UserStatus, UserType};
use crate::operations::sign_ins;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store::ids::UserId;
use crate::store::users::User;
use crate::terminal::line;

/// The one user with this id or address, who must be able to sign in.
pub fn find_user(db: &Db, text: &str) -> Result<User, Failure> {
    let user = users::find(db, text)?;
    let email = line(&user.email);
    if user.is_service {
        return Err(format!(
            "{email} is a service account, which works with tokens: see `brms token create`"
        )
        .into());
    }
    if user.status != UserStatus::Active {
        return Err(format!("{email} is {}, so the link would not work", user.status.as_str()).into());
    }
    if user.user_type == UserType::Invited {
        return Err(format!(
            "{email} has not accepted the invitation yet: see `brms invitation link {}`",
            user.id
        )
        .into());
    }
    Ok(user)
}

/// Creates a link for a user, and returns its secret and when it ends.
pub fn link(tx: &Tx, user_id: UserId) -> Result<(Secret, Timestamp), Problem> {
    sign_ins::create_link(tx, user_id)
}
