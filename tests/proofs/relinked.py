"""The tests and the program with the sources that read foreign bytes compiled once more: with counters for
coverage.py, with switches for mutate.py. All else is taken from build/dev, which must be up to date."""

import concurrent.futures
import json
import os
import shlex
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEV = os.path.join(ROOT, "build", "dev")
PLACES = ("src/microgpt/io/", "src/microgpt/text/", "src/microgpt/base/file.")
SUITES = ("base,io,text,docs", "cli")  # the tests that have to do with them, the quick ones first
# They count bytes, and counters and switches take some.
LEFT_OUT = "info: no file makes it take more than*,eval: a stream takes little more memory*"


def commands(places=PLACES):
    """The compile commands of what is there as lists of words, by path in the repository."""
    with open(os.path.join(DEV, "compile_commands.json"), encoding="utf-8") as file:
        entries = {os.path.relpath(entry["file"], ROOT): shlex.split(entry["command"]) for entry in json.load(file)}
    return {path: words for path, words in sorted(entries.items()) if path.startswith(places)}


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def listed(path):
    """The rows of a list, whose parts stand between @."""
    rows = [row for row in text_of(path).splitlines() if row.strip() and not row.startswith("#")]
    return [[part.strip() for part in row.split(" @ ")] for row in rows]


def link_command(target):
    """The words of the command by which Ninja links a target of build/dev."""
    listing = subprocess.run(["ninja", "-C", DEV, "-t", "commands", target], check=True, capture_output=True, text=True)
    # The last line is ": && c++ ... -o target ... && what is done after that".
    for command in listing.stdout.splitlines()[-1].split(" && "):
        words = shlex.split(command)
        if "-o" in words and words[words.index("-o") + 1] == target:
            return words
    sys.exit("Ninja has no command that links " + target)


def relink(name, flags, change=None, compiler=None, tests=()):
    """Compiles every source, or change(path, text) of it, and the tests in some places, and links tests and program
    with that. Returns the folder."""
    folder = os.path.join(ROOT, "build", name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)

    def compile_one(item):
        path, words = item
        source = os.path.join(folder, path.replace("/", "_"))
        words = list(words)
        at = 0 if words[1].startswith("-") else 1  # behind ccache or the like
        words[at] = compiler or words[at]
        replaced = words[words.index("-o") + 1]
        words[words.index("-o") + 1] = source + ".o"
        if change is not None:
            with open(source, "w", encoding="utf-8") as file:
                file.write(change(path, text_of(path)))
            words[words.index("-c") + 1] = source
        subprocess.run(words + ["-w"] + flags, cwd=folder, check=True)
        return replaced, source + ".o"

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = [ours for _, ours in pool.map(compile_one, commands().items())]
        of_tests = dict(pool.map(compile_one, commands(tuple(tests)).items()))
    library = os.path.join(folder, "libmicrogpt.a")
    shutil.copy(os.path.join(DEV, "libmicrogpt.a"), library)
    subprocess.run(["ar", "d", library] + [os.path.basename(path) + ".o" for path in commands()], check=True)
    for target in ("tests/microgpt_tests", "microgpt"):
        words = link_command(target)
        words[0] = compiler or words[0]
        words[words.index("-o") + 1] = os.path.join(folder, os.path.basename(target))
        words = [library if word == "libmicrogpt.a" else of_tests.get(word, word) for word in words]
        # Ours first: of an inline function in a header the linker takes the first it meets.
        subprocess.run(words[:1] + objects + words[1:] + flags, cwd=DEV, check=True)
    return folder


def run_tests(folder, suites, options, environment, timeout=1800):
    variables = {**os.environ, "MICROGPT_TEST_PROGRAM": os.path.join(folder, "microgpt"), **environment}
    command = [os.path.join(folder, "microgpt_tests"), "--no-version", "--test-suite=" + suites,
               "--test-case-exclude=" + LEFT_OUT, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", timeout=timeout,
                          check=False, env=variables)


def tool(name):
    found = shutil.which(name) or shutil.which(name + "-14")
    if found is None:
        sys.exit(name + " is not installed")
    return found
