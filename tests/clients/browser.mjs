// Chromium through an agent over TLS: browser.mjs URL SPKI CHROMIUM, where SPKI is the hash of the certificate's key to be trusted. Prints one line
// per check; exits with 1 when one failed.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

const [url, spki, executablePath] = process.argv.slice(2);
let failed = false;
const check = (what, good, seen = '') => {
  failed ||= !good;
  console.log(`${good ? 'ok  ' : 'FAIL'} ${what}${good ? '' : `: ${JSON.stringify(seen)}`}`);
};

const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'switchyard-browser-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', `--ignore-certificate-errors-spki-list=${spki}`],
});
try {
  const page = await context.newPage();
  const response = await page.goto(`${url}/bytes/2000`);
  check('a page', response.status() === 200, response.status());
  const seen = await page.evaluate(async () => {
    const asked = await Promise.all(Array.from({ length: 50 }, (_, i) => fetch(`/bytes/${1000 + i}`).then((r) => r.arrayBuffer())));
    const post = await fetch('/', { method: 'POST', body: new Uint8Array(300_000) });
    const gone = new AbortController();
    const cut = fetch('/bytes/100000000', { signal: gone.signal }).then((r) => r.arrayBuffer()).catch((error) => error.name);
    setTimeout(() => gone.abort(), 100);
    const socket = new WebSocket(`wss://${location.host}/socket`);
    const echo = await new Promise((resolve) => {
      socket.onopen = () => socket.send('hello');
      socket.onmessage = (event) => resolve(event.data);
      socket.onerror = () => resolve('error');
    });
    socket.close();
    return {
      protocol: performance.getEntriesByType('navigation')[0].nextHopProtocol,
      sizes: asked.map((body) => body.byteLength), post: post.status, cut: await cut, echo,
      again: (await fetch('/bytes/10')).status,
    };
  });
  check('HTTP/2 was chosen', seen.protocol === 'h2', seen.protocol);
  check('50 requests at once', seen.sizes.every((size, i) => size === 1000 + i), seen.sizes);
  check('an upload', seen.post === 200, seen.post);
  check('a download that is given up', seen.cut === 'AbortError', seen.cut);
  check('a WebSocket', seen.echo === 'hello', seen.echo);
  check('requests after it', seen.again === 200, seen.again);
} finally {
  await context.close();
  fs.rmSync(profile, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
