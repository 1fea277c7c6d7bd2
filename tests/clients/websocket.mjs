// The `ws` library on both sides of an agent. `websocket.mjs serve` prints its port; `websocket.mjs check URL [CA FILE]` prints one line per check
// and exits with 1 when one failed.
import crypto from 'node:crypto';
import fs from 'node:fs';
import WebSocket, { WebSocketServer } from 'ws';

const [command, url, ca] = process.argv.slice(2);

function serve() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 64 << 20, perMessageDeflate: true, handleProtocols: (wanted) => wanted.values().next().value });
  server.on('listening', () => console.log(server.address().port));
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => (data.toString() === 'close me' ? socket.close(4001, 'as you wish') : socket.send(data, { binary })));
    socket.on('error', () => socket.terminate());
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}

const open = (protocols = [], options = {}) => new Promise((resolve, reject) => {
  const socket = new WebSocket(url, protocols, { ca: ca && fs.readFileSync(ca), maxPayload: 64 << 20, ...options });
  socket.once('open', () => resolve(socket));
  socket.once('error', reject);
});
const next = (socket, event = 'message') => new Promise((resolve) => socket.once(event, (...values) => resolve(values)));

async function checkAll() {
  let failed = false;
  const check = (what, good, seen = '') => {
    failed ||= !good;
    console.log(`${good ? 'ok  ' : 'FAIL'} ${what}${good ? '' : `: ${seen}`}`);
  };
  const socket = await open(['chat.v2', 'chat.v1'], { perMessageDeflate: false });
  check('opens, with the subprotocol that the server chose', socket.protocol === 'chat.v2', socket.protocol);
  for (const size of [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000, 16_000_000]) {
    const data = crypto.randomBytes(size);
    socket.send(data);
    const [back, binary] = await next(socket);
    check(`echo of ${size} bytes`, binary && data.equals(back));
  }
  socket.send('grüße');
  const [text, binary] = await next(socket);
  check('echo of text', !binary && text.toString() === 'grüße', text);
  for (let i = 0; i < 500; ++i) socket.send(String(i));
  const order = [];
  await new Promise((resolve) => socket.on('message', (data) => order.push(Number(data)) === 500 && resolve()));
  check('500 messages in order', order.every((value, i) => value === i));
  socket.removeAllListeners('message');
  socket.ping('are you there');
  check('ping and pong', (await next(socket, 'pong'))[0].toString() === 'are you there');
  socket.send('first half', { fin: false });
  socket.send(' second half', { fin: true });
  check('a message in fragments', (await next(socket))[0].toString() === 'first half second half');
  socket.send('close me');
  const [code, reason] = await next(socket, 'close');
  check('the close code of the server', code === 4001 && reason.toString() === 'as you wish', code);
  const second = await open([], { perMessageDeflate: true });
  second.send('x'.repeat(100_000));
  check('permessage-deflate', (await next(second))[0].length === 100_000 && second.extensions.includes('permessage-deflate'), second.extensions);
  second.close(1000);
  check('the close code of the client', (await next(second, 'close'))[0] === 1000);
  process.exit(failed ? 1 : 0);
}

if (command === 'serve') serve();
else await checkAll();
