"""Self-test: each check detects a planted defect."""

import io

from checks import Report
from session import FOLDER

BAD = {
    "axe": "<!doctype html><title>Bad</title><p style='color: #ccc'>Too pale</p><input>",
    "console": "<!doctype html><script>console.error('planted')</script>",
    "fault": "<!doctype html><script>planted()</script>",
    "policy": "<!doctype html><meta http-equiv='content-security-policy' content=\"script-src 'none'\">"
              "<script>planted()</script>",
    "elsewhere": "<!doctype html><img src='https://elsewhere.example/pixel.png'>",
    "wide": "<!doctype html><meta name=viewport content='width=device-width'><div style='width: 400px'>x</div>",
    "always light": "<!doctype html><body style='background: #eee'>x",
    "unseen focus": "<!doctype html><button id=here autofocus style='outline: none'>x</button>",
    "scripts": "<!doctype html><title>off</title><script>document.title = 'on'</script>",
}


def run(session):
    the_report(session)
    browser = session.browser()
    browser.look(320, "light")

    def plant(name):
        path = FOLDER / f"planted-{name.replace(' ', '-')}.html"
        path.write_text(BAD[name])
        browser.forget()
        browser.open(path.as_uri())
        return path.as_uri()

    plant("axe")
    found = " ".join(browser.axe())
    session.check("axe-core detects low contrast and a field without a label",
                  "serious: color-contrast" in found and "critical: label" in found, found)
    for name in ("console", "fault", "policy"):
        plant(name)
        session.check(f"a planted console message is detected: {name}", len(browser.complaints()) == 1,
                      browser.complaints())
    plant("elsewhere")
    session.check("a request to another host is detected",
                  browser.requests_beyond("http://127.0.0.1:1") == ["https://elsewhere.example/pixel.png"])
    plant("wide")
    session.check("a page wider than its screen is detected", browser.overflow() == 88, browser.overflow())
    plant("always light")
    browser.look(320, "dark")
    session.equal("a page without a dark mode is detected", browser.scheme(), "light")
    plant("unseen focus")
    session.check("an invisible focus is detected", browser.focused() == "here" and not browser.focus_is_visible())

    home = session.server().url
    browser.forget()
    browser.open(f"{home}/invitations/accept?secret=brms%5Finv%5Fplanted")
    session.check("a code in a URL is detected", len(browser.requests_telling("brms_inv_planted")) == 1)
    browser.open(f"{home}/nowhere")
    session.check("only the expected status is ignored on the console",
                  browser.complaints(410) and browser.status() == 404, browser.complaints(410))

    address = plant("scripts")
    session.equal("a script runs where scripts are on", browser.driver.title, "on")
    without = session.browser(scripts=False)
    without.open(address)
    session.equal("and does not where they are off", without.driver.title, "off")


def the_report(session):
    report = Report(io.StringIO())
    session.equal("a report of nothing fails", report.exit_code(), 1)
    report.check("holds", True)
    session.equal("a report of passed checks does not", report.exit_code(), 0)
    report.topic("empty", lambda: None)
    report.topic("broken", lambda: 1 / 0)
    report.check("does not hold", False)
    session.equal("failed, empty and broken topics are reported as failed", report.failed,
                  ["empty checks something", "broken runs to its end", "does not hold"])
    session.equal("and the exit code says so", report.exit_code(), 1)
