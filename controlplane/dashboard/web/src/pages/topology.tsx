// Topology: listeners -> routes -> upstreams, as lines between columns; on a narrow screen as nested lists.
import { memo, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { bytes, count, millis, percent, word } from "../format";
import { target } from "../api";
import { useLive, useLivePart } from "../live";
import { keepSame } from "../same";
import { useRem } from "../theme";
import { overviewGeneration, type FlowRow, type Overview, type TopResponse, type Topology, type WeightRow } from "../types";
import { Badge, Failure, Loading, kSigns, useRead, type Tone } from "../widgets";
import { errorTone } from "./overview";
import { healthOf, kVerdicts } from "./upstreams";

interface Node {
  key: string;
  title: string;
  note: string;
  figures: string;
  tone: Tone;
  toneText: string;
  href?: string;
  rate: number;
}

interface Graph {
  columns: { title: string; nodes: Node[]; hidden: number }[];
  edges: { from: string; to: string; tone: Tone; rate: number }[];
}

const kMost = 80;
const kMostBackends = 40;

function toneOf(row: FlowRow | undefined): { tone: Tone; text: string } {
  if (!row) return { tone: "plain", text: "no traffic seen" };
  if (row.unhealthy && !row.healthy && row.backends) return { tone: "bad", text: "unhealthy" };
  const errors = errorTone(row.rate, row.errors);
  if (errors === "bad") return { tone: "bad", text: "errors" };
  if (row.unhealthy || errors === "warn") return { tone: "warn", text: row.unhealthy ? "some down" : "errors" };
  return { tone: "good", text: "well" };
}

function figuresOf(row: FlowRow | undefined): string {
  if (!row) return "";
  return `${count(row.rate)}/s · ${row.rate ? percent(row.errors / row.rate) : "0 %"} errors · p99 ${millis(row.p99_ms)}`;
}

// `filter` is in lower case.
function build(topology: Topology, upstreamRows: FlowRow[], listenerRows: FlowRow[], filter: string): Graph {
  const flows = new Map(upstreamRows.map((row) => [row.name, row]));
  const listening = new Map(listenerRows.map((row) => [row.name, row]));
  const has = (text: string) => text.toLowerCase().includes(filter);
  // What matches, and all that it is connected with.
  const routes = topology.routes.filter((route) => !filter || has(route.name) || route.hosts.some(has) || route.listeners.some(has) || route.upstreams.some((share) => has(share.upstream)));
  const named = { listeners: new Set(routes.flatMap((route) => route.listeners)), upstreams: new Set(routes.flatMap((route) => route.upstreams.map((share) => share.upstream))) };
  const listeners = topology.listeners.filter((entry) => !filter || has(entry.name) || named.listeners.has(entry.name));
  const upstreams = topology.upstreams.filter((entry) => !filter || has(entry.name) || named.upstreams.has(entry.name));
  const column = (title: string, nodes: Node[]) => ({ title, nodes: nodes.slice(0, kMost), hidden: Math.max(0, nodes.length - kMost) });
  const graph: Graph = {
    columns: [
      column("Listeners", listeners.map((entry) => {
        const row = listening.get(entry.name);
        const tone = row && row.rate ? errorTone(row.rate, row.errors) : "plain";
        return { key: `l/${entry.name}`, title: entry.name, note: `${entry.protocol || "HTTP"}${entry.tls ? " + TLS" : ""} ${entry.address}`, rate: row?.rate ?? 0,
          figures: row?.bytes ? `${figuresOf(row)} · ${bytes(row.bytes)}/s` : figuresOf(row), tone: row && tone === "plain" ? "good" : tone, toneText: !row ? "no traffic seen" : tone === "plain" ? "well" : "errors" };
      })),
      column("Routes", routes.map((route) => ({ key: `r/${route.name}`, title: route.name, note: `${route.hosts.join(", ") || "any host"} ${route.paths.slice(0, 3).join(" ") || "/"}${route.paths.length > 3 ? " …" : ""}`,
        figures: route.action === "forward" ? route.upstreams.map((share) => (route.upstreams.length > 1 ? `${share.upstream} ${share.weight}` : share.upstream)).join(", ") : route.action, tone: "plain" as Tone, toneText: "", rate: 0 }))),
      column("Upstreams", upstreams.map((entry) => {
        const row = flows.get(entry.name);
        const { tone, text } = toneOf(row);
        const backends = row?.backends || entry.backends;
        return { key: `u/${entry.name}`, title: entry.name, note: `${backends} ${backends === 1 ? "backend" : "backends"}`, figures: figuresOf(row), tone, toneText: text, href: `#/upstreams/${encodeURIComponent(entry.name)}`, rate: row?.rate ?? 0 };
      })),
    ],
    edges: [],
  };
  const present = new Map(graph.columns.flatMap((entry) => entry.nodes.map((node) => [node.key, node])));
  for (const route of routes) {
    for (const name of route.listeners) graph.edges.push({ from: `l/${name}`, to: `r/${route.name}`, tone: "plain", rate: 0 });
    for (const share of route.upstreams) {
      const to = present.get(`u/${share.upstream}`);
      graph.edges.push({ from: `r/${route.name}`, to: `u/${share.upstream}`, tone: to?.tone ?? "plain", rate: to?.rate ?? 0 });
    }
  }
  graph.edges = graph.edges.filter((edge) => present.has(edge.from) && present.has(edge.to));
  return graph;
}

// The backends of the upstream that was chosen, as a column of their own; the ones in trouble first.
function withBackends(graph: Graph, upstream: string, top: TopResponse | undefined, weights: WeightRow[]): Graph {
  const verdicts = new Map(weights.map((row) => [row.backend, row.verdict]));
  const rows = (top?.rows ?? []).filter((row) => row.backend).sort((a, b) => b.unhealthy - a.unhealthy || b.rate - a.rate || (a.backend < b.backend ? -1 : 1));
  const nodes = rows.slice(0, kMostBackends).map((row): Node => {
    const verdict = verdicts.get(row.backend) ?? "GOOD";
    const { tone, text } = row.healthy && verdict !== "GOOD" ? { tone: kVerdicts[verdict] ?? "plain", text: word(verdict) } : healthOf(row);
    // An address needs the whole line.
    return { key: `b/${row.backend}`, title: row.backend, note: `${kSigns[tone]} ${text} · ${count(row.in_flight)} in flight`, rate: row.rate, tone, toneText: "",
      figures: `${count(row.rate)}/s · ${row.rate ? percent(1 - row.success) : "0 %"} fail · p99 ${millis(row.p99_ms)}` };
  });
  return {
    columns: [...graph.columns, { title: `Backends of ${upstream}`, nodes, hidden: rows.length - nodes.length }],
    edges: [...graph.edges, ...nodes.map((node) => ({ from: `u/${upstream}`, to: node.key, tone: node.tone, rate: node.rate }))],
  };
}

// Everything that leads to a node or comes after it.
function connected(graph: Graph, key: string): Set<string> {
  const found = new Set([key]);
  const walk = (at: string, back: boolean) => {
    for (const edge of graph.edges) {
      const next = back ? (edge.to === at ? edge.from : "") : edge.from === at ? edge.to : "";
      if (next && !found.has(next)) {
        found.add(next);
        walk(next, back);
      }
    }
  };
  walk(key, true);
  walk(key, false);
  return found;
}

const upstreamsOf = (overview: Overview): FlowRow[] => overview.upstreams;
const listenersOf = (overview: Overview): FlowRow[] => overview.listeners;
const kNone: FlowRow[] = [];

export function TopologyPage() {
  const generation = useLivePart("/api/overview", overviewGeneration);
  const upstreams = useLivePart("/api/overview", upstreamsOf) ?? kNone;
  const listeners = useLivePart("/api/overview", listenersOf) ?? kNone;
  const { value, error } = useRead<Topology>("/api/topology", {}, generation);
  const [filter, setFilter] = useState("");
  const wanted = useDeferredValue(filter.toLowerCase());
  const [chosen, setChosen] = useState("");
  const shown = useDeferredValue(chosen);
  const before = useRef<Graph>(undefined);
  const graph = useMemo(() => (value ? (before.current = keepSame(before.current, build(value, upstreams, listeners, wanted))) : undefined), [value, upstreams, listeners, wanted]);
  const upstream = shown.startsWith("u/") ? shown.slice(2) : "";
  const top = useLive<TopResponse>(upstream ? target("/api/top", { upstream, window: 10 }) : "");
  const weights = useLive<{ rows: WeightRow[] }>(upstream ? target("/api/weights", { upstream, window: 0 }) : "");
  const whole = useMemo(() => (graph && upstream ? withBackends(graph, upstream, top, weights?.rows ?? []) : graph), [graph, upstream, top, weights]);
  const near = useMemo(() => (whole && shown ? connected(whole, shown) : undefined), [whole, shown]);
  const choose = useCallback((key: string) => setChosen((old) => (key === old ? "" : key)), []);
  if (!graph || !whole) return error ? <Failure error={error} /> : <Loading what="the topology" />;
  const nothing = graph.columns.every((column) => !column.nodes.length);
  return (
    <>
      <h1>Topology</h1>
      <label className="filter">Filter by name or host<input type="search" value={filter} onChange={(event) => setFilter(event.currentTarget.value)} /></label>
      <p className="muted">Choose one to see what it is connected with; an upstream shows its backends.</p>
      {nothing ? (
        <p className="empty">{wanted ? "Nothing has this name." : <>Nothing is configured yet. Apply a configuration on <a href="#/changes">Changes</a>.</>}</p>
      ) : <Columns graph={whole} near={near} chosen={chosen} onChoose={choose} />}
      {value?.truncated ? <p className="muted">This fleet is larger than the page shows: only the first 2,000 of each kind are here.</p> : null}
    </>
  );
}

const Columns = memo(function Columns({ graph, near, chosen, onChoose }: { graph: Graph; near: Set<string> | undefined; chosen: string; onChoose: (key: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const eachHeight = Math.round(useRem() * 4.55);
  const flat = width > 0 && width < 720;
  const height = Math.max(...graph.columns.map((column) => column.nodes.length)) * eachHeight + 36;
  const gap = Math.max(32, width * (graph.columns.length > 3 ? 0.04 : 0.07));
  const each = (width - (graph.columns.length - 1) * gap) / graph.columns.length;
  const places = new Map<string, { x: number; y: number }>();
  graph.columns.forEach((column, c) => column.nodes.forEach((node, i) => places.set(node.key, { x: c * (each + gap), y: 36 + i * eachHeight + (eachHeight - 8) / 2 })));
  return (
    <div className={`topology${flat ? " flat" : ""}`} ref={box} style={flat ? undefined : { height }}>
      {flat || !width ? null : (
        <svg width={width} height={height} aria-hidden="true">
          {graph.edges.map((edge) => {
            const a = places.get(edge.from)!;
            const b = places.get(edge.to)!;
            const from = a.x + each;
            const bend = gap / 2;
            return <Curve key={`${edge.from} ${edge.to}`} tone={edge.tone} dim={Boolean(near && !(near.has(edge.from) && near.has(edge.to)))} width={1.5 + Math.min(4, Math.log10(1 + edge.rate))}
              d={`M${from},${a.y} C${from + bend},${a.y} ${b.x - bend},${b.y} ${b.x},${b.y}`} />;
          })}
        </svg>
      )}
      {graph.columns.map((column, c) => (
        <section key={column.title} aria-label={column.title} style={flat ? undefined : { left: c * (each + gap), width: each }}>
          <h2>{column.title}</h2>
          <ul>
            {column.nodes.map((node) => <NodeItem key={node.key} node={node} dim={Boolean(near && !near.has(node.key))} pressed={chosen === node.key} height={flat ? 0 : eachHeight - 8} onChoose={onChoose} />)}
          </ul>
          {column.hidden ? <p className="muted">and {column.hidden} more: filter to see them</p> : null}
        </section>
      ))}
    </div>
  );
});

const Curve = memo(function Curve({ tone, dim, width, d }: { tone: Tone; dim: boolean; width: number; d: string }) {
  return <path className={`edge ${tone}${dim ? " dim" : ""}`} strokeWidth={width} d={d} />;
});

interface NodeProperties {
  node: Node;
  dim: boolean;
  pressed: boolean;
  // 0: as its text needs.
  height: number;
  onChoose: (key: string) => void;
}

const NodeItem = memo(function NodeItem({ node, dim, pressed, height, onChoose }: NodeProperties) {
  return (
    <li className={`node ${node.tone}${dim ? " dim" : ""}`} style={height ? { height } : undefined}>
      <button type="button" aria-pressed={pressed} onClick={() => onChoose(node.key)} title={`Show what ${node.title} is connected with`}>
        <span className="node-title">{node.title}</span>
        {node.toneText ? <Badge tone={node.tone}>{node.toneText}</Badge> : null}
        <span className="node-note">{node.note}</span>
        <span className="node-note">{node.figures}</span>
      </button>
      {node.href ? <a href={node.href} aria-label={`Open ${node.title}`}>→</a> : null}
    </li>
  );
});
