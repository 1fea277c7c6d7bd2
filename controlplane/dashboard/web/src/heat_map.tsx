// Latency of each backend over time: one row per backend, one column per point, the darker the slower. The figures are in the table below it.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { millis, timeOf } from "./format";
import { colour, rem, useColours } from "./theme";

export interface HeatRow {
  name: string;
  time: number[];
  values: number[];
}

// As the charts have it: the day where more than one is shown.
function axisTime(at: number, reach: number): string {
  return reach > 86400 ? new Date(at * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short" }) : timeOf(at).slice(0, 5);
}

export function HeatMap({ rows, from, to, step }: { rows: HeatRow[]; from: number; to: number; step: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = useColours();
  const [width, setWidth] = useState(600);
  const [at, setAt] = useState("");
  // As the names beside it, which grow with the text.
  const high = Math.round(rem() * 1.07);
  let most = 0;
  for (const row of rows) for (const value of row.values) most = Math.max(most, value);

  useEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // Before the browser paints: a new size empties the canvas.
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const scale = devicePixelRatio;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, rows.length * high);
    const hot = colour("heat");
    const cold = colour("heat-none");
    const each = (width * step) / (to - from);
    const cell = Math.max(2, each);
    rows.forEach((row, line) => {
      context.globalAlpha = 1;
      context.fillStyle = cold;
      context.fillRect(0, line * high, width, high - 2);
      context.fillStyle = hot;
      // Points that fall into one cell show the slowest of them; painting one over the other would add them up.
      const cells = new Map<number, number>();
      row.values.forEach((value, i) => {
        // By whole steps first: in pixels, rounding would leave columns out.
        const column = Math.floor((Math.round((row.time[i]! - step - from) / step) * each) / cell + 1e-6);
        if (value) cells.set(column, Math.max(value, cells.get(column) ?? 0));
      });
      for (const [column, value] of cells) {
        // The root: what is usual stays pale beside an outlier, and is still told from nothing.
        context.globalAlpha = 0.08 + 0.92 * Math.min(1, Math.sqrt(value / most) ** 1.5);
        context.fillRect(column * cell, line * high, cell, high - 2);
      }
    });
  }, [rows, from, to, step, width, most, colours, high]);

  const point = (x: number, y: number) => {
    const row = rows[Math.floor(y / high)];
    if (!row) return setAt("");
    const time = from + (x / width) * (to - from);
    const i = row.time.findIndex((end) => end >= time);
    const value = i >= 0 && row.time[i]! - time <= step * 2 ? row.values[i]! : 0;
    setAt(`${row.name} at ${timeOf(time)}: ${value ? millis(value) : "no traffic"}`);
  };

  return (
    <figure className="heat">
      <ul aria-hidden="true">{rows.map((row) => <li key={row.name} title={row.name}>{row.name}</li>)}</ul>
      <div><canvas ref={canvas} role="img" aria-label={`Latency of ${rows.length} backends over time; the slowest point is ${millis(most)}. The table has the figures of now.`}
        width={width * devicePixelRatio} height={rows.length * high * devicePixelRatio} style={{ width, height: rows.length * high }}
        onMouseMove={(event) => point(event.nativeEvent.offsetX, event.nativeEvent.offsetY)} onMouseLeave={() => setAt("")} />
        <p className="heat-axis" aria-hidden="true">{[0, 1, 2, 3].map((part) => <span key={part}>{axisTime(from + ((to - from) * part) / 3, to - from)}</span>)}</p></div>
      <figcaption className="muted">{at || `p99 of each backend: the stronger, the slower, up to ${millis(most)}; empty: no traffic.`}</figcaption>
    </figure>
  );
}
