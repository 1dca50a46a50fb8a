"""The UI as people see it: `slipway ui` on a finished demo, in a real browser."""
