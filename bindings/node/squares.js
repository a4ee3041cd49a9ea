'use strict';

// node squares.js LIBRARY [NUMBERS] [WORKERS]: a worker thread of Node sends numbers to goroutines
// written in C (LIBRARY is tests/bindings/squares.c, compiled); the main thread awaits their squares.

const { once } = require('node:events');
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const koffi = require('koffi');
const { Chan, shutdown } = require('./gort.js');

async function main([library, numbers = 1000, workers = 4]) {
  if (!library) throw new Error('usage: squares.js LIBRARY [NUMBERS] [WORKERS]');
  const start = koffi.load(library).func('uint32_t squares_start(void *jobs, void *results, int workers)');
  const jobs = new Chan('int64_t'), results = new Chan('int64_t');
  if (start(jobs.address, results.address, Number(workers)) !== 0) throw new Error('squares_start');

  const feeder = new Worker(__filename, { workerData: { jobs: jobs.address, numbers: Number(numbers) } });
  const fed = once(feeder, 'exit');
  let count = 0, sum = 0n;
  for await (const square of results) {
    count++;
    sum += BigInt(square);
  }
  await fed;
  await shutdown();
  console.log(`${count} squares, sum ${sum}`);
}

function feed({ jobs, numbers }) {
  const chan = Chan.from(jobs);
  for (let n = 1; n <= numbers; n++) chan.sendSync(n); // blocks this worker only
  chan.close();
}

if (isMainThread) main(process.argv.slice(2)); else feed(workerData);
