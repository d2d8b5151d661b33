"""The browser: processes, sessions behind handles, snapshots with refs, actions.

`words` is what the rest of the house speaks; nothing here imports Playwright before a browser is needed.
"""
