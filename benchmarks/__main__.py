"""The cost of a batch and of drift; the other benchmarks need histories, or hours."""

from benchmarks import drift, monitor

monitor.main()
drift.main()
