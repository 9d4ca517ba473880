"""What watches every training and may end it: values that are not finite, and the time budget.

Observers as a plugin may write them; a trainer has these without being asked.
"""
