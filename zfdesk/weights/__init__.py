"""Where a network's weights come from and how they are kept.

`load` gives a network by name or file, `save` writes one. `catalogue` lists what is published, `download` and
`obtain` fetch it, `store` keeps it; `safetensors_file`, `torch_file` and `onnx_file` read the formats without running
anything in them, `convert` maps foreign names to ours, and `looks_untrained` says when a network seems to know nothing.
"""

from zfdesk.weights.checkpoint import describe, load, save
from zfdesk.weights.convert import import_weights
from zfdesk.weights.looks_untrained import looks_untrained
from zfdesk.weights.safetensors_file import CheckpointError

__all__ = ["CheckpointError", "describe", "import_weights", "load", "looks_untrained", "save"]
