"""Triggers: the operators' waits as data, run in the triggerer with the deferred task's own settings."""
