// Agents: what each serves, how old it is, and what it refuses, with field and reason.
import { startTransition, useDeferredValue, useEffect, useMemo, useState } from "react";
import { get } from "../api";
import { ago, bytes, clock, count, until } from "../format";
import { List, type Column, type Order } from "../list";
import { useLivePart } from "../live";
import { keepSame } from "../same";
import { overviewGeneration, type AgentInfo, type AgentsResponse, type Convergence, type StatusResponse } from "../types";
import { Badge, Card, Failure, Loading, Violations, useRead, type Tone } from "../widgets";

// All pages of the list, again every few seconds: each page comes from the answer that every open dashboard shares.
function useAgents(): { agents: AgentInfo[] | undefined; error: unknown } {
  const [state, setState] = useState<{ agents: AgentInfo[] | undefined; error: unknown }>({ agents: undefined, error: undefined });
  useEffect(() => {
    let stopped = false;
    let timer: ReturnType<typeof setTimeout>;
    const read = async () => {
      try {
        const agents: AgentInfo[] = [];
        let token = "";
        do {
          const page: AgentsResponse = await get<AgentsResponse>("/api/agents", token ? { page_size: 1000, page_token: token } : { page_size: 1000 });
          agents.push(...page.agents);
          token = page.next_page_token;
        } while (token && !stopped);
        if (!stopped) startTransition(() => setState((old) => ({ agents: keepSame(old.agents, agents), error: undefined })));
      } catch (error) {
        if (!stopped) setState((old) => ({ agents: old.agents, error }));
      }
      if (!stopped) timer = setTimeout(() => void read(), 5000);
    };
    void read();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, []);
  return state;
}

function stateOf(agent: AgentInfo, generation: number): { tone: Tone; text: string; rank: number } {
  if (!agent.connected) return { tone: "bad", text: "not connected", rank: 0 };
  if (agent.quarantined.length) return { tone: "warn", text: "quarantine", rank: 1 };
  if (agent.applied_generation < generation) return { tone: "warn", text: "behind", rank: 2 };
  return { tone: "good", text: "current", rank: 3 };
}

// What the filter looks in.
function textOf(agent: AgentInfo, generation: number): string {
  const labels = Object.entries(agent.labels).map(([key, value]) => `${key}=${value}`).join(" ");
  return `${agent.node} ${agent.zone} ${agent.version} ${stateOf(agent, generation).text} ${labels}`.toLowerCase();
}

function certificateTone(agent: AgentInfo): string {
  return Date.parse(agent.certificate_not_after) - Date.now() < 4 * 3600_000 ? "tone-bad" : "";
}

const kByState: Order = { key: "state", down: false };
const kNobody = <>No agent has joined yet. Make a join token on <a href="#/access">Access</a> or with <code>yardctl token create</code>, then start <code>yard-agent</code>.</>;
const nodeOf = (agent: AgentInfo) => agent.node;
const openAgent = (agent: AgentInfo) => { location.hash = `#/agents/${encodeURIComponent(agent.node)}`; };

function columnsOf(generation: number): Column<AgentInfo>[] {
  return [
    { key: "node", title: "Node", width: "minmax(5rem, 1.6fr)", value: (agent) => agent.node, cell: (agent) => <a href={`#/agents/${encodeURIComponent(agent.node)}`}>{agent.node}</a> },
    { key: "state", title: "State", width: "minmax(8.4rem, 1.2fr)", value: (agent) => stateOf(agent, generation).rank, cell: (agent) => { const { tone, text } = stateOf(agent, generation); return <Badge tone={tone}>{text}</Badge>; } },
    { key: "generation", title: "Generation", width: "minmax(5.5rem, .8fr)", numeric: true, middle: true, value: (agent) => agent.applied_generation, cell: (agent) => agent.applied_generation },
    { key: "zone", title: "Zone", width: "minmax(4rem, 1fr)", wide: true, value: (agent) => agent.zone, cell: (agent) => agent.zone || <span className="muted">none</span> },
    { key: "version", title: "Version", width: "minmax(4.5rem, .8fr)", wide: true, value: (agent) => agent.version, cell: (agent) => agent.version },
    { key: "connections", title: "Clients", width: "minmax(4.5rem, .8fr)", numeric: true, wide: true, value: (agent) => agent.open_connections, cell: (agent) => count(agent.open_connections) },
    { key: "memory", title: "Memory", width: "minmax(5rem, .8fr)", numeric: true, middle: true, value: (agent) => agent.resident_bytes, cell: (agent) => (agent.resident_bytes ? bytes(agent.resident_bytes) : "–") },
    { key: "certificate", title: "Certificate ends", width: "minmax(7rem, 1fr)", wide: true, value: (agent) => Date.parse(agent.certificate_not_after), cell: (agent) => <span className={certificateTone(agent)}>{until(agent.certificate_not_after)}</span> },
    { key: "report", title: "Last report", width: "minmax(6rem, 1fr)", wide: true, value: (agent) => (agent.last_report ? -Date.parse(agent.last_report) : 0), cell: (agent) => ago(agent.last_report) },
  ];
}

export function AgentsPage({ node }: { node: string }) {
  const generation = useLivePart("/api/overview", overviewGeneration) ?? 0;
  const { agents, error } = useAgents();
  const [filter, setFilter] = useState("");
  const wanted = useDeferredValue(filter.toLowerCase());
  const texts = useMemo(() => (agents ?? []).map((agent) => textOf(agent, generation)), [agents, generation]);
  const rows = useMemo(() => (wanted ? (agents ?? []).filter((_, i) => texts[i]!.includes(wanted)) : agents ?? []), [agents, texts, wanted]);
  // With the agents: how long ago something was is another text by then.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const columns = useMemo(() => columnsOf(generation), [agents, generation]);
  const open = agents?.find((agent) => agent.node === node);
  if (!agents) return error ? <Failure error={error} /> : <Loading what="agents" />;
  return (
    <>
      <h1>Agents</h1>
      <Failure error={error} />
      <Converged generation={generation} />
      <label className="filter">Filter by node, zone, label, version or state<input type="search" value={filter} onChange={(event) => setFilter(event.currentTarget.value)} /></label>
      {open ? <OneAgent agent={open} generation={generation} /> : null}
      <Card title={`${rows.length} agents`}>
        <List label="Agents" rows={rows} keyOf={nodeOf} most={16} opened={node} onOpen={openAgent} sort={kByState} empty={wanted ? "No agent fits the filter." : kNobody} columns={columns} />
      </Card>
    </>
  );
}

function convergenceOf(status: StatusResponse): Convergence {
  return status.convergence;
}

function Converged({ generation }: { generation: number }) {
  const convergence = useLivePart("/api/status", convergenceOf);
  if (!convergence || !generation) return null;
  return (
    <p className="converged" role="status">
      Generation {convergence.generation} is live on <strong>{convergence.applied} of {convergence.total}</strong> connected agents{" "}
      {convergence.complete ? <Badge tone="good">converged</Badge> : <Badge tone="warn">not everywhere</Badge>}
    </p>
  );
}

function OneAgent({ agent, generation }: { agent: AgentInfo; generation: number }) {
  const { tone, text } = stateOf(agent, generation);
  const status = useRead<StatusResponse>("/api/status", {}, agent.applied_generation);
  const refused = status.value?.convergence.laggards.find((laggard) => laggard.node === agent.node && laggard.state === "REJECTED");
  return (
    <Card title={agent.node} aside={<a href="#/agents">Close</a>}>
      <dl className="facts">
        <div><dt>State</dt><dd><Badge tone={tone}>{text}</Badge></dd></div>
        <div><dt>{agent.connected ? "Connected" : "Last heard of"}</dt><dd title={clock(agent.since)}>{ago(agent.since)}</dd></div>
        <div><dt>Serves generation</dt><dd>{agent.applied_generation} of {generation}</dd></div>
        <div><dt>Behind for</dt><dd>{agent.config_age === "0s" ? "not behind" : agent.config_age}</dd></div>
        <div><dt>Certificate</dt><dd className={certificateTone(agent)} title={clock(agent.certificate_not_after)}>ends {until(agent.certificate_not_after)}</dd></div>
        <div><dt>Version</dt><dd>{agent.version}</dd></div>
        <div><dt>Zone</dt><dd>{agent.zone || "none"}</dd></div>
        <div><dt>Address</dt><dd>{agent.peer}</dd></div>
        <div><dt>Memory</dt><dd>{bytes(agent.resident_bytes)}</dd></div>
        <div><dt>Client connections</dt><dd>{count(agent.open_connections)}</dd></div>
        <div><dt>Labels</dt><dd>{Object.entries(agent.labels).map(([key, value]) => <code key={key}>{key}={value} </code>)}</dd></div>
      </dl>
      {agent.quarantined.length ? <><h3>In quarantine: the last good version of these serves</h3><Violations of={agent.quarantined} /></> : null}
      {refused ? <><h3>Refused as a whole</h3><Violations of={refused.violations} /></> : null}
    </Card>
  );
}
