//! Whether and how tests control this server.

use tokio::sync::watch;

use super::audience::Audience;
use crate::config::{ServeSettings, TestSettings};
use crate::db::Db;
use crate::failure::Failure;
use crate::secret::{Secret, SecretKind};
use crate::seed::{self, AuditLogs};
use crate::testing::{Controls, SeededSecrets};

/// The token of the test controls.
pub(super) struct Token {
    secret: Secret,
    /// Whether it was generated at this start, so that no test knows it yet.
    is_new: bool,
}

impl Token {
    /// The configured token, or a new one; `None` if the test controls are disabled. Fails before anything is created
    /// if a new token could not be reported to anyone.
    pub(super) fn of(settings: &ServeSettings, audience: Audience) -> Result<Option<Self>, Failure> {
        let asked = &settings.testing;
        if !asked.test_api {
            return Ok(None);
        }
        refuse_real_mail(settings.mail.smtp.smtp_host.as_deref(), asked)?;
        if let Some(given) = &asked.test_api_token {
            let secret = Secret::parse(SecretKind::TestControls, given.reveal()).ok_or_else(|| {
                let form = SecretKind::TestControls.form();
                Failure(format!("--test-api-token must be {form}; without it one is generated"))
            })?;
            return Ok(Some(Self { secret, is_new: false }));
        }
        if audience == Audience::Unattended && settings.ready_file.is_none() {
            return Err(Failure(
                "the generated token of --test-api cannot be shown without a terminal; give --ready-file, which it is \
                 written into, or --test-api-token"
                    .to_owned(),
            ));
        }
        Ok(Some(Self { secret: Secret::generate(SecretKind::TestControls), is_new: true }))
    }

    /// The token, if it was generated at this start.
    pub(super) fn if_new(&self) -> Option<&Secret> {
        self.is_new.then_some(&self.secret)
    }

    /// The test controls. A reset restores the seed that the server was started with or, without one, the current
    /// content of the database.
    pub(super) fn controls(
        &self,
        db: &Db,
        seed: Option<seed::Checked>,
        seeded_secrets: SeededSecrets,
        stop: watch::Receiver<bool>,
    ) -> Result<Controls, Failure> {
        let baseline = match seed {
            Some(seed) => seed,
            None => export_of(db)?,
        };
        tracing::warn!("the test controls under /_test are enabled: their token gives full access");
        Ok(Controls::new(&self.secret, baseline, seeded_secrets, stop))
    }
}

/// A test that resets a server and moves its clock could make it send mail to people who never asked for it.
fn refuse_real_mail(smtp_host: Option<&str>, testing: &TestSettings) -> Result<(), Failure> {
    match smtp_host {
        Some(host) if !testing.allow_test_api_with_smtp => Err(Failure(format!(
            "--test-api cannot be combined with --smtp-host {host}: tests could send real mail. \
             Leave one of them out, or give --allow-test-api-with-smtp"
        ))),
        _ => Ok(()),
    }
}

fn export_of(db: &Db) -> Result<seed::Checked, Failure> {
    let failed = |cause: &dyn std::fmt::Display| {
        Failure(format!("the database cannot be exported for a reset: {cause}"))
    };
    // A reset restores the audit log, too.
    let seed = db.peek(|tx| seed::export(tx, AuditLogs::Included)).map_err(|problem| failed(&problem))?;
    seed::Checked::new(seed)
        .map_err(|complaints| failed(&complaints.first().map(ToString::to_string).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_controls_with_a_relay_need_an_explicit_flag() {
        let settings = |is_allowed| TestSettings {
            exit_with_stdin: false,
            test_api: true,
            test_api_token: None,
            allow_test_api_with_smtp: is_allowed,
        };
        let (allowed, not_allowed) = (settings(true), settings(false));
        let refused = refuse_real_mail(Some("mail.example.org"), &not_allowed).unwrap_err().to_string();
        for part in ["--test-api ", "--smtp-host mail.example.org", "--allow-test-api-with-smtp"] {
            assert!(refused.contains(part), "{refused}");
        }
        assert!(refuse_real_mail(Some("mail.example.org"), &allowed).is_ok());
        assert!(refuse_real_mail(None, &not_allowed).is_ok());
    }
}
