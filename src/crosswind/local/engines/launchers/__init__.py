"""What runs inside a job's child process, started by path with the world's own Python.

- `spark_launcher.py`: takes a script and Glue's arguments; starts Sail, runs the script, says how it failed.
- `python_shell_launcher.py`: takes a script and Glue's arguments; runs the script without Spark.
- `xgboost_launcher.py`: takes `/opt/ml` as an argument; trains as SageMaker's built-in XGBoost does.
- `processing_launcher.py`: takes `/opt/ml` as an argument; runs the script of a processing job, which finds it there.
- `script_launcher.py`: takes `/opt/ml` as an argument; runs a script as SageMaker's script mode does.

These files stand alone: they import nothing of Crosswind, and know nothing of the edge but its URL in
`AWS_ENDPOINT_URL`. How they end is told by exit code and by one file that the engine reads.
"""
