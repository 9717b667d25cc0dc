//! Requests for sign-in codes, the browsers that are known for an address, and the operator's links: the record types and
//! their SQL.

use std::time::Duration;

use crate::address::folded_or_lower_case;
use crate::clock::Timestamp;
use crate::db::{Row, Tx, params, word_parameters};
use crate::http::words;
use crate::problem::Problem;
use crate::secret::SecretHash;
use crate::store::columns::{Record, insert, stored};
use crate::store::ids::UserId;
use crate::store::users::User;

words! {
    /// What can be done with an attempt to sign in.
    AttemptState {
        /// A code is expected.
        Open = "open",
        /// The code was right, and a user is to be chosen.
        Confirmed = "confirmed",
        /// Nothing more.
        Ended = "ended",
    }
}

word_parameters!(AttemptState);

stored! {
    /// A request for a code.
    pub(crate) struct SignInAttempt {
        /// The hash of the secret of the browser or program that asked.
        secret_hash: SecretHash,
        /// The code, with that secret as the key.
        code_mac: SecretHash,
        /// The hash of the address.
        address_hash: SecretHash,
        /// The client's network.
        network: String,
        /// The hash of the browser's secret, if it is known for the address.
        device_hash: Option<SecretHash>,
        /// Those who may sign in.
        user_ids: Vec<UserId>,
        /// How many codes were tried.
        tries: u32,
        /// What can be done with it.
        state: AttemptState,
        /// When it was made.
        created_at: Timestamp,
        /// When it ends.
        expires_at: Timestamp,
    }
}

/// Adds an attempt.
pub(crate) fn add(tx: &Tx, attempt: &SignInAttempt) -> Result<(), Problem> {
    insert(tx, "sign_in_attempts", attempt, &[])
}

/// Notes who may sign in with an attempt.
pub(crate) fn set_users(tx: &Tx, hash: &SecretHash, user_ids: &Vec<UserId>) -> Result<(), Problem> {
    tx.execute("UPDATE sign_in_attempts SET user_ids = ?2 WHERE secret_hash = ?1", params![hash, user_ids])?;
    Ok(())
}

/// Ends all living attempts of an address but the newest ones.
pub(crate) fn end_all_but(tx: &Tx, address_hash: &SecretHash, count: u32) -> Result<(), Problem> {
    tx.execute(
        "UPDATE sign_in_attempts
         SET state = ?3
         WHERE address_hash = ?1 AND created_at > ?5 AND state <> ?3
           AND secret_hash NOT IN (SELECT secret_hash
                                   FROM sign_in_attempts
                                   WHERE address_hash = ?1 AND expires_at > ?2 AND state <> ?3
                                   ORDER BY created_at DESC
                                   LIMIT ?4)",
        params![address_hash, tx.now(), AttemptState::Ended, count, tx.now().minus(Duration::from_hours(1))],
    )?;
    Ok(())
}

/// Counts a try of a code. `None` if there is nothing to try: unknown, over, or tried too often.
pub(crate) fn count_try(
    tx: &Tx,
    hash: &SecretHash,
    tries_max: u32,
) -> Result<Option<SignInAttempt>, Problem> {
    tx.optional(
        "UPDATE sign_in_attempts
         SET tries = tries + 1
         WHERE secret_hash = ?1 AND expires_at > ?2 AND state = ?3 AND tries < ?4
         RETURNING *",
        params![hash, tx.now(), AttemptState::Open, tries_max],
        SignInAttempt::read,
    )
}

/// Ends what a user could sign in with: links of the operator, and codes for the address.
pub(crate) fn end_all_of(tx: &Tx, user: &User) -> Result<(), Problem> {
    tx.execute("DELETE FROM sign_in_links WHERE user_id = ?1", [user.id])?;
    end_all_but(tx, &SecretHash::of_text(&folded_or_lower_case(&user.email)), 0)
}

/// Moves an attempt on.
pub(crate) fn set_state(tx: &Tx, hash: &SecretHash, state: AttemptState) -> Result<(), Problem> {
    tx.execute("UPDATE sign_in_attempts SET state = ?2 WHERE secret_hash = ?1", params![hash, state])?;
    Ok(())
}

/// The attempt whose code was right, and for which a user is to be chosen.
pub(crate) fn find_confirmed(tx: &Tx, hash: &SecretHash) -> Result<Option<SignInAttempt>, Problem> {
    tx.optional(
        "SELECT * FROM sign_in_attempts WHERE secret_hash = ?1 AND expires_at > ?2 AND state = ?3",
        params![hash, tx.now(), AttemptState::Confirmed],
        SignInAttempt::read,
    )
}

/// Which attempts are counted.
#[derive(Clone, Copy)]
pub(crate) enum AttemptsOf<'a> {
    /// For an address, by browsers that are not known for it.
    Address(&'a SecretHash),
    /// For an address, by this browser.
    Device(&'a SecretHash, &'a SecretHash),
    /// For an address, by all browsers that are known for it.
    Devices(&'a SecretHash),
    /// From a network, by browsers that are not known.
    Network(&'a str),
    /// All by browsers that are not known.
    Strangers,
    /// All by browsers that are known.
    Known,
}

/// When the `n`-th last attempt since `since` was. Returns `None` if there were fewer. Future-dated ones, left by a clock
/// that was ahead, do not count.
pub(crate) fn nth_last(
    tx: &Tx,
    attempts: AttemptsOf,
    since: Timestamp,
    n: u32,
) -> Result<Option<Timestamp>, Problem> {
    let (now, offset) = (tx.now(), n.saturating_sub(1));
    let at = |row: &Row| row.get("created_at");
    match attempts {
        AttemptsOf::Address(address) => tx.optional(
            "SELECT created_at FROM sign_in_attempts
             WHERE address_hash = ?1 AND created_at > ?2 AND created_at <= ?3 AND device_hash IS NULL
             ORDER BY created_at DESC LIMIT 1 OFFSET ?4",
            params![address, since, now, offset],
            at,
        ),
        AttemptsOf::Device(address, device) => tx.optional(
            "SELECT created_at FROM sign_in_attempts
             WHERE address_hash = ?1 AND created_at > ?2 AND created_at <= ?3 AND device_hash = ?5
             ORDER BY created_at DESC LIMIT 1 OFFSET ?4",
            params![address, since, now, offset, device],
            at,
        ),
        AttemptsOf::Devices(address) => tx.optional(
            "SELECT created_at FROM sign_in_attempts
             WHERE address_hash = ?1 AND created_at > ?2 AND created_at <= ?3 AND device_hash IS NOT NULL
             ORDER BY created_at DESC LIMIT 1 OFFSET ?4",
            params![address, since, now, offset],
            at,
        ),
        AttemptsOf::Network(network) => tx.optional(
            "SELECT created_at FROM sign_in_attempts
             WHERE network = ?1 AND created_at > ?2 AND created_at <= ?3 AND device_hash IS NULL
             ORDER BY created_at DESC LIMIT 1 OFFSET ?4",
            params![network, since, now, offset],
            at,
        ),
        AttemptsOf::Strangers => tx.optional(
            "SELECT created_at FROM sign_in_attempts
             WHERE created_at > ?1 AND created_at <= ?2 AND device_hash IS NULL
             ORDER BY created_at DESC LIMIT 1 OFFSET ?3",
            params![since, now, offset],
            at,
        ),
        AttemptsOf::Known => tx.optional(
            "SELECT created_at FROM sign_in_attempts
             WHERE created_at > ?1 AND created_at <= ?2 AND device_hash IS NOT NULL
             ORDER BY created_at DESC LIMIT 1 OFFSET ?3",
            params![since, now, offset],
            at,
        ),
    }
}

/// Whether a browser is known for an address.
pub(crate) fn knows_device(tx: &Tx, device: &SecretHash, address: &SecretHash) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1 FROM sign_in_devices WHERE secret_hash = ?1 AND address_hash = ?2 AND expires_at > ?3",
        params![device, address, tx.now()],
    )
}

/// Makes a browser known for an address, and forgets all but the newest of those that are.
pub(crate) fn remember_device(
    tx: &Tx,
    device: &SecretHash,
    address: &SecretHash,
    expires_at: Timestamp,
    count_max: u32,
) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO sign_in_devices (secret_hash, address_hash, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (secret_hash, address_hash)
         DO UPDATE SET created_at = excluded.created_at, expires_at = excluded.expires_at",
        params![device, address, tx.now(), expires_at],
    )?;
    tx.execute(
        "DELETE FROM sign_in_devices
         WHERE address_hash = ?1
           AND secret_hash NOT IN (SELECT secret_hash
                                   FROM sign_in_devices
                                   WHERE address_hash = ?1
                                   ORDER BY created_at DESC
                                   LIMIT ?2)",
        params![address, count_max],
    )?;
    Ok(())
}

/// Adds a link of the operator.
pub(crate) fn add_link(
    tx: &Tx,
    hash: &SecretHash,
    user_id: UserId,
    expires_at: Timestamp,
) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO sign_in_links (secret_hash, user_id, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)",
        params![hash, user_id, tx.now(), expires_at],
    )?;
    Ok(())
}

/// Uses a link up. Of several requests at once, one gets its user.
pub(crate) fn take_link(tx: &Tx, hash: &SecretHash) -> Result<Option<UserId>, Problem> {
    tx.optional(
        "DELETE FROM sign_in_links WHERE secret_hash = ?1 AND expires_at > ?2 RETURNING user_id",
        params![hash, tx.now()],
        |row| row.get("user_id"),
    )
}

/// Whether anything is over: attempts from before a time, devices, links.
pub(crate) fn any_over(tx: &Tx, before: Timestamp) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1
         WHERE EXISTS (SELECT 1 FROM sign_in_attempts WHERE created_at < ?1)
            OR EXISTS (SELECT 1 FROM sign_in_devices WHERE expires_at <= ?2)
            OR EXISTS (SELECT 1 FROM sign_in_links WHERE expires_at <= ?2)",
        [before, tx.now()],
    )
}

/// Removes some of what is over, at most `rows_max` of each. Returns how many it has removed.
pub(crate) fn remove_over(tx: &Tx, before: Timestamp, rows_max: u32) -> Result<usize, Problem> {
    let attempts = tx.execute(
        "DELETE FROM sign_in_attempts
         WHERE secret_hash IN (SELECT secret_hash FROM sign_in_attempts WHERE created_at < ?1
                               ORDER BY created_at LIMIT ?2)",
        params![before, rows_max],
    )?;
    let devices = tx.execute(
        "DELETE FROM sign_in_devices
         WHERE (secret_hash, address_hash) IN (SELECT secret_hash, address_hash FROM sign_in_devices
                                               WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        params![tx.now(), rows_max],
    )?;
    let links = tx.execute(
        "DELETE FROM sign_in_links
         WHERE secret_hash IN (SELECT secret_hash FROM sign_in_links WHERE expires_at <= ?1
                               ORDER BY expires_at LIMIT ?2)",
        params![tx.now(), rows_max],
    )?;
    Ok(attempts.max(devices).max(links))
}
