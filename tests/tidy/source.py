"""Files as the rules see them: text, code without comments and strings, and the room they live in."""

import os
import re

SKIPPED_FOLDERS = {"build", ".git", ".cache", "node_modules", "__pycache__", "corpus", "data"}
CXX = (".h", ".cc")

# Comments, string and character literals, raw strings; a digit separator (1'000) is no character literal.
_TOKENS = re.compile(
    r'R"(?P<tag>[^()\\ ]{0,16})\(.*?\)(?P=tag)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)
_INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


class Source:
    """One file. `lines` are as written; `code` are the same lines with comments and the insides of literals blanked."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()

    @property
    def code(self):
        if not hasattr(self, "_code"):
            self._code = blanked(self.text).split("\n")
        return self._code

    @property
    def is_cxx(self):
        return self.path.endswith(CXX)

    @property
    def is_header(self):
        return self.path.endswith(".h")

    def includes(self):
        """(line number, what) of every include."""
        return [(n, m.group(1)) for n, line in enumerate(self.lines, 1) if (m := _INCLUDE.match(line))]


def blanked(text):
    """Comments become spaces and literals empty quotes; line breaks stay, so that line numbers hold."""

    def blank(match):
        token = match.group(0)
        breaks = "\n" * token.count("\n")
        if token.startswith(("//", "/*")):
            return " " + breaks
        return token[-1] + breaks + token[-1]

    return _TOKENS.sub(blank, text)


class Tree:
    """The repository: its files and folders, path by path from the root."""

    def __init__(self, files):
        self.files = {path: Source(path, text) for path, text in files.items()}

    @classmethod
    def load(cls, root):
        files = {}
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
            for name in sorted(names):
                full = os.path.join(folder, name)
                try:
                    with open(full, encoding="utf-8") as handle:
                        files[os.path.relpath(full, root)] = handle.read()
                except (UnicodeDecodeError, OSError):
                    continue  # binary, or gone in the meantime
        return cls(files)

    def cxx(self):
        return [s for s in self.files.values() if s.is_cxx]

    def rooms(self):
        """Folders with a CMakeLists.txt, below the fixed top level."""
        return sorted(os.path.dirname(p) for p in self.files if p.endswith("/CMakeLists.txt"))
