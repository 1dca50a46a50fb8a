"""SourceError
├── AddressError           the database's URL cannot be read; its value is never shown, as it may hold a password
├── DatabaseUnreachable    the database does not answer, or does not let us in
└── TableUnreadable        the table is missing, or may not be read
    ├── ColumnsMissing     columns that the contract needs are not there
    └── ValuesUnreadable   a column holds what cannot be turned into the contract's type without loss
"""


class SourceError(Exception):
    """Base of everything that reading a source database raises on purpose."""


class AddressError(SourceError, ValueError):
    pass


class DatabaseUnreachable(SourceError):
    pass


class TableUnreadable(SourceError):
    pass


class ColumnsMissing(TableUnreadable):
    pass


class ValuesUnreadable(TableUnreadable):
    pass
