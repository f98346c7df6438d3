"""The explaining half of the embedded manager: why gates wait, what failures share, how a run went."""

from __future__ import annotations

from exodsl.manager.activity import Activity
from exodsl.manager.clusters import Clustering
from exodsl.manager.copying import Copying
from exodsl.manager.doctor import Doctor
from exodsl.manager.history import Recalling


class Insight(Activity, Doctor, Clustering, Recalling, Copying):
    """Explains runs; see `Inspection` for each call."""
