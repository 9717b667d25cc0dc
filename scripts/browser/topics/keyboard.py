"""Keyboard operation, and the accessibility tree."""

from selenium.webdriver.common.keys import Keys

# The code is filled in and folded away.
WAY = ["firstName", "lastName", "summary", "button"]


def run(session):
    server, browser = session.server(), session.browser()
    _, mail = server.invite("kay@browser.test")
    for scheme in ("light", "dark"):
        browser.look(600, scheme)
        browser.open(mail.link)
        browser.wait_for_heading("Join Acme Ltd")
        way = []
        for _ in WAY:
            browser.press(Keys.TAB)
            way.append(browser.focused())
            session.check(f"the focus shows on {way[-1]}, {scheme}", browser.focus_is_visible())
        session.equal(f"Tab goes from field to field to button, {scheme}", way, WAY)
    browser.press_shifted(Keys.TAB)
    session.equal("Shift and Tab go back", browser.focused(), "summary")
    browser.press(Keys.ENTER)
    session.check("Enter unfolds the code", browser.find("#secret").is_displayed())
    what_is_spoken(session, browser)

    for _ in ("lastName", "firstName"):
        browser.press_shifted(Keys.TAB)
    browser.press("Kay", Keys.TAB, "Key", Keys.TAB, Keys.TAB, Keys.TAB, Keys.SPACE)
    session.equal("the space bar presses the button", browser.wait_for_heading("Welcome"), "Welcome to Acme Ltd")
    user = server.user("kay@browser.test")
    session.equal("the entered names are stored", [user["firstName"], user["lastName"]], ["Kay", "Key"])

    browser.open(mail.link)
    browser.wait_for_heading("already used")
    session.check("a link that was used says so at once, in an alert",
                  any("nothing left to do" in text for text in browser.alerts()), browser.alerts())
    browser.press(Keys.TAB)
    session.check("the link back has a visible focus", browser.focused() == "a" and browser.focus_is_visible())
    browser.press(Keys.ENTER)
    session.equal("Enter follows it", browser.wait_for_heading("Accept"), "Accept your invitation")


def what_is_spoken(session, browser):
    fields = browser.spoken("textbox")
    session.equal("a screen reader names the fields", [field["name"] for field in fields],
                  ["First name (optional)", "Last name (optional)", "Code"])
    session.check("the description says where the code comes from", "copy the code" in fields[-1]["description"], fields[-1])
    session.equal("it knows the required field", [field.get("required") for field in fields],
                  [False, False, True])
    session.equal("it names the button", [each["name"] for each in browser.spoken("button")], ["Accept the invitation"])
    session.equal("it finds one heading", [each["name"] for each in browser.spoken("heading")],
                  ["Join Acme Ltd"])
    session.equal("it knows the language", browser.run("return document.documentElement.lang"), "en")
