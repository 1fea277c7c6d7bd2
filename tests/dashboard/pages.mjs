// Every page of the dashboard, in Chromium: it shows what is so, takes changes, keeps strangers out, and is usable by keyboard, by screen reader
// and at any width. Started by `run`, which has the fleet.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { checkDoor } from "./door.mjs";

const facts = JSON.parse(process.env.DASHBOARD_FACTS);
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const kPages = ["overview", "topology", "upstreams", "upstreams/stable", "agents", "agents/edge-1", "changes", "changes/2", "access"];
const kPatience = 60_000;
const began = Date.now();
const say = (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`);

const browser = await chromium.launchPersistentContext(facts.profile, {
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--ignore-certificate-errors"],
  ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 }, reducedMotion: "reduce",
});
browser.setDefaultTimeout(kPatience);

const complaints = [];
function listen(page) {
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d|ERR_|net::/.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  return page;
}

async function go(page, name) {
  await page.evaluate((hash) => { location.hash = hash; }, `#/${name}`);
  await page.locator("main h1, main .empty").first().waitFor({ state: "attached" });
  await page.waitForFunction(() => !document.querySelector("main [role=status].empty"), undefined, { timeout: kPatience });
}

async function checkAxe(page, name) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = result.violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
  assert.deepEqual(serious.map((violation) => `${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} (${node.failureSummary?.split("\n")[1] ?? ""})`).join(" | ")}`), [], `axe on ${name}`);
}

async function checkWidth(page, name) {
  const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= shown + 1, `${name}: the page is ${wide} wide in ${shown}`);
}

// --- logging in, and the overview ---
let admin = listen(await browser.newPage());
await admin.goto(facts.url);
await admin.getByRole("heading", { name: "Log in" }).waitFor();
await checkAxe(admin, "login");
await admin.goto(`${facts.url}#login=${facts.code}`);
await admin.reload();
await admin.getByRole("heading", { name: "Needs attention" }).waitFor();
assert.ok(!(await admin.evaluate(() => location.href)).includes(facts.code), "the code stays out of the address line");
say("logged in by link");
const rate = admin.locator(".tile", { hasText: "Requests per second" }).locator(".tile-value");
await admin.waitForFunction((element) => Number.parseFloat(element.textContent) > 20, await rate.elementHandle());
const seen = new Set();
for (let i = 0; i < 40 && seen.size < 2; ++i) {
  seen.add(await rate.textContent());
  await admin.waitForTimeout(250);
}
assert.ok(seen.size >= 2, "figures are live");
await admin.locator(".attention a", { hasText: "upstream/stable" }).first().waitFor();
assert.ok(await admin.locator(".chart canvas").count() >= 2, "two charts");
const paint = await admin.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
const loaded = await admin.evaluate(() => performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/assets/")).reduce((sum, entry) => sum + entry.encodedBodySize, 0));
assert.ok(loaded > 0 ? loaded < 300 * 1024 : true, `${loaded} bytes of files`);
say(`overview is live; first paint ${Math.round(paint)} ms, files ${Math.round(loaded / 1024)} KiB`);

// --- every page: shown, readable, no wider than the window ---
for (const name of kPages) {
  await go(admin, name);
  await checkAxe(admin, name);
}
say("axe: nothing serious on any page");
for (const [width, height] of [[320, 640], [1280, 900], [3840, 2160]]) {
  await admin.setViewportSize({ width, height });
  for (const theme of facts.screenshots ? ["light", "dark"] : ["dark"]) {
    await admin.emulateMedia({ colorScheme: theme });
    for (const name of kPages) {
      await go(admin, name);
      await checkWidth(admin, `${name} at ${width}`);
      if (facts.screenshots) {
        await admin.waitForTimeout(1200);
        await admin.screenshot({ path: `${facts.screenshots}/${name.replaceAll("/", "-")}-${width}-${theme}.png`, fullPage: width < 3840 });
      }
    }
  }
}
await admin.emulateMedia({ colorScheme: "dark" });
await admin.setViewportSize({ width: 1280, height: 900 });
await go(admin, "overview");
await checkAxe(admin, "overview, dark");
await admin.emulateMedia({ colorScheme: "light" });
say("320 px to 4K, no page is wider than its window");

// --- upstream, topology, agents ---
await go(admin, "upstreams/stable");
const dead = admin.locator(".list-row", { has: admin.locator(".badge.bad") });
await dead.first().waitFor();
assert.equal(await admin.getByRole("table", { name: "Backends" }).getByRole("row").count(), 4);
await admin.locator(".heat canvas").waitFor();
assert.match(await admin.locator(".heat-axis").textContent(), /^(\d\d:\d\d){4}$/, "the heat map says when");
await admin.waitForFunction(() => [...document.querySelectorAll(".chart .u-value")].slice(0, 3).every((value) => value.textContent !== "–"));
await admin.getByRole("table", { name: "Backends" }).getByRole("button", { name: /^127/ }).first().click();
await admin.getByRole("heading", { name: /^Why: 127/ }).waitFor();
await admin.getByText("Evidence against it").waitFor();
await checkAxe(admin, "why");
await admin.getByRole("table", { name: "Breakers" }).getByText(/^(Breaker .* on|Ejected as an outlier on) [12].* of 2 agents.*\(edge-[12]\)$/).first().waitFor();
await go(admin, "topology");
await admin.getByRole("button", { name: /^edge-1/ }).click();
await admin.locator(".node.dim").first().waitFor();
await admin.getByRole("button", { name: /^stable/ }).click();
const reached = admin.getByRole("region", { name: "Backends of stable" });
await reached.locator(".node").nth(2).waitFor();
assert.equal(await reached.locator(".node.bad", { hasText: "unhealthy" }).count(), 1, "the chosen upstream shows its backends, and which of them is down");
await checkAxe(admin, "topology with backends");
await go(admin, "agents");
await admin.getByRole("link", { name: "edge-2" }).first().click();
await admin.getByRole("heading", { name: "edge-2" }).waitFor();
await admin.getByText("Serves generation").waitFor();
await go(admin, "agents/edge-1");
assert.ok((await admin.getByText(facts.hostileShort).count()) >= 1, "a hostile zone is shown as text");
await go(admin, "topology");
assert.ok((await admin.getByText("onerror").count()) >= 1, "a hostile path is shown as text");
await go(admin, "changes/2");
assert.ok((await admin.locator(".line", { hasText: "x-hostile" }).count()) >= 1 && (await admin.locator(".line", { hasText: "<script>" }).count()) >= 1, "hostile headers are shown as text");
say("upstream, topology and agents show the fleet");

// --- changes: hostile texts, dry run, apply, rollback ---
await go(admin, "changes");
assert.ok((await admin.locator(".list-row", { hasText: "<img src=x" }).count()) >= 1, "a hostile reason is shown as text");
await admin.getByRole("button", { name: "Apply a change…" }).click();
const dialog = admin.getByRole("dialog");
const yaml = dialog.getByLabel("Resources as YAML");
await yaml.fill("kind: Upstream\nname: fresh\nspec:\n  colour: red\n");
await dialog.getByRole("button", { name: "Dry run" }).click();
await dialog.getByText(/line 4/).first().waitFor();
assert.ok(await dialog.getByRole("button", { name: "Apply" }).isDisabled(), "nothing is applied without a good dry run");
await checkAxe(admin, "apply dialog");
await yaml.fill("kind: Upstream\nname: fresh\nspec:\n  backends:\n    - address: 127.0.0.1:9\n");
await dialog.getByRole("button", { name: "Dry run" }).click();
await dialog.locator(".line.added").first().waitFor();
await dialog.getByLabel("Why").fill("from the page");
await dialog.getByRole("button", { name: "Apply" }).click();
await admin.getByRole("heading", { name: "Generation 3" }).waitFor();
await admin.getByText("from the page").first().waitFor();
await go(admin, "changes/1");
await admin.getByRole("button", { name: /Roll back to g1/ }).click();
await dialog.locator(".line.removed").first().waitFor();
await dialog.getByRole("button", { name: "Roll back", exact: true }).click();
await admin.getByRole("heading", { name: "Generation 4" }).waitFor();
await admin.locator(".verb.deleted").first().waitFor();
say("applied after a dry run, rolled back as a new generation");

// --- what does not fit: 30,000 lines that differ, and a rollback that another change overtook ---
const apply = (yaml) => admin.evaluate(async (text) => {
  const { csrf } = await (await fetch("/api/me")).json();
  const answer = await fetch("/api/apply", { method: "POST", headers: { "X-CSRF-Token": csrf }, body: new URLSearchParams({ yaml: text }) });
  return [answer.status, (await answer.json()).generation];
}, yaml);
const bulk = (net) => [0, 1, 2].map((u) => `kind: Upstream\nname: bulk-${u}\nspec:\n  backends:\n${Array.from({ length: 5000 }, (_, i) => `    - address: 10.${net}.${Math.floor(i / 250)}.${i % 250}:80\n`).join("")}`).join("---\n");
assert.deepEqual(await apply(bulk(1)), [200, 5]);
assert.deepEqual(await apply(bulk(2)), [200, 6]);
const asked = Date.now();
await go(admin, "changes/6");
await admin.getByText("+5000").first().waitFor();
await admin.locator(".line.added, .line.removed").first().waitFor();
const drawn = Date.now() - asked;
assert.ok((await admin.locator("*").count()) < 8000, "a page of that is bounded");
await admin.getByRole("button", { name: /Show \d+ more lines/ }).first().click();
assert.ok((await admin.locator(".line").count()) > 1000, "who wants more gets more");
await checkWidth(admin, "a large diff");
say(`30,000 lines that differ: shown after ${drawn} ms`);
await go(admin, "changes/5");
await admin.getByRole("button", { name: /Roll back to g5/ }).click();
await dialog.locator(".line.removed").first().waitFor();
assert.deepEqual(await apply(bulk(3)), [200, 7]);
await dialog.getByRole("button", { name: "Roll back", exact: true }).click();
await dialog.getByRole("alert").waitFor();
assert.match(await dialog.getByRole("alert").textContent(), /generation/, "it says what came in between");
await dialog.getByRole("button", { name: "Cancel" }).click();
await admin.getByText("g7", { exact: true }).first().waitFor();
assert.equal(await admin.getByText("g8", { exact: true }).count(), 0, "nothing was changed");
assert.equal(await admin.evaluate(async () => {
  const { csrf } = await (await fetch("/api/me")).json();
  return (await fetch("/api/rollback", { method: "POST", headers: { "X-CSRF-Token": csrf }, body: new URLSearchParams({ generation: "4711" }) })).status;
}), 400, "there is no such generation to go back to");
say("a rollback that was overtaken changes nothing and says why");

// --- access: token, credential of a viewer, what the viewer may, revoking ---
await go(admin, "access");
assert.ok((await admin.getByText(facts.hostile).count()) >= 1, "a hostile description is shown as text");
await admin.getByRole("button", { name: "Make a token" }).click();
assert.match(await dialog.locator("pre").textContent(), /--join-token syt1\./);
await dialog.getByRole("button", { name: "Done" }).click();
await admin.locator("input[name=name]").fill("vera");
await admin.getByRole("button", { name: "Make a credential" }).click();
const file = await dialog.locator("pre").textContent();
await dialog.getByRole("button", { name: "Done" }).click();
const other = await browser.browser()?.newContext({ ignoreHTTPSErrors: true }) ?? await chromium.launchPersistentContext(`${facts.profile}-2`, {
  executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"], ignoreHTTPSErrors: true });
other.setDefaultTimeout(kPatience);
const vera = listen(await other.newPage());
await vera.goto(facts.url);
await vera.getByLabel("Credential file").setInputFiles({ name: "vera.credential", mimeType: "text/plain", buffer: Buffer.from(file) });
await vera.getByRole("button", { name: "Log in" }).click();
await vera.getByRole("heading", { name: "Needs attention" }).waitFor();
assert.equal(await vera.getByRole("link", { name: "Access" }).count(), 0);
await go(vera, "changes");
assert.equal(await vera.getByRole("button", { name: "Apply a change…" }).count(), 0);
const refusals = await vera.evaluate(async () => {
  const { csrf } = await (await fetch("/api/me")).json();
  const post = (path, token) => fetch(path, { method: "POST", headers: { "X-CSRF-Token": token }, body: new URLSearchParams({ yaml: "kind: Upstream", dry_run: "true" }) });
  return [(await post("/api/apply", csrf)).status, (await post("/api/apply", "0")).status, (await fetch("/api/tokens")).status, (await fetch("/api/actions")).status];
});
assert.deepEqual(refusals, [403, 403, 403, 403], "a viewer views");
say("a viewer logged in with a file, and may only look");
await admin.getByRole("button", { name: "Revoke the credential of vera" }).click();
await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
await admin.getByText("revoked").first().waitFor();
await vera.getByText("Your session has ended").waitFor();
say("revoking the credential ended its session");
await other.close();

// --- keyboard, logging out, the door ---
await go(admin, "overview");
await admin.reload();
await admin.getByRole("heading", { name: "Needs attention" }).waitFor();
await admin.keyboard.press("Tab");
assert.equal(await admin.evaluate(() => document.activeElement?.textContent), "Skip to content");
await admin.keyboard.press("Enter");
assert.equal(await admin.evaluate(() => document.activeElement?.id), "main");
assert.equal(await admin.evaluate(() => globalThis.hostile), undefined, "no hostile script ran");
const cookie = (await browser.cookies()).find((entry) => entry.name === "__Host-switchyard");
assert.ok(cookie?.httpOnly && cookie.secure && cookie.sameSite === "Strict");
await checkDoor(facts.url, cookie, await admin.evaluate(async () => (await (await fetch("/api/me")).json()).csrf));
say("the door: forged and missing sessions, CSRF, foreign origins, large bodies");
await admin.getByRole("button", { name: "Log out" }).click();
await admin.getByRole("heading", { name: "Log in" }).waitFor();
assert.deepEqual(complaints, []);
await browser.close();
say("all held");
