//! Problems in plain language: the API's own texts are for programmers, these are for people who follow a link in a
//! mail.
//!
//! Only texts are here. `operations::invitations` decides which problem it is; the template, how it looks.

use crate::problem::{Gone, Problem};

/// Title and text of a problem, for a person who follows a link in a mail and does not know this API.
///
/// Telling the state of a code is safe: a person who sees it had the code.
#[must_use]
pub fn in_plain_words(problem: &Problem) -> (&'static str, String) {
    let (title, detail) = match problem {
        Problem::UnknownCode => (
            "This code is not known",
            "Please copy the whole code from the latest mail. It begins with brms_inv_; capital and \
             small letters matter. If it still does not work, ask the person who invited you to send \
             the invitation again.",
        ),
        Problem::Gone(Gone::Used) => (
            "This invitation was already used",
            "If it was you who accepted it, there is nothing left to do. If it was not you, please \
             tell the person who invited you.",
        ),
        Problem::Gone(Gone::Expired) => (
            "This invitation has expired",
            "Ask the person who invited you to send it again. You will get a new mail with a new \
             code.",
        ),
        Problem::Gone(Gone::Replaced) => (
            "This invitation was replaced",
            "A newer mail was sent to you, and only the code in the newest one works. Please look \
             for it in your inbox and in your spam folder.",
        ),
        Problem::Gone(Gone::Withdrawn) => (
            "This invitation was withdrawn",
            "It cannot be accepted any more. If you think that this is a mistake, ask the person \
             who invited you.",
        ),
        Problem::WrongSignInCode => (
            "This code does not work",
            "It may be mistyped, used, older than 10 minutes, or for another browser. Please try again, or ask for \
             another code here.",
        ),
        Problem::TooManySends { .. } => return ("Too many codes were asked for", problem.detail()),
        Problem::TooLarge { bytes_max } => {
            let detail = format!(
                "The form takes at most {bytes_max} bytes. Please go back and paste only the code or the link."
            );
            return ("That is too long", detail);
        }
        Problem::Internal(_) => {
            ("Something went wrong", "This is an error of the server. Please try again later.")
        }
        Problem::Unavailable(unavailable) if unavailable.may_be_done() => (
            "Service unavailable",
            "Please go back and try again in a minute. If the code was used already then, it was \
             accepted this time.",
        ),
        Problem::Unavailable(_) | Problem::TimedOut => {
            ("Service unavailable", "Nothing was changed. Please go back and try again in a minute.")
        }
        _ => return (problem.title(), problem.detail()),
    };
    (title, detail.to_owned())
}

/// An error of a field as a sentence: the API's text starts in the middle of one.
#[must_use]
pub fn complaint_in_plain_words(complaint: &str) -> String {
    format!("This {}.", complaint.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_state_of_a_code_has_its_own_text_and_a_next_step() {
        let gone = [Gone::Used, Gone::Expired, Gone::Replaced, Gone::Withdrawn].map(Problem::Gone);
        let all = gone.into_iter().chain([Problem::UnknownCode]);
        let mut titles = BTreeSet::new();
        for problem in all {
            let (title, detail) = in_plain_words(&problem);
            assert!(["ask", "Ask", "look", "tell"].iter().any(|step| detail.contains(step)));
            titles.insert(title);
        }
        assert_eq!(titles.len(), 5);
        let (_, detail) = in_plain_words(&Problem::Internal("disk I/O error".to_owned()));
        assert!(!detail.contains("disk"));
    }

    #[test]
    fn fr_04_a_page_never_says_that_nothing_was_changed_where_the_api_does_not() {
        use crate::problem::Unavailable;
        for unavailable in [
            Unavailable::OutcomeUnknown,
            Unavailable::FileGone,
            Unavailable::Damaged,
            Unavailable::PartEnded,
            Unavailable::Broken,
            Unavailable::DiskFailed,
            Unavailable::Database,
        ] {
            let problem = Problem::Unavailable(unavailable);
            let says = |text: &str| text.contains("Nothing was changed");
            assert_eq!(says(&in_plain_words(&problem).1), says(&problem.detail()), "{unavailable:?}");
        }
    }

    #[test]
    fn an_error_of_a_field_is_a_sentence() {
        let complaint = crate::limits::name_complaint(&"x".repeat(201)).unwrap();
        assert_eq!(complaint_in_plain_words(&complaint), "This is 201 characters long; the limit is 200.");
    }
}
