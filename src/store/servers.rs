//! What the server of the database tells the commands that work on the same file.

use crate::db::Tx;
use crate::problem::Problem;

/// The public URL of the last server, with which links are made.
pub fn public_url(tx: &Tx) -> Result<Option<String>, Problem> {
    tx.optional("SELECT public_url FROM servers", (), |row| row.get("public_url"))
}

/// Records the public URL of this server.
pub fn set_public_url(tx: &Tx, public_url: &str) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO servers (id, public_url) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET public_url = excluded.public_url",
        [public_url],
    )?;
    Ok(())
}
