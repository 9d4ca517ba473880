"""How a run is computed: device, precision, compilation, CUDA graphs, processes, micro-batches.

One door: `ganzoo.execution.execution.Execution`. Nothing here knows what is trained.
"""
