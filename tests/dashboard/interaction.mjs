// How long a large fleet's pages take from a key, a click or a turn of the wheel to the next picture, in Chromium. Started by tests/prove/dashboards, which
// has the fleet. Times are of the Event Timing API: from the event to the paint after it, in steps of 8 ms. What follows in a rendering of its own (rows that
// a filter leaves, another page) is timed by what changes in the page: from the event to the picture after the first change, where there is one.
// On a busy machine both are mostly waiting; what the page itself needs is the CPU time of its main thread (live figures included). Keys and clicks are sent
// to places that were looked up before: looking up by role takes longer than what it would measure. Printed as Markdown.
import { chromium } from "playwright-core";

const facts = JSON.parse(process.env.DASHBOARD_FACTS);
const browser = await chromium.launchPersistentContext(facts.profile, {
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--ignore-certificate-errors"],
  ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 }, reducedMotion: "reduce",
});
browser.setDefaultTimeout(60_000);
const page = await browser.newPage();
await page.addInitScript(() => {
  globalThis.eventTimes = [];
  globalThis.followTimes = [];
  let since = 0;
  for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, (event) => { since = event.timeStamp; }, true);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.interactionId) globalThis.eventTimes.push(entry.duration);
  }).observe({ type: "event", durationThreshold: 16 });
  addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    if (!since) return;
    const from = since;
    since = 0;
    requestAnimationFrame(() => setTimeout(() => globalThis.followTimes.push(performance.now() - from)));
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributeFilter: ["class", "aria-pressed", "aria-sort"] }));
});
await page.goto(`${facts.url}#login=${facts.code}`);
await page.getByRole("heading", { name: "Needs attention" }).waitFor();

const inspector = await page.context().newCDPSession(page);
await inspector.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
await inspector.send("Performance.enable");
const cpu = async () => (await inspector.send("Performance.getMetrics")).metrics.find((metric) => metric.name === "TaskDuration").value * 1000;

console.log("| page, what a person does | events | median ms | worst ms | page follows, median ms | worst ms | main thread, CPU ms each |\n|---|---|---|---|---|---|---|");

// Runs `act`, and says what the browser saw of it. What took less than 16 ms is told to nobody; it counts as 16.
async function timed(name, act, times = 12) {
  await page.waitForTimeout(1500);
  await page.evaluate(() => {
    globalThis.eventTimes = [];
    globalThis.followTimes = [];
  });
  const before = await cpu();
  for (let i = 0; i < times; ++i) {
    await act(i);
    await page.waitForTimeout(220);
  }
  await page.waitForTimeout(300);
  const used = (await cpu()) - before;
  const [events, follows] = await page.evaluate(() => [globalThis.eventTimes, globalThis.followTimes]);
  while (events.length < times) events.push(16);
  const middle = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  const follow = follows.length ? `${Math.round(middle(follows))} | ${Math.round(follows.at(-1))}` : "– | –";
  console.log(`| ${name} | ${events.length} | ${middle(events)} | ${events.at(-1)} | ${follow} | ${(used / times).toFixed(1)} |`);
  most = Math.max(most, used / times);
  return events.at(-1);
}

async function go(name) {
  await page.evaluate((hash) => { location.hash = hash; }, `#/${name}`);
  await page.locator("main h1").first().waitFor({ state: "attached" });
  await page.waitForFunction(() => !document.querySelector("main [role=status].empty"));
}

// The middles of all that is in the window, to be clicked at.
async function places(locator) {
  const boxes = await Promise.all((await locator.all()).map((one) => one.boundingBox()));
  const inSight = boxes.filter((box) => box && box.y > 0 && box.y + box.height < 900);
  return (i) => {
    const box = inSight[i % inSight.length];
    return page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  };
}

let most = 0;
const text = "swarm-10 swarm-99";
const worst = [];
for (const [name, list] of [["agents", "Agents"], ["topology", ""], ["upstreams", "Upstreams"]]) {
  await go(name);
  const filter = page.getByRole("searchbox");
  await filter.click();
  const typed = name === "agents" ? text : "service-01 route-04";
  worst.push(await timed(`${name}, types into the filter`, (i) => page.keyboard.press(i % 9 === 8 ? "Control+A" : typed[i] === " " ? "Space" : typed[i])));
  await filter.fill("");
  if (list) {
    const table = page.getByRole("table", { name: list, exact: true });
    worst.push(await timed(`${name}, sorts by a column`, await places(table.locator("button.sort"))));
    await table.locator(".list-body").focus();
    worst.push(await timed(`${name}, scrolls by keys`, () => page.keyboard.press("PageDown")));
  } else {
    worst.push(await timed(`${name}, picks a node`, await places(page.locator(".node button"))));
  }
}
await go("agents");
await page.getByRole("table", { name: "Agents", exact: true }).locator(".list-body").evaluate((body) => body.scrollTo(0, 0));
// Opening one moves the table down: every second click closes it again.
const rows = await places(page.getByRole("table", { name: "Agents", exact: true }).getByRole("link"));
worst.push(await timed("agents, opens one", async (i) => (i % 2 ? page.goBack() : rows(i)), 8));
const links = await places(page.getByRole("navigation").getByRole("link"));
worst.push(await timed("goes from page to page", (i) => links(i % 4)));
console.log(`\nworst of all: ${Math.max(...worst)} ms; most CPU: ${most.toFixed(1)} ms`);
await browser.close();
