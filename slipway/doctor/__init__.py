"""Whether this machine, the settings and the running stack are as they should be: one finding a subject.

A file a subject. In each, pure functions judge plain facts (`judge_...`), and a thin one collects them (`look_at_...`).
Nothing here changes anything, imports Dagster, or needs the stack to have been started. A problem's sentence says what
was expected, what was found, and what to do.
"""

from slipway.doctor.checkup import examine
from slipway.doctor.finding import Finding, Level, worst

__all__ = ["Finding", "Level", "examine", "worst"]
