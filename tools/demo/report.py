"""What happened, as lines while it happens and as a table at the end."""
import json


class Row:
    def __init__(self, title, load=None, took=""):
        self.title = title
        self.load = load
        self.took = took
        self.notes = []
        self.broken = []


class Report:
    def __init__(self, out):
        self._out = out
        self._rows = []

    def say(self, text):
        print(text, file=self._out, flush=True)

    def begin(self, title):
        self._rows.append(Row(title))
        self.say(f"\n== {title}")

    def load(self, result):
        self._rows[-1].load = result
        extra = "".join(f", {count} {word}" for count, word in ((result.resent, "resent"), (result.failovers, "failovers")) if count)
        self.say(f"   load: {result.requests} requests, {result.failed} failed{extra}, p99 {result.p99_ms:.1f} ms, slowest {result.max_ms:.0f} ms")

    def took(self, text):
        self._rows[-1].took = text
        self.say(f"   took: {text}")

    def note(self, text):
        self._rows[-1].notes.append(text)
        self.say(f"   {text}")

    def promise(self, text, held, otherwise=""):
        if held:
            self.say(f"   ok: {text}")
        else:
            self._rows[-1].broken.append(text)
            self.say(f"   BROKEN: {text}" + (f" ({otherwise})" if otherwise else ""))
        return held

    def broken(self):
        return [f"{row.title}: {text}" for row in self._rows for text in row.broken]

    def print_summary(self):
        heading = ("step", "requests", "failed", "resent", "failovers", "p99 ms", "took", "verdict")
        table = [heading]
        for row in self._rows:
            load = row.load
            figures = (load.requests, load.failed, load.resent, load.failovers, f"{load.p99_ms:.1f}") if load else ("-",) * 5
            table.append((row.title, *map(str, figures), row.took or "-", "BROKEN" if row.broken else "ok"))
        widths = [max(len(line[i]) for line in table) for i in range(len(heading))]
        self.say("")
        for number, line in enumerate(table):
            cells = [cell.rjust(width) if 1 <= i <= 5 else cell.ljust(width) for i, (cell, width) in enumerate(zip(line, widths))]
            self.say("  ".join(cells).rstrip())
            if number == 0:
                self.say("  ".join("-" * width for width in widths))
        loads = [row.load for row in self._rows if row.load]
        self.say(f"\n{sum(l.requests for l in loads)} requests in all, {sum(l.failed for l in loads)} failed.")
        self.say("Each request is counted once. It fails when it gets no whole response within 10 s, or a status of 400 and above.\n"
                 "resent: a GET sent again because a kept-alive connection ended before any byte of the response;\n"
                 "failovers: a connect that one agent refused and the next one took.")
        for text in self.broken():
            self.say(f"BROKEN  {text}")
        self.say("Every promise held." if not self.broken() else f"{len(self.broken())} promises were broken.")

    def write_json(self, path):
        rows = [{"step": row.title, "took": row.took, "notes": row.notes, "broken": row.broken,
                 "load": vars(row.load) if row.load else None} for row in self._rows]
        path.write_text(json.dumps({"steps": rows, "broken": self.broken()}, indent=1) + "\n")
