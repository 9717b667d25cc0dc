"""Pages of other origins: an allowed one calls the API and reads problems, a refused one reads nothing."""

import contextlib
import http.server
import threading

from example_seed import OWNER_SESSION

PAGE = b"<!doctype html><html lang=en><title>another origin</title><link rel=icon href=data:,><h1>A portal</h1>"
CALL = """
const [url, options, done] = arguments;
fetch(url, options).then(
  async (answer) => done({ status: answer.status, body: await answer.json(), id: answer.headers.get("x-request-id") }),
  (error) => done({ error: error.name }));
"""


class Portal(http.server.BaseHTTPRequestHandler):
    """A page without anything."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        """Not of interest."""


@contextlib.contextmanager
def portal():
    """The origin of a server of its own."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Portal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def run(session):
    with portal() as allowed, portal() as refused:
        server = session.server("cross-origin", "--cors-origin", allowed)
        browser = session.browser()

        def call(method, path, **options):
            headers = {"Authorization": OWNER_SESSION, "Content-Type": "application/json", "Idempotency-Key": path}
            asked = {"method": method, "headers": headers, **options}
            return browser.driver.execute_async_script(CALL, f"{server.url}{path}", asked)

        browser.open(allowed)
        browser.forget()
        listed = call("GET", "/api/users")
        session.equal("cross-origin: an allowed page reads a list", listed["status"], 200)
        session.check("cross-origin: and the request's id", listed["id"])
        invited = call("POST", "/api/users", body='{"emails":["portal@browser.test"]}')
        session.equal("cross-origin: an allowed page invites", invited["status"], 200)
        wrong = call("GET", "/api/users?page=0")
        session.equal("cross-origin: an allowed page reads a problem", wrong["body"]["errors"][0]["parameter"], "page")
        session.equal("cross-origin: the browser blocked nothing", blocked(browser), 0)
        with_cookies = call("GET", "/api/users", credentials="include")
        session.equal("cross-origin: cookies are never shared", with_cookies, {"error": "TypeError"})

        browser.open(refused)
        browser.forget()
        session.equal("cross-origin: a refused page reads nothing", call("GET", "/api/users"), {"error": "TypeError"})
        refusal = call("POST", "/api/users", body='{"emails":["evil@browser.test"]}')
        session.equal("cross-origin: a refused page does nothing", refusal, {"error": "TypeError"})
        unasked = browser.driver.execute_async_script(CALL, f"{server.url}/api/health", {})
        session.equal("cross-origin: nor does it read what needs no credentials", unasked, {"error": "TypeError"})
        session.check("cross-origin: the browser names the policy", blocked(browser) > 0)
        addresses = [user["email"] for user in server.everything()["users"]]
        invited = [address for address in addresses if address.endswith("@browser.test")]
        session.equal("cross-origin: only the allowed page has invited", invited, ["portal@browser.test"])
        browser.forget()


def blocked(browser):
    """How often the console tells of the policy."""
    return sum("CORS policy" in str(line) for line in browser.complaints())
