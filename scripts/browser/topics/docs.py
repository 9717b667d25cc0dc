"""The documentation page: its operations, what it loads, and trying an operation out."""

import json
import urllib.request

from selenium.webdriver.support.ui import WebDriverWait

from chrome import PATIENCE_SECONDS
from example_seed import OWNER_SESSION
from session import FOLDER

EVERY_OPERATION = ".opblock .opblock-summary-operation-id"
# Texts that may break within a word. A path may, after each of its parts.
BROKEN = """
return [...document.querySelectorAll(".info h1, .info p, .opblock-tag, .opblock-summary-description")].filter((each) => {
  const { wordBreak } = getComputedStyle(each);
  return wordBreak === "break-all" || wordBreak === "break-word" || each.scrollWidth > each.clientWidth + 1;
}).map((each) => each.textContent)"""


def run(session):
    server, browser = session.server(), session.browser()
    browser.forget()
    browser.open(f"{server.url}/docs")
    wait_for(browser, EVERY_OPERATION)
    shown = browser.run(
        f"return [...document.querySelectorAll({json.dumps(EVERY_OPERATION)})].map(each => each.textContent)")
    session.equal("docs: every operation of the served description is shown", sorted(shown), operations(server))
    empty = browser.run("""
        return [...document.querySelectorAll(".opblock-tag-section")]
            .filter(section => !section.querySelector(".opblock")).map(section => section.textContent)""")
    session.equal("docs: no heading without an operation", empty, [])
    session.equal("docs: the page does not pass for the vendor's", browser.find(".info h1").text.split()[0], "brms")
    session.check("docs: the page says whose it is", "not GoRules' product" in browser.find(".info").text)
    # The rest of what axe-core finds is in Swagger UI itself.
    session.page(browser, "docs", server.url, severities=("critical",))
    for width in (320, 600):
        browser.look(width, "dark")
        broken = browser.run(BROKEN)
        session.equal(f"docs: no word is broken at {width} px", broken, [])
    try_out(session, server, browser)


def try_out(session, server, browser):
    """Authenticates with the scheme that Swagger UI does not support, and sends a request."""
    browser.find(".btn.authorize").click()
    schemes = browser.run(
        "return [...document.querySelectorAll('.auth-container h4 code')].map(each => each.textContent)")
    session.equal("docs: both schemes can be used", sorted(schemes), ["internalAuth", "personalAccessToken"])
    form = f".modal-ux-content > div:nth-of-type({schemes.index('internalAuth') + 1})"
    # The secret without its scheme, as people paste it.
    browser.find(f"{form} input").send_keys(OWNER_SESSION.split()[-1])
    browser.find(f"{form} .btn.authorize").click()
    browser.find(".btn-done").click()
    browser.run("""
        const path = document.querySelector('.opblock-get [data-path="/api/users"]');
        path.closest(".opblock").querySelector("button").click()""")
    for button in (".try-out__btn", ".execute"):
        wait_for(browser, button)
        browser.run(f"document.querySelector({json.dumps(button)}).click()")
    wait_for(browser, ".live-responses-table .response-col_status")
    status = browser.find(".live-responses-table .response .response-col_status").text.split()[0]
    session.equal("docs: an operation that requires a session can be tried out", status, "200")
    session.equal("docs: trying out leaves nothing on the console", browser.complaints(), [])
    session.equal("docs: trying out sends requests to this server only", browser.requests_beyond(server.url), [])
    browser.screenshot(FOLDER / "docs-tried.png")


def operations(server):
    """The operations of the served description."""
    with urllib.request.urlopen(f"{server.url}/openapi.json", timeout=PATIENCE_SECONDS) as answer:
        paths = json.load(answer)["paths"]
    return sorted(operation["operationId"] for methods in paths.values() for operation in methods.values())


def wait_for(browser, selector):
    WebDriverWait(browser.driver, PATIENCE_SECONDS, ignored_exceptions=[Exception]).until(
        lambda _: browser.run(f"return document.querySelector({json.dumps(selector)}) !== null"), f"{selector} did not appear")
