"""Options of the MLflow observer."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class MLflowOptions(ganzoo.Options):
    """Options of the MLflow observer."""

    tracking_uri: str | None = Field(
        None,
        description="Server or store; none: the variable MLFLOW_TRACKING_URI, else a database "
        "in the run directory.",
    )
    experiment: str = Field(
        "ganzoo", min_length=1, description="Experiment that the run belongs to."
    )
    run_name: str | None = Field(None, description="Name of the run; none: that of its directory.")
    tags: dict[str, str] = Field({}, description="Tags of the run, by name.")
    images: bool = Field(True, description="Log sample grids as artifacts.")
