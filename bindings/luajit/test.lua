--- luajit test.lua LIBRARY: what gort.lua promises. Prints "ok" and nothing else.

local ffi = require "ffi"
local gort = require "gort"

ffi.cdef [[
unsigned squares_start(gort_chan *jobs, gort_chan *results, int workers);
int fork(void);
int waitpid(int pid, int *status, int options);
void _exit(int status);
int usleep(unsigned microseconds);
]]
local squares = ffi.load(arg[1])

local function raises(pattern, fn, ...)
  local ok, message = pcall(fn, ...)
  assert(not ok and tostring(message):find(pattern), tostring(message))
end

-- Channels: order, close, time, types.
local numbers = gort.chan("int32_t", 3)
assert(numbers:send(1) and numbers:send(2, 10) and numbers:send(3))
assert(numbers:len() == 3 and numbers:cap() == 3)
assert(numbers:send(4, 0) == nil)
numbers:close()
local seen = {}
for n in numbers:range() do seen[#seen + 1] = n end
assert(table.concat(seen, " ") == "1 2 3")
local value, open = numbers:recv()
assert(value == nil and open == false)
assert(numbers:send(5) == false)
raises("GORT_CLOSED", numbers.close, numbers)
value, open = gort.chan("double"):recv(0.001)
assert(value == nil and open == nil)
ffi.cdef "struct point { double x, y; };"
local points = gort.chan("struct point", 1)
points:send { 1, 2 }
assert(points:recv().y == 2)

-- Select.
local a, b = gort.chan "int", gort.chan("int", 1)
assert(gort.select({ { a }, { b } }, 0.001) == nil)
local index, is_open, got = gort.select { { a }, { b, 7 } }
assert(index == 2 and is_open and got == nil)
index, is_open, got = gort.select { { a }, { b } }
assert(index == 2 and is_open and got == 7)
a:close()
index, is_open = gort.select { { a }, { b } }
assert(index == 1 and is_open == false)

-- A queue: cancel, errors in a callback, a queue that is dropped with operations pending.
local queue = gort.queue()
local quiet = gort.chan "int"
local id = queue:recv(quiet, function() error "never" end)
assert(queue:cancel(id) and not queue:cancel(id) and queue.count == 0)
queue:send(gort.chan("int", 1), 1, function() error "from the callback" end)
raises("from the callback", queue.drain, queue)
assert(queue.count == 0 and queue:drain() == 0)
for _ = 1, 100 do
  gort.queue():recv(quiet, print)
end
queue = nil
collectgarbage() collectgarbage()
assert(quiet:send(1, 0) == nil) -- nobody waits any more

-- Callbacks from goroutines are refused.
raises("cannot run on a goroutine's thread", gort.go, function() end)

-- A child of fork has a runtime of its own.
local pid = ffi.C.fork()
local function run_squares()
  local jobs, results = gort.chan("int64_t", 1), gort.chan "int64_t"
  assert(squares.squares_start(jobs.pointer, results.pointer, 3) == 0)
  jobs:send(9)
  local square = results:recv()
  jobs:close()
  assert(select(2, results:recv()) == false)
  return tonumber(square)
end
if pid == 0 then
  ffi.C._exit(run_squares())
end
assert(run_squares() == 81)
local status = ffi.new "int[1]"
assert(ffi.C.waitpid(pid, status, 0) == pid and status[0] == 81 * 256)

assert(gort.shutdown(10) and gort.maxprocs() >= 1)
assert(run_squares() == 81) -- it starts again
print "ok"
if arg[2] == "wait" then -- to be ended by a signal, with goroutines that still wait
  local jobs = gort.chan "int64_t"
  assert(squares.squares_start(jobs.pointer, gort.chan("int64_t").pointer, 2) == 0)
  io.stdout:flush()
  for _ = 1, 600 do ffi.C.usleep(100000) end
end
