//! `brms sign-in link`: signs a user in without a mail.

use std::io::Write;

use serde_json::json;

use super::database;
use super::output::unprinted;
use crate::config::SignInLinkSettings;
use crate::failure::Failure;
use crate::mail::render::sign_in_link;
use crate::operator::sign_ins as operator;
use crate::terminal::{self, line};

/// Creates a link that signs a user in once, and prints it.
pub(super) fn link(settings: &SignInLinkSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let db = database::open_existing(&settings.data)?;
    let user = operator::find_user(&db, &settings.user)?;
    let public_url = database::public_url(&db, settings.public_url.as_deref())?;
    let user_id = user.id;
    let (secret, until) = database::write(&db, move |tx| operator::link(tx, user_id))?;
    let link = sign_in_link(&public_url, secret.reveal());
    let shown = if settings.print.json {
        let shown = json!({ "userId": user.id, "email": user.email, "link": link, "expiresAt": until });
        format!("{}\n", terminal::json(&shown))
    } else {
        format!(
            "{}\nsigns {} in, once, until {}; the first browser that uses it is signed in\n",
            line(&link),
            line(&user.email),
            until.rfc3339()
        )
    };
    out.write_all(shown.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|cause| unprinted(&cause, "The link exists nonetheless, for 10 minutes"))
}
