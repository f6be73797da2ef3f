"""Operators: prepare, one call, wait. AWS logic is the hook's, the wait in the triggerer the trigger's."""
