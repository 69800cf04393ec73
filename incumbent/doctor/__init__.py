"""Doctor: what is wrong with a model's state, how bad, and what mends it. It changes nothing."""

from incumbent.doctor.examination import examine

__all__ = ["examine"]
