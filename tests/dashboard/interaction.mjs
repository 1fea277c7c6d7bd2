// How long a large fleet's pages take from a key, a click or a turn of the wheel to the next picture, in Chromium. Started by tests/prove/dashboards, which
// has the fleet. Times are of the Event Timing API: from the event to the paint after it, in steps of 8 ms. On a busy machine they are mostly waiting; what
// the page itself needs is the CPU time of its main thread (live figures included). Printed as Markdown.
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
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.interactionId) globalThis.eventTimes.push(entry.duration);
  }).observe({ type: "event", durationThreshold: 16 });
});
await page.goto(`${facts.url}#login=${facts.code}`);
await page.getByRole("heading", { name: "Needs attention" }).waitFor();

const inspector = await page.context().newCDPSession(page);
await inspector.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
await inspector.send("Performance.enable");
const cpu = async () => (await inspector.send("Performance.getMetrics")).metrics.find((metric) => metric.name === "TaskDuration").value * 1000;

console.log("| page, what a person does | events | median ms | worst ms | main thread, CPU ms each |\n|---|---|---|---|---|");

// Runs `act`, and says what the browser saw of it. What took less than 16 ms is told to nobody; it counts as 16.
async function timed(name, act, times = 12) {
  await page.waitForTimeout(1500);
  await page.evaluate(() => {
    globalThis.eventTimes = [];
  });
  const before = await cpu();
  for (let i = 0; i < times; ++i) {
    await act(i);
    await page.waitForTimeout(220);
  }
  await page.waitForTimeout(300);
  const used = (await cpu()) - before;
  const events = await page.evaluate(() => globalThis.eventTimes);
  while (events.length < times) events.push(16);
  events.sort((a, b) => a - b);
  console.log(`| ${name} | ${events.length} | ${events[Math.floor(events.length / 2)]} | ${events.at(-1)} | ${(used / times).toFixed(1)} |`);
  most = Math.max(most, used / times);
  return events.at(-1);
}

async function go(name) {
  await page.evaluate((hash) => { location.hash = hash; }, `#/${name}`);
  await page.locator("main h1").first().waitFor({ state: "attached" });
  await page.waitForFunction(() => !document.querySelector("main [role=status].empty"));
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
    const heads = table.locator("button.sort");
    worst.push(await timed(`${name}, sorts by a column`, async (i) => heads.nth(i % (await heads.count())).click()));
    await table.locator(".list-body").focus();
    worst.push(await timed(`${name}, scrolls by keys`, () => page.keyboard.press("PageDown")));
  } else {
    const nodes = page.locator(".node button");
    worst.push(await timed(`${name}, picks a node`, (i) => nodes.nth(i * 3 + 1).click()));
  }
}
await go("agents");
const rows = page.getByRole("table", { name: "Agents", exact: true }).getByRole("link");
worst.push(await timed("agents, opens one", (i) => rows.nth(i % 8).click(), 8));
const links = page.getByRole("navigation").getByRole("link");
worst.push(await timed("goes from page to page", async (i) => links.nth(i % 4).click()));
console.log(`\nworst of all: ${Math.max(...worst)} ms; most CPU: ${most.toFixed(1)} ms`);
await browser.close();
