"""The main window, its menus, command palette, help and status."""
