'use strict';

// node test.js LIBRARY: what gort.js promises. Prints "ok" and nothing else.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const koffi = require('koffi');
const { Chan, ClosedError, TimeoutError, go, maxprocs, select, shutdown } = require('./gort.js');

const start = koffi.load(process.argv[2]).func('uint32_t squares_start(void *jobs, void *results, int workers)');

async function squareOfNine() {
  const jobs = new Chan('int64_t'), results = new Chan('int64_t');
  assert.equal(start(jobs.address, results.address, 3), 0);
  await jobs.send(9);
  const square = await results.recv();
  jobs.close();
  await assert.rejects(results.recv(), ClosedError);
  return square;
}

async function main() {
  // Channels: order, close, time.
  const numbers = new Chan('int32_t', 3);
  await Promise.all([1, 2, 3].map((n) => numbers.send(n)));
  assert.equal(numbers.length, 3);
  assert.equal(numbers.capacity, 3);
  await assert.rejects(numbers.send(4, { timeout: 5 }), TimeoutError);
  await assert.rejects(new Chan().recv({ timeout: 5 }), TimeoutError);
  numbers.close();
  const seen = [];
  for await (const n of numbers) seen.push(n);
  assert.deepEqual(seen, [1, 2, 3]);
  await assert.rejects(numbers.recv(), ClosedError);
  await assert.rejects(numbers.send(5), ClosedError);
  assert.throws(() => numbers.close(), ClosedError);
  koffi.struct('point', { x: 'double', y: 'double' });
  const points = new Chan('point', 1);
  await points.send({ x: 1, y: 2 });
  assert.deepEqual({ ...await points.recv() }, { x: 1, y: 2 });

  // Select, and the end of it from outside.
  const a = new Chan(), b = new Chan('int64_t', 1);
  assert.deepEqual(await select([[a], [b, 7]]), [1, true, undefined]);
  assert.deepEqual(await select([[a], [b]]), [1, true, 7]);
  const abort = new AbortController();
  const waiting = a.recv({ signal: abort.signal });
  setTimeout(() => abort.abort(new Error('enough')), 5);
  await assert.rejects(waiting, /enough/);
  await assert.rejects(a.send(1, { timeout: 5 }), TimeoutError); // nobody waits any more
  await assert.rejects(a.recv({ signal: abort.signal }), /enough/);

  // Very many operations at once, the loop's own timers beside them.
  const many = Array.from({ length: 500 }, () => new Chan());
  const received = Promise.all(many.map((chan) => chan.recv()));
  let ticks = 0;
  const ticker = setInterval(() => ticks++, 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await Promise.all(many.map((chan, i) => chan.send(i)));
  assert.deepEqual(await received, many.map((_, i) => i));
  assert.ok(ticks > 0);
  clearInterval(ticker);

  // Signals are Node's.
  const signaled = new Promise((resolve) => process.once('SIGUSR2', () => b.send(2).then(resolve)));
  process.kill(process.pid, 'SIGUSR2');
  assert.equal(await b.recv(), 2); // a signal alone does not keep a process of Node alive
  await signaled;

  // Callbacks from goroutines are refused.
  assert.throws(() => go(() => {}), /cannot run on a goroutine's thread/);

  assert.equal(await squareOfNine(), 81);
  // Children, which Node makes with fork and exec.
  assert.equal(execFileSync('echo', ['child']).toString(), 'child\n');
  assert.equal(await shutdown({ timeout: 10000 }), true);
  assert.equal(await squareOfNine(), 81); // it starts again
  assert.equal(await shutdown({ timeout: 10000 }), true); // no goroutine is left in the library that koffi unloads
  assert.ok(maxprocs() >= 1);
  console.log('ok');
  if (process.argv[3] === 'wait') new Chan().recv(); // to be ended by a signal
  if (process.argv[3] === 'exit') { // with an operation pending
    new Chan().recv();
    setTimeout(() => process.exit(7), 20);
  }
}

main();
