"""Headless Chromium with an empty profile, and the events it recorded for a page."""

import base64
import json
import pathlib
import re
import shutil
import tempfile
import urllib.parse

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

AXE = pathlib.Path(__file__).resolve().parent.parent.parent / ".browser/node_modules/axe-core/axe.min.js"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    # As on a phone: a scroll bar would reduce the width.
    "--hide-scrollbars",
    # Requests to other hosts are recorded and fail.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
PATIENCE_SECONDS = 20
LOCAL_SCHEMES = {"about", "blob", "chrome", "data", "file"}
FOCUS_OUTLINE_PIXELS_MIN = 2
RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { rules: { "target-size": { enabled: true } } }).then(done, (error) => done({ error: String(error) }));
"""
BREACH = """
const done = arguments[arguments.length - 1];
const broken = [];
document.addEventListener("securitypolicyviolation", (event) => broken.push(event.effectiveDirective));
const plant = (name, properties) => document.body.append(Object.assign(document.createElement(name), properties));
plant("script", { text: "window.planted = true" });
plant("script", { src: "https://elsewhere.example/script.js" });
plant("style", { textContent: "p { color: red }" });
plant("img", { src: "https://elsewhere.example/image.png" });
plant("iframe", { src: "accept" });
const base = Object.assign(document.createElement("base"), { href: "https://elsewhere.example/" });
document.head.append(base);
const form = Object.assign(document.createElement("form"), { action: "https://elsewhere.example/", method: "post" });
document.body.append(form);
form.submit();
// The form is evaluated last, which may take some time.
const end = Date.now() + 5000;
const finish = () => setTimeout(() => done([...new Set(broken)]), 100);
const wait = () => (broken.includes("form-action") || Date.now() > end ? finish() : setTimeout(wait, 20));
fetch("https://elsewhere.example/").catch(() => undefined).then(wait);
"""


class Browser:
    """A Chromium instance. Its events are kept until `forget`."""

    def __init__(self, scripts=True):
        self.scripts = scripts
        self.profile = tempfile.mkdtemp(prefix="brms-browser-test-")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in [*FLAGS, f"--user-data-dir={self.profile}"]:
            options.add_argument(flag)
        if not scripts:
            # What the switch in Chromium's site settings sets; 2 means blocked.
            options.add_experimental_option("prefs", {"profile.default_content_setting_values.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.driver.set_page_load_timeout(PATIENCE_SECONDS)
        self.driver.get("about:blank")
        self.console, self.events = [], []
        self.forget()

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    # Actions of a person.

    def open(self, url):
        # From a blank page, since a change of the fragment alone would load nothing.
        self.driver.get("about:blank")
        self.driver.get(url)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, *keys):
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def press_shifted(self, key):
        ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT).perform()

    def double_click(self, selector, latency_seconds):
        """Two clicks, the second one before the response to the first."""
        button = self.find(selector)
        network = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
        slow = {**network, "latency": latency_seconds * 1000}
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
        ActionChains(self.driver).click(button).pause(latency_seconds / 4).click().perform()
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**network, "latency": 0})

    def wait_for_heading(self, words):
        """The heading of the loaded page, once it contains this text."""
        def heading(_):
            found = self.driver.find_elements(By.TAG_NAME, "h1")
            return found and words in found[0].text and found[0].text
        return WebDriverWait(self.driver, PATIENCE_SECONDS, ignored_exceptions=[StaleElementReferenceException]).until(
            heading, f"no heading with {words!r} came")

    def wait_for_alert(self):
        """The form with an error message."""
        WebDriverWait(self.driver, PATIENCE_SECONDS).until(
            lambda _: self.driver.find_elements(By.ID, "alert"), "the form with an error message did not appear")

    # What is visible.

    @property
    def address(self):
        return self.driver.current_url

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def look(self, width, scheme):
        """Shows the same page on a screen this wide, light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def screenshot(self, path):
        """A screenshot of the whole page."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "scale": 1, "width": size["width"], "height": size["height"]}})
        path.write_bytes(base64.b64decode(picture["data"]))

    def overflow(self):
        """How many pixels the page is wider than the screen."""
        return self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def scheme(self):
        """Light or dark, by the background."""
        colour = self.run("return getComputedStyle(document.body).backgroundColor")
        red, green, blue, *alpha = (float(number) for number in re.findall(r"[\d.]+", colour))
        if alpha == [0]:
            return "none"
        return "light" if red + green + blue > 1.5 * 255 else "dark"

    def focused(self):
        """The focused element: its id, or its name."""
        return self.run("return document.activeElement.id || document.activeElement.localName")

    def focus_is_visible(self):
        width = self.run("""
            const style = getComputedStyle(document.activeElement);
            return style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);""")
        return self.focused() != "body" and width >= FOCUS_OUTLINE_PIXELS_MIN

    def spoken(self, role):
        """The accessibility properties of the elements of a role: name, description, state."""
        nodes = self.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        return [{
            "name": node.get("name", {}).get("value", ""),
            "description": node.get("description", {}).get("value", ""),
            **{each["name"]: each["value"].get("value") for each in node.get("properties", [])},
        } for node in nodes if not node["ignored"] and node["role"]["value"] == role]

    def alerts(self):
        """The texts of live regions and alerts."""
        return [each.text for each in self.driver.find_elements(By.CSS_SELECTOR, "[role=alert], [role=status]")]

    def axe(self):
        """The violations found by axe-core, which is injected despite the page's policy."""
        self.run(AXE.read_text())
        found = self.driver.execute_async_script(RUN_AXE)
        if "error" in found:
            raise RuntimeError(f"axe-core: {found['error']}")
        if not found["passes"]:
            raise RuntimeError("axe-core checked nothing")
        return [f"{each['impact']}: {each['id']}: {node['html']}" for each in found["violations"]
                for node in each["nodes"]]

    def breaches(self):
        """The policy's reaction to forbidden elements: the directives that each one violated."""
        return sorted(self.driver.execute_async_script(BREACH))

    # Recorded events.

    def forget(self):
        self._notice()
        self.console, self.events = [], []

    def _notice(self):
        self.console += self.driver.get_log("browser")
        self.events += [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]

    def complaints(self, status=200):
        """All console messages except the expected one for a form response with this status."""
        self._notice()
        expected = f"Failed to load resource: the server responded with a status of {status} "
        return [entry["message"] for entry in self.console
                if status == 200 or entry["source"] != "network" or expected not in entry["message"]]

    def requests(self):
        """The requests to servers since `forget`."""
        self._notice()
        sent = [event["params"]["request"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]
        return [request for request in sent if urllib.parse.urlsplit(request["url"]).scheme not in LOCAL_SCHEMES]

    def requests_beyond(self, url):
        """Requests to other servers."""
        home = urllib.parse.urlsplit(url).netloc
        return [request["url"] for request in self.requests()
                if urllib.parse.urlsplit(request["url"]).netloc != home]

    def requests_telling(self, code):
        """Requests with the code in URL or headers, where logs and other servers could see it."""
        return [request["url"] for request in self.requests()
                if code in urllib.parse.unquote(request["url"]) or code in json.dumps(request["headers"])]

    def status(self):
        """The status of the current page."""
        self._notice()
        pages = [event["params"]["response"]["status"] for event in self.events
                 if event["method"] == "Network.responseReceived" and event["params"]["type"] == "Document"]
        return pages[-1] if pages else None
