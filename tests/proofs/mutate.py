#!/usr/bin/env python3
"""Takes away each validation rule of the sources that read foreign bytes, one at a time, and says which test notices.
Fails if none does. Called by scripts/mutate.sh.

All rules are in one program, with a switch each. Every test runs once by itself with all of them, and it is written
down at which rules it had something refused: only these tests can notice that such a rule is gone. The tests that
start the program are asked last, and only about rules that no other test notices."""

import concurrent.futures
import os
import re
import subprocess
import sys
import time

from relinked import PLACES, ROOT, SUITES, listed, relink, run_tests, text_of
import rules


class Tests:
    def __init__(self, folder, suites):
        self.folder = folder
        self.suites = suites
        self.seconds = {}
        self.at = {}  # number of a rule: the tests in which it refused
        listing = run_tests(folder, suites, ["--list-test-cases"], {}).stdout
        names = [line for line in listing.splitlines() if line and not line.startswith(("[doctest]", "==="))]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(self.learn, names))

    def run(self, name, environment, timeout):
        # A comma would end the pattern.
        return run_tests(self.folder, self.suites, ["--test-case=" + name.replace(",", "?")], environment, timeout)

    def learn(self, name):
        log = os.path.join(self.folder, "log." + re.sub(r"\W", "_", name)[:200])
        begin = time.monotonic()
        result = self.run(name, {"MICROGPT_RULE_LOG": log}, 900)
        if result.returncode != 0 or "1 passed" not in result.stdout:
            sys.exit("with every rule in place this test fails: %s\n%s" % (name, result.stdout[-2000:]))
        self.seconds[name] = time.monotonic() - begin
        if os.path.exists(log):
            with open(log, encoding="utf-8") as file:
                for number in set(file.read().split()):
                    self.at.setdefault(int(number), []).append(name)

    def who_notices(self, number, stem):
        """The first test that fails without the rule. Quick ones are asked first, and those named like its source."""
        def order(name):
            return self.seconds[name] * (0.2 if name.replace("_", " ").startswith(stem) else 1)
        return next((name for name in sorted(self.at.get(number, []), key=order) if self.notices(name, number)), None)

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

    # Without its refusal at the end a function may fall off it: the compiler must not conclude that it does not.
    flags = ["-fsanitize=return", "-fsanitize-undefined-trap-on-error"]
    folder = relink("mutate", flags, lambda path, text: sources[path])
    left = list(range(1, len(found) + 1))
    seen = dict.fromkeys(left, 0)
    for suites in SUITES:
        if not left:
            break
        tests = Tests(folder, suites)

        def judge(number):
            stem = os.path.basename(found[number - 1].path)[:-len(".cpp")].replace("_", " ")
            return tests.who_notices(number, stem)

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for number, name in zip(left[:], pool.map(judge, left[:])):
                seen[number] += len(tests.at.get(number, []))
                if name is not None:
                    left.remove(number)
                    say(found[number - 1], name)

    unnoticed = 0
    for number in left:
        rule = found[number - 1]
        code = text_of(rule.path).splitlines()[rule.line - 1].strip()
        if seen[number] == 0 and (rule.path, code) in unreached:
            say(rule, "no test reaches it: " + unreached[rule.path, code])
        else:
            unnoticed += 1
            say(rule, "NOBODY NOTICED; %d tests had something refused" % seen[number])
    print("%d rules, %d that nobody noticed" % (len(found), unnoticed))
    sys.exit(1 if unnoticed else 0)


def say(rule, what):
    print("%s:%d: %s: %s\n    %s" % (rule.path, rule.line, rule.kind, rule.text, what), flush=True)


if __name__ == "__main__":
    main()
