// The pictures of docs/images. Started by `run --pictures`, which has the fleet.
import { chromium } from "playwright-core";

const facts = JSON.parse(process.env.DASHBOARD_FACTS);
const browser = await chromium.launchPersistentContext(facts.profile, {
  executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ignoreHTTPSErrors: true, viewport: { width: 1260, height: 800 }, reducedMotion: "reduce",
});
const page = await browser.newPage();
await page.goto(`${facts.url}#login=${facts.code}`);
await page.getByRole("heading", { name: "Needs attention" }).waitFor();
for (const [name, hash, theme] of [["overview", "overview", "light"], ["upstream", "upstreams/stable", "dark"]]) {
  await page.emulateMedia({ colorScheme: theme });
  await page.evaluate((to) => { location.hash = to; }, `#/${hash}`);
  await page.waitForTimeout(4000);
  const height = await page.evaluate(() => Math.min(Math.ceil(document.querySelector("main").getBoundingClientRect().bottom), 1200));
  await page.setViewportSize({ width: 1260, height });
  await page.waitForTimeout(2500);
  await page.screenshot({ path: `${facts.pictures}/dashboard-${name}.png` });
}
await browser.close();
