"""What a component implements: abstract base classes, their options and value types.

Empty on purpose: `ganzoo.interfaces.options` is imported without torch. The names are public as
`ganzoo.Architecture`, `ganzoo.Loss` and so on.
"""
