"""Every kind of invalid link: a plain explanation, a next step, the right status."""

from brms_server import wait_for

UNKNOWN_CODE = "brms_inv_" + "0" * 43


def run(session):
    server, browser = session.server(), session.browser()
    for name, mail_of, heading, step in [
        ("used", used, "This invitation was already used", "tell the person who invited you"),
        ("replaced", replaced, "This invitation was replaced", "only the code in the newest one works"),
        ("withdrawn", withdrawn, "This invitation was withdrawn", "ask the person who invited you"),
        ("expired", expired, "This invitation has expired", "Ask the person who invited you to send it again"),
    ]:
        home = session.server("short-lived", "--invitation-ttl", "1s") if name == "expired" else server
        mail = mail_of(home, f"{name}@browser.test")
        before = home.everything()
        browser.forget()
        browser.open(mail.link)
        session.equal(f"FR-70: {name}: says so before anything is typed", browser.wait_for_heading("This invitation"), heading)
        session.equal(f"{name}: the title is the same, which screen readers read first", browser.driver.title, heading)
        session.check(f"{name}: says what to do", step in browser.find("main").text, browser.find("main").text)
        session.check(f"{name}: the code is not shown", mail.code not in browser.driver.page_source)
        session.page(browser, f"link {name}", home.url, mail.code, status=410)
        session.equal(f"{name}: changes nothing", home.everything(), before)
        browser.find("main a").click()
        session.equal(f"{name}: a link leads back to the form", browser.wait_for_heading("Accept"),
                      "Accept your invitation")
    never_a_code(session, server, browser)
    no_code(session, server, browser)
    a_wrong_name(session, server, browser)
    damaged_links(session, server, browser)


def used(server, address):
    _, mail = server.invite(address)
    server.call("POST", "/invitations/accept", {"secret": mail.code})
    return mail


def replaced(server, address):
    invitation, mail = server.invite(address)
    server.send_again(invitation, 2)
    return mail


def withdrawn(server, address):
    invitation, mail = server.invite(address)
    server.call("PUT", f"/api/users/{invitation['userId']}", {"status": "disabled"})
    return mail


def expired(server, address):
    _, mail = server.invite(address)
    wait_for("the end of the invitation", lambda: server.ended(address))
    return mail


def never_a_code(session, server, browser):
    _, mail = server.invite("una@browser.test")
    before = server.everything()
    for name, code in [
        ("unknown", UNKNOWN_CODE),
        ("cut", mail.code[:-1]),
        ("in capital letters", mail.code.upper()),
        ("no code at all", "what%20is%20this"),
    ]:
        browser.forget()
        browser.open(f"{server.page}#{code}")
        # What has the form of a code is looked up at once.
        if not code.startswith("brms_inv_"):
            browser.find("#firstName").send_keys("Una")
            browser.find("button").click()
        browser.wait_for_alert()
        error = browser.find("#secret-error").text
        session.check(f"{name}: the error at the field says what to do",
                      error.startswith("This code is not known. Please copy the whole code") and "ask" in error, error)
        if not code.startswith("brms_inv_"):
            session.equal(f"{name}: is answered 404", browser.status(), 404)
            session.equal(f"{name}: the name is kept", browser.find("#firstName").get_attribute("value"), "Una")
        session.equal(f"{name}: the wrong code is cleared", browser.find("#secret").get_attribute("value"), "")
        session.equal(f"{name}: the focus is on the field with the error", browser.focused(), "secret")
    session.page(browser, "code unknown", server.url, code, status=404)
    [field] = [each for each in browser.spoken("textbox") if each["name"] == "Code"]
    session.check("the accessibility tree has the error of the code",
                  field["invalid"] == "true" and "This code is not known" in field["description"], field)
    session.check("and the title says that something must be checked",
                  browser.driver.title.startswith("Please check:"), browser.driver.title)
    session.equal("unknown codes change nothing", server.everything(), before)
    browser.find("#secret").send_keys(mail.code)
    browser.find("button").click()
    session.equal("the right code on the same page is accepted", browser.wait_for_heading("Welcome"), "Welcome to Acme Ltd")


def no_code(session, server, browser):
    browser.forget()
    browser.open(server.page)
    session.equal("empty: a link without a code shows an empty field",
                  browser.find("#secret").get_attribute("value"), "")
    session.page(browser, "no code", server.url)
    browser.find("button").click()
    session.equal("empty: nothing is submitted, the field is required",
                  [browser.run("return document.getElementById('secret').validity.valueMissing"), browser.focused(),
                   [request for request in browser.requests() if request["method"] == "POST"]],
                  [True, "secret", []])


def a_wrong_name(session, server, browser):
    _, mail = server.invite("wanda@browser.test")
    browser.forget()
    browser.open(mail.link)
    # Such a name cannot be typed, only pasted.
    browser.run("document.getElementById('lastName').value = 'a\\u0001b'")
    browser.find("#firstName").send_keys("Wanda")
    browser.find("button").click()
    browser.wait_for_alert()
    session.check("wrong name: the error at the field is a sentence",
                  browser.find("#lastName-error").text.startswith("This has a control character"))
    session.equal("wrong name: code and first name are kept, the field with the error has the focus",
                  [browser.find("#secret").get_attribute("value"), browser.find("#firstName").get_attribute("value"),
                   browser.focused()], [mail.code, "Wanda", "lastName"])
    session.page(browser, "name refused", server.url, mail.code, status=400)
    session.equal("wrong name: the user has not joined", server.user("wanda@browser.test")["type"], "invited")


def damaged_links(session, server, browser):
    """FR-55: the page of an address that does not exist."""
    code = UNKNOWN_CODE
    for path in (f"invitations/accept%23{code}", "invitations/accept/", "invitations/accept)", "nothing"):
        browser.forget()
        browser.open(f"{server.url}/{path}")
        session.equal(f"/{path}: has a page", browser.wait_for_heading("no page"), "There is no page at this address")
        session.equal(f"/{path}: is answered 404", browser.status(), 404)
        links = browser.run("return [...document.links].map((link) => link.href)")
        session.equal(f"/{path}: its links lead on", links, [server.page, f"{server.url}/"])
    session.page(browser, "no such page", server.url, status=404)
    browser.find("main a").click()
    session.equal("it leads to the form", browser.wait_for_heading("Accept"), "Accept your invitation")
