// The dashboard's door, without a browser: whatever is sent, who has no right gets nothing, and every answer has the security headers.
import assert from "node:assert/strict";
import { request } from "node:https";

function ask(url, path, { method = "GET", headers = {}, body = "" } = {}) {
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, url), { method, headers: { ...headers, ...(body ? { "content-length": Buffer.byteLength(body) } : {}) }, rejectUnauthorized: false, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (part) => { text += part; });
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
      answer.on("error", reject);
    });
    // A server that has answered may close before it has read all.
    call.on("error", (error) => (["ECONNRESET", "EPIPE"].includes(error.code) ? resolve({ status: 0, headers: {}, text: "" }) : reject(error)));
    call.end(body);
  });
}

export async function checkDoor(url, cookie, csrf) {
  const own = new URL(url).origin;
  const session = `${cookie.name}=${cookie.value}`;
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const page = await ask(url, "/");
  assert.equal(page.status, 200);
  assert.match(page.headers["content-security-policy"], /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal(page.headers["x-content-type-options"], "nosniff");
  assert.equal(page.headers["referrer-policy"], "no-referrer");
  assert.ok(!/unsafe-inline|unsafe-eval/.test(page.headers["content-security-policy"]));
  assert.equal((await ask(url, "/../../etc/passwd")).status, 404);
  assert.equal((await ask(url, "/", { method: "DELETE" })).status, 405);

  for (const path of ["/api/me", "/api/overview", "/api/agents", "/api/series", "/api/yaml?kind=Secret&name=x", "/api/tokens", "/api/live?t0=/api/overview"]) {
    assert.equal((await ask(url, path)).status, 401, `${path} without a session`);
    assert.equal((await ask(url, path, { headers: { cookie: `${cookie.name}=${"0".repeat(64)}` } })).status, 401, `${path} with a forged session`);
    assert.equal((await ask(url, path, { headers: { cookie: `${cookie.name}=${csrf}` } })).status, 401, `${path} with the CSRF token as session`);
  }
  assert.equal((await ask(url, "/api/live?t0=/api/tokens", { headers: { cookie: session } })).status, 400, "what is for admins is not streamed");
  const apply = (headers, body = "yaml=kind%3A+Upstream&dry_run=true") => ask(url, "/api/apply", { method: "POST", headers: { cookie: session, ...form, ...headers }, body });
  assert.equal((await apply({})).status, 403, "no CSRF token");
  assert.equal((await apply({ "x-csrf-token": "0".repeat(64) })).status, 403, "a wrong one");
  assert.equal((await apply({ "x-csrf-token": csrf, origin: "https://evil.example" })).status, 403, "from another site");
  assert.equal((await apply({ "x-csrf-token": csrf, origin: "null" })).status, 403, "from nowhere");
  assert.equal((await apply({ "x-csrf-token": csrf, origin: own, "content-type": "text/plain" })).status, 400, "not a form");
  const honest = await apply({ "x-csrf-token": csrf, origin: own });
  assert.equal(honest.status, 400);
  assert.match(honest.text, /violations/);
  assert.equal((await ask(url, "/api/login", { method: "POST", headers: { ...form, origin: "https://evil.example" }, body: "code=x" })).status, 403);
  assert.equal((await ask(url, "/api/login", { method: "POST", headers: form, body: "code=x" })).status, 401);

  assert.ok([0, 413].includes((await ask(url, "/api/login", { method: "POST", headers: form, body: "a=".padEnd(200_000, "x") })).status), "strangers have little to say");
  assert.ok([0, 413].includes((await apply({ "x-csrf-token": csrf }, `yaml=${"x".repeat(9 << 20)}`)).status), "nobody has that much to say");
  assert.equal((await apply({ "x-csrf-token": csrf }, `yaml=${"x".repeat(200_000)}`)).status, 400);
  assert.equal((await ask(url, "/api/top?upstream=%zz", { headers: { cookie: session } })).status, 400);
  assert.equal((await ask(url, "/api/series?of=backend", { headers: { cookie: session } })).status, 400);
  assert.equal((await ask(url, "/api/diff?from=1&to=999", { headers: { cookie: session } })).status, 404);
  assert.equal((await ask(url, "/api/diff?from=3&to=1", { headers: { cookie: session } })).status, 400);
}
