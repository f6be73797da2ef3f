"""The engines: what really executes jobs in the local world, behind the AWS APIs.

Two files for each kind of job, of the same shape:

1. **A service** at the edge (`glue_service`, `sagemaker_service`, `processing_service`, `lambda_service`) takes API
   calls, checks them by AWS's rules, keeps the records of runs and gives answers in AWS's words. It starts no process
   and touches no S3. Definitions (Glue jobs, Lambda functions) are moto's; it reads them. `glue_definitions` adds
   UpdateJob.
2. **An engine** (`glue`, `sagemaker`, `processing`, `lambda_`; protocol `seams.Engine`) takes one job and gives one
   outcome. It acts as the job's own role and as nobody else (`sessions`): what it reads and writes in S3 (`storage`)
   and CloudWatch Logs (`logs`) goes through the edge with that role's credentials. User code runs in a child process
   (`crosswind.local.children`), never in the world's. A fault of the job is an outcome, not an exception.

`launchers/` holds what runs in the child, `shims/` what a script finds there; neither imports Crosswind.
Glue: `glue_rules` are its checks, `glue_runtimes` what runs a Spark script and what a Python shell's. SageMaker:
`container` is a training container's folder and variables, `processing_folder` a processing container's;
`training_rules` and `processing_rules` are the checks, `training_records` and `processing_records` the records;
`sagemaker_jobs` keeps the jobs of a kind by name, `sagemaker_tags` answers for their tags. Lambda:
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
from crosswind.local.engines.processing import ProcessingEngine
from crosswind.local.engines.processing_service import ProcessingService
from crosswind.local.engines.sagemaker import SageMakerEngine
from crosswind.local.engines.sagemaker_service import SageMakerService
from crosswind.local.engines.sagemaker_tags import SageMakerTags, through
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
    "ProcessingEngine",
    "ProcessingService",
    "Roles",
    "SageMakerEngine",
    "SageMakerService",
    "SageMakerTags",
    "through",
]
