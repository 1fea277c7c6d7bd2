"""The house rules. Each is a function Tree -> list of Finding, and each message says what to do about it."""

import posixpath
import re
from collections import namedtuple

import rooms
from functions import functions

Finding = namedtuple("Finding", "path line text")

MAX_FILE_LINES = 600
TARGET_FILE_LINES = 250
MAX_FUNCTION_LINES = 60
MAX_COLUMNS = 160


def room_of(path, known=None):
    """The longest known room that holds `path`, or None."""
    known = rooms.ARROWS if known is None else known
    folder = posixpath.dirname(path)
    while folder:
        if folder in known:
            return None if folder in rooms.EXACT and folder != posixpath.dirname(path) else folder
        folder = posixpath.dirname(folder)
    return None


def _allowed(row, target):
    return any(target == a or (a.endswith("/*") and target.startswith(a[:-1])) for a in row)


def include_direction(tree):
    out = []
    for source in tree.cxx():
        home = room_of(source.path)
        if home is None:
            out.append(Finding(source.path, 1, "is in no known room: add its folder to ARROWS in tests/tidy/rooms.py, or move the file"))
            continue
        for line, what in source.includes():
            target = room_of(what)
            if target is None or target == home or posixpath.dirname(what) == posixpath.dirname(source.path):
                continue
            if not _allowed(rooms.ARROWS[home], target):
                out.append(Finding(source.path, line, f"{home} includes {target} ({what}), against the arrows: move the shared part down "
                                   "(common), pass it in as an interface, or, if the arrow is right, add it to ARROWS in tests/tidy/rooms.py"))
    return out


def one_home_per_header(tree):
    out = []
    for source in tree.cxx():
        place = source.path.removeprefix("tests/unit/")
        for line, what in source.includes():
            for pattern, name, homes, remedy in rooms.HEADERS:
                if re.match(pattern, what) and not any(source.path.startswith(h) or place.startswith(h) for h in homes):
                    where = ", ".join(homes) or "nowhere"
                    out.append(Finding(source.path, line, f"{name} ({what}) is at home in {where} only: {remedy}"))
    return out


def purity(tree):
    out = []
    for source in tree.cxx():
        if room_of(source.path) not in rooms.PURE:
            continue
        for number, line in enumerate(source.lines, 1):
            for pattern, remedy in rooms.IMPURE:
                code = line if line.lstrip().startswith("#") else source.code[number - 1]
                if re.search(pattern, code):
                    out.append(Finding(source.path, number, f"{room_of(source.path)} is a pure room: {remedy}"))
    return out


def file_size(tree):
    return [Finding(s.path, MAX_FILE_LINES, f"has {len(s.lines)} lines, more than {MAX_FILE_LINES} (aim for {TARGET_FILE_LINES}): "
                    "split it by idea, one concept per file") for s in tree.cxx() if len(s.lines) > MAX_FILE_LINES]


def function_size(tree):
    out = []
    for source in tree.cxx():
        for f in functions(source.code):
            if f.code_lines > MAX_FUNCTION_LINES:
                out.append(Finding(source.path, f.line, f"{f.name} has {f.code_lines} code lines, more than {MAX_FUNCTION_LINES}: "
                                   "name its steps and make each a function"))
    return out


# (pattern, exempt path prefixes, remedy). Searched in code, without comments and literals.
BANNED = [
    (r"\b(sleep|usleep|nanosleep|sleep_for|sleep_until)\s*\(", ["common/base/"],
     "wait for a condition with a deadline (tests/harness/deadline.h, a future, a timer of the loop), not for time"),
    (r"_clock::now\s*\(", ["common/base/"], "take a Clock& (common/base/clock.h) or a time point"),
]
HEADER_BANNED = [(r"\busing\s+namespace\b", "name what you use; a header must not open a namespace for its readers")]
# Searched in whole lines of every text file; assembled so that this file does not find itself.
MARKS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
MACHINE_PATHS = re.compile(r"(?<![\w.~})-])/(" + "work|" + "home" + r")/\w")
TEXT = (".h", ".cc", ".proto", ".py", ".cmake", ".md", ".yaml", ".json", ".txt")


def banned_code(tree):
    out = []
    for source in tree.cxx():
        rows = [(p, r) for p, exempt, r in BANNED if not source.path.startswith(tuple(exempt))]
        rows += HEADER_BANNED if source.is_header else []
        for number, line in enumerate(source.code, 1):
            out += [Finding(source.path, number, f"{line.strip()[:60]}: {remedy}") for pattern, remedy in rows if re.search(pattern, line)]
    return out


def banned_text(tree):
    out = []
    for source in tree.files.values():
        if not source.path.endswith(TEXT):
            continue
        for number, line in enumerate(source.lines, 1):
            if MARKS.search(line):
                out.append(Finding(source.path, number, "leaves a mark for later: do it now, or open an issue and delete the mark"))
            if MACHINE_PATHS.search(line):
                out.append(Finding(source.path, number, "names a path of one machine: use a relative path, an option or a default directory"))
            if source.path.endswith((".h", ".cc", ".proto", ".py")) and len(line) > MAX_COLUMNS:
                out.append(Finding(source.path, number, f"is {len(line)} columns wide, more than {MAX_COLUMNS}: break the line"))
    return out


def header_shape(tree):
    out = []
    for source in tree.cxx():
        if not source.is_header:
            continue
        if not re.search(r"^#pragma once$", source.text, re.M):
            out.append(Finding(source.path, 1, "has no include guard: add `#pragma once` after the opening comment"))
        if not source.lines or not re.match(r"// \S.*[a-z]", source.lines[0]):
            out.append(Finding(source.path, 1, "does not open with prose: say in a comment on line 1 what this is, then thread-safety, units, "
                               "bounds, errors, sources"))
    return out


def listed_in_cmake(tree):
    """Every .cc is named, relative to its folder, in a CMakeLists.txt of its folder or one above."""
    words = {}
    for path, source in tree.files.items():
        if posixpath.basename(path) == "CMakeLists.txt":
            text = "\n".join(line.split("#")[0] for line in source.lines)
            words[posixpath.dirname(path)] = set(re.findall(r"[\w./-]+", text))
    out = []
    for source in tree.cxx():
        if source.path.endswith(".cc") and not _named(source.path, words):
            kind = "test" if source.path.endswith(("_test.cc", "_fuzz.cc")) else "source"
            out.append(Finding(source.path, 1, f"this {kind} is in no CMakeLists.txt, so it is never compiled: list it, or delete it"))
    return out


def _named(path, words):
    folder = posixpath.dirname(path)
    while True:
        relative = posixpath.relpath(path, folder or ".")
        if {relative, relative.removesuffix(".cc"), relative.removesuffix("_fuzz.cc")} & words.get(folder, set()):
            return True
        if not folder:
            return False
        folder = posixpath.dirname(folder)


# (source, pattern of the words in it, document, form in the document, remedy)
DOCUMENTED = [
    ("common/base/cause.cc", r'\{Cause::k\w+, "(\w+)", Side::k(?!None)', "docs/operations.md", "| `{}` |", "add a row to its table of causes"),
    ("tools/yardctl/exit_code.h", r"\bk\w+ = (\d+),", "docs/yardctl.md", "| {} |", "add a row to its table of exit codes"),
]


def words_are_documented(tree):
    """Closed vocabularies that people look up stand in the documents."""
    out = []
    for path, pattern, document, form, remedy in DOCUMENTED:
        if path not in tree.files:
            continue
        text = tree.files[document].text if document in tree.files else ""
        for number, line in enumerate(tree.files[path].lines, 1):
            out += [Finding(path, number, f"{word} is not in {document}: {remedy}")
                    for word in re.findall(pattern, line) if form.format(word) not in text]
    return out


MAP_FILE = "ARCHITECTURE.md"
_MAP_LINE = re.compile(r"^([\w.-]+(?:/[\w.-]+)*)/(?:\s|$)")


def map_equals_folders(tree):
    """The fenced block under "Map of rooms" names every folder that has a CMakeLists.txt, and none that is not there."""
    if MAP_FILE not in tree.files:
        return [Finding(MAP_FILE, 1, "is missing: write it, with a section `Map of rooms`")]
    named, inside, fenced = {}, False, False
    for number, line in enumerate(tree.files[MAP_FILE].lines, 1):
        if line.startswith("#"):
            inside = "map of rooms" in line.lower()
        elif line.startswith("```"):
            fenced = not fenced
        elif inside and fenced and (m := _MAP_LINE.match(line)):
            named[m.group(1)] = number
    actual = tree.rooms()
    out = [Finding(MAP_FILE, n, f"maps {room}/, which is not there: delete the line") for room, n in named.items()
           if not any(path.startswith(room + "/") for path in tree.files)]
    return out + [Finding(room + "/CMakeLists.txt", 1, f"room {room}/ is not on the map: add a line to `Map of rooms` in {MAP_FILE}")
                  for room in actual if room not in named]


ALL = [include_direction, one_home_per_header, purity, file_size, function_size, banned_code, banned_text, header_shape, listed_in_cmake,
       words_are_documented, map_equals_folders]
