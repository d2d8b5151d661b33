"""The process: configuration, wiring, the MCP face, the command line."""
