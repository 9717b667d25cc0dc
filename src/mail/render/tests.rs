//! The content of mails, including hostile names and broken templates.

use super::*;

const CODE: &str = "brms_inv_0-Aa_z9";

fn render(mail: &InvitationMail) -> Rendered {
    Renderer::new(None).unwrap().invitation(mail, CODE, "https://brms.example").unwrap()
}

fn named(name: &str) -> InvitationMail {
    let inviter = Inviter { name: Some(name.to_owned()), email: String::new() };
    InvitationMail { organisation: name.to_owned(), inviter: Some(inviter), ..sample() }
}

#[test]
fn a_mail_shows_inviter_organisation_expiry_and_link() {
    let mail = render(&sample());
    assert_eq!(mail.subject, "You are invited to join Sample organisation");
    // The element isolates right-to-left text from its surroundings.
    let html = mail.html.replace("<bdi>", "").replace("</bdi>", "");
    for part in [&mail.text, &html] {
        for words in [
            "Sam Sample (sam@brms.example) invites you",
            "Sample organisation",
            "new@brms.example",
            "29 November 2026, 14:05 UTC",
            "https://brms.example/invitations/accept#brms_inv_0-Aa_z9",
            "ignore it",
        ] {
            assert!(part.contains(words), "{words} is missing in {part}");
        }
    }
    assert!(mail.text.lines().any(|line| line == CODE));
    assert!(mail.html.contains(">brms_inv_0-Aa_z9</p>"));
}

#[test]
fn an_inviter_may_lack_a_name_or_an_address() {
    let check = |name: Option<&str>, email: &str, start: &str| {
        let inviter = Inviter { name: name.map(str::to_owned), email: email.to_owned() };
        let mail = render(&InvitationMail { inviter: Some(inviter), ..sample() });
        assert!(mail.text.starts_with(start), "{}", mail.text);
    };
    check(Some("Anna"), "", "Anna invites you to join");
    check(None, "anna@b.example", "anna@b.example invites you to join");
    check(Some(" \n"), "\"go to http://evil.example\"@b.example", "You are invited to join");
    let mail = render(&InvitationMail { inviter: None, ..named("\u{202e}\0") });
    assert!(mail.text.starts_with("You are invited to join an organisation."));
}

#[test]
fn text_and_subject_are_not_escaped() {
    let mail = render(&named("O'Neil & Söhne <b> a=b"));
    assert_eq!(mail.subject, "You are invited to join O'Neil & Söhne <b> a=b");
    assert!(mail.text.starts_with("O'Neil & Söhne <b> a=b invites you to join O'Neil & Söhne"));
}

#[test]
fn html_is_escaped_wherever_a_name_stands() {
    let tags = |mail: &Rendered| mail.html.matches('<').count();
    let calm = tags(&render(&named("calm")));
    for hostile in ["<script>alert(1)</script>", "\"><img src=x>", "' onload=`x`", "</title><b>&lt;"] {
        let mail = render(&named(hostile));
        assert_eq!(tags(&mail), calm, "{hostile}");
        assert!(!mail.html.contains("<script") && !mail.html.contains(hostile));
    }
}

#[test]
fn names_carry_no_links_into_any_part() {
    let links = |mail: &Rendered| [&mail.subject, &mail.text, &mail.html].map(|p| p.matches("://").count());
    let ours = links(&render(&named("calm")));
    for link in [
        "https://evil.example",
        "evil.example",
        "www.evil.example/x?y=z",
        "eve@evil.example",
        "mailto:eve@evil",
        "evil。example",
        "192.0.2.1",
    ] {
        for name in [link.to_owned(), format!("Acme ({link})"), format!("Acme, {link}, Ltd")] {
            let mail = render(&named(&name));
            for part in [&mail.subject, &mail.text, &mail.html] {
                assert!(!part.contains(link), "{link} in {part}");
            }
            assert_eq!(links(&mail), ours, "{name}");
            assert!(mail.subject.contains("evil") || mail.subject.contains("192"), "still to be seen");
        }
    }
}

#[test]
fn the_subject_is_one_short_line() {
    let mail = render(&named(&"line\r\nBcc: x\u{202e} ".repeat(2_000)));
    assert!(mail.subject.chars().count() <= SUBJECT_CHARS_MAX);
    assert!(!mail.subject.contains(['\r', '\n', '\u{202e}']));
    assert!(mail.text.len() < 1_500 && mail.html.len() < 7_000);
}

#[test]
fn the_link_is_built_from_the_public_url_alone() {
    let renderer = Renderer::new(None).unwrap();
    for (public_url, link) in [
        ("https://b.example", "https://b.example/invitations/accept#k"),
        ("https://b.example/", "https://b.example/invitations/accept#k"),
        ("http://[::1]:8080/rules//", "http://[::1]:8080/rules/invitations/accept#k"),
    ] {
        let mail = renderer.invitation(&sample(), "k", public_url).unwrap();
        assert!(mail.text.lines().any(|line| line == link), "{}", mail.text);
        assert!(mail.html.contains(&format!("href=\"{link}\"")));
    }
}

#[test]
fn reading_the_mail_loads_no_remote_content() {
    let html = render(&sample()).html;
    for word in ["<img", "<link", "src=", "url(", "@import", "<script", "<table"] {
        assert!(!html.contains(word), "{word}");
    }
}

#[test]
fn broken_templates_and_data_are_refused() {
    let refused =
        |name: &str, text: &str| Renderer::from_sources(Sources::with(name, text)).err().unwrap().to_string();
    for (name, text, complaint) in [
        (INVITATION.text, "x {{code}}\n{{#if inviter}}{{else}}{{who}}{{/if}}", "invitation.text:2:"),
        (INVITATION.html, "{{code}}\n\n{{#if", "invitation.html:"),
        (INVITATION.html, "no way in", "invitation.html: shows neither {{link}} nor {{code}}"),
        (INVITATION.subject, "{{code}}", "invitation.subject: must not show"),
    ] {
        let refusal = refused(name, text);
        assert!(refusal.contains(complaint), "{refusal}");
    }
    let renderer = Renderer::new(None).unwrap();
    for code in ["", "a b", "a\"><b>", "a\nb"] {
        assert!(renderer.invitation(&sample(), code, "https://b.example").is_err());
    }
    let mail = InvitationMail { expires_at: "tomorrow".to_owned(), ..sample() };
    assert!(renderer.invitation(&mail, CODE, "https://b.example").is_err());
}
