"""An MLflow logger for ganzoo."""
