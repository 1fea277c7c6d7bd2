// Live figures: one stream of server-sent events for all that the page shows; what is shown by several parts is asked for once.
// A value comes as a transition: a key or a click goes first. What has not changed since the last value is the same object, so that nothing is drawn
// again for it.
import { startTransition, useEffect, useState } from "react";
import { get } from "./api";
import { keepSame } from "./same";

type Listener = (value: unknown) => void;

const listeners = new Map<string, Set<Listener>>();
const newest = new Map<string, unknown>();
let source: EventSource | undefined;
let opened = "";
let scheduled = false;
let online = true;
const onlineListeners = new Set<(online: boolean) => void>();

function setOnline(value: boolean): void {
  if (online === value) return;
  online = value;
  onlineListeners.forEach((listener) => listener(value));
}

function reopen(): void {
  scheduled = false;
  const targets = [...listeners.keys()].sort();
  const wanted = targets.join("\n");
  if (wanted === opened && source && source.readyState !== EventSource.CLOSED) return;
  source?.close();
  source = undefined;
  opened = wanted;
  if (!targets.length) return;
  source = new EventSource(`/api/live?${targets.map((text, i) => `t${i}=${encodeURIComponent(text)}`).join("&")}`);
  source.onopen = () => setOnline(true);
  source.onerror = () => {
    setOnline(false);
    if (source?.readyState !== EventSource.CLOSED) return;
    // A browser gives up on an answer that is no stream: the session is over, which this question finds out, or the controller restarts: then keep
    // asking, slowly.
    get("/api/me").catch(() => undefined).finally(() => setTimeout(schedule, 3000));
  };
  for (const text of targets) {
    source.addEventListener(text, (event) => {
      setOnline(true);
      const value = keepSame<unknown>(newest.get(text), JSON.parse((event as MessageEvent<string>).data));
      newest.set(text, value);
      listeners.get(text)?.forEach((listener) => listener(value));
    });
  }
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(reopen);
}

export function subscribe(text: string, listener: Listener): () => void {
  let set = listeners.get(text);
  if (!set) listeners.set(text, (set = new Set()));
  set.add(listener);
  schedule();
  return () => {
    set.delete(listener);
    if (!set.size) {
      listeners.delete(text);
      newest.delete(text);
    }
    schedule();
  };
}

function whole<T>(value: T): T {
  return value;
}

// The newest value of a target, while the component is there. Empty: nothing is asked for.
export function useLive<T>(text: string): T | undefined {
  return useLivePart<T, T>(text, whole);
}

// A part of it: who shows only that is drawn again only when that changes. `pick` is the same function at each rendering.
export function useLivePart<T, Part>(text: string, pick: (value: T) => Part): Part | undefined {
  const read = () => {
    const value = newest.get(text) as T | undefined;
    return value === undefined ? undefined : pick(value);
  };
  const [part, setPart] = useState<Part | undefined>(read);
  useEffect(() => {
    setPart(read);
    if (!text) return;
    return subscribe(text, (next) => {
      const value = pick(next as T);
      startTransition(() => setPart(() => value));
    });
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [text, pick]);
  return part;
}

export function useOnline(): boolean {
  const [value, setValue] = useState(online);
  useEffect(() => {
    onlineListeners.add(setValue);
    return () => void onlineListeners.delete(setValue);
  }, []);
  return value;
}

export function stopLive(): void {
  listeners.clear();
  schedule();
}
