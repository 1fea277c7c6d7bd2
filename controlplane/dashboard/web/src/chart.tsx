// A chart over time. Changes of the configuration stand on the same axis as dashed lines; what is drawn is also there as a sentence and a table.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { timeOf } from "./format";
import { colour, rem, useColours } from "./theme";

export interface Line {
  label: string;
  colour: string;
  values: number[];
  fill?: boolean;
}

export interface Mark {
  // Seconds since 1970.
  time: number;
  label: string;
}

interface Properties {
  label: string;
  time: number[];
  lines: Line[];
  marks?: Mark[];
  format: (value: number) => string;
  // Seconds between two points: a longer gap is shown as one.
  step: number;
  from: number;
  to: number;
  height?: number;
}

// Missing points become gaps instead of straight lines.
function withGaps(time: number[], lines: Line[], step: number): uPlot.AlignedData {
  const x: number[] = [];
  const ys: (number | null)[][] = lines.map(() => []);
  time.forEach((at, i) => {
    const last = x.at(-1);
    if (last !== undefined && at - last > step * 2.5) {
      x.push(last + step);
      ys.forEach((y) => y.push(null));
    }
    x.push(at);
    ys.forEach((y, line) => y.push(lines[line]!.values[i] ?? null));
  });
  return [x, ...ys] as uPlot.AlignedData;
}

// `14:05`, with seconds where the ticks are that close, and the day where one begins.
function timeLabels(ticks: number[], apart: number): string[] {
  return ticks.map((at) => {
    const date = new Date(at * 1000);
    if (!date.getHours() && !date.getMinutes() && !date.getSeconds()) return date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
    return timeOf(at).slice(0, apart < 60 ? 8 : 5);
  });
}

function drawMarks(plot: uPlot, marks: Mark[]): void {
  const context = plot.ctx;
  context.save();
  context.fillStyle = colour("mark");
  context.textAlign = "left";
  context.font = `${Math.round(rem() * 0.75) * devicePixelRatio}px system-ui, sans-serif`;
  let free = -Infinity;
  for (const mark of marks) {
    const x = plot.valToPos(mark.time, "x", true);
    if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) continue;
    context.strokeStyle = colour("mark");
    context.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    context.lineWidth = 1.5 * devicePixelRatio;
    context.beginPath();
    context.moveTo(x, plot.bbox.top);
    context.lineTo(x, plot.bbox.top + plot.bbox.height);
    context.stroke();
    if (x < free) continue;
    // Readable over a line that runs there, too.
    context.strokeStyle = colour("card");
    context.setLineDash([]);
    context.lineWidth = 4 * devicePixelRatio;
    context.strokeText(mark.label, x + 4 * devicePixelRatio, plot.bbox.top + 10 * devicePixelRatio);
    context.fillText(mark.label, x + 4 * devicePixelRatio, plot.bbox.top + 10 * devicePixelRatio);
    free = x + context.measureText(mark.label).width + 12 * devicePixelRatio;
  }
  context.restore();
}

// Without a pointer over it the legend has the figures of now; another size or other data would leave it empty.
function legendOfNow(plot: uPlot): void {
  if (plot.cursor.idx == null && plot.data[0].length) plot.setLegend({ idx: plot.data[0].length - 1 });
}

export function Chart({ label, time, lines, marks = [], format, step, from, to, height = Math.round(rem() * 12) }: Properties) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const now = useRef({ marks, from, to });
  now.current = { marks, from, to };
  const colours = useColours();
  const shape = lines.map((line) => `${line.label}/${line.colour}`).join() + height;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 }, font: `${Math.round(rem() * 0.75)}px system-ui, sans-serif` };
    const made = new uPlot({
      width: Math.max(200, element.clientWidth),
      height,
      cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      legend: { live: true },
      padding: [null, Math.round(rem() * 1.4), null, null],
      scales: { x: { time: true, range: () => [now.current.from, now.current.to] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
      axes: [{ ...axis, size: Math.round(rem() * 2.1), space: Math.round(rem() * 3.4), values: (_, ticks, __, ___, apart) => timeLabels(ticks, apart) }, { ...axis, size: Math.round(rem() * 3.9), values: (_, ticks) => ticks.map((tick) => (tick === 0 ? "0" : format(tick).replace(/\.0+(?= |$)/, ""))) }],
      series: [{ value: (_, at) => (at === null ? "–" : timeOf(at)) },
        ...lines.map((line) => {
          const paint = colour(line.colour);
          return { label: line.label, stroke: paint, width: 1.5, points: { show: false }, value: (_: uPlot, at: number | null) => (at === null ? "–" : format(at)),
            ...(line.fill ? { fill: `color-mix(in srgb, ${paint} 14%, transparent)` } : {}) };
        })],
      hooks: { draw: [(self) => drawMarks(self, now.current.marks), legendOfNow] },
    }, withGaps(time, lines, step), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(200, element.clientWidth), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
    // The data comes by the effect below; a new plot is only made for another shape.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, colours]);

  // What is drawn, by identity: a page is drawn anew for reasons that are none of a chart's.
  const drawn = useRef<unknown[]>([]);
  useEffect(() => {
    const wanted = [plot.current, time, marks, step, from, to, ...lines.map((line) => line.values)];
    if (wanted.length === drawn.current.length && wanted.every((part, i) => part === drawn.current[i])) return;
    drawn.current = wanted;
    plot.current?.setData(withGaps(time, lines, step));
  });

  return (
    <figure className="chart" aria-label={`${label}. ${lines.map((line) => summary(line, format)).join(" ")}`} role="img">
      <div ref={box} aria-hidden="true" />
    </figure>
  );
}

function summary(line: Line, format: (value: number) => string): string {
  if (!line.values.length) return `${line.label}: no data.`;
  let most = -Infinity;
  for (const value of line.values) most = Math.max(most, value);
  return `${line.label}: now ${format(line.values.at(-1) ?? 0)}, at most ${format(most)}.`;
}
