"""Finding components: descriptors, hooks, the plugin host, lookup by name. Imports no torch."""
