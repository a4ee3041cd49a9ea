# frozen_string_literal: true

# ruby test.rb LIBRARY: what gort.rb promises. Prints "ok" and nothing else.

require_relative "gort"
require "timeout"

def check(condition, what = "a check") = condition || raise("#{what} does not hold, #{caller(1..1).first}")

def raises(kind, pattern = //)
  yield
rescue kind => e
  check e.message.match?(pattern), e.message
else
  raise "no #{kind}, #{caller(1..1).first}"
end

# Channels: order, close, time.
numbers = Gort::Chan.new("l", 3)
numbers << 1 << 2 << -3
check numbers.size == 3 && numbers.capacity == 3
raises(Gort::TimeoutError) { numbers.send(4, timeout: 0) }
raises(Gort::TimeoutError) { Gort::Chan.new.recv(timeout: 0.001) }
numbers.close
check numbers.to_a == [1, 2, -3]
check numbers.recv2 == [nil, false]
raises(Gort::Closed) { numbers.recv }
raises(Gort::Closed) { numbers << 5 }
raises(Gort::Closed, /GORT_CLOSED/) { numbers.close }
check Gort::Chan.new("d", 1).send(2.5).recv == 2.5

# Select.
a = Gort::Chan.new
b = Gort::Chan.new("q", 1)
check Gort.select([[a], [b]], timeout: 0.001).nil?
check Gort.select([[a], [b, 7]]) == [1, nil, true]
check Gort.select([[a], [b]]) == [1, 7, true]

# Others run while one waits; whoever waits can be interrupted, and then waits no more.
waiting = Thread.new { a.recv }
Thread.pass until waiting.status == "sleep"
a << 8
check waiting.value == 8
killed = Thread.new { a.recv }
Thread.pass until killed.status == "sleep"
killed.kill.join
raises(Gort::TimeoutError) { a.send(9, timeout: 0.01) }
raises(Timeout::Error) { Timeout.timeout(0.01) { a.recv } }
raises(Gort::TimeoutError) { a.send(9, timeout: 0) }

# Interruptions lose no value.
sender = Thread.new { (1..300).each { |n| a << n } }
received = []
until received.size == 300
  receiver = Thread.new do # interrupted while it waits, not between a receive and the note of it
    Thread.handle_interrupt(Object => :never) { received << a.recv while received.size < 300 }
  end
  sleep 0.001
  Thread.handle_interrupt(Object => :never) { receiver.kill.join }
end
sender.join
check received == (1..300).to_a, "each value once, in order"

# Signals are Ruby's, also while its main thread waits.
got = []
trap("USR1") { got << :usr1 }
signaler = Thread.new { sleep 0.02; Process.kill("USR1", Process.pid) }
begin
  a.recv(timeout: 0.2)
rescue Gort::TimeoutError
  check got == [:usr1]
end
signaler.join

# Callbacks from goroutines are refused.
raises(TypeError, /cannot run on a goroutine's thread/) { Gort.go(proc {}) }
raises(TypeError) { Gort.go(Class.new(Fiddle::Closure) { def call = nil }.new(Fiddle::TYPE_VOID, [Fiddle::TYPE_VOIDP])) }

# A child of fork has a runtime of its own.
SQUARES = Fiddle::Function.new(Fiddle.dlopen(ARGV[0])["squares_start"],
                               [Fiddle::TYPE_VOIDP, Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT], Fiddle::TYPE_INT)
def square_of_nine
  jobs = Gort::Chan.new
  results = Gort::Chan.new
  check SQUARES.call(jobs.pointer, results.pointer, 3).zero?
  jobs << 9
  square = results.recv
  jobs.close
  check results.recv2 == [nil, false]
  square
end
check square_of_nine == 81
pid = fork { exit!(square_of_nine) }
check Process.wait2(pid)[1].exitstatus == 81
check square_of_nine == 81

# Dropped objects.
200.times { Thread.new { Gort::Chan.new("q", 1) << 1 }.join }
GC.start
check Gort.shutdown(timeout: 10)
check square_of_nine == 81 # it starts again
check Gort.maxprocs >= 1
$stdout.puts "ok"
$stdout.flush
if ARGV[1] == "wait" # to be ended by a signal, while it waits in a channel
  check SQUARES.call(a.pointer, Gort::Chan.new.pointer, 2).zero?
  Gort::Chan.new.recv
end
