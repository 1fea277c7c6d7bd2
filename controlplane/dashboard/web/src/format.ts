// Numbers and times as people read them. Pure.

export function count(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e9) return `${(value / 1e9).toFixed(1)} G`;
  if (size >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (size >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toString();
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function millis(value: number): string {
  if (!value) return "–";
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 100) return `${Math.round(value)} ms`;
  return value >= 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(2)} ms`;
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let index = 0;
  while (value >= 1024 && index < units.length - 1) {
    value /= 1024;
    ++index;
  }
  return `${value >= 100 || index === 0 ? Math.round(value) : value.toFixed(1)} ${units[index]}`;
}

export function percent(share: number): string {
  if (!Number.isFinite(share)) return "–";
  const value = share * 100;
  if (value === 0) return "0 %";
  if (value === 100) return "100 %";
  if (value > 99.99) return ">99.99 %";
  return value < 0.01 ? "<0.01 %" : `${value >= 10 && value < 99 ? value.toFixed(1) : value.toFixed(2)} %`;
}

// Whole units, the largest that fits: `3 d`, `5 h`, `12 s`.
export function span(seconds: number): string {
  const size = Math.abs(seconds);
  if (size >= 2 * 86400) return `${Math.round(size / 86400)} d`;
  if (size >= 2 * 3600) return `${Math.round(size / 3600)} h`;
  if (size >= 120) return `${Math.round(size / 60)} min`;
  return `${Math.round(size)} s`;
}

export function ago(time: string | undefined, now = Date.now()): string {
  if (!time) return "never";
  const seconds = (now - Date.parse(time)) / 1000;
  return seconds < 2 ? "now" : `${span(seconds)} ago`;
}

export function until(time: string, now = Date.now()): string {
  const seconds = (Date.parse(time) - now) / 1000;
  return seconds < 0 ? `ended ${span(seconds)} ago` : `in ${span(seconds)}`;
}

export function clock(time: string | number): string {
  const date = new Date(time);
  return date.toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
}

// Of seconds since 1970: `14:05:09`, here.
export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

// `CREATED` -> `created`.
export function word(text: string): string {
  return text.toLowerCase().replaceAll("_", " ");
}
