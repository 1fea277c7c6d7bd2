// The lines in which two texts differ, in order. Pure.
//
// What is equal at both ends is cut off; the middle is compared by the longest common subsequence where its table stays small, and shown as
// removed and added as a whole where it would not: a diff of 10,000 lines stays quick.

export type Line = { kind: "same" | "added" | "removed"; text: string; before?: number; after?: number } | { kind: "skip"; count: number };

const kMaxCells = 2_000_000;

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function middle(a: string[], b: string[], offset: number): Line[] {
  const out: Line[] = [];
  const removed = (i: number) => out.push({ kind: "removed", text: a[i]!, before: offset + i + 1 });
  const added = (j: number) => out.push({ kind: "added", text: b[j]!, after: offset + j + 1 });
  if (a.length * b.length > kMaxCells) {
    a.forEach((_, i) => removed(i));
    b.forEach((_, j) => added(j));
    return out;
  }
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; --i) {
    for (let j = b.length - 1; j >= 0; --j) {
      table[i * width + j] = a[i] === b[j] ? table[(i + 1) * width + j + 1]! + 1 : Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!);
    }
  }
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      out.push({ kind: "same", text: a[i]!, before: offset + i + 1, after: offset + j + 1 });
      ++i;
      ++j;
    } else if (table[(i + 1) * width + j]! >= table[i * width + j + 1]!) removed(i++);
    else added(j++);
  }
  while (i < a.length) removed(i++);
  while (j < b.length) added(j++);
  return out;
}

export function diffLines(before: string, after: string, context = 3): Line[] {
  const a = linesOf(before);
  const b = linesOf(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) ++head;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) ++tail;
  const all: Line[] = a.slice(0, head).map((text, i) => ({ kind: "same", text, before: i + 1, after: i + 1 }));
  all.push(...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), head));
  for (let i = tail; i > 0; --i) all.push({ kind: "same", text: a[a.length - i]!, before: a.length - i + 1, after: b.length - i + 1 });
  return fold(all, context);
}

// Leaves out what is the same, far from any change.
function fold(lines: Line[], context: number): Line[] {
  const near = new Uint8Array(lines.length);
  lines.forEach((line, at) => {
    if (line.kind === "same") return;
    for (let i = Math.max(0, at - context); i <= Math.min(lines.length - 1, at + context); ++i) near[i] = 1;
  });
  const out: Line[] = [];
  lines.forEach((line, at) => {
    const last = out.at(-1);
    if (near[at]) out.push(line);
    else if (last?.kind === "skip") ++last.count;
    else out.push({ kind: "skip", count: 1 });
  });
  return out;
}
