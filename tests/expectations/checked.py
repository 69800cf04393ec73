"""The gateway and the rule behind it, as `tasks/validation.py` puts them together."""

from incumbent.gateways import validation as gateway
from incumbent.monitoring.validation import report


def validate(frame, suites):
    return report(*gateway.validate(frame, suites))
