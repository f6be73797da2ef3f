"""Crosswind: Airflow pipelines across AWS accounts and Regions, from one topology file.

The rooms, from what is declared to what people see (each opens with its own story):

- `topology`: the declared file, read into frozen models.
- `iam`: IAM's decision over policy documents, and why. Pure.
- `synth`: the models into policies and CloudFormation templates. Pure.
- `aws`: the only maker of AWS sessions.
- `deploy`: the templates and files into accounts, and out of them again.
- `airflow`: the provider package that runs inside Amazon MWAA.
- `local`: the local world, in which all of the above runs on one machine.
- `report`: what a run did and where a denial comes from, as data for the command line and pages.
- `cli`: the verbs.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
