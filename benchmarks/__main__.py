"""What a batch costs, and what drift costs beside others; the rest takes histories or hours."""

from benchmarks import drift, monitor

monitor.main()
drift.main()
