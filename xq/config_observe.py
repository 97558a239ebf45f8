"""``[log]``, ``[notify]`` and ``[metrics]``: what the outside sees of a run."""

from typing import Literal

from pydantic import Field

from xq.config_section import Positive, Section

_TOLD = (
    "filled", "rejected", "unknown", "switch_tripped", "switch_rearmed", "foreign", "unprotected",
    "parent", "emergency_stop", "watchdog", "started", "ended", "crashed", "error",
)  # fmt: skip


class LogConfig(Section):
    """Logs for programs; what a person is told on stderr needs none."""

    format: Literal["human", "json"] = Field(
        "human", description="on stderr: words for people, or one JSON object a line"
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="what is less grave is left out"
    )
    file: str | None = Field(
        None, min_length=1, description="JSON lines go there too; relative to this file"
    )
    max_megabytes: Positive = Field(10.0, description="size at which the next file is begun")
    keep: int = Field(5, ge=1, le=1000, description="how many full files stay")

    @property
    def is_wanted(self) -> bool:
        """Whether anything is logged at all."""
        return self.format == "json" or self.file is not None


class NotifyConfig(Section):
    """Messages to people; where to is a secret: XQ_NOTIFY_URLS in the environment or .env."""

    level: Literal["info", "warning", "alarm"] = Field(
        "info", description="what is less grave is not sent"
    )
    events: tuple[str, ...] = Field(
        _TOLD, description="what is told; alarms always are; xq notify list names them"
    )
    burst: int = Field(5, ge=1, description="messages of one kind in a row before rationing")
    every_seconds: Positive = Field(
        60.0, description="then one of that kind so often, with the number of those left out"
    )
    timeout_seconds: Positive = Field(10.0, description="longest wait for one service")
    linger_seconds: Positive = Field(
        2.0, description="how long a service that ends waits for what is not sent yet"
    )


class MetricsConfig(Section):
    """Numbers for Prometheus."""

    port: int | None = Field(
        None, ge=0, le=65535, description="where the service answers /metrics; 0 = any"
    )
    address: str = Field("127.0.0.1", min_length=1, description="who may ask: this machine only")
    file: str | None = Field(
        None, min_length=1, description="text file for node_exporter, written after every look"
    )

    @property
    def is_wanted(self) -> bool:
        """Whether anything is counted at all."""
        return self.port is not None or self.file is not None
