// Overview: what needs a person first, the golden signals with their past, and what changed when, on one time axis.
import { useEffect, useMemo, useState } from "react";
import { Chart, type Mark } from "../chart";
import { ago, bytes, clock, count, millis, percent } from "../format";
import { List, type Column, type Order } from "../list";
import { useLive } from "../live";
import type { Attention, FlowRow, HistoryEntry, HistoryResponse, Overview, Series, SeriesResponse } from "../types";
import { Badge, Card, Failure, Loading, Tile, useRead, type Tone } from "../widgets";

export const kRanges = [
  { last: "10m", seconds: 600, title: "10 min" },
  { last: "1h", seconds: 3600, title: "1 h" },
  { last: "6h", seconds: 21600, title: "6 h" },
  { last: "24h", seconds: 86400, title: "24 h" },
  { last: "168h", seconds: 604800, title: "7 d" },
];

export function RangePicker({ range, onPick }: { range: number; onPick: (range: number) => void }) {
  return (
    <div className="ranges" role="group" aria-label="Time range">
      {kRanges.map((entry, at) => (
        <button key={entry.last} type="button" aria-pressed={at === range} onClick={() => onPick(at)}>{entry.title}</button>
      ))}
    </div>
  );
}

// `500ms` does not occur: steps are whole seconds.
export function seconds(text: string): number {
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)(h|m|s)/g)) sum += Number(number) * (unit === "h" ? 3600 : unit === "m" ? 60 : 1);
  return sum;
}

const kColumns = ["rate", "errors", "p50_ms", "p99_ms", "in_flight", "healthy", "unhealthy", "bytes"] as const;

// A series that grows by what is live while the shortest range is shown, and is read again at its own pace otherwise.
export function useSeries(of: string, range: number, live: FlowRow | undefined, time: string | undefined) {
  const { last, seconds: reach } = kRanges[range]!;
  const [turn, setTurn] = useState(0);
  const { value, error } = useRead<SeriesResponse>("/api/series", { of, last }, turn);
  const [grown, setGrown] = useState<Series>();
  useEffect(() => setGrown(value?.series[0]), [value]);
  useEffect(() => {
    const every = range === 0 ? 120_000 : Math.max(10_000, (reach / 600) * 1000);
    const timer = setInterval(() => setTurn((t) => t + 1), every);
    return () => clearInterval(timer);
  }, [range, reach]);
  useEffect(() => {
    if (range !== 0 || !live || !time) return;
    const at = Math.floor(Date.parse(time) / 1000);
    setGrown((old) => {
      if (!old || (old.time.at(-1) ?? 0) >= at) return old;
      const next: Series = { ...old, time: [...old.time, at].slice(-reach) };
      for (const column of kColumns) next[column] = [...old[column], live[column]].slice(-reach);
      return next;
    });
  }, [range, live, time, reach]);
  const step = seconds(value?.step ?? "1s") || 1;
  // By whole steps: a chart of a week does not move each second.
  const to = Math.max(grown?.time.at(-1) ?? 0, Math.floor((Date.now() / 1000 - 5) / step) * step);
  return { series: grown, error, step, from: to - reach, to };
}

export function marksOf(entries: HistoryEntry[] | undefined): Mark[] {
  return (entries ?? []).map((entry) => ({ time: Date.parse(entry.time) / 1000, label: `g${entry.generation}` })).reverse();
}

const kNoUpstream = <>No upstream is in use yet. Apply a configuration on <a href="#/changes">Changes</a>, or with <code>yardctl apply</code>.</>;

export function OverviewPage() {
  const overview = useLive<Overview>("/api/overview");
  const [range, setRange] = useState(0);
  const { series, error, step, from, to } = useSeries("fleet", range, overview?.fleet, overview?.time);
  const history = useRead<HistoryResponse>("/api/history", { page_size: 50 }, overview?.generation);
  const marks = useMemo(() => marksOf(history.value?.entries), [history.value]);
  if (!overview) return <Loading what="the fleet" />;
  return (
    <>
      <h1 className="hidden">Overview</h1>
      <Tiles overview={overview} />
      <AttentionCard items={overview.attention} total={overview.attention_total} />
      <Card title="Golden signals" aside={<RangePicker range={range} onPick={setRange} />}>
        <Failure error={error} />
        {series ? (
          <div className="charts">
            <div>
              <h3>Requests and errors per second</h3>
              <Chart label="Requests and errors per second of the fleet" time={series.time} step={step} from={from} to={to} marks={marks} format={count}
                lines={[{ label: "Requests", colour: "line-1", values: series.rate, fill: true }, { label: "Errors", colour: "line-bad", values: series.errors }]} />
            </div>
            <div>
              <h3>Latency of whole requests</h3>
              <Chart label="Latency of the fleet" time={series.time} step={step} from={from} to={to} marks={marks} format={millis}
                lines={[{ label: "p50", colour: "line-2", values: series.p50_ms }, { label: "p99", colour: "line-3", values: series.p99_ms }]} />
            </div>
          </div>
        ) : <Loading what="the history" />}
        <ChangesOnAxis entries={history.value?.entries} from={from} />
      </Card>
      <div className="columns">
        <Card title="Listeners">
          <FlowTable label="Listeners" rows={overview.listeners} empty="No listener has seen traffic in the last minute." />
        </Card>
        <Card title="Upstreams" aside={<a href="#/upstreams">All</a>}>
          <FlowTable label="Upstreams" rows={overview.upstreams} link empty={kNoUpstream} />
        </Card>
      </div>
      <p className="muted foot">History on disk: {bytes(overview.history_bytes)}{overview.history_cap_bytes ? ` of at most ${bytes(overview.history_cap_bytes)}` : ""}.</p>
    </>
  );
}

export function errorTone(rate: number, errors: number): Tone {
  if (!rate || errors / rate < 0.01) return "plain";
  return errors / rate < 0.05 ? "warn" : "bad";
}

function Tiles({ overview }: { overview: Overview }) {
  const { fleet } = overview;
  const converged = overview.agents_current === overview.agents_connected;
  const away = overview.agents_known - overview.agents_connected;
  return (
    <dl className="tiles">
      <Tile label="Requests per second" value={count(fleet.rate)} note={fleet.bytes ? `${bytes(fleet.bytes)}/s in tunnels` : "from clients"} />
      <Tile label="Errors" value={fleet.rate ? percent(fleet.errors / fleet.rate) : "–"} note={`${count(fleet.errors)} per second`} tone={errorTone(fleet.rate, fleet.errors)} />
      <Tile label="Latency p99" value={millis(fleet.p99_ms)} note={`p50 ${millis(fleet.p50_ms)}`} />
      <Tile label="Connections" value={count(fleet.in_flight)} note="from clients, open" />
      <Tile label="Agents" value={count(overview.agents_connected)} note={away ? `${away} not connected` : "all connected"} tone={away || !overview.agents_connected ? "warn" : "good"} href="#/agents" />
      <Tile label="Backends" value={count(overview.backends)} note={overview.backends_down ? `${overview.backends_down} unhealthy` : "none unhealthy"} tone={overview.backends_down ? "bad" : "plain"} href="#/upstreams" />
      <Tile label="Generation" value={overview.generation} note={converged ? "live everywhere" : `live on ${overview.agents_current} of ${overview.agents_connected}`} tone={converged ? "good" : "warn"} href="#/changes" />
    </dl>
  );
}

const kTones: Record<string, Tone> = { NOTICE: "plain", WARNING: "warn", CRITICAL: "bad" };

function linkOf(subject: string): string {
  const [kind, ...rest] = subject.split("/");
  const name = encodeURIComponent(rest.join("/"));
  return kind === "upstream" ? `#/upstreams/${name}` : kind === "agent" ? `#/agents/${name}` : kind === "secret" ? "#/changes" : "#/overview";
}

function AttentionCard({ items, total }: { items: Attention[]; total: number }) {
  const [all, setAll] = useState(false);
  const shown = all ? items : items.slice(0, 5);
  return (
    <Card title="Needs attention" className="attention">
      {items.length ? (
        <ul>
          {shown.map((item, at) => (
            <li key={`${item.subject}/${at}`}>
              <Badge tone={kTones[item.severity] ?? "plain"}>{item.severity.toLowerCase()}</Badge>
              <span><a href={linkOf(item.subject)}>{item.subject}</a> {item.what}{item.remedy ? <span className="muted"> — {item.remedy}</span> : null}</span>
            </li>
          ))}
        </ul>
      ) : <p className="empty"><Badge tone="good">all well</Badge></p>}
      {items.length > shown.length ? <button type="button" onClick={() => setAll(true)}>Show {items.length - shown.length} more</button> : null}
      {all && total > items.length ? <p className="muted">and {total - items.length} more</p> : null}
    </Card>
  );
}

function ChangesOnAxis({ entries, from }: { entries: HistoryEntry[] | undefined; from: number }) {
  const within = (entries ?? []).filter((entry) => Date.parse(entry.time) / 1000 >= from);
  if (!entries) return null;
  return (
    <div className="what-changed">
      <h3>What changed in this time</h3>
      {within.length ? (
        <ol>
          {within.slice(0, 6).map((entry) => (
            <li key={entry.generation}>
              <a href={`#/changes/${entry.generation}`}>g{entry.generation}</a> <time dateTime={entry.time} title={clock(entry.time)}>{ago(entry.time)}</time> by {entry.author}
              {entry.reason ? `: ${entry.reason}` : ""} <span className="muted">({entry.changes.length} {entry.changes.length === 1 ? "resource" : "resources"})</span>
            </li>
          ))}
          {within.length > 6 ? <li className="muted">and {within.length - 6} earlier ones</li> : null}
        </ol>
      ) : <p className="muted">Nothing.</p>}
    </div>
  );
}

function flowColumns(link: boolean): Column<FlowRow>[] {
  return [
    { key: "name", title: "Name", width: "minmax(5rem, 2fr)", value: (row) => row.name, cell: (row) => (link ? <a href={`#/upstreams/${encodeURIComponent(row.name)}`}>{row.name}</a> : row.name) },
    ...(link ? [{ key: "health", title: "Backends", width: "minmax(8.6rem, 1fr)", middle: true, value: (row: FlowRow) => row.backends, cell: (row: FlowRow) => <Health row={row} /> }] : []),
    { key: "rate", title: "Rate/s", width: "minmax(4rem, 1fr)", numeric: true, value: (row) => row.rate, cell: (row) => count(row.rate) },
    { key: "errors", title: "Errors", width: "minmax(4.5rem, 1fr)", numeric: true, value: (row) => (row.rate ? row.errors / row.rate : 0),
      cell: (row) => <span className={`tone-${errorTone(row.rate, row.errors)}`}>{row.rate ? percent(row.errors / row.rate) : "–"}</span> },
    { key: "p50", title: "p50", width: "minmax(4.5rem, 1fr)", numeric: true, wide: true, value: (row) => row.p50_ms, cell: (row) => millis(row.p50_ms) },
    { key: "p99", title: "p99", width: "minmax(4.5rem, 1fr)", numeric: true, middle: true, value: (row) => row.p99_ms, cell: (row) => millis(row.p99_ms) },
  ];
}

const kPlain = flowColumns(false);
const kLinked = flowColumns(true);
const kBusiestFirst: Order = { key: "rate", down: true };
const nameOf = (row: FlowRow) => row.name;

export function FlowTable({ label, rows, link = false, empty, most = 8 }: { label: string; rows: FlowRow[]; link?: boolean; empty: React.ReactNode; most?: number }) {
  return <List label={label} rows={rows} keyOf={nameOf} empty={empty} most={most} sort={kBusiestFirst} columns={link ? kLinked : kPlain} />;
}

export function Health({ row }: { row: FlowRow }) {
  if (!row.backends) return <span className="muted">none</span>;
  if (row.unhealthy === 0) return <Badge tone={row.healthy ? "good" : "plain"}>{row.backends}{row.healthy ? " well" : ""}</Badge>;
  return <Badge tone={row.healthy ? "warn" : "bad"}>{row.backends}, some down</Badge>;
}
