"""A topology as a picture: accounts as boxes, Regions in them, sites with buckets and jobs, arrows between them. Pure.

Stages:

1. `contents` says what is shown, as `things` within things and arrows. It is all that `mermaid` needs.
2. `boxes` gives things their column, top and height: `columns` decides who stands where, `text` how long names break.
3. `nets` joins arrows that share an end; `routes` leads each through gutters and passages around the boxes; `lanes`
   gives every climb its place, and columns theirs.
4. `drawing` goes through 2 and 3 for as many columns as the page holds; `legend` says what the lines mean.
5. `svg` writes it down, with the looks of `style`.

May not: call anything, know a file.
"""

from crosswind.report.graph.contents import contents
from crosswind.report.graph.mermaid import mermaid
from crosswind.report.graph.svg import svg
from crosswind.report.graph.things import Contents

__all__ = ["Contents", "contents", "mermaid", "svg"]
