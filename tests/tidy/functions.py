"""Finds C++ functions by their braces, well enough to measure them."""

import re

# What may stand between the parameter list and the body.
_TAIL = re.compile(r"\)\s*((const|noexcept|override|final|mutable|&&?|requires\b[^{};]*|->[^{};]*|\[\[[^\]]*\]\])\s*)*$")
_INITIALIZERS = re.compile(r"\)\s*(noexcept\s*)?:\s*[A-Za-z_][^;]*[)}]\s*$", re.S)
_MEMBERS = re.compile(r"\)\s*(noexcept\s*)?:\s*[A-Za-z_].*[\w>]\s*$", re.S)
_NOT_FUNCTION = re.compile(r"^\s*(if|for|while|switch|catch|do|else|namespace|class|struct|enum|union|extern|return)\b|=\s*$")
_LEAD = re.compile(r"\s*((public|private|protected)\s*:\s*)*")
_NAME = re.compile(r"([~A-Za-z_][\w:~<>, ]*?|operator\s*\S+)\s*\(")


class Function:
    def __init__(self, name, line, code_lines):
        self.name = name
        self.line = line
        self.code_lines = code_lines


def functions(code):
    """Outermost functions of a file, given as blanked lines. A lambda counts to the function around it."""
    text = "\n".join(line if not line.lstrip().startswith("#") else "" for line in code)
    found = []
    head_start = 0    # where the present declaration begins
    parens = 0
    body = None       # braces open since the function's own, when inside one
    member = 0        # braces open within a constructor's list of members
    for at, char in enumerate(text):
        if body is not None:
            body += {"{": 1, "}": -1}.get(char, 0)
            if body == 0:
                found.append(_measure(text, head_start, at))
                head_start, body = at + 1, None
        elif char in "()":
            parens += 1 if char == "(" else -1
        elif parens > 0:
            continue
        elif member > 0:
            member += {"{": 1, "}": -1}.get(char, 0)
        elif char == "{":
            head = text[head_start:at]
            if _opens_function(head):
                body = 1
            elif _MEMBERS.search(head):
                member = 1
            else:
                head_start = at + 1
        elif char in "};":
            head_start = at + 1
    return found


def _opens_function(head):
    head = head.strip()
    if not head or _NOT_FUNCTION.search(re.sub(r"^(template\s*<[^{}]*>\s*|static\s+|inline\s+|public:|private:|protected:)*", "", head)):
        return False
    if _INITIALIZERS.search(head):
        return True
    return "(" in head and _TAIL.search(head) is not None


def _measure(text, start, end):
    head = text[start:end]
    lead = _LEAD.match(head).end()
    first = text.count("\n", 0, start + lead) + 1
    lines = [line for line in text[start + lead:end + 1].split("\n") if line.strip()]
    name = _NAME.search(head)
    return Function(name.group(1).strip() if name else "?", first, len(lines))
