#!/usr/bin/env python3
"""Every line and branch of the sources that read foreign bytes (PLACES in relinked.py) that no test reaches must
stand in coverage.txt with its reason. Called by scripts/coverage.sh."""

import os
import subprocess
import sys

from relinked import PLACES, ROOT, SUITES, listed, relink, run_tests, text_of, tool

LISTED = "tests/proofs/coverage.txt"


def measured():
    """({(path, line): times run}, {(path, line): {branch: times taken}})"""
    # Clang's counters follow the source; gcov's also count what the compiler adds for exceptions.
    # Of a function in a header, that which a test calls is in the test's own object.
    folder = relink("coverage", ["-O0", "-fprofile-instr-generate", "-fcoverage-mapping"], compiler="clang++",
                    tests=("tests/base/", "tests/io/", "tests/text/"))
    result = run_tests(folder, ",".join(SUITES), [], {"LLVM_PROFILE_FILE": os.path.join(folder, "%4m.profraw")})
    if result.returncode != 0:
        sys.exit("the tests fail:\n" + result.stdout[-3000:])
    raw = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".profraw")]
    merged = os.path.join(folder, "merged.profdata")
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", *raw, "-o", merged], check=True)
    report = subprocess.run([tool("llvm-cov"), "export", "-format=lcov", "-instr-profile=" + merged,
                             os.path.join(folder, "microgpt_tests"), "-object", os.path.join(folder, "microgpt")],
                            check=True, capture_output=True, text=True).stdout
    lines = {}
    branches = {}
    path = ""
    for row in report.splitlines():
        kind, _, rest = row.partition(":")
        if kind == "SF":
            path = os.path.relpath(rest, ROOT)
        elif not path.startswith(PLACES):
            continue
        elif kind == "DA":
            number, count = (int(part) for part in rest.split(",")[:2])
            lines[path, number] = lines.get((path, number), 0) + count
        elif kind == "BRDA":
            number, _, branch, count = rest.split(",")
            ways = branches.setdefault((path, int(number)), {})
            ways[branch] = ways.get(branch, 0) + (0 if count == "-" else int(count))
    return lines, branches


def main():
    lines, branches = measured()
    allowed = {(path, code) for path, code, _ in listed(LISTED)}
    used = set()
    bad = []
    for (path, number), count in sorted(lines.items()):
        missing = [way for way, taken in branches.get((path, number), {}).items() if taken == 0]
        if count > 0 and not missing:
            continue
        code = text_of(path).splitlines()[number - 1].strip()
        if (path, code) in allowed:
            used.add((path, code))
            continue
        what = "never run" if count == 0 else "branch %s never taken" % " and ".join(missing)
        bad.append("%s:%d: %s: %s" % (path, number, what, code))
    covered = sum(count > 0 for count in lines.values())
    ways = [count for counts in branches.values() for count in counts.values()]
    print("lines %d of %d, branches %d of %d; %d lines of code listed with a reason"
          % (covered, len(lines), sum(count > 0 for count in ways), len(ways), len(used)))
    for path, code in sorted(allowed - used):
        bad.append("listed in %s, but reached or gone: %s @ %s" % (LISTED, path, code))
    if bad:
        print("\n".join(bad))
        sys.exit("%d places that no test reaches and %s does not list, or that it lists for nothing"
                 % (len(bad), LISTED))


if __name__ == "__main__":
    main()
