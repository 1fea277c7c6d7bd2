// The clients and the servers of `upgrade`, with what Node brings and gRPC's library: `upgrade.mjs servers`, `upgrade.mjs clients FACTS`.
// The clients are told by lines on standard input, and answer each with one line of JSON: what failed since, and how many have not moved.
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import readline from "node:readline";
import tls from "node:tls";
import grpc from "@grpc/grpc-js";
import { WebSocket, WebSocketServer } from "ws";

const raw = (value) => value;
const method = (name, stream) => ({
  path: `/t.Echo/${name}`, requestStream: stream, responseStream: stream,
  requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw,
});
const service = { unary: method("Unary", false), both: method("Both", true) };
const soon = () => new Promise((resolve) => { setTimeout(resolve, 100); });
// A server with a waiting list as long as the crowd: what is lost then is lost by the agent.
const listen = (server) => new Promise((resolve) => { server.listen({ port: 0, host: "127.0.0.1", backlog: 1000 }, () => resolve(server.address().port)); });

async function serve() {
  const web = http.createServer((_, answer) => answer.end("ok"));
  web.keepAliveTimeout = 600_000;
  new WebSocketServer({ server: web }).on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  const echo = net.createServer({ noDelay: true }, (socket) => { socket.on("error", () => undefined); socket.pipe(socket); });
  const calls = new grpc.Server();
  calls.addService(service, {
    unary: (call, done) => done(null, call.request),
    both: (call) => { call.on("data", (data) => call.write(data)); call.on("end", () => call.end()); call.on("error", () => undefined); },
  });
  const callsPort = await new Promise((resolve, reject) => {
    calls.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port)));
  });
  console.log(JSON.stringify({ web: await listen(web), echo: await listen(echo), calls: callsPort }));
  process.stdin.resume().on("end", () => process.exit(0));
}

const facts = process.argv[2] === "clients" ? JSON.parse(process.argv[3]) : {};
const ca = facts.ca ? fs.readFileSync(facts.ca) : undefined;
const counts = {};
let failures = [];
const count = (what) => { counts[what] = (counts[what] ?? 0) + 1; };
const fail = (what, error) => { failures.push(`${what}: ${error?.code ?? ""} ${error?.message ?? error}`); };
// Those that keep a connection, each with the turn in which it made it.
const kept = [];
let turn = 0;

// --- clients that ask again and again over a connection that they keep ---

// `make` gets what is to be called when there is a connection, and gives a function that asks once.
function crowd(what, make) {
  for (let i = 0; i < facts.clients; ++i) {
    const me = { made: -1 };
    kept.push(me);
    const ask = make(() => { me.made = turn; });
    void (async () => {
      for (;;) {
        await ask().then(() => count(what), (error) => fail(what, error));
        await soon();
      }
    })();
  }
}

function keepAlive(module, port, name) {
  crowd(`${name} kept alive`, (connected) => {
    const agent = new module.Agent({ keepAlive: true, maxSockets: 1, ca });
    return () => new Promise((resolve, reject) => {
      const request = module.request({ host: "localhost", family: 4, port, agent, path: "/", timeout: 60_000 }, (answer) => {
        answer.resume().on("end", () => (answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`)))).on("error", reject);
      });
      request.on("socket", (socket) => { if (!socket.counted) { socket.counted = true; connected(); } });
      request.on("error", reject).on("timeout", () => request.destroy(new Error("no answer"))).end();
    });
  });
}

// What the first of two GOAWAYs names: all that are under way are served. RFC 9113 section 6.8.
const kAnyStream = 2 ** 31 - 1;

function overHttp2(url, name) {
  crowd(`${name}`, (connected) => {
    let session;
    const open = () => {
      session = http2.connect(url, { ca });
      session.left = false;
      session.on("error", (error) => fail(`${name} connection`, error));
      const mine = session;
      session.on("goaway", (code, last) => { mine.left = true; mine.last = last; if (code !== 0) fail(`${name} GOAWAY`, code); });
      session.on("close", () => { if (!mine.left) fail(`${name} connection`, "closed without GOAWAY"); });
      connected();
    };
    open();
    const ask = () => new Promise((resolve, reject) => {
      if (session.left || session.closed || session.destroyed) open();
      const mine = session;
      const request = mine.request({ ":path": "/" });
      let status = 0;
      request.setTimeout(60_000, () => reject(new Error("no answer")));
      request.on("response", (head) => { status = head[":status"]; }).on("error", () => undefined).resume();
      request.on("close", () => {
        if (status === 200) return resolve();
        // Node's library takes a request and then does not send it when GOAWAY comes in between, and says REFUSED_STREAM itself. When the agent
        // refuses, the last stream that it names is an earlier one.
        if (request.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM && mine.last === kAnyStream) {
          count(`${name}: not sent by the library`);
          return ask().then(resolve, reject);
        }
        return reject(new Error(`status ${status}, reset with ${request.rstCode}, stream ${request.id}, last ${mine.last}`));
      }).end();
    });
    return ask;
  });
}

const Client = grpc.makeGenericClientConstructor(service, "Echo");
// Each with a connection of its own.
const calling = (target) => new Client(target, target.startsWith("localhost") ? grpc.credentials.createSsl(ca) : grpc.credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });

function unary(target, name) {
  crowd(`${name} unary`, (connected) => {
    const client = calling(target);
    return () => new Promise((resolve, reject) => {
      client.unary(Buffer.from("x"), { deadline: Date.now() + 60_000 }, (error) => {
        // Over which connection, the library tells nobody.
        connected();
        return error ? reject(error) : resolve();
      });
    });
  });
}

function newcomers(what, connect) {
  void (async () => {
    for (;;) {
      await new Promise((resolve) => {
        const socket = connect();
        let text = "";
        const done = (error) => { if (error) fail(what, error); else count(what); socket.destroy(); resolve(); };
        socket.setTimeout(60_000, () => done(new Error("no answer")));
        socket.on("data", (data) => {
          text += data;
          if (what === "new tunnel" ? text === "hello" : text.endsWith("ok")) done();
        });
        socket.on("error", done).on("end", () => done(new Error(`ended after ${JSON.stringify(text)}`)));
        socket.write(what === "new tunnel" ? "hello" : "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      });
      await soon();
    }
  })();
}

// --- streams: open for long, each sends back what it is sent ---

let streams = [];

function stream(what, send, end) {
  const me = { what, send, end, waiting: undefined, open: true };
  me.heard = (data) => me.waiting?.(String(data));
  me.lost = (error) => { if (me.open) { me.open = false; fail(what, error ?? "ended"); me.waiting?.("lost"); } };
  streams.push(me);
  return me;
}

function openStreams() {
  for (let i = 0; i < facts.streams; ++i) {
    for (const target of [`127.0.0.1:${facts.plain}`, `localhost:${facts.secure}`]) {
      const client = calling(target);
      const call = client.both();
      const me = stream(`gRPC stream to ${target}`, (text) => call.write(Buffer.from(text)), () => { call.cancel(); client.close(); });
      call.on("data", me.heard).on("error", me.lost).on("end", me.lost);
    }
    for (const url of [`ws://127.0.0.1:${facts.plain}/`, `wss://localhost:${facts.secure}/`]) {
      const socket = new WebSocket(url, { ca, family: 4 });
      const ready = new Promise((resolve) => { socket.on("open", resolve).on("error", resolve); });
      const me = stream(`WebSocket ${url}`, (text) => void ready.then(() => socket.send(text)), () => socket.terminate());
      socket.on("message", me.heard).on("error", me.lost).on("close", me.lost);
    }
    const tunnel = net.connect(facts.tunnels, "127.0.0.1");
    const me = stream("tunnel", (text) => tunnel.write(text), () => tunnel.destroy());
    tunnel.on("data", me.heard).on("error", me.lost).on("end", me.lost);
  }
}

async function exchange() {
  await Promise.all(streams.filter((each) => each.open).map((each) => new Promise((resolve) => {
    const late = setTimeout(() => { fail(each.what, "silent for a minute"); resolve(); }, 60_000);
    each.waiting = (text) => { clearTimeout(late); if (text !== "ping") fail(each.what, `sent ${text}`); else count("exchanges on streams"); resolve(); };
    each.send("ping");
  })));
}

async function obey(word) {
  // Who has no connection from here on has not moved.
  if (word === "mark") ++turn;
  if (word === "open") {
    if (!kept.length) startCrowds();
    openStreams();
    await exchange();
  }
  if (word === "streams") await exchange();
  if (word === "close") {
    for (const each of streams) { each.open = false; each.end(); }
    streams = [];
  }
}

function startCrowds() {
  keepAlive(http, facts.plain, "HTTP/1");
  keepAlive(https, facts.secure, "HTTP/1 over TLS");
  overHttp2(`http://127.0.0.1:${facts.plain}`, "HTTP/2");
  overHttp2(`https://localhost:${facts.secure}`, "HTTP/2 over TLS");
  unary(`127.0.0.1:${facts.plain}`, "gRPC");
  unary(`localhost:${facts.secure}`, "gRPC over TLS");
  newcomers("new connection", () => net.connect(facts.plain, "127.0.0.1"));
  newcomers("new TLS connection", () => tls.connect({ port: facts.secure, host: "127.0.0.1", servername: "localhost", ca }));
  newcomers("new tunnel", () => net.connect(facts.tunnels, "127.0.0.1"));
}

async function drive() {
  for await (const word of readline.createInterface({ input: process.stdin })) {
    await obey(word);
    console.log(JSON.stringify({ word, failures: failures.slice(0, 20), counts, not_moved: kept.filter((me) => me.made < turn).length }));
    failures = [];
  }
  process.exit(0);
}

if (process.argv[2] === "servers") await serve();
else await drive();
