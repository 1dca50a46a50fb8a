"""ObserveError
├── LocationUnknown    a code location cannot be imported, or has no definitions
└── InstanceUnknown    no Dagster instance to ask
"""


class ObserveError(Exception):
    """Base of everything that `slipway.observe` raises on purpose."""


class LocationUnknown(ObserveError, ImportError):
    pass


class InstanceUnknown(ObserveError, LookupError):
    pass
