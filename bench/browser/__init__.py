"""The browser tools beside those of the Playwright MCP server, which ships in Playwright's wheel."""
