--- gort for LuaJIT: channels, select and completion queues through the ffi, nothing compiled.
--
-- A Lua state runs on one thread, and a blocking call blocks all of it; queue:run() is for the state
-- that has more to do. No Lua function is ever called from a goroutine: go() takes C functions only.
-- Statuses that are no error are results (false: closed; nil: timed out); the rest is raised.

local ffi = require "ffi"

ffi.cdef [[
typedef struct gort_chan gort_chan;
typedef struct gort_async gort_async;
typedef struct gort_completion_queue gort_completion_queue;
typedef struct gort_case { gort_chan *chan; void *elem; unsigned op; unsigned status; } gort_case;
typedef struct gort_completion { void *user; int index; unsigned status; } gort_completion;
struct gort_pollfd { int fd; short events, revents; };

const char *gort_version(void);
const char *gort_last_error(void);
const char *gort_status_name(unsigned status);
unsigned gort_go(void (*fn)(void *), void *arg);
unsigned gort_shutdown(int64_t timeout);
int gort_gomaxprocs(int n);
gort_chan *gort_chan_new(size_t elem_size, size_t capacity);
gort_chan *gort_chan_retain(gort_chan *c);
void gort_chan_release(gort_chan *c);
unsigned gort_chan_send(gort_chan *c, const void *elem);
unsigned gort_chan_recv(gort_chan *c, void *elem);
unsigned gort_chan_send_timeout(gort_chan *c, const void *elem, int64_t timeout);
unsigned gort_chan_recv_timeout(gort_chan *c, void *elem, int64_t timeout);
unsigned gort_chan_close(gort_chan *c);
size_t gort_chan_len(const gort_chan *c);
size_t gort_chan_cap(const gort_chan *c);
int gort_select_timeout(gort_case *cases, size_t n, int64_t timeout);
int gort_select(gort_case *cases, size_t n);
bool gort_async_cancel(gort_async *op);
void gort_async_release(gort_async *op);
gort_completion_queue *gort_completion_queue_new(void);
int gort_completion_queue_fd(const gort_completion_queue *q);
gort_async *gort_completion_queue_recv(gort_completion_queue *q, gort_chan *c, void *elem, void *user);
gort_async *gort_completion_queue_send(gort_completion_queue *q, gort_chan *c, const void *elem, void *user);
size_t gort_completion_queue_drain(gort_completion_queue *q, gort_completion *out, size_t n);
void gort_completion_queue_release(gort_completion_queue *q);
void *malloc(size_t size);
void free(void *pointer);
int poll(struct gort_pollfd *fds, unsigned long n, int timeout);
]]

local lib = ffi.load(os.getenv "GORT_LIBRARY" or "libgort.so.0")
local OK, CLOSED, DEADLINE_EXCEEDED = 0, 1, 4
local RECV, SEND = 0, 1

local gort = { version = ffi.string(lib.gort_version()) }

local function fail(status, level)
  error(ffi.string(lib.gort_status_name(status)) .. ": " .. ffi.string(lib.gort_last_error()), level or 3)
end

local function not_null(pointer)
  if pointer == nil then
    error("gort: " .. ffi.string(lib.gort_last_error()), 3)
  end
  return pointer
end

local function nanoseconds(seconds)
  return ffi.cast("int64_t", seconds * 1e9)
end

--- Channels ---------------------------------------------------------------------------------------

local Chan = {}
Chan.__index = Chan

local function new_box(chan)
  return ffi.new(chan.box_type)
end

local function wrap(pointer, ctype)
  return setmetatable({
    pointer = ffi.gc(pointer, lib.gort_chan_release),
    ctype = ffi.typeof(ctype),
    box_type = ffi.typeof("$[1]", ffi.typeof(ctype)),
  }, Chan)
end

--- make(chan ctype, capacity); ctype is a name or ctype of the ffi, "int64_t" for instance.
function gort.chan(ctype, capacity)
  return wrap(not_null(lib.gort_chan_new(ffi.sizeof(ctype), capacity or 0)), ctype)
end

--- A channel that C made, as its pointer; this object takes a reference of its own.
function gort.borrow(pointer, ctype)
  return wrap(not_null(lib.gort_chan_retain(pointer)), ctype)
end

--- true: sent; false: closed; nil: the time (in seconds, optional) has passed.
function Chan:send(value, timeout)
  local box = new_box(self)
  box[0] = value
  local status = timeout and lib.gort_chan_send_timeout(self.pointer, box, nanoseconds(timeout))
    or lib.gort_chan_send(self.pointer, box)
  if status == OK then return true end
  if status == CLOSED then return false end
  if status == DEADLINE_EXCEEDED then return nil end
  fail(status)
end

--- The value and true; nil and false when it is closed and drained; nil alone after the time.
function Chan:recv(timeout)
  local box = new_box(self)
  local status = timeout and lib.gort_chan_recv_timeout(self.pointer, box, nanoseconds(timeout))
    or lib.gort_chan_recv(self.pointer, box)
  if status == OK then return box[0], true end
  if status == CLOSED then return nil, false end
  if status == DEADLINE_EXCEEDED then return nil end
  fail(status)
end

--- for value in chan:range() do: until the channel is closed and drained.
function Chan:range()
  return function() return (self:recv()) end
end

function Chan:close()
  local status = lib.gort_chan_close(self.pointer)
  if status ~= OK then fail(status) end
end

function Chan:cap() return tonumber(lib.gort_chan_cap(self.pointer)) end

function Chan:len() return tonumber(lib.gort_chan_len(self.pointer)) end

--- select over cases {chan} (receive) and {chan, value} (send), for `timeout` seconds or without end.
-- Returns the chosen case's index, whether the channel was open, and the value received; nil after
-- the time.
function gort.select(cases, timeout)
  local c = ffi.new("gort_case[?]", #cases)
  local boxes = {}
  for i, case in ipairs(cases) do
    local send = #case > 1
    boxes[i] = new_box(case[1])
    if send then boxes[i][0] = case[2] end
    c[i - 1].chan, c[i - 1].elem, c[i - 1].op = case[1].pointer, boxes[i], send and SEND or RECV
  end
  local chosen = timeout and lib.gort_select_timeout(c, #cases, nanoseconds(timeout)) or lib.gort_select(c, #cases)
  if chosen == -1 then return nil end
  if chosen < 0 then error("gort: " .. ffi.string(lib.gort_last_error()), 2) end
  local open = c[chosen].status == OK
  local received = open and c[chosen].op == RECV
  return chosen + 1, open, received and boxes[chosen + 1][0] or nil
end

--- Completion queues ------------------------------------------------------------------------------

local Queue = {}
Queue.__index = Queue

--- A queue of operations; queue.fd is for an event loop, queue:run() is one.
function gort.queue()
  local pointer = ffi.gc(not_null(lib.gort_completion_queue_new()), lib.gort_completion_queue_release)
  return setmetatable({
    pointer = pointer, fd = lib.gort_completion_queue_fd(pointer),
    pending = {}, count = 0, last = 0, done = ffi.new "gort_completion[64]",
  }, Queue)
end

-- A place for an element that outlives what the collector may take first.
local function lasting_box(chan)
  return ffi.cast(ffi.typeof("$ *", chan.ctype), ffi.C.malloc(ffi.sizeof(chan.ctype)))
end

local function begin(queue, start, chan, box, callback)
  queue.last = queue.last + 1
  local id = queue.last
  local op = start(queue.pointer, chan.pointer, box, ffi.cast("void *", id))
  if op == nil then
    ffi.C.free(box)
    not_null(op)
  end
  op = ffi.gc(op, function(handle)
    lib.gort_async_cancel(handle) -- nobody uses the box after this
    lib.gort_async_release(handle)
    ffi.C.free(box)
  end)
  queue.pending[id] = { box = box, callback = callback, op = op }
  queue.count = queue.count + 1
  return id
end

--- Begin a receive; callback(value, open) is called by drain, never by a goroutine.
function Queue:recv(chan, callback)
  return begin(self, lib.gort_completion_queue_recv, chan, lasting_box(chan), function(box, open)
    if open then callback(box[0], true) else callback(nil, false) end
  end)
end

--- Begin a send; callback(open), if given, is called by drain.
function Queue:send(chan, value, callback)
  local box = lasting_box(chan)
  box[0] = value
  return begin(self, lib.gort_completion_queue_send, chan, box, function(_, open)
    if callback then callback(open) end
  end)
end

--- Take back what recv or send has begun; true when it was in time.
function Queue:cancel(id)
  local pending = self.pending[id]
  if not pending or not lib.gort_async_cancel(pending.op) then return false end
  self.pending[id], self.count = nil, self.count - 1
  return true
end

--- Call the callbacks of what has completed; how many.
function Queue:drain()
  local n = tonumber(lib.gort_completion_queue_drain(self.pointer, self.done, 64))
  local ended = {}
  for i = 0, n - 1 do -- all are taken down first: a callback may drain too, or raise
    local id = tonumber(ffi.cast("intptr_t", self.done[i].user))
    ended[i] = { self.pending[id], self.done[i].status == OK }
    self.pending[id], self.count = nil, self.count - 1
  end
  for i = 0, n - 1 do
    ended[i][1].callback(ended[i][1].box, ended[i][2])
  end
  return n
end

--- Wait for completions and drain them until nothing is pending.
function Queue:run()
  local fd = ffi.new("struct gort_pollfd", self.fd, 1, 0)
  while self.count > 0 do
    ffi.C.poll(fd, 1, -1)
    self:drain()
  end
end

--- The rest ---------------------------------------------------------------------------------------

--- go fn(arg) for a C function. A Lua function is refused: goroutines run on threads of their own,
-- where no Lua state may run.
function gort.go(fn, arg)
  if type(fn) ~= "cdata" then
    error("gort.go takes a C function; a Lua function cannot run on a goroutine's thread", 2)
  end
  local status = lib.gort_go(fn, arg)
  if status ~= OK then fail(status) end
end

function gort.maxprocs(n) return lib.gort_gomaxprocs(n or 0) end

--- Wait until all goroutines are over and end the runtime; false when `timeout` seconds were not enough.
function gort.shutdown(timeout)
  local status = lib.gort_shutdown(timeout and nanoseconds(timeout) or -1)
  if status == DEADLINE_EXCEEDED then return false end
  if status ~= OK then fail(status) end
  return true
end

return gort
