"""Every benchmark, one after the other."""

from benchmarks import monitor

monitor.main()
