"""Signing in with a code by mail: in the browser that asked, by its link, by keys alone, and out again."""

from brms_server import wait_for
from selenium.webdriver.common.keys import Keys

# Somebody whose session of the seed no other topic uses.
ADDRESS = "manager@acme.test"


def run(session):
    for scripts in (True, False):
        server, browser = session.server(), session.browser(scripts)
        name = "with script" if scripts else "without script"
        browser.driver.delete_all_cookies()
        browser.forget()
        browser.open(f"{server.url}/")
        session.page(browser, f"start page {name}", server.url)
        browser.find("a.button").click()
        session.equal(f"{name}: the start page leads to signing in", browser.wait_for_heading("Sign in"), "Sign in")
        session.page(browser, f"sign-in {name}", server.url)
        code = asked(server, browser)
        session.page(browser, f"code asked {name}", server.url, code)

        browser.find("#code").send_keys("0000-0000")
        browser.find("button").click()
        wait_for("the page with the error", lambda: browser.driver.find_elements("id", "code-error"))
        session.check(f"{name}: a wrong code is reported beside the field",
                      "does not work" in browser.find("#code-error").text)
        session.page(browser, f"wrong code {name}", server.url, code, status=403)
        browser.find("#code").send_keys(f" {code.lower()} ")
        browser.find("button").click()
        session.equal(f"{name}: the code signs in", browser.wait_for_heading("Milo"), "Milo Manager")
        session.page(browser, f"account {name}", server.url, code, status=403)
        session.equal(f"{name}: the code is in no URL and no header", browser.requests_telling(code), [])

        for other in browser.driver.find_elements("css selector", "form[action='account/sessions'] button")[:1]:
            # The session of the seed, with the first browser.
            other.click()
            wait_for("the list without it", lambda: "End this session" not in browser.driver.page_source)
        browser.find("form[action='sign-out'] button").click()
        browser.wait_for_heading("brms")
        browser.open(f"{server.url}/account")
        session.equal(f"{name}: after signing out the account leads to signing in",
                      browser.wait_for_heading("Sign in"), "Sign in")
    by_link(session)


def asked(server, browser):
    """Asks for a code as a person, and returns it."""
    before = len(server.codes(ADDRESS, 0))
    browser.find("#email").send_keys(ADDRESS)
    browser.find("form[action$='sign-in'] button").click()
    return server.codes(ADDRESS, before + 1)[-1]


def by_link(session):
    server, browser = session.server(), session.browser()
    browser.driver.delete_all_cookies()
    browser.open(f"{server.url}/sign-in")
    code = asked(server, browser)
    browser.open(f"{server.url}/docs")
    browser.open(f"{server.url}/sign-in#{code}")
    session.equal("the link fills the code in", browser.find("#code").get_attribute("value"), code)
    session.equal("and takes it out of the address bar", browser.address, f"{server.url}/sign-in")
    session.equal("nobody is signed in by opening it", browser.find("h1").text, "Sign in")
    browser.press(Keys.ENTER)
    session.equal("Enter signs in", browser.wait_for_heading("Milo"), "Milo Manager")

    browser.driver.delete_all_cookies()
    browser.open(f"{server.url}/docs")
    browser.open(f"{server.url}/sign-in#{code}")
    session.check("in another browser the page says why the link does nothing",
                  "only in the browser that asked" in browser.find("#other-browser").text)
