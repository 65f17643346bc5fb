"""One deadline for a whole job, whatever number of steps it takes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from kaireon_orch.errors import Fault, FaultCode


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock; `code` is the fault that passing it means (TIMED_OUT for a probe)."""

    at: float
    code: FaultCode = FaultCode.DEADLINE

    @classmethod
    def after(cls, seconds: float, code: FaultCode = FaultCode.DEADLINE) -> Deadline:
        """`seconds` from now; `math.inf` for none."""
        return cls(time.monotonic() + seconds, code)

    def left(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.at - time.monotonic())

    def remaining(self) -> float:
        """Seconds left; raises the deadline's `Fault` once there are none."""
        left = self.left()
        if left <= 0:
            raise self.fault()
        return left

    def wait(self, at_most: float) -> float | None:
        """A time-out for a blocking call: what is left, capped; None for no limit at all."""
        bound = min(self.left(), at_most)
        return None if math.isinf(bound) else bound

    def fault(self) -> Fault:
        return Fault(self.code, "it took longer than the time allowed; the peer may be slow or silent")
