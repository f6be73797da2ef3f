"""What an operation on a stack does from its first event to its last, and how it is undone."""
