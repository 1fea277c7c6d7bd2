// Calls to the controller. A 401 means that the session has ended; whoever listens shows the login again.
import type { Violation } from "./types";

export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly violations: Violation[], readonly total: number) {
    super(message);
  }
}

let csrf = "";
let onSessionEnd: () => void = () => undefined;

export function setSession(token: string, ended: () => void): void {
  csrf = token;
  onSessionEnd = ended;
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new ApiError(response.status, "", text || response.statusText, [], 0);
  }
  if (response.ok) return body as T;
  if (response.status === 401) onSessionEnd();
  const violations = body["violations"] as { violations?: Violation[]; total?: number } | undefined;
  throw new ApiError(response.status, String(body["code"] ?? ""), String(body["message"] ?? ""), violations?.violations ?? [], violations?.total ?? 0);
}

export function target(path: string, query: Record<string, string | number | boolean> = {}): string {
  const text = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

export async function get<T>(path: string, query: Record<string, string | number | boolean> = {}, signal?: AbortSignal): Promise<T> {
  return answer<T>(await fetch(target(path, query), { signal: signal ?? null, credentials: "same-origin" }));
}

export async function post<T>(path: string, fields: Record<string, string | number | boolean>): Promise<T> {
  const body = new URLSearchParams(Object.entries(fields).map(([key, value]) => [key, String(value)]));
  return answer<T>(await fetch(path, { method: "POST", body, headers: { "X-CSRF-Token": csrf }, credentials: "same-origin" }));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
