// A table of any length: only the rows in sight are in the page. Rows have one height, so that nothing is measured.
//
// A row is drawn again only when it, or the columns, are others: pages hand over the same objects while nothing has changed (`useMemo`, `keepSame`).
// What a click changes in the head is shown at once; the rows follow in a rendering that the next key or click may interrupt.
import { memo, useDeferredValue, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useRem } from "./theme";

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

export interface Order {
  key: string;
  down: boolean;
}

interface Properties<Row> {
  label: string;
  rows: Row[];
  // The same array while its cells show the same.
  columns: Column<Row>[];
  keyOf: (row: Row) => string;
  empty: ReactNode;
  onOpen?: (row: Row) => void;
  opened?: string;
  // Rows in sight at most.
  most?: number;
  sort?: Order;
}

// Rows by which what is in the page moves on; there are more than that many beyond either end of what is in sight.
const kStride = 4;
const kWide = 760;
const kMiddle = 460;

function ListOf<Row>({ label, rows, columns, keyOf, empty, onOpen, opened, most = 14, sort }: Properties<Row>) {
  const box = useRef<HTMLDivElement>(null);
  const height = Math.round(useRem() * 2.7);
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

  const wide = width >= kWide;
  const middle = width >= kMiddle;
  const shown = useMemo(() => columns.filter((column) => (!column.wide || wide) && (!column.middle || middle)), [columns, wide, middle]);
  const wanted = useDeferredValue(order);
  const sorted = useMemo(() => {
    const by = columns.find((column) => column.key === wanted?.key)?.value;
    return by ? sortedBy(rows, by, wanted?.down ? -1 : 1) : rows;
  }, [rows, columns, wanted]);
  const first = Math.max(0, Math.floor(top / height) - kStride);
  const visible = sorted.slice(first, first + most + 3 * kStride);
  const tracks = shown.map((column) => column.width).join(" ");
  const grid = useMemo(() => ({ gridTemplateColumns: tracks }), [tracks]);
  const line = useMemo(() => ({ gridTemplateColumns: tracks, height }), [tracks, height]);

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
          return <Line key={key} row={row} at={first + at + 2} columns={shown as Column<unknown>[]} style={line} opened={opened === key} onOpen={onOpen as ((row: unknown) => void) | undefined} />;
        })}
        <div role="presentation" style={{ height: Math.max(0, sorted.length - first - visible.length) * height }} />
      </div>
    </div>
  );
}

interface LineProperties {
  row: unknown;
  at: number;
  columns: Column<unknown>[];
  style: { gridTemplateColumns: string; height: number };
  opened: boolean;
  onOpen: ((row: unknown) => void) | undefined;
}

const Line = memo(function Line({ row, at, columns, style, opened, onOpen }: LineProperties) {
  return (
    <div role="row" aria-rowindex={at} className={`list-row${onOpen ? " opens" : ""}${opened ? " opened" : ""}`} style={style} onClick={onOpen ? () => onOpen(row) : undefined}>
      {columns.map((column) => (
        <div key={column.key} role="cell" className={column.numeric ? "number" : ""}>{column.cell(row)}</div>
      ))}
    </div>
  );
});

// Says the type that `memo` forgets.
export const List = memo(ListOf) as typeof ListOf;

// `edge-9` before `edge-10`, and no letter's case counts. As plain text, because a collator takes longer than all else on a page of thousands.
function sortText(value: string): string {
  return value.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));
}

function sortedBy<Row>(rows: Row[], by: (row: Row) => number | string, sign: number): Row[] {
  const keyed = rows.map((row) => {
    const value = by(row);
    return { row, key: typeof value === "number" ? value : sortText(value) };
  });
  keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0));
  return keyed.map((entry) => entry.row);
}
