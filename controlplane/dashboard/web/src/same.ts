// Keeps of an older value what the newer one has unchanged, so that who compares objects by identity sees what has changed. Pure.
//
// Rows of a list are compared with the row of the same name, wherever it stands now. Cost: one walk over the newer value.

type Tree = Record<string, unknown>;

// What names a row, in the messages that come as lists.
const kNames = ["key", "name", "node", "backend", "generation"];

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(rows: unknown[]): string | undefined {
  const first = rows[0];
  return isTree(first) ? kNames.find((key) => key in first) : undefined;
}

function keepRows(before: unknown[], after: unknown[]): unknown[] {
  const name = nameOf(after);
  let same = before.length === after.length;
  const known = new Map<unknown, unknown>();
  if (name) for (const row of before) if (isTree(row)) known.set(row[name], row);
  const out = after.map((row, at) => {
    const beside = before[at];
    const older = name && isTree(row) && isTree(beside) && beside[name] !== row[name] ? known.get(row[name]) : beside;
    const kept = keep(older, row);
    if (kept !== beside) same = false;
    return kept;
  });
  return same ? before : out;
}

export function keepSame<T>(before: T | undefined, after: T): T {
  return keep(before, after) as T;
}

function keep(before: unknown, after: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(after)) return keepRows(before, after);
  if (!isTree(before) || !isTree(after)) return after;
  const keys = Object.keys(after);
  let same = keys.length === Object.keys(before).length;
  for (const key of keys) {
    const kept = keep(before[key], after[key]);
    after[key] = kept;
    if (kept !== before[key] || !(key in before)) same = false;
  }
  return same ? before : after;
}
