"""Stand-ins for models: one small application that speaks both vendors' wire formats, driven by a script.

For tests, and for trying policies and pipelines without spending. What a stand-in says is labelled on the
wire (`scripted/<model>`), so that no record can take it for a model.
"""

from bridges.scripted.app import Received, ScriptedModels, serving, transport
from bridges.scripted.script import BadScript, Script, load_script

__all__ = ["BadScript", "Received", "Script", "ScriptedModels", "load_script", "serving", "transport"]
