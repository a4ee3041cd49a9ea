# frozen_string_literal: true

# ruby squares.rb LIBRARY [NUMBERS] [WORKERS]: threads of Ruby feed goroutines written in C (LIBRARY is
# tests/bindings/squares.c, compiled) and collect from them; whoever waits does so without Ruby's lock.

require_relative "gort"

library, numbers, workers = ARGV
abort "usage: squares.rb LIBRARY [NUMBERS] [WORKERS]" unless library
numbers = Integer(numbers || 1000)
start = Fiddle::Function.new(Fiddle.dlopen(library)["squares_start"],
                             [Fiddle::TYPE_VOIDP, Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT], Fiddle::TYPE_INT)

jobs = Gort::Chan.new
results = Gort::Chan.new
raise "squares_start" unless start.call(jobs.pointer, results.pointer, Integer(workers || 4)).zero?

feeder = Thread.new do
  (1..numbers).each { |n| jobs << n }
  jobs.close
end
collectors = Array.new(2) { Thread.new { results.to_a } }
squares = collectors.flat_map(&:value)
feeder.join
Gort.shutdown
puts "#{squares.size} squares, sum #{squares.sum}"
