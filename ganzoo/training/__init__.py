"""What is trained: the step of a GAN as the papers write it. Read `loop.py` first.

Nothing here says on which hardware, in how many processes or from which file or plugin.
"""
