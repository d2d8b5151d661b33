"""Judgement: what may be asked, who may ask, who does it, how it is checked."""
