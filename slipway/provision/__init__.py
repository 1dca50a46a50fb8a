"""The stack's first start: secrets, roles, buckets, accounts, who may sign in; `python -m slipway.provision`.

Everything here can be done again and changes nothing then. `secrets` keeps one file a secret on a volume of `init`'s
own; `volumes` says which of them, in which form, each service gets; `policy` what an object store account may do.
"""
