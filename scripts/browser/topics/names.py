"""The mail with names from right to left, emoji, and names of maximal length: nothing overflows or is out of order."""

from topics.mail import SERIOUS, seen_of

# The organisation's display name (at most 200 characters), the inviter's first and last name (at most 100).
NAMES = {
    "Arabic": ("شركة المثال للتجارة", "ليلى", "أحمد"),
    "Hebrew and Latin": ("חברת Acme (ישראל) בע\"מ 2026!", "שרה", "O'Neil"),
    "Persian with a joiner": ("می\u200cخواهم", "نرگس", "محمدی"),
    "emoji": ("🚀👩\u200d💻 Rocket & Co 🇩🇪👍🏽", "Zoë 🌸", "👩\u200d👩\u200d👧\u200d👦"),
    "one word of 200": ("W" * 200, "M" * 100, "W" * 100),
    "200 characters from right to left": (("שלום עולם " * 20)[:200], "שלום" * 25, "עולם" * 25),
    "200 emoji": ("👩🏽\u200d🚀" * 50, "🏴" * 100, "🌸" * 100),
    "200 marks on letters": ("Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f" * 22, "a\u0301\u0301\u0301", "x"),
    "ideographs": ("株式会社" * 50, "花子", "山田"),
}
# Where the parts of the first sentence are on the screen: the inviter, the address, the words, the organisation, the
# full stop.
PLACES = """
const sentence = document.querySelectorAll(".card > p")[0];
const [inviter, address, organisation] = sentence.querySelectorAll("bdi");
const text = (node, from, to) => {
  const range = document.createRange();
  range.setStart(node, from);
  range.setEnd(node, to);
  const box = range.getBoundingClientRect();
  return [Math.round(box.left), Math.round(box.right)];
};
const box = (element) => {
  const rectangle = element.getBoundingClientRect();
  return [Math.round(rectangle.left), Math.round(rectangle.right)];
};
const words = address.nextSibling;
const last = sentence.lastChild;
return {
  inviter: box(inviter), address: box(address), words: text(words, 0, words.length), organisation: box(organisation),
  stop: text(last, 0, last.length), lines: Math.round(sentence.getBoundingClientRect().height / 24),
  directions: [...document.querySelectorAll("bdi")].map((each) => getComputedStyle(each).direction),
};
"""
RIGHT_TO_LEFT = ("Arabic", "Hebrew and Latin", "Persian with a joiner", "200 characters from right to left")


def run(session):
    server, browser = session.server("names"), session.browser()
    for number, (what, (organisation, first, last)) in enumerate(NAMES.items()):
        server.call("PUT", "/api/organisations", {"displayName": organisation})
        server.call("PUT", "/api/profile", {"firstName": first, "lastName": last})
        _, mail = server.invite(f"guest{number}@browser.test")
        name = f"mail {what}"
        seen_of(mail, name, browser)
        browser.look(1200, "light")
        places = browser.run(PLACES)
        session.equal(f"{name}: a name is shown in its own direction",
                      [places["directions"][number] for number in (0, 1, 3)],
                      ["rtl" if what in RIGHT_TO_LEFT else "ltr"] * 3)
        session.equal(f"{name}: an address is shown from left to right",
                      [places["directions"][number] for number in (2, 4)], ["ltr", "ltr"])
        if places["lines"] == 1:
            parts = ("inviter", "address", "words", "organisation", "stop")
            session.check(f"{name}: the parts of the sentence are in order, and none lies on another", all(
                places[one][1] <= places[other][0] + 1 for one, other in zip(parts, parts[1:])), places)
        session.page(browser, name, server.url, severities=SERIOUS)
        for width in (320, 600):
            browser.look(width, "light")
            session.equal(f"{name}: nothing sticks out of the card at {width} px", browser.run("""
                const card = document.querySelector(".card").getBoundingClientRect();
                return [...document.querySelectorAll(".card *")].filter((each) => {
                    const box = each.getBoundingClientRect();
                    return box.left < card.left - 1 || box.right > card.right + 1;
                }).map((each) => each.outerHTML)"""), [])
