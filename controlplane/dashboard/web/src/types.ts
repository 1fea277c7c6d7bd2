// The API's messages as its JSON has them (proto/switchyard/v1). 64-bit numbers come as plain numbers; absent messages are undefined.

export type Severity = "NOTICE" | "WARNING" | "CRITICAL";
export interface Attention { severity: Severity; subject: string; what: string; remedy: string }
export interface CauseCount { cause: string; count: number }
export interface FlowRow {
  name: string; rate: number; errors: number; p50_ms: number; p99_ms: number; in_flight: number; healthy: number; unhealthy: number;
  bytes: number; backends: number; by_class: number[]; causes: CauseCount[];
}
export interface Overview {
  time: string; fleet: FlowRow; listeners: FlowRow[]; upstreams: FlowRow[]; attention: Attention[]; attention_total: number;
  generation: number; agents_current: number; agents_connected: number; agents_known: number; backends: number; backends_down: number;
  version: string; history_bytes: number; history_cap_bytes: number;
}
// For whoever shows no more of it.
export const overviewGeneration = (overview: Overview): number => overview.generation;

export interface Series {
  of: string; time: number[]; rate: number[]; errors: number[]; p50_ms: number[]; p99_ms: number[]; in_flight: number[]; healthy: number[];
  unhealthy: number[]; bytes: number[]; weight: number[];
}
export interface SeriesResponse { series: Series[]; step: string; stored_bytes: number; cap_bytes: number }
export interface TopRow {
  upstream: string; backend: string; rate: number; success: number; p50_ms: number; p99_ms: number; in_flight: number; healthy: number;
  unhealthy: number; failures: CauseCount[]; response_rate: number; request_rate: number; breakers: BreakerRow[];
  [more: string]: unknown;
}
export interface BreakerRow {
  route: string; open: number; half_open: number; soft: number; ejected: number; agents: number; node: string; reason: string;
}
export interface TopResponse { rows: TopRow[]; agents: number; breakers_left_out: number }
export interface ResourceKey { kind: string; name: string }
export interface Violation { resource?: ResourceKey; field: string; reason: string; file: string; line: number; column: number }
export interface AgentInfo {
  node: string; connected: boolean; version: string; labels: Record<string, string>; zone: string; applied_generation: number; config_age: string;
  certificate_not_after: string; since: string; quarantined: Violation[]; peer: string; last_report?: string; resident_bytes: number;
  open_connections: number;
}
export interface AgentsResponse { agents: AgentInfo[]; next_page_token: string }
export interface Change { key: ResourceKey; action: string }
export interface HistoryEntry { generation: number; time: string; author: string; reason: string; changes: Change[] }
export interface HistoryResponse { entries: HistoryEntry[]; next_page_token: string }
export interface ResourceDiff { key: ResourceKey; before: string; after: string; before_unknown: boolean; added: number; removed: number }
export interface DiffResponse { from: number; to: number; diffs: ResourceDiff[]; total: number }
export interface ApplyResponse { generation: number; changes: Change[]; warnings: Violation[]; diffs: ResourceDiff[] }
export interface Laggard { node: string; state: string; applied_generation: number; violations: Violation[] }
export interface Convergence { generation: number; applied: number; total: number; laggards: Laggard[]; complete: boolean; took: string }
export interface StatusResponse { entry?: HistoryEntry; convergence: Convergence; newest_generation: number }
export interface TopologyListener { name: string; address: string; protocol: string; tls: boolean; generation: number }
export interface TopologyRoute {
  name: string; listeners: string[]; hosts: string[]; paths: string[]; upstreams: { upstream: string; weight: number }[]; action: string;
  generation: number;
}
export interface Topology {
  generation: number; listeners: TopologyListener[]; routes: TopologyRoute[]; upstreams: { name: string; backends: number; generation: number }[];
  truncated: boolean;
}
export interface TokenInfo { id: string; uses_left: number; expires: string; description: string; created: string }
export interface CredentialInfo { id: string; name: string; role: string; created: string; not_after: string; created_by: string; revoked: boolean }
export interface AdminAction { time: string; who: string; verb: string; subject: string; refused: string }
export interface Me { name: string; role: string; level: number; csrf: string; ends: number; version: string; trust_domain: string }
export interface WeightRow {
  upstream: string; backend: string; configured: number; effective: number; utilization: number; completed: number; verdict: string; share: number;
  history: number[]; held: string;
}
export interface AgentView { node: string; attempts: number; error: number; at_fault: boolean; prober: boolean; health: string }
export interface Explanation {
  upstream: string; backend: string; verdict: string; reason: string; verdict_age?: string; verdict_left?: string; ejections: number; evidence: number;
  error: number; peers_error: number; agents: number; witnesses: number; configured_weight: number; effective: number; share: number; completed: number;
  utilization: number; capacity: number; in_flight: number; health: string; views: AgentView[]; guard: string; breakers: BreakerRow[];
}
