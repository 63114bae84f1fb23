#!/usr/bin/env python3
"""Proofs of the tests of src/microgpt/io and src/microgpt/text, which hold what reads foreign bytes.

  tests/proofs.py coverage   every line and branch that no test reaches must stand in tests/coverage.txt
  tests/proofs.py mutate     each validation rule is taken away, one at a time: some test must fail

Both take the objects of build/dev, compile the sources of the two rooms once more, with counters or with
switches, and link the tests anew; build/dev must be up to date. Called by scripts/coverage.sh and
scripts/mutate.sh.
"""

import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEV = os.path.join(ROOT, "build", "dev")
ROOMS = ("src/microgpt/io/", "src/microgpt/text/")
UNIT = "io,text,docs"


def sources():
    """Compile commands of the two rooms, by path in the repository."""
    with open(os.path.join(DEV, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    found = {os.path.relpath(entry["file"], ROOT): entry for entry in commands}
    return {path: entry for path, entry in sorted(found.items()) if path.startswith(ROOMS)}


def relink(name, flags, change, compiler=None):
    """Compiles change(path, text) of every source and links tests and program with it; returns the folder."""
    folder = os.path.join(ROOT, "build", name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    objects = []

    def compile_one(path, entry):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        # Under the same name, so that the archive's member is replaced.
        source = os.path.join(folder, os.path.basename(path))
        with open(source, "w", encoding="utf-8") as file:
            file.write(change(path, text))
        words = shlex.split(entry["command"])
        words[words.index("-o") + 1] = source + ".o"
        words[words.index("-c") + 1] = source
        words[0] = compiler or words[0]
        subprocess.run(words + ["-w"] + flags, cwd=folder, check=True)
        return source + ".o"

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(lambda item: compile_one(*item), sources().items()))
    library = os.path.join(folder, "libmicrogpt.a")
    shutil.copy(os.path.join(DEV, "libmicrogpt.a"), library)
    subprocess.run(["ar", "r", library] + objects, check=True)
    for target, where in (("microgpt_tests", "tests"), ("microgpt", "")):
        link = os.path.join(DEV, where, "CMakeFiles", target + ".dir", "link.txt")
        with open(link, encoding="utf-8") as file:
            words = shlex.split(file.read())
        words[0] = compiler or words[0]
        words[words.index("-o") + 1] = os.path.join(folder, target)
        words = [library if word.endswith("libmicrogpt.a") else word for word in words]
        subprocess.run(words + flags, cwd=os.path.join(DEV, where), check=True)
    return folder


def run_tests(folder, suites, more=(), environment=None):
    variables = {**os.environ, "MICROGPT_TEST_PROGRAM": os.path.join(folder, "microgpt"), **(environment or {})}
    return subprocess.run([os.path.join(folder, "microgpt_tests"), "--test-suite=" + suites, "--no-version", *more],
                          cwd=ROOT, capture_output=True, text=True, errors="replace", timeout=900, check=False,
                          env=variables)


def tool(name):
    found = shutil.which(name) or shutil.which(name + "-14")
    if found is None:
        sys.exit(name + " is not installed")
    return found


def coverage():
    # Clang's counters follow the source; gcov's also count what the compiler adds for exceptions.
    folder = relink("coverage", ["-O0", "-fprofile-instr-generate", "-fcoverage-mapping"],
                    lambda path, text: text, "clang++")
    # Counters take memory of their own, so that the tests that count bytes have to stay out.
    result = run_tests(folder, UNIT + ",cli", ["--test-case-exclude=info: no file makes it take more than*,eval: a stream takes little more memory*"],
                       environment={"LLVM_PROFILE_FILE": os.path.join(folder, "%4m.profraw")})
    if result.returncode != 0:
        sys.exit("the tests fail:\n" + result.stdout[-3000:])
    raw = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".profraw")]
    merged = os.path.join(folder, "merged.profdata")
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", *raw, "-o", merged], check=True)
    report = subprocess.run([tool("llvm-cov"), "export", "-format=lcov", "-instr-profile=" + merged,
                             os.path.join(folder, "microgpt_tests"), "-object", os.path.join(folder, "microgpt")],
                            check=True, capture_output=True, text=True).stdout

    lines = {}  # (path, number) -> count
    branches = {}  # (path, number) -> {branch: count}
    by_name = {os.path.basename(path): path for path in sources()}
    path = ""
    for row in report.splitlines():
        kind, _, rest = row.partition(":")
        if kind == "SF":
            path = os.path.relpath(rest, ROOT)
            if path.startswith("build/coverage/"):
                path = by_name[os.path.basename(path)]
        elif not path.startswith(ROOMS) or not path.endswith(".cpp"):
            continue  # functions of headers are compiled with whoever includes them
        elif kind == "DA":
            number, count = (int(part) for part in rest.split(",")[:2])
            lines[path, number] = lines.get((path, number), 0) + count
        elif kind == "BRDA":
            number, _, branch, count = rest.split(",")
            ways = branches.setdefault((path, int(number)), {})
            ways[branch] = ways.get(branch, 0) + (0 if count == "-" else int(count))

    allowed = {}
    with open(os.path.join(ROOT, "tests/coverage.txt"), encoding="utf-8") as file:
        for row in file:
            if row.strip() and not row.startswith("#"):
                path, code, reason = (part.strip() for part in row.split(" @ "))
                allowed[path, code] = reason
    used = set()
    bad = []
    texts = {}
    for place, count in sorted(lines.items()):
        path, number = place
        missing = [way for way, taken in branches.get(place, {}).items() if taken == 0]
        if count > 0 and not missing:
            continue
        if path not in texts:
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                texts[path] = file.read().splitlines()
        code = texts[path][number - 1].strip()
        if (path, code) in allowed:
            used.add((path, code))
            continue
        what = "never run" if count == 0 else "branch %s never taken" % " and ".join(missing)
        bad.append("%s:%d: %s: %s" % (path, number, what, code))
    covered = sum(count > 0 for count in lines.values())
    ways = [count for counts in branches.values() for count in counts.values()]
    print("lines %d of %d, branches %d of %d; %d lines of code listed with a reason"
          % (covered, len(lines), sum(count > 0 for count in ways), len(ways), len(used)))
    for path, code in sorted(set(allowed) - used):
        print("listed in tests/coverage.txt, but reached or gone: %s @ %s" % (path, code))
    if bad:
        print("\n".join(bad))
        sys.exit("%d places that no test reaches and tests/coverage.txt does not list" % len(bad))


def close(text, at, opening, closing):
    """Index behind the bracket that closes the one at `at`; strings and characters are passed over."""
    depth = 0
    while at < len(text):
        c = text[at]
        if c in "\"'" and not (c == "'" and text[at - 1].isalnum()):
            end = at + 1
            while text[end] != c:
                end += 2 if text[end] == "\\" else 1
            at = end
        elif c == opening:
            depth += 1
        elif c == closing:
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    raise ValueError("unbalanced")


def rules(text):
    """(start, end) of the condition of every `if` that guards nothing but a refusal; of those that declare
    something, only the test behind it."""
    found = []
    for match in re.finditer(r"\bif \(", text):
        begin = match.end() - 1
        end = close(text, begin, "(", ")")
        rest = text[end:].lstrip()
        at = len(text) - len(rest)
        body = text[at:close(text, at, "{", "}")] if rest.startswith("{") else rest[:rest.index(";")]
        if re.search(r"\bthrow\b|\brefuse\w*\(", body) and not re.search(r"\b(if|for|while) \(|\btry\b", body):
            inner = text[begin + 1:end - 1]
            if ";" in inner and "{" not in inner and not re.search(r"[\"'];|;[\"']", inner):
                found.append((begin + 1 + inner.rindex(";") + 1, end - 1))
            elif not re.match(r"const (auto|json)", inner):
                found.append((begin + 1, end - 1))
    return found


def mutate():
    mutants = []  # (path, line, condition)
    prefix = ("#include <cstdlib>\nnamespace { [[maybe_unused]] bool rule_is_off(int number) {\n"
              "  static const char* off = std::getenv(\"MICROGPT_RULE_OFF\");\n"
              "  return off != nullptr && std::atoi(off) == number; } }\n")

    def change(path, text):
        for begin, end in reversed(rules(text)):
            condition = text[begin:end]
            number = numbers[path, begin]
            text = text[:begin] + "!rule_is_off(%d) && (%s)" % (number, condition) + text[end:]
        return prefix + '#line 1 "%s"\n' % os.path.join(ROOT, path) + text

    numbers = {}
    for path in sources():
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        for begin, end in rules(text):
            numbers[path, begin] = len(mutants) + 1
            mutants.append((path, text.count("\n", 0, begin) + 1, " ".join(text[begin:end].split())))
    known = {}
    with open(os.path.join(ROOT, "tests/mutants.txt"), encoding="utf-8") as file:
        for row in file:
            if row.strip() and not row.startswith("#"):
                path, condition, reason = (part.strip() for part in row.split(" @ "))
                known[path, condition] = reason

    folder = relink("mutate", ["-O0"], change)
    if run_tests(folder, UNIT + ",cli").returncode != 0:
        sys.exit("the tests fail with every rule in place")

    def judge(number):
        for suites in (UNIT, "cli"):
            try:
                result = run_tests(folder, suites, ["--abort-after=1"], {"MICROGPT_RULE_OFF": str(number)})
            except subprocess.TimeoutExpired:
                return "does not end"
            if result.returncode != 0:
                names = re.findall(r"^TEST CASE:\s+(.*)$", result.stdout, re.MULTILINE)
                return names[0].strip() if names else "crashes"
        return None

    unnoticed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (path, line, condition), name in zip(mutants, pool.map(judge, range(1, len(mutants) + 1))):
            if name is None and (path, condition) in known:
                name = "LISTED: " + known[path, condition]
            unnoticed += name is None
            print("%s:%d: if (%s): %s" % (path, line, condition, name or "NOBODY NOTICED"), flush=True)
    print("%d rules, %d that nobody noticed" % (len(mutants), unnoticed))
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    if sys.argv[1:] == ["coverage"]:
        coverage()
    elif sys.argv[1:] == ["mutate"]:
        mutate()
    else:
        sys.exit(__doc__)
