//! Finding the user that a command names.

use uuid::Uuid;

use crate::db::Db;
use crate::failure::Failure;
use crate::store;
use crate::store::users::User;

/// The user with this id or address, if there is exactly one in all organisations.
pub fn find(db: &Db, text: &str) -> Result<User, Failure> {
    let users = db.peek(|tx| match Uuid::try_parse(text) {
        Ok(id) => Ok(store::users::find_anywhere(tx, id.into())?.into_iter().collect()),
        Err(_) => store::addresses::find_users_anywhere(tx, text),
    })?;
    match <[User; 1]>::try_from(users) {
        Ok([user]) => Ok(user),
        Err(none) if none.is_empty() => Err(format!("{text} does not match a user").into()),
        Err(several) => {
            let ids: Vec<String> = several.iter().map(|user| user.id.to_string()).collect();
            Err(format!("{text} matches several users; give an id: {}", ids.join(", ")).into())
        }
    }
}
