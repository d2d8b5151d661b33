"""Hands: models, browser, disk, database. Bridges obey and never decide."""
