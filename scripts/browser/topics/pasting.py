"""FR-54: the code is found in whatever is pasted into the page, by its script and by the server."""

import json
import urllib.parse

from brms_server import ROOT
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

TEXTS = json.loads((ROOT / "tests/fixtures/pasted-codes.json").read_text())
SOURCE = """
const source = document.createElement("textarea");
source.id = "source";
source.value = arguments[0];
document.body.append(source);
source.focus();
"""
VALUE = "return document.getElementById('secret').value"


def run(session):
    server, browser = session.server(), session.browser()
    # These codes are unknown, which the page would say at once. It also works if the server does not answer.
    browser.driver.execute_cdp_cmd("Network.enable", {})
    browser.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/invitations/preview"]})
    for text in TEXTS:
        browser.open(server.page)
        paste(browser, text["text"])
        found, code = browser.run(VALUE), text["code"]
        if code in (None, "several"):
            session.check(f"{text['what']}: is not taken for a code",
                          found not in [each["code"] for each in TEXTS], found)
        else:
            session.equal(f"{text['what']}: the field has the code", found, code)
        if code == "several":
            browser.find("button").click()
            browser.wait_for_alert()
            session.check(f"{text['what']}: the server says so", "several different codes" in
                          browser.find("#secret-error").text, browser.find("#secret-error").text)
    fragments(session, server, browser)
    browser.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    for number, (what, wrapped) in enumerate(WRAPPERS.items()):
        for scripts in (True, False):
            browser = session.browser(scripts)
            address = f"paste{number}{scripts}@browser.test".lower()
            _, mail = server.invite(address)
            browser.open(server.page)
            browser.find("#secret").send_keys(wrapped(mail))
            browser.find("button").click()
            session.equal(f"{what}: is accepted, scripts {'on' if scripts else 'off'}",
                          browser.wait_for_heading("Welcome"), "Welcome to Acme Ltd")


WRAPPERS = {
    "SafeLinks": lambda mail: "https://eur01.safelinks.protection.outlook.com/?url="
                              f"{urllib.parse.quote(mail.link, safe='')}&data=05%7C02&reserved=0",
    "Google": lambda mail: f"https://www.google.com/url?q={urllib.parse.quote(mail.link, safe='')}&source=gmail",
    "urldefense": lambda mail: f"https://urldefense.com/v3/__{mail.link.replace('#', '*')}__;Iw!!AbC!xyz$",
    "quotation marks and a full stop": lambda mail: f'"{mail.code}".',
    "a blank inside": lambda mail: f"{mail.code[:20]} {mail.code[20:]}",
}


def fragments(session, server, browser):
    """Damaged links that still lead to the page."""
    code = TEXTS[0]["code"]
    for what, fragment in [
        ("parameters of a campaign", f"{code}?utm_source=x"),
        ("a blank at the end", f"{code}%20"),
        ("percent-encoding", code.replace("_", "%5F")),
        ("percent-encoding of percent-encoding", code.replace("_", "%255F")),
        ("a full stop", f"{code}."),
        ("a bracket", f"{code})"),
    ]:
        browser.open(f"{server.page}#{fragment}")
        session.equal(f"a link with {what}: the field has the code", browser.run(VALUE), code)
        session.equal(f"a link with {what}: the code is removed from the address bar", browser.address, server.page)


def paste(browser, text):
    """Pastes as a person does: copied elsewhere, pasted into the field."""
    if text == "":
        return
    browser.run(SOURCE, text)
    keys = ActionChains(browser.driver)
    for key in ("a", "c"):
        keys.key_down(Keys.CONTROL).send_keys(key).key_up(Keys.CONTROL)
    keys.perform()
    browser.find("#secret").click()
    ActionChains(browser.driver).key_down(Keys.CONTROL).send_keys("v").key_up(Keys.CONTROL).perform()
    browser.run("document.getElementById('source').remove()")
