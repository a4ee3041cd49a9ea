--- luajit squares.lua LIBRARY [NUMBERS] [WORKERS]: a Lua program feeds goroutines written in C (LIBRARY
-- is tests/bindings/squares.c, compiled) and collects from them at the same time, through one queue.

local ffi = require "ffi"
local gort = require "gort"

ffi.cdef "unsigned squares_start(gort_chan *jobs, gort_chan *results, int workers);"
local squares = ffi.load(assert(arg[1], "usage: squares.lua LIBRARY [NUMBERS] [WORKERS]"))
local numbers, workers = tonumber(arg[2] or 1000), tonumber(arg[3] or 4)

local jobs, results = gort.chan("int64_t"), gort.chan "int64_t"
assert(squares.squares_start(jobs.pointer, results.pointer, workers) == 0)

local queue = gort.queue()
local next_number, sum, count = 1, 0LL, 0

local function feed()
  if next_number > numbers then
    jobs:close()
    return
  end
  next_number = next_number + 1
  queue:send(jobs, next_number - 1, feed)
end

local function collect(square, open)
  if open then
    sum, count = sum + square, count + 1
    queue:recv(results, collect)
  end
end

feed()
queue:recv(results, collect)
queue:run()
assert(gort.shutdown())
print(("%d squares, sum %s"):format(count, (tostring(sum):gsub("LL", ""))))
