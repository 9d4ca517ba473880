"""How a trainer is put together: what a user chose, checked, becomes its parts."""
