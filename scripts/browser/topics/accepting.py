"""The whole path: invited through the API, mail read, button pressed, accepted."""

import urllib.parse
import urllib.request

from brms_server import wait_for
from session import FOLDER

ADDRESS = "nora@browser.test"
TWICE = "tom@browser.test"


def run(session):
    server, browser = session.server(), session.browser()
    invitation, mail = server.invite(ADDRESS)
    session.equal("the API answers a pending invitation", invitation["status"], "pending")
    session.equal("its mail arrives at the address", mail.message["To"], ADDRESS)
    looking_changes_nothing(session, server, browser, mail)

    press_the_button_of(mail, browser)
    said = browser.find("main").text
    session.check("FR-70: the page says who invites whom to what", "invited you to join Acme Ltd as n…@browser.test" in said
                  and "valid until" in said, said)
    session.equal("the button of the mail leads to the page, the code in the fragment fills the field",
                  browser.find("#secret").get_attribute("value"), mail.code)
    session.equal("the code is removed from the address bar", browser.address, server.page)
    # IV-34: a page may rely on URL parameters only if the link contains them; this one needs none.
    session.equal("IV-34: the link has nothing but page and code", mail.link, f"{server.page}#{mail.code}")
    session.page(browser, "accept form", server.url, mail.code)

    browser.find("#firstName").send_keys("Nora")
    browser.find("#lastName").send_keys("Næss <b>")
    browser.find("button").click()
    session.equal("the person is welcomed by the organisation's name", browser.wait_for_heading("Welcome"),
                  "Welcome to Acme Ltd")
    session.check("the welcome page has the address", ADDRESS in browser.find("main").text)
    session.page(browser, "accepted", server.url, mail.code)
    asked = [urllib.parse.urlsplit(request["url"]) for request in browser.requests()]
    session.equal("IV-34: no request on the way has a query", [url.query for url in asked], [""] * len(asked))
    # Whether the icon is asked for depends on the browser's window.
    session.equal("nothing else was requested", {url.path for url in asked} - {"/icon.svg"},
                  {"/invitations/accept", "/invitations/accept.js", "/invitations/preview", "/style.css"})
    user = server.user(ADDRESS)
    session.equal("the user is a member with the entered names",
                  [user[key] for key in ("type", "status", "firstName", "lastName")],
                  ["member", "active", "Nora", "Næss <b>"])

    browser.driver.back()
    session.check("the back button does not restore the code", mail.code not in browser.driver.page_source
                  and browser.find("#secret").get_attribute("value") == "" and "#" not in browser.address)
    session.equal("the policy allows no other script, style, image, frame, host or form target", browser.breaches(), [
        "base-uri", "connect-src", "form-action", "frame-src", "img-src", "script-src-elem", "style-src-elem"])
    once_for_a_double_click(session, server, browser)
    session.check("the server's log contains no code", "brms_inv_" not in server.log.read_text())


def press_the_button_of(mail, browser):
    path = FOLDER / "mail-pressed.html"
    path.write_text(mail.html)
    browser.forget()
    browser.open(path.as_uri())
    browser.find("a.button").click()
    browser.wait_for_heading("Join Acme Ltd")


def looking_changes_nothing(session, server, browser, mail):
    before = server.everything()
    browser.open(mail.link)
    browser.driver.refresh()
    browser.open(f"{server.page}?secret={mail.code}")
    session.check("a code in the query is ignored", mail.code not in browser.driver.page_source
                  and browser.find("#secret").get_attribute("value") == "")
    for method in ("GET", "HEAD"):
        urllib.request.urlopen(urllib.request.Request(f"{server.page}?secret={mail.code}", method=method)).close()
    session.equal("IV-18: viewing the page changes nothing", server.everything(), before)


def once_for_a_double_click(session, server, browser):
    invitation, old = server.invite(TWICE)
    browser.open(old.link)
    browser.wait_for_heading("Join Acme Ltd")
    mail = server.send_again(invitation, 2)
    # Only the fragment changes; the page loads itself anew, since it shows what the old code is for.
    browser.driver.get(mail.link)
    wait_for("the newer code", lambda: browser.run(
        "return document.getElementById('secret')?.value") == mail.code and browser.wait_for_heading("Join Acme Ltd"))
    session.equal("a newer link opened on the open page replaces the code", browser.address, server.page)
    browser.forget()
    browser.double_click("button", latency_seconds=1)
    session.equal("a double click accepts", browser.wait_for_heading("Welcome"), "Welcome to Acme Ltd")
    sent = [request for request in browser.requests()
            if request["method"] == "POST" and request["url"].endswith("/accept")]
    session.equal("and submits once", len(sent), 1)
