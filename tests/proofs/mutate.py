#!/usr/bin/env python3
"""Takes away each validation rule of the sources that read foreign bytes, one at a time, and says which test notices.
Fails if none does. Called by scripts/mutate.sh.

All rules are in one program, with a switch each. Every test runs once by itself with all of them, and it is written
down at which rules it had something refused: only these tests can notice that such a rule is gone."""

import concurrent.futures
import os
import re
import subprocess
import sys
import time

from relinked import PLACES, ROOT, listed, relink, run_tests, text_of
import rules


class Tests:
    def __init__(self, folder):
        self.folder = folder
        listing = run_tests(folder, ["--list-test-cases"], {}).stdout
        self.names = [line for line in listing.splitlines() if line and not line.startswith(("[doctest]", "==="))]
        self.seconds = {}
        self.at = {}  # number of a rule: the tests in which it refused

    def run(self, name, environment, timeout):
        # A comma would end the pattern.
        return run_tests(self.folder, ["--test-case=" + name.replace(",", "?")], environment, timeout)

    def learn(self, item):
        index, name = item
        log = os.path.join(self.folder, "log.%d" % index)
        begin = time.monotonic()
        result = self.run(name, {"MICROGPT_RULE_LOG": log}, 900)
        if result.returncode != 0 or "1 passed" not in result.stdout:
            sys.exit("with every rule in place this test fails: %s\n%s" % (name, result.stdout[-2000:]))
        self.seconds[name] = time.monotonic() - begin
        if os.path.exists(log):
            with open(log, encoding="utf-8") as file:
                for number in set(file.read().split()):
                    self.at.setdefault(int(number), []).append(name)

    def notices(self, name, number):
        try:
            result = self.run(name, {"MICROGPT_RULE_OFF": str(number)}, 30 + 10 * self.seconds[name])
        except subprocess.TimeoutExpired:
            return True  # it does not end
        return result.returncode != 0


def main():
    conditions = listed("tests/proofs/conditions.txt")
    unreached = {(path, code): reason for path, code, reason in listed("tests/proofs/coverage.txt")}
    found = []
    sources = {}
    for folder in PLACES:
        parent = os.path.dirname(folder)
        for name in sorted(os.listdir(os.path.join(ROOT, parent))):
            path = parent + "/" + name
            if path.startswith(folder) and path.endswith(".cpp"):
                sources[path], more = rules.switched(path, text_of(path), conditions, len(found) + 1, ROOT)
                found += more
    if "--list" in sys.argv:
        for number, rule in enumerate(found, 1):
            print("%3d %s:%d: %s: %s" % (number, rule.path, rule.line, rule.kind, rule.text))
        return

    tests = Tests(relink("mutate", ["-O0"], lambda path, text: sources[path]))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(tests.learn, enumerate(tests.names)))

    def judge(number):
        stem = re.sub(r"\W+", " ", os.path.basename(found[number - 1].path)[:-len(".cpp")].replace("_", " "))
        def likely(name):
            return not name.replace("_", " ").startswith(stem), tests.seconds[name]
        for name in sorted(tests.at.get(number, []), key=likely):
            if tests.notices(name, number):
                return name
        return None

    unnoticed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for rule, (number, name) in zip(found, enumerate(pool.map(judge, range(1, len(found) + 1)), 1)):
            seen = len(tests.at.get(number, []))
            code = text_of(rule.path).splitlines()[rule.line - 1].strip()
            if name is None and seen == 0 and (rule.path, code) in unreached:
                name = "no test reaches it: " + unreached[rule.path, code]
            elif name is None:
                unnoticed += 1
                name = "NOBODY NOTICED (%d tests had something refused)" % seen
            print("%s:%d: %s: %s\n    %s" % (rule.path, rule.line, rule.kind, rule.text, name), flush=True)
    print("%d rules, %d that nobody noticed" % (len(found), unnoticed))
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
