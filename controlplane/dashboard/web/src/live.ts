// Live figures: one stream of server-sent events for all that the page shows; what is shown by several parts is asked for once.
import { useEffect, useState } from "react";
import { get } from "./api";

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
      const value: unknown = JSON.parse((event as MessageEvent<string>).data);
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

// The newest value of a target, while the component is there. Empty: nothing is asked for.
export function useLive<T>(text: string): T | undefined {
  const [value, setValue] = useState<T | undefined>(() => newest.get(text) as T | undefined);
  useEffect(() => {
    setValue(newest.get(text) as T | undefined);
    if (!text) return;
    return subscribe(text, (next) => setValue(next as T));
  }, [text]);
  return value;
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
