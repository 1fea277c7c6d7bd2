// gRPC's Node client through an agent: grpc_client.mjs TARGET [CA FILE]. Prints one line per check; exits with 1 when one failed.
import fs from 'node:fs';
import grpc from '@grpc/grpc-js';

const [target, ca] = process.argv.slice(2);
const raw = (value) => value;
const method = (name, requestStream, responseStream) => ({
  path: `/t.Echo/${name}`, requestStream, responseStream,
  requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw,
});
const Client = grpc.makeGenericClientConstructor({
  unary: method('Unary', false, false), down: method('Down', false, true), up: method('Up', true, false), both: method('Both', true, true),
  wait: method('Wait', false, false), fail: method('Fail', false, false),
}, 'Echo');
const credentials = ca ? grpc.credentials.createSsl(fs.readFileSync(ca)) : grpc.credentials.createInsecure();
const client = new Client(target, credentials, { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
const soon = (seconds = 10) => ({ deadline: Date.now() + seconds * 1000 });

let failed = false;
const check = (what, good, seen = '') => {
  failed ||= !good;
  console.log(`${good ? 'ok  ' : 'FAIL'} ${what}${good ? '' : `: ${seen}`}`);
};
const unary = (name, message, options = soon(), metadata = new grpc.Metadata()) => new Promise((resolve) => {
  const seen = {};
  const call = client[name](message, metadata, options, (error, answer) => { seen.error = error; seen.answer = answer; });
  call.on('status', (status) => { seen.status = status; resolve(seen); });
  seen.call = call;
});
const collect = (call) => new Promise((resolve) => {
  const seen = { messages: [] };
  call.on('data', (message) => seen.messages.push(message.toString()));
  call.on('error', (error) => { seen.error = error; });
  call.on('status', (status) => resolve({ ...seen, status }));
});

const metadata = new grpc.Metadata();
metadata.set('x-ask', 'why');
const first = await unary('unary', Buffer.from('hello'), soon(), metadata);
check('unary', first.answer?.toString() === 'hello', first.error);
check('trailing metadata', first.status.metadata.get('x-answer')[0] === 'why', JSON.stringify(first.status));
const down = await collect(client.down(Buffer.from('x'), soon()));
check('server streaming', down.messages.join('') === 'xxxxx', down.error);
const up = await new Promise((resolve) => {
  const call = client.up(soon(), (error, answer) => resolve({ error, answer }));
  for (let i = 0; i < 100; ++i) call.write(Buffer.from('x'));
  call.end();
});
check('client streaming', up.answer?.toString() === '100', up.error);
const both = client.both(soon());
const echoed = collect(both);
for (let i = 0; i < 200; ++i) both.write(Buffer.from(String(i)));
both.end();
const all = await echoed;
check('both ways', all.messages.length === 200 && all.messages.every((text, i) => text === String(i)), all.error);
const large = Buffer.alloc(10_000_000, 'switchyard');
const big = await unary('unary', large, soon(30));
check('10 MB each way', big.answer?.equals(large), big.error);
const many = await Promise.all(Array.from({ length: 500 }, (_, i) => unary('unary', Buffer.from(String(i)))));
check('500 calls at once', many.every((seen, i) => seen.answer?.toString() === String(i)), many.find((seen) => seen.error)?.error);
const fail = await unary('fail', Buffer.alloc(0));
check('status and message', fail.error?.code === grpc.status.NOT_FOUND && fail.error.details === 'no such thing: ü', fail.error);
const late = await unary('wait', Buffer.alloc(0), soon(0.3));
check('deadline', late.error?.code === grpc.status.DEADLINE_EXCEEDED, late.error);
const endless = client.both(soon(20));
const ended = collect(endless);
endless.write(Buffer.from('x'));
await new Promise((resolve) => endless.once('data', resolve));
endless.cancel();
check('cancellation', (await ended).error?.code === grpc.status.CANCELLED);
const after = await unary('unary', Buffer.from('still'));
check('calls after it', after.answer?.toString() === 'still', after.error);
client.close();
process.exit(failed ? 1 : 0);
