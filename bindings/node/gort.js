'use strict';

// gort for Node.js, over koffi: channels whose operations are promises, and select.
//
// All operations of a thread of JavaScript go through one completion queue. While some are pending,
// one thread of koffi's pool sits in poll(2) on it; so pending operations keep the process alive, and
// a process with none ends by itself. JavaScript never runs on a goroutine's thread.

const koffi = require('koffi');

const gort = koffi.load(process.env.GORT_LIBRARY || 'libgort.so.0');
const libc = koffi.load('libc.so.6');

koffi.struct('gort_completion', { user: 'uint64_t', index: 'int', status: 'uint32_t' });
koffi.struct('gort_case', { chan: 'uint64_t', elem: 'uint64_t', op: 'uint32_t', status: 'uint32_t' });
koffi.struct('gort_pollfd', { fd: 'int', events: 'short', revents: 'short' });

const C = {
  version: gort.func('const char *gort_version(void)'),
  lastError: gort.func('const char *gort_last_error(void)'),
  statusName: gort.func('const char *gort_status_name(uint32_t status)'),
  go: gort.func('uint32_t gort_go(void *fn, void *arg)'),
  shutdown: gort.func('uint32_t gort_shutdown(int64_t timeout)'),
  gomaxprocs: gort.func('int gort_gomaxprocs(int n)'),
  chanNew: gort.func('void *gort_chan_new(size_t elem_size, size_t capacity)'),
  chanRetain: gort.func('void *gort_chan_retain(void *c)'),
  chanRelease: gort.func('void gort_chan_release(void *c)'),
  chanClose: gort.func('uint32_t gort_chan_close(void *c)'),
  chanSend: gort.func('uint32_t gort_chan_send(void *c, void *elem)'),
  chanRecv: gort.func('uint32_t gort_chan_recv(void *c, void *elem)'),
  chanLen: gort.func('size_t gort_chan_len(void *c)'),
  chanCap: gort.func('size_t gort_chan_cap(void *c)'),
  asyncCancel: gort.func('bool gort_async_cancel(void *op)'),
  asyncRelease: gort.func('void gort_async_release(void *op)'),
  queueNew: gort.func('void *gort_completion_queue_new(void)'),
  queueFd: gort.func('int gort_completion_queue_fd(void *q)'),
  queueSelect: gort.func('void *gort_completion_queue_select(void *q, void *cases, size_t n, void *user)'),
  queueDrain: gort.func('size_t gort_completion_queue_drain(void *q, _Out_ gort_completion *out, size_t n)'),
  queueRelease: gort.func('void gort_completion_queue_release(void *q)'),
  poll: libc.func('int poll(gort_pollfd *fds, unsigned long n, int timeout)'),
};

const OK = 0, CLOSED = 1, DEADLINE_EXCEEDED = 4;
const RECV = 0, SEND = 1;

class GortError extends Error {}
class ClosedError extends GortError {}
class TimeoutError extends GortError {}

function check(status) {
  if (status === OK) return;
  throw new (status === CLOSED ? ClosedError : GortError)(`${C.statusName(status)}: ${C.lastError()}`);
}

function notNull(pointer) {
  if (!pointer) throw new GortError(C.lastError());
  return pointer;
}

// This thread's completion queue, what is pending in it, and the poll that waits for it.
class Queue {
  constructor() {
    this.pointer = notNull(C.queueNew());
    this.fds = [{ fd: C.queueFd(this.pointer), events: 1, revents: 0 }];
    this.pending = new Map();
    this.last = 0;
    this.polling = false;
    // A poll that is to end before anything completes is woken through a channel of the queue.
    this.alarm = notNull(C.chanNew(0, 1));
    process.on('exit', () => this.end());
  }

  begin(cases, operation) {
    const op = notNull(C.queueSelect(this.pointer, cases, cases.length / CASE_SIZE, ++this.last));
    operation.op = op;
    this.pending.set(this.last, operation);
    operation.id = this.last;
    // What could be done at once is told later all the same, as promises are.
    this.wait();
  }

  cancel(operation) {
    if (!this.pending.has(operation.id) || !C.asyncCancel(operation.op)) return false;
    this.forget(operation);
    if (this.pending.size === 0) this.wake();
    return true;
  }

  forget(operation) {
    this.pending.delete(operation.id);
    C.asyncRelease(operation.op);
    operation.free();
  }

  wait() {
    if (this.polling || this.pending.size === 0) return;
    this.polling = true;
    C.poll.async(this.fds, 1, -1, (error) => {
      this.polling = false;
      if (this.pointer === null) return;
      this.drain();
      this.wait();
      if (error) throw error;
    });
  }

  drain() {
    const done = new Array(64);
    let n;
    do {
      n = Number(C.queueDrain(this.pointer, done, done.length));
      for (const { user, index, status } of done.slice(0, n)) {
        const operation = this.pending.get(Number(user));
        if (operation === undefined) continue; // the alarm
        operation.settle(index, status === OK);
        this.forget(operation);
      }
    } while (n === done.length);
  }

  wake() {
    if (this.polling && this.pointer !== null) {
      const recv = caseOf(this.alarm, 0n, RECV);
      C.asyncRelease(C.queueSelect(this.pointer, recv, 1, 0));
      C.chanSend(this.alarm, null);
    }
  }

  // The process ends, maybe with operations pending: let go of the thread that polls.
  end() {
    if (this.pointer === null) return;
    for (const operation of this.pending.values()) C.asyncCancel(operation.op);
    this.wake();
  }
}

let queueOfThread = null;
const queue = () => (queueOfThread ??= new Queue());

const CASE_SIZE = koffi.sizeof('gort_case');

function caseOf(chan, elem, op, into = Buffer.alloc(CASE_SIZE), at = 0) {
  into.writeBigUInt64LE(BigInt(chan), at);
  into.writeBigUInt64LE(BigInt(elem), at + 8);
  into.writeUInt32LE(op, at + 16);
  return into;
}

const released = new FinalizationRegistry((pointer) => C.chanRelease(pointer));

// A channel of elements of a type of koffi: 'int64_t', 'double', a struct's name.
class Chan {
  #type;
  #pointer;

  constructor(type = 'int64_t', capacity = 0, pointer = null) {
    this.#type = type;
    this.#pointer = pointer ? C.chanRetain(pointer) : notNull(C.chanNew(koffi.sizeof(type), capacity));
    released.register(this, this.#pointer);
  }

  // The channel of `address` in another thread of this process, which keeps its own Chan meanwhile.
  static from(address, type = 'int64_t') {
    return new Chan(type, 0, BigInt(address));
  }

  // For C functions that take a gort_chan *, and for Chan.from in a worker thread.
  get address() { return this.#pointer; }
  get length() { return Number(C.chanLen(this.#pointer)); }
  get capacity() { return Number(C.chanCap(this.#pointer)); }

  // Resolves when it is sent; rejects with ClosedError, TimeoutError, or the signal's reason.
  async send(value, options) {
    const [, open] = await select([[this, value]], options);
    if (!open) throw new ClosedError('send on closed channel');
  }

  // Resolves with the value; rejects as send does.
  async recv(options) {
    const [, open, value] = await select([[this]], options);
    if (!open) throw new ClosedError('receive on a channel that is closed and drained');
    return value;
  }

  // for await (const value of chan): until it is closed and drained.
  async *[Symbol.asyncIterator]() {
    for (;;) {
      const [, open, value] = await select([[this]]);
      if (!open) return;
      yield value;
    }
  }

  // These block the thread of JavaScript they are called on: for worker threads.
  sendSync(value) {
    const elem = this.box(value);
    try { check(C.chanSend(this.#pointer, elem)); } finally { koffi.free(elem); }
  }

  recvSync() {
    const elem = this.box();
    try {
      check(C.chanRecv(this.#pointer, elem));
      return this.unbox(elem);
    } finally { koffi.free(elem); }
  }

  close() { check(C.chanClose(this.#pointer)); }

  box(value) {
    const elem = koffi.alloc(this.#type, 1);
    if (value !== undefined) koffi.encode(elem, this.#type, value);
    return elem;
  }

  unbox(elem) { return koffi.decode(elem, this.#type); }
}

// Wait for one of the cases, [chan] to receive and [chan, value] to send: a promise of [index, open,
// value]. options.timeout in milliseconds, options.signal of an AbortController: what is ended by them
// has not happened.
function select(cases, { timeout, signal } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw signal.reason;
    const elems = cases.map(([chan, value]) => chan.box(value));
    const packed = Buffer.alloc(CASE_SIZE * cases.length);
    cases.forEach(([chan, ...value], i) =>
      caseOf(chan.address, elems[i], value.length ? SEND : RECV, packed, i * CASE_SIZE));
    let timer;
    const over = (reason) => { if (queue().cancel(operation)) reject(reason()); };
    const aborted = () => over(() => signal.reason);
    const operation = {
      settle(index, open) {
        const received = open && cases[index].length === 1;
        resolve([index, open, received ? cases[index][0].unbox(elems[index]) : undefined]);
      },
      free() {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        elems.forEach((elem) => koffi.free(elem));
      },
    };
    try {
      queue().begin(packed, operation);
    } catch (error) {
      operation.free();
      throw error;
    }
    if (timeout !== undefined) timer = setTimeout(over, timeout, () => new TimeoutError('the timeout passed'));
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

// go fn(arg) for a C function's address. A function of JavaScript is refused: goroutines run on threads
// of their own, where no JavaScript may run.
function go(fn, arg = null) {
  if (typeof fn !== 'bigint') {
    throw new TypeError("go takes the address of a C function; JavaScript cannot run on a goroutine's thread");
  }
  check(C.go(fn, arg));
}

// Resolves when all goroutines are over and the runtime has ended; false after `timeout` milliseconds.
function shutdown({ timeout } = {}) {
  const nanoseconds = timeout === undefined ? -1 : Math.round(timeout * 1e6);
  return new Promise((resolve, reject) => C.shutdown.async(nanoseconds, (error, status) => {
    if (error) return reject(error);
    if (status === DEADLINE_EXCEEDED) return resolve(false);
    try { check(status); resolve(true); } catch (refused) { reject(refused); }
  }));
}

module.exports = {
  Chan, select, go, shutdown, GortError, ClosedError, TimeoutError,
  maxprocs: (n = 0) => C.gomaxprocs(n),
  version: C.version(),
};
