// The frame: who is logged in, which page is shown, and whether the figures are live.
import { startTransition, useCallback, useEffect, useRef, useState } from "react";
import { get, post, setSession } from "./api";
import { stopLive, useLivePart, useOnline } from "./live";
import { Login } from "./login";
import { useTheme, type Theme } from "./theme";
import type { Me, Overview } from "./types";
import { AccessPage } from "./pages/access";
import { AgentsPage } from "./pages/agents";
import { ChangesPage } from "./pages/changes";
import { OverviewPage } from "./pages/overview";
import { TopologyPage } from "./pages/topology";
import { UpstreamsPage } from "./pages/upstreams";

interface Place {
  page: string;
  rest: string;
}

function placeNow(): Place {
  const [page = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  let name = rest.join("/");
  try {
    name = decodeURIComponent(name);
  } catch {
    name = "";
  }
  return { page: page || "overview", rest: name };
}

const kPages = [
  { page: "overview", title: "Overview" },
  { page: "topology", title: "Topology" },
  { page: "upstreams", title: "Upstreams" },
  { page: "agents", title: "Agents" },
  { page: "changes", title: "Changes" },
  { page: "access", title: "Access", level: 3 },
];

export function App() {
  const [me, setMe] = useState<Me | null | undefined>(undefined);
  const [note, setNote] = useState("");
  const enter = useCallback((who: Me) => {
    setSession(who.csrf, () => {
      stopLive();
      setNote("Your session has ended. Log in again.");
      setMe(null);
    });
    setNote("");
    setMe(who);
  }, []);
  useEffect(() => {
    if (location.hash.startsWith("#login=")) return setMe(null);
    get<Me>("/api/me").then(enter).catch(() => setMe(null));
  }, [enter]);
  if (me === undefined) return <p className="boot" role="status">Switchyard is loading…</p>;
  if (me === null) return <Login onLogin={enter} note={note} />;
  return <Frame me={me} onLeave={() => { stopLive(); setMe(null); }} />;
}

function Frame({ me, onLeave }: { me: Me; onLeave: () => void }) {
  const [place, setPlace] = useState(placeNow);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    // A page of thousands is made in slices; what is typed or clicked meanwhile goes first.
    const follow = () => startTransition(() => setPlace(placeNow()));
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  const title = kPages.find((entry) => entry.page === place.page)?.title ?? "Overview";
  useEffect(() => {
    document.title = `${place.rest ? `${place.rest} · ` : ""}${title} · Switchyard`;
    // After a change of page a screen reader goes on with the new one.
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [place.page, place.rest, title]);

  return (
    <div className="frame">
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>Skip to content</a>
      <Bar me={me} page={place.page} onLeave={onLeave} />
      <main id="main" ref={main} tabIndex={-1}>
        <Offline />
        <Page place={place} me={me} />
      </main>
    </div>
  );
}

function Page({ place, me }: { place: Place; me: Me }) {
  switch (place.page) {
    case "topology": return <TopologyPage />;
    case "upstreams": return <UpstreamsPage name={place.rest} key={place.rest} />;
    case "agents": return <AgentsPage node={place.rest} />;
    case "changes": return <ChangesPage generation={Number(place.rest) || 0} me={me} />;
    case "access": return <AccessPage me={me} />;
    default: return <OverviewPage />;
  }
}

function troubleOf(overview: Overview): number {
  return overview.attention.filter((item) => item.severity !== "NOTICE").length;
}

function Bar({ me, page, onLeave }: { me: Me; page: string; onLeave: () => void }) {
  const [theme, setTheme] = useTheme();
  const trouble = useLivePart("/api/overview", troubleOf) ?? 0;
  const leave = () => void post("/api/logout", {}).catch(() => undefined).then(onLeave);
  return (
    <header className="bar">
      <p className="brand"><a href="#/overview">Switchyard</a> <span className="muted">{me.version}</span></p>
      <nav aria-label="Pages">
        <ul>
          {kPages.filter((entry) => me.level >= (entry.level ?? 0)).map((entry) => (
            <li key={entry.page}>
              <a href={`#/${entry.page}`} aria-current={page === entry.page ? "page" : undefined}>
                {entry.title}
                {entry.page === "overview" && trouble ? <span className="count" aria-label={`, ${trouble} need attention`}>{trouble}</span> : null}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div className="who">
        <label className="theme"><span className="hidden">Colours</span>
          <select value={theme} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
            <option value="auto">System</option><option value="light">Light</option><option value="dark">Dark</option>
          </select>
        </label>
        <span className="me" title={`Session ends ${new Date(me.ends * 1000).toLocaleString()}`}>{me.name} <span className="muted">({me.role})</span></span>
        <button type="button" className="quiet" onClick={leave}>Log out</button>
      </div>
    </header>
  );
}

function Offline() {
  const online = useOnline();
  if (online) return null;
  return <p className="offline" role="status">The controller does not answer. Agents go on serving what they have; these figures are old.</p>;
}
