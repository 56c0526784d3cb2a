# redmine-clock.rb - Redmine's clock in tests: as far off as /tmp/clock says, and so with headgate's
#
# libfaketime does this for any program, but Ruby asks for the time so often, and from so many threads, that a request
# would take a second of a core.
module TestClock
  def self.offset
    tick = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    if @read.nil? || tick - @read > 0.1
      @offset = File.read('/tmp/clock').to_f
      @read = tick
    end
    @offset
  end
end

class << Time
  alias_method :real_now, :now

  def now(**given)
    real_now(**given) + TestClock.offset
  end
end
