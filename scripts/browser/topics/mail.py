"""The mail's HTML part: narrow and wide, light and dark, hostile names."""

import datetime

from session import FOLDER

SERIOUS = ("serious", "critical")
# A name of maximal length with markup and everything that a mail client turns into a link.
HOSTILE = "https://evil.example www.evil.example eve@evil.example mailto:eve <b>Bold</b> "


def run(session):
    server, browser = session.server(), session.browser()
    _, mail = server.invite("mary@browser.test")
    session.equal("text and HTML are alternatives, the text first",
                  mail.kinds, ["multipart/alternative", "text/plain", "text/html"])
    invitation = next(each for each in server.everything()["invitations"] if each["email"] == "mary@browser.test")
    for part, words in (("text", mail.text), ("HTML", seen_of(mail, "mail", browser))):
        for what, wanted in [
            ("who invites", "Olga Owner (owner@acme.test) invites you"),
            ("to which organisation", "to join Acme Ltd"),
            ("for whom", "for mary@browser.test"),
            ("until when, with its zone", until(invitation["expiresAt"])),
            ("the code", mail.code),
            ("what to do if it was not expected", "If you did not expect this mail, you can ignore it"),
        ]:
            session.check(f"the {part} says {what}", wanted in " ".join(words.split()), words)
    the_look(session, server, browser, mail, "mail")

    organisation = {"displayName": (HOSTILE * 9)[:200]}
    hostile = session.server("hostile-names")
    hostile.call("PUT", "/api/organisations", organisation)
    _, mail = hostile.invite("mary@browser.test")
    words = seen_of(mail, "hostile mail", browser)
    for place, text in [("subject", mail.message["Subject"]), ("sender", mail.message["From"].addresses[0].display_name),
                        ("text", mail.text), ("HTML", words)]:
        session.check(f"a link in a name is not a link in the {place}", "evil. example" in text
                      and not any(link in text for link in ("evil.example", "https://evil", "mailto:eve")), text)
    the_look(session, hostile, browser, mail, "hostile mail")


def seen_of(mail, name, browser):
    """Opens the HTML part; returns its text."""
    path = FOLDER / f"{name.replace(' ', '-')}.html"
    path.write_text(mail.html)
    browser.forget()
    browser.open(path.as_uri())
    return browser.find("body").text


def until(moment):
    """`2026-11-29T14:05:09.123Z` in the form of a mail."""
    moment = datetime.datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def the_look(session, server, browser, mail, name):
    # A mail needs no landmarks, which axe-core expects of a page.
    session.page(browser, name, server.url, severities=SERIOUS)
    session.equal(f"{name}: reading it loads nothing", browser.requests(), [])
    session.equal(f"{name}: two links, both ours", browser.run("return [...document.links].map((link) => link.href)"),
                  [mail.link, server.page])
    session.equal(f"{name}: no image, no script, no form",
                  browser.run("return document.querySelectorAll('img, svg, script, form, iframe, object').length"), 0)
