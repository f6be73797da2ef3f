"""The command line: one file a verb.

`main` gathers the verbs and turns errors into messages and exit codes; `wire` is the only place that builds
objects and hands them to each other; `console` is the only place that prints. Data goes to standard output,
progress and errors to standard error.

Exit codes: 0 done, 1 failed, 2 bad input or usage, 130 interrupted.
"""
