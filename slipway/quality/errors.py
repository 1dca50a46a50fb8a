"""QualityError
├── DeclarationError    a table or asset is declared wrongly; raised while definitions load
└── ContractBroken      a change of the contracts would break who reads them
"""


class QualityError(Exception):
    """Base of everything that `slipway.quality` raises on purpose."""


class DeclarationError(QualityError, TypeError):
    pass


class ContractBroken(QualityError):
    pass
