// Changes: what was committed, by whom and why; what differs; going back; and applying from the page, always with a dry run first.
import { useEffect, useState } from "react";
import { get, post } from "../api";
import { ago, clock, word } from "../format";
import { List } from "../list";
import { useLive } from "../live";
import type { ApplyResponse, DiffResponse, HistoryEntry, HistoryResponse, Me, Overview, StatusResponse } from "../types";
import { Badge, Card, Dialog, Diffs, Failure, Loading, Violations, useRead } from "../widgets";

export function ChangesPage({ generation, me }: { generation: number; me: Me }) {
  const overview = useLive<Overview>("/api/overview");
  const newest = overview?.generation ?? 0;
  const [back, setBack] = useState(0);
  const [applying, setApplying] = useState(false);
  const mayChange = me.level >= 2;
  return (
    <>
      <div className="title-row">
        <h1>Changes</h1>
        {mayChange ? <button type="button" className="primary" onClick={() => setApplying(true)}>Apply a change…</button> : null}
      </div>
      {generation ? <OneChange key={generation} generation={generation} newest={newest} onBack={mayChange ? () => setBack(generation) : undefined} /> : null}
      <HistoryCard newest={newest} chosen={generation} />
      {back ? <RollbackDialog generation={back} newest={newest} onClose={() => setBack(0)} /> : null}
      {applying ? <ApplyDialog onClose={() => setApplying(false)} /> : null}
    </>
  );
}

function summaryOf(entry: HistoryEntry): string {
  const changes = entry.changes;
  if (changes.length <= 3) return changes.map((change) => `${word(change.action)} ${change.key.kind}/${change.key.name}`).join(", ");
  return `${changes.length} resources`;
}

function HistoryCard({ newest, chosen }: { newest: number; chosen: number }) {
  const first = useRead<HistoryResponse>("/api/history", { page_size: 200 }, newest);
  const [more, setMore] = useState<HistoryEntry[]>([]);
  const [token, setToken] = useState("");
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    setMore([]);
    setToken(first.value?.next_page_token ?? "");
  }, [first.value]);
  if (!first.value) return first.error ? <Failure error={first.error} /> : <Loading what="the history" />;
  const entries = [...first.value.entries, ...more];
  const load = () => {
    get<HistoryResponse>("/api/history", { page_size: 200, page_token: token })
      .then((page) => {
        setMore((old) => [...old, ...page.entries]);
        setToken(page.next_page_token);
      })
      .catch(setError);
  };
  return (
    <Card title="History">
      <List label="Changes, newest first" rows={entries} keyOf={(entry) => String(entry.generation)} opened={String(chosen)} most={12}
        onOpen={(entry) => { location.hash = `#/changes/${entry.generation}`; }}
        empty="Nothing was ever committed. Apply a first configuration with the button above."
        columns={[
          { key: "generation", title: "Generation", width: "5.6rem", cell: (entry) => <a href={`#/changes/${entry.generation}`}>g{entry.generation}</a> },
          { key: "time", title: "When", width: "minmax(5rem, 7rem)", middle: true, cell: (entry) => <time dateTime={entry.time} title={clock(entry.time)}>{ago(entry.time)}</time> },
          { key: "author", title: "Who", width: "minmax(4rem, 1fr)", cell: (entry) => entry.author },
          { key: "what", title: "What", width: "minmax(8rem, 3fr)", wide: true, cell: (entry) => <span title={summaryOf(entry)}>{summaryOf(entry)}</span> },
          { key: "why", title: "Why", width: "minmax(6rem, 2fr)", cell: (entry) => <span title={entry.reason}>{entry.reason || <span className="muted">no reason given</span>}</span> },
        ]} />
      <Failure error={error} />
      {token ? <button type="button" onClick={load}>Load earlier ones</button> : null}
    </Card>
  );
}

function OneChange({ generation, newest, onBack }: { generation: number; newest: number; onBack: (() => void) | undefined }) {
  const [from, setFrom] = useState(generation - 1);
  const diff = useRead<DiffResponse>("/api/diff", from > 0 ? { from, to: generation } : { to: generation });
  const history = useRead<HistoryResponse>("/api/history", { generation });
  const status = useRead<StatusResponse>("/api/status", { generation }, newest);
  const entry = history.value?.entries[0];
  const convergence = status.value?.convergence;
  return (
    <Card title={`Generation ${generation}`} aside={<a href="#/changes">Close</a>}>
      <Failure error={history.error ?? diff.error} />
      {entry ? (
        <p>
          Committed <time dateTime={entry.time} title={clock(entry.time)}>{ago(entry.time)}</time> by <strong>{entry.author}</strong>{entry.reason ? <>: {entry.reason}</> : null}.{" "}
          {convergence ? <>Live on {convergence.applied} of {convergence.total} connected agents. {convergence.complete ? <Badge tone="good">converged</Badge> : <Badge tone="warn">not everywhere</Badge>}</> : null}
        </p>
      ) : null}
      {convergence && !convergence.complete && convergence.laggards.length ? (
        <ul className="violations">
          {convergence.laggards.slice(0, 20).map((laggard) => (
            <li key={laggard.node}><a href={`#/agents/${encodeURIComponent(laggard.node)}`}>{laggard.node}</a> {word(laggard.state)}, serves g{laggard.applied_generation}<Violations of={laggard.violations} /></li>
          ))}
        </ul>
      ) : null}
      <div className="row">
        <label>Compare with generation<input type="number" min={1} max={Math.max(1, generation - 1)} value={from > 0 ? from : ""} onChange={(event) => setFrom(Math.min(generation - 1, Number(event.currentTarget.value) || 0))} /></label>
        {onBack && newest > generation ? <button type="button" onClick={onBack}>Roll back to g{generation}…</button> : null}
      </div>
      {diff.value ? <Diffs diffs={diff.value.diffs} total={diff.value.total} /> : diff.error ? null : <Loading what="what differs" />}
    </Card>
  );
}

// What was looked at is what is carried out: a change that comes in between makes it fail instead. A dry run says which generation it would make.
function expectedBy(plan: ApplyResponse | undefined): number {
  return (plan?.generation ?? 0) - (plan?.diffs.length ? 1 : 0);
}

function RollbackDialog({ generation, newest, onClose }: { generation: number; newest: number; onClose: () => void }) {
  const [plan, setPlan] = useState<ApplyResponse>();
  const [error, setError] = useState<unknown>();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    post<ApplyResponse>("/api/rollback", { generation, dry_run: true }).then(setPlan).catch(setError);
  }, [generation]);
  const carry = () => {
    setBusy(true);
    setError(undefined);
    post<ApplyResponse>("/api/rollback", { generation, reason, expected_generation: expectedBy(plan) })
      .then((done) => {
        location.hash = `#/changes/${done.generation}`;
        onClose();
      })
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return (
    <Dialog title={`Roll back to generation ${generation}`} onClose={onClose}>
      <p>Everything becomes as it was at g{generation}, as a new generation. Nothing is lost: g{newest} stays in the history.</p>
      {plan ? <Diffs diffs={plan.diffs} /> : error ? null : <Loading what="what would change" />}
      <Failure error={error} />
      <label>Why<input type="text" value={reason} maxLength={1000} placeholder={`rollback to generation ${generation}`} onChange={(event) => setReason(event.currentTarget.value)} /></label>
      <div className="row end">
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="button" className="primary danger" disabled={!plan || !plan.diffs.length || busy} onClick={carry}>Roll back</button>
      </div>
    </Dialog>
  );
}

const kExample = "kind: Upstream\nname: checkout\nspec:\n  backends:\n    - address: 10.0.0.1:8080\n";

function ApplyDialog({ onClose }: { onClose: () => void }) {
  const [yaml, setYaml] = useState("");
  const [reason, setReason] = useState("");
  const [plan, setPlan] = useState<{ of: string; result: ApplyResponse }>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const fresh = plan?.of === yaml;
  const send = async (dry: boolean) => {
    setBusy(true);
    setError(undefined);
    try {
      if (dry) {
        const result = await post<ApplyResponse>("/api/apply", { yaml, dry_run: true });
        setPlan({ of: yaml, result });
      } else {
        const done = await post<ApplyResponse>("/api/apply", { yaml, reason, expected_generation: expectedBy(plan?.result) });
        location.hash = `#/changes/${done.generation}`;
        onClose();
      }
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const result = fresh ? plan.result : undefined;
  return (
    <Dialog title="Apply a change" onClose={onClose}>
      <label>Resources as YAML<textarea className="code" rows={12} spellCheck={false} value={yaml} placeholder={kExample} onChange={(event) => setYaml(event.currentTarget.value)} /></label>
      <div className="row">
        <label className="file">Or from a file<input type="file" accept=".yaml,.yml,.json" onChange={(event) => void event.currentTarget.files?.[0]?.text().then(setYaml)} /></label>
        <button type="button" disabled={!yaml.trim() || busy} onClick={() => void send(true)}>Dry run</button>
      </div>
      <Failure error={error} />
      {result ? (
        <>
          <h3>What would change</h3>
          {result.warnings.length ? <><p><Badge tone="warn">taken, but should be known</Badge></p><Violations of={result.warnings} /></> : null}
          <Diffs diffs={result.diffs} />
          <label>Why<input type="text" value={reason} maxLength={1000} placeholder="A reason, for the history" onChange={(event) => setReason(event.currentTarget.value)} /></label>
        </>
      ) : <p className="muted">The dry run checks everything and shows what would change; only then it can be applied.</p>}
      <div className="row end">
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="button" className="primary" disabled={!result || !result.diffs.length || busy} onClick={() => void send(false)}>Apply</button>
      </div>
    </Dialog>
  );
}
