"""The way out: what a browser session may reach, and the proxy that every connection of it goes through."""
