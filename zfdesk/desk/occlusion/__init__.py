"""The occlusion sweep: pane, controller, commands, files."""
