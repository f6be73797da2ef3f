"""A new project: what the user answers, and the files that follow. Pure but for reading its own templates.

1. `answers` reads names, accounts and Regions as the user gives them.
2. `files` makes a project of them: a topology that is valid, and for each site a job and a pipeline that run.

The folder `templates` holds the files with `{{WORDS}}` to fill in. May not: write, ask, print.
"""

from crosswind.cli.scaffold.answers import Answers, Hub, Site, hub_of, name_of, site_of
from crosswind.cli.scaffold.files import example_files, project_files

__all__ = ["Answers", "Hub", "Site", "example_files", "hub_of", "name_of", "project_files", "site_of"]
