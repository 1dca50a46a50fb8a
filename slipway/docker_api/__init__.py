"""What the platform may ask of the Docker engine, and nothing else: a proxy in front of the engine's socket.

Whoever can write to that socket is root on the host. In the stack only this process sees it; daemon, webserver and
steward reach it by TCP, and get through what launching and tending run containers takes: `paths` says which requests,
`images` and `create` what a run's container may be, `server` asks the engine. Start it with
`python -m slipway.docker_api`; `python -m slipway.docker_api check` is its health check.
"""
