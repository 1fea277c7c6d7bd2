"""What `make bench` found, as JSON, as Markdown tables and as a picture."""
import html
import statistics

US = "Switchyard"
# Not a proxy: what the kernel asks of all.
FLOOR = "relay"


def label(name):
    return US if name == "switchyard" else name


def median(bursts, figure):
    return statistics.median(burst[figure] for burst in bursts)


def better_peer(by_proxy, figure="cpu_us"):
    """Name and figure of the cheapest of the others; nghttpx counts where it is faster than both."""
    others = {name: median(bursts, figure) for name, bursts in by_proxy.items() if name not in ("switchyard", FLOOR) and bursts}
    return min(others.items(), key=lambda item: item[1]) if others else (None, None)


def verdict(ratio, goal):
    if not goal:
        return ""
    return "met" if ratio <= goal else f"{(ratio / goal - 1) * 100:.0f} % over"


def cpu_rows(found):
    """[workload, ours, {peer: cpu}, ratio, goal]"""
    rows = []
    for name, by_proxy in found["bursts"].items():
        if not by_proxy.get("switchyard"):
            continue
        ours = median(by_proxy["switchyard"], "cpu_us")
        _, best = better_peer(by_proxy)
        rows.append((name, ours, {peer: median(bursts, "cpu_us") for peer, bursts in by_proxy.items() if peer != "switchyard" and bursts},
                     ours / best if best else None, found["goals"].get(name, 0)))
    return rows


def cpu_table(found):
    peers = [name for name in found["versions"] if name != "switchyard"]
    lines = ["| workload | " + US + " | " + " | ".join(peers) + " | ratio to the better peer | goal | |",
             "|---|---|" + "---|" * len(peers) + "---|---|---|"]
    for name, ours, others, ratio, goal in cpu_rows(found):
        cells = [f"{others[peer]:.1f}" if peer in others else "–" for peer in peers]
        shown = f"**{ratio:.2f}**" if ratio else "–"
        lines.append(f"| {name} | {ours:.1f} | {' | '.join(cells)} | {shown} | {f'≤ {goal:.2f}' if goal else '–'} | {verdict(ratio, goal) if ratio else ''} |")
    return "\n".join(lines)


def rate_table(found):
    names = list(found["versions"])
    lines = ["| workload | " + " | ".join(label(name) for name in names) + " | errors |", "|---|" + "---|" * (len(names) + 1)]
    for workload, by_proxy in found["bursts"].items():
        cells = [f"{median(by_proxy[name], 'rate'):.0f}" if by_proxy.get(name) else "–" for name in names]
        errors = {label(name): sum(burst["errors"] for burst in bursts) for name, bursts in by_proxy.items()}
        told = ", ".join(f"{name} {count}" for name, count in errors.items() if count) or "0"
        lines.append(f"| {workload} | {' | '.join(cells)} | {told} |")
    return "\n".join(lines)


def idle_table(found):
    lines = ["| connections | proxy | count | MiB at rest | MiB with them | KiB each |", "|---|---|---|---|---|---|"]
    for kind, by_proxy in found["idle"].items():
        for name, one in by_proxy.items():
            each = (one["idle_kib"] - one["rest_kib"]) / max(one["connections"], 1)
            lines.append(f"| {kind} | {label(name)} | {one['connections']} | {one['rest_kib'] / 1024:.1f} | {one['idle_kib'] / 1024:.1f} | {each:.2f} |")
    return "\n".join(lines)


def latency_table(found):
    lines = ["| rate | through | p50 µs | p99 µs | p99.9 µs | added at p99 | added at p99.9 |", "|---|---|---|---|---|---|---|"]
    for rate, by_proxy in found["latency"].items():
        direct = {figure: median(by_proxy["direct"], figure) for figure in ("p50_us", "p99_us", "p999_us")}
        for name, rounds in by_proxy.items():
            own = {figure: median(rounds, figure) for figure in direct}
            added = [f"{own[figure] - direct[figure]:.0f}" if name != "direct" else "–" for figure in ("p99_us", "p999_us")]
            lines.append(f"| {rate}/s | {label(name)} | {own['p50_us']:.0f} | {own['p99_us']:.0f} | {own['p999_us']:.0f} | {' | '.join(added)} |")
    return "\n".join(lines)


def instruction_table(found):
    names = [name for name in found["versions"] if any(name in row for row in found["instructions"].values())]
    lines = ["| workload | " + " | ".join(label(name) for name in names) + " |", "|---|" + "---|" * len(names)]
    for workload, by_proxy in found["instructions"].items():
        lines.append(f"| {workload} | " + " | ".join(f"{by_proxy[name]:.0f}" if name in by_proxy else "–" for name in names) + " |")
    return "\n".join(lines)


SECTIONS = (("bursts", "CPU per request, µs (= CPU seconds per million requests)", cpu_table),
            ("bursts", "Requests per second at saturation", rate_table),
            ("latency", "Latency at a fixed rate, open loop", latency_table),
            ("instructions", "Instructions per request in user space (callgrind, fixed count)", instruction_table),
            ("idle", "Memory of idle kept-alive connections (Pss)", idle_table))


def markdown(found):
    parts = ["# Benchmark\n\nMade by `make bench`; do not edit. What the figures mean: docs/performance.md.\n",
             f"{found['machine']}. {found['rounds']} rounds of {found['seconds']} s, interleaved, medians.\n",
             "\n".join(f"- {label(name)}: {version}" for name, version in found["versions"].items()) + "\n"]
    for key, title, table in SECTIONS:
        if found.get(key):
            parts.append(f"## {title}\n\n{table(found)}\n")
    return "\n".join(parts)


def svg(found):
    """A bar per workload: our CPU per request, relative to the better peer's; a mark at the goal."""
    rows = [row for row in cpu_rows(found) if row[3]]
    left, width, step = 220, 420, 26
    most = max([1.25] + [row[3] for row in rows])
    at = lambda value: left + width * value / most  # noqa: E731
    height = 60 + step * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="#fff"/>',
           f'<text x="{left}" y="20" font-size="13" font-weight="bold">CPU per request, the better peer = 1 (shorter is better)</text>']
    for i, (name, _, _, ratio, goal) in enumerate(rows):
        y = 36 + i * step
        color = "#2f7d5b" if not goal or ratio <= goal else "#c07a1a"
        out.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{html.escape(name)}</text>')
        out.append(f'<rect x="{left}" y="{y}" width="{at(ratio) - left:.1f}" height="17" fill="{color}"/>')
        out.append(f'<text x="{at(ratio) + 5:.1f}" y="{y + 13}">{ratio:.2f}</text>')
        if goal:
            out.append(f'<path d="M{at(goal):.1f} {y - 2}v21" stroke="#222" stroke-width="2"/>')
    out.append(f'<path d="M{at(1):.1f} 30V{height - 14}" stroke="#888" stroke-dasharray="3 3"/>')
    out.append(f'<text x="{left}" y="{height - 2}" fill="#555">dashed: the peer; black mark: the goal</text></svg>')
    return "\n".join(out) + "\n"
