"""Scripts disabled: the code is pasted."""

from session import FOLDER

PROBE = "<!doctype html><title>off</title><script>document.title = 'on'</script><noscript><h1>None</h1></noscript>"


def run(session):
    server, browser = session.server(), session.browser(scripts=False)
    probe = FOLDER / "probe.html"
    probe.write_text(PROBE)
    browser.open(probe.as_uri())
    session.equal("scripts are disabled", [browser.driver.title, browser.find("h1").text], ["off", "None"])

    for address, pasted, what in [
        ("paula@browser.test", lambda mail: mail.code, "the code"),
        ("peter@browser.test", lambda mail: f" {mail.link} ", "the whole link"),
    ]:
        _, mail = server.invite(address)
        browser.forget()
        browser.open(mail.link)
        session.equal("the link fills nothing in", browser.find("#secret").get_attribute("value"), "")
        session.check("the page says what to do", "copy the code" in browser.find("#secret-hint").text)
        session.page(browser, "without script", server.url, mail.code)
        browser.find("#secret").send_keys("brms_inv_mistyped")
        browser.find("button").click()
        browser.wait_for_alert()
        session.check("a mistyped code is reported", "not known" in browser.find("#secret-error").text)
        browser.find("#secret").send_keys(pasted(mail))
        browser.find("button").click()
        session.equal(f"{what} pasted is accepted", browser.wait_for_heading("Welcome"), "Welcome to Acme Ltd")
        session.equal("the user is a member", server.user(address)["type"], "member")
        session.equal("the code is in no URL and no header", browser.requests_telling(mail.code), [])
        session.equal("only the expected message on the console", browser.complaints(404), [])
