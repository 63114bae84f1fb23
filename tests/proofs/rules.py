"""Finds the validation rules in C++ sources and puts a switch at each.

A rule is, each by itself:
  refuse   a part (of those that || joins) of a condition that guards nothing but a refusal, by throw, refuse(...) or
           unexpected(), or the giving up of something, by continue, break, or return of nothing
  always   a refusal at the end of a way on which all that is accepted has left
  require  a condition that must hold, from conditions.txt, for those have no common look
  bound    the least or the greatest value of a key of the config
"""

import re
from collections import namedtuple

Rule = namedtuple("Rule", "kind path line text")

# What the changed sources ask at every rule. MICROGPT_RULE_OFF is the number of the one that is taken away; in the
# file MICROGPT_RULE_LOG, a line each, stand those that had something to refuse.
RUNTIME = r"""
#include <fcntl.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>
namespace microgpt_rules {
static const char* const off = std::getenv("MICROGPT_RULE_OFF");
static const int off_number = off != nullptr ? std::atoi(off) : 0;
static const char* const log = std::getenv("MICROGPT_RULE_LOG");
// Open from the start, for there are tests in which nothing can be opened.
static const int log_fd = log != nullptr ? ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
[[maybe_unused]] static bool refuses(int number, bool refused) {
  static std::atomic<bool> logged[1000];
  if (refused && log != nullptr && !logged[number].exchange(true)) {
    const int before = errno;
    const std::string line = std::to_string(number) + "\n";
    if (::write(log_fd, line.data(), line.size()) < 0) std::abort();
    errno = before;
  }
  return refused && number != off_number;
}
template <class N>
[[maybe_unused]] static void widen(int number, bool outside, N& limit, N value) {
  if (outside && !refuses(number, true)) limit = value;
}
}
"""

REFUSAL = r"(?:throw\b(?!\s*;)|refuse\w*\(|unexpected\(\))"
GIVES_UP = r"(?:continue|break|return(?: (?:false|std::nullopt|[\w:]*npos))?);"


def masked(text):
    """The same text with comments and the insides of strings and characters blank, so that brackets count."""
    pattern = r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"

    def blank(match):
        found = match.group()
        return re.sub(r"[^\n]", " ", found) if found[0] == "/" else found[0] + "_" * (len(found) - 2) + found[0]

    return re.sub(pattern, blank, text, flags=re.DOTALL)


def close(code, at):
    """Behind the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(code)):
        depth += (code[i] in "({[") - (code[i] in ")}]")
        if depth == 0:
            return i + 1
    raise ValueError("unbalanced")


def split(code, begin, end, separator):
    """(begin, end) of the pieces of code[begin:end] between the separators outside all brackets, without space."""
    found, depth, start = [], 0, begin
    for i in range(begin, end):
        depth += (code[i] in "({[") - (code[i] in ")}]")
        if depth == 0 and code.startswith(separator, i):
            found.append((start, i))
            start = i + len(separator)
        elif depth == 0 and code[i] == "?":
            return [(begin, end)]
    pieces = [(first + len(code[first:last]) - len(code[first:last].lstrip()), last) for first, last
              in found + [(start, end)]]
    return [(first, first + len(code[first:last].rstrip())) for first, last in pieces]


def guards(code):
    """(begin, end, kind) of every rule of the kinds refuse and always."""
    taken = []  # what is a rule already, or the words of a refusal
    for match in re.finditer(r"\b(?:refuse\w*|refusal|unexpected|twice)\([^;{}]*\)[^;{}()]*\{", code):
        taken.append((match.end() - 1, close(code, match.end() - 1)))
    found = []
    for match in re.finditer(r"\bif \(", code):
        begin = match.end() - 1
        end = close(code, begin)
        body = end + len(code[end:]) - len(code[end:].lstrip())
        body_end = close(code, body) if code[body] == "{" else code.index(";", body) + 1
        inside = code[body:body_end]
        gives_up = re.fullmatch(r"\{?\s*" + GIVES_UP + r"\s*\}?", inside)
        if not gives_up and (not re.search(REFUSAL, inside) or re.search(r"\b(?:if|for|while) \(|\btry\b", inside)):
            continue
        condition = split(code, begin + 1, end - 1, ";")[-1]  # behind what it declares
        if re.match(r"const (?:auto|json)", code[slice(*condition)]):
            continue
        taken.append((body, body_end))
        found += [(*part, "refuse") for part in split(code, *condition, "||")]
    for match in re.finditer(r"(?:(?<=[;{})])|(?<=[^:]:))\s*\b(" + REFUSAL + r")|\belse\s+(" + REFUSAL + ")", code):
        begin = max(match.start(1), match.start(2))
        if not any(first <= begin < last for first, last in taken):
            found.append((begin, code.index(";", begin) + 1, "always"))
    return found


def only(text, part, what):
    if text.count(part) != 1:
        raise SystemExit("not once in %s: %s" % (what, part))
    return text.index(part)


def listed(path, text, conditions):
    """(begin, end, kind) of every rule of conditions.txt."""
    found = []
    for where, code, kind, condition in conditions:
        if where == path:
            at = only(text, code, path) + only(code, condition, "a line of conditions.txt")
            found.append((at, at + len(condition), kind))
    return found


def bounds(path, text, first):
    """The rules of the kind bound, numbered from `first`, and the function that widens them."""
    rules = []
    body = ""
    for match in re.finditer(r"v\.(?:whole|real)\(\s*(\"[\w.]+\"), [\w.]+,([^;]*?),\s*\"", text):
        for which, limit in zip(("low", "high"), match.group(2).split(",")):
            limit = limit.strip()
            if limit in ("0", "std::uint64_t{0}", "std::numeric_limits<std::uint64_t>::max()"):
                continue  # of whole numbers: the type's own, or the one rule in the reader for all
            line = text.count("\n", 0, match.start()) + 1
            body += "  if (key == %s) widen(%d, number %s %s, %s, std::numeric_limits<N>::%s());\n" % (
                match.group(1), first + len(rules), "<" if which == "low" else ">", which, which,
                "max" if which == "high" else "lowest")
            rules.append(Rule("bound", path, line, "%s: %s %s" % (match.group(1).strip('"'), which, limit)))
    return rules, ("#include <limits>\nnamespace microgpt_rules {\ntemplate <class N>\n"
                   "static void widen_bounds(const std::string& key, double number, N& low, N& high) {\n"
                   + body + "}\n}\n")


def switched(path, text, conditions, first, root):
    """The source with a switch at each of its rules, which are numbered from `first`; and the rules."""
    rules = []
    changed = []
    for begin, end, kind in sorted(guards(masked(text)) + listed(path, text, conditions)):
        number = first + len(rules)
        code = text[begin:end]
        rules.append(Rule(kind, path, text.count("\n", 0, begin) + 1, " ".join(code.split())))
        form = {"refuse": "microgpt_rules::refuses(%d, static_cast<bool>(%s))",
                "require": "!microgpt_rules::refuses(%d, !static_cast<bool>(%s))",
                "always": "if (microgpt_rules::refuses(%d, true)) %s"}[kind]
        changed.append((begin, end, form % (number, code)))
    head = RUNTIME
    more = []  # the bounds are widened where they are compared, so that config_keys_table() keeps them
    if path.endswith("/run_config.cpp"):
        keys = path.replace("run_config.cpp", "config_keys.hpp")
        with open("%s/%s" % (root, keys), encoding="utf-8") as file:
            more, function = bounds(keys, file.read(), first + len(rules))
        head += function
        for found, before in (("found.", "if (!found.is_number_unsigned()"), ("found->", "if (!found->is_number())")):
            at = only(text, before, path)
            widen = "if (%sis_number()) microgpt_rules::widen_bounds(key, %sget<double>(), low, high); " % (found, found)
            changed.append((at, at, widen))
    for begin, end, new in sorted(changed, reverse=True):
        text = text[:begin] + new + text[end:]
    return head + '#line 1 "%s/%s"\n' % (root, path) + text, rules + more
