// Small parts that several pages use.
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { ApiError, get, messageOf } from "./api";
import { diffLines } from "./diff";
import type { ResourceDiff, Violation } from "./types";

export type Tone = "good" | "warn" | "bad" | "plain";

export const kSigns: Record<Tone, string> = { good: "✓", warn: "▲", bad: "✕", plain: "·" };

// Never by colour alone: a sign and a word come with it.
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`badge ${tone}`}><span aria-hidden="true">{kSigns[tone]}</span> {children}</span>;
}

export function Tile({ label, value, note, tone = "plain", href }: { label: string; value: ReactNode; note?: ReactNode; tone?: Tone; href?: string }) {
  return (
    <div className={`tile ${tone}`}>
      <dt>{label}</dt>
      <dd className="tile-value">{value}</dd>
      <dd className="tile-note">{note}{href ? <a className="cover" href={href} aria-label={`${label}: open`} /> : null}</dd>
    </div>
  );
}

export function Card({ title, aside, children, className = "" }: { title: string; aside?: ReactNode; children: ReactNode; className?: string }) {
  const id = `card-${title.replace(/\W+/g, "-").toLowerCase()}`;
  return (
    <section className={`card ${className}`} aria-labelledby={id}>
      <header><h2 id={id}>{title}</h2>{aside ? <div className="aside">{aside}</div> : null}</header>
      {children}
    </section>
  );
}

export function Failure({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <div className="failure" role="alert">
      <p>{messageOf(error)}</p>
      {error instanceof ApiError ? <Violations of={error.violations} total={error.total} /> : null}
    </div>
  );
}

export function Violations({ of, total = of.length }: { of: Violation[]; total?: number }) {
  if (!of.length) return null;
  return (
    <ul className="violations">
      {of.slice(0, 100).map((violation, at) => (
        <li key={at}>
          {violation.resource ? <strong>{violation.resource.kind}/{violation.resource.name}</strong> : null} {violation.field ? <code>{violation.field}</code> : null}
          {violation.line ? <span className="muted"> line {violation.line}, column {violation.column}</span> : null}: {violation.reason}
        </li>
      ))}
      {total > Math.min(of.length, 100) ? <li className="muted">and {total - Math.min(of.length, 100)} more</li> : null}
    </ul>
  );
}

export function Loading({ what }: { what: string }) {
  return <p className="empty" role="status">Loading {what}…</p>;
}

// Something read once, and again whenever `key` changes. What was there before stays until the new one is.
export function useRead<T>(path: string, query: Record<string, string | number | boolean> = {}, key: unknown = 0): { value: T | undefined; error: unknown } {
  const [state, setState] = useState<{ value: T | undefined; error: unknown }>({ value: undefined, error: undefined });
  const text = JSON.stringify(query);
  useEffect(() => {
    if (!path) return;
    const abort = new AbortController();
    get<T>(path, JSON.parse(text) as Record<string, string>, abort.signal)
      .then((value) => setState({ value, error: undefined }))
      .catch((error: unknown) => {
        if (!abort.signal.aborted) setState((old) => ({ value: old.value, error }));
      });
    return () => abort.abort();
  }, [path, text, key]);
  return state;
}

export function Diffs({ diffs, total = diffs.length }: { diffs: ResourceDiff[]; total?: number }) {
  if (!diffs.length) return <p className="empty">Nothing differs.</p>;
  return (
    <div className="diffs">
      {diffs.map((diff) => <DiffOf key={`${diff.key.kind}/${diff.key.name}`} diff={diff} open={diffs.length <= 8} />)}
      {total > diffs.length ? <p className="muted">and {total - diffs.length} more resources: <code>yardctl diff</code> shows them all</p> : null}
    </div>
  );
}

const kMostLines = 400;

function DiffOf({ diff, open }: { diff: ResourceDiff; open: boolean }) {
  const [shown, setShown] = useState(open);
  const [all, setAll] = useState(false);
  const verb = !diff.before && !diff.before_unknown ? "created" : !diff.after ? "deleted" : "updated";
  // Figures around it are new every second; the texts are not.
  const lines = useMemo(() => (shown ? diffLines(diff.before, diff.after) : []), [shown, diff]);
  const cut = all ? lines : lines.slice(0, kMostLines);
  return (
    <details className="diff" open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <strong>{diff.key.kind}/{diff.key.name}</strong> <span className={`verb ${verb}`}>{verb}</span>
        <span className="added">+{diff.added}</span> <span className="removed">−{diff.removed}</span>
      </summary>
      {diff.before_unknown ? <p className="muted">How it was before is no longer in the history.</p> : null}
      <div className="diff-lines" role="group" aria-label={`Lines of ${diff.key.kind}/${diff.key.name}`} tabIndex={0}>
        {cut.map((line, at) => line.kind === "skip"
          ? <div key={at} className="line skip">⋯ {line.count} lines are the same</div>
          : <div key={at} className={`line ${line.kind}`}><span className="mark">{line.kind === "added" ? "+" : line.kind === "removed" ? "−" : " "}</span>{line.text}</div>)}
      </div>
      {lines.length > cut.length ? <button type="button" onClick={() => setAll(true)}>Show {lines.length - cut.length} more lines</button> : null}
    </details>
  );
}

// A question over the page. Escape and the button close it; the focus stays within while it is open.
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  return (
    <dialog ref={element} aria-label={title} onClose={onClose} onCancel={onClose}>
      <header><h2>{title}</h2><button type="button" className="quiet" aria-label="Close" onClick={onClose}>✕</button></header>
      {children}
    </dialog>
  );
}

export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  return (
    <button type="button" onClick={() => void navigator.clipboard.writeText(text).then(() => setDone(true))}>
      {done ? "Copied" : label}
    </button>
  );
}
