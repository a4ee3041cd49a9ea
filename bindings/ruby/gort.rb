# frozen_string_literal: true

require "fiddle"
require "io/wait"

# gort for Ruby, through fiddle: channels and select, nothing compiled.
#
# A thread (or fiber) that waits in a channel waits in IO#wait_readable on a completion queue of its
# own: without Ruby's lock, open to Thread#kill, Timeout and signals, and to a fiber scheduler. What is
# interrupted is canceled first, so no value is lost. Ruby code never runs on a goroutine's thread.
module Gort
  LIBRARY = Fiddle.dlopen(ENV.fetch("GORT_LIBRARY", "libgort.so.0"))

  POINTER = Fiddle::TYPE_VOIDP
  SIZE = Fiddle::TYPE_SIZE_T
  INT = Fiddle::TYPE_INT
  DURATION = Fiddle::TYPE_LONG_LONG

  # None of these blocks but shutdown: the rest keeps Ruby's lock, which is faster than giving it away.
  def self.import(name, result, *arguments, blocks: false)
    Fiddle::Function.new(LIBRARY[name], arguments, result, name: name, need_gvl: !blocks)
  end
  private_class_method :import

  # The functions of the header that are used here.
  module C
    def self.define(name, function) = define_singleton_method(name) { |*arguments| function.call(*arguments) }
  end
  private_constant :C

  {
    chan_new: [POINTER, SIZE, SIZE], chan_retain: [POINTER, POINTER], chan_close: [INT, POINTER],
    chan_len: [SIZE, POINTER], chan_cap: [SIZE, POINTER], go: [INT, POINTER, POINTER],
    async_cancel: [INT, POINTER], async_release: [Fiddle::TYPE_VOID, POINTER],
    completion_queue_new: [POINTER], completion_queue_fd: [INT, POINTER],
    completion_queue_recv: [POINTER, POINTER, POINTER, POINTER, POINTER],
    completion_queue_send: [POINTER, POINTER, POINTER, POINTER, POINTER],
    completion_queue_select: [POINTER, POINTER, POINTER, SIZE, POINTER],
    completion_queue_drain: [SIZE, POINTER, POINTER, SIZE],
    last_error: [POINTER], status_name: [POINTER, INT], gomaxprocs: [INT, INT], version: [POINTER]
  }.each { |name, (result, *arguments)| C.define(name, import("gort_#{name}", result, *arguments)) }
  C.define(:shutdown, import("gort_shutdown", INT, DURATION, blocks: true))

  VERSION = C.version.to_s.freeze

  class Error < StandardError; end
  # The channel is closed, and for a receive drained.
  class Closed < Error; end
  # The time has passed.
  class TimeoutError < Error; end

  OK = 0
  CLOSED = 1
  DEADLINE_EXCEEDED = 4

  def self.check(status)
    return if status == OK

    raise (status == CLOSED ? Closed : Error), "#{C.status_name(status)}: #{C.last_error}"
  end
  private_class_method :check

  def self.not_null(pointer)
    raise Error, C.last_error.to_s if pointer.null?

    pointer
  end

  # What one fiber waits with: a completion queue and memory for the completion.
  class Waiter
    def self.current
      waiter = Thread.current[:gort_waiter]
      # The queue of a parent is of no use in its child.
      waiter&.pid == Process.pid ? waiter : (Thread.current[:gort_waiter] = new)
    end

    attr_reader :pid

    def initialize
      @pid = Process.pid
      @queue = Gort.not_null(C.completion_queue_new)
      @io = IO.for_fd(C.completion_queue_fd(@queue), autoclose: false)
      @done = Fiddle::Pointer.malloc(16, Fiddle::RUBY_FREE)
      ObjectSpace.define_finalizer(self, Waiter.release(@queue.to_i))
    end

    RELEASE = Fiddle::Function.new(LIBRARY["gort_completion_queue_release"], [POINTER], Fiddle::TYPE_VOID)

    def self.release(queue) = proc { RELEASE.call(queue) }

    # Begin what the block begins with the queue, and wait. [index, status]; nil: the time has passed.
    # The block gets the queue. What is begun is over when this returns or raises; if it has happened
    # although this raises, `late` is called with [index, status].
    def await(timeout, late)
      Thread.handle_interrupt(Object => :never) do
        op = Gort.not_null(yield(@queue))
        begin
          drained || wait(op, timeout, late)
        ensure
          C.async_release(op)
        end
      end
    end

    private

    def wait(op, timeout, late)
      over = false
      deadline = timeout && now + timeout
      until (done = drained)
        left = deadline && deadline - now
        if left && left <= 0
          done = settle unless canceled?(op)
          break
        end
        Thread.handle_interrupt(Object => :immediate) { @io.wait_readable(left) }
      end
      over = true
      done
    ensure # an exception, or Thread#kill, which is none
      unless over || canceled?(op)
        happened = settle
        late&.call(happened)
      end
    end

    def canceled?(op) = C.async_cancel(op) & 0xff != 0

    # It has happened, so it is in the queue or about to be.
    def settle
      loop do
        done = drained
        return done if done

        @io.wait_readable
      end
    end

    def drained
      return nil if C.completion_queue_drain(@queue, @done, 1).zero?

      @done[8, 8].unpack("lL")
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
  private_constant :Waiter

  # A channel. `type` is a directive of Array#pack for the elements: "q" for int64_t, "d" for double.
  class Chan
    include Enumerable

    # For C functions that take a gort_chan *.
    attr_reader :pointer

    def initialize(type = "q", capacity = 0, pointer: nil)
      @type = type
      @size = [0].pack(type).bytesize
      @pointer = Gort.not_null(pointer ? C.chan_retain(pointer) : C.chan_new(@size, capacity))
      @late = Thread::Queue.new
      ObjectSpace.define_finalizer(self, Chan.release(@pointer.to_i))
    end

    RELEASE = Fiddle::Function.new(LIBRARY["gort_chan_release"], [POINTER], Fiddle::TYPE_VOID)

    def self.release(pointer) = proc { RELEASE.call(pointer) }

    # Send; raises Closed, and TimeoutError after `timeout` seconds.
    def send(value, timeout: nil)
      elem = box(value)
      done = Waiter.current.await(timeout, nil) { |queue| C.completion_queue_send(queue, @pointer, elem, nil) }
      raise TimeoutError, "the timeout passed" unless done
      raise Closed, "send on closed channel" unless done[1] == OK

      self
    end
    alias << send

    # Receive; raises as send does.
    def recv(timeout: nil)
      value, open = recv2(timeout: timeout)
      raise Closed, "receive on a channel that is closed and drained" unless open

      value
    end

    # The value and true, or nil and false when it is closed and drained.
    def recv2(timeout: nil)
      return [@late.pop(true), true] unless @late.empty?

      elem = box
      done = Waiter.current.await(timeout, ->((_, status)) { keep(elem) if status == OK }) do |queue|
        C.completion_queue_recv(queue, @pointer, elem, nil)
      end
      raise TimeoutError, "the timeout passed" unless done

      done[1] == OK ? [unbox(elem), true] : [nil, false]
    end

    # Until it is closed and drained.
    def each
      return enum_for unless block_given?

      loop do
        value, open = recv2
        return self unless open

        yield value
      end
    end

    def close
      Gort.__send__(:check, C.chan_close(@pointer))
      self
    end

    def size = C.chan_len(@pointer)
    def capacity = C.chan_cap(@pointer)

    # For select. A place for an element, and what lies in one.
    def box(value = nil)
      elem = Fiddle::Pointer.malloc([@size, 1].max, Fiddle::RUBY_FREE)
      elem[0, @size] = [value].pack(@type) unless value.nil?
      elem
    end

    def unbox(elem) = elem[0, @size].unpack1(@type)

    # What was received for somebody who was interrupted at that moment; the next receive gets it.
    def keep(elem) = @late << unbox(elem)
  end

  # Wait for one of the cases, [chan] to receive and [chan, value] to send. [index, value, open]; nil
  # after `timeout` seconds.
  def self.select(cases, timeout: nil)
    boxes = cases.map { |chan, *value| chan.box(*value) }
    packed = cases.zip(boxes).map { |c, box| [c[0].pointer.to_i, box.to_i, c.size > 1 ? 1 : 0, 0].pack("QQLL") }.join
    late = lambda do |(index, status)|
      cases[index][0].keep(boxes[index]) if status == OK && cases[index].size == 1
    end
    done = Waiter.current.await(timeout, late) do |queue|
      C.completion_queue_select(queue, packed, cases.size, nil)
    end
    return nil unless done

    index, status = done
    received = status == OK && cases[index].size == 1
    [index, received ? cases[index][0].unbox(boxes[index]) : nil, status == OK]
  end

  # go fn(arg) for a C function, given as a Fiddle::Pointer or an address. Ruby's blocks and closures
  # are refused: a goroutine's thread is none of Ruby's.
  def self.go(function, argument = nil)
    unless function.is_a?(Integer) || function.instance_of?(Fiddle::Pointer)
      raise TypeError, "Gort.go takes the address of a C function; Ruby code cannot run on a goroutine's thread"
    end

    check(C.go(function, argument))
  end

  def self.maxprocs(count = 0) = C.gomaxprocs(count)

  # Wait until all goroutines are over and end the runtime; false after `timeout` seconds.
  def self.shutdown(timeout: nil)
    status = C.shutdown(timeout ? (timeout * 1e9).to_i : -1)
    return false if status == DEADLINE_EXCEEDED

    check(status)
    true
  end
end
