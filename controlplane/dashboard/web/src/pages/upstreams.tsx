// Upstreams: all of them, or one: its signals over time, and each backend with its health, latency and share.
import { useCallback, useDeferredValue, useEffect, useMemo, useState } from "react";
import { Chart, type Mark } from "../chart";
import { bytes, count, millis, percent, word } from "../format";
import { HeatMap } from "../heat_map";
import { List, type Column, type Order } from "../list";
import { useLive, useLivePart } from "../live";
import { target } from "../api";
import type { BreakerRow, FlowRow, HistoryResponse, Overview, SeriesResponse, TopResponse, TopRow, Explanation, WeightRow } from "../types";
import { Badge, Card, Failure, Loading, Tile, useRead, type Tone } from "../widgets";
import { FlowTable, RangePicker, errorTone, kRanges, marksOf, seconds, useSeries } from "./overview";

export function UpstreamsPage({ name }: { name: string }) {
  return name ? <OneUpstream name={name} /> : <AllUpstreams />;
}

const upstreamsOf = (overview: Overview): FlowRow[] => overview.upstreams;

function AllUpstreams() {
  const upstreams = useLivePart("/api/overview", upstreamsOf);
  const [filter, setFilter] = useState("");
  const wanted = useDeferredValue(filter.toLowerCase());
  const rows = useMemo(() => (wanted ? (upstreams ?? []).filter((row) => row.name.includes(wanted)) : upstreams ?? []), [upstreams, wanted]);
  if (!upstreams) return <Loading what="upstreams" />;
  return (
    <>
      <h1>Upstreams</h1>
      <label className="filter">Filter by name<input type="search" value={filter} onChange={(event) => setFilter(event.currentTarget.value)} /></label>
      <Card title={`${rows.length} upstreams`}>
        <FlowTable label="Upstreams" rows={rows} link most={16} empty={wanted ? "No upstream has this name." : "Agents have reported no upstream yet."} />
      </Card>
    </>
  );
}

function OneUpstream({ name }: { name: string }) {
  const overview = useLive<Overview>("/api/overview");
  const top = useLive<TopResponse>(target("/api/top", { upstream: name, window: 10 }));
  const row = overview?.upstreams.find((entry) => entry.name === name);
  const [range, setRange] = useState(0);
  const { series, error, step, from, to } = useSeries(`upstream/${name}`, range, row, overview?.time);
  const history = useRead<HistoryResponse>("/api/history", { page_size: 50 }, overview?.generation);
  const marks = useMemo(() => marksOf(history.value?.entries), [history.value]);
  const backends = useMemo(() => (top?.rows ?? []).filter((entry) => entry.backend), [top]);
  const sum = top?.rows.find((entry) => !entry.backend);
  const weights = useLive<{ rows: WeightRow[] }>(target("/api/weights", { upstream: name, window: 0 }));
  const [chosen, setChosen] = useState("");
  const choose = useCallback((backend: string) => setChosen((old) => (backend === old ? "" : backend)), []);
  return (
    <>
      <p className="path"><a href="#/upstreams">Upstreams</a> /</p>
      <h1>{name}</h1>
      <Tiles row={row} sum={sum} down={backends.filter(probedOut).length} />
      <Card title="Golden signals" aside={<RangePicker range={range} onPick={setRange} />}>
        <Failure error={error} />
        {series ? (
          <div className="charts">
            <div>
              <h3>Attempts and failures per second</h3>
              <Chart label={`Attempts and failures per second of ${name}`} time={series.time} step={step} from={from} to={to} marks={marks} format={count}
                lines={[{ label: "Attempts", colour: "line-1", values: series.rate, fill: true }, { label: "Failures", colour: "line-bad", values: series.errors }]} />
            </div>
            <div>
              <h3>Latency to the response head</h3>
              <Chart label={`Latency of ${name}`} time={series.time} step={step} from={from} to={to} marks={marks} format={millis}
                lines={[{ label: "p50", colour: "line-2", values: series.p50_ms }, { label: "p99", colour: "line-3", values: series.p99_ms }]} />
            </div>
          </div>
        ) : <Loading what="the history" />}
      </Card>
      <BackendsCard backends={backends} weights={weights?.rows ?? kNone} loaded={top !== undefined} chosen={chosen} onChoose={choose} />
      <BreakersCard backends={backends} leftOut={top?.breakers_left_out ?? 0} />
      {chosen ? <WhyCard upstream={name} backend={chosen} onClose={() => setChosen("")} /> : null}
      <HeatCard name={name} range={range} />
      <WeightCard name={name} marks={marks} />
      <Configuration name={name} generation={overview?.generation ?? 0} />
    </>
  );
}

function Tiles({ row, sum, down }: { row: FlowRow | undefined; sum: TopRow | undefined; down: number }) {
  return (
    <dl className="tiles">
      <Tile label="Attempts per second" value={count(row?.rate ?? 0)} note={sum ? `${bytes(sum.response_rate)}/s from backends` : ""} />
      <Tile label="Failures" value={row?.rate ? percent(row.errors / row.rate) : "–"} note={`${count(row?.errors ?? 0)} per second`} tone={errorTone(row?.rate ?? 0, row?.errors ?? 0)} />
      <Tile label="Latency p99" value={millis(row?.p99_ms ?? 0)} note={`p50 ${millis(row?.p50_ms ?? 0)}`} />
      <Tile label="In flight" value={count(row?.in_flight ?? 0)} note="attempts under way" />
      <Tile label="Backends" value={row?.backends ?? 0} note={down ? `${down} unhealthy` : row?.unhealthy ? "unhealthy for some agents" : "none unhealthy"} tone={row?.unhealthy ? "bad" : "plain"} />
    </dl>
  );
}

export function healthOf(row: TopRow): { tone: Tone; text: string } {
  if (!row.healthy && !row.unhealthy) return { tone: "plain", text: "not probed" };
  if (!row.unhealthy) return { tone: "good", text: "healthy" };
  if (!row.healthy) return { tone: "bad", text: "unhealthy" };
  return { tone: "warn", text: `${row.unhealthy} of ${row.healthy + row.unhealthy} agents: down` };
}

// Every agent's probes say no.
function probedOut(row: TopRow): boolean {
  return !row.healthy && row.unhealthy > 0;
}

function whyOf(row: TopRow): string {
  // Answers of the backend itself have no cause of ours.
  if (!row.failures.length) return row.rate && row.success < 0.9995 ? "its own 5xx" : "";
  return row.failures.map((failure) => `${word(failure.cause)} ×${failure.count}`).join(", ");
}

function breakerTone(breaker: BreakerRow): Tone {
  return breaker.open || breaker.ejected ? "bad" : "warn";
}

// `Breaker open on 3, soft on 1 of 20 agents, route buy: error_rate (edge-1)`.
function breakerText(breaker: BreakerRow): string {
  const states: [number, string][] = [[breaker.open, "open"], [breaker.half_open, "half-open"], [breaker.soft, "soft"]];
  const parts = states.filter(([agents]) => agents).map(([agents, state]) => `${state} on ${agents}`);
  const text = [parts.length ? `Breaker ${parts.join(", ")}` : "", breaker.ejected ? `${parts.length ? "ejected" : "Ejected"} as an outlier on ${breaker.ejected}` : ""].filter(Boolean).join(", ");
  return `${text} of ${breaker.agents} agent${breaker.agents === 1 ? "" : "s"}${breaker.route ? `, route ${breaker.route}` : ""}${breaker.reason ? `: ${breaker.reason}` : ""} (${breaker.node})`;
}

interface BreakerLine { key: string; backend: string; breaker: BreakerRow }
const breakerKey = (line: BreakerLine) => line.key;
const kBreakerColumns: Column<BreakerLine>[] = [
  { key: "backend", title: "Address", width: "minmax(9rem, 1fr)", value: (line) => line.backend, cell: (line) => line.backend },
  { key: "state", title: "What its agents' breakers say", width: "minmax(10rem, 4fr)", cell: (line) => <span className={`tone-${breakerTone(line.breaker)}`} title={breakerText(line.breaker)}>{breakerText(line.breaker)}</span> },
];

// The agents' own breakers that are not closed; nothing while all of them are.
function BreakersCard({ backends, leftOut }: { backends: TopRow[]; leftOut: number }) {
  const lines = useMemo(() => backends.flatMap((row) => row.breakers.map((breaker) => ({ key: `${row.backend} ${breaker.route}`, backend: row.backend, breaker }))), [backends]);
  if (!lines.length) return null;
  return (
    <Card title="Breakers" aside={leftOut ? <span className="muted">{count(leftOut)} more in the fleet are left out</span> : null}>
      <List label="Breakers" rows={lines} keyOf={breakerKey} most={8} empty="" columns={kBreakerColumns} />
    </Card>
  );
}

export const kVerdicts: Record<string, Tone> = { GOOD: "good", SOFT: "warn", EJECTED: "bad", RETURNING: "warn", FORCED_OUT: "bad", FORCED_IN: "warn" };

function sharePercent(row: WeightRow): number {
  return row.verdict === "EJECTED" || row.verdict === "FORCED_OUT" ? 0 : Math.round(row.effective * row.share * 100);
}

const kNone: WeightRow[] = [];

interface BackendsProperties {
  backends: TopRow[];
  weights: WeightRow[];
  loaded: boolean;
  chosen: string;
  onChoose: (backend: string) => void;
}

const kByAddress: Order = { key: "backend", down: false };
const backendOf = (row: TopRow) => row.backend;

function backendColumns(weightOf: Map<string, WeightRow>, chosen: string, onChoose: (backend: string) => void): Column<TopRow>[] {
  return [
    { key: "backend", title: "Address", width: "minmax(9rem, 2fr)", value: (row) => row.backend, cell: (row) => <button type="button" className="quiet flat" aria-expanded={chosen === row.backend} title={`Why ${row.backend} gets what it gets`} onClick={(event) => { event.stopPropagation(); onChoose(row.backend); }}>{row.backend}</button> },
    { key: "health", title: "Health", width: "minmax(7rem, 1.4fr)", value: (row) => row.unhealthy - row.healthy, cell: (row) => { const { tone, text } = healthOf(row); return <Badge tone={tone}>{text}</Badge>; } },
    { key: "verdict", title: "Verdict", width: "minmax(6.6rem, 1fr)", wide: true, value: (row) => weightOf.get(row.backend)?.verdict ?? "", cell: (row) => { const weight = weightOf.get(row.backend); return probedOut(row) && !row.rate ? <span className="muted" title="A verdict is about how requests end; probes keep them away">no requests</span> : weight ? <Badge tone={kVerdicts[weight.verdict] ?? "plain"}>{word(weight.verdict)}</Badge> : <span className="muted">none yet</span>; } },
    { key: "weight", title: "Weight", width: "minmax(6.6rem, 1fr)", numeric: true, wide: true, value: (row) => { const weight = weightOf.get(row.backend); return weight ? weight.configured * sharePercent(weight) : 0; },
      cell: (row) => { const weight = weightOf.get(row.backend); return weight ? <span title="configured, and how much of it it gets">{weight.configured} × {probedOut(row) && !row.rate ? 0 : sharePercent(weight)} %</span> : "–"; } },
    { key: "rate", title: "Rate/s", width: "minmax(4rem, 1fr)", numeric: true, middle: true, value: (row) => row.rate, cell: (row) => count(row.rate) },
    { key: "success", title: "Success", width: "minmax(4.5rem, 1fr)", numeric: true, middle: true, value: (row) => row.success,
      cell: (row) => <span className={`tone-${errorTone(1, 1 - row.success)}`}>{row.rate ? percent(row.success) : "–"}</span> },
    { key: "p50", title: "p50", width: "minmax(4.5rem, 1fr)", numeric: true, wide: true, value: (row) => row.p50_ms, cell: (row) => millis(row.p50_ms) },
    { key: "p99", title: "p99", width: "minmax(4.5rem, 1fr)", numeric: true, wide: true, value: (row) => row.p99_ms, cell: (row) => millis(row.p99_ms) },
    { key: "flight", title: "In flight", width: "minmax(4.5rem, 1fr)", numeric: true, wide: true, value: (row) => row.in_flight, cell: (row) => count(row.in_flight) },
    { key: "why", title: "Failures by cause", width: "minmax(8rem, 2fr)", wide: true, cell: (row) => <span title={whyOf(row)}>{whyOf(row) || <span className="muted">none</span>}</span> },
  ];
}

function BackendsCard({ backends, weights, loaded, chosen, onChoose }: BackendsProperties) {
  const weightOf = useMemo(() => new Map(weights.map((row) => [row.backend, row])), [weights]);
  const columns = useMemo(() => backendColumns(weightOf, chosen, onChoose), [weightOf, chosen, onChoose]);
  const onOpen = useCallback((row: TopRow) => onChoose(row.backend), [onChoose]);
  return (
    <Card title="Backends" aside={<span className="muted">last 10 s</span>}>
      {loaded ? (
        <List label="Backends" rows={backends} keyOf={backendOf} most={12} opened={chosen} onOpen={onOpen} sort={kByAddress} empty="No agent has reported a backend of this upstream." columns={columns} />
      ) : <Loading what="backends" />}
    </Card>
  );
}

// The figures that the fleet's decision about one backend rests on.
function WhyCard({ upstream, backend, onClose }: { upstream: string; backend: string; onClose: () => void }) {
  const answer = useLive<{ backends: Explanation[] }>(target("/api/explain", { upstream, backend }));
  const why = answer?.backends[0];
  return (
    <Card title={`Why: ${backend}`} aside={<button type="button" className="quiet" onClick={onClose}>Close</button>}>
      {why ? (
        <>
          <p><Badge tone={kVerdicts[why.verdict] ?? "plain"}>{word(why.verdict)}</Badge> {why.reason || "Nothing speaks against it."} {why.guard ? <strong>{why.guard}</strong> : null}</p>
          {why.breakers.map((breaker) => <p key={breaker.route} className={`tone-${breakerTone(breaker)}`}>{breakerText(breaker)}</p>)}
          <dl className="facts">
            <div><dt>Verdict for</dt><dd>{why.verdict_age || "0s"}{why.verdict_left && why.verdict_left !== "0s" ? `, ${why.verdict_left} left` : ""}</dd></div>
            <div><dt>Evidence against it</dt><dd>{why.evidence.toFixed(1)} (soft from 4.6, out from 9.2)</dd></div>
            <div><dt>Fails</dt><dd>{percent(why.error)}, its peers {percent(why.peers_error)}</dd></div>
            <div><dt>Agents that use it</dt><dd>{why.agents}, {why.witnesses} saw failures</dd></div>
            <div><dt>Weight</dt><dd>{why.configured_weight} × {(why.effective * why.share * 100).toFixed(0)} %</dd></div>
            <div><dt>Busy</dt><dd>{why.utilization < 0 ? "not known" : percent(why.utilization)}</dd></div>
            <div><dt>Succeeds per second</dt><dd>{count(why.completed)}</dd></div>
            <div><dt>Ejections</dt><dd>{why.ejections}</dd></div>
          </dl>
          {why.views.length ? (
            <>
              <h3>Agents that see it otherwise, or probe it</h3>
              <List label="Views of agents" rows={why.views} keyOf={(view) => view.node} most={6} empty=""
                columns={[
                  { key: "node", title: "Agent", width: "minmax(6rem, 2fr)", value: (view) => view.node, cell: (view) => <a href={`#/agents/${encodeURIComponent(view.node)}`}>{view.node}</a> },
                  { key: "attempts", title: "Attempts lately", width: "minmax(5rem, 1fr)", numeric: true, value: (view) => view.attempts, cell: (view) => count(view.attempts) },
                  { key: "error", title: "Failed", width: "minmax(4rem, 1fr)", numeric: true, value: (view) => view.error, cell: (view) => percent(view.error) },
                  { key: "note", title: "Notes", width: "minmax(6rem, 2fr)", wide: true, cell: (view) => [view.prober ? `probes it: ${word(view.health)}` : "", view.at_fault ? "is at fault itself, does not count" : ""].filter(Boolean).join("; ") || <span className="muted">none</span> },
                ]} />
            </>
          ) : null}
        </>
      ) : <Loading what="the reasons" />}
    </Card>
  );
}

const kWeightColours = ["line-1", "line-2", "line-3", "line-bad", "mark", "muted"];
const kWeightStep = 5;
const kWeightReach = 600;

// Of each backend the share of its configured weight, over ten minutes; those that moved most.
function WeightCard({ name, marks }: { name: string; marks: Mark[] }) {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((t) => t + 1), 2 * kWeightStep * 1000);
    return () => clearInterval(timer);
  }, []);
  const { value } = useRead<{ rows: WeightRow[] }>("/api/weights", { upstream: name, window: kWeightReach }, turn);
  const to = Math.floor(Date.now() / 1000);
  const moved = (value?.rows ?? [])
    .map((row) => ({ row, far: Math.max(0, ...row.history.map((factor) => Math.abs(factor - 1))) }))
    .filter((entry) => entry.far > 0.01).sort((a, b) => b.far - a.far).slice(0, kWeightColours.length).map((entry) => entry.row);
  const points = Math.max(0, ...moved.map((row) => row.history.length));
  const time = Array.from({ length: points }, (_, i) => to - (points - 1 - i) * kWeightStep);
  return (
    <Card title="Effective weight" aside={<span className="muted">percent of the configured one, last 10 minutes</span>}>
      {moved.length ? (
        <Chart label={`Effective weight of the backends of ${name}`} time={time} step={kWeightStep} from={to - kWeightReach} to={to} marks={marks} format={(share) => `${Math.round(share)} %`}
          lines={moved.map((row, i) => ({ label: row.backend, colour: kWeightColours[i]!, values: [...Array<number>(points - row.history.length).fill(100), ...row.history.map((factor) => factor * 100)] }))} />
      ) : <p className="empty">{value ? "No backend proved able to do more or less than its configured weight. What verdicts take away stands in the table above." : "Loading…"}</p>}
    </Card>
  );
}

function HeatCard({ name, range }: { name: string; range: number }) {
  const [turn, setTurn] = useState(0);
  const { last, seconds: reach } = kRanges[range]!;
  const { value, error } = useRead<SeriesResponse>("/api/series", { of: `upstream/${name}`, last, backends: true, max_points: 200 }, turn);
  const rows = useMemo(() => (value?.series ?? []).slice(1).map((series) => ({ name: series.of.slice(`backend/${name}/`.length), time: series.time, values: series.p99_ms })), [value, name]);
  const to = Math.max(...(value?.series ?? []).map((series) => series.time.at(-1) ?? 0), Math.floor(Date.now() / 1000) - 5);
  return (
    <Card title="Latency heat map" aside={<button type="button" onClick={() => setTurn((t) => t + 1)}>Refresh</button>}>
      <Failure error={error} />
      {rows.length ? <HeatMap rows={rows} from={to - reach} to={to} step={seconds(value?.step ?? "1s") || 1} /> : <p className="empty">No history of backends yet.</p>}
    </Card>
  );
}

function Configuration({ name, generation }: { name: string; generation: number }) {
  const { value, error } = useRead<{ yaml: string; generation: number }>("/api/yaml", { kind: "Upstream", name }, generation);
  return (
    <Card title="Configuration" aside={value?.generation ? <a href={`#/changes/${value.generation}`}>last changed by g{value.generation}</a> : null}>
      {value ? <pre tabIndex={0} aria-label="Configuration as YAML">{value.yaml}</pre> : <Failure error={error} />}
    </Card>
  );
}
