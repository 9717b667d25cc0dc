"""Keyboard operation, and the accessibility tree."""

from selenium.webdriver.common.keys import Keys

WAY = ["secret", "firstName", "lastName", "button"]


def run(session):
    server, browser = session.server(), session.browser()
    _, mail = server.invite("kay@browser.test")
    for scheme in ("light", "dark"):
        browser.look(600, scheme)
        browser.open(mail.link)
        way = []
        for _ in WAY:
            browser.press(Keys.TAB)
            way.append(browser.focused())
            session.check(f"the focus shows on {way[-1]}, {scheme}", browser.focus_is_visible())
        session.equal(f"Tab goes from field to field to button, {scheme}", way, WAY)
    for _ in WAY[1:]:
        browser.press_shifted(Keys.TAB)
    session.equal("Shift and Tab go back", browser.focused(), "secret")
    what_is_spoken(session, browser)

    browser.press(Keys.TAB, "Kay", Keys.TAB, "Key", Keys.TAB, Keys.SPACE)
    session.equal("the space bar presses the button", browser.wait_for_heading("Welcome"), "Welcome to Acme Ltd")
    user = server.user("kay@browser.test")
    session.equal("the entered names are stored", [user["firstName"], user["lastName"]], ["Kay", "Key"])

    browser.open(mail.link)
    browser.press(Keys.TAB, Keys.ENTER)
    browser.wait_for_heading("already used")
    session.check("Enter in a field submits, and the outcome is an alert",
                  any("nothing left to do" in text for text in browser.alerts()), browser.alerts())
    browser.press(Keys.TAB)
    session.check("the link back has a visible focus", browser.focused() == "a" and browser.focus_is_visible())
    browser.press(Keys.ENTER)
    session.equal("Enter follows it", browser.wait_for_heading("Accept"), "Accept your invitation")


def what_is_spoken(session, browser):
    fields = browser.spoken("textbox")
    session.equal("a screen reader names the fields", [field["name"] for field in fields],
                  ["Code", "First name (optional)", "Last name (optional)"])
    session.check("the description says where the code comes from", "copy the code" in fields[0]["description"], fields[0])
    session.equal("it knows the required field", [field.get("required") for field in fields],
                  [True, False, False])
    session.equal("it names the button", [each["name"] for each in browser.spoken("button")], ["Accept the invitation"])
    session.equal("it finds one heading", [each["name"] for each in browser.spoken("heading")],
                  ["Accept your invitation"])
    session.equal("it knows the language", browser.run("return document.documentElement.lang"), "en")
