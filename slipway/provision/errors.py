"""ProvisionError: something that a person must put right; the message says what and how."""


class ProvisionError(Exception):
    """A setting, a given secret or an outside service is not as expected."""
