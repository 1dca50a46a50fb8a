"""ApiError                 each names the call, without secrets, and what was found
├── ApiUnavailable       no answer, or not a good one, after all attempts
├── ApiRefused           the API does not accept the call; repeating it would not help
└── ApiChanged           the answer is not what it used to be: fields are missing, or hold something else
"""


class ApiError(Exception):
    """Base of everything that calling the shop's API raises on purpose."""


class ApiUnavailable(ApiError):
    pass


class ApiRefused(ApiError):
    pass


class ApiChanged(ApiError):
    pass
