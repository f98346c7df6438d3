"""The explaining half of the embedded manager: why gates wait, what failures share, how a run went."""

from __future__ import annotations

from exodsl.manager.inspecting.activity import Activity
from exodsl.manager.inspecting.clusters import Clustering
from exodsl.manager.inspecting.copying import Copying
from exodsl.manager.inspecting.doctor import Doctor
from exodsl.manager.inspecting.history import Recalling


class Insight(Activity, Doctor, Clustering, Recalling, Copying):
    """Explains runs; see `Inspection` for each call."""
