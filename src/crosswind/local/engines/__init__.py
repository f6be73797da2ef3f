"""The engines: what really executes jobs in the local world, behind the AWS APIs.

Two files for each kind of job, of the same shape:

1. **A service** at the edge (`glue_service`, `sagemaker_service`, `lambda_service`) takes API calls, checks them by
   AWS's rules, keeps the records of runs and gives answers in AWS's words. It starts no process and touches
   no S3. Definitions (Glue jobs, Lambda functions) are moto's; it reads them. `glue_definitions` adds UpdateJob.
2. **An engine** (`glue`, `sagemaker`, `lambda_`; protocol `seams.Engine`) takes one job and gives one outcome. It
   acts as the job's own role and as nobody else (`sessions`): what it reads and writes in S3 (`storage`) and
   CloudWatch Logs (`logs`) goes through the edge with that role's credentials. User code runs in a child process
   (`crosswind.local.children`), never in the world's. A fault of the job is an outcome, not an exception.

`launchers/` holds what runs in the child, `shims/` what a script finds there; neither imports Crosswind.
`container` is SageMaker's folder and variables, `training_rules` its checks, `training_records` its records;
`lambda_environment` is an execution environment, `runtime_api` the server that it polls; `lambda_names` reads which
function is meant, `lambda_retries` keeps how often an event is tried.

What cannot be done truthfully is refused when a job starts, with a message that says what can be.
"""

from crosswind.local.engines.glue import GlueEngine
from crosswind.local.engines.glue_definitions import GlueDefinitions
from crosswind.local.engines.glue_service import GlueService
from crosswind.local.engines.lambda_ import LambdaEngine
from crosswind.local.engines.lambda_retries import EventInvokeConfigs
from crosswind.local.engines.lambda_service import LambdaService
from crosswind.local.engines.sagemaker import SageMakerEngine
from crosswind.local.engines.sagemaker_service import SageMakerService, through
from crosswind.local.engines.sessions import Roles
from crosswind.local.engines.training_rules import InputCheck

__all__ = [
    "EventInvokeConfigs",
    "GlueDefinitions",
    "GlueEngine",
    "GlueService",
    "InputCheck",
    "LambdaEngine",
    "LambdaService",
    "Roles",
    "SageMakerEngine",
    "SageMakerService",
    "through",
]
