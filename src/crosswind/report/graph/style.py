"""The drawing's looks: colours for light and dark surroundings, fonts, dashes."""

from __future__ import annotations

from crosswind.report.graph.things import ArrowKind

__all__ = ["FACTS_SIZE", "KINDS", "NAMES", "SMALL", "STYLE", "SYMBOLS", "TITLE_SIZE"]

# Sizes of names. Declared names are in a monospaced font: their widths are known.
NAMES = {"account": 14, "region": 12, "site": 13, "airflow": 13, "bucket": 12, "job": 12}
SMALL = 11
TITLE_SIZE, FACTS_SIZE = 20, 12

# The order of the legend, and what it says.
KINDS: dict[ArrowKind, str] = {
    "assume": "Airflow assumes a role",
    "crr": "S3 replicates",
    "crr-rtc": "S3 replicates within 15 minutes (RTC)",
    "copy": "Airflow copies",
    "in-place": "read in place",
}

# Symbols of services, our own, 12 by 12 pixels from the upper left corner.
SYMBOLS = {
    "airflow": "M6 0 7.6 4.4 12 6 7.6 7.6 6 12 4.4 7.6 0 6 4.4 4.400Z",
    "s3": "M0 1.5C0 .6 2.7 0 6 0S12 .6 12 1.500L10.7 10.600C10.5 11.4 8.5 12 6 12S1.5 11.4 1.3 10.600Z",
    "glue": "M0 0H12L7.5 6V12L4.5 10V6Z",
    "sagemaker": "M6 0 11.2 3V9L6 12 .8 9V3Z",
    "lambda": "M1 0H5.500L11 12H7.800L5.3 6.2 3 12H0L3.8 3.3 3.3 2.200H1Z",
}

_LIGHT = {
    "page": "#ffffff", "account": "#f6f8fa", "edge": "#afb8c1", "hub": "#0969da", "region": "#ffffff",
    "site": "#f6f8fa", "card": "#ffffff", "line": "#d0d7de", "ink": "#1f2328", "soft": "#59636e",
    "assume": "#9a6700", "crr": "#0969da", "crr-rtc": "#0550ae", "copy": "#8250df", "in-place": "#1a7f37",
    "airflow": "#0969da", "s3": "#1a7f37", "glue": "#8250df", "sagemaker": "#0a7d86", "lambda": "#bc4c00",
}  # fmt: skip
_DARK = {
    "page": "#0d1117", "account": "#161b22", "edge": "#6e7681", "hub": "#58a6ff", "region": "#0d1117",
    "site": "#161b22", "card": "#21262d", "line": "#3d444d", "ink": "#f0f6fc", "soft": "#9198a1",
    "assume": "#d29922", "crr": "#58a6ff", "crr-rtc": "#79c0ff", "copy": "#bc8cff", "in-place": "#3fb950",
    "airflow": "#58a6ff", "s3": "#3fb950", "glue": "#bc8cff", "sagemaker": "#56d4dd", "lambda": "#f0883e",
}  # fmt: skip
_STROKES: dict[ArrowKind, str] = {
    "assume": "stroke-width:1.5",
    "crr": "stroke-width:1.75",
    "crr-rtc": "stroke-width:3.5",
    "copy": "stroke-width:1.75;stroke-dasharray:7 4",
    "in-place": "stroke-width:1.75;stroke-dasharray:2 3",
}


def _colours(of: dict[str, str]) -> list[str]:
    rules = [
        f".page{{fill:{of['page']}}}",
        f".account>.box{{fill:{of['account']};stroke:{of['edge']}}}",
        f".hub>.box{{stroke:{of['hub']}}}",
        f".region>.box{{fill:{of['region']};stroke:{of['edge']}}}",
        f".site>.box{{fill:{of['site']};stroke:{of['line']}}}",
        f".airflow>.box,.bucket>.box,.job>.box{{fill:{of['card']};stroke:{of['line']}}}",
        f"text{{fill:{of['ink']}}}",
        f".soft,.row{{fill:{of['soft']}}}",
        f".turn{{stroke:{of['soft']}}}",
    ]
    rules += [f".{kind}{{stroke:{of[kind]}}}.{kind}-head{{fill:{of[kind]}}}" for kind in KINDS]
    rules += [f".{name}-symbol{{fill:{of[name]}}}" for name in ("airflow", "s3", "glue", "sagemaker", "lambda")]
    return rules


STYLE = "\n".join(
    (
        ".turn{fill:none;stroke-width:1}",
        ".end{text-anchor:end}",
        "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}",
        ".mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}",
        ".strong{font-weight:600}",
        ".box{stroke-width:1}",
        ".region>.box{stroke-dasharray:4 3}",
        ".hub>.box{stroke-width:1.5}",
        ".arrow{fill:none;stroke-linejoin:round}",
        *(f".{kind}{{{stroke}}}" for kind, stroke in _STROKES.items()),
        *_colours(_LIGHT),
        "@media(prefers-color-scheme:dark){",
        *_colours(_DARK),
        "}",
    )
)
