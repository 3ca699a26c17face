"""The network that ships, as captions and lists name it."""

from zfdesk.weights.embedded_facts import embedded_facts

FACTS = embedded_facts()
NAME = FACTS.name
SHORT = FACTS.sha256[:12]
CATS = {index: name for index, name, _ in FACTS.demo["chelsea.jpg"][:3]}
"""What it takes the demo's cat for, the most probable first."""
CAT = next(iter(CATS))
