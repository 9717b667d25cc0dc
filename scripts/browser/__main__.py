"""Runs the topics. See scripts/browser-test."""

import argparse
import importlib
import pathlib
import sys

from brms_server import newest_brms
from checks import Report
from session import FOLDER, Session

HERE = pathlib.Path(__file__).parent
FIRST = "self_test"


def main():
    names = sorted(path.stem for path in (HERE / "topics").glob("*.py"))
    about = {name: importlib.import_module(f"topics.{name}") for name in names}
    parser = argparse.ArgumentParser(
        prog="browser-test", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Tests the mail and the pages in Chromium; exit code 0 only if every check passes.",
        epilog="topics:\n" + "\n".join(f"  {name:<16} {about[name].__doc__.splitlines()[0]}" for name in names))
    parser.add_argument("topic", nargs="*", help="what to test; all topics without")
    parser.add_argument("--self-test", action="store_true", help=f"only the topic {FIRST}: that the checks can fail")
    arguments = parser.parse_args()
    chosen = [FIRST] if arguments.self_test else arguments.topic or names
    if unknown := set(chosen) - set(names):
        parser.error(f"no such topic: {', '.join(sorted(unknown))}; there are {', '.join(names)}")

    FOLDER.mkdir(parents=True, exist_ok=True)
    print(f"brms: {newest_brms()}")
    report = Report()
    session = Session(report)
    try:
        # Runs first, to show that the checks can fail.
        for name in sorted(set(chosen), key=lambda name: (name != FIRST, name)):
            report.topic(name, lambda: about[name].run(session))
    finally:
        session.end()
    for name in report.failed:
        print(f"failed: {name}")
    print(f"\n{report.made} checks, {len(report.failed)} failed; screenshots and logs in {FOLDER}")
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
