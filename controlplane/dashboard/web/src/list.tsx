// A table of any length: only the rows in sight are in the page. Rows have one height, so that nothing is measured.
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { rem } from "./theme";

export interface Column<Row> {
  key: string;
  title: string;
  // Width as a grid track, e.g. `2fr` or `7rem`.
  width: string;
  numeric?: boolean;
  // Left out where the table is narrow, or already where it is not wide.
  wide?: boolean;
  middle?: boolean;
  cell: (row: Row) => ReactNode;
  // For sorting; absent: the column does not sort.
  value?: (row: Row) => number | string;
}

interface Properties<Row> {
  label: string;
  rows: Row[];
  columns: Column<Row>[];
  keyOf: (row: Row) => string;
  empty: ReactNode;
  onOpen?: (row: Row) => void;
  opened?: string;
  // Rows in sight at most.
  most?: number;
  sort?: { key: string; down: boolean };
}

// Rows by which what is in the page moves on; there are more than that many beyond either end of what is in sight.
const kStride = 4;
const kWide = 760;
const kMiddle = 460;

export function List<Row>({ label, rows, columns, keyOf, empty, onOpen, opened, most = 14, sort }: Properties<Row>) {
  const box = useRef<HTMLDivElement>(null);
  const height = Math.round(rem() * 2.7);
  const [top, setTop] = useState(0);
  const nothing = !rows.length;
  const [width, setWidth] = useState(1000);
  const [order, setOrder] = useState(sort);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [nothing]);

  const shown = columns.filter((column) => (!column.wide || width >= kWide) && (!column.middle || width >= kMiddle));
  const by = columns.find((column) => column.key === order?.key)?.value;
  // Not again for each turn of the wheel: `by` is another function at each rendering, but the same for the same rows and column.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const sorted = useMemo(() => (by ? sortedBy(rows, by, order?.down ? -1 : 1) : rows), [rows, order?.key, order?.down]);
  const first = Math.max(0, Math.floor(top / height) - 4);
  const visible = sorted.slice(first, first + most + 10);
  const grid = { gridTemplateColumns: shown.map((column) => column.width).join(" ") };

  if (nothing) return <div className="empty">{empty}</div>;
  return (
    <div className="list" ref={box} role="table" aria-label={label} aria-rowcount={rows.length + 1} aria-colcount={shown.length}>
      <div className="list-head" role="rowgroup">
        <div className="list-row" role="row" aria-rowindex={1} style={grid}>
          {shown.map((column) => (
            <div key={column.key} role="columnheader" className={column.numeric ? "number" : ""}
              aria-sort={order?.key === column.key ? (order.down ? "descending" : "ascending") : undefined}>
              {column.value ? (
                <button type="button" className="sort" onClick={() => setOrder({ key: column.key, down: order?.key === column.key ? !order.down : Boolean(column.numeric) })}>
                  {column.title}
                  <span aria-hidden="true">{order?.key === column.key ? (order.down ? " ↓" : " ↑") : ""}</span>
                </button>
              ) : column.title}
            </div>
          ))}
        </div>
      </div>
      <div className="list-body" role="rowgroup" tabIndex={0} aria-label={`${label}, rows`} style={{ maxHeight: most * height }}
        onScroll={(event) => setTop(Math.floor(event.currentTarget.scrollTop / (kStride * height)) * kStride * height)}>
        <div role="presentation" style={{ height: first * height }} />
        {visible.map((row, at) => {
          const key = keyOf(row);
          return (
            <div key={key} role="row" aria-rowindex={first + at + 2} className={`list-row${onOpen ? " opens" : ""}${opened === key ? " opened" : ""}`} style={{ ...grid, height }}
              onClick={onOpen ? () => onOpen(row) : undefined}>
              {shown.map((column) => (
                <div key={column.key} role="cell" className={column.numeric ? "number" : ""}>{column.cell(row)}</div>
              ))}
            </div>
          );
        })}
        <div role="presentation" style={{ height: Math.max(0, sorted.length - first - visible.length) * height }} />
      </div>
    </div>
  );
}

// Making one for each comparison takes longer than all else on a page of thousands.
const collator = new Intl.Collator(undefined, { numeric: true });

function sortedBy<Row>(rows: Row[], by: (row: Row) => number | string, sign: number): Row[] {
  const keyed = rows.map((row) => ({ row, key: by(row) }));
  keyed.sort((a, b) => sign * (typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : collator.compare(String(a.key), String(b.key))));
  return keyed.map((entry) => entry.row);
}
